"""Invitations as the command prints them."""

from datetime import datetime

from typing_extensions import TypedDict


class InvitationCreated(TypedDict):
    """A new invitation with its code."""

    invitation: str
    expires_at: datetime
