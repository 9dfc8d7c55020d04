from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from quill.postgres.sessions import SyncDatabase
from quill.settings import Settings

from .signed_in import Member, Server
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


@pytest_asyncio.fixture(scope="session")
async def server(settings: Settings) -> AsyncIterator[Server]:
    async with Server(settings).running() as server:
        yield server


@pytest_asyncio.fixture
async def member(server: Server, ward: Ward) -> AsyncIterator[Member]:
    """A clinician of ward a, signed in, with a device that said hello."""
    async with server.member(ward, "Clinician", team=ward.a) as member:
        yield member
