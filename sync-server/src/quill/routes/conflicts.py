"""Conflicts, for a client without a vault."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quill.body import read_named
from quill.errors import invalid_request
from quill.identity.guard import actor_of
from quill.routes.addressed import id_in, now
from quill.routes.contract import contract
from quill.routes.encoding import whole
from quill.services import services_of
from quill.sync import conflicts

STATUSES = ("open", "resolved")


@contract(
    response="ConflictListResponse",
    query=({"name": "status", "in": "query", "schema": {"type": "string", "enum": list(STATUSES)}},),
)
async def list_all(request: Request) -> Response:
    """What waits for a person (or, with status=resolved, what was decided), of what one may see."""
    actor = await actor_of(request)
    status = request.query_params.get("status", "open")
    if status not in STATUSES:
        raise invalid_request([("/status", "open or resolved")])
    found = await conflicts.list_conflicts(services_of(request).sync_database, actor, status)
    return whole(request, orjson.dumps({"conflicts": found}))


@contract(response="ConflictRecord")
async def one(request: Request) -> Response:
    """One conflict, with base, theirs and mine side by side."""
    actor = await actor_of(request)
    found = await conflicts.conflict_of(services_of(request).sync_database, actor, id_in(request, "id"))
    return whole(request, orjson.dumps(found))


@contract(request="ResolveRequest", response="Verdict")
async def resolve(request: Request) -> Response:
    """Decides a conflict. 409 with the conflict as it is now where it moved on."""
    actor = await actor_of(request)
    said = await read_named(request, "ResolveRequest", limit=1 << 20)
    return whole(request, await conflicts.resolve(services_of(request).writers, actor, id_in(request, "id"), said, now()))


@contract(request="ReturnRequest", response="Verdict")
async def give_back(request: Request) -> Response:
    """Gives a conflict back to its author; it stays open."""
    actor = await actor_of(request)
    said = await read_named(request, "ReturnRequest")
    return whole(request, await conflicts.give_back(services_of(request).writers, actor, id_in(request, "id"), said, now()))


routes = [
    Route("/api/conflicts", list_all, methods=["GET"]),
    Route("/api/conflicts/{id}", one, methods=["GET"]),
    Route("/api/conflicts/{id}/resolve", resolve, methods=["POST"]),
    Route("/api/conflicts/{id}/return", give_back, methods=["POST"]),
]
