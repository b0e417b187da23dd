"""Guards of `DeclaredRoute`, with and without assertions."""

import os
import subprocess
import sys

import pytest

ROUTES = {
    "a cookie": "async def endpoint(session_id: Annotated[str, Cookie()]) -> int: ...",
    "a header": "async def endpoint(accept: Annotated[str, Header()]) -> int: ...",
    "a query that is no model": "async def endpoint(q: str = '') -> int: ...",
    "a query that accepts unknown fields": "async def endpoint(query: Annotated[Lax, Query()]) -> int: ...",
    "two bodies": "async def endpoint(first: Strict, second: Strict) -> int: ...",
    "an embedded body": "async def endpoint(body: Annotated[Strict, Body(embed=True)]) -> int: ...",
    "a body that accepts unknown fields": "async def endpoint(body: Lax) -> int: ...",
    "a path parameter of a dependency": "async def endpoint(value: Annotated[int, Depends(read_path)]) -> int: ...",
}
SCRIPT = """
from typing import Annotated
from fastapi import Body, Cookie, Depends, Header, Query
from pydantic import BaseModel
from todo.http.declared_route import DeclaredRoute
from todo.schemas.request import RequestModel
import todo.main

class Lax(BaseModel):
    name: str = ""

class Strict(RequestModel):
    name: str = ""

async def read_path(number: int) -> int: ...

{endpoint}

path = "/{{number}}" if "read_path" in {endpoint!r} else "/"
try:
    DeclaredRoute(path, endpoint, methods=["POST"])
except TypeError:
    print("rejected")
"""


@pytest.mark.spec("REQ-020")
@pytest.mark.parametrize("options", [[], ["-O"]], ids=["default", "optimized"])
@pytest.mark.parametrize("endpoint", ROUTES.values(), ids=ROUTES)
def test_route_that_would_not_be_read_is_rejected(endpoint: str, options: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *options, "-c", SCRIPT.format(endpoint=endpoint)],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "rejected\n", done.stdout + done.stderr
