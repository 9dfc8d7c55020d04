"""``GET /api/health``: may this server be sent work?"""

from __future__ import annotations

import asyncio

import psycopg
from fastapi import APIRouter, Request
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import SQLAlchemyError

from quill.errors import ApiError
from quill.services import services_of

router = APIRouter()

PATIENCE = 2.0  # seconds


@router.get("/api/health")
async def health(request: Request) -> dict[str, str]:
    """``{"status": "ok"}``, or 503 ``not_ready`` with the reason."""
    try:
        async with asyncio.timeout(PATIENCE):
            services = services_of(request)
            await services.sync_database.ping()
            await services.auth_database.ping()
    except (TimeoutError, PoolTimeout, psycopg.Error, SQLAlchemyError):
        raise ApiError("not_ready", "The database does not answer.", retry_after=2) from None
    return {"status": "ok"}
