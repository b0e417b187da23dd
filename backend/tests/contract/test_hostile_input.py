"""Whatever is sent, wherever: an answer below 500, soon, in the contract's shape. Routes and fields are OpenAPI's."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from jose import jwt

from tests.support import PASSWORD, SECRET, Json, Make, MakeLoginSession, MakeToken, Person, assert_error, make_client
from todo.core.clock import utc_now

Case = tuple[str, str, dict[str, Any]]
"""A verb, a path as the document writes it, and what httpx sends with it."""
NAMED = re.compile(r"\{(\w+)\}")

TEXTS_OF_CONTROLS = ["", " ", "\0", "a\0b", "\x01\x1b[31m", "\r\nSet-Cookie: a=b", "\u202e\u200b\u2066", "\ufeff"]
TEXTS_OF_NO_UNICODE = ["\ud800", "\udfff\ud800"]
TEXTS_OF_SCRIPTS = ["é", "e\u0301", "\u212b", "ﬃ", "İ", "ß", "\U0001d518\U0001d52b", "👩‍👩‍👧", "\U0010ffff"]
TEXTS_OF_SIZE = ["x" * 201, "x" * 100_000, "e\u0301" * 5000]
TEXTS_OF_SQL = ["'; DROP TABLE users; --", "%", "_", "\\"]
TEXTS_OF_CODE = ["${jndi:ldap://x}", "{{7*7}}", "<script>", "../../etc/passwd"]
TEXTS_OF_OTHER_TYPES = ["null", "7"]
TEXTS = [
    *TEXTS_OF_CONTROLS,
    *TEXTS_OF_NO_UNICODE,
    *TEXTS_OF_SCRIPTS,
    *TEXTS_OF_SIZE,
    *TEXTS_OF_SQL,
    *TEXTS_OF_CODE,
    *TEXTS_OF_OTHER_TYPES,
]
INTEGERS = [0, -1, 1, 2**31 - 1, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30, 10**400]
FLOATS = [0.5, 1.0, -0.0, 1e308, 5e-324]
NOT_QUITE_NUMBERS = ["0", "1", "-1", "1e3", "0x1", " 1", "\u0661", "1_0"]
NUMBERS: list[Any] = [*INTEGERS, *FLOATS, True, False, None, [], {}, [[]], *NOT_QUITE_NUMBERS]
DATES_AT_THE_EDGE = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59",
]
DATES_THAT_ARE_NONE = [
    "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-12-31T23:59:60Z",
    "2026-12-31T24:00:00Z",
    "2026-12-01T00:00:00+99:99",
    "2026-12-01T00:00Z\0",
]
DATES_WRITTEN_OTHERWISE = ["2026-W53-7", "2026-366", "12/31/2026", "infinity", "-infinity", "now", "epoch"]
DATES = [*DATES_AT_THE_EDGE, *DATES_THAT_ARE_NONE, *DATES_WRITTEN_OTHERWISE]
EMAILS = [
    "a@b",
    "@",
    "a@",
    "@b.com",
    "a@b@c.com",
    "a b@example.com",
    "a@example.com\nBcc: x@example.com",
    "a@[127.0.0.1]",
    "a" * 65 + "@example.com",
    "a@" + "b" * 250 + ".com",
    "a@" + "b." * 150 + "com",
    "ü@exämple.de",
    "a@xn--ls8h.la",
    '"a\\0"@example.com',
    "A@EXAMPLE.COM",
    "a@example.com.",
    "a@-example.com",
    "a@example..com",
    "a@\u0435xample.com",
    "\u202ea@example.com",
]
BODIES_OF_OTHER_TYPES = [b"", b"null", b"[]", b'"x"', b"1"]
BODIES_CUT_OFF = [b"{", b'{"title"', b"\xff\xfe", b"\xff", b"\x00", b"{}garbage"]
BODIES_OF_SIZE = [b"[" * 100_000, b'{"a":' * 100_000, b'{"title":' + b"9" * 5000 + b"}"]
BODIES_NOT_QUITE_JSON = [b'{"title": NaN}', b'{"title": -Infinity}', b"{'title': 'x'}"]
BODIES_OF_TWO_MINDS = [b'{"title": "x", "title": null}']
BODIES_OF_ODD_CHARACTERS = [b'{"title": "\\ud800"}', b'{"title": "\\u0000"}']
BODIES_IN_OTHER_CODES = ['{"title": "x"}'.encode("utf-16"), b'\xef\xbb\xbf{"title": "x"}']
RAW_BODIES = [
    *BODIES_OF_OTHER_TYPES,
    *BODIES_CUT_OFF,
    *BODIES_OF_SIZE,
    *BODIES_NOT_QUITE_JSON,
    *BODIES_OF_TWO_MINDS,
    *BODIES_OF_ODD_CHARACTERS,
    *BODIES_IN_OTHER_CODES,
]
HEADERS = {
    "Authorization": [
        "",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "Bearer a b",
        "bearer\tx",
        "Bearer " + "x" * 10_000,
        "Bearer ..",
        "Bearer é",
    ],
    "If-Match": ["", "*", '"', '""', "W/", 'W/"1"', '"1",,"2"', '"' + "9" * 1000 + '"', "é", '"1"; x'],
    "If-None-Match": ["", "*", '"', "W/", ",", "é" * 1000],
    "Idempotency-Key": ["", " ", "é", "x" * 256, "a\tb", '"quoted"'],
    "X-Request-ID": ["", "é", "x" * 1000, "a b", "a;b", "../x"],
    "Cookie": [
        "",
        "=",
        "refresh_token",
        "refresh_token=",
        "refresh_token=é",
        "refresh_token=" + "x" * 10_000,
        "a=b;;;;refresh_token=a.b.c",
    ],
    "Accept-Encoding": ["", "*;q=x", "gzip;q=2", "\xff", ", ,"],
    "Origin": ["null", "http://", "é", "http://localhost:3000\x7f"],
    "Host": ["", "é", "[::1", "a" * 1000],
    "Content-Type": [
        "",
        "x",
        "application/json; charset=utf-99",
        "application/json;" * 500,
        "multipart/form-data",
        "é",
    ],
    "X-Forwarded-For": ["", "x", "::1, 1.2.3.4", "999.999.999.999", "1" * 5000],
}


def operations_of(app: FastAPI) -> Iterator[tuple[str, str, Json]]:
    """Give every operation of the document: its verb, its path and itself; not those that end session or account."""
    for path, operations in app.openapi()["paths"].items():
        for verb, operation in operations.items():
            if operation["operationId"] not in {"logout_all", "delete_me", "delete_session"}:
                yield verb.upper(), path, operation


def fields_of(app: FastAPI, operation: Json) -> list[str]:
    """Return the names of what the JSON body of an operation may have."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return list(app.openapi()["components"]["schemas"].get(name, {}).get("properties", {}))


