"""Holds every answer that a test gets to the contract: the shape its route promises, the status its error code stands for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Match, Route

from quill.routes.contract import Contract
from quill_schemas import ERRORS, validator


def kept_to_the_contract(app: Starlette) -> Callable[[httpx.Response], Awaitable[None]]:
    """A response hook for a client of this application."""

    async def check(answer: httpx.Response) -> None:
        if not answer.request.url.path.startswith("/api/"):
            return
        await answer.aread()
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        if answer.status_code >= 400:
            _refusal(answer)
        elif promised := _promised(app, answer.request):
            assert answer.headers["content-type"] == "application/json"
            assert validator(promised)(answer.json()) == []

    return check


def _refusal(answer: httpx.Response) -> None:
    said: dict[str, Any] = answer.json()
    assert validator("ErrorBody")(said) == []
    known = ERRORS[said["detail"]["error_code"]]
    assert known["status"] == answer.status_code < 500 or answer.status_code in (503, 507), said
    assert ("errors" in said["detail"]) == (said["detail"]["error_code"] == "invalid_request")
    if answer.status_code in (429, 503, 507):
        assert int(answer.headers["retry-after"]) > 0


def _promised(app: Starlette, request: httpx.Request) -> str | None:
    scope = {"type": "http", "method": request.method, "path": request.url.path, "headers": []}
    for route in app.routes:
        if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
            contract: Contract | None = getattr(route.endpoint, "contract", None)
            return contract.response if contract else None
    return None
