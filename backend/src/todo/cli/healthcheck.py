"""`todo healthcheck`: asks the service on this machine whether it responds."""

import argparse
from http.client import HTTPConnection, HTTPException

from todo.cli.database import UsageError
from todo.cli.service_manager import local_address
from todo.core.config import load_settings

TIMEOUT_SECONDS = 4.0


def check_health(options: argparse.Namespace) -> None:
    """Print that the service responds.

    Raises:
        UsageError: it does not respond, or the response is no success.
    """
    settings = load_settings()
    path = "/ready" if options.ready else "/health"
    url = f"http://{settings.host}:{settings.port}{path}"
    # Below ROOT_PATH too, because the proxy removes that path.
    connection = HTTPConnection(local_address(settings.host), settings.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        raise UsageError(f"The service does not respond at {url}: {error}. Start it with: todo serve") from error
    finally:
        connection.close()
    if response.status != 200:  # noqa: PLR2004 -- OK
        raise UsageError(f"The response of {url} is {response.status}: {body}")
    print(f"{url} responds: {body}")
