"""The organisation's log: the one place that gives positions.

Whoever writes takes the lock first, in a statement of its own (in one statement the snapshot would be older than the
lock), then reads what is there, decides, and appends:

    async with database.writing(organisation_id) as connection:
        head = await lock_head(connection, organisation_id)
        ...                                               # read, decide
        head, written = await append(connection, head, [Change(...), Note(...)])

Positions are dense and their order is the order of commit, since the lock is held to the end of the transaction. Every
position has exactly one row of the audit trail. Memberships follow from changes (``quill.sync.memberships``) and stand at
their position. After the commit tell this process's hub; others hear NOTIFY
``quill_head`` with ``<organisation_id> <head>``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import orjson
from psycopg import AsyncConnection

from quill.audit.chain import link
from quill.domain.facts import Parallel
from quill.domain.stored import stored
from quill.postgres.arrays import bigs, blobs, columns, flags, texts
from quill.sync import log_sql
from quill_schemas import SCHEMA_VERSION

SERVER = "server"
#: The columns of the rows, in the order ``log_sql`` names them.
_ENTRY = (texts, texts, texts, bigs, bigs, flags, blobs, texts, blobs)
_REVISION = (
    texts, bigs, texts, texts, bigs, flags, blobs, texts, texts, texts, texts, texts, texts, texts, texts, bigs, bigs, texts,
    texts,
)  # fmt: skip
_AUDIT = (bigs, bigs, texts, texts, texts, texts, texts, bigs, blobs, texts, blobs)
_DELIVERY = (bigs, texts, texts, texts, bigs)
#: Which clinical store is to get which kind.
_TARGETS: Mapping[str, tuple[str, ...]] = {
    "patient": ("fhir",), "letter": ("openehr",), "message": ("fhir",), "attachment": ("objects",)
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log of a locked organisation is. ``now``: the server's time of this transaction, RFC 3339, UTC, ms."""

    organisation_id: str
    seq: int
    epoch: int
    audit_position: int
    audit_chain: bytes
    now: str


class Origin(NamedTuple):
    """The operation a change comes from, and the device that sent it. Empty: the server's own doing."""

    op_id: str | None = None
    device_id: str | None = None
    device_root: str | None = None
    made_at: str | None = None
    base_version: int | None = None
    base_epoch: int | None = None
    on_behalf_of: str | None = None
    reason: str | None = None


OURS = Origin()


class Change(NamedTuple):
    """The next version of a record: the caller read the last one under the lock. Gets a position.

    ``by``: a user's id, or ``server``. ``user_id``: who did it, for the audit trail, where that is not ``by``.
    ``body``: without null; of a tombstone the last one. ``packed``: the same as stored, where that was made already.
    ``fields``: what changed. ``parents``: op_ids a resolution unites.
    ``parallel``: as the record had it before, and this version where it was merged.
    """

    kind: str
    id: str
    scope: str
    version: int
    body: Mapping[str, Any]
    by: str
    action: str
    fields: tuple[str, ...] = ()
    deleted: bool = False
    origin: Origin = OURS
    parents: tuple[str, ...] = ()
    user_id: str | None = None
    parallel: tuple[Parallel, ...] = ()
    packed: bytes | None = None


class Note(NamedTuple):
    """Something for the audit trail alone; no position in the log."""

    action: str
    by: str = SERVER
    kind: str | None = None
    record_id: str | None = None
    version: int | None = None
    device_id: str | None = None
    detail: str | None = None


Event: TypeAlias = Change | Note


class Written(NamedTuple):
    """What a change became: its position (None: a note), and the wire entry."""

    seq: int | None
    entry: bytes = b""


async def lock_head(connection: AsyncConnection[Any], organisation_id: str) -> Head:
    """Takes the organisation's lock, held until commit; read nothing to decide by before it. KeyError: no such organisation."""
    found = await connection.execute(log_sql.LOCK, (organisation_id,), prepare=True, binary=True)
    row = await found.fetchone()
    if row is None:
        raise KeyError(organisation_id)
    seq, epoch, position, chain, now, _ = row
    return Head(organisation_id, seq, epoch, position, chain, now)


async def append(connection: AsyncConnection[Any], head: Head, events: Sequence[Event]) -> tuple[Head, list[Written]]:
    """Writes events in order, set-wise: entries, history, audit, deliveries. Answers the new head, and what each became."""
    if not events:
        return head, []
    appender = Appender(connection, head)
    written = [appender.add(event) for event in events]
    async with connection.pipeline():
        return await appender.close(), written


