"""``GET /api/sync/changes``: what a device does not have yet, as stored bytes.

Three roads to the same page. "Nothing new" needs no database where the hub knows the head for certain. Most other
requests have few changes and no back-fill: one statement reads head and entries (so they are one snapshot). The rest
read piece by piece inside one REPEATABLE READ transaction (``Pull``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import orjson

from quill.domain.actor import Actor
from quill.keys import Keys
from quill.postgres.sessions import SyncDatabase
from quill.sync.cursor import GENESIS, Cursor, Told, read_cursor
from quill.sync.head import HEAD, Head, head_of
from quill.sync.live import Hub
from quill.sync.pull import Pull, chain_at
from quill.sync.receiver import receiver_of
from quill.sync.visible import NEAR, reading, tail

NOT_FAR = 2000  # positions behind
FEW = 1000
"""Up to this many entries a page is read at once and answered whole; beyond, it is streamed."""


class Changes:
    """Pages for one person, as they are asked for."""

    def __init__(self, database: SyncDatabase, keys: Keys, actor: Actor, hub: Hub) -> None:
        self.database = database
        self.keys = keys
        self.actor = actor
        self.hub = hub

    async def page(self, text: str | None, limit: int) -> bytes | AsyncIterator[bytes]:
        """The page after the cursor ``text`` (None: bootstrap) of at most ``limit`` entries, whole or in chunks.

        Raises ``bad_cursor``, ``foreign_cursor``, and ``session_ended`` where the person may no longer come in.
        """
        cursor = None
        if text is not None:
            cursor = read_cursor(self.keys.cursor, self.actor.organisation_id, self.actor.user_id, text)
        if cursor is not None and cursor.backfill is None:
            quick = self._nothing_new(cursor) or (await self._at_once(cursor, limit) if limit <= FEW else None)
            if quick is not None:
                return quick
        chunks = self._piece_by_piece(cursor, limit)
        if limit <= FEW:
            return b"".join([chunk async for chunk in chunks])
        return chunks

    def _nothing_new(self, cursor: Cursor) -> bytes | None:
        """None where there may be something."""
        head = self.hub.heads.newest(self.actor.organisation_id)
        if head is None or head.seq != cursor.position or head.epoch != cursor.epoch or head.chain != cursor.chain:
            return None
        told = Told.below(head.seq + 1)
        if cursor.digest_only or (cursor.grants, cursor.revokes) != (told, told):
            return None
        if cursor.view != receiver_of(self.actor.roles).view:
            return None
        return _OPEN + self._close(cursor, False, head)

    async def _at_once(self, cursor: Cursor, limit: int) -> bytes | None:
        """None where it needs more than one statement."""
        receiver = receiver_of(self.actor.roles)
        if receiver.view != cursor.view:
            return None
        organisation_id = self.actor.organisation_id
        highest = self.hub.heads.highest(organisation_id)
        near = 0 < highest <= cursor.position + NOT_FAR
        statement = _EVERYTHING if receiver.everything else _NEAR if near else _LATERAL
        parameters = reading(self.actor, receiver, cursor, limit + 1)
        hearing = self.hub.heads.hearing(organisation_id)
        async with self.database.reading(organisation_id) as connection:
            found = await connection.execute(statement, parameters, prepare=True, binary=True)
            rows = await found.fetchall()
            head = head_of(rows[0], cursor.position)
            self.hub.remember(organisation_id, head, hearing)
            if head.restored(cursor):
                return self._reset(head)
            if head.receiver(self.actor.roles) != receiver or (head.news and not receiver.everything):
                return None
            more = len(rows) > limit + 1
            entries = rows[1 : limit + 1]
            position, chain = head.seq, head.chain
            if more:
                position = entries[-1][0]
                chain = await chain_at(connection, organisation_id, position)
        told = Told.below(head.seq + 1)
        following = Cursor(head.epoch, position, chain, told, told, cursor.view)
        return _OPEN + b",".join([row[1] for row in entries]) + self._close(following, more, head)

    async def _piece_by_piece(self, cursor: Cursor | None, limit: int) -> AsyncIterator[bytes]:
        async with self.database.snapshot(self.actor.organisation_id) as connection:
            parameters = reading(self.actor, receiver_of(self.actor.roles), cursor, 0)
            found = await connection.execute(HEAD, parameters, prepare=True, binary=True)
            rows = await found.fetchall()
            head = head_of(rows[0], cursor.position if cursor else 0)
            if cursor is not None and head.restored(cursor):
                yield self._reset(head)
                return
            pull = Pull(connection, self.actor, head, head.receiver(self.actor.roles), cursor, limit)
            yield _OPEN
            separator = b""
            async with aclosing(pull.entries()) as batches:
                async for batch in batches:
                    if batch:
                        yield separator + b",".join(batch)
                        separator = b","
            yield self._close(pull.cursor(), pull.more, head)

    def _reset(self, head: Head) -> bytes:
        none = Told.below(0)
        only = Cursor(head.epoch, 0, GENESIS, none, none, bytes(4), digest_only=True)
        text = only.pack(self.keys.cursor, self.actor.organisation_id, self.actor.user_id)
        return _OPEN + orjson.dumps({"type": "reset", "reason": "epoch", "cursor": text}) + self._close(only, False, head)

    def _close(self, cursor: Cursor, more: bool, head: Head) -> bytes:
        organisation_id = self.actor.organisation_id
        return b'],"cursor":"%b","more":%b,"head":%d,"audit_head":"%b"}' % (
            cursor.pack(self.keys.cursor, organisation_id, self.actor.user_id).encode(),
            b"true" if more else b"false",
            head.seq,
            head.audit.pack(self.keys.audit_head, organisation_id).encode(),
        )


_OPEN = b'{"changes":['
_EVERYTHING, _LATERAL, _NEAR = (f"{HEAD} UNION ALL ({tail})" for tail in (tail(True), tail(False), NEAR))
