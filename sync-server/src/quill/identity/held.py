"""Sessions this process has checked lately.

Whoever asks twice within seconds is looked up once. An answer is believed for ``TRUST`` seconds, so a session that was
ended anywhere is over here within that time even if nobody tells; usually this process is told at once and drops it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.identity import sessions
from quill.identity.store import within
from quill.identity.tokens import Claims
from quill.postgres.sessions import AuthDatabase

TRUST = 4.0  # seconds
MOST = 20_000


@dataclass(slots=True)
class Held:
    """What one access token stands for. ``expires`` is in seconds since 1970, ``checked`` on the monotonic clock."""

    actor: Actor
    expires: int
    csrf: str
    checked: float
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)


class HeldSessions:
    """By access token. A token of a session that ended is forgotten, and found over when it comes again."""

    def __init__(self, database: AuthDatabase) -> None:
        self._database = database
        self._held: dict[str, Held] = {}
        self._organisations: dict[str, str] = {}  # of each session seen here that is not known to be over

    def get(self, token: str) -> Held | None:
        return self._held.get(token)

    async def keep(self, token: str, claims: Claims, csrf: str) -> Held:
        """Looks a session up and keeps it. Raises ``session_ended``."""
        checked = time.monotonic()
        actor = await self._look_up(claims.organisation_id, claims.session_id)
        if actor.user_id != claims.user_id:
            raise ApiError("session_ended")
        if len(self._held) >= MOST:
            self._make_room()
        self._organisations[claims.session_id] = claims.organisation_id
        held = self._held[token] = Held(actor, claims.expires, csrf, checked)
        return held

    async def check_again(self, token: str, held: Held) -> None:
        """Asks the database once more, once for all who wait. Raises ``session_ended``."""
        async with held.checking:
            if time.monotonic() - held.checked <= TRUST:
                return
            checked = time.monotonic()
            try:
                held.actor = await self._look_up(held.actor.organisation_id, held.actor.session_id)
            except ApiError:
                self._held.pop(token, None)
                raise
            held.checked = checked

    def drop(self, session_id: str) -> None:
        """Forgets a session; whoever still comes with it is looked up again."""
        for token in [token for token, held in self._held.items() if held.actor.session_id == session_id]:
            held = self._held.pop(token)
            held.checked = -TRUST

    def drop_all(self) -> None:
        self._held.clear()

    async def ended_among(self, session_ids: Collection[str]) -> set[str]:
        """Of these sessions, each seen here before, those that are over."""
        by_organisation: dict[str, list[str]] = {}
        ended = set(session_ids) - self._organisations.keys()
        for session_id in set(session_ids) - ended:
            by_organisation.setdefault(self._organisations[session_id], []).append(session_id)
        for organisation_id, mine in by_organisation.items():
            async with within(self._database, organisation_id) as connection:
                ended |= await sessions.ended_among(connection, organisation_id, mine)
        for session_id in ended:
            self._organisations.pop(session_id, None)
        return ended

    async def _look_up(self, organisation_id: str, session_id: str) -> Actor:
        async with within(self._database, organisation_id) as connection:
            return await sessions.look_up(connection, organisation_id, session_id)

    def _make_room(self) -> None:
        now = time.time()
        self._held = {token: held for token, held in self._held.items() if held.expires > now}
        while len(self._held) >= MOST:
            self._held.pop(next(iter(self._held)))
