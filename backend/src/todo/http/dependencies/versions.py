"""Conditional writes: the entity tags of an `If-Match` header (RFC 9110, section 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from todo.core.errors import InvalidValueError, PreconditionFailedError
from todo.http.openapi import raises
from todo.services.shared.versions import EntityTags

ENTITY_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
"""An entity tag (RFC 9110, section 8.8.3). A proxy that compresses a response marks its tag as weak, with `W/`."""
ENTITY_TAGS = re.compile(rf"[ \t,]*{ENTITY_TAG}(?:[ \t]*,[ \t,]*{ENTITY_TAG})*[ \t,]*")
"""A list of entity tags, with empty elements (RFC 9110, section 5.6.1)."""
DOCUMENTED_TAGS = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
"""The header in the document: the same list without empty elements, or `*`."""
OPAQUE_TAG = re.compile(r'"([^"]*)"')
OUR_TAG = re.compile(r"([1-9][0-9]{0,17}(?:-[0-9a-f]{12})?)(?:-[0-9]{1,18}\.[0-9]{1,18})?")
"""A version, a digest of tags, and the numbers of subtasks, which a write does not compare."""


class InvalidIfMatchError(InvalidValueError):
    """If-Match must be the ETag that you read, with its quotes, such as "3", a list of such tags, or *"""

    code = "INVALID_IF_MATCH"
    field = "If-Match"


@raises(PreconditionFailedError, InvalidIfMatchError)
async def get_entity_tags(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            description='The `ETag` that you read, such as `"3"`. If the resource has another version, the response '
            "is 412. `*` accepts any version.",
            alias="If-Match",
            pattern=DOCUMENTED_TAGS,
        ),
    ] = None,
) -> EntityTags | None:
    """Return the entity tags that a write accepts, or None for any.

    A tag that is a version alone accepts the resource whatever else its entity tag shows. The numbers of subtasks in a
    tag are ignored, because they are no part of the task (ADR 0067). A weak tag is compared like a
    strong one (ADR 0024). A tag of another form matches no resource.

    Raises:
        InvalidIfMatchError: the header is not a list of entity tags.
    """
    if if_match is None:
        return None
    # Several headers count as one list (RFC 9110, section 5.3).
    header = ",".join(request.headers.getlist("If-Match"))
    if header.strip() == "*":
        return None
    tags = map(OUR_TAG.fullmatch, read_entity_tags(header))
    return frozenset(tag[1] for tag in tags if tag is not None)


def read_entity_tags(header: str) -> list[str]:
    """Return the opaque parts of the entity tags in a header, of weak and strong ones alike.

    Raises:
        InvalidIfMatchError: the header is not a list of entity tags, or the list is empty.
    """
    if not ENTITY_TAGS.fullmatch(header):
        raise InvalidIfMatchError
    return OPAQUE_TAG.findall(header)


IfMatch = Annotated[EntityTags | None, Depends(get_entity_tags)]
