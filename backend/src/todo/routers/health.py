"""Whether the process is alive, and whether it can serve."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies import Session
from todo.http.errors import errors
from todo.http.resource_route import name_operation
from todo.services.readiness import DatabaseUnreachableError, MigrationsPendingError, check_readiness

router = APIRouter(tags=["health"], route_class=DeclaredRoute, generate_unique_id_function=name_operation)


class Health(BaseModel):
    """The state of the process."""

    status: Literal["healthy"] = "healthy"


class Readiness(BaseModel):
    """The state of the process and of its database."""

    status: Literal["ready"] = "ready"


@router.get("/health")
async def get_health() -> Health:
    """Tell that the process is alive. Asks no database, so that a restart is not what a lost database leads to."""
    return Health()


@router.get("/ready", responses=errors(DatabaseUnreachableError, MigrationsPendingError))
async def get_readiness(session: Session) -> Readiness:
    """Tell that requests can be served: the database answers within two seconds and lacks no migration."""
    await check_readiness(session)
    return Readiness()
