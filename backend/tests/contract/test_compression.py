"""Large answers are compressed for clients that ask for it."""

import asyncio

import pytest
from httpx import Response

from tests.support import Make, Person


@pytest.fixture
async def busy(ada: Person, make_task: Make) -> Person:
    """Somebody whose list does not fit into one packet."""
    await asyncio.gather(*(make_task(ada, description="The ferns too. " * 20) for _ in range(20)))
    return ada


async def list_tasks(owner: Person, accepted: str) -> Response:
    return await owner.client.get("/tasks", headers={"Accept-Encoding": accepted})


@pytest.mark.spec("CND-001")
@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "zstd"), ("gzip;q=0", None)],
)
async def test_compresses_a_large_answer_as_the_client_asks(busy: Person, accepted: str, chosen: str | None) -> None:
    plain, answer = await list_tasks(busy, "identity"), await list_tasks(busy, accepted)

    assert answer.headers.get("Content-Encoding") == chosen
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.json() == plain.json()
    assert (int(answer.headers["Content-Length"]) < len(plain.content) / 5) is (chosen is not None)


@pytest.mark.spec("CND-001")
async def test_leaves_a_small_answer_as_it_is(ada: Person) -> None:
    answer = await list_tasks(ada, "gzip, zstd")

    assert "Content-Encoding" not in answer.headers


@pytest.mark.spec("CND-001")
async def test_compresses_what_it_streams(busy: Person) -> None:
    answer = await busy.client.get("/auth/me/export", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.json()["tasks"]) == 20


@pytest.mark.spec("CND-001")
async def test_knows_a_compressed_answer_again(busy: Person) -> None:
    compressed = await list_tasks(busy, "zstd")
    headers = {"Accept-Encoding": "zstd", "If-None-Match": compressed.headers["ETag"]}

    again = await busy.client.get("/tasks", headers=headers)

    assert (again.status_code, again.content) == (304, b"")
