"""The time of a rejected login, with an unknown e-mail address and with a wrong password (LOG-003, ACC-011).

    .venv/bin/python benchmarks/login_timing.py

The command runs in `backend/` and needs `scripts/bootstrap`. The application runs in the process of the benchmark, on
an embedded PostgreSQL, with the cost of passwords in production and without rate limits. The output is the median time
of both kinds of login, and their ratio. With a ratio near 1.00 the time does not show whether an account exists. Other
load on the machine adds noise.
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
"""The number of logins of each kind."""
ROUNDS = 12
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
BASE_URL = "https://todo.test/api/v1"


async def time_login(client: AsyncClient, email: str) -> float:
    """Log in with a wrong password, and return the time of the 401 in milliseconds."""
    started_at = time.perf_counter()
    response = await client.post("/auth/login", data={"username": email, "password": f"not the {PASSWORD}"})
    milliseconds = (time.perf_counter() - started_at) * 1000
    assert response.status_code == HTTPStatus.UNAUTHORIZED, response.text
    return milliseconds


async def measure(url: str) -> tuple[list[float], list[float]]:
    """Return the times of logins with an unknown e-mail address, and with a wrong password."""
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
        await time_login(client, EMAIL)  # The first login prepares the statements.
        unknown: list[float] = []
        wrong: list[float] = []
        for number in range(LOGINS):
            # The order alternates, so that a drift of the machine affects both kinds equally.
            for email, times in sorted([("nobody@example.com", unknown), (EMAIL, wrong)], reverse=number % 2 == 1):
                times.append(await time_login(client, email))
        return unknown, wrong


def main() -> None:
    """Start PostgreSQL, measure, and print the times."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "data", UNSAFE_BUT_FAST_OPTIONS) as postgres,
    ):
        url = postgres.url()
        migrator.upgrade(url)
        unknown, wrong = asyncio.run(measure(url))
    print(f"unknown e-mail: {median(unknown):.1f} ms (median of {len(unknown)})")
    print(f"wrong password: {median(wrong):.1f} ms (median of {len(wrong)})")
    print(f"ratio: {median(unknown) / median(wrong):.3f}")


if __name__ == "__main__":
    main()
