"""Walks the audit trail as it stands and says where it stops following from itself.

Found: a row edited, removed, inserted or moved; a trail cut short behind its head; a version in the history that is not
the one that was written.
Not found: a trail rewritten whole, for which the signed heads that devices keep are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from quill.audit.chain import GENESIS, link
from quill.settings import Settings

_ROWS = """
SELECT position, seq, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), user_id::text, device_id::text, action,
       kind, record_id::text, version, content, detail, chain
FROM audit WHERE organisation_id = %s ORDER BY position"""

_CHANGED = """
SELECT min(a.position)
FROM audit a LEFT JOIN revision r ON (r.organisation_id, r.id, r.version) = (a.organisation_id, a.record_id, a.version)
WHERE a.organisation_id = %s AND a.content IS NOT NULL AND (r.body IS NULL OR sha256(r.body) <> a.content)"""


@dataclass(frozen=True, slots=True)
class Finding:
    organisation: str
    rows: int
    broken: str | None

    def __str__(self) -> str:
        if self.broken:
            return f"The audit trail of {self.organisation} is broken: {self.broken}"
        return f"{self.organisation}: {self.rows} rows follow from each other."


def verify_all(settings: Settings) -> list[Finding]:
    """One finding for each organisation."""
    with psycopg.connect(settings.sync_owner_dsn) as connection:
        organisations = connection.execute("SELECT organisation_id::text, name FROM organisation ORDER BY name").fetchall()
        return [_verify(connection, organisation_id, name) for organisation_id, name in organisations]


def _verify(connection: psycopg.Connection, organisation_id: str, name: str) -> Finding:
    connection.execute("SELECT set_config('quill.organisation', %s, true)", (organisation_id,))
    head = connection.execute(
        "SELECT audit_position, audit_chain FROM organisation WHERE organisation_id = %s", (organisation_id,)
    ).fetchone()
    assert head is not None
    checked, chain = 0, GENESIS
    for position, *row, content, detail, written in _rows(connection, organisation_id):
        if position != checked + 1:
            return Finding(name, checked, f"row {checked + 1} is missing.")
        chain = link(chain, (position, *row, content.hex() if content else None, detail))
        if chain != written:
            return Finding(name, checked, f"row {position} was changed, or does not follow from row {checked}.")
        checked = position
    if (checked, chain) != (head[0], bytes(head[1])):
        return Finding(name, checked, f"it ends at row {checked}, but {head[0]} were written.")
    changed = connection.execute(_CHANGED, (organisation_id,)).fetchone()
    if changed and changed[0]:
        return Finding(name, checked, f"the version that row {changed[0]} speaks of is not the one that was written.")
    return Finding(name, checked, None)


def _rows(connection: psycopg.Connection, organisation_id: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name="audit_rows") as cursor:
        cursor.itersize = 5000
        cursor.execute(_ROWS, (organisation_id,))
        yield from cursor
