"""The live socket: a poke when something the person may see changed. Never content."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from quill.domain.actor import Actor
from quill.identity.guard import actor_of
from quill.routes.contract import contract, require_protocol
from quill.services import services_of
from quill.sync.live import Listener
from quill_schemas import LIMITS

SLOW = 10.0  # seconds a poke may wait for a reader
CHATTER = 10  # messages a client may send after its ticket; it has nothing to say
NORMAL, POLICY = 1000, 1008


@contract(response="LiveTicketResponse")
async def ticket(request: Request) -> Response:
    """For one socket, once, within seconds."""
    actor = await actor_of(request)
    require_protocol(request)
    made = {"ticket": services_of(request).hub.ticket(actor), "expires_in": LIMITS["ticket_seconds"]}
    return Response(orjson.dumps(made), media_type="application/json")


async def live(socket: WebSocket) -> None:
    """First message `{"ticket"}` within 10 s; then `{"head": n}` when something changed, `{"bye": reason}` at the end."""
    services = services_of(socket)
    origin = socket.headers.get("origin")
    if origin is not None and origin not in services.settings.public_origins:
        await socket.close(POLICY)  # before accept: 403
        return
    await socket.accept()
    actor = await _admitted(socket)
    if actor is None:
        await _bye(socket, "bad_ticket", POLICY)
        return
    listener = await services.hub.join(actor)
    reading = asyncio.create_task(_listen(socket, listener))
    try:
        await _tell(socket, listener)
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        pass  # it went, or reads too slowly to be kept
    finally:
        reading.cancel()
        services.hub.leave(listener)


async def _admitted(socket: WebSocket) -> Actor | None:
    try:
        async with asyncio.timeout(LIMITS["ticket_wait_seconds"]):
            said: Any = orjson.loads(await socket.receive_text())
        return services_of(socket).hub.take(said["ticket"])
    except (TimeoutError, ValueError, KeyError, TypeError, WebSocketDisconnect):
        return None


async def _tell(socket: WebSocket, listener: Listener) -> None:
    while True:
        message = await listener.next()
        if "bye" in message:
            await _bye(socket, str(message["bye"]), NORMAL if message["bye"] == "server_stops" else POLICY)
            return
        async with asyncio.timeout(SLOW):
            await socket.send_text(orjson.dumps(message).decode())


async def _listen(socket: WebSocket, listener: Listener) -> None:
    """Nothing a client sends means anything; one that goes on all the same is shown out."""
    try:
        for _ in range(CHATTER):
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                listener.bye("gone")
                return
        listener.bye("too_many_messages")
    except (WebSocketDisconnect, RuntimeError):
        listener.bye("gone")


async def _bye(socket: WebSocket, reason: str, code: int) -> None:
    try:
        async with asyncio.timeout(SLOW):
            await socket.send_text(orjson.dumps({"bye": reason}).decode())
            await socket.close(code)
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        return


routes: list[BaseRoute] = [
    Route("/api/sync/live/ticket", ticket, methods=["POST"]),
    WebSocketRoute("/api/sync/live", live),
]
