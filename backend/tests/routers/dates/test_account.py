"""The time zone and the week start of an account."""

import pytest

from tests.support import Json, Person, assert_error


@pytest.mark.spec("DAT-015")
async def test_account_is_in_utc_and_begins_the_week_on_monday(ada: Person) -> None:
    account = (await ada.client.get("/auth/me")).json()

    assert (account["time_zone"], account["week_start"]) == ("UTC", "monday")


@pytest.mark.spec("DAT-015")
@pytest.mark.parametrize("week_start", ["monday", "sunday", "saturday"])
async def test_account_keeps_its_zone_and_week_start(ada: Person, week_start: str) -> None:
    changes = {"time_zone": "America/Argentina/ComodRivadavia", "week_start": week_start}

    response = await ada.client.patch("/auth/me", json=changes)

    assert response.status_code == 200, response.text
    account = (await ada.client.get("/auth/me")).json()
    assert response.json() == account
    assert account | changes == account


@pytest.mark.spec("DAT-015")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"time_zone": "Berlin"}, "INVALID_TIME_ZONE"),
        ({"time_zone": ""}, "INVALID_TIME_ZONE"),
        ({"week_start": "friday"}, "INVALID_WEEK_START"),
        ({"week_start": "Monday"}, "INVALID_WEEK_START"),
    ],
)
async def test_unknown_zone_or_week_start_is_rejected(ada: Person, changes: Json, code: str) -> None:
    response = await ada.client.patch("/auth/me", json=changes)

    assert_error(response, 400, code)


@pytest.mark.spec("DAT-015")
@pytest.mark.parametrize("field", ["time_zone", "week_start"])
async def test_zone_and_week_start_cannot_be_null(ada: Person, field: str) -> None:
    response = await ada.client.patch("/auth/me", json={field: None})

    assert_error(response, 422, "VALIDATION_ERROR")
