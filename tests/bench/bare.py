"""What the same stack does at the least: uvicorn, Starlette, psycopg, and nothing of what makes an answer right."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from quill.settings import Settings

RECORD = 1024
FILE = 1 << 16  # what Starlette streams a file in


def application(settings: Settings, organisation_id: str) -> Starlette:
    options = f"-c quill.organisation={organisation_id}"
    pool: Any = AsyncConnectionPool(settings.sync_dsn, kwargs={"autocommit": True, "options": options}, open=False)
    noise = os.urandom(FILE // 2).hex().encode()

    async def stream(request: Request) -> Response:
        """``bytes`` of them, in pieces of ``chunk``."""
        total, size = (int(request.query_params[name]) for name in ("bytes", "chunk"))

        async def body() -> AsyncIterator[bytes]:
            piece = noise[:size]
            for _ in range(total // size):
                yield piece
            yield piece[: total % size]

        return StreamingResponse(body(), media_type="application/json")

    async def look_up(request: Request) -> Response:
        async with pool.connection() as connection:
            found = await connection.execute(
                "SELECT bytes FROM entry WHERE organisation_id = %s AND id = %s",
                (organisation_id, request.query_params["id"]),
                prepare=True,
                binary=True,
            )
            row = await found.fetchone()
        return Response(row[0], media_type="application/json")

    async def nothing(_request: Request) -> Response:
        return Response(b'{"changes":[]}', media_type="application/json")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await pool.open(wait=True)
        yield
        await pool.close()

    routes = [Route("/stream", stream), Route("/look-up", look_up), Route("/nothing", nothing)]
    return Starlette(routes=routes, lifespan=lifespan)
