"""What a plain route takes and gives, for ``/api/openapi.json``; FastAPI's routes say it by their types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from quill.errors import ApiError
from quill_schemas import PROTOCOL_FLOOR

E = TypeVar("E", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True, slots=True)
class Contract:
    """Names of schema types; ``query`` holds OpenAPI parameter objects."""

    request: str | None
    response: str | None
    query: tuple[dict[str, Any], ...]


def contract(
    *, request: str | None = None, response: str | None = None, query: tuple[dict[str, Any], ...] = ()
) -> Callable[[E], E]:
    def mark(endpoint: E) -> E:
        endpoint.__dict__["contract"] = Contract(request, response, query)
        return endpoint

    return mark


def protocol_of(request: Request) -> int:
    """The version in ``X-Quill-Protocol``; 0 where it is missing or no number."""
    text = request.headers.get("x-quill-protocol", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def require_protocol(request: Request) -> None:
    """Raises 426 ``protocol_too_old`` below the floor."""
    if protocol_of(request) < PROTOCOL_FLOOR:
        raise ApiError("protocol_too_old")
