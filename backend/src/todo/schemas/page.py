"""A page of a longer list."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """The items of one page and how many there are in all; `pages` is 0 when `total` is."""

    items: list[Item]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    limit: int = Field(examples=[20])
    pages: int = Field(examples=[1])

    @classmethod
    def of(cls, items: list[Item], total: int, page: int, limit: int) -> "Page[Item]":
        """Return the page, with the number of pages worked out."""
        return cls(items=items, total=total, page=page, limit=limit, pages=-(-total // limit))
