from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn

from quill.guard import Guard
from quill.keys import Keys
from quill.main import application
from quill.postgres.sessions import SyncDatabase
from quill.services import Services
from quill.settings import Settings

from .members import Server
from .world import World


@pytest_asyncio.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[SyncDatabase]:
    database = SyncDatabase(settings.sync_dsn)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return Keys.of(settings.secret)


@pytest_asyncio.fixture
async def world(database: SyncDatabase, keys: Keys) -> World:
    return await World(database, keys).found()


@pytest_asyncio.fixture
async def demonstration(database: SyncDatabase, keys: Keys) -> World:
    return await World(database, keys).found(demonstration=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PWA as a build leaves it."""
    folder = tmp_path_factory.mktemp("dist")
    for path, text in {
        "index.html": "<!doctype html><title>Quill</title>",
        "service-worker.js": "self.x = 1",
        "assets/main-abc123.js": "export {}",
        "assets/main-abc123.js.gz": "packed",
        "public/index.html": "<!doctype html><title>Public</title>",
        "csp.txt": "default-src 'none'; script-src 'self'\n",
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest_asyncio.fixture(scope="session")
async def server(settings: Settings, built: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """The whole server behind a real socket, configured as ``quill serve`` configures it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        here = replace(settings, static_dir=built, public_origins=(origin,), objects_dir=tmp_path_factory.mktemp("objects"))
        async with serving(here, listening) as services:
            yield Server(origin, services)


@asynccontextmanager
async def serving(settings: Settings, listening: socket.socket) -> AsyncIterator[Services]:
    app = application(settings)
    config = uvicorn.Config(
        Guard(app), http="httptools", ws="websockets-sansio", ws_max_size=4096, log_level="warning", server_header=False
    )
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve(sockets=[listening]))
    async with asyncio.timeout(20):
        while not running.started:
            assert not task.done(), task.exception()
            await asyncio.sleep(0.01)
    try:
        yield app.state.services
    finally:
        running.should_exit = True
        await task
