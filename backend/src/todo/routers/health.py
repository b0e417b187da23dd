"""Probes: whether the process is alive, and whether it can serve requests."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.resources import Session
from todo.http.openapi import errors
from todo.http.resource_route import operation_id
from todo.services.readiness import (
    DatabaseUnreachableError,
    DatabaseUnsupportedError,
    MigrationsPendingError,
    check_readiness,
)

router = APIRouter(tags=["health"], route_class=DeclaredRoute, generate_unique_id_function=operation_id)


class Health(BaseModel):
    """The state of the process."""

    status: Literal["healthy"]


class Readiness(BaseModel):
    """The state of the process and of its database."""

    status: Literal["ready"]


@router.get("/health")
async def get_health() -> Health:
    """Respond if the process is alive. The database is not queried, so an outage of it causes no restart."""
    return Health(status="healthy")


@router.get("/ready", responses=errors(DatabaseUnreachableError, DatabaseUnsupportedError, MigrationsPendingError))
async def get_readiness(session: Session) -> Readiness:
    """Respond if requests can be served: the database responds within two seconds and has all migrations."""
    await check_readiness(session)
    return Readiness(status="ready")
