"""Setting up a second factor, its recovery codes, and deleting it."""

import asyncio
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.routers.support import new_email
from tests.routers.totp.support import (
    WRONG_CODE,
    Factor,
    confirm_totp,
    delete_totp,
    enable_totp,
    is_enabled,
    log_in,
    replace_codes,
    start_totp,
)
from tests.support import (
    PASSWORD,
    Json,
    MakeApp,
    MakeLoginSession,
    MakeToken,
    Person,
    assert_error,
    authorize,
    make_client,
)
from todo.domain.scope import SCOPES
from todo.http.dependencies.resources import AppResources
from todo.services.accounts.two_factors import disable_totp

# Secret


@pytest.mark.spec("TFA-001")
async def test_secret_comes_with_a_uri_for_apps(ada: Person) -> None:
    setup = (await start_totp(ada)).json()

    assert re.fullmatch("[A-Z2-7]{32}", setup["secret"])
    uri = urlsplit(setup["uri"])
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", f"/Todo:{ada.email}")
    assert parse_qs(uri.query) == {"secret": [setup["secret"]], "issuer": ["Todo"]}


@pytest.mark.spec("TFA-001")
async def test_issuer_is_the_name_of_the_installation(make_app: MakeApp, ada: Person) -> None:
    app = await make_app(app_name="Ädas Tasks: home & garden")
    async with make_client(app, headers=ada.client.headers) as client:
        uri = (await client.post("/auth/totp", json={"password": PASSWORD})).json()["uri"]

    assert pyotp.parse_uri(uri).issuer == "Ädas Tasks: home & garden"


@pytest.mark.spec("TFA-001")
async def test_pending_secret_changes_nothing(client: AsyncClient, ada: Person) -> None:
    await start_totp(ada)

    assert not await is_enabled(ada)
    assert (await log_in(client, ada)).status_code == 200


@pytest.mark.spec("TFA-001")
async def test_second_request_replaces_the_pending_secret(ada: Person) -> None:
    first, second = [Factor((await start_totp(ada)).json()["secret"], []) for _ in range(2)]

    assert_error(await confirm_totp(ada, first.code()), *WRONG_CODE)
    assert (await confirm_totp(ada, second.code())).status_code == 200


@pytest.mark.spec("TFA-001", "TFA-003", "TFA-008")
@pytest.mark.parametrize("password", ["", "correct horse batterz", "p" * 5_000], ids=len)
async def test_wrong_password_is_rejected(ada: Person, bob: Person, factor: Factor, password: str) -> None:
    code = factor.recovery_codes[0]

    assert_error(await start_totp(bob, password), 400, "WRONG_PASSWORD")
    assert_error(await replace_codes(ada, code, password), 400, "WRONG_PASSWORD")
    assert_error(await delete_totp(ada, code, password), 400, "WRONG_PASSWORD")
    assert (await delete_totp(ada, code)).status_code == 204, "a wrong password uses no code"


# Confirmation


