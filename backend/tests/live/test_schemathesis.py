"""Generated requests against the running service, judged by its own OpenAPI document."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.conftest import LogIn, Start, environment

INEXPRESSIBLE = "positive_data_acceptance"
"""The one check left out: that a name is taken, or what an RRULE is, JSON Schema cannot say."""
ENDS_ITS_OWN_SESSION = "logout_all"
"""The one operation left out: after it, all that need a session answer 401, whatever else they would have done."""


@pytest.mark.timeout(120)
@pytest.mark.spec("INP-009")
def test_no_generated_request_gets_a_5xx_or_an_undeclared_answer(start: Start, log_in: LogIn, tmp_path: Path) -> None:
    service = start(RATE_LIMIT_ENABLED="false")
    authorization = log_in(service).headers["Authorization"]

    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{service.url}/openapi.json"),
            *("--header", f"Authorization: {authorization}"),
            *("--checks", "all", "--exclude-checks", INEXPRESSIBLE),
            *("--exclude-operation-id", ENDS_ITS_OWN_SESSION),
            *("--max-examples", "5", "--generation-deterministic", "--no-color"),
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: 30" in done.stdout
    assert re.search(r"✅ Fuzzing\s+✅ Stateful", done.stdout), done.stdout
