"""Who asks: the road every request with a cookie takes.

What was checked a moment ago costs one look in a dictionary: the token is known by its text, its session was alive seconds
ago, its CSRF token is compared with the one that belongs to it.
"""

from __future__ import annotations

import time
from typing import cast

from starlette.requests import HTTPConnection, Request

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.identity import cookies, csrf
from quill.identity.held import TRUST, Held
from quill.identity.identity import Identity
from quill.identity.tokens import BadToken

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def identity_of(connection: HTTPConnection) -> Identity:
    return cast(Identity, connection.app.state.services.identity)


async def actor_of(request: Request) -> Actor:
    """The person signed in. Raises ``not_signed_in``, ``session_ended``, ``csrf_failed``, ``bad_origin``, ``plain_http``.

    A vault says whose it is (``X-Quill-User``): cookies are a browser's, and on a shared tablet they may be the next
    person's by now. ``foreign_device`` then, before anything is registered, sent or read in the wrong name.
    """
    identity = identity_of(request)
    seen = _Seen(request.scope["headers"])
    identity.channels.check(request, seen.hosts, seen.origins)
    token = cookies.read(seen.cookies, cookies.ACCESS)
    if token is None:
        raise ApiError("not_signed_in")
    held = await _held(identity, token)
    if request.method not in SAFE and not csrf.same(held.csrf, seen.csrf):
        raise ApiError("csrf_failed")
    if seen.vault_of is not None and seen.vault_of != held.actor.user_id:
        raise ApiError("foreign_device")
    return held.actor


async def session_is_live(connection: HTTPConnection, session_id: str) -> bool:
    """Whether a session seen here goes on, asked of the database; for what outlives a request."""
    return not await identity_of(connection).held.ended_among([session_id])


async def _held(identity: Identity, token: str) -> Held:
    held = identity.held.get(token)
    if held is None:
        try:
            claims = identity.tokens.read(token)
        except BadToken:
            raise ApiError("not_signed_in") from None
        return await identity.held.keep(token, claims, identity.csrf.issue(claims.organisation_id, claims.session_id))
    if held.expires <= time.time():
        raise ApiError("not_signed_in")
    if time.monotonic() - held.checked > TRUST:
        await identity.held.check_again(token, held)
    return held


class _Seen:
    """The headers that matter here, picked in one go."""

    __slots__ = ("cookies", "csrf", "hosts", "origins", "vault_of")

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.hosts: list[str] = []
        self.origins: list[str] = []
        self.cookies: list[str] = []
        self.csrf: str | None = None
        self.vault_of: str | None = None
        for name, value in headers:
            if name == b"cookie":
                self.cookies.append(value.decode("latin-1"))
            elif name == b"host":
                self.hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                self.origins.append(value.decode("latin-1"))
            elif name == b"x-csrf-token":
                self.csrf = value.decode("latin-1")
            elif name == b"x-quill-user":
                self.vault_of = value.decode("latin-1")
