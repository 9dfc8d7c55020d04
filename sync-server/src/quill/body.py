"""Reading a request's JSON: bounded, strict, each key once."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from quill.errors import ApiError, invalid_request
from quill_schemas import LIMITS, validator


async def read_bytes(request: Request, limit: int) -> bytes:
    """The body of a request that says it is JSON. Raises 415, and 413 as soon as it is over ``limit`` bytes."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError("unsupported_media_type")
    parts: list[bytes] = []
    room = limit
    async for part in request.stream():
        room -= len(part)
        if room < 0:
            raise ApiError("request_too_large")
        parts.append(part)
    return b"".join(parts)


async def read_json(request: Request, *, limit: int) -> Any:
    """The body as JSON (RFC 8259, integers only). Raises 415, 413 above ``limit`` bytes, 422 ``invalid_json``."""
    return parse_json(await read_bytes(request, limit))


async def read_named(request: Request, name: str, *, limit: int = 64 << 10) -> Any:
    """The body as the schema type ``name`` has it; raises 422 with each fault's path."""
    value = await read_json(request, limit=limit)
    faults = validator(name)(value)
    if faults:
        raise invalid_request(faults)
    return value


def parse_json(text: bytes, *, depth: int = LIMITS["max_depth"], fractions: bool = False) -> Any:
    """Each key once, nothing nested deeper than ``depth``, numbers with a fraction only where told. ``invalid_json``."""
    try:
        value = json.loads(
            text.decode(), object_pairs_hook=_once, parse_constant=_refuse, parse_float=float if fractions else _refuse
        )
        _check_depth(value, depth)
    except (ValueError, RecursionError):
        raise ApiError("invalid_json") from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    return made


def _refuse(text: str) -> Any:
    raise ValueError(f"not a number we take: {text[:20]}")


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, dict | list):
        if not left:
            raise ValueError("nested too deep")
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, left - 1)
