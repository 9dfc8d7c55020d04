"""Statements on ``quill_auth``, each within one organisation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.ext.asyncio import AsyncConnection

from quill.errors import ApiError
from quill.postgres.sessions import AuthDatabase
from quill.postgres.tables.auth import NOBODY, sign_in_event

SESSIONS_ENDED = "quill_session_ended"  # payload: a session's id


@asynccontextmanager
async def within(database: AuthDatabase, organisation_id: str = NOBODY, **asked: str) -> AsyncIterator[AsyncConnection]:
    """One transaction. ``asked``: what a policy that comes before the organisation is to show (``username="amara"``)."""
    try:
        async with database.engine.begin() as connection:
            await settle(connection, organisation=organisation_id, **asked)
            yield connection
    except DBAPIError as error:
        # The pool's connections can be dead after a restart of the database: the next try gets a new one.
        if isinstance(error.orig, psycopg.OperationalError):
            raise ApiError("not_ready", retry_after=2) from error
        raise
    except NoneFree as error:
        raise ApiError("not_ready", retry_after=2) from error


async def settle(connection: AsyncConnection, **asked: str) -> None:
    """Says for the rest of the transaction which rows it is about."""
    settings = ", ".join(f"set_config('quill.{name}', :{name}, true)" for name in asked)
    await connection.execute(text(f"SELECT {settings}"), asked)


async def record(
    connection: AsyncConnection,
    organisation_id: str,
    event: str,
    address: str,
    *,
    account_id: str | None = None,
    session_id: str | None = None,
    detail: str | None = None,
) -> None:
    """Adds to what is known of sign-ins."""
    values: dict[str, Any] = {
        "organisation_id": organisation_id,
        "event": event,
        "address": address,
        "account_id": account_id,
        "session_id": session_id,
        "detail": detail,
    }
    await connection.execute(insert(sign_in_event).values(values))
