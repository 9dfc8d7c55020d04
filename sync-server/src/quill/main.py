"""The composition root: every real part is built here and only here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from quill.clinical.objects.files import FileStore
from quill.errors import ApiError, invalid_request
from quill.guard import Guard, answer
from quill.identity.identity import Identity
from quill.keys import Keys
from quill.postgres.sessions import AuthDatabase, SyncDatabase
from quill.routes import attachments, auth, conflicts, health, live, patients, push, sync
from quill.routes.openapi import Documents
from quill.routes.static import Site
from quill.services import Services
from quill.settings import Settings
from quill.sync.attachments import Attachments
from quill.sync.live import Hub
from quill.sync.people import keep_person
from quill.sync.writer import Writers


def build(settings: Settings) -> ASGIApp:
    """The whole server as one ASGI application; its lifespan opens and closes what needs it."""
    return Guard(application(settings))


def application(settings: Settings) -> FastAPI:
    sync_database, auth_database = SyncDatabase(settings.sync_dsn), AuthDatabase(settings.auth_dsn)
    keys = Keys.of(settings.secret)
    identity = Identity(settings, auth_database, partial(keep_person, sync_database))
    hub = Hub(sync_database, identity.held.ended_among)
    services = Services(
        settings=settings,
        keys=keys,
        sync_database=sync_database,
        auth_database=auth_database,
        identity=identity,
        hub=hub,
        writers=Writers(sync_database, hub.changed),
        attachments=Attachments(sync_database, FileStore(settings.objects_dir), keys.links),
        site=Site(settings.static_dir),
    )
    app = FastAPI(title="Quill", lifespan=_lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    # In the order they are most often asked for; the app's own addresses take what is left.
    for routes in (sync.routes, push.routes, live.routes, auth.routes, attachments.routes, conflicts.routes, patients.routes):
        app.router.routes.extend(routes)
    app.include_router(health.router)
    app.router.routes.extend(Documents(app).routes())
    app.router.routes.extend(services.site.routes())
    app.add_exception_handler(ApiError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_request)
    app.add_exception_handler(HTTPException, _refuse_http)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    async with AsyncExitStack() as stack:
        await services.sync_database.open()
        stack.push_async_callback(services.sync_database.close)
        stack.push_async_callback(services.auth_database.close)
        await services.identity.start()
        stack.push_async_callback(services.identity.stop)
        await services.hub.start()
        stack.push_async_callback(services.hub.stop)
        stack.push_async_callback(services.writers.close)
        yield


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return answer(error)


async def _refuse_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        return answer(ApiError("invalid_json"))
    return answer(invalid_request([(_pointer(fault["loc"]), str(fault["msg"])) for fault in error.errors()]))


async def _refuse_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large", 415: "unsupported_media_type"}
    refused = answer(ApiError(codes.get(error.status_code, "invalid_request")))
    refused.headers.update(error.headers or {})
    return refused


def _pointer(location: tuple[int | str, ...]) -> str:
    """FastAPI's ``("body", "a", 0)`` as a JSON Pointer into what was sent."""
    inside = location[1:] if location and location[0] in ("body", "query", "path", "header", "cookie") else location
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in inside)
