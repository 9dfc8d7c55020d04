"""Push and verdicts, plain Starlette: the hot road."""

from __future__ import annotations

import json
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quill.body import read_named
from quill.errors import ApiError
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
    said = readable(await _body(request))
    return whole(request, await push(services.writers, services.keys, actor, said))


@contract(request="VerdictsRequest", response="VerdictsResponse")
async def verdicts(request: Request) -> Response:
    """The verdicts of one's own operations, for replies that were lost."""
    actor = await actor_of(request)
    require_protocol(request)
    said = await read_named(request, "VerdictsRequest")
    return whole(request, orjson.dumps(await verdicts_of(services_of(request).sync_database, actor, said["op_ids"])))


async def _body(request: Request) -> bytes:
    """Raises 415 for anything but plain JSON, 413 as soon as it is over 2 MiB."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" or request.headers.get("content-encoding", "identity") != "identity":
        raise ApiError("unsupported_media_type")
    parts: list[bytes] = []
    room = LIMITS["max_bytes"]
    async for part in request.stream():
        room -= len(part)
        if room < 0:
            raise ApiError("request_too_large")
        parts.append(part)
    return b"".join(parts)


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
    try:
        value = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_refuse)
        _check_depth(value, DEEPEST)
    except (ValueError, RecursionError):
        raise ApiError("invalid_json") from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    return made


def _refuse(text: str) -> Any:
    raise ValueError(f"not JSON: {text}")


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, dict | list):
        if not left:
            raise ValueError("nested too deep")
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, left - 1)


routes = [
    Route("/api/sync/push", push_operations, methods=["POST"]),
    Route("/api/sync/verdicts", verdicts, methods=["POST"]),
]
