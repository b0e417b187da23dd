"""Whether the process is alive."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from todo.routers.resource_route import name_operation

router = APIRouter(tags=["health"], generate_unique_id_function=name_operation)


class Health(BaseModel):
    """The state of the process."""

    status: Literal["healthy"] = "healthy"


@router.get("/health")
async def get_health() -> Health:
    """Tell that the process is alive. Asks no database, so that a restart is not what a lost database leads to."""
    return Health()
