"""Generated requests to a running service, checked against its OpenAPI document."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.conftest import HTTP, LogIn, Start, environment
from tests.smtp import PUBLIC_URL, SENDER

CHECKS = """
# JSON Schema cannot express that a name is taken, or the syntax of an RRULE.
[checks.positive_data_acceptance]
enabled = false

# A dry run, and an import with `atomic=false`, report invalid rows with status 200.
[[operations]]
include-operation-id = "import_document"
checks.negative_data_rejection.enabled = false
"""
ENDS_THE_LOGIN_SESSION = "logout_all"
"""The excluded operation. After it, every operation that needs a login session returns 401."""
ENDLESS = "stream_events"
"""The operation whose response does not end."""


@pytest.mark.timeout(120)
@pytest.mark.spec("INP-009")
def test_generated_requests_get_declared_responses_without_5xx(start: Start, log_in: LogIn, tmp_path: Path) -> None:
    service = start(
        RATE_LIMIT_ENABLED="false",
        # The routes for mails need a mail server, which may be away.
        SMTP_URL="smtp://127.0.0.1:1",
        MAIL_FROM=SENDER,
        PUBLIC_URL=PUBLIC_URL,
    )
    authorization = log_in(service).headers["Authorization"]
    (tmp_path / "schemathesis.toml").write_text(CHECKS)

    process = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{service.url}/openapi.json"),
            *("--header", f"Authorization: {authorization}"),
            *("--exclude-operation-id", ENDS_THE_LOGIN_SESSION, "--exclude-operation-id", ENDLESS),
            *("--max-examples", "5", "--generation-deterministic", "--no-color"),
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    paths = HTTP.get(f"{service.url}/openapi.json").json()["paths"].values()
    expected = sum(len(operations) for operations in paths) - len([ENDS_THE_LOGIN_SESSION, ENDLESS])
    assert f"Tested: {expected}" in process.stdout
    assert re.search(r"✅ Fuzzing\s+✅ Stateful", process.stdout), process.stdout
