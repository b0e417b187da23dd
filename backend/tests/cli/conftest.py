"""The command `todo user`, run in this process on the database of the application."""

import asyncio
import io
import json
import sys
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support import PASSWORD
from todo.cli import main
from todo.core.config import Settings


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


class Terminal(io.StringIO):
    """A terminal with these keystrokes."""

    def isatty(self) -> bool:
        """Tell that this is a terminal."""
        return True


class RunUser(Protocol):
    """Runs `todo user` with these arguments and this standard input."""

    def __call__(self, *arguments: str, stdin: io.StringIO = ...) -> Awaitable[Finished]: ...


@pytest.fixture
def user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database_url: str
) -> RunUser:
    """Run `todo user` on the shared database, in an empty folder and without other settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BCRYPT_ROUNDS", "4")
    monkeypatch.chdir(tmp_path)

    async def run(*arguments: str, stdin: io.StringIO | None = None) -> Finished:
        monkeypatch.setattr(sys, "stdin", stdin or io.StringIO(f"{PASSWORD}\n"))
        capsys.readouterr()
        status = await asyncio.to_thread(main, ["user", *arguments])
        captured = capsys.readouterr()
        return Finished(status, captured.out, captured.err)

    return run
