"""A copy of an account's tasks and tags that also works offline. Copy this file. sync.md explains it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

Fields = dict[str, Any]
TaskId = int | str
"""The id of a task or, until the service has given it one, the external id of a task that was made here."""
OK, CREATED, NO_CONTENT, NOT_FOUND = 200, 201, 204, 404
NOT_READY = (401, 408, 429, 500, 502, 503, 504)
START_AGAIN = ("SYNC_TOKEN_EXPIRED", "INVALID_SYNC_TOKEN")
METHODS = {"create": "POST", "change": "PATCH", "delete": "DELETE"}


class Offline(Exception):  # noqa: N818 -- a state of the network
    """There was no response, the service was not ready, or the token has expired. Try again later."""


class Rejected(Exception):  # noqa: N818 -- the end of a write
    """The service rejected a write, and the copy shows the state without it."""


def empty_state() -> Fields:
    """Return everything to store on the device."""
    return {"token": None, "seq": 0, "items": {}, "writes": [], "ids": {}}


class Copy:
    """The copy. `api` is the address with `/api/v1`; `save` is called with the state after each change of it."""

    def __init__(
        self, api: str, token: str, state: Fields | None = None, save: Callable[[Fields], object] = id
    ) -> None:
        self.state = empty_state() if state is None else state
        self.conflicts: Callable[[int, list[str]], object] = lambda _task, _fields: None
        """Is called with the fields of a change that another client has changed since. Their change stays."""
        self._api, self._token, self._save = api, token, lambda: save(self.state)

    def tasks(self) -> list[Fields]:
        """Return the tasks as the user sees them: the copy with the unconfirmed writes."""
        tasks = {data["id"]: data for key, data in self.state["items"].items() if key.startswith("task:")}
        for write in self.state["writes"]:
            task = self._id_of(write["task"]) or write["task"]
            if write["kind"] == "delete":
                tasks.pop(task, None)
            elif write["kind"] == "create" or task in tasks:
                tasks[task] = {"id": task, "tags": []} | tasks.get(task, {}) | write["fields"]
        return [*tasks.values()]

    def create(self, fields: Fields) -> TaskId:
        """Make a task."""
        task = str(uuid4())
        self._add("create", task, fields | {"external_id": task})
        return task

    def change(self, task: TaskId, fields: Fields) -> None:
        """Change fields of a task."""
        last = next((write for write in reversed(self.state["writes"]) if self._is_same(write["task"], task)), None)
        # A write that was sent may have arrived, so it stays as it is.
        if last is None or last["is_sent"] or last["kind"] == "delete":
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
        while self.state["writes"]:
            write = self.state["writes"][0]
            write["is_sent"] = True
            self._save()
            outcome = self._perform(write)
            if outcome != "again":
                self.state["writes"].pop(0)
            self._save()
            if isinstance(outcome, Rejected):
                raise outcome
        self.pull()

    def pull(self, wait: int = 0) -> None:
        """Fetch what has changed. With `wait` the response comes when something changes, within these seconds."""
        token, fresh, more = self.state["token"], None, True
        while more:
            query = urlencode(({"since": token} if token else {}) | {"wait": wait})
            status, seq, page = self._request("GET", f"/sync?{query}", timeout=wait + 30)
            if page.get("code") in START_AGAIN:
                token, fresh = None, None
                continue
            if status != OK:
                raise Offline(page)
            if page["full"] and fresh is None:
                fresh = {}
            items = dict(self.state["items"]) if fresh is None else fresh
            for item in page["items"]:
                items.pop(f"{item['type']}:{item['id']}", None)
                if not item["deleted"]:
                    items[f"{item['type']}:{item['id']}"] = item["data"]
            token, more, wait = page["next"], page["has_more"], 0
            # The pages of a full sync replace the copy together, so a broken full sync leaves the old copy.
            if not (page["full"] and more):
                self.state.update(items=items, token=token, seq=seq)
                self._save()
                fresh = None

    def _perform(self, write: Fields) -> Rejected | str:
        task, kind, fields = self._id_of(write["task"]), write["kind"], write["fields"]
        if kind != "create" and task is None:
            return "done"  # its create was rejected
        headers = {"Idempotency-Key": write["key"]}
        if kind == "change":
            headers["Change-Base"] = str(write["base"])
        path = "/tasks" if kind == "create" else f"/tasks/{task}"
        status, seq, body = self._request(METHODS[kind], path, None if kind == "delete" else fields, headers)
        if status in (OK, CREATED, NO_CONTENT):
            if kind == "create":
                self.state["ids"][write["task"]] = body["id"]
            # Later writes of the same task were made after this one.
            for later in self.state["writes"]:
                if self._is_same(later["task"], write["task"]):
                    later["base"] = max(later["base"], seq)
            return "done"
        if body["code"] != "FIELD_CONFLICT":
            return "done" if status == NOT_FOUND else Rejected(write, body)
        lost = [error["field"] for error in body["errors"]]
        self.conflicts(task or 0, lost)
        write |= {"fields": {name: value for name, value in fields.items() if name not in lost}, "key": str(uuid4())}
        return "again" if write["fields"] else "done"

    def _request(
        self, method: str, path: str, fields: Fields | None = None, headers: Fields | None = None, timeout: float = 30
    ) -> tuple[int, int, Fields]:
        """Return the status, the header `Change-Seq` and the body."""
        request = urllib.request.Request(self._api + path, method=method, headers=headers or {})  # noqa: S310
        request.add_header("Authorization", f"Bearer {self._token}")
        if fields is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(fields).encode()
        try:
            try:
                response = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
            except urllib.error.HTTPError as error:
                response = error
            with response:
                body = json.loads(response.read() or b"{}")
        except (OSError, ValueError, HTTPException) as error:
            raise Offline(error) from error
        if response.status in NOT_READY:
            raise Offline(body)
        return response.status, int(response.headers["Change-Seq"] or 0), body

    def _id_of(self, task: TaskId) -> int | None:
        return task if isinstance(task, int) else self.state["ids"].get(task)

    def _is_same(self, one: TaskId, other: TaskId) -> bool:
        return (self._id_of(one) or one) == (self._id_of(other) or other)

    def _add(self, kind: str, task: TaskId, fields: Fields) -> None:
        write = {"kind": kind, "task": task, "fields": fields, "base": self.state["seq"], "key": str(uuid4())}
        self.state["writes"].append(write | {"is_sent": False})
        self._save()
