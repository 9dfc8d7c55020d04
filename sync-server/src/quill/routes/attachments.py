"""Uploading and reading files. Part addresses carry their own proof; everything else is authorised by cookie."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from quill.body import read_named
from quill.errors import ApiError
from quill.identity.guard import actor_of
from quill.routes.addressed import id_in
from quill.routes.contract import contract
from quill.services import services_of
from quill.sync.attachments import File

# Types a browser may be told; anything else is bytes.
SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "text/plain"})
MOST_PARTS = 10_000


@contract(request="AttachmentOpenRequest", response="AttachmentOpenResponse")
async def open_upload(request: Request) -> Response:
    """Opens the upload of an attachment of one's own, or renews its addresses."""
    actor = await actor_of(request)
    said = await read_named(request, "AttachmentOpenRequest")
    base = _base(request)
    parts = await services_of(request).attachments.open(actor, said["id"])
    headers = {"content-type": "application/octet-stream"}
    return _json({"parts": [{"part": part, "url": base + path, "headers": headers} for part, path in parts]})


async def put_part(request: Request) -> Response:
    """Takes the bytes of one part, at the address `open` gave; again is harmless."""
    attachment_id, part = id_in(request, "id"), _part(request)
    ticket = request.query_params.get("ticket", "")
    await services_of(request).attachments.put(attachment_id, part, ticket, request.stream())
    return Response(status_code=204)


@contract(response="AttachmentPartsResponse")
async def parts(request: Request) -> Response:
    """Which parts have arrived."""
    actor = await actor_of(request)
    arrived = await services_of(request).attachments.parts(actor, id_in(request, "id"))
    return _json({"parts": [{"part": one.part, "size": one.size, "sha256": one.sha256} for one in arrived]})


@contract(response="AttachmentCompleteResponse")
async def complete(request: Request) -> Response:
    """Checks size and SHA-256 of the whole; answers the new state."""
    actor = await actor_of(request)
    services = services_of(request)
    state = await services.attachments.complete(actor, id_in(request, "id"))
    return _json({"state": state})


async def content(request: Request) -> Response:
    """The bytes, once clean; to be saved, never to be shown in our origin."""
    actor = await actor_of(request)
    file, chunks = await services_of(request).attachments.content(actor, id_in(request, "id"))
    return StreamingResponse(chunks, headers=_headers(file))


def _headers(file: File) -> dict[str, str]:
    return {
        "content-type": file.media_type if file.media_type in SHOWN else "application/octet-stream",
        "content-length": str(file.size),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
    }


def _base(request: Request) -> str:
    """Our own origin as the client reached it, where it is one of ours."""
    host = request.headers.get("host", "")
    return next((origin for origin in services_of(request).settings.public_origins if urlsplit(origin).netloc == host), "")


def _part(request: Request) -> int:
    text: str = request.path_params["part"]
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= MOST_PARTS):
        raise ApiError("not_found")
    return int(text)


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


routes: list[BaseRoute] = [
    Route("/api/attachments", open_upload, methods=["POST"]),
    Route("/api/attachments/{id}/parts", parts, methods=["GET"]),
    Route("/api/attachments/{id}/parts/{part}", put_part, methods=["PUT"]),
    Route("/api/attachments/{id}/complete", complete, methods=["POST"]),
    Route("/api/attachments/{id}/content", content, methods=["GET"]),
]
