"""The code of `docs/sync.md` in a browser, on another origin than the service."""

import asyncio

import pytest

from tests.live.front_end.conftest import OpenTab
from tests.live.front_end.site import Tab
from tests.support import PASSWORD

REGISTER = f"""
    const account = {{ email: `${{crypto.randomUUID()}}@example.com`, password: "{PASSWORD}" }};
    await api.register(account);
    await api.login(account.email, account.password);
"""
LISTEN = """
    globalThis.changes = 0;
    const { listen } = await import("/listen.ts");
    globalThis.stop = listen(() => { globalThis.changes++; });
"""
CREATE = "return api.request('/tasks', { method: 'POST', json: { title: 'Water the plants' } })"
ME = "(await (await import('/api.ts')).request('/auth/me')).id"
OPEN = f"return (await api.openCopy({ME})) !== null"
REOPEN = "return (await api.openCopy()) !== null"
TITLES = "return api.copy.tasks().map(({ title }) => title)"


@pytest.mark.spec("SYN-020")
async def test_copy_is_written_offline_and_kept_over_a_reload(tab: Tab) -> None:
    assert await tab.run(OPEN, "/offline.ts") is True
    assert await tab.run("return api.copy.state.token", "/offline.ts") is None
    await tab.context.set_offline(True)
    assert await tab.run(f"api.copy.create({{ title: 'Made offline' }}); {TITLES}", "/offline.ts") == ["Made offline"]
    assert await tab.run("return api.synchronize()", "/offline.ts") is False
    await tab.context.set_offline(False)
    await tab.page.reload()

    assert await tab.run(REOPEN, "/offline.ts") is True
    assert await tab.run(TITLES, "/offline.ts") == ["Made offline"]
    assert await tab.run("return api.synchronize()", "/offline.ts") is True

    assert await tab.run("return (await api.listTasks()).items.map(({ title }) => title)") == ["Made offline"]
    assert await tab.run("return api.copy.state.writes", "/offline.ts") == []


@pytest.mark.spec("SYN-024")
async def test_second_tab_does_not_open_the_copy(tab: Tab, open_tab: OpenTab) -> None:
    assert await tab.run(OPEN, "/offline.ts") is True
    second = await open_tab()

    assert await second.run(REOPEN, "/offline.ts") is False

    await tab.run("api.copy.create({ title: 'Made offline' }); api.closeCopy()", "/offline.ts")
    assert await second.run(OPEN, "/offline.ts") is True
    assert await second.run(TITLES, "/offline.ts") == ["Made offline"]


@pytest.mark.spec("SYN-024")
async def test_second_user_neither_sees_nor_sends_the_writes_of_the_first(tab: Tab) -> None:
    await tab.run(OPEN, "/offline.ts")
    await tab.run("api.copy.create({ title: 'Secret' })", "/offline.ts")
    await tab.run(REGISTER)

    assert await tab.run("return api.synchronize()", "/offline.ts") is False
    await tab.run(OPEN, "/offline.ts")

    assert await tab.run(TITLES, "/offline.ts") == []
    assert await tab.run("return api.synchronize()", "/offline.ts") is True
    assert await tab.run("return (await api.listTasks()).items") == []


@pytest.mark.spec("SYN-022")
async def test_page_goes_on_after_a_rejected_write(tab: Tab) -> None:
    await tab.run(OPEN, "/offline.ts")
    await tab.run("for (const title of ['', 'Made offline']) api.copy.create({ title })", "/offline.ts")

    rejected = "const codes = []; const done = await api.synchronize(({ code }) => codes.push(code)); "

    assert await tab.run(f"{rejected} return [done, codes]", "/offline.ts") == [True, ["INVALID_TITLE"]]
    assert await tab.run(TITLES, "/offline.ts") == ["Made offline"]


@pytest.mark.spec("EVT-010")
async def test_page_listens_with_a_ticket(tab: Tab, open_tab: OpenTab) -> None:
    await tab.run(LISTEN)
    await tab.page.wait_for_function("globalThis.changes >= 1")
    other = await open_tab()

    await asyncio.sleep(0.5)
    await other.run(CREATE)

    await tab.page.wait_for_function("globalThis.changes >= 2", timeout=5000)
    await tab.run("globalThis.stop()")
