from __future__ import annotations

import importlib.util
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from quill.keys import Keys
from quill.postgres.sessions import SyncDatabase
from quill.settings import Settings

# Helpers beside the tests: pytest's importlib mode puts no folder of ours on the path.
_spec = importlib.util.spec_from_file_location("world", Path(__file__).parent / "world.py")
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["world"] = _module
_spec.loader.exec_module(_module)


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
async def world(database: SyncDatabase, keys: Keys) -> Any:
    return await _module.World(database, keys).found()
