"""`docs/api.ts` and the writes that take no idempotency key, in a browser that loses their responses."""

import json
import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from tests.live.conftest import HTTP, Service
from tests.live.front_end.site import CLIENT, ApiError, Tab, lose_responses
from tests.support import PASSWORD
from todo.core.clock import utc_now

ME = "return api.request('/auth/me')"
WRITES_ONCE = re.compile(r"^const WRITES_ONCE = /(.*)/;$", re.MULTILINE)


def confirm(code: str, action: str, **fields: str) -> str:
    """Return the call of an action of the second factor with a code."""
    options = json.dumps({"method": "POST", "json": {"code": code, **fields}})
    return f"return api.request('/auth/totp/{action}', {options})"


@pytest.mark.spec("FRO-023")
def test_client_sends_the_writes_without_a_key_once(service: Service) -> None:
    once = re.compile(WRITES_ONCE.findall(CLIENT.read_text())[0].replace("\\/", "/"))
    paths: dict[str, dict[str, Any]] = HTTP.get(f"{service.url}/openapi.json").json()["paths"]
    takes_key = {
        (method, path): any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", []))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in ("post", "put", "patch", "delete")
    }

    for path in ("/api/v1/auth/refresh", "/api/v1/auth/logout"):
        assert takes_key.pop(("post", path)) is False
    assert {write for write in takes_key if once.search(write[1])} == {
        write for write, does in takes_key.items() if not does
    }


@pytest.mark.spec("FRO-023")
@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/auth/login", f"return api.login('ada@example.com', '{PASSWORD}', '123456')"),
        ("/auth/tokens", "return api.request('/auth/tokens', { method: 'POST', json: { name: 'a', scopes: [] } })"),
        ("/auth/totp/confirm", "return api.request('/auth/totp/confirm', { method: 'POST', json: { code: '1' } })"),
    ],
    ids=["log-in", "token", "second-factor"],
)
async def test_write_without_a_key_whose_response_was_lost_is_an_error(tab: Tab, path: str, call: str) -> None:
    await tab.run(ME)
    attempts = await lose_responses(tab, f"**{path}")

    with pytest.raises(ApiError) as caught:
        await tab.run(call)

    assert (caught.value.summary, attempts) == ((0, "UNREACHABLE"), ["POST"])


@pytest.mark.spec("FRO-023")
async def test_recovery_codes_and_tokens_are_replaced_after_a_lost_response(tab: Tab) -> None:
    start = f"return api.request('/auth/totp', {{ method: 'POST', json: {{ password: '{PASSWORD}' }} }})"
    totp = pyotp.TOTP((await tab.run(start))["secret"])
    await lose_responses(tab, "**/auth/totp/confirm")
    with pytest.raises(ApiError):
        await tab.run(confirm(totp.at(utc_now()), "confirm"))

    assert (await tab.run(ME))["totp_enabled"]
    codes = await tab.run(confirm(totp.at(utc_now() + timedelta(seconds=30)), "recovery-codes", password=PASSWORD))
    assert len(codes["recovery_codes"]) == 10

    create = "api.request('/auth/tokens', { method: 'POST', json: { name: 'inbox', scopes: ['tasks:read'] } })"
    await lose_responses(tab, "**/auth/tokens")
    with pytest.raises(ApiError):
        await tab.run(f"return {create}")
    await tab.page.unroute("**/auth/tokens")
    created = await tab.run(
        "const [{ id }] = await api.request('/auth/tokens');"
        "await api.request(`/auth/tokens/${id}`, { method: 'DELETE' });"
        f"return {create}"
    )
    assert created["name"] == "inbox"
