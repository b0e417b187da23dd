"""Pages of lists."""

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from todo.domain.listing import PAGE_LIMIT_MAX, CursorText, PositiveInt
from todo.schemas.request import RequestModel

Item = TypeVar("Item")


class PageQuery(RequestModel):
    """Which page of a list to return."""

    page: Annotated[PositiveInt, Field(description="Counted from 1, which is the default.")] = 1
    limit: Annotated[
        PositiveInt,
        AfterValidator(lambda limit: min(limit, PAGE_LIMIT_MAX)),
        Field(description=f"Items per page; more than {PAGE_LIMIT_MAX} counts as {PAGE_LIMIT_MAX}. Default: 20."),
    ] = 20
    cursor: Annotated[
        CursorText | None,
        Field(
            description="The `next_cursor` of the previous page. The list continues after that page's last item, even "
            "if items were added or removed. Use it instead of `page`, with the same sort."
        ),
    ] = None
    total: Annotated[
        bool, Field(description="Whether to count all items, which is the default. Counting takes time.")
    ] = True


class CursorQuery(RequestModel):
    """Which part of a list to return. The list is in one order and has no total."""

    limit: Annotated[
        PositiveInt,
        AfterValidator(lambda limit: min(limit, PAGE_LIMIT_MAX)),
        Field(description=f"Entries per page; more than {PAGE_LIMIT_MAX} counts as {PAGE_LIMIT_MAX}. Default: 20."),
    ] = 20
    cursor: Annotated[
        CursorText | None, Field(description="The `next_cursor` of the previous page. Absent: the newest entries.")
    ] = None


class Page(TypedDict, Generic[Item]):
    """A page of items, and how many there are in all. `pages` is 0 when `total` is 0."""

    items: list[Item]
    total: Annotated[int | None, Field(examples=[1], description="Null if the request has `total=false`.")]
    page: Annotated[int | None, Field(examples=[1], description="Null if the request has a cursor.")]
    limit: Annotated[int, Field(examples=[20])]
    pages: Annotated[int | None, Field(examples=[1], description="Null if the total is null.")]
    next_cursor: Annotated[
        str | None, Field(examples=[None], description="The `cursor` of the next page; null on the last page.")
    ]


def make_page(
    items: list[Item], *, total: int | None, page: int | None, limit: int, next_cursor: str | None
) -> Page[Item]:
    """Return the page, with the number of pages."""
    pages = None if total is None else -(-total // limit)
    return Page(items=items, total=total, page=page, limit=limit, pages=pages, next_cursor=next_cursor)
