"""The hosts of one database, of which one accepts writes (ADR 0060)."""

import logging
from typing import Any

import asyncpg

from todo.core.database.driver_errors import CONNECTION_LOST

COMMAND_SECONDS = 5
"""How long one of several hosts may take to accept the connection of a command."""

logger = logging.getLogger(__name__)

Host = tuple[str, int]


class Hosts:
    """Opens connections to the first host that accepts writes.

    asyncpg has one timeout for all hosts together, and a host that accepts a connection and stays silent uses it up.
    Here each host has its own. The host of the last connection is tried first, so that a silent host costs its timeout
    once.

    Args:
        arguments: the arguments of `asyncpg.connect`. `host` and `port` are lists of the same length, or absent for a
            single host. `timeout` applies to each host.
    """

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._hosts: list[Host] = list(zip(arguments.get("host", ()), arguments.get("port", ()), strict=True))
        self._last: Host | None = None

    async def connect(self, arguments: dict[str, Any]) -> asyncpg.Connection:
        """Open a connection.

        A host is passed over if it is silent, refuses the connection, starts, stops, or is a standby.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InternalClientError: no host accepts the connection, or a host
                rejects the role, the password or the database.
        """
        if not self._hosts:
            return await _connect(arguments)
        passed_over: dict[Host, Exception] = {}
        for host in sorted(self._hosts, key=lambda host: host != self._last):
            try:
                connection = await _connect(arguments | {"host": host[0], "port": host[1]})
            except CONNECTION_LOST as error:
                passed_over[host] = error
                continue
            self._note_use(host, passed_over)
            return connection
        raise _most_telling(passed_over)

    def _note_use(self, host: Host, passed_over: dict[Host, Exception]) -> None:
        if host != self._last and passed_over:
            logger.warning("The database is at %s. Passed over: %s", _show(host), _describe(passed_over))
        self._last = host


async def open_connection(**arguments: Any) -> asyncpg.Connection:
    """Open one connection, as `Hosts.connect` does. Each of several hosts may take COMMAND_SECONDS."""
    if "host" in arguments:
        arguments["timeout"] = min(arguments.get("timeout", COMMAND_SECONDS), COMMAND_SECONDS)
    return await Hosts(arguments).connect(arguments)


async def _connect(arguments: dict[str, Any]) -> asyncpg.Connection:
    connection: asyncpg.Connection = await asyncpg.connect(**arguments)
    return connection


def _most_telling(errors: dict[Host, Exception]) -> Exception:
    """Return the error of a host that is not a standby, if there is one, with the errors of all hosts as a note."""
    found = [error for error in errors.values() if not isinstance(error, asyncpg.TargetServerAttributeNotMatched)]
    error = (found or list(errors.values()))[0]
    error.add_note(_describe(errors))
    return error


def _describe(errors: dict[Host, Exception]) -> str:
    return ", ".join(f"{_show(host)} ({_reason(error)})" for host, error in errors.items())


def _reason(error: Exception) -> str:
    match error:
        case asyncpg.TargetServerAttributeNotMatched():
            return "does not accept writes"
        case TimeoutError():
            return "does not respond"
        case _:
            return str(error) or type(error).__name__


def _show(host: Host) -> str:
    return f"[{host[0]}]:{host[1]}" if ":" in host[0] else f"{host[0]}:{host[1]}"
