"""Sync tokens: opaque, of one user and one epoch, and never the cause of a 5xx."""

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from tests.routers.changes.copies import Copy, read_page, read_token, request_page
from tests.support import SECRET, Make, MakeApp, Person, assert_error, make_client
from todo.core.security.tokens import TokenSigner
from todo.services.sync.tokens import SyncToken, write_token

INVALID = (
    400,
    "INVALID_SYNC_TOKEN",
    "This is not a sync token of this account. Sync without it, and replace your copy",
)
EXPIRED = (410, "SYNC_TOKEN_EXPIRED", "This sync token has expired. Sync without it, and replace your copy")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
GARBLED = [
    *("x", "AAAAA", "A" * 64, "A" * 101, "A" * 10_000, "=", "é" * 64, "../../etc/passwd", "1", "null", "a b", "\n"),
    *("eyJhbGciOiJIUzI1NiJ9.e30.AAAA", "-" * 64, "\U0001f600", "%00", "' OR 1=1 --"),
]


async def read_epoch(connection: asyncpg.Connection) -> UUID:
    epoch: UUID = await connection.fetchval("SELECT epoch FROM deployment")
    return epoch


def make_token(owner: Person, epoch: UUID, seq: int, type_: str = "", after_id: int = 0) -> str:
    """Return a token with the secret of the service."""
    return write_token(TokenSigner(SECRET), owner.id, SyncToken(epoch, seq, type_, after_id))


@pytest.mark.spec("SYN-005")
async def test_token_is_short_and_safe_in_urls(ada: Person, make_task: Make) -> None:
    await make_task(ada)
    for limit in (1, 2, 500):
        token = (await read_page(ada, limit=limit))["next"]
        assert len(token) <= 100
        assert set(token) <= set(ALPHABET)


@pytest.mark.spec("SYN-005")
@pytest.mark.parametrize("text", GARBLED)
async def test_garbled_token_is_a_400(ada: Person, text: str) -> None:
    assert_error(await request_page(ada, text), *INVALID)


@pytest.mark.spec("SYN-005")
async def test_token_of_another_user_is_a_400(ada: Person, bob: Person) -> None:
    for limit in (1, 500):
        token = (await read_page(bob, limit=limit))["next"]
        assert_error(await request_page(ada, token), *INVALID)


@pytest.mark.spec("SYN-005")
async def test_changed_token_is_a_400(ada: Person) -> None:
    token = await read_token(ada)

    for position, character in enumerate(token):
        other = ALPHABET[(ALPHABET.index(character) + 1) % len(ALPHABET)]
        assert_error(await request_page(ada, token[:position] + other + token[position + 1 :]), *INVALID)
    for text in (token[:-1], token[4:], f"{token}A", f"{token}AAAA", f"{token}=", token * 2, f" {token}"):
        assert_error(await request_page(ada, text), *INVALID)


@pytest.mark.spec("SYN-005")
@pytest.mark.parametrize("seed", range(3))
async def test_random_bytes_are_a_400_or_a_422(ada: Person, seed: int) -> None:
    source = random.Random(seed)
    token = urlsafe_b64decode(await read_token(ada))
    for _ in range(100):
        changed = bytearray(token)
        for _ in range(source.randint(1, 5)):
            changed[source.randrange(len(changed))] ^= source.randint(1, 255)
        text = urlsafe_b64encode(changed[: source.randint(1, len(changed))]).decode().rstrip("=")
        assert_error(await request_page(ada, text), *INVALID)
        raw = "".join(f"%{source.randrange(256):02x}" for _ in range(source.randint(1, 80)))
        response = await ada.client.get(f"/sync?since={raw}")
        assert response.status_code in (400, 422), raw


@pytest.mark.spec("SYN-006", "SYN-010")
async def test_token_of_another_epoch_is_a_410(ada: Person) -> None:
    assert_error(await request_page(ada, make_token(ada, uuid4(), 0)), *EXPIRED)
    assert_error(await request_page(ada, make_token(ada, uuid4(), 0, "task", 1)), *EXPIRED)


@pytest.mark.spec("SYN-006")
@pytest.mark.parametrize("seq", [1, 2**63 - 1])
async def test_token_from_the_future_is_a_410(ada: Person, connection: asyncpg.Connection, seq: int) -> None:
    epoch = await read_epoch(connection)

    assert (await request_page(ada, make_token(ada, epoch, 0))).status_code == 200
    assert_error(await request_page(ada, make_token(ada, epoch, seq)), *EXPIRED)
    assert_error(await request_page(ada, make_token(ada, epoch, seq, "tag", 1)), *EXPIRED)


@pytest.mark.spec("SYN-006")
async def test_token_below_the_swept_changes_is_a_410(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    tokens = []
    for _ in range(3):
        await make_task(ada)
        tokens.append(await read_token(ada))
    await connection.execute("UPDATE change_clocks SET swept_seq = 2 WHERE user_id = $1", ada.id)
    await connection.execute("DELETE FROM changes WHERE user_id = $1 AND seq <= 2", ada.id)

    assert_error(await request_page(ada, tokens[0]), *EXPIRED)
    assert len((await read_page(ada, tokens[1]))["items"]) == 1
    assert not (await read_page(ada, tokens[2]))["items"]


@pytest.mark.spec("SYN-006")
async def test_position_in_an_unknown_type_is_a_410(ada: Person, connection: asyncpg.Connection) -> None:
    token = make_token(ada, await read_epoch(connection), 0, "planet", 7)

    assert_error(await request_page(ada, token), *EXPIRED)


@pytest.mark.spec("SYN-006")
async def test_greatest_position_is_no_error(ada: Person, connection: asyncpg.Connection) -> None:
    token = make_token(ada, await read_epoch(connection), 0, "task", 2**63 - 1)

    assert (await read_page(ada, token))["items"] == []


@pytest.mark.spec("SYN-006")
async def test_client_begins_anew_after_a_410(ada: Person, make_task: Make) -> None:
    copy = Copy()
    copy.resources["task"][7] = {"title": "From the database before"}
    await make_task(ada)

    await copy.update(ada)

    assert 7 not in copy.resources["task"]


@pytest.mark.spec("SYN-015")
async def test_token_of_the_previous_secret_works(ada: Person, make_app: MakeApp) -> None:
    token = await read_token(ada)
    app = await make_app(jwt_secret_key=SecretStr("beef" * 16), jwt_secret_key_previous=SecretStr(SECRET))

    async with make_client(app, headers=ada.client.headers) as client:
        response = await client.get("/sync", params={"since": token})

    assert response.status_code == 200
    assert_error(await request_page(ada, response.json()["next"]), *INVALID)
