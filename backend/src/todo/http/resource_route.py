"""What every resource's routes have in common, so that a new noun gets it by naming this class.

- Reads carry an `ETag`; with `If-None-Match` they answer 304 (RFC 9110, section 13.1.2).
- Writes with an `Idempotency-Key` happen once and are answered the same again
  (draft-ietf-httpapi-idempotency-key-header).
"""

from collections.abc import Callable, Coroutine
from hashlib import blake2b
from typing import Any

from fastapi import APIRouter, Request, Response, status
from fastapi.routing import APIRoute
from pydantic import BaseModel

from todo.core.database.session import Session
from todo.http.declared_route import REQUEST_HEADERS, DeclaredRoute, read_body
from todo.http.dependencies import API, AUTHENTICATED, SESSION, get_current_user, get_resources
from todo.http.errors import Responses, errors
from todo.services.idempotency import service as idempotency_service
from todo.services.idempotency.service import (
    IdempotencyKeyInUseError,
    IdempotencyKeyReusedError,
    InvalidIdempotencyKeyError,
    StoredAnswer,
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
KEY_HEADER = "Idempotency-Key"
IF_NONE_MATCH = "If-None-Match"
KEY_FIELD, IF_NONE_MATCH_FIELD = KEY_HEADER.lower().encode(), IF_NONE_MATCH.lower().encode()
ETAG_HEADER = {"ETag": {"description": "The version of what you got.", "schema": {"type": "string"}}}
REPLAYED_HEADER = {
    "Idempotency-Replayed": {"description": "`true`: this happened before.", "schema": {"type": "string"}},
    "ETag": {"description": "The version as it is now, of what has one.", "schema": {"type": "string"}},
}
NOT_MODIFIED: Responses = {304: {"description": "It is what you have.", "headers": ETAG_HEADER}}


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


class ResourceRoute(DeclaredRoute):
    """A route of a resource: revalidated when it reads, replayable when it writes."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        reads = options.get("methods") == ["GET"] or options.get("methods") == {"GET"}
        declared: Responses = {**(options.get("responses") or {})}
        declared |= NOT_MODIFIED if reads else _replay_errors(declared)
        success = options.get("status_code") or status.HTTP_200_OK
        declared[success] = {**declared.get(success, {}), "headers": ETAG_HEADER if reads else REPLAYED_HEADER}
        options["responses"] = declared
        header = _header(IF_NONE_MATCH if reads else KEY_HEADER)
        options["openapi_extra"] = {**(options.get("openapi_extra") or {}), "parameters": [header]}
        super().__init__(path, endpoint, **options)

    async def answer(self, request: Request) -> Response:
        """Answer with an ETag, or as this write was answered before."""
        if request.method == "GET":
            response = await self._tagged(request)
            asks = IF_NONE_MATCH_FIELD in request.scope[REQUEST_HEADERS]
            return _revalidated(request, response) if asks else response
        if KEY_FIELD not in request.scope[REQUEST_HEADERS]:
            return await self._tagged(request)
        # Two lines are no key: a line break does not print, so that they are refused.
        return await _once(request, "\n".join(request.headers.getlist(KEY_HEADER)), self._tagged)

    async def _tagged(self, request: Request) -> Response:
        """Tag what has a version with it; a GET of what has none, such as a list, is tagged by its content."""
        result, told = await self.call(request)
        version = result.get("version") if isinstance(result, dict) else None
        if version is not None:
            return self.render(result, told, (b"etag", b'"%d"' % version))
        response = self.render(result, told)
        if request.method == "GET":
            digest = blake2b(response.body, digest_size=12).hexdigest()
            response.raw_headers.append((b"etag", f'W/"{digest}"'.encode()))
        return response


def _revalidated(request: Request, response: Response) -> Response:
    known = ",".join(request.headers.getlist(IF_NONE_MATCH))
    tag = response.headers["ETag"]
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
    request_line = f"{request.method} {request.url.path}?{request.url.query}\n{request.headers.getlist('If-Match')}\n"
    fingerprints = resources.security.signer.digests(request_line.encode() + await read_body(request))
    # In turn for each user: a transaction holds a connection for as long as its twin, or a password, takes.
    async with resources.keyed_writes.take(caller.id), resources.database.session.transaction() as together:
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
