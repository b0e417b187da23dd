"""Password hashing, off the event loop."""

import asyncio
import logging
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from passlib.context import CryptContext

from todo.core.errors import ServiceUnavailableError
from todo.core.processors import count_processors

BCRYPT_FILLER = "." * 21 + "O"
"""A salt in bcrypt's alphabet, for a hash that no password has."""
QUEUE_SECONDS = 5.0
"""How long a password waits for a free thread."""

NORMALIZED_MAX = 4096
"""Characters. Normalizing can take time that grows with the square of the length."""

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


def normalize_password(password: str) -> str:
    """Return the password in the one spelling that is hashed (RFC 8265, OpaqueString).

    Keyboards differ in how they compose letters and in the spaces that they type. Spaces at the ends and case count.
    A password of more than NORMALIZED_MAX characters is returned unchanged. It is too long in any spelling.
    """
    if password.isascii() or len(password) > NORMALIZED_MAX:
        return password
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    return unicodedata.normalize("NFC", spaced)


class PasswordHasher:
    """Hashes passwords with bcrypt over SHA-256, so that every character of a long password counts.

    A hash costs a quarter of a second of CPU. The threads are fewer than the usable processors, so a storm of log-ins
    leaves a processor to other requests. A password waits at most QUEUE_SECONDS for a thread (LOD-002).

    Args:
        rounds: the cost of bcrypt as a power of two (12 in production, 4 in tests).
        max_length: the longest password in characters; a longer one never verifies.
    """

    def __init__(self, rounds: int, max_length: int) -> None:
        self._max_length = max_length
        self._context = CryptContext(schemes=["bcrypt_sha256"], bcrypt_sha256__rounds=rounds)
        self._unmatched_hash = f"$bcrypt-sha256$v=2,t=2b,r={rounds}${BCRYPT_FILLER}${'.' * 31}"
        threads = max(1, count_processors() - 1)
        self._free_threads = asyncio.Semaphore(threads)
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="bcrypt")

    async def hash(self, password: str) -> str:
        """Return a salted hash that `verify` accepts for every spelling of the password (REG-008, AUT-018).

        Raises:
            ServiceUnavailableError: no thread became free in time.
        """
        return await self._run(self._context.hash, normalize_password(password))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Tell whether the password has this hash.

        Hashes of older versions are of the password as typed, so both spellings are tried if they differ (AUT-019). The
        time depends on the password alone. Without a hash, and for a password that is too long, the result is False
        after the same time.

        Raises:
            ServiceUnavailableError: no thread became free in time.
        """
        if len(password) > self._max_length:
            password, hashed = password[: self._max_length], None
        spellings = dict.fromkeys((normalize_password(password), password))
        return await self._run(self._verify_any, spellings, hashed or self._unmatched_hash)

    def _verify_any(self, spellings: Iterable[str], hashed: str) -> bool:
        # The list makes the number of hashes independent of the result.
        return any([self._context.verify(spelling, hashed) for spelling in spellings])  # noqa: C419

    async def _run(self, work: Callable[..., Result], *arguments: object) -> Result:
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._free_threads.acquire()
        except TimeoutError as error:
            logger.warning("A password was not hashed within %s seconds: all threads were busy", QUEUE_SECONDS)
            raise ServiceUnavailableError from error
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        finally:
            self._free_threads.release()

    def close(self) -> None:
        """End the threads."""
        self._executor.shutdown(wait=False, cancel_futures=True)
