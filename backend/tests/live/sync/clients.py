"""The two clients with the same methods, so that one test runs with both."""

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from tests.live.front_end.site import BACKEND, NODE, STRIP_TYPES

TIMEOUT_SECONDS = 8
"""The timeout of the clients in tests. A slow machine needs a few seconds for a response."""
Fields = dict[str, Any]
TaskId = int | str
DRIVER = """
import { createInterface } from "node:readline";
// ES2022 does not have these methods. Node.js itself needs the others of ES2023.
for (const name of ["findLast", "findLastIndex"]) delete Array.prototype[name];
const { API, TOKEN, MODULE } = process.env;
const { Copy, Offline, Rejected } = await import(MODULE);
const send = (method, path, body, headers, signal) => fetch(API + path, {
  method, signal, body: body === undefined ? undefined : JSON.stringify(body),
  headers: { ...headers, "Content-Type": "application/json", Authorization: `Bearer ${TOKEN}` } });
const copy = new Copy(send);
const reports = [];
copy.conflicts = (task, fields) => reports.push(["conflicts", task, fields]);
copy.acknowledged = (task, seq) => reports.push(["acknowledged", task, seq]);
const sync = () => copy.sync().then(() => "done", (error) => {
  if (error instanceof Offline) return "offline";
  if (error instanceof Rejected) return error.code;
  throw error;
});
const calls = {
  create: (fields) => copy.create(fields), change: (task, fields) => copy.change(task, fields),
  remove: (task) => copy.remove(task), tasks: () => copy.tasks(), writes: () => copy.state.writes,
  items: () => copy.state.items, reports: () => reports, sync, sync_twice: () => Promise.all([sync(), sync()]),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...values] = JSON.parse(line);
  process.stdout.write(JSON.stringify((await calls[name](...values)) ?? null) + "\\n");
}
"""


class SyncClient(Protocol):
    """A client, whose reports are `["conflicts", task, fields]` and `["acknowledged", task, seq]`."""

    def create(self, fields: Fields) -> TaskId: ...
    def change(self, task: TaskId, fields: Fields) -> None: ...
    def remove(self, task: TaskId) -> None: ...
    def tasks(self) -> list[Fields]: ...
    def writes(self) -> list[Fields]: ...
    def reports(self) -> list[list[Any]]: ...
    def sync(self) -> str:
        """Return `done`, `offline` or the code of a rejection."""
        ...

    def sync_twice(self) -> list[str]:
        """Sync twice at the same time."""
        ...


def load_python_client() -> ModuleType:
    """Return the module of `docs/sync.py`."""
    spec = importlib.util.spec_from_file_location("sync_client", BACKEND / "docs" / "sync.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def strip_types(source: str) -> str:
    """Return JavaScript."""
    command = [str(NODE), "--disable-warning=ExperimentalWarning", "-e", STRIP_TYPES]
    process = subprocess.run(command, input=json.dumps({"sync": source}), capture_output=True, text=True, check=True)
    return str(json.loads(process.stdout)["sync"])


CLIENT = load_python_client()
CLIENT.TIMEOUT_SECONDS = TIMEOUT_SECONDS  # type: ignore[attr-defined]


class PythonClient:
    """`docs/sync.py`."""

    def __init__(self, api: str, token: str) -> None:
        copy = self._copy = CLIENT.Copy(api, token)
        self.create, self.change, self.remove, self.tasks = copy.create, copy.change, copy.remove, copy.tasks
        self._reports: list[list[Any]] = []
        copy.conflicts = lambda task, fields: self._reports.append(["conflicts", task, fields])
        copy.acknowledged = lambda task, seq: self._reports.append(["acknowledged", task, seq])

    def reports(self) -> list[list[Any]]:
        return self._reports

    def writes(self) -> list[Fields]:
        return list(self._copy.state["writes"])

    def sync(self) -> str:
        try:
            self._copy.sync()
        except CLIENT.Offline:
            return "offline"
        except CLIENT.Rejected as error:
            return str(error.args[1]["code"])
        return "done"

    def sync_twice(self) -> list[str]:
        with ThreadPoolExecutor(2) as executor:
            return [future.result() for future in [executor.submit(self.sync) for _ in range(2)]]


class TypeScriptClient:
    """`docs/sync.ts` in Node.js, which reads one call per line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self._call(name, *values)

    def _call(self, *call: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def run_typescript(api: str, token: str, folder: Path) -> Iterator[TypeScriptClient]:
    """Run `docs/sync.ts` until the end of the generator."""
    script = folder / "sync.mjs"
    source = (BACKEND / "docs" / "sync.ts").read_text()
    script.write_text(strip_types(source.replace("TIMEOUT_SECONDS = 30", f"TIMEOUT_SECONDS = {TIMEOUT_SECONDS}")))
    with subprocess.Popen(
        [str(NODE), "--input-type=module", "-e", DRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"MODULE": script.as_uri(), "API": api, "TOKEN": token},
    ) as process:
        yield TypeScriptClient(process)
        process.kill()
