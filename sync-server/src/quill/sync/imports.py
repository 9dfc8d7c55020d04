"""Patients that come from elsewhere, as FHIR resources, into the log.

Safe to repeat: who is there already stays as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson

from quill.postgres.sessions import SyncConnection
from quill.records.fhir_patient import Body, Resource, patient_body
from quill.sync.log import SERVER, Change, Head, append
from quill.sync.memberships import Teams, scope_born
from quill_schemas import validate_body

NAMESPACE = UUID("6f1b1d4e-7a53-4d0e-9a52-8f2b6f0c7c11")  # of ids made from ids that are no UUID


class Newcomer(NamedTuple):
    """A patient to be created: the resource's bytes, and the body made of it."""

    id: str
    body: Body
    resource: bytes


@dataclass
class Imported:
    """``refused`` holds a sentence for each that could not be taken, naming it by its FHIR id."""

    created: int = 0
    known: int = 0
    refused: list[str] = field(default_factory=list)


def newcomer(resource: Resource, team_ids: Sequence[str], raw: bytes | None = None) -> Newcomer:
    """Raises ``ValueError``, with a sentence, for what is no usable FHIR Patient. ``raw``: the resource as it came."""
    if resource.get("resourceType") != "Patient":
        raise ValueError("it is not a Patient")
    foreign_id = resource.get("id")
    if not isinstance(foreign_id, str) or not foreign_id:
        raise ValueError("it has no id")
    try:
        body = patient_body(resource, team_ids)
    except (AttributeError, TypeError, KeyError, IndexError):
        raise ValueError("it is not formed as FHIR R4 has it") from None
    checked(body)
    return Newcomer(_own_id(foreign_id), body, raw or orjson.dumps(resource))


def checked(body: Body) -> None:
    """Raises ``ValueError`` naming every fault."""
    faults = validate_body("patient", body)
    if faults:
        raise ValueError("; ".join(f"{path or '/'}: {words}" for path, words in faults))


async def take_in(connection: SyncConnection, head: Head, newcomers: Sequence[Newcomer]) -> tuple[Head, Imported]:
    """Creates those who aren't there, set-wise. The organisation's lock is held; ids of ``newcomers`` are distinct."""
    ids, numbers = await _there(connection, head.organisation_id, newcomers)
    result = Imported()
    created: list[Newcomer] = []
    for one in newcomers:
        number = one.body.get("nhs_number")
        if one.id in ids:
            result.known += 1
        elif number in numbers:
            result.refused.append(f"{one.id}: its NHS number is another patient's")
        else:
            created.append(one)
            numbers |= {number} if number else set()
    changes = [
        Change("patient", one.id, f"patient:{one.id}", 1, one.body, SERVER, "create", tuple(one.body)) for one in created
    ]
    head, written = await append(connection, head, changes)
    born = [Teams(one.id, entry.seq or 0, one.body["team_ids"]) for one, entry in zip(created, written, strict=True)]
    await scope_born(connection, head.organisation_id, born)
    if created:
        values = (head.organisation_id, [one.id for one in created], [one.resource for one in created])
        await connection.execute(_KEEP, values, binary=True)
    result.created = len(created)
    return head, result


async def _there(connection: SyncConnection, organisation_id: str, newcomers: Sequence[Newcomer]) -> tuple[set[str], set[Any]]:
    """Of their ids and NHS numbers those that the organisation has."""
    ids = [one.id for one in newcomers]
    numbers = [one.body["nhs_number"] for one in newcomers if "nhs_number" in one.body]
    found = await connection.execute(_THERE, (organisation_id, ids, organisation_id, numbers))
    rows = await found.fetchall()
    return {row[0] for row in rows if row[0]}, {row[1] for row in rows if row[1]}


def _own_id(foreign_id: str) -> str:
    """A lower-case UUID is kept; of any other id one is made, always the same."""
    try:
        if str(UUID(foreign_id)) == foreign_id and UUID(foreign_id).int:
            return foreign_id
    except ValueError:
        pass
    return str(uuid5(NAMESPACE, foreign_id))


_THERE = """
  SELECT id::text, NULL FROM entry WHERE organisation_id = %s AND id = ANY(%s::uuid[])
  UNION ALL
  SELECT NULL, nhs_number FROM entry WHERE organisation_id = %s AND nhs_number = ANY(%s::text[]) AND NOT deleted"""
_KEEP = """
  INSERT INTO imported (organisation_id, id, kind, resource)
  SELECT %s::uuid, id, 'patient', resource FROM unnest(%s::uuid[], %s::bytea[]) AS one (id, resource)"""
