"""Measure whether the time of a refused log-in tells if an e-mail address has an account (LOG-003, ACC-011).

Run it in `backend/` with `.venv/bin/python benchmarks/login_timing.py`; it needs nothing but what bootstrap installs.
It starts the application in-process on an embedded PostgreSQL of its own, with passwords at their cost in production
and no rate limits, and logs in in turn with an e-mail that nobody has and with a wrong password. It prints the median
time of both and their ratio: near 1.00 there is nothing to learn. What remains is noise; run it on a quiet machine.
"""

import asyncio
import secrets
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from statistics import median

from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr

from todo.core.config import Settings
from todo.core.database import migrator
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres
from todo.main import create_app

LOGINS = 40
"""Of each kind."""
ROUNDS = 12
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
BASE_URL = "https://todo.test/api/v1"


async def time_login(client: AsyncClient, email: str) -> float:
    """Log in with a wrong password; return how many milliseconds the refusal took."""
    began = time.perf_counter()
    response = await client.post("/auth/login", data={"username": email, "password": f"not the {PASSWORD}"})
    took = (time.perf_counter() - began) * 1000
    assert response.status_code == HTTPStatus.UNAUTHORIZED, response.text
    return took


async def measure(url: str) -> tuple[list[float], list[float]]:
    """Return the times of log-ins with unknown e-mails, and of those with a wrong password."""
    settings = Settings(
        _env_file=None,
        database_url=url,
        jwt_secret_key=SecretStr(secrets.token_hex(32)),
        bcrypt_rounds=ROUNDS,
        rate_limit_enabled=False,
    )
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url=BASE_URL) as client,
    ):
        await client.post("/auth/register", json={"email": EMAIL, "password": PASSWORD})
        await time_login(client, EMAIL)  # the first statement of each kind is prepared
        unknown: list[float] = []
        wrong: list[float] = []
        for number in range(LOGINS):
            # Each kind goes first every other time, so that no drift of the machine counts for one of them.
            for email, times in sorted([("nobody@example.com", unknown), (EMAIL, wrong)], reverse=number % 2 == 1):
                times.append(await time_login(client, email))
        return unknown, wrong


def main() -> None:
    """Start PostgreSQL, measure, print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "data", UNSAFE_BUT_FAST_OPTIONS) as postgres,
    ):
        url = postgres.url("todo")
        migrator.upgrade(url)
        unknown, wrong = asyncio.run(measure(url))
    print(f"unknown e-mail: {median(unknown):.1f} ms (median of {len(unknown)})")
    print(f"wrong password: {median(wrong):.1f} ms (median of {len(wrong)})")
    print(f"ratio: {median(unknown) / median(wrong):.3f}")


if __name__ == "__main__":
    main()
