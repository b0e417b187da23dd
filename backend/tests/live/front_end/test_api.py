"""`docs/api.ts` in a browser, on another origin than the service."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Request, Route

from tests.live.front_end.conftest import ATTEMPTS_AN_HOUR, OpenTab
from tests.live.front_end.site import CLIENT, ApiError, Tab, lose_responses
from tests.support import PASSWORD, SECRET
from todo.core.clock import utc_now
from todo.core.security.tokens import TokenKind, TokenSigner

CLIENT_LINES_MAX = 80
LINE_LENGTH_MAX = 120
HOLD_LOCK = """() => new Promise((granted) => {
    navigator.locks.request("todo", () => new Promise((release) => { globalThis.release = release; granted(); }));
})"""
COUNT_WAITING_TABS = """async () => {
    for (let attempt = 0; attempt < 500; attempt++) {
        const { pending } = await navigator.locks.query();
        if (pending.length > 0) return pending.length;
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return 0;
}"""
"""Wait at most five seconds until a tab waits for the lock."""
CREATE = "return api.request('/tasks', { method: 'POST', json: { title: 'Water the plants' } })"
COUNT = "return (await api.listTasks()).total"
ME = "return api.request('/auth/me')"


def record_refreshes(tab: Tab) -> list[Request]:
    """Return a list that grows with each refresh of the tabs."""
    refreshes: list[Request] = []
    tab.context.on(
        "request",
        lambda request: (
            refreshes.append(request) if request.url.endswith("/auth/refresh") and request.method == "POST" else None
        ),
    )
    return refreshes


@pytest.mark.spec("FRO-001")
def test_client_is_short_and_imports_nothing() -> None:
    lines = CLIENT.read_text().splitlines()

    assert len(lines) <= CLIENT_LINES_MAX
    assert [line for line in lines if len(line) > LINE_LENGTH_MAX or line.startswith("import")] == []


@pytest.mark.spec("FRO-002")
async def test_user_stays_logged_in_over_a_reload(tab: Tab) -> None:
    await tab.page.reload()

    assert (await tab.run(ME))["name"] == "Ada"


@pytest.mark.spec("FRO-003")
async def test_simultaneous_requests_of_a_tab_share_one_refresh(tab: Tab) -> None:
    await tab.page.reload()
    refreshes = record_refreshes(tab)

    await tab.run("return Promise.all([1, 2, 3, 4, 5].map(() => api.listTasks()))")

    assert len(refreshes) == 1


@pytest.mark.spec("FRO-004")
@pytest.mark.parametrize("has_locks", [True, False], ids=["with-locks", "with-the-grace-period"])
async def test_two_tabs_refresh_at_once_and_both_stay_logged_in(tab: Tab, open_tab: OpenTab, has_locks: bool) -> None:
    tabs = [tab, await open_tab()]
    if not has_locks:
        await tab.context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
    refreshes = record_refreshes(tab)

    for _ in range(3):
        await asyncio.gather(*(each.page.reload() for each in tabs))
        users = await asyncio.gather(*(each.run(ME) for each in tabs))
        assert [user["name"] for user in users] == ["Ada", "Ada"]

    assert len(refreshes) == 6


@pytest.mark.spec("FRO-004")
async def test_refresh_waits_for_the_refresh_of_another_tab(tab: Tab, open_tab: OpenTab) -> None:
    other = await open_tab()
    await other.page.evaluate(HOLD_LOCK)
    await tab.page.reload()
    refreshes = record_refreshes(tab)

    user = asyncio.create_task(tab.run(ME))
    assert await other.page.evaluate(COUNT_WAITING_TABS) == 1
    assert refreshes == []
    await other.page.evaluate("globalThis.release()")

    assert (await user)["name"] == "Ada"
    assert len(refreshes) == 1


@pytest.mark.spec("FRO-005")
async def test_expired_access_token_is_refreshed_and_the_request_repeated(tab: Tab) -> None:
    user = await tab.run(ME)
    expired = TokenSigner(SECRET).sign(
        TokenKind.ACCESS, UUID(user["id"]), user["email"], utc_now() - timedelta(hours=1), login_session_id=UUID(int=1)
    )
    headers: list[str] = []
    refreshes = record_refreshes(tab)

    async def replace_token(route: Route) -> None:
        headers.append(route.request.headers["authorization"])
        token = expired if len(headers) == 1 else headers[-1].removeprefix("Bearer ")
        await route.continue_(headers={**route.request.headers, "authorization": f"Bearer {token}"})

    await tab.page.route("**/tasks", replace_token)
    task = await tab.run(CREATE)

    assert task["title"] == "Water the plants"
    assert (len(headers), len(set(headers)), len(refreshes)) == (2, 2, 1)


@pytest.mark.spec("FRO-006")
async def test_write_whose_response_was_lost_is_done_once(tab: Tab) -> None:
    keys: list[str | None] = []

    async def lose_first_response(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        response = await route.fetch()
        await (route.abort() if len(keys) == 1 else route.fulfill(response=response))

    await tab.page.route("**/tasks", lose_first_response)
    task = await tab.run(CREATE)
    await tab.page.unroute("**/tasks")

    assert task["title"] == "Water the plants"
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert await tab.run(COUNT) == 1


@pytest.mark.spec("FRO-006")
async def test_conditional_write_whose_response_was_lost_succeeds(tab: Tab) -> None:
    task = await tab.run(CREATE)
    attempts = []

    async def lose_first_response(route: Route) -> None:
        attempts.append(route)
        response = await route.fetch()
        await (route.abort() if len(attempts) == 1 else route.fulfill(response=response))

    await tab.page.route("**/tasks/*", lose_first_response)
    completed = await tab.run(f"return api.updateTask({{ id: {task['id']}, version: 1 }}, {{ completed: true }})")

    assert (completed["completed"], completed["version"], len(attempts)) == (True, 2, 2)


@pytest.mark.spec("FRO-006")
async def test_refresh_whose_response_was_lost_succeeds(tab: Tab) -> None:
    await tab.page.reload()
    attempts = []

    async def lose_first_response(route: Route) -> None:
        attempts.append(route)
        if len(attempts) == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await tab.page.route("**/auth/refresh", lose_first_response)

    assert (await tab.run(ME))["name"] == "Ada"
    assert len(attempts) == 2


@pytest.mark.spec("FRO-007")
async def test_lost_update_is_an_error_with_the_current_task(tab: Tab) -> None:
    task = await tab.run(CREATE)
    await tab.run(f"return api.updateTask({{ id: {task['id']}, version: 1 }}, {{ title: 'Feed the cat' }})")

    with pytest.raises(ApiError) as caught:
        await tab.run(f"return api.updateTask({{ id: {task['id']}, version: 1 }}, {{ title: 'Buy soil' }})")

    assert caught.value.summary == (412, "PRECONDITION_FAILED")
    assert caught.value.fields["current"]["title"] == "Feed the cat"


@pytest.mark.spec("FRO-008")
async def test_invalid_value_is_an_error_with_the_problem_of_the_field(tab: Tab) -> None:
    with pytest.raises(ApiError) as caught:
        await tab.run("return api.request('/tasks', { method: 'POST', json: { title: '' } })")

    assert caught.value.summary == (400, "INVALID_TITLE")
    assert caught.value.fields["message"] == caught.value.fields["detail"]
    assert [problem["field"] for problem in caught.value.fields["errors"]] == ["title"]


@pytest.mark.spec("FRO-009")
async def test_exhausted_rate_limit_is_an_error_with_the_time_to_wait(tab: Tab) -> None:
    attempt = "return api.login('nobody@example.com', 'a wrong password').catch((error) => [error.status, error.code])"
    for _ in range(ATTEMPTS_AN_HOUR):
        assert await tab.run(attempt) == [401, "INVALID_CREDENTIALS"]
    with pytest.raises(ApiError) as caught:
        await tab.run("return api.login('nobody@example.com', 'a wrong password')")

    assert caught.value.summary == (429, "RATE_LIMIT_EXCEEDED")
    assert 5 < caught.value.fields["retryAfter"] <= 3600
    assert (await tab.run(ME))["name"] == "Ada", "the login session continues"


@pytest.mark.spec("FRO-009")
async def test_request_is_repeated_after_a_short_retry_after(tab: Tab, origins: dict[str, str]) -> None:
    times: list[float] = []
    cors = {"Access-Control-Allow-Origin": origins["localhost"], "Access-Control-Allow-Credentials": "true"}
    headers = cors | {"Access-Control-Expose-Headers": "Retry-After", "Retry-After": "2"}

    async def reject_first_request(route: Route) -> None:
        times.append(time.monotonic())
        await (route.fulfill(status=503, headers=headers) if len(times) == 1 else route.continue_())

    await tab.page.route("**/tasks*", reject_first_request)

    assert await tab.run(COUNT) == 0
    assert times[1] - times[0] >= 1.9


@pytest.mark.spec("FRO-010")
async def test_missing_service_is_an_error_with_status_0(tab: Tab) -> None:
    await tab.page.route("**/tasks*", lambda route: route.abort())

    with pytest.raises(ApiError) as caught:
        await tab.run(COUNT)

    assert caught.value.summary == (0, "UNREACHABLE")


@pytest.mark.spec("FRO-010")
@pytest.mark.parametrize("status", [200, 401, 413])
async def test_page_in_place_of_json_is_an_error_with_its_status(
    tab: Tab, origins: dict[str, str], status: int
) -> None:
    cors = {"Access-Control-Allow-Origin": origins["localhost"], "Access-Control-Allow-Credentials": "true"}
    answer = {"status": status, "headers": cors, "body": "<!doctype html>", "content_type": "text/html"}
    await tab.page.route("**/tasks*", lambda route: route.fulfill(**answer))

    with pytest.raises(ApiError) as caught:
        await tab.run(COUNT)

    assert caught.value.summary == (status, "NOT_JSON")
    assert caught.value.fields["detail"] == "Unexpected response"


@pytest.mark.spec("FRO-010")
async def test_page_can_abort_a_request(tab: Tab) -> None:
    with pytest.raises(ApiError) as caught:
        await tab.run("return api.request('/tasks', { signal: AbortSignal.abort() })")

    assert caught.value.fields["name"] == "AbortError"


@pytest.mark.spec("FRO-010")
async def test_abort_ends_the_wait_between_attempts(tab: Tab) -> None:
    attempts = await lose_responses(tab, "**/tasks*")

    elapsed, name = await tab.run(
        "const controller = new AbortController(); setTimeout(() => controller.abort(), 300);"
        "const start = performance.now();"
        "const error = await api.listTasks({}, controller.signal).catch((error) => error);"
        "return [performance.now() - start, error.name]"
    )

    assert (name, attempts) == ("AbortError", ["GET"])
    assert elapsed < 900


@pytest.mark.spec("FRO-024")
async def test_response_without_content_is_undefined(tab: Tab) -> None:
    task = await tab.run(CREATE)

    assert await tab.run(f"return await api.request('/tasks/{task['id']}', {{ method: 'DELETE' }}) === undefined")


@pytest.mark.spec("FRO-011")
async def test_log_out_everywhere_ends_the_login_session_of_all_tabs(tab: Tab, open_tab: OpenTab) -> None:
    other = await open_tab()
    await other.run("api.accountChanges.onmessage = () => { document.title = 'changed' }; " + ME)

    await tab.run("return api.logoutEverywhere()")
    await other.page.wait_for_function("document.title === 'changed'")

    for each in (tab, other):
        await each.page.reload()
        with pytest.raises(ApiError) as caught:
            await each.run(ME)
        assert caught.value.summary == (401, "MISSING_REFRESH_TOKEN")
    assert await tab.context.cookies() == []


@pytest.mark.spec("FRO-011")
async def test_log_out_ends_the_login_session_of_this_browser_alone(tab: Tab) -> None:
    email = (await tab.run(ME))["email"]
    log_in = f"await api.login('{email}', '{PASSWORD}')"
    await tab.context.clear_cookies()
    await tab.run(log_in)

    await tab.run("return api.logout()")
    with pytest.raises(ApiError) as caught:
        await tab.run(ME)
    sessions = await tab.run(f"{log_in}; return api.request('/auth/sessions')")

    assert caught.value.summary == (401, "MISSING_REFRESH_TOKEN")
    assert len(sessions) == 2, "the first one and the last one"
