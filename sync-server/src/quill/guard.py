"""What holds for every request before any route sees it, and for every answer after.

Bodies are bounded and never compressed; answers of the API are never cached; a fault of ours is a 500 in the contract's
shape, logged by type and place only, since messages of the database can hold what a person wrote.
"""

from __future__ import annotations

import errno
import logging
import traceback
import uuid

import orjson
import psycopg
from psycopg_pool import PoolTimeout
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quill.errors import ApiError

log = logging.getLogger("quill")

LARGEST_BODY = 3 << 20  # bytes; a push may have 2 MiB and says so itself
LARGEST_PART = 16 << 20  # bytes of one part of an attachment
PARTS = "/api/attachments/"

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# An answer of the API is data: shown as a page by mistake, it may load and run nothing.
API = {"cache-control": "no-store", "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}


class Guard:
    """The outermost layer; everything else is inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        api = scope["path"].startswith("/api/")
        started = False

        async def headed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in EVERYWHERE.items():
                    headers.setdefault(name, value)
                if api:
                    for name, value in API.items():
                        headers.setdefault(name, value)
            await send(message)

        try:
            refused = _refused(scope)
            if refused is None:
                await self.app(scope, _bounded(scope, receive), headed)
                return
        except Exception as error:
            if started:  # the answer is half out: cutting it is all that is left
                raise
            refused = known_fault(error) or _unknown_fault(error)
        await answer(refused)(scope, receive, headed)


def answer(error: ApiError) -> Response:
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    return Response(orjson.dumps(error.body()), error.status, headers, "application/json")


def known_fault(error: Exception) -> ApiError | None:
    """What the world around us can do: say so and ask for another try, instead of calling it a mistake of ours."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, psycopg.errors.DiskFull | psycopg.errors.ReadOnlySqlTransaction):
        return ApiError("disk_full", retry_after=60)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):
        return ApiError("disk_full", retry_after=60)
    if isinstance(error, PoolTimeout | psycopg.OperationalError):
        return ApiError("not_ready", retry_after=2)
    return None


def _unknown_fault(error: Exception) -> ApiError:
    request_id = uuid.uuid4().hex
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s failed: %s\n%s", request_id, type(error).__name__, place)
    return ApiError("internal_error", request_id=request_id)


def _refused(scope: Scope) -> ApiError | None:
    headers = dict(scope["headers"])
    if headers.get(b"content-encoding", b"identity") != b"identity":
        return ApiError("unsupported_media_type", "Send it uncompressed.")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 15 or int(length) > _limit(scope):
        return ApiError("request_too_large")
    return None


def _limit(scope: Scope) -> int:
    return LARGEST_PART if scope["method"] == "PUT" and scope["path"].startswith(PARTS) else LARGEST_BODY


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """A body without a length is counted as it comes."""
    limit, got = _limit(scope), 0

    async def counted() -> Message:
        nonlocal got
        message = await receive()
        if message["type"] == "http.request":
            got += len(message.get("body", b""))
            if got > limit:
                raise ApiError("request_too_large")
        return message

    return counted
