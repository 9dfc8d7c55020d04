"""Patients and their letters for a client without a vault: another system, a script. One with a vault pulls and pushes.

What it sees and may do is what the person it signs in as may; what it writes is an operation like any other.
"""

# ruff: noqa: S608  (put together from constants of this file; values are always parameters)
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import orjson

from quill.domain.actor import Actor
from quill.errors import ApiError, invalid_request
from quill.postgres.sessions import SyncDatabase
from quill.sync.receiver import receiver_of
from quill.sync.submission import submission
from quill.sync.writer import Writers
from quill_schemas import SCHEMA_VERSION

MOST = 500  # patients at once
_OF_A_RECORD = ("id", "version", "by", "at", "body")
Found = list[dict[str, Any]]


async def list_patients(
    database: SyncDatabase, actor: Actor, *, nhs_number: str | None, after: str | None, limit: int
) -> dict[str, Any]:
    """PatientListResponse: those the person may see, by id; ``after``: the id that the page before ended with."""
    values = {"nhs_number": nhs_number, "after": after, "limit": limit + 1}
    found = await _visible(database, actor, "patient", _PATIENTS, values)
    page = found[:limit]
    return {"patients": page, "next": page[-1]["id"]} if len(found) > limit else {"patients": page}


async def patient_of(database: SyncDatabase, actor: Actor, patient_id: str) -> dict[str, Any]:
    """PatientRecord. Raises ``not_found``, also for one the person may not see."""
    return _one(await _visible(database, actor, "patient", _RECORD, {"scope": f"patient:{patient_id}", "id": patient_id}))


async def list_letters(database: SyncDatabase, actor: Actor, patient_id: str) -> dict[str, Any]:
    """LetterListResponse, the last changed first. Raises ``not_found`` where there is no such patient in sight."""
    await patient_of(database, actor, patient_id)
    return {"letters": await _visible(database, actor, "letter", _LETTERS, {"scope": f"patient:{patient_id}"})}


async def letter_of(database: SyncDatabase, actor: Actor, patient_id: str, letter_id: str) -> dict[str, Any]:
    """LetterRecord. Raises ``not_found``, also for a letter of another patient."""
    return _one(await _visible(database, actor, "letter", _RECORD, {"scope": f"patient:{patient_id}", "id": letter_id}))


async def create_patient(writers: Writers, actor: Actor, said: Mapping[str, Any], now: str) -> bytes:
    """``said``: CreateRequest. Answers the verdict as JSON; raises what the operation was refused for, nothing is then kept."""
    return await _decided(writers, actor, "patient", "create", said["id"], said, now)


async def create_letter(writers: Writers, actor: Actor, patient_id: str, said: Mapping[str, Any], now: str) -> bytes:
    """As ``create_patient``; the letter is this patient's, whether ``set`` says so or not."""
    if said["set"].get("patient_id", patient_id) != patient_id:
        raise invalid_request([("/set/patient_id", "not the patient of this address")])
    made = {**said, "set": {**said["set"], "patient_id": patient_id}}
    return await _decided(writers, actor, "letter", "create", said["id"], made, now)


async def change_patient(writers: Writers, actor: Actor, patient_id: str, said: Mapping[str, Any], now: str) -> bytes:
    """``said``: ChangeRequest. Answers and raises as ``create_patient``."""
    return await _decided(writers, actor, "patient", "patch", patient_id, said, now)


async def change_letter(
    database: SyncDatabase, writers: Writers, actor: Actor, patient_id: str, letter_id: str, said: Mapping[str, Any], now: str
) -> bytes:
    """As ``change_patient``. A letter never changes patient, so one that is this patient's now still is when it is decided."""
    await letter_of(database, actor, patient_id, letter_id)
    return await _decided(writers, actor, "letter", "patch", letter_id, said, now)


async def _decided(
    writers: Writers, actor: Actor, kind: str, action: str, record_id: str, said: Mapping[str, Any], now: str
) -> bytes:
    op = {
        **said, "id": record_id, "kind": kind, "action": action, "device_seq": 1, "schema": SCHEMA_VERSION,
        "base_version": said.get("base_version", 0), "made_at": now,
    }  # fmt: skip
    answer = await writers.submit(submission(actor, None, [op]))
    return answer.verdicts[0]


def _one(found: Found) -> dict[str, Any]:
    if not found:
        raise ApiError("not_found")
    return found[0]


async def _visible(
    database: SyncDatabase, actor: Actor, kind: Literal["patient", "letter"], statement: str, values: Mapping[str, Any]
) -> Found:
    """Raises ``forbidden`` where the person's roles receive nothing of the kind."""
    receiver = receiver_of(actor.roles)
    if kind not in receiver.kinds:
        raise ApiError("forbidden")
    who = {"organisation": actor.organisation_id, "user": actor.user_id, "kind": kind}
    seen = {"everything": receiver.everything, "member": receiver.member}
    async with database.reading(actor.organisation_id) as connection:
        found = await connection.execute(statement, {**who, **seen, **values}, prepare=True, binary=True)
        entries = [orjson.loads(row[0]) for row in await found.fetchall()]
    return [{name: entry[name] for name in _OF_A_RECORD} for entry in entries]


_SEEN = """
  (%(everything)s OR %(member)s AND EXISTS (
    SELECT FROM visible_scope v
    WHERE v.organisation_id = e.organisation_id AND v.user_id = %(user)s::uuid AND v.scope = e.scope))"""
_OF_KIND = "e.organisation_id = %(organisation)s AND e.kind = %(kind)s AND NOT e.deleted"
_RECORD = f"SELECT e.bytes FROM entry e WHERE {_OF_KIND} AND e.id = %(id)s::uuid AND e.scope = %(scope)s AND {_SEEN}"
_LETTERS = f"SELECT e.bytes FROM entry e WHERE {_OF_KIND} AND e.scope = %(scope)s AND {_SEEN} ORDER BY e.seq DESC"
_PATIENTS = f"""
  SELECT e.bytes FROM entry e
  WHERE {_OF_KIND} AND (%(nhs_number)s::text IS NULL OR e.nhs_number = %(nhs_number)s::text)
    AND (%(after)s::uuid IS NULL OR e.id > %(after)s::uuid) AND {_SEEN}
  ORDER BY e.id LIMIT %(limit)s"""
