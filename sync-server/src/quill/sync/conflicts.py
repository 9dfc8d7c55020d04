"""Conflicts for a client without a vault: what waits for a person, and deciding it. One with a vault pushes ``resolve``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.postgres.sessions import SyncDatabase
from quill.sync.receiver import receiver_of
from quill.sync.submission import submission
from quill.sync.writer import Writers
from quill_schemas import SCHEMA_VERSION

_OF_OPERATION = ("against_version", "choices", "note", "amendment_reason")


async def list_conflicts(database: SyncDatabase, actor: Actor, status: str) -> list[dict[str, Any]]:
    """The conflicts the person may see, soonest due first. ``status``: ``open`` or ``resolved``."""
    found = await _visible(database, actor, None, open_only=status == "open")
    wanted = (conflict for conflict in found if conflict["status"] == status)
    return sorted(wanted, key=lambda conflict: (conflict.get("due", "9999"), conflict["id"]))


async def conflict_of(database: SyncDatabase, actor: Actor, conflict_id: str) -> dict[str, Any]:
    """One conflict, open or not. Raises ``not_found``."""
    found = await _visible(database, actor, conflict_id, open_only=False)
    if not found:
        raise ApiError("not_found")
    return found[0]


async def resolve(writers: Writers, actor: Actor, conflict_id: str, said: Mapping[str, Any], now: str) -> bytes:
    """``said``: ResolveRequest. Answers the verdict as JSON; the same ``op_id`` again answers the same.

    Raises what the decision was refused for, with ``conflict`` as it is now where it moved on; nothing is then stored.
    """
    values = {name: said[name] for name in _OF_OPERATION if name in said}
    seen = {"seen_sha256": said["seen_sha256"]} if "seen_sha256" in said else {}
    return await _decide(writers, actor, conflict_id, said, values, now, seen)


async def give_back(writers: Writers, actor: Actor, conflict_id: str, said: Mapping[str, Any], now: str) -> bytes:
    """``said``: ReturnRequest. It goes back to its author and stays open; answers and raises as ``resolve``."""
    note = {"note": said["note"]} if "note" in said else {}
    return await _decide(writers, actor, conflict_id, said, {"return": True, **note}, now, {})


async def _decide(
    writers: Writers, actor: Actor, conflict_id: str, said: Mapping[str, Any], values: Mapping[str, Any], now: str,
    seen: Mapping[str, str],
) -> bytes:  # fmt: skip
    op = {
        "op_id": said["op_id"],
        "device_seq": 1,
        "kind": "conflict",
        "id": conflict_id,
        "action": "resolve",
        "schema": SCHEMA_VERSION,
        "base_version": said["conflict_version"],
        "set": values,
        "made_at": now,
        **seen,
    }
    answer = await writers.submit(submission(actor, None, [op]))
    return answer.verdicts[0]


async def _visible(database: SyncDatabase, actor: Actor, conflict_id: str | None, *, open_only: bool) -> list[dict[str, Any]]:
    receiver = receiver_of(actor.roles)
    if "conflict" not in receiver.kinds:
        return []
    values = {
        "organisation": actor.organisation_id,
        "user": actor.user_id,
        "own": f"user:{actor.user_id}",
        "everything": receiver.everything,
        "member": receiver.member,
        "id": conflict_id,
        "open": open_only,
    }
    async with database.reading(actor.organisation_id) as connection:
        found = await connection.execute(_CONFLICTS, values, prepare=True, binary=True)
        entries = [orjson.loads(row[0]) for row in await found.fetchall()]
    return [{"id": one["id"], "version": one["version"], "scope": one["scope"], **one["body"]} for one in entries]


_CONFLICTS = """
  SELECT e.bytes FROM entry e
  WHERE e.organisation_id = %(organisation)s AND e.kind = 'conflict' AND NOT e.deleted
    AND (%(id)s::uuid IS NULL OR e.id = %(id)s::uuid)
    AND (NOT %(open)s OR e.id IN (SELECT conflict_id FROM open_conflict WHERE organisation_id = %(organisation)s))
    AND (%(everything)s OR e.scope = %(own)s
      OR %(member)s AND e.scope IN (SELECT scope FROM visible_scope
                                    WHERE organisation_id = %(organisation)s AND user_id = %(user)s))"""
