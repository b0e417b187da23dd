"""A page of a longer list."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """The items of one page and how many there are in all; `pages` is 0 when `total` is."""

    items: list[Item]
    total: int | None = Field(examples=[1], description="Null when it was not asked for.")
    page: int | None = Field(examples=[1], description="Null when the page was asked for by a cursor.")
    limit: int = Field(examples=[20])
    pages: int | None = Field(examples=[1], description="Null when the total is.")
    next_cursor: str | None = Field(
        examples=[None], description="What to send as `cursor` for what comes next, if any."
    )

    @classmethod
    def of(
        cls, items: list[Item], *, total: int | None, page: int | None, limit: int, next_cursor: str | None
    ) -> "Page[Item]":
        """Return the page, with the number of pages worked out."""
        pages = None if total is None else -(-total // limit)
        return cls(items=items, total=total, page=page, limit=limit, pages=pages, next_cursor=next_cursor)
