"""Disabling and enabling accounts as the operator does."""

from fastapi import FastAPI
from httpx import Response

from tests.support import Person
from todo.core.clock import utc_now
from todo.services.administration import service as administration


async def disable(app: FastAPI, person: Person) -> int:
    """Disable an account, and return how many login sessions were ended."""
    return await administration.disable_user(app.state.resources.database.session, person.id, utc_now())


async def enable(app: FastAPI, person: Person) -> None:
    """Enable an account."""
    await administration.enable_user(app.state.resources.database.session, person.id)


async def read_disabled_users(app: FastAPI) -> None:
    """Update the memory of a process, as its worker does every two seconds."""
    resources = app.state.resources
    await resources.disabled_users.read(resources.database.session, utc_now())


async def list_tasks(person: Person) -> Response:
    """Send a request that reads no login session."""
    return await person.client.get("/tasks")
