"""The Python files of `docs/sync.md`."""

import sys
import threading
from pathlib import Path
from queue import Queue
from types import ModuleType

import httpx
import pytest

from tests.live.front_end.site import read_snippets
from tests.live.sync.clients import CLIENT
from tests.live.sync.gate import Gate


def run_snippet(name: str) -> ModuleType:
    module = ModuleType(Path(name).stem)
    exec(compile(read_snippets()[name], name, "exec"), module.__dict__)
    return module


def token_of(other: httpx.Client) -> str:
    return other.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.spec("SYN-022")
def test_synchronize_goes_on_after_a_rejected_write(
    gate: Gate, other: httpx.Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sync", CLIENT)
    copy = CLIENT.Copy(gate.api, token_of(other))
    for title in ("", "Made offline"):
        copy.create({"title": title})

    assert run_snippet("synchronize.py").synchronize(copy) is True

    assert [task["title"] for task in other.get("/tasks").json()["items"]] == ["Made offline"]
    assert capsys.readouterr().out.startswith("INVALID_TITLE: ")


@pytest.mark.spec("EVT-001")
def test_listen_yields_the_events(other: httpx.Client) -> None:
    names: Queue[str] = Queue()
    api = str(other.base_url).rstrip("/")

    def listen() -> None:
        for name in run_snippet("listen.py").listen(api, token_of(other)):
            names.put(name)

    threading.Thread(target=listen, daemon=True).start()
    for _ in range(20):
        other.post("/tasks", json={"title": "Water the plants"})
        if not names.empty():
            break

    assert names.get(timeout=10) == "change"
