"""The code of `docs/sync.md` in a browser, on another origin than the service."""

import asyncio

import pytest

from tests.live.front_end.conftest import OpenTab
from tests.live.front_end.site import Tab

LISTEN = """
    globalThis.changes = 0;
    const { listen } = await import("/listen.ts");
    globalThis.stop = listen(() => { globalThis.changes++; });
"""
CREATE = "return api.request('/tasks', { method: 'POST', json: { title: 'Water the plants' } })"
TITLES = "return api.copy.tasks().map(({ title }) => title)"


@pytest.mark.spec("SYN-020")
async def test_copy_is_written_offline_and_kept_over_a_reload(tab: Tab) -> None:
    assert await tab.run("return api.copy.state.token", "/offline.ts") is None
    await tab.context.set_offline(True)
    assert await tab.run(f"api.copy.create({{ title: 'Made offline' }}); {TITLES}", "/offline.ts") == ["Made offline"]
    assert await tab.run("return api.synchronize()", "/offline.ts") is False
    await tab.context.set_offline(False)
    await tab.page.reload()

    assert await tab.run(TITLES, "/offline.ts") == ["Made offline"]
    assert await tab.run("return api.synchronize()", "/offline.ts") is True

    assert await tab.run("return (await api.listTasks()).items.map(({ title }) => title)") == ["Made offline"]
    assert await tab.run("return api.copy.state.writes", "/offline.ts") == []


@pytest.mark.spec("EVT-010")
async def test_page_listens_with_a_ticket(tab: Tab, open_tab: OpenTab) -> None:
    await tab.run(LISTEN)
    await tab.page.wait_for_function("globalThis.changes >= 1")
    other = await open_tab()

    await asyncio.sleep(0.5)
    await other.run(CREATE)

    await tab.page.wait_for_function("globalThis.changes >= 2", timeout=5000)
    await tab.run("globalThis.stop()")
