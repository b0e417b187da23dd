"""`todo doctor`: checks the installation, and says what to do."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

from todo.cli.doctor.finding import Finding, Level, problem
from todo.cli.doctor.machine import check_files, check_open_files, check_port, check_settings
from todo.cli.doctor.services import check_database, check_mail, check_redis
from todo.core.config import SettingsError, load_settings

CHECKS = (check_settings, check_files, check_open_files, check_port, check_database, check_redis, check_mail)
CONNECT_SECONDS = 10.0


def examine(options: argparse.Namespace) -> None:
    """Print all findings; exit with 1 if there is a problem."""
    findings = []
    for finding in find_all():
        findings.append(finding)
        if not options.json:
            print(f"{finding.level:8} {finding.check}: {finding.message}", flush=True)
            if finding.remedy:
                print(f"{'':8} → {finding.remedy}", flush=True)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    if any(finding.level is Level.PROBLEM for finding in findings):
        sys.exit(1)


def find_all() -> Iterator[Finding]:
    """Yield the findings of all checks. Invalid settings end the examination."""
    try:
        settings = load_settings()
    except SettingsError as error:
        for line in str(error).splitlines():
            yield problem("settings", line, "Correct the setting.")
        return
    seconds = min(settings.db_connection_timeout, CONNECT_SECONDS)
    settings = settings.model_copy(update={"db_connection_timeout": seconds})
    for check in CHECKS:
        yield from check(settings)
