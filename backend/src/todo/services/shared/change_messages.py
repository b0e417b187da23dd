"""Announcements as text for other processes: the sender, and the last number of each changed user."""

from collections.abc import Iterator, Mapping
from uuid import UUID

USERS_MAX = 140
"""Users in one text. A user has at most 53 characters, and a notification less than 8000."""


def write_messages(sender: str, seqs: Mapping[UUID, int]) -> Iterator[str]:
    """Yield texts that together have the numbers of all users.

    Args:
        sender: the id of this process, in hexadecimal digits.
        seqs: the last number of each user.
    """
    entries = [f"{user_id.hex}:{seq}" for user_id, seq in seqs.items()]
    for start in range(0, len(entries), USERS_MAX):
        yield " ".join([sender, *entries[start : start + USERS_MAX]])


def read_message(text: str) -> dict[UUID, int]:
    """Return the numbers.

    Raises:
        ValueError: `write_messages` did not write the text.
    """
    _sender, *entries = text.split(" ")
    pairs = (entry.split(":") for entry in entries)
    return {UUID(hex=user_id): int(seq) for user_id, seq in pairs}
