"""The table of the deployment."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import Column, PrimaryKeyConstraint, Uuid
from sqlmodel import Field

from todo.models.base import Base


class Deployment(Base, table=True):
    """The epoch of the database, in one row.

    A restored backup gets a new epoch. Sync tokens of another epoch are rejected, because the numbers of changes begin
    again where the backup was made.
    """

    __tablename__ = "deployment"
    __table_args__: ClassVar = (PrimaryKeyConstraint("epoch"),)

    epoch: UUID = Field(sa_column=Column(Uuid, nullable=False))