class Belongings:
    """A task, a tag and a token of somebody's, made when a path names one and anew when a case deleted it."""

    def __init__(self, owner: Person, makers: dict[str, Callable[[Person], Awaitable[Json]]]) -> None:
        self._owner = owner
        self._makers = makers
        self._ids: dict[str, int] = {}

    async def fill(self, path: str) -> str:
        """Return a path with the ids of what there is."""
        for name in NAMED.findall(path):
            if name not in self._ids:
                self._ids[name] = (await self._makers[name](self._owner))["id"]
        return path.format_map(self._ids)

    def note(self, verb: str, path: str, response: Response) -> None:
        """Forget what an answer says is gone."""
        if verb == "DELETE" and response.status_code == 204 and (names := NAMED.findall(path)):
            del self._ids[names[-1]]


@pytest.fixture
async def belongings(
    ada: Person, make_login_session: MakeLoginSession, make_task: Make, make_tag: Make, make_token: MakeToken
) -> Belongings:
    """What Ada has; made on another device of hers, whose session no case ends."""

    def make_account_token(owner: Person) -> Awaitable[Json]:
        return make_token(owner, "account")

    return Belongings(
        await make_login_session(ada), {"task_id": make_task, "tag_id": make_tag, "token_id": make_account_token}
    )


