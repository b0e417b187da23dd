"""Sync in requests and responses."""

from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from todo.domain.changes import SYNC_LIMIT_MAX, WAIT_MAX_SECONDS, SyncTokenText, WaitSeconds
from todo.domain.listing import PositiveInt
from todo.schemas.changes.resources import Synced
from todo.schemas.request import RequestModel

NEXT_EXAMPLE = "VKBM6-qDzEU4uRDoZA9Mcm8tHAsfDkpXnD4tm28MehEAAAAAAAAAKgAAAAAAAAAA"


class SyncQuery(RequestModel):
    """Which changes to return, how many, and how long to wait for them."""

    since: Annotated[
        SyncTokenText | None,
        Field(description="The `next` of the page before. Without it the sync is full and returns everything."),
    ] = None
    limit: Annotated[
        PositiveInt,
        AfterValidator(lambda limit: min(limit, SYNC_LIMIT_MAX)),
        Field(
            description="Changes per page; more than 1000 counts as 1000. The changes of one request are on one page, "
            "so a page can be longer. Default: 500."
        ),
    ] = 500
    wait: Annotated[
        WaitSeconds,
        Field(
            description="If nothing has changed, how many seconds the response waits for a change; more than "
            f"{WAIT_MAX_SECONDS} counts as {WAIT_MAX_SECONDS}. Default: 0."
        ),
    ] = 0


class SyncPage(TypedDict):
    """A page of resources in their current state, each once.

    Your copy is consistent when `has_more` is false.
    """

    items: list[Synced]
    next: Annotated[str, Field(description="The token for the next request.", examples=[NEXT_EXAMPLE])]
    has_more: Annotated[
        bool, Field(description="Whether more changes exist. Request the next page at once.", examples=[False])
    ]
    full: Annotated[
        bool,
        Field(
            description="Whether the page belongs to a full sync. Its pages together replace your copy.",
            examples=[False],
        ),
    ]
