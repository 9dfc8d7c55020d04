"""One page in the making, read piece by piece within one snapshot.

Order: revokes at once; then the log above ``position``, of the scopes that are complete; and only when that is
exhausted the back-fill. So what a back-fill sends is never sent again by the tail: when it is complete, its scope is
as far as ``position``, the snapshot's head. A bootstrap sends by key first, and then *is* the tail.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.postgres.sessions import SyncConnection
from quill.sync.cursor import Backfill, Cursor, Told
from quill.sync.head import Head
from quill.sync.receiver import Receiver
from quill.sync.visible import DIGEST, FILL, GRANTED, REVOKED, STILL_HELD, digests, reading, sweep, tail
from quill_schemas import scope_hash

BATCH = 1000  # rows a statement reads
LARGEST = 8 << 20  # bytes of entries after which a page ends, whatever its limit

Rows = Sequence[tuple[Any, ...]]


class Pull:
    """Give it to ``async for`` once; then ``cursor()`` and ``more`` say how it ended."""

    def __init__(
        self, connection: SyncConnection, actor: Actor, head: Head, receiver: Receiver, cursor: Cursor | None, limit: int
    ) -> None:
        self.connection = connection
        self.actor = actor
        self.head = head
        self.receiver = receiver
        self.room = limit
        self.bytes_left = LARGEST
        self.more = True
        # Without a cursor, and where what the person receives is not what the cursor was made for, all begins anew.
        self.begins = cursor is None or cursor.view != receiver.view
        self.all_told = Told.below(head.seq + 1)
        self.state = cursor or self._bootstrap()

    def cursor(self) -> Cursor:
        return self.state

    async def entries(self) -> AsyncGenerator[list[bytes]]:
        """The page's entries, a batch at a time."""
        yield await self._revoked()
        if self.state.revokes != self.all_told or not self.room:
            return
        if self.begins:
            self.state = self._bootstrap()
            yield [self._entry({"type": "begin", "seq": self.head.seq})]
        await self._drop_ended_backfill()
        fill = self.state.backfill
        if fill is not None and fill.scope is None and not fill.swept:
            async for batch in self._swept(fill):
                yield batch
            if not self._backfill().swept:
                return
        async for batch in self._tail():
            yield batch
        if self.state.position < self.head.seq:
            return
        if fill is not None:
            async for batch in self._finish_backfill():
                yield batch
            if self.state.backfill is not None:
                return
        if not self.receiver.everything and self.receiver.member:
            async for batch in self._granted():
                yield batch
            if self.state.backfill is not None or not self.room:
                return
        self._move(grants=self.all_told)
        self.more = False

    def _bootstrap(self) -> Cursor:
        head = self.head
        told, fill = self.all_told, Backfill(None, head.seq)
        return Cursor(head.epoch, head.seq, head.chain, told, told, self.receiver.view, fill)

    async def _revoked(self) -> list[bytes]:
        """What was taken away, unless everything is seen anyway."""
        rows: Rows = []
        if self.head.news and not self.receiver.everything:
            rows = await self._read(REVOKED, limit=self.room + 1)
        told = rows[: self.room]
        if len(told) == len(rows):
            self._move(revokes=self.all_told)
        elif told:
            self._move(revokes=Told(*told[-1]))
        return [self._entry({"type": "revoke", "seq": seq, "scope": scope}) for seq, scope in told]

    async def _drop_ended_backfill(self) -> None:
        """A back-fill whose scope was revoked ends; one granted anew waits for its turn like any grant."""
        fill = self.state.backfill
        if fill is None or fill.scope is None:
            return
        if not (await self._read(STILL_HELD))[0][0]:
            self._move(backfill=None)

    async def _swept(self, fill: Backfill) -> AsyncIterator[list[bytes]]:
        while True:
            wanted = min(BATCH, self.room + 1)
            rows = await self._read(sweep(self.receiver.everything), limit=wanted)
            taken = self._take(rows)
            if taken:
                seq, _, scope = rows[taken - 1]
                fill = replace(fill, sent=seq, sent_scope=scope)
                self._move(backfill=fill)
                yield [row[1] for row in rows[:taken]]
            if taken < len(rows):
                return
            if len(rows) < wanted:
                self._move(backfill=replace(fill, swept=True))
                return

    async def _tail(self) -> AsyncIterator[list[bytes]]:
        while self.state.position < self.head.seq:
            wanted = min(BATCH, self.room + 1)
            rows = await self._read(tail(self.receiver.everything), limit=wanted)
            taken = self._take(rows)
            if taken:
                position = rows[taken - 1][0]
                self._move(position=position)
                yield [row[1] for row in rows[:taken]]
            if taken < len(rows):
                if taken:
                    chain = await chain_at(self.connection, self.actor.organisation_id, self.state.position)
                    self._move(chain=chain)
                return
            if len(rows) < wanted:
                self._move(position=self.head.seq, chain=self.head.chain)
                return

    async def _finish_backfill(self) -> AsyncIterator[list[bytes]]:
        fill = self._backfill()
        if fill.scope is None:
            if self.room:
                yield [await self._complete_all()]
            return
        while True:
            wanted = min(BATCH, self.room + 1)
            rows = await self._read(FILL, limit=wanted)
            taken = self._take(rows)
            if taken:
                fill = replace(fill, sent=rows[taken - 1][0])
                self._move(backfill=fill)
                yield [row[1] for row in rows[:taken]]
            if taken < len(rows):
                return
            if len(rows) < wanted:
                if self.room:
                    count, digest = (await self._read(DIGEST))[0]
                    yield [self._complete(fill, count, digest)]
                return

    async def _granted(self) -> AsyncIterator[list[bytes]]:
        """Scopes granted above the cursor, in log order, as many as there is room for."""
        while self.room:
            wanted = min(BATCH, self.room + 1)
            rows = await self._read(GRANTED, limit=wanted)
            yield self._fill_in(rows, whole=len(rows) < wanted)
            if self.state.backfill is not None and self.room:
                async for batch in self._finish_backfill():
                    yield batch
            if self.state.backfill is not None or len(rows) < wanted:
                return

    def _fill_in(self, rows: Rows, *, whole: bool) -> list[bytes]:
        """Begin, records, complete for each scope in ``rows``; the last one stays open unless ``whole``."""
        made: list[bytes] = []
        hashes: list[bytes] = []
        for since, scope, seq, packed, sha256 in rows:
            fill = self.state.backfill
            if fill is not None and fill.scope != scope:
                if not self.room:
                    return made
                made.append(self._complete(fill, len(hashes), scope_hash(hashes).hex()))
                fill = None
            if fill is None:
                if not self.room:
                    return made
                made.append(self._entry({"type": "begin", "seq": self.head.seq, "scope": scope}))
                fill, hashes = Backfill(scope, self.head.seq), []
                self._move(backfill=fill, grants=Told(since, scope))
            if seq is not None:
                if not self._take([(seq, packed)]):
                    return made
                made.append(packed)
                hashes.append(sha256)
                self._move(backfill=replace(fill, sent=seq))
        if whole and self.room and self.state.backfill is not None:
            made.append(self._complete(self.state.backfill, len(hashes), scope_hash(hashes).hex()))
        return made

    def _complete(self, fill: Backfill, count: int, digest: str) -> bytes:
        self._move(backfill=None)
        return self._entry({"type": "complete", "seq": self.head.seq, "scope": fill.scope, "count": count, "sha256": digest})

    async def _complete_all(self) -> bytes:
        rows = await self._read(digests(self.receiver.everything))
        scopes = {scope: {"count": count, "sha256": digest} for scope, count, digest in rows}
        self._move(backfill=None)
        return self._entry({"type": "complete", "seq": self.head.seq, "scopes": scopes})

    def _take(self, rows: Rows) -> int:
        """How many of the rows still fit the page, which are then counted as in it."""
        taken = 0
        for row in rows[: self.room]:
            if self.bytes_left <= 0:
                break
            self.bytes_left -= len(row[1])
            taken += 1
        self.room = self.room - taken if self.bytes_left > 0 else 0
        return taken

    def _entry(self, entry: dict[str, Any]) -> bytes:
        self.room -= 1
        return orjson.dumps(entry)

    def _move(self, **changed: Any) -> None:
        self.state = replace(self.state, **changed)

    def _backfill(self) -> Backfill:
        assert self.state.backfill is not None
        return self.state.backfill

    async def _read(self, statement: str, *, limit: int = 0) -> Rows:
        parameters = reading(self.actor, self.receiver, self.state, limit)
        found = await self.connection.execute(statement, parameters, prepare=True, binary=True)
        return await found.fetchall()


async def chain_at(connection: SyncConnection, organisation_id: str, position: int) -> bytes:
    """The chain value stored with a position."""
    found = await connection.execute(_CHAIN, {"organisation": organisation_id, "position": position}, prepare=True, binary=True)
    row = await found.fetchone()
    if row is None:
        raise ApiError("internal_error")
    chain: bytes = row[0]
    return chain


_CHAIN = "SELECT chain FROM audit WHERE organisation_id = %(organisation)s AND seq = %(position)s"
