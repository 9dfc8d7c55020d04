"""Verdicts: one for each operation, for ever; their rows, and the numbers devices used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from quill.domain.actor import Actor
from quill.domain.facts import Body
from quill.postgres.arrays import bigs, blobs, columns, flags, texts
from quill.postgres.sessions import SyncConnection, SyncDatabase
from quill.sync.log import Head
from quill_schemas import Verdict


class Row(NamedTuple):
    """A verdict to keep. ``shown``: see ``postgres.tables.sync``."""

    op_id: str
    user_id: str
    device_id: str | None
    device_seq: int | None
    content: bytes
    outcome: str
    verdict: bytes
    record_id: str | None = None
    conflict_id: str | None = None
    void: bool = False
    shown: Body | str | None = None


_ROW = (texts, texts, texts, bigs, blobs, texts, blobs, texts, texts, flags, texts)


async def write(connection: SyncConnection, head: Head, rows: Sequence[Row]) -> None:
    """Within the pipeline of the one who writes a batch."""
    if not rows:
        return
    written = [row if row.shown is None else row._replace(shown=orjson.dumps(row.shown).decode()) for row in rows]
    values = (head.organisation_id, head.now, *columns(_ROW, written))
    await connection.execute(_WRITE, values, prepare=True, binary=True)


async def write_again(connection: SyncConnection, head: Head, rows: Iterable[Row]) -> None:
    """The numbers under which known operations came again: a vault that took a new id renumbers what it has."""
    for row in rows:
        await connection.execute(
            _WRITE_AGAIN,
            (head.organisation_id, head.now, row.op_id, row.user_id, row.device_id, row.device_seq, row.content, row.outcome,
             row.verdict, head.organisation_id, row.op_id),
        )  # fmt: skip


def repeated(verdict: bytes) -> bytes:
    """The stored verdict, as the answer to the operation sent again."""
    return orjson.dumps({**orjson.loads(verdict), "repeat": True})


async def verdicts_of(database: SyncDatabase, actor: Actor, op_ids: Sequence[str]) -> dict[str, Any]:
    """``POST /api/sync/verdicts``: VerdictsResponse, in the order asked; others' and unknown ids are ``unknown``."""
    async with database.reading(actor.organisation_id) as connection:
        found = await connection.execute(_MINE, (actor.organisation_id, actor.user_id, list(op_ids)), prepare=True, binary=True)
        known: dict[str, Verdict] = {row[0]: orjson.loads(row[1]) for row in await found.fetchall()}
    return {"verdicts": [known.get(op_id, {"op_id": op_id, "outcome": "unknown"}) for op_id in op_ids]}


_WRITE = """
  INSERT INTO verdict (organisation_id, at, op_id, user_id, device_id, device_seq, content, outcome, verdict, record_id,
                       conflict_id, void, shown)
  SELECT %s::uuid, %s::timestamptz, op_id::uuid, user_id::uuid, device_id::uuid, device_seq, content, outcome, verdict,
         record_id::uuid, conflict_id::uuid, void, shown::jsonb
  FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::bytea[], %b::text[], %b::bytea[], %b::text[], %b::text[],
              %b::boolean[], %b::text[])
    AS new (op_id, user_id, device_id, device_seq, content, outcome, verdict, record_id, conflict_id, void, shown)"""

_WRITE_AGAIN = """
  INSERT INTO verdict (organisation_id, at, op_id, attempt, user_id, device_id, device_seq, content, outcome, verdict)
  SELECT %s, %s, %s, max(attempt) + 1, %s, %s, %s, %s, %s, %s FROM verdict WHERE organisation_id = %s AND op_id = %s"""

_MINE = """
  SELECT op_id::text, verdict FROM verdict
  WHERE organisation_id = %s AND user_id = %s AND attempt = 0 AND op_id = ANY(%b::text[]::uuid[])"""
