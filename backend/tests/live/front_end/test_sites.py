"""The cookie, the headers and the cache in a browser, for pages of one site and of two sites."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from tests.live.conftest import Service, Start
from tests.live.front_end.conftest import OTHER_HOST
from tests.live.front_end.site import DOCUMENT, Tab
from tests.support import PASSWORD
from todo.main import EXPOSED_HEADERS

LOG_IN_AND_REFRESH = """async ([url, email, password]) => {
    const post = async (path, body, headers) => {
        const options = { method: "POST", credentials: "include", body, headers };
        const response = await fetch(`${url}/api/v1/auth${path}`, options);
        return [response.status, (await response.json()).code ?? null];
    };
    await post("/register", JSON.stringify({ email, password }), { "Content-Type": "application/json" });
    const login = await post("/login", new URLSearchParams({ username: email, password }));
    return [login, await post("/refresh")];
}"""
LogInFrom = Callable[[str, str], Awaitable[list[list[object]]]]
OK = [200, None]
NO_COOKIE = [401, "MISSING_REFRESH_TOKEN"]


@pytest.fixture
def log_in_from(context: BrowserContext, origins: dict[str, str]) -> LogInFrom:
    """Log in and refresh from a page of this host, and return both statuses and codes."""

    async def log_in_and_refresh(page_host: str, service_url: str) -> list[list[object]]:
        page = await context.new_page()
        await page.goto(f"{origins[page_host]}/empty")
        outcome: list[list[object]] = await page.evaluate(
            LOG_IN_AND_REFRESH, [service_url, f"{uuid4().hex}@example.com", PASSWORD]
        )
        return outcome

    return log_in_and_refresh


@pytest.mark.spec("FRO-012")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_browser_keeps_the_cookie_on_one_loopback_host(
    log_in_from: LogInFrom, service: Service, host: str
) -> None:
    assert await log_in_from(host, service.url.replace("localhost", host)) == [OK, OK]


@pytest.mark.spec("FRO-012")
@pytest.mark.parametrize(("page", "host"), [("localhost", "127.0.0.1"), ("127.0.0.1", "localhost")])
async def test_browser_drops_the_cookie_of_another_site(
    log_in_from: LogInFrom, service: Service, page: str, host: str
) -> None:
    assert await log_in_from(page, service.url.replace("localhost", host)) == [OK, NO_COOKIE]


@pytest.mark.spec("FRO-012")
async def test_browser_drops_a_secure_cookie_over_plain_http(log_in_from: LogInFrom, service: Service) -> None:
    assert await log_in_from(OTHER_HOST, service.url.replace("localhost", OTHER_HOST)) == [OK, NO_COOKIE]


@pytest.mark.spec("FRO-012")
async def test_browser_keeps_a_cookie_without_secure_over_plain_http(
    log_in_from: LogInFrom, start: Start, origins: dict[str, str]
) -> None:
    service = start(CORS_ORIGINS=origins[OTHER_HOST], COOKIE_SECURE="false", RATE_LIMIT_ENABLED="false")

    assert await log_in_from(OTHER_HOST, service.url.replace("localhost", OTHER_HOST)) == [OK, OK]


@pytest.mark.spec("FRO-012")
async def test_browser_keeps_the_cookie_of_another_site_with_samesite_none(
    log_in_from: LogInFrom, start: Start, origins: dict[str, str]
) -> None:
    service = start(COOKIE_SAMESITE="none", CORS_ORIGINS=origins["localhost"], RATE_LIMIT_ENABLED="false")

    assert await log_in_from("localhost", service.url.replace("localhost", "127.0.0.1")) == [OK, OK]


@pytest.mark.spec("FRO-013")
async def test_page_of_another_site_sends_no_cookie(tab: Tab, log_in_from: LogInFrom, service: Service) -> None:
    assert [cookie["domain"] for cookie in await tab.context.cookies()] == ["localhost"]

    assert await log_in_from("127.0.0.1", service.url) == [OK, NO_COOKIE]


@pytest.mark.spec("FRO-013")
async def test_scripts_cannot_read_the_cookie(tab: Tab, service: Service) -> None:
    await tab.page.goto(f"{service.url}/api/v1/auth/nowhere")

    assert await tab.page.evaluate("document.cookie") == ""
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in await tab.context.cookies()] == [(True, "Strict")]


@pytest.mark.spec("FRO-013")
async def test_cookie_is_sent_to_the_paths_of_authentication_alone(tab: Tab) -> None:
    cookies: dict[str, bool] = {}

    await tab.page.reload()
    async with tab.page.expect_response("**/tasks") as tasks, tab.page.expect_response("**/auth/refresh") as refresh:
        await tab.run("return api.request('/tasks')")
    for response in (await tasks.value, await refresh.value):
        headers = await response.request.all_headers()
        cookies[response.url.rpartition("/")[2]] = "refresh_token" in headers.get("cookie", "")

    assert cookies == {"tasks": False, "refresh": True}


@pytest.mark.spec("FRO-013")
async def test_user_who_follows_a_link_from_another_site_is_logged_in(tab: Tab, origins: dict[str, str]) -> None:
    await tab.page.goto(f"{origins['127.0.0.1']}/empty")
    await tab.page.set_content(f"<a href='{origins['localhost']}/empty'>to the tasks</a>")

    await tab.page.get_by_role("link").click()
    await tab.page.wait_for_url(f"{origins['localhost']}/empty")

    assert (await tab.run("return api.request('/auth/me')"))["name"] == "Ada"


@pytest.mark.spec("FRO-014")
async def test_page_of_another_origin_reads_the_listed_headers(tab: Tab, service: Service) -> None:
    listed = DOCUMENT.read_text().partition("and these:\n\n")[2].partition(".\n")[0]
    assert listed.replace("\n", " ").replace("`", "").lower().split(", ") == [name.lower() for name in EXPOSED_HEADERS]

    url = f"{service.url}/api/v1/auth/me/export"
    headers = await tab.run(f"return [...(await api.authorizedFetch(new Request('{url}'))).headers.keys()]")

    assert {"content-disposition", "content-type", "x-request-id"} <= {*headers}


@pytest.mark.spec("FRO-014")
async def test_page_of_an_unlisted_origin_gets_no_response(log_in_from: LogInFrom, start: Start) -> None:
    service = start(CORS_ORIGINS="https://app.example.com")

    with pytest.raises(PlaywrightError, match="Failed to fetch"):
        await log_in_from("localhost", service.url)

    assert "Web pages of the origin 'http://localhost:" in service.read_log()


@pytest.mark.spec("FRO-014")
async def test_browser_validates_the_list_that_it_has_cached(tab: Tab) -> None:
    validators = []
    for _ in range(2):
        async with tab.page.expect_response(lambda response: "/tasks" in response.url) as response:
            assert (await tab.run("return api.listTasks()"))["total"] == 0
        validators.append((await (await response.value).request.all_headers()).get("if-none-match"))

    assert validators[0] is None
    assert validators[1] is not None