def dump(body: object) -> bytes:
    """Return JSON that may hold what is no Unicode, as clients send it."""
    return json.dumps(body).encode()


async def judge(client: AsyncClient, cases: list[Case], belongings: Belongings) -> None:
    """Send each of the cases and check what becomes of it; all that fail are named."""
    failures: list[str] = []
    for verb, path, options in cases:
        url = f"https://todo.test{await belongings.fill(path)}"
        began = time.monotonic()
        response = await client.request(verb, url, **options)
        belongings.note(verb, path, response)
        if complaint := complaint_about(response, time.monotonic() - began):
            failures.append(f"{verb} {path[:80]} {str(options)[:120]}: {complaint}")
    assert cases
    assert failures == []


def complaint_about(response: Response, seconds: float) -> str | None:
    if response.status_code >= 500:
        return f"{response.status_code} {response.text[:200]}"
    if seconds > 5:
        return f"took {seconds:.1f} s"
    if response.status_code >= 400:
        body = response.json()
        if not isinstance(body.get("detail"), str) or not isinstance(body.get("code"), str):
            return f"has another shape: {response.text[:200]}"
        if response.status_code == 401 and response.headers.get("WWW-Authenticate") != "Bearer":
            return "does not say how to authenticate"
    return None


JSON_BODY = {"Content-Type": "application/json"}


@pytest.mark.spec("INP-001")
async def test_survives_every_text_number_and_date_in_every_field(
    app: FastAPI, ada: Person, belongings: Belongings
) -> None:
    values = [*TEXTS, *NUMBERS, *DATES, *EMAILS]
    cases: list[Case] = [
        (verb, path, {"content": dump({"title": "x", "name": "x", field: value}), "headers": JSON_BODY})
        for verb, path, operation in operations_of(app)
        for field in fields_of(app, operation)
        if field != "password" or path.endswith("register")
        for value in values
    ]

    await judge(ada.client, cases, belongings)


@pytest.mark.spec("INP-001")
async def test_survives_every_text_and_number_in_every_parameter(
    app: FastAPI, ada: Person, belongings: Belongings
) -> None:
    values = [str(value) for value in (*TEXTS, *NUMBERS) if "\ud800" not in str(value) and len(str(value)) < 10_000]
    cases: list[Case] = [
        (verb, path, {"params": {parameter["name"]: value}})
        for verb, path, operation in operations_of(app)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
        for value in values
    ]
    cases += [("GET", "/api/v1/tasks?" + "&".join(["q=a"] * 10_000), {})]
    cases += [
        ("GET", f"/api/v1/tasks?{query}", {}) for query in ("page=1&page=2", "q=%ff", "q=%", "q=%zz", "=", "&&", "q")
    ]

    await judge(ada.client, cases, belongings)


@pytest.mark.spec("INP-001")
async def test_survives_every_id_in_every_path(app: FastAPI, ada: Person, belongings: Belongings) -> None:
    ids = [
        "0",
        "-1",
        "1.0",
        "1e3",
        "%00",
        "%ff",
        "%2f",
        "..%2f",
        "%C0%80",
        "9" * 400,
        str(2**63),
        "é",
        " ",
        "x",
        "%0d%0a",
        "true",
    ]
    cases: list[Case] = [
        (verb, NAMED.sub(value, path), {"content": b'{"title": "x", "name": "x"}', "headers": JSON_BODY})
        for verb, path, _ in operations_of(app)
        if NAMED.search(path)
        for value in ids
    ]

    await judge(ada.client, cases, belongings)


@pytest.mark.spec("INP-002")
async def test_survives_every_body(app: FastAPI, ada: Person, belongings: Belongings) -> None:
    cases: list[Case] = [
        (verb, path, {"content": body, "headers": JSON_BODY})
        for verb, path, operation in operations_of(app)
        if "requestBody" in operation
        for body in RAW_BODIES
    ]

    await judge(ada.client, cases, belongings)


