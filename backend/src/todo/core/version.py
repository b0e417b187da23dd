"""The name and the version of the distribution. The package and the command are named `todo`."""

from importlib.metadata import version

DISTRIBUTION = "todo-service"
"""The name on package indexes, where `todo` is another program."""


def service_version() -> str:
    """Return the version of the installed service, such as `0.1.0`."""
    return version(DISTRIBUTION)
