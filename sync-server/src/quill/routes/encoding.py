"""Answers in zstd or gzip, at the levels that cost less than the bytes they save (zstd 1, gzip 1)."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Protocol

import zstandard
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

WORTH_IT = 1024  # bytes
JSON = "application/json"


class Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def whole(request: Request, body: bytes) -> Response:
    encoding, compressor = _chosen(request) if len(body) >= WORTH_IT else (None, None)
    if encoding is None or compressor is None:
        return Response(body, media_type=JSON, headers={"vary": "accept-encoding"})
    packed = compressor.compress(body) + compressor.flush()
    return Response(packed, media_type=JSON, headers={"content-encoding": encoding, "vary": "accept-encoding"})


async def streamed(request: Request, chunks: AsyncIterator[bytes]) -> Response:
    """The first chunk is awaited here, so that what is wrong with the request is still an answer of its own."""
    ahead = _ahead(chunks)
    first = await anext(ahead, b"")
    encoding, compressor = _chosen(request)
    headers = {"vary": "accept-encoding"} | ({"content-encoding": encoding} if encoding else {})
    return StreamingResponse(_packed(first, ahead, compressor), media_type=JSON, headers=headers)


async def _packed(first: bytes, rest: AsyncIterator[bytes], compressor: Compressor | None) -> AsyncIterator[bytes]:
    if compressor is None:
        yield first
        async for chunk in rest:
            yield chunk
        return
    packed = compressor.compress(first)
    async for chunk in rest:
        if packed:
            yield packed
        packed = compressor.compress(chunk)
    yield packed + compressor.flush()


async def _ahead(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Reads ahead of a slow client, so that it never holds a connection of ours; a page is bounded, so this is too."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def fill() -> None:
        try:
            async for chunk in chunks:
                queue.put_nowait(chunk)
        finally:
            queue.put_nowait(None)

    task = asyncio.create_task(fill())
    try:
        while (chunk := await queue.get()) is not None:
            yield chunk
        await task
    finally:
        task.cancel()


def _chosen(request: Request) -> tuple[str | None, Compressor | None]:
    accepted = {name for name, refused in map(_offer, request.headers.get("accept-encoding", "").split(",")) if not refused}
    if "zstd" in accepted:
        return "zstd", zstandard.ZstdCompressor(level=1).compressobj()
    if "gzip" in accepted:
        return "gzip", zlib.compressobj(1, zlib.DEFLATED, 31)
    return None, None


def _offer(item: str) -> tuple[str, bool]:
    name, _, quality = item.partition(";")
    return name.strip().lower(), quality.replace(" ", "").lower() in ("q=0", "q=0.0", "q=0.00", "q=0.000")
