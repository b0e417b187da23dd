"""What every resource's routes have in common, so that a new noun gets it by naming this class.

- Reads carry an `ETag`; with `If-None-Match` they answer 304 (RFC 9110, section 13.1.2).
- Writes with an `Idempotency-Key` happen once and are answered the same again
  (draft-ietf-httpapi-idempotency-key-header).
"""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from hashlib import blake2b
from typing import Any

from fastapi import APIRouter, Request, Response, status
from fastapi.routing import APIRoute
from pydantic import BaseModel

from todo.core.database import Session
from todo.routers.dependencies import API, AUTHENTICATED, SESSION, get_current_user, get_resources
from todo.routers.error_handlers import Responses, errors
from todo.services import idempotency_service
from todo.services.idempotency_service import (
    IdempotencyKeyInUseError,
    IdempotencyKeyReusedError,
    InvalidIdempotencyKeyError,
    StoredAnswer,
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
KEY_HEADER = "Idempotency-Key"
IF_NONE_MATCH = "If-None-Match"
ETAG_HEADER = {"ETag": {"description": "The version of what you got.", "schema": {"type": "string"}}}
NOT_MODIFIED: Responses = {304: {"description": "It is what you have.", "headers": ETAG_HEADER}}

_version: ContextVar[int | None] = ContextVar("version")


def make_router(
    path: str, tag: str, *, route_class: type[APIRoute] | None = None, responses: Responses = AUTHENTICATED
) -> APIRouter:
    """Return a router for what lies below `/api/v1` and this path, for a user unless `responses` says otherwise."""
    return APIRouter(
        prefix=f"{API}{path}",
        tags=[tag],
        route_class=route_class or ResourceRoute,
        responses=responses,
        generate_unique_id_function=name_operation,
    )


def name_operation(route: APIRoute) -> str:
    """Return the operation's id in the OpenAPI document: the name of the function."""
    return route.name


class ResourceRoute(APIRoute):
    """A route of a resource: revalidated when it reads, replayable when it writes."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        reads = options.get("methods") == ["GET"] or options.get("methods") == {"GET"}
        described = NOT_MODIFIED if reads else _replay_errors(options.get("responses") or {})
        options["responses"] = {**(options.get("responses") or {}), **described}
        header = _header(IF_NONE_MATCH if reads else KEY_HEADER)
        options["openapi_extra"] = {**(options.get("openapi_extra") or {}), "parameters": [header]}
        super().__init__(path, _noting_version(endpoint), **options)

    def get_route_handler(self) -> Handler:
        """Return the handler of this route with what is described above around it."""
        handle = _tagging(super().get_route_handler())

        async def answer(request: Request) -> Response:
            if request.method == "GET":
                return _revalidated(request, await handle(request))
            keys = request.headers.getlist(KEY_HEADER)
            # Two lines are no key: a line break does not print, so that they are refused.
            return await _once(request, "\n".join(keys), handle) if keys else await handle(request)

        return answer


def _noting_version(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Note the version of what an endpoint returns; its answer is tagged with it."""

    @functools.wraps(endpoint)
    async def noting(*arguments: Any, **keywords: Any) -> Any:
        result = await endpoint(*arguments, **keywords)
        _version.set(getattr(result, "version", None))
        return result

    return noting


def _tagging(handle: Handler) -> Handler:
    """Give answers that have a version their ETag; a GET of what has none, such as a list, is tagged by its content."""

    async def tagged(request: Request) -> Response:
        reset = _version.set(None)
        try:
            response = await handle(request)
            if (version := _version.get()) is not None:
                response.headers["ETag"] = f'"{version}"'
            elif request.method == "GET" and response.status_code == status.HTTP_200_OK:
                response.headers["ETag"] = f'W/"{blake2b(bytes(response.body), digest_size=12).hexdigest()}"'
            return response
        finally:
            _version.reset(reset)

    return tagged


def _revalidated(request: Request, response: Response) -> Response:
    tag, known = response.headers.get("ETag"), ",".join(request.headers.getlist(IF_NONE_MATCH))
    if tag is None or not known:
        return response
    # Weak comparison, as the RFC has it for this header: what matters is what stands between the quotes.
    tags = {candidate.strip().removeprefix("W/") for candidate in known.split(",")}
    if known.strip() != "*" and tag.removeprefix("W/") not in tags:
        return response
    return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})


async def _once(request: Request, key: str, handle: Handler) -> Response:
    """Do the write in one transaction with its key and its answer, or repeat the answer it had."""
    resources = await get_resources(request)
    caller = await get_current_user(request)
    idempotency_service.check_key(key)
    request_line = f"{request.method} {request.url.path}?{request.url.query}\n{request.headers.get('If-Match', '')}\n"
    fingerprints = resources.security.signer.digests(request_line.encode() + await request.body())
    async with resources.database.session.transaction() as together:
        kept = await idempotency_service.claim_key(together, caller.id, key, fingerprints)
        if kept is not None:
            return _replay(kept)
        request.scope[SESSION] = together
        response = await handle(request)
        await _keep(together, caller.id, key, response)
    return response


async def _keep(session: Session, user_id: Any, key: str, response: Response) -> None:
    answer = StoredAnswer(
        status=response.status_code,
        content_type=response.headers.get("Content-Type"),
        etag=response.headers.get("ETag"),
        body=bytes(response.body),
    )
    await idempotency_service.store_answer(session, user_id, key, answer)


def _replay(answer: StoredAnswer) -> Response:
    headers = {"Idempotency-Replayed": "true"}
    if answer.etag is not None:
        headers["ETag"] = answer.etag
    return Response(answer.body, answer.status, headers, media_type=answer.content_type)


def merge_patch(schema: type[BaseModel]) -> dict[str, Any]:
    """Describe that a body of this schema may be sent as a JSON merge patch, which it is (RFC 7396)."""
    reference = {"schema": {"$ref": f"#/components/schemas/{schema.__name__}"}}
    return {"requestBody": {"content": {"application/merge-patch+json": reference}}}


def _header(name: str) -> dict[str, Any]:
    description = {
        IF_NONE_MATCH: "An `ETag` that you have; if it is still right the answer is 304 without a body.",
        KEY_HEADER: "A key of your own making (1-255 printable ASCII characters, say a UUID). The same request with "
        "the same key within 24 hours happens once and is answered the same, with `Idempotency-Replayed: true`.",
    }[name]
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}


def _replay_errors(declared: Responses) -> Responses:
    """Return the errors of keys, joined with those of the same status that the route declares itself."""
    joined = errors(InvalidIdempotencyKeyError, IdempotencyKeyInUseError, IdempotencyKeyReusedError)
    for code, response in joined.items():
        if code in declared:
            own = declared[code]
            response["description"] = f"{own['description']} · {response['description']}"
            response["content"]["application/json"]["examples"] = {
                **own["content"]["application/json"]["examples"],
                **response["content"]["application/json"]["examples"],
            }
    return joined
