"""Messages to systemd: ready, alive, stopping (sd_notify(3)).

The protocol is one datagram for each message. The libraries for it on PyPI are unmaintained or need a compiler.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread

START_INTERVAL = 0.1
"""Seconds between two probes until the first response."""
PROBE_SECONDS = 5.0
"""How long a response to a probe may take."""
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- addresses for all networks of the machine

DIGITS_MAX = 18
"""The longest number of microseconds that is read."""

logger = logging.getLogger(__name__)


class ServiceManager:
    """Reports the state of the service to systemd. Without `NOTIFY_SOCKET` no message is sent.

    Args:
        address: the socket of the service manager; a leading @ stands for the abstract namespace. Empty for none.
        watchdog_seconds: systemd restarts the service if no message arrives for this long; None without a watchdog.
    """

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_seconds = watchdog_seconds

    @classmethod
    def from_environment(cls) -> "ServiceManager":
        """Read the variables of systemd, and remove them, so that no child process sends messages."""
        address = os.environ.pop("NOTIFY_SOCKET", "")
        microseconds = os.environ.pop("WATCHDOG_USEC", "")
        process = os.environ.pop("WATCHDOG_PID", "") or str(os.getpid())
        is_number = microseconds.isascii() and microseconds.isdigit() and len(microseconds) <= DIGITS_MAX
        is_watched = is_number and int(microseconds) > 0 and process == str(os.getpid())
        return cls(address, int(microseconds) / 1e6 if is_watched else None)

    @contextmanager
    def watching(self, host: str, port: int) -> Iterator[None]:
        """Probe the service at this address for the length of a block, and report that it is ready and alive."""
        if not self._address:
            yield
            return
        ended = Event()
        thread = Thread(target=self._watch, args=(local_address(host), port, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()

    def report_stopping(self) -> None:
        """Report that the service has begun to stop."""
        self._send("STOPPING=1")

    def _watch(self, host: str, port: int, ended: Event) -> None:
        while not responds(host, port):
            if ended.wait(START_INTERVAL):
                return
        self._send(f"READY=1\nSTATUS=serving at {host} port {port}")
        if self._watchdog_seconds is None:
            return
        # The manual recommends half of the time.
        while not ended.wait(self._watchdog_seconds / 2):
            if responds(host, port):
                self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            logger.warning("The service manager did not get the message %s (%s)", message.partition("\n")[0], error)


def local_address(host: str) -> str:
    """Return an address of this machine on which a service that listens on `host` responds."""
    return ANY_ADDRESS.get(host, host)


def responds(host: str, port: int) -> bool:
    """Tell whether the service responds. Under load the response may be a 503, which is a sign of life too."""
    connection = HTTPConnection(host, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", "/health")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True
