"""Passwords and tokens: hashing off the event loop, signing and verifying JWTs (RFC 7519)."""

import asyncio
import hmac
import logging
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from jose import JWTError, jwt
from passlib.context import CryptContext
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from todo.core.errors import ServiceUnavailableError
from todo.domain.account import PASSWORD_MAX

ALGORITHM = "HS256"
ACCESS_LIFETIME = timedelta(seconds=900)
REFRESH_LIFETIME = timedelta(seconds=604_800)
VERIFIED_TOKENS_KEPT = 10_000
LAST_SECOND = 253_402_300_799
"""The end of the year 9999, after which nothing expires."""
UNCHECKED_BY_JOSE = {"verify_exp": False, "verify_iat": False, "verify_aud": False, "verify_nbf": False}
"""Claims are checked by `Claims`, and times against our own clock."""
BCRYPT_FILLER = "." * 21 + "O"
"""A salt in bcrypt's alphabet, for the hash that no password matches."""
QUEUE_SECONDS = 5.0
"""How long a password waits for its turn to be hashed."""

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class TokenKind(StrEnum):
    """What a token is good for."""

    ACCESS = "access"
    REFRESH = "refresh"


LIFETIMES = {TokenKind.ACCESS: ACCESS_LIFETIME, TokenKind.REFRESH: REFRESH_LIFETIME}


class BadTokenError(Exception):
    """The token is not one of ours: malformed, forged, or without a claim that it needs."""


class Claims(BaseModel):
    """What a verified token says (TOK-006). It may have expired: whoever asks compares `exp` with the clock."""

    model_config = ConfigDict(frozen=True, strict=True)

    sub: UUID = Field(strict=False)
    email: str
    iat: int
    exp: int = Field(le=LAST_SECOND)
    type: TokenKind = Field(strict=False)
    sid: UUID | None = Field(default=None, strict=False)
    jti: str | None = None


class TokenSigner:
    """Signs tokens with one secret and verifies them with it or the one before; HS256, whatever a header says.

    Args:
        secret: the key, at least 64 hexadecimal characters.
        previous: the key that was replaced by it, whose tokens are good until they expire (SES-012).
    """

    def __init__(self, secret: str, previous: str | None = None) -> None:
        self._secrets = (secret,) if previous is None else (secret, previous)
        # Verifying costs 100 µs and an access token is sent hundreds of times. Only the verdict on the signature
        # is kept, never that on the time: expiry is compared on every request.
        self.verify = lru_cache(VERIFIED_TOKENS_KEPT)(self._verify)

    def sign(
        self,
        kind: TokenKind,
        user_id: UUID,
        email: str,
        issued_at: datetime,
        *,
        session_id: UUID | None = None,
        token_id: str | None = None,
    ) -> str:
        """Return a token of this kind that expires its lifetime after `issued_at`; the same input, the same token."""
        issued = int(issued_at.timestamp())
        expires = issued + int(LIFETIMES[kind].total_seconds())
        claims = {"sub": str(user_id), "email": email, "iat": issued, "exp": expires, "type": kind.value}
        if session_id is not None:
            claims |= {"sid": str(session_id), "jti": token_id or new_token_id()}
        return jwt.encode(claims, self._secrets[0], algorithm=ALGORITHM)

    def successors(self, token_id: str) -> list[str]:
        """Return the id of the token that follows a refresh token: by our key first, then by the previous one.

        It is derived, not drawn, so that whoever asks twice with one token can be given the same successor although
        only hashes are stored.
        """
        return [digest.hex() for digest in self.digests(token_id.encode())]

    def digests(self, content: bytes) -> list[bytes]:
        """Return the digest of a content that nobody without our key can compute: by it, then by the previous one."""
        return [hmac.digest(secret.encode(), content, "sha256") for secret in self._secrets]

    def _verify(self, token: str) -> Claims:
        """Return the claims of a token with a good signature, expired or not.

        Raises:
            BadTokenError: it is malformed, signed otherwise, or lacks a claim or has one of a wrong type.
        """
        problem: Exception | None = None
        for secret in self._secrets:
            try:
                claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=UNCHECKED_BY_JOSE)
                return Claims.model_validate(claims)
            except (JWTError, ValidationError, UnicodeEncodeError, RecursionError) as error:
                problem = error
        raise BadTokenError from problem


def new_token_id() -> str:
    """Return an id that nobody can guess."""
    return secrets.token_hex(16)


def hash_token(token: str) -> bytes:
    """Return what is stored of a secret of our own making: it is random, so a plain hash cannot be searched."""
    return sha256(token.encode()).digest()


class PasswordHasher:
    """Hashes passwords with bcrypt over SHA-256, so that all of a long password counts.

    A hash costs a quarter of a second of CPU. It runs in threads of which there are fewer than cores, so that a
    storm of logins queues up behind itself and not in front of every other request. Nobody stands in that queue for
    longer than QUEUE_SECONDS (LOD-002).
    """

    def __init__(self, rounds: int) -> None:
        """Take the cost as a power of two (12 in production, 4 in tests)."""
        self._context = CryptContext(schemes=["bcrypt_sha256"], bcrypt_sha256__rounds=rounds)
        self._matches_nothing = f"$bcrypt-sha256$v=2,t=2b,r={rounds}${BCRYPT_FILLER}${'.' * 31}"
        threads = max(1, (os.cpu_count() or 1) - 1)
        self._turns = asyncio.Semaphore(threads)
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="bcrypt")

    async def hash(self, password: str) -> str:
        """Return a salted hash that `verify` accepts (REG-008).

        Raises:
            ServiceUnavailableError: too many others came before.
        """
        return await self._run(self._context.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Tell whether the password has this hash; without a hash the answer is no, in the same time.

        A password that is longer than any may be is wrong, in the same time too.

        Raises:
            ServiceUnavailableError: too many others came before.
        """
        if hashed is None or len(password) > PASSWORD_MAX:
            password, hashed = password[:PASSWORD_MAX], self._matches_nothing
        return await self._run(self._context.verify, password, hashed)

    async def _run(self, work: Callable[..., Result], *arguments: str) -> Result:
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            logger.warning("A password was not looked at: too many others came before")
            raise ServiceUnavailableError from error
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        finally:
            self._turns.release()

    def close(self) -> None:
        """Let the threads go."""
        self._executor.shutdown(wait=False, cancel_futures=True)
