from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from starlette.types import ASGIApp

from quill.guard import Guard
from quill.identity.identity import Identity
from quill.main import application
from quill.settings import Settings

from .people import Browser, Organisation, Person


@pytest_asyncio.fixture(scope="session")
async def server(settings: Settings) -> AsyncIterator[Any]:
    app = application(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def app(server: Any) -> ASGIApp:
    return Guard(server)


@pytest.fixture
def identity(server: Any) -> Identity:
    made: Identity = server.state.services.identity
    return made


@pytest_asyncio.fixture
async def organisation(identity: Identity) -> Organisation:
    return await Organisation(identity).found()


@pytest_asyncio.fixture
async def person(organisation: Organisation) -> Person:
    return await organisation.person()


@pytest_asyncio.fixture
async def browser(app: ASGIApp) -> AsyncIterator[Browser]:
    async with Browser(app) as browser:
        yield browser


@pytest.fixture
def another(app: ASGIApp) -> Callable[..., Browser]:
    return lambda **options: Browser(app, **options)
