"""An account with everything that an import takes."""

import pytest

from tests.support import Json, Make, Person


@pytest.fixture
async def filled_account(ada: Person, make_task: Make, make_tag: Make) -> Person:
    """Return Ada, with tags, projects, sections and moved tasks."""
    await make_tag(ada, name="home", color="#FF5733")
    await make_tag(ada, name="Zürich")
    garden, old = [
        await _create(ada, "/projects", body)
        for body in ({"name": "Garden", "color": "#2E8B57"}, {"name": "Old", "archived": True, "external_id": "p1"})
    ]
    await ada.client.post(f"/projects/{old['id']}/move", json={"first": True})
    waiting = await _create(ada, f"/projects/{garden['id']}/sections", {"name": "Waiting"})
    await make_task(ada, title="Ünïcödé  </script>", tags=["home", "Zürich"], priority="high")
    await make_task(ada, title="Call", due_date="2026-12-01T09:00", due_time_zone="Europe/Berlin", external_id="t1")
    await make_task(ada, title="Sow", project_id=garden["id"], due_day="2027-03-01", recurrence_rule="FREQ=YEARLY")
    await make_task(ada, title="Seeds", section_id=waiting["id"], estimated_minutes=20, start_day="2027-01-01")
    await make_task(ada, title="Gone", project_id=old["id"], completed=True, description="Long ago")
    last = await make_task(ada, title="First", deadline_day="2027-05-01")
    await ada.client.post(f"/tasks/{last['id']}/move", json={"first": True})
    daily = await make_task(ada, title="Practise", due_day="2031-01-01", recurrence_rule="FREQ=DAILY;COUNT=3")
    await ada.client.post(f"/tasks/{daily['id']}/complete")
    return ada


async def _create(owner: Person, path: str, body: Json) -> Json:
    response = await owner.client.post(path, json=body)
    assert response.status_code == 201, response.text
    resource: Json = response.json()
    return resource
