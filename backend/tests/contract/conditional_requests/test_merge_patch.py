"""A PATCH is a JSON merge patch (RFC 7396)."""

import json

import pytest

from tests.contract.conditional_requests.support import path_of, read
from tests.support import Json, Make, Person, assert_error


@pytest.mark.spec("VER-009")
@pytest.mark.parametrize(
    "content_type",
    ["application/merge-patch+json", "application/json", "application/merge-patch+json; charset=utf-8"],
)
async def test_merge_patch_changes_and_clears_fields(ada: Person, make_task: Make, content_type: str) -> None:
    task = await make_task(ada, description="The ferns too", due_date="2026-12-01T18:00:00Z")

    response = await ada.client.patch(
        path_of("tasks", task),
        content=b'{"description": null, "completed": true}',
        headers={"Content-Type": content_type},
    )

    changed: Json = {"description": None, "completed": True, "version": 2}
    assert response.status_code == 200
    derived_fields = {name: response.json()[name] for name in ("updated_at", "completed_at")}
    assert response.json() == task | changed | derived_fields


@pytest.mark.spec("VER-009")
@pytest.mark.parametrize("content_type", ["application/merge-patch+json", "application/json"])
@pytest.mark.parametrize("body", [b"[]", b'[{"op": "replace"}]', b'"title"', b"7", b"null", b"true", b"", b"{"])
async def test_patch_without_an_object_is_rejected(ada: Person, task: Json, content_type: str, body: bytes) -> None:
    path = path_of("tasks", task)

    response = await ada.client.patch(path, content=body, headers={"Content-Type": content_type})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert await read(ada, path) == task


@pytest.mark.spec("VER-009")
@pytest.mark.parametrize("field", ["title", "priority", "completed"])
async def test_clearing_a_required_field_is_rejected(ada: Person, task: Json, field: str) -> None:
    response = await ada.client.patch(
        path_of("tasks", task),
        content=json.dumps({field: None}),
        headers={"Content-Type": "application/merge-patch+json"},
    )

    assert_error(response, 422, "VALIDATION_ERROR")
