"""Writes document the header `Idempotency-Key`, and a key has 1 to 255 printable ASCII characters."""

import pytest
from fastapi import FastAPI

from tests.contract.idempotency.support import assert_replay, create_task
from tests.contract.support import count_tasks
from tests.support import Person, assert_error

INVALID = (400, "INVALID_IDEMPOTENCY_KEY", "Idempotency-Key must be 1-255 printable ASCII characters")
WITHOUT_KEYS = {
    *("register", "login", "refresh", "logout", "create_token", "create_ticket"),
    *("request_reset", "reset_password", "confirm_email"),
    *("start_totp", "confirm_totp", "replace_codes", "delete_totp"),
    "import_document",
}
"""Operations without a user, operations whose response must not be stored, and imports, which repeat nothing."""


@pytest.mark.spec("IDK-010")
def test_document_describes_keys_of_every_write(app: FastAPI) -> None:
    document = app.openapi()

    operations_by_support: dict[bool, set[str]] = {True: set(), False: set()}
    for path, item in document["paths"].items():
        for method in {"post", "put", "patch", "delete"} & item.keys():
            headers = {parameter["name"] for parameter in item[method].get("parameters", [])}
            accepts_keys = "Idempotency-Key" in headers and "409" in item[method]["responses"]
            operations_by_support[accepts_keys].add(item[method]["operationId"])
            assert path

    assert operations_by_support[False] == WITHOUT_KEYS
    assert {"create_task", "delete_tag", "remove_tag", "update_me"} <= operations_by_support[True]


@pytest.mark.spec("IDK-010")
def test_document_describes_no_keys_of_reads(app: FastAPI) -> None:
    reads = [item["get"] for item in app.openapi()["paths"].values() if "get" in item]

    assert reads
    assert "Idempotency-Key" not in str([operation.get("parameters") for operation in reads])


@pytest.mark.spec("IDK-011")
@pytest.mark.parametrize(
    "key",
    ["", "k" * 256, "a\tb", "a\x7f", "\u00e9", "\U0001f33f"],
    ids=["empty", "256", "tab", "del", "latin", "emoji"],
)
async def test_invalid_key_is_rejected(ada: Person, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode())]

    response = await ada.client.post("/tasks", json={"title": "Water the plants"}, headers=headers)

    assert_error(response, *INVALID)
    assert await count_tasks(ada) == 0


@pytest.mark.spec("IDK-011")
@pytest.mark.parametrize("key", ["k", "k" * 255, '"quoted"', "a b", "%00", "'; DROP TABLE tasks; --", "~!@#$^&*()"])
async def test_printable_key_is_accepted(ada: Person, key: str) -> None:
    first = await create_task(ada, key)

    assert first.status_code == 201
    assert_replay(await create_task(ada, key), first)
