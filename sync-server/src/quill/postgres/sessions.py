"""Connections to both databases, always as the application role, always within one organisation.

Row-level security lets a connection see only the organisation in ``quill.organisation``; none set means no rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

ORGANISATION_OF_SESSION = "SELECT set_config('quill.organisation', %s, false)"
ORGANISATION_OF_TRANSACTION = "SELECT set_config('quill.organisation', %s, true)"


class SyncConnection(AsyncConnection[TupleRow]):
    """A connection that remembers which organisation its session was set to."""

    organisation_id: str | None = None


class SyncDatabase:
    """A pool on ``quill_sync``. Open it before use, close it at the end."""

    def __init__(self, dsn: str, *, min_size: int = 2, max_size: int = 16, timeout: float = 10.0) -> None:
        self.dsn = dsn
        self._pool = AsyncConnectionPool(
            dsn,
            connection_class=SyncConnection,
            kwargs={"autocommit": True, "prepare_threshold": 1},
            configure=_plan_once,
            min_size=min_size,
            max_size=max_size,
            timeout=timeout,
            open=False,
        )

    async def open(self) -> None:
        await self._pool.open(wait=True, timeout=30)

    async def close(self) -> None:
        await self._pool.close()

    async def ping(self) -> None:
        async with self._pool.connection() as connection:
            await connection.execute("SELECT 1")

    @asynccontextmanager
    async def reading(self, organisation_id: str) -> AsyncIterator[SyncConnection]:
        """Autocommit: a transaction around one select would cost more than the select."""
        async with self._pool.connection() as connection:
            if connection.organisation_id != organisation_id:
                connection.organisation_id = None
                await connection.execute(ORGANISATION_OF_SESSION, (organisation_id,))
                connection.organisation_id = organisation_id
            yield connection

    @asynccontextmanager
    async def snapshot(self, organisation_id: str) -> AsyncIterator[SyncConnection]:
        """Several selects that see the same moment: REPEATABLE READ, read only."""
        async with self.reading(organisation_id) as connection:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield connection
            finally:
                await connection.rollback()

    @asynccontextmanager
    async def writing(self, organisation_id: str) -> AsyncIterator[SyncConnection]:
        """One READ COMMITTED transaction: committed at the end, rolled back on any error."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(ORGANISATION_OF_TRANSACTION, (organisation_id,))
            yield connection


async def _plan_once(connection: SyncConnection) -> None:
    """Each statement is planned when a connection first meets it, not each time it is asked: planning took most of a pull of
    one change. So the plan must be right for any values and any size of the tables: by the indexes (decision 13).
    """
    await connection.execute(_PLAN_ONCE)


_PLAN_ONCE = """
  SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false),
         set_config('enable_bitmapscan', 'off', false)"""


class AuthDatabase:
    """SQLAlchemy on ``quill_auth``."""

    def __init__(self, dsn: str) -> None:
        self.engine: AsyncEngine = create_async_engine(sqlalchemy_url(dsn), pool_size=4, max_overflow=8, pool_pre_ping=False)
        self.session: async_sessionmaker[AsyncSession] = async_sessionmaker(self.engine, expire_on_commit=False)

    async def close(self) -> None:
        await self.engine.dispose()

    async def ping(self) -> None:
        async with self.engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")


def sqlalchemy_url(dsn: str) -> URL:
    """A libpq string as SQLAlchemy wants it; everything but name, password and database goes as a query parameter."""
    parts: dict[str, Any] = conninfo_to_dict(dsn)
    user, password, database = (parts.pop(name, None) for name in ("user", "password", "dbname"))
    query = {name: str(value) for name, value in parts.items()}
    return URL.create("postgresql+psycopg", username=user, password=password, database=database, query=query)
