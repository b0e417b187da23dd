"""The time of a request for a password reset, for an address with an account and for an unknown one (MAI-011).

    .venv/bin/python benchmarks/reset_timing.py

The command runs in `backend/` and needs `scripts/bootstrap`. The application runs in the process of the benchmark, on
an embedded PostgreSQL that flushes each commit to the disk, without rate limits. The requests are paired, and the order
in each pair is random. The worker that sends mail does not run during the measurement. The output is the median time of
both kinds of request, the median difference of the pairs, and its standard error by resampling. Other load on the
machine adds noise.
"""

import asyncio
import random
import secrets
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from statistics import median, stdev

from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr

from todo.core.config import Settings
from todo.core.database import migrator
from todo.core.postgres.server import EmbeddedPostgres
from todo.main import create_app
from todo.workers import mailer

PAIRS = 2500
RESAMPLES = 200
BASE_URL = "https://todo.test/api/v1"
KNOWN, UNKNOWN = "ada@example.com", "eve@example.com"


async def time_request(client: AsyncClient, email: str) -> float:
    """Ask for a password reset, and return the time of the 202 in microseconds."""
    started_at = time.perf_counter()
    response = await client.post("/auth/password-reset", json={"email": email})
    microseconds = (time.perf_counter() - started_at) * 1e6
    assert response.status_code == HTTPStatus.ACCEPTED, response.text
    return microseconds


async def measure(url: str) -> list[tuple[float, float]]:
    """Return the times of pairs of requests: for the known and for the unknown address."""
    settings = Settings(
        _env_file=None,
        database_url=url,
        jwt_secret_key=SecretStr(secrets.token_hex(32)),
        bcrypt_rounds=4,
        rate_limit_enabled=False,
        smtp_url=SecretStr("smtp://127.0.0.1:1"),
        mail_from="todo@example.com",
        public_url="https://todo.example.com",
    )
    mailer.INTERVAL_SECONDS = 3600
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url=BASE_URL) as client,
    ):
        await client.post("/auth/register", json={"email": KNOWN, "password": "correct horse battery"})
        await time_request(client, KNOWN)  # The first request prepares the statement.
        pairs = []
        for _ in range(PAIRS):
            order = random.sample([KNOWN, UNKNOWN], 2)
            times = {email: await time_request(client, email) for email in order}
            pairs.append((times[KNOWN], times[UNKNOWN]))
        return pairs


def main() -> None:
    """Start PostgreSQL, measure, and print the times."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "data") as postgres:
        url = postgres.url()
        migrator.upgrade(url)
        pairs = asyncio.run(measure(url))
    differences = [known - unknown for known, unknown in pairs]
    samples = (random.choices(differences, k=PAIRS) for _ in range(RESAMPLES))  # noqa: S311 -- statistics
    error = stdev(median(sample) for sample in samples)
    print(f"known address:   {median(known for known, _ in pairs):.0f} µs (median of {PAIRS})")
    print(f"unknown address: {median(unknown for _, unknown in pairs):.0f} µs")
    print(f"difference:      {median(differences):+.1f} µs ± {error:.1f} µs (median of the pairs)")


if __name__ == "__main__":
    main()
