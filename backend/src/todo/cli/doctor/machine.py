"""Checks of settings, files, the port and the limits of this machine."""

import resource
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from todo.cli.doctor.finding import Finding, ok, problem, warning
from todo.cli.secret_file import SECRET_FILE
from todo.cli.service_manager import local_address, responds
from todo.core.config import ENV_FILE, Settings, find_misspelt_variables
from todo.core.setting_values import SECRET_COMMAND

OTHERS = stat.S_IRWXG | stat.S_IRWXO
SPACE_WARNING, SPACE_PROBLEM = 2**30, 100 * 2**20
"""Free bytes below which there is a finding: 1 GiB and 100 MiB."""
BCRYPT_ROUNDS_MIN = 10


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Find settings that are misspelt, missing or risky."""
    name = "settings"
    yield ok(name, "All settings are valid")
    for variable, meant in find_misspelt_variables():
        yield warning(name, f"{variable} is not a setting of this service", f"Did you mean {meant}?")
    if settings.database_url is not None and settings.jwt_secret_key is None:
        yield problem(name, "DATABASE_URL is set, and JWT_SECRET_KEY is not", f"Generate one with: {SECRET_COMMAND}")
    if settings.jwt_secret_key_previous is not None:
        yield warning(name, "JWT_SECRET_KEY_PREVIOUS is set", "Remove it seven days after the change of the secret.")
    if settings.environment != "production":
        return
    risks = {
        "DEBUG is on": settings.debug,
        "COOKIE_SECURE is off": not settings.cookie_secure,
        "RATE_LIMIT_ENABLED is off": not settings.rate_limit_enabled,
        f"BCRYPT_ROUNDS is {settings.bcrypt_rounds}": settings.bcrypt_rounds < BCRYPT_ROUNDS_MIN,
    }
    for risk, is_present in risks.items():
        if is_present:
            yield warning(name, f"{risk} in production", "Remove the setting.")


def check_files(settings: Settings) -> Iterator[Finding]:
    """Find files that other users can read, and a lack of space."""
    name, folder = "files", settings.data_dir
    env_file = Path(ENV_FILE)
    if env_file.is_file() and _is_open(env_file):
        yield warning(name, f"Other users can access {env_file.absolute()}", f"Run: chmod 600 {env_file.absolute()}")
    if settings.database_url is not None:
        return
    if not folder.is_dir():
        yield ok(name, f"The data folder {folder} does not exist yet. `todo serve` creates it")
        return
    for path in (folder, folder / SECRET_FILE):
        if path.exists() and _is_open(path):
            mode = "700" if path.is_dir() else "600"
            yield problem(name, f"Other users can access {path}", f"Run: chmod {mode} {path}")
    free = shutil.disk_usage(folder).free
    message = f"{free // 2**20:,} MiB are free for {folder}"
    if free < SPACE_WARNING:
        report = problem if free < SPACE_PROBLEM else warning
        yield report(name, f"Only {message}", "Free some space. Without space PostgreSQL stops.")
    else:
        yield ok(name, message)


def check_open_files(settings: Settings) -> Iterator[Finding]:
    """Compare the limit of open files with the connections of a process."""
    name, needed = "open files", settings.max_connections + settings.db_pool_max + 100
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < needed:
        remedy = "Raise the limit (ulimit -n, or LimitNOFILE= of systemd), or lower MAX_CONNECTIONS."
        yield warning(name, f"A process may open {limit} files, and MAX_CONNECTIONS needs {needed}", remedy)
    else:
        yield ok(name, f"A process may open {'any number of' if limit == resource.RLIM_INFINITY else limit} files")


def check_port(settings: Settings) -> Iterator[Finding]:
    """Tell whether the service responds at its port, or whether the port is free."""
    name, address = "port", f"{settings.host}:{settings.port}"
    if responds(local_address(settings.host), settings.port):
        yield ok(name, f"A service responds at {address}")
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        remedy = "Stop the program that uses the port, or set PORT or HOST to another value."
        reason = str(error.strerror).partition(" (while")[0]
        yield problem(name, f"{address} cannot be used: {reason}", remedy)
    else:
        yield ok(name, f"No service runs at {address}, and the address is free")


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS)
