"""The hub: who listens, what changed, and who may know.

A listener is poked with the newest head when something it may see changed; it never gets content. Pokes that a slow
reader hasn't taken yet are replaced by the newest, so nothing piles up. Other processes are heard through PostgreSQL's
NOTIFY; what this process commits is told to the hub directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import psycopg
from psycopg import AsyncConnection

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.postgres.sessions import SyncDatabase
from quill.sync.head import Head
from quill.sync.heads import Heads, Hearing
from quill.sync.receiver import receiver_of
from quill_schemas import LIMITS

log = logging.getLogger("quill.live")

CHANNEL = "quill_head"  # payload: "<organisation_id> <head>"
NAME = "quill live"  # of the listening connection, as the database's operator sees it
HEARTBEAT = 2.0  # seconds between proofs that we still hear; less than ``heads.FRESH``
WATCH = 2.0  # seconds between looks for sessions that ended
MOST_TICKETS = 10_000

SessionsEnded = Callable[[set[str]], Awaitable[set[str]]]
"""Of these session ids those that ended."""

Audience = set[tuple[str | None, str | None]]
"""(user, kind): no user means everybody, ``*`` those who see everything; no kind means a membership."""


class Listener:
    """One socket: the newest head not yet sent, or the reason to close."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.receiver = receiver_of(actor.roles)
        self._head: int | None = None
        self._bye: str | None = None
        self._news = asyncio.Event()

    def poke(self, head: int) -> None:
        self._head = head if self._head is None else max(head, self._head)
        self._news.set()

    def bye(self, reason: str) -> None:
        self._bye = self._bye or reason
        self._news.set()

    async def next(self) -> dict[str, int | str]:
        """``{"head": n}`` or ``{"bye": reason}``, as soon as there is one."""
        await self._news.wait()
        self._news.clear()
        if self._bye is not None:
            return {"bye": self._bye}
        assert self._head is not None
        head, self._head = self._head, None
        return {"head": head}


@dataclass(slots=True)
class _Organisation:
    listeners: set[Listener] = field(default_factory=set)
    told: int | None = None  # listeners know of everything up to here
    telling: asyncio.Task[None] | None = None