@pytest.mark.spec("INP-003")
async def test_survives_every_header(app: FastAPI, ada: Person, belongings: Belongings) -> None:
    cases: list[Case] = [
        (verb, path, {"headers": [(name.encode(), value.encode("utf-8")) for value in values]})
        for verb, path, _ in operations_of(app)
        for name, every in HEADERS.items()
        for values in [*([value] for value in every), every[:3]]
    ]

    await judge(ada.client, cases, belongings)


@pytest.mark.spec("INP-004")
@pytest.mark.parametrize(
    "given", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""]
)
async def test_takes_json_alone(app: FastAPI, ada: Person, belongings: Belongings, given: str) -> None:
    for verb, path, operation in operations_of(app):
        if not fields_of(app, operation):
            continue
        body = b'{"title": "x", "name": "x", "email": "b@example.com", "password": "correct horse battery"}'

        url = f"https://todo.test{await belongings.fill(path)}"
        response = await ada.client.request(verb, url, content=body, headers={"Content-Type": given})

        assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.spec("INP-004")
@pytest.mark.parametrize(
    ("given", "encoding", "status"),
    [
        ("application/json", "identity", 201),
        ("APPLICATION/JSON; charset=UTF-8", "identity", 201),
        ("application/merge-patch+json", "identity", 415),
        ("application/json-patch+json", "identity", 415),
        ("application/json", "gzip", 415),
    ],
)
async def test_takes_json_as_it_is(ada: Person, given: str, encoding: str, status: int) -> None:
    headers = {"Content-Type": given, "Content-Encoding": encoding}

    response = await ada.client.post("/tasks", content=b'{"title": "x"}', headers=headers)

    assert response.status_code == status


@pytest.mark.spec("INP-004")
@pytest.mark.parametrize("given", ["application/json", "text/plain"])
async def test_takes_a_form_alone_for_a_log_in(ada: Person, given: str) -> None:
    body = f"username={ada.email}&password={PASSWORD}".encode()

    response = await ada.client.post("/auth/login", content=body, headers={"Content-Type": given})

    assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.spec("INP-005")
async def test_takes_nothing_from_a_body_that_is_not_the_clients_to_set(ada: Person, bob: Person) -> None:
    body = {
        "title": "Mine",
        "id": 7,
        "user_id": str(bob.id),
        "version": 9,
        "created_at": "2000-01-01T00:00:00Z",
        "tags": [{"id": 1}],
        "search_text": "x",
    }

    task = (await ada.client.post("/tasks", json=body)).json()

    assert task["user_id"] == str(ada.id)
    assert (task["id"] == 7, task["version"], task["tags"]) == (False, 1, [])
    assert task["created_at"] > "2020"
    assert (await bob.client.get("/tasks")).json()["total"] == 0


def forged_tokens(owner: Person) -> Iterator[str]:
    """Give tokens that are nearly good."""
    now = int(utc_now().timestamp())
    good: Json = {"sub": str(owner.id), "email": owner.email, "iat": now, "exp": now + 900, "type": "access"}
    changes: dict[str, list[Any]] = {
        "exp": [now - 1, None, "x", now + 900.5, 10**400, -1, True, [], str(now + 900)],
        "sub": [None, "", "x", 7, str(owner.id) + "x", "00000000-0000-0000-0000-00000000000", [], {}],
        "type": [None, "refresh", "admin", 1, []],
        "iat": [None, "x", 1e400],
        "email": [None, 7],
    }
    for change in ({claim: value} for claim, values in changes.items() for value in values):
        yield jwt.encode(good | change, SECRET, algorithm="HS256")
    for missing in ("exp", "sub", "type"):
        yield jwt.encode({name: value for name, value in good.items() if name != missing}, SECRET, algorithm="HS256")
    for algorithm in ("HS384", "HS512"):
        yield jwt.encode(good, SECRET, algorithm=algorithm)
    yield jwt.encode(good, "another secret", algorithm="HS256")
    head, body, signature = jwt.encode(good, SECRET, algorithm="HS256", headers={"kid": "../../x"}).split(".")
    none = jwt.encode(good, SECRET, algorithm="HS256", headers={"alg": "none"}).split(".")[0]
    yield from (
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.x",
    )
    yield from (
        f".{body}.{signature}",
        "..",
        "a.b.c",
        "x" * 8000,
        f"{head}.{'A' * 8000}.{signature}",
        f"{head}.é.{signature}",
    )


