"""Push and verdicts, plain Starlette: the hot road."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quill.body import parse_json, read_bytes, read_named
from quill.identity.guard import actor_of
from quill.routes.contract import contract, require_protocol
from quill.routes.encoding import whole
from quill.services import services_of
from quill.sync.push import push
from quill.sync.verdicts import verdicts_of
from quill_schemas import LIMITS

DEEPEST = 100  # beyond it nothing can be made of an operation, not even kept


@contract(request="PushRequest", response="PushResponse")
async def push_operations(request: Request) -> Response:
    """A device's operations, in order; answers a verdict for each."""
    actor = await actor_of(request)
    require_protocol(request)
    services = services_of(request)
    said = readable(await read_bytes(request, LIMITS["max_bytes"]))
    return whole(request, await push(services.writers, services.keys, actor, said))


@contract(request="VerdictsRequest", response="VerdictsResponse")
async def verdicts(request: Request) -> Response:
    """The verdicts of one's own operations, for replies that were lost."""
    actor = await actor_of(request)
    require_protocol(request)
    said = await read_named(request, "VerdictsRequest")
    return whole(request, orjson.dumps(await verdicts_of(services_of(request).sync_database, actor, said["op_ids"])))


def readable(text: bytes) -> Any:
    """The JSON. What an operation may not hold but JSON can (fractions, large numbers, halves of characters) is its
    operation's fault and left in; ``invalid_json`` is for what can't be read, and for a key given twice.
    """
    try:
        value = orjson.loads(text)
        # Written again it is the same: so no key was there twice. As every client of ours sends it; others go the slow road.
        if orjson.dumps(value) == text:
            return value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    return parse_json(text, depth=DEEPEST, fractions=True)


routes = [
    Route("/api/sync/push", push_operations, methods=["POST"]),
    Route("/api/sync/verdicts", verdicts, methods=["POST"]),
]
