"""Hello and changes, plain Starlette: the hot road, without a framework's reading of types."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quill.body import read_named
from quill.errors import invalid_request
from quill.identity.guard import actor_of
from quill.routes.contract import contract, protocol_of, require_protocol
from quill.routes.encoding import streamed, whole
from quill.services import services_of
from quill.sync.changes import Changes
from quill.sync.hello import say_hello
from quill_schemas import LIMITS


@contract(request="HelloRequest", response="HelloResponse")
async def hello(request: Request) -> Response:
    """Registers the device and says where the log is; every protocol version may ask."""
    actor = await actor_of(request)
    said = await read_named(request, "HelloRequest")
    services = services_of(request)
    return whole(request, await say_hello(services.sync_database, services.keys, actor, said, protocol_of(request)))


@contract(
    response="ChangesResponse",
    query=(
        {"name": "cursor", "in": "query", "schema": {"type": "string"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": LIMITS["page_max"]}},
    ),
)
async def changes(request: Request) -> Response:
    """What the device doesn't have yet, one page."""
    actor = await actor_of(request)
    require_protocol(request)
    services = services_of(request)
    query = request.query_params
    pages = Changes(services.sync_database, services.keys, actor, services.hub)
    page = await pages.page(query.get("cursor"), _limit(query.get("limit")))
    return whole(request, page) if isinstance(page, bytes) else await streamed(request, page)


def _limit(text: str | None) -> int:
    if text is None:
        return LIMITS["page"]
    if text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= LIMITS["page_max"]:
        return int(text)
    raise invalid_request([("/limit", f"a number from 1 to {LIMITS['page_max']}")])


routes = [
    Route("/api/sync/changes", changes, methods=["GET"]),
    Route("/api/sync/hello", hello, methods=["POST"]),
]
