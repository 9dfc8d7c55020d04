"""Signing in and out. The cookies are the contract's; see ``quill.identity`` for what they stand for."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quill.body import read_named
from quill.domain.actor import Actor
from quill.identity import cookies
from quill.identity.channel import Channel, address_of
from quill.identity.guard import actor_of, identity_of
from quill.identity.sessions import Caller
from quill.identity.sign_in import SignedIn, sign_in, sign_out
from quill.identity.sign_in import refresh as go_on
from quill.routes.contract import contract
from quill.services import services_of
from quill.sync.people import teams_of

LONGEST_USER_AGENT = 300  # characters kept


@contract(request="LoginRequest", response="Me")
async def login(request: Request) -> Response:
    """Starts a session and gives its cookies."""
    identity = identity_of(request)
    channel = identity.channels.of(request)
    said = await read_named(request, "LoginRequest")
    signed_in = await sign_in(identity, channel, _caller(request), said["username"], said["password"], said.get("totp_code"))
    return await _answer(request, signed_in, channel)


@contract(response="Me")
async def refresh(request: Request) -> Response:
    """Goes on with a session: fresh cookies for the refresh token, which is used up by it."""
    identity = identity_of(request)
    channel = identity.channels.of(request)
    token = cookies.read(request.headers.getlist("cookie"), cookies.REFRESH)
    signed_in = await go_on(identity, _caller(request), request.headers.get("x-csrf-token"), token)
    return await _answer(request, signed_in, channel)


@contract()
async def logout(request: Request) -> Response:
    """Ends the session and takes its cookies back. What is on the device stays there."""
    identity = identity_of(request)
    channel = identity.channels.of(request)
    await sign_out(identity, _caller(request), request.headers.get("x-csrf-token"))
    response = Response(orjson.dumps({"status": "ok"}), media_type="application/json")
    cookies.take_back(response, secure=channel.secure)
    return response


@contract(response="Me")
async def me(request: Request) -> Response:
    """Who is signed in."""
    return Response(await _me(request, await actor_of(request)), media_type="application/json")


async def _me(request: Request, actor: Actor) -> bytes:
    team_ids, organisation_name = await teams_of(services_of(request).sync_database, actor)
    return orjson.dumps(
        {
            "user_id": actor.user_id,
            "username": actor.username,
            "name": actor.name,
            "roles": sorted(actor.roles),
            "organisation_id": actor.organisation_id,
            "organisation_name": organisation_name,
            "team_ids": team_ids,
        }
    )


async def _answer(request: Request, signed_in: SignedIn, channel: Channel) -> Response:
    response = Response(await _me(request, signed_in.actor), media_type="application/json")
    cookies.give(response, cookies.ACCESS, signed_in.access, secure=channel.secure)
    cookies.give(response, cookies.CSRF, signed_in.csrf, secure=channel.secure)
    if signed_in.refresh is not None:
        cookies.give(response, cookies.REFRESH, signed_in.refresh, secure=channel.secure)
    return response


def _caller(request: Request) -> Caller:
    agent = request.headers.get("user-agent", "")
    return Caller(address_of(request), agent.replace("\x00", "")[:LONGEST_USER_AGENT])


routes = [
    Route("/api/auth/login", login, methods=["POST"]),
    Route("/api/auth/refresh", refresh, methods=["POST"]),
    Route("/api/auth/logout", logout, methods=["POST"]),
    Route("/api/auth/me", me, methods=["GET"]),
]