class Hub:
    def __init__(self, database: SyncDatabase, sessions_ended: SessionsEnded) -> None:
        self.heads = Heads()
        self._database = database
        self._sessions_ended = sessions_ended
        self._organisations: dict[str, _Organisation] = defaultdict(_Organisation)
        self._tickets: dict[str, tuple[Actor, float]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        for organisation in self._organisations.values():
            for listener in organisation.listeners:
                listener.bye("server_stops")
        running = [one.telling for one in self._organisations.values() if one.telling]
        for task in (*self._tasks, *running):
            task.cancel()
        await asyncio.gather(*self._tasks, *running, return_exceptions=True)

    # Tickets

    def ticket(self, actor: Actor) -> str:
        """For one socket, once, within ``LIMITS.ticket_seconds``."""
        now = time.monotonic()
        if len(self._tickets) >= MOST_TICKETS:
            self._tickets = {text: kept for text, kept in self._tickets.items() if kept[1] > now}
            if len(self._tickets) >= MOST_TICKETS:
                raise ApiError("too_many_requests", retry_after=LIMITS["ticket_seconds"])
        text = secrets.token_urlsafe(32)
        self._tickets[text] = (actor, now + LIMITS["ticket_seconds"])
        return text

    def take(self, ticket: str) -> Actor | None:
        actor, until = self._tickets.pop(ticket, (None, 0.0))
        return actor if until > time.monotonic() else None

    # Listeners

    async def join(self, actor: Actor) -> Listener:
        """From now on it is told. The first poke comes at once: something may have changed since its last pull."""
        organisation = self._organisations[actor.organisation_id]
        if organisation.told is None:
            head = await self._read_head(actor.organisation_id)
            if organisation.told is None:
                organisation.told = head
        listener = Listener(actor)
        organisation.listeners.add(listener)
        listener.poke(max(self.heads.highest(actor.organisation_id), organisation.told or 0))
        return listener

    def leave(self, listener: Listener) -> None:
        organisation = self._organisations[listener.actor.organisation_id]
        organisation.listeners.discard(listener)
        if not organisation.listeners:
            organisation.told = None

    def listening(self) -> int:
        return sum(len(one.listeners) for one in self._organisations.values())

    def end_sessions(self, session_ids: set[str], reason: str = "session_ended") -> None:
        """Closes their sockets at once."""
        for organisation in self._organisations.values():
            for listener in organisation.listeners:
                if listener.actor.session_id in session_ids:
                    listener.bye(reason)

    # Heads

    def changed(self, organisation_id: str, head: int) -> None:
        """The log of an organisation was committed up to ``head``."""
        self.heads.heard(organisation_id, head)
        organisation = self._organisations[organisation_id]
        if organisation.listeners and (organisation.telling is None or organisation.telling.done()):
            organisation.telling = asyncio.create_task(self._tell(organisation_id, organisation))

    def remember(self, organisation_id: str, head: Head, asked: Hearing | None) -> None:
        """A page has read this head, after it ``asked`` what is being heard."""
        if not self.heads.read(organisation_id, head.seq, asked, head):
            self._put_back(organisation_id, head.seq)

    def _put_back(self, organisation_id: str, head: int) -> None:
        """The log was restored to an older state: everybody is to pull, and be told ``reset``."""
        organisation = self._organisations[organisation_id]
        organisation.told = None if organisation.told is None else head
        for listener in organisation.listeners:
            listener.poke(head)

    async def _tell(self, organisation_id: str, organisation: _Organisation) -> None:
        while (told := organisation.told) is not None and told < (head := self.heads.highest(organisation_id)):
            audience = {listener.actor.user_id for listener in organisation.listeners}
            try:
                seen = await self._who_sees(organisation_id, told, head, audience)
            except (psycopg.Error, TimeoutError) as error:
                log.warning("who sees a change is not known (%s): all are told to pull", type(error).__name__)
                seen = None
            for listener in tuple(organisation.listeners):
                if seen is None or _may_see(listener, seen):
                    listener.poke(head)
            if organisation.told == told:  # not put back meanwhile
                organisation.told = head

    async def _who_sees(
        self, organisation_id: str, after: int, head: int, users: set[str]
    ) -> set[tuple[str | None, str | None]]:
        async with self._database.reading(organisation_id) as connection:
            values = {"organisation": organisation_id, "after": after, "head": head, "users": list(users)}
            found = await connection.execute(_AUDIENCE, values, prepare=True)
            return {(row[0], row[1]) for row in await found.fetchall()}

    async def _hear(self) -> None:
        """Listens on a connection of its own, for as long as the process lives."""
        while True:
            try:
                async with await AsyncConnection.connect(
                    self._database.dsn, autocommit=True, application_name=NAME
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.heads.listening_begins()
                    await self._catch_up()
                    while True:
                        async for notice in connection.notifies(timeout=HEARTBEAT):
                            organisation_id, _, head = notice.payload.partition(" ")
                            if head.isdecimal():
                                self.changed(organisation_id, int(head))
                        await connection.execute("SELECT 1")
                        self.heads.still_listening()
            except (psycopg.Error, OSError) as error:
                self.heads.listening_ended()
                log.warning("not hearing the database: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def _catch_up(self) -> None:
        """Tells listeners of what was committed while nobody heard."""
        for organisation_id, organisation in tuple(self._organisations.items()):
            if organisation.listeners:
                asked = self.heads.hearing(organisation_id)
                head = await self._read_head(organisation_id)
                if self.heads.read(organisation_id, head, asked):
                    self.changed(organisation_id, head)
                else:
                    self._put_back(organisation_id, head)

    async def _read_head(self, organisation_id: str) -> int:
        async with self._database.reading(organisation_id) as connection:
            found = await connection.execute(_HEAD, (organisation_id,))
            row = await found.fetchone()
        return row[0] if row else 0

    async def _watch(self) -> None:
        """Ends the sockets of sessions that were ended anywhere, and forgets old tickets."""
        while True:
            await asyncio.sleep(WATCH)
            now = time.monotonic()
            self._tickets = {text: kept for text, kept in self._tickets.items() if kept[1] > now}
            held = {one.actor.session_id for organisation in self._organisations.values() for one in organisation.listeners}
            if held:
                with contextlib.suppress(Exception):
                    self.end_sessions(await self._sessions_ended(held))


def _may_see(listener: Listener, seen: Audience) -> bool:
    receiver = listener.receiver
    who = {listener.actor.user_id, None, "*"} if receiver.everything else {listener.actor.user_id, None}
    return any(user in who and (kind is None or kind in receiver.kinds) for user, kind in seen)


_HEAD = "SELECT seq FROM organisation WHERE organisation_id = %s"
_AUDIENCE = """
  WITH changed AS (SELECT DISTINCT scope, kind FROM entry
                   WHERE organisation_id = %(organisation)s AND seq > %(after)s AND seq <= %(head)s)
  SELECT '*', kind FROM changed
  UNION SELECT NULL, kind FROM changed WHERE scope = 'org'
  UNION SELECT substr(scope, 6), kind FROM changed WHERE scope LIKE 'user:%%'
  UNION SELECT v.user_id::text, c.kind FROM changed c JOIN visible_scope v
    ON v.organisation_id = %(organisation)s AND v.scope = c.scope AND v.user_id = ANY(%(users)s::uuid[])
  UNION SELECT user_id::text, NULL FROM membership_event
    WHERE organisation_id = %(organisation)s AND seq > %(after)s AND seq <= %(head)s"""
