"""The audit trail's hash chain, one an organisation: change, remove or reorder one row and every later value is another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

GENESIS = bytes(32)
"""The chain value before the first row."""


def link(previous: bytes, row: Sequence[str | int | None]) -> bytes:
    """The chain value of a row: SHA-256 over the previous value and the row as compact JSON.

    ``row``: position, seq, at, user_id, device_id, action, kind, record_id, version, hex of content, detail. ``at`` is
    RFC 3339 in UTC with milliseconds, as the entries have it.
    """
    return hashlib.sha256(previous + orjson.dumps(row)).digest()