class Appender:
    """``append`` for who makes the events one by one and needs their positions at once.

    ``flush`` sends what was added, ``close`` also moves the head; both within a pipeline, so that nothing waits for an answer
    before all has been sent.
    """

    def __init__(self, connection: AsyncConnection[Any], head: Head) -> None:
        self._connection = connection
        self._head = head
        self._seq = head.seq
        self._position = head.audit_position
        self._chain = head.audit_chain
        self._entries: dict[str, tuple[Any, ...]] = {}  # by record: of several versions only the last is the entry
        self._revisions: list[tuple[Any, ...]] = []
        self._audit: list[tuple[Any, ...]] = []
        self._deliveries: list[tuple[Any, ...]] = []

    async def flush(self) -> None:
        for statement, values in self._statements():
            await self._connection.execute(statement, values, prepare=True, binary=True)
        self._entries, self._revisions, self._audit, self._deliveries = {}, [], [], []

    async def close(self) -> Head:
        """Sends the rest, and moves the head."""
        await self.flush()
        organisation_id = self._head.organisation_id
        moved = [self._seq, self._position, self._chain, organisation_id, f"{organisation_id} {self._seq}"]
        if self._position != self._head.audit_position:
            await self._connection.execute(log_sql.MOVE, moved, prepare=True, binary=True)
        return replace(self._head, seq=self._seq, audit_position=self._position, audit_chain=self._chain)

    def add(self, event: Event) -> Written:
        if isinstance(event, Change):
            return self._change(event)
        self._audited(
            None, event.by, event.device_id, event.action, event.kind, event.record_id, event.version, None, event.detail
        )
        return Written(None)

    def _change(self, change: Change) -> Written:
        self._seq += 1
        origin = change.origin
        body = change.packed or stored(change.kind, change.body)
        content = hashlib.sha256(body).digest()
        entry = _entry(self._seq, change, body, self._head.now)
        digest = hashlib.sha256(b'["%b","%b",%d,"%b"]' % (
            change.kind.encode(), change.id.encode(), change.version, content.hex().encode()
        )).digest()  # fmt: skip
        self._entries[change.id] = (
            change.id, change.kind, change.scope, self._seq, change.version, change.deleted, digest,
            change.body.get("nhs_number") if change.kind == "patient" else None, entry,
        )  # fmt: skip
        self._revisions.append((
            change.id, change.version, change.kind, change.scope, self._seq, change.deleted, body,
            _fields(change.fields), change.body.get("state") if change.kind == "letter" else None,
            None if change.by == SERVER else change.by, origin.on_behalf_of, change.action, origin.op_id,
            origin.device_root, origin.made_at, origin.base_version, origin.base_epoch,
            "{" + ",".join(change.parents) + "}" if change.parents else None, origin.reason,
        ))  # fmt: skip
        by = change.user_id or change.by
        self._audited(self._seq, by, origin.device_id, change.action, change.kind, change.id, change.version, content, None)
        for target in _TARGETS.get(change.kind, ()):
            self._deliveries.append((self._seq, target, change.id, change.kind, change.version))
        return Written(self._seq, entry)

    def _audited(
        self, seq: int | None, by: str, device_id: str | None, action: str, kind: str | None, record_id: str | None,
        version: int | None, content: bytes | None, detail: str | None,
    ) -> None:  # fmt: skip
        self._position += 1
        user_id = None if by == SERVER else by
        self._chain = link(self._chain, (
            self._position, seq, self._head.now, user_id, device_id, action, kind, record_id, version,
            content.hex() if content else None, detail,
        ))  # fmt: skip
        self._audit.append(
            (self._position, seq, user_id, device_id, action, kind, record_id, version, content, detail, self._chain)
        )

    def _statements(self) -> list[tuple[str, list[Any]]]:
        organisation_id, now = self._head.organisation_id, self._head.now
        made: list[tuple[str, list[Any]]] = []
        if self._entries:
            made.append((log_sql.ENTRIES, [organisation_id, *columns(_ENTRY, self._entries.values())]))
            made.append((log_sql.REVISIONS, [organisation_id, now, *columns(_REVISION, self._revisions)]))
        if self._audit:
            made.append((log_sql.AUDIT, [organisation_id, now, *columns(_AUDIT, self._audit)]))
        if self._deliveries:
            made.append((log_sql.DELIVERIES, [organisation_id, *columns(_DELIVERY, self._deliveries)]))
        return made


@lru_cache(1024)
def _fields(fields: tuple[str, ...]) -> str:
    """As JSON; the same few come again and again."""
    return orjson.dumps(fields).decode()


def _entry(seq: int, change: Change, body: bytes, now: str) -> bytes:
    """The wire entry: PutEntry or DeleteEntry. Ids, kinds and scopes hold nothing that JSON would escape."""
    about = b'"seq":%d,"kind":"%b","id":"%b","scope":"%b","version":%d' % (
        seq, change.kind.encode(), change.id.encode(), change.scope.encode(), change.version
    )  # fmt: skip
    if change.deleted:
        return b'{"type":"delete",' + about + b"}"
    op_id = change.origin.op_id
    return b'{"type":"put",%b,"schema":%d,"by":"%b","at":"%b",%b%b"body":%b}' % (
        about, SCHEMA_VERSION, change.by.encode(), now.encode(),
        b'"op_id":"%b",' % op_id.encode() if op_id else b"",
        b'"parallel":%b,' % orjson.dumps([one._asdict() for one in change.parallel]) if change.parallel else b"", body,
    )  # fmt: skip