@pytest.mark.spec("TFA-002")
async def test_confirmation_enables_the_factor_and_returns_ten_codes(client: AsyncClient, ada: Person) -> None:
    factor = await enable_totp(ada)

    assert len(set(factor.recovery_codes)) == 10
    assert all(re.fullmatch("([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in factor.recovery_codes)
    assert await is_enabled(ada)
    assert_error(await log_in(client, ada), 401, "TOTP_REQUIRED")


@pytest.mark.spec("TFA-002")
async def test_wrong_code_enables_nothing(ada: Person) -> None:
    factor = Factor((await start_totp(ada)).json()["secret"], [])

    response = await confirm_totp(ada, factor.wrong_code())

    assert_error(response, *WRONG_CODE)
    assert [error["field"] for error in response.json()["errors"]] == ["code"]
    assert not await is_enabled(ada)


@pytest.mark.spec("TFA-002")
async def test_only_a_pending_secret_can_be_confirmed(ada: Person, bob: Person, factor: Factor) -> None:
    assert_error(await confirm_totp(ada, factor.code(1)), 400, "TOTP_ALREADY_ENABLED")
    assert_error(await confirm_totp(bob, factor.code(1)), 400, "TOTP_NOT_STARTED")
    assert_error(await start_totp(ada), 400, "TOTP_ALREADY_ENABLED")


@pytest.mark.spec("TFA-002")
async def test_concurrent_confirmations_return_one_set_of_codes(ada: Person) -> None:
    factor = Factor((await start_totp(ada)).json()["secret"], [])

    responses = await asyncio.gather(*(confirm_totp(ada, factor.code()) for _ in range(4)))

    assert sorted(response.status_code for response in responses) == [200, 400, 400, 400]


@pytest.mark.spec("TFA-007")
async def test_enabling_and_deleting_end_no_login_session(ada: Person, make_login_session: MakeLoginSession) -> None:
    other = await make_login_session(ada)

    factor = await enable_totp(ada)
    await delete_totp(ada, factor.recovery_codes[0])

    assert len((await other.client.get("/auth/sessions")).json()) == 2


# Recovery codes


@pytest.mark.spec("TFA-003")
@pytest.mark.parametrize("kind", ["totp", "recovery"])
async def test_new_recovery_codes_replace_the_old_ones(
    client: AsyncClient, ada: Person, factor: Factor, kind: str
) -> None:
    response = await replace_codes(ada, factor.code(1) if kind == "totp" else factor.recovery_codes[0])

    new_codes = response.json()["recovery_codes"]
    assert len({*new_codes, *factor.recovery_codes}) == 20
    assert_error(await log_in(client, ada, factor.recovery_codes[1]), 401, "INVALID_TOTP_CODE")
    assert (await log_in(client, ada, new_codes[0])).status_code == 200


@pytest.mark.spec("TFA-003", "TFA-008")
async def test_account_without_a_factor_has_nothing_to_replace_or_delete(ada: Person) -> None:
    await start_totp(ada)

    assert_error(await replace_codes(ada, "123456"), 400, "TOTP_NOT_ENABLED")
    assert_error(await delete_totp(ada, "123456"), 400, "TOTP_NOT_ENABLED")


@pytest.mark.spec("TFA-003", "TFA-008")
async def test_wrong_code_replaces_and_deletes_nothing(ada: Person, bob: Person, factor: Factor) -> None:
    foreign_code = (await enable_totp(bob)).recovery_codes[0]

    for code in (factor.wrong_code(), factor.code(), foreign_code, ""):
        assert_error(await replace_codes(ada, code), *WRONG_CODE)
        assert_error(await delete_totp(ada, code), *WRONG_CODE)
    assert await is_enabled(ada)


# Deletion


@pytest.mark.spec("TFA-008")
@pytest.mark.parametrize("kind", ["totp", "recovery"])
async def test_login_needs_no_code_after_the_deletion(
    client: AsyncClient, ada: Person, factor: Factor, kind: str
) -> None:
    response = await delete_totp(ada, factor.code(1) if kind == "totp" else factor.recovery_codes[0])

    assert (response.status_code, response.content) == (204, b"")
    assert not await is_enabled(ada)
    assert (await log_in(client, ada)).status_code == 200


@pytest.mark.spec("TFA-008")
async def test_new_factor_knows_no_code_of_the_deleted_one(client: AsyncClient, ada: Person, factor: Factor) -> None:
    await delete_totp(ada, factor.recovery_codes[0])
    new_factor = await enable_totp(ada)

    for code in (factor.code(1), factor.recovery_codes[1]):
        assert_error(await log_in(client, ada, code), 401, "INVALID_TOTP_CODE")
    assert (await log_in(client, ada, new_factor.code(1))).status_code == 200


@pytest.mark.spec("TFA-014")
async def test_operator_disables_the_factor_by_email(
    app: FastAPI, client: AsyncClient, ada: Person, factor: Factor
) -> None:
    resources: AppResources = app.state.resources
    session = resources.database.session

    results = [await disable_totp(session, email) for email in (ada.email.upper(), ada.email, "no@one.example", "x")]

    assert results == [True, False, False, False]
    assert (await log_in(client, ada)).status_code == 200
    assert factor.recovery_codes


# Other credentials and other routes


@pytest.mark.spec("TFA-015")
async def test_personal_access_token_cannot_change_the_factor(
    app: FastAPI, ada: Person, factor: Factor, make_token: MakeToken
) -> None:
    token = (await make_token(ada, *SCOPES))["token"]
    async with make_client(app, headers=authorize(token)) as client:
        script = Person(ada.id, ada.email, client)
        responses = [
            await start_totp(script),
            await confirm_totp(script, factor.code(1)),
            await replace_codes(script, factor.code(1)),
            await delete_totp(script, factor.code(1)),
        ]

    for response in responses:
        assert_error(response, 403, "SESSION_REQUIRED")
    assert await is_enabled(ada)


@pytest.mark.spec("TFA-016")
async def test_sensitive_changes_need_the_password_alone(ada: Person, factor: Factor) -> None:
    assert factor.recovery_codes
    new_password = "staple and a longer one"

    email = await ada.client.patch("/auth/me", json={"email": new_email(), "password": PASSWORD})
    password = await ada.client.post("/auth/password", json={"old_password": PASSWORD, "new_password": new_password})
    deletion = await ada.client.request("DELETE", "/auth/me", json={"password": new_password})

    assert [response.status_code for response in (email, password, deletion)] == [200, 204, 204]


# Bodies


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/totp", {}),
        ("POST", "/auth/totp", {"password": 7}),
        ("POST", "/auth/totp/confirm", {}),
        ("POST", "/auth/totp/confirm", {"code": 123_456}),
        ("POST", "/auth/totp/recovery-codes", {"password": PASSWORD}),
        ("DELETE", "/auth/totp", {"code": "123456"}),
        ("DELETE", "/auth/totp", {"password": PASSWORD, "code": None}),
    ],
)
async def test_missing_or_mistyped_field_is_rejected(ada: Person, method: str, path: str, body: Json) -> None:
    response = await ada.client.request(method, path, json=body)

    assert_error(response, 422, "VALIDATION_ERROR")
