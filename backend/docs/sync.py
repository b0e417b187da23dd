"""A copy of an account's tasks and tags that also works offline. Copy this file. sync.md explains it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from threading import Lock
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

Fields = dict[str, Any]
TaskId = int | str
"""The id of a task or, until the service has given it one, the external id of a task that was made here."""
OK, CREATED, NO_CONTENT = 200, 201, 204
TIMEOUT_SECONDS = 30
NOT_READY = (401, 408, 429, 500, 502, 503, 504)
START_AGAIN = ("SYNC_TOKEN_EXPIRED", "INVALID_SYNC_TOKEN")
METHODS = {"create": "POST", "change": "PATCH", "delete": "DELETE"}
FIELD_OF = (
    dict.fromkeys(("due_date", "due_day", "due_time_zone"), "due")
    | dict.fromkeys(("recurrence_basis", "recurrence_start"), "recurrence_rule")
    | {"completed_at": "completed", "section_id": "project_id", "position": "project_id"}
)
"""Fields that the service changes together count as one field."""


class Offline(Exception):  # noqa: N818 -- a state of the network
    """There was no response, the service was not ready, or the token has expired. Try again later."""


class Rejected(Exception):  # noqa: N818 -- the end of a write
    """The service rejected the write `args[0]` with the problem `args[1]`. The copy shows the state without it."""


def empty_state() -> Fields:
    """Return everything to store. `seqs` has the numbers of acknowledged writes whose responses are in `items`."""
    return {"token": None, "seq": 0, "items": {}, "writes": [], "ids": {}, "seqs": {}}


def field_of(name: str) -> str:
    """Return the field that a name counts as."""
    return FIELD_OF.get(name, name)


class Copy:
    """The copy. `api` is the address with `/api/v1`; `save` is called with the state after each change of it."""

    def __init__(
        self, api: str, token: str, state: Fields | None = None, save: Callable[[Fields], object] = id
    ) -> None:
        self.state = empty_state() if state is None else state
        self.conflicts: Callable[[int, list[str]], object] = lambda _task, _fields: None
        """Is called with the fields of a change or a deletion that another client has changed since. Theirs stay."""
        self.acknowledged: Callable[[int, int], object] = lambda _task, _seq: None
        """Is called with the number of an acknowledged write, for a button "Undo"."""
        self._api, self._token, self._save, self._running = api, token, lambda: save(self.state), Lock()

    def tasks(self) -> list[Fields]:
        """Return the tasks as the user sees them: the copy with the unacknowledged writes and the tags of the copy."""
        tasks = {task["id"]: task for task in self._all("task")}
        for write in self.state["writes"]:
            task, fields = self._id_of(write["task"]) or write["task"], write["fields"]
            if write["kind"] == "delete":
                tasks.pop(task, None)
            elif write["kind"] == "create" or task in tasks:
                cleared = dict.fromkeys(["due_date", "due_time_zone"] if fields.get("due_day") else [])
                cleared |= dict.fromkeys(["due_day"] if fields.get("due_date") else [])
                tasks[task] = {"id": task, "tags": []} | tasks.get(task, {}) | cleared | fields
        tags = {key: tag for tag in self._all("tag") for key in (tag["id"], tag["name"])}
        return [task | {"tags": [*self._join(task["tags"], tags)]} for task in tasks.values()]

    def create(self, fields: Fields) -> TaskId:
        """Make a task."""
        task = str(uuid4())
        self._add("create", task, fields | {"external_id": task})
        return task

    def change(self, task: TaskId, fields: Fields) -> None:
        """Change fields of a task."""
        last = next((write for write in reversed(self.state["writes"]) if self._is_same(write["task"], task)), None)
        names = fields if last is None else fields | last["fields"]
        # Two fields of a date or a place can contradict each other.
        is_apart = len({field_of(name) for name in names}) == len(names)
        # A write that was sent may have arrived, so it stays as it is.
        is_open = last is not None and not last["is_sent"] and last["base"] == self._base_of(task)
        if last is None or not (is_open and is_apart) or last["kind"] == "delete":
            self._add("change", task, fields)
        else:
            last["fields"] |= fields
            self._save()

    def remove(self, task: TaskId) -> None:
        """Delete a task."""
        writes = self.state["writes"]
        unsent = [write for write in writes if not write["is_sent"] and self._is_same(write["task"], task)]
        self.state["writes"] = [write for write in writes if write not in unsent]
        if any(write["kind"] == "create" for write in unsent):
            self._save()
        else:
            self._add("delete", task, {})

    def sync(self) -> None:
        """Send all writes, then fetch all changes. Raises `Offline` or `Rejected`. Call it again later."""
        with self._running:
            while self.state["writes"]:
                write = self.state["writes"][0]
                write["is_sent"] = True
                self._save()
                outcome = self._perform(write)
                if outcome != "again":
                    self.state["writes"] = [other for other in self.state["writes"] if other is not write]
                self._save()
                if isinstance(outcome, Rejected):
                    raise outcome
            self.pull()

    def pull(self, wait: int = 0) -> None:
        """Fetch what has changed. With `wait` the response comes when something changes, within these seconds."""
        token, fresh, more = self.state["token"], None, True
        known = token
        while more:
            query = urlencode(({"since": token} if token else {}) | {"wait": wait})
            status, seq, page = self._request("GET", f"/sync?{query}", wait=wait)
            if self.state["token"] != known:
                return self.pull()  # another pull was faster
            if page.get("code") in START_AGAIN:
                token, fresh = None, None
                continue
            if status != OK:
                raise Offline(page)
            if page["full"] and fresh is None:
                fresh = {}
            items = dict(self.state["items"]) if fresh is None else fresh
            for item in page["items"]:
                key, data = f"{item['type']}:{item['id']}", None if item["deleted"] else item["data"]
                if self.state["seqs"].get(key, 0) > seq:  # The response of an own write is newer than the page.
                    data = self.state["items"].get(key)
                items.pop(key, None)
                if data is not None:
                    items[key] = data
            token, more, wait = page["next"], page["has_more"], 0
            # The pages of a full sync replace the copy together, so a broken full sync leaves the old copy.
            if not (page["full"] and more):
                seqs = {key: number for key, number in self.state["seqs"].items() if number > seq}
                self.state.update(items=items, token=token, seq=seq, seqs=seqs)
                self._save()
                known, fresh = token, None
        return None

    def _perform(self, write: Fields) -> Rejected | str:
        task, kind, fields, base = self._id_of(write["task"]), write["kind"], write["fields"], write["base"]
        if kind != "create" and task is None:
            return Rejected(write, {"code": "NOT_CREATED", "detail": "The task was not created"})
        headers = {"Idempotency-Key": write["key"]} | ({} if kind == "create" else {"Change-Base": str(base)})
        path = "/tasks" if kind == "create" else f"/tasks/{task}"
        status, seq, body = self._request(METHODS[kind], path, None if kind == "delete" else fields, headers)
        if status in (OK, CREATED, NO_CONTENT):
            self._acknowledge(write, seq, body)
            return "done"
        if body["code"] != "FIELD_CONFLICT":
            is_gone = kind == "delete" and body["code"] == "TASK_NOT_FOUND"
            return "done" if is_gone else Rejected(write, body)
        write["key"] = str(uuid4())
        changed = [error["field"] for error in body["errors"]]
        own = {name: write["own"].get(field_of(name), 0) for name in changed}
        lost = {field_of(name) for name in changed if own[name] <= base}
        if not lost:  # Only this client has changed these fields.
            write["base"] = min(own.values())
            return "again"
        self.conflicts(task or 0, [name for name in changed if field_of(name) in lost])
        write["fields"] = {name: value for name, value in fields.items() if field_of(name) not in lost}
        return "again" if write["fields"] and write["fields"] != fields else "done"

    def _acknowledge(self, write: Fields, seq: int, body: Fields) -> None:
        """Keep the response of a write. `seq` is 0 if the write changed nothing."""
        is_create, items = write["kind"] == "create", self.state["items"]
        if is_create:
            self.state["ids"][write["task"]] = body["id"]
        task = self._id_of(write["task"]) or 0
        if seq == 0:
            return
        for later in self.state["writes"]:
            if self._is_same(later["task"], task):
                later["own"] |= {field_of(name): seq for name in (body if is_create else write["fields"])}
        if seq > self.state["seq"]:  # A repeated response can be older than the copy.
            self.state["seqs"][f"task:{task}"] = seq
            items.pop(f"task:{task}", None)
            if write["kind"] != "delete":
                items[f"task:{task}"] = body
                for tag in body["tags"]:
                    items.setdefault(f"tag:{tag['id']}", tag)
        self.acknowledged(task, seq)

    def _request(
        self, method: str, path: str, fields: Fields | None = None, headers: Fields | None = None, wait: int = 0
    ) -> tuple[int, int, Fields]:
        """Return the status, the header `Change-Seq` and the body."""
        request = urllib.request.Request(self._api + path, method=method, headers=headers or {})  # noqa: S310
        request.add_header("Authorization", f"Bearer {self._token}")
        if fields is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(fields).encode()
        try:
            try:
                response = urllib.request.urlopen(request, timeout=wait + TIMEOUT_SECONDS)  # noqa: S310
            except urllib.error.HTTPError as error:
                response = error
            with response:
                # A response that was cut within its headers has an empty body, which is no JSON.
                body = {} if response.status == NO_CONTENT else json.loads(response.read())
                seq = int(response.headers["Change-Seq"] or 0)
        except (OSError, ValueError, HTTPException) as error:
            raise Offline(error) from error
        is_error = response.status not in (OK, CREATED, NO_CONTENT)
        # An error without a code is not from the service. A key in use is that of an attempt that still runs.
        if response.status in NOT_READY or (is_error and body.get("code") in (None, "IDEMPOTENCY_KEY_IN_USE")):
            raise Offline(body)
        return response.status, seq, body

    def _all(self, kind: str) -> list[Fields]:
        return [data for key, data in self.state["items"].items() if key.startswith(f"{kind}:")]

    @staticmethod
    def _join(references: list[Any], tags: Fields) -> Iterator[Fields]:
        """Yield the tags that ids, names and tags refer to. A deleted tag is left out."""
        for reference in references:
            key = reference["id"] if isinstance(reference, dict) else reference
            tag = tags.get(key, {"id": None, "name": key, "color": None})
            if isinstance(tag["name"], str):
                yield {name: tag[name] for name in ("id", "name", "color")}

    def _base_of(self, task: TaskId) -> int:
        return max(self.state["seq"], self.state["seqs"].get(f"task:{self._id_of(task)}", 0))

    def _id_of(self, task: TaskId) -> int | None:
        return task if isinstance(task, int) else self.state["ids"].get(task)

    def _is_same(self, one: TaskId, other: TaskId) -> bool:
        return (self._id_of(one) or one) == (self._id_of(other) or other)

    def _add(self, kind: str, task: TaskId, fields: Fields) -> None:
        write = {"kind": kind, "task": task, "fields": {**fields}, "base": self._base_of(task), "key": str(uuid4())}
        self.state["writes"].append(write | {"is_sent": False, "own": {}})
        self._save()
