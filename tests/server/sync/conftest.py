from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from quill.postgres.sessions import SyncDatabase
from quill.settings import Settings

from .ward import Ward


@pytest_asyncio.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[SyncDatabase]:
    database = SyncDatabase(settings.sync_dsn)
    await database.open()
    yield database
    await database.close()


@pytest_asyncio.fixture
async def ward(database: SyncDatabase) -> Ward:
    return await Ward(database).found()
