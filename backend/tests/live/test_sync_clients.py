"""The clients of `docs/sync.md` with a network that breaks at random.

`SYNC_SECONDS=300 backend/scripts/test tests/live/test_sync_clients.py` breaks it for five minutes, not eight seconds.
"""

import json
import os
import random
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.conftest import LogIn, Start
from tests.live.faulty_proxy import FaultyProxy
from tests.live.front_end.site import BACKEND, NODE
from tests.live.sync.clients import CLIENT, strip_types

SECONDS = float(os.environ.get("SYNC_SECONDS", "8"))
CLIENT_LINES_MAX = {"sync.ts": 221, "sync.py": 246}
DRIVER = """
const { Copy, Offline, Rejected } = await import(process.env.MODULE);
const send = (method, path, body, headers) => fetch(process.env.API + path, {
  method, body: body === undefined ? undefined : JSON.stringify(body),
  headers: { ...headers, "Content-Type": "application/json", Authorization: `Bearer ${process.env.TOKEN}` } });
const copy = new Copy(send);
const sync = () => copy.sync().then(() => true, (error) => {
  if (error instanceof Offline || error instanceof Rejected) return false;
  throw error;
});
const end = Date.now() + 1000 * Number(process.env.SECONDS);
let number = 0;
while (Date.now() < end) {
  const tasks = copy.tasks();
  const task = tasks[Math.floor(Math.random() * tasks.length)];
  const choice = Math.random();
  if (!task || choice < 0.3) copy.create({ title: `ts ${number++}` });
  else if (choice < 0.8) copy.change(task.id, { [Math.random() < 0.5 ? "title" : "description"]: `ts ${number++}` });
  else if (choice < 0.85) copy.remove(task.id);
  await sync();
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await new Promise((resolve) => process.stdin.once("data", resolve));
while (!(await sync()));
process.stdout.write(JSON.stringify(copy.state), () => process.exit(0));
"""


class Device:
    """A device that writes at random with the Python client, also while it is offline."""

    def __init__(self, api: str, token: str, seed: int) -> None:
        self._random = random.Random(seed)
        self.copy = CLIENT.Copy(api, token)
        self.lost: list[str] = []
        self.copy.conflicts = lambda _task, fields: self.lost.extend(fields)

    def sync(self) -> bool:
        try:
            self.copy.sync()
        except (CLIENT.Offline, CLIENT.Rejected):
            return False
        return True

    def work(self, end: float) -> None:
        number = 0
        while time.monotonic() < end:
            number += 1
            tasks = self.copy.tasks()
            task = self._random.choice(tasks)["id"] if tasks else None
            choice = self._random.random()
            if task is None or choice < 0.3:
                self.copy.create({"title": f"py {number}"})
            elif choice < 0.8:
                self.copy.change(task, {self._random.choice(["title", "description"]): f"py {number}"})
            elif choice < 0.85:
                self.copy.remove(task)
            self.sync()


def items_of(client: httpx.Client) -> dict[str, Any]:
    """Return what a new copy has."""
    items: dict[str, Any] = {}
    query: dict[str, str] = {}
    while True:
        page = client.get("/sync", params=query).json()
        items |= {f"{item['type']}:{item['id']}": item["data"] for item in page["items"]}
        if not page["has_more"]:
            return items
        query = {"since": page["next"]}


def test_clients_are_short_and_import_nothing_foreign() -> None:
    for name, maximum in CLIENT_LINES_MAX.items():
        lines = (BACKEND / "docs" / name).read_text().splitlines()
        assert len(lines) <= maximum
        assert max(map(len, lines)) <= 120
    assert not re.search(r"^import", (BACKEND / "docs" / "sync.ts").read_text(), re.MULTILINE)


@pytest.mark.timeout(120 + 2 * SECONDS)
@pytest.mark.spec("SYN-020")
def test_copies_are_those_of_the_service_after_faults(start: Start, log_in: LogIn, tmp_path: Path) -> None:
    service = start(RATE_LIMIT_ENABLED="false")
    client = log_in(service)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    proxy = FaultyProxy(int(service.url.rpartition(":")[2]), seed=3)
    with proxy.running():
        api = f"http://127.0.0.1:{proxy.port}/api/v1"
        devices = [Device(api, token, seed) for seed in (1, 2)]
        script = tmp_path / "sync.mjs"
        script.write_text(strip_types((BACKEND / "docs" / "sync.ts").read_text()))
        environment = {"MODULE": script.as_uri(), "API": api, "TOKEN": token, "SECONDS": str(SECONDS)}
        browser = subprocess.Popen(
            [str(NODE), "--input-type=module", "-e", DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        end = time.monotonic() + SECONDS
        threads = [threading.Thread(target=device.work, args=(end,)) for device in devices]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        proxy.faults = 0
        while not all(device.sync() for device in devices):
            pass
        output, _ = browser.communicate("finish", timeout=60)
        state = json.loads(output)
        for device in devices:
            device.sync()

    items = items_of(client)
    assert proxy.lost > SECONDS
    assert len(items) > 5
    assert state["writes"] == []
    assert {key.replace("null", "None"): item for key, item in state["items"].items()} == items
    for device in devices:
        assert device.copy.state["writes"] == []
        assert device.copy.state["items"] == items
