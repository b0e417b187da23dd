"""Conditional writes: the entity tags of an `If-Match` header (RFC 9110, section 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from todo.core.errors import PreconditionFailedError
from todo.http.openapi import raises
from todo.services.shared.versions import EntityTags

ENTITY_TAG = re.compile(r'"([1-9][0-9]{0,17}(?:-[0-9a-f]{12})?)"')


@raises(PreconditionFailedError)
async def get_entity_tags(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            description='The `ETag` that you read, such as `"3"`. If the resource has another version, the response '
            "is 412. `*` accepts any version."
        ),
    ] = None,
) -> EntityTags | None:
    """Return the entity tags that a write accepts, or None for any.

    A tag that is a version alone accepts the resource whatever else its entity tag shows.

    A weak tag, and a tag of another form, matches no resource.
    """
    if if_match is None:
        return None
    # Several headers count as one list (RFC 9110, section 5.3).
    header = ",".join(request.headers.getlist("If-Match"))
    if header.strip() == "*":
        return None
    tags = (ENTITY_TAG.fullmatch(tag.strip()) for tag in header.split(","))
    return frozenset(tag[1] for tag in tags if tag)


IfMatch = Annotated[EntityTags | None, Depends(get_entity_tags)]
