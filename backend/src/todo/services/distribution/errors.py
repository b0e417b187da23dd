"""Errors of the distribution."""


class CannotDistributeError(Exception):
    """The tables cannot be distributed. The message has the reason and the remedy."""
