"""Large responses are compressed if the client accepts it."""

import asyncio

import pytest
from httpx import Response

from tests.support import Make, Person


@pytest.fixture
async def person_with_tasks(ada: Person, make_task: Make) -> Person:
    """Return a user with a list of tasks that is larger than one packet."""
    await asyncio.gather(*(make_task(ada, description="The ferns too. " * 20) for _ in range(20)))
    return ada


async def list_tasks(owner: Person, accept_encoding: str) -> Response:
    return await owner.client.get("/tasks", headers={"Accept-Encoding": accept_encoding})


@pytest.mark.spec("CND-001")
@pytest.mark.parametrize(
    ("accept_encoding", "content_encoding"),
    [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "zstd"), ("gzip;q=0", None)],
)
async def test_large_response_has_the_encoding_that_the_client_accepts(
    person_with_tasks: Person, accept_encoding: str, content_encoding: str | None
) -> None:
    plain = await list_tasks(person_with_tasks, "identity")
    response = await list_tasks(person_with_tasks, accept_encoding)

    assert response.headers.get("Content-Encoding") == content_encoding
    assert "Accept-Encoding" in response.headers["Vary"]
    assert response.json() == plain.json()
    assert (int(response.headers["Content-Length"]) < len(plain.content) / 5) is (content_encoding is not None)


@pytest.mark.spec("CND-001")
async def test_small_response_is_not_compressed(ada: Person) -> None:
    response = await list_tasks(ada, "gzip, zstd")

    assert "Content-Encoding" not in response.headers


@pytest.mark.spec("CND-001")
async def test_streamed_response_is_compressed(person_with_tasks: Person) -> None:
    response = await person_with_tasks.client.get("/auth/me/export", headers={"Accept-Encoding": "gzip"})

    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.json()["tasks"]) == 20


@pytest.mark.spec("CND-001")
async def test_etag_of_a_compressed_response_matches(person_with_tasks: Person) -> None:
    compressed = await list_tasks(person_with_tasks, "zstd")
    headers = {"Accept-Encoding": "zstd", "If-None-Match": compressed.headers["ETag"]}

    response = await person_with_tasks.client.get("/tasks", headers=headers)

    assert (response.status_code, response.content) == (304, b"")