@pytest.mark.spec("INP-006")
async def test_believes_no_forged_token(ada: Person) -> None:
    believed = []
    for token in forged_tokens(ada):
        response = await ada.client.get("/auth/me", headers=[(b"Authorization", b"Bearer " + token.encode())])
        if response.status_code != 401 or complaint_about(response, 0):
            believed.append((token, response.status_code, response.text))

    assert believed == []


@pytest.mark.spec("INP-006")
async def test_believes_no_token_of_somebody_who_is_gone(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    await ada.client.request("DELETE", "/auth/me", json={"password": PASSWORD})

    me, created, read = (
        await ada.client.get("/auth/me"),
        await ada.client.post("/tasks", json={"title": "x"}),
        await ada.client.get(f"/tasks/{task['id']}"),
    )

    assert_error(me, 401, "INVALID_TOKEN")
    assert_error(created, 401, "INVALID_TOKEN")
    assert read.status_code == 404


@pytest.mark.spec("INP-006")
async def test_believes_neither_of_two_tokens(app: FastAPI, ada: Person, bob: Person) -> None:
    both = [("Authorization", person.client.headers["Authorization"]) for person in (ada, bob)]

    response = await make_client(app).get("/auth/me", headers=both)

    assert_error(response, 401, "INVALID_TOKEN")


@pytest.mark.spec("INP-003")
async def test_reads_all_lines_of_a_header_that_is_a_list(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    path, headers = f"/tasks/{task['id']}", [("Content-Type", "application/json")]

    read = await ada.client.get(path, headers=[("If-None-Match", '"7"'), ("If-None-Match", '"1"')])
    written = await ada.client.patch(
        path, content=b'{"completed": true}', headers=[*headers, ("If-Match", '"7"'), ("If-Match", '"1"')]
    )
    doubled = await ada.client.patch(
        path, content=b"{}", headers=[*headers, ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    )

    assert (read.status_code, written.status_code) == (304, 200)
    assert_error(doubled, 400, "INVALID_IDEMPOTENCY_KEY")


@pytest.mark.spec("INP-007")
async def test_does_what_is_asked_many_times_at_once_once(app: FastAPI, ada: Person, make_task: Make) -> None:
    anybody, task = make_client(app), await make_task(ada)
    account = {"email": f"many-{ada.email}", "password": PASSWORD}

    registered = await asyncio.gather(*(anybody.post("/auth/register", json=account) for _ in range(20)))
    tagged = await asyncio.gather(*(ada.client.post("/tags", json={"name": "home"}) for _ in range(20)))
    [tag] = [answer.json()["id"] for answer in tagged if answer.status_code == 201]
    linked = await asyncio.gather(*(ada.client.post(f"/tasks/{task['id']}/tags/{tag}") for _ in range(20)))
    raced = await asyncio.gather(
        *(ada.client.patch(f"/tasks/{task['id']}", json={"title": str(number)}) for number in range(10)),
        *(ada.client.delete(f"/tasks/{task['id']}") for _ in range(10)),
    )

    assert sorted(answer.status_code for answer in registered) == [201] + [400] * 19
    assert sorted(answer.status_code for answer in tagged) == [201] + [400] * 19
    assert sorted(answer.status_code for answer in linked) == [200] * 19 + [201]
    assert sorted(answer.status_code for answer in raced[10:]) == [204] + [404] * 9
    assert {answer.status_code for answer in raced[:10]} <= {200, 404}
