"""A hospital with two wards and the people of the demonstration, and devices that push to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson

from quill.domain.actor import Actor
from quill.postgres.sessions import SyncDatabase
from quill.sync.live import Hub
from quill.sync.log import Change, append, lock_head
from quill.sync.memberships import add_to_team, remove_from_team
from quill.sync.submission import submission
from quill.sync.writer import Writers
from quill_schemas import is_nhs_number, sections_hash

MADE_AT = "2026-03-02T09:00:00Z"


class Ward:
    """One organisation: teams ``a`` and ``b``; amara and ben (Clinicians), sasha (Secretary) in a, noor in b, carol runs it."""

    def __init__(self, database: SyncDatabase) -> None:
        self.database = database
        self.organisation_id = str(uuid4())
        self.heads: list[tuple[str, int]] = []  # what the hub was told
        self.writers = Writers(database, lambda organisation_id, head: self.heads.append((organisation_id, head)))
        self.a = self.b = ""
        self._last_number = 0

    async def found(self) -> Ward:
        async with self.database.writing(self.organisation_id) as connection:
            await connection.execute(
                "INSERT INTO organisation (organisation_id, name) VALUES (%s, 'A hospital')", (self.organisation_id,)
            )
        self.a, self.b = await self.team(), await self.team()
        self.amara = await self.person("amara", "Clinician", team=self.a)
        self.ben = await self.person("ben", "Clinician", team=self.a)
        self.sasha = await self.person("sasha", "Secretary", team=self.a)
        self.noor = await self.person("noor", "Clinician", team=self.b)
        self.carol = await self.person("carol", "Administrator")
        return self

    def hub(self) -> Hub:
        """One that was never started: it knows no head, so that every page is read from the tables."""

        async def nobody(_session_ids: set[str]) -> set[str]:
            return set()

        return Hub(self.database, nobody)

    async def team(self) -> str:
        team_id = str(uuid4())
        async with self.database.writing(self.organisation_id) as connection:
            head = await lock_head(connection, self.organisation_id)
            body = {"name": "A ward", "member_ids": []}
            await append(connection, head, [Change("team", team_id, "org", 1, body, "server", "create")])
        return team_id

    async def person(self, username: str, *roles: str, team: str | None = None) -> Actor:
        actor = Actor(str(uuid4()), self.organisation_id, username, username.title(), frozenset(roles), str(uuid4()))
        async with self.database.writing(self.organisation_id) as connection:
            await connection.execute(
                "INSERT INTO actor (organisation_id, user_id, username, name, roles) VALUES (%s, %s, %s, %s, %s)",
                (self.organisation_id, actor.user_id, username, actor.name, sorted(roles)),
            )
        if team:
            await self.join(actor, team)
        return actor

    async def join(self, actor: Actor, team_id: str) -> None:
        async with self.database.writing(self.organisation_id) as connection:
            head = await lock_head(connection, self.organisation_id)
            await add_to_team(connection, head, actor.user_id, team_id)

    async def leave(self, actor: Actor, team_id: str) -> None:
        async with self.database.writing(self.organisation_id) as connection:
            head = await lock_head(connection, self.organisation_id)
            await remove_from_team(connection, head, actor.user_id, team_id)

    async def device(self, actor: Actor, *, root: str | None = None) -> Device:
        device_id = str(uuid4())
        async with self.database.writing(self.organisation_id) as connection:
            await connection.execute(
                "INSERT INTO device (organisation_id, device_id, user_id, root) VALUES (%s, %s, %s, %s)",
                (self.organisation_id, device_id, actor.user_id, root or device_id),
            )
        return Device(self, actor, device_id)

    def nhs_number(self) -> str:
        """Another one of the range for tests."""
        while True:
            self._last_number += 1
            for digit in range(10):
                number = f"999{self._last_number:06d}{digit}"
                if is_nhs_number(number):
                    return number

    async def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.database.reading(self.organisation_id) as connection:
            return list(await (await connection.execute(statement, values)).fetchall())

    async def entry(self, record_id: str) -> dict[str, Any]:
        """The record as a pull would bring it."""
        ((packed,),) = await self.rows("SELECT bytes FROM entry WHERE id = %s", record_id)
        found: dict[str, Any] = orjson.loads(packed)
        return found

    async def written(self) -> tuple[int, ...]:
        """How much there is of everything a push can write."""
        counts = ", ".join(
            f"(SELECT count(*) FROM {table})"
            for table in ("entry", "revision", "audit", "verdict", "open_conflict", "membership_event", "delivery_queue")
        )
        ((*found,),) = await self.rows(f"SELECT seq, audit_position, {counts} FROM organisation")
        return tuple(found)


class Device:
    """Numbers operations as a vault does, and sends them."""

    def __init__(self, ward: Ward, actor: Actor, device_id: str) -> None:
        self.ward = ward
        self.actor = actor
        self.device_id = device_id
        self.next_seq = 1

    def op(self, kind: str, action: str, record_id: str | None = None, **members: Any) -> dict[str, Any]:
        made: dict[str, Any] = {
            "op_id": str(uuid4()),
            "device_seq": self.next_seq,
            "kind": kind,
            "id": record_id or str(uuid4()),
            "action": action,
            "schema": 1,
            "base_version": 0,
            "made_at": MADE_AT,
        }
        self.next_seq += 1
        made.update(members)
        return made

    def new_patient(self, *, team: str | None = None, **values: Any) -> dict[str, Any]:
        return self.op("patient", "create", set={**patient_body(team or self.ward.a), **values})

    def new_letter(self, patient_id: str, **values: Any) -> dict[str, Any]:
        body = {"patient_id": patient_id, "title": "Clinic letter", "sections": sections(plan="Rest."), **values}
        return self.op("letter", "create", set=body, seen=seen(patient_id))

    def patch(self, kind: str, record_id: str, base: int, **members: Any) -> dict[str, Any]:
        return self.op(kind, "patch", record_id, base_version=base, **members)

    async def push(self, *operations: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.ward.writers.submit(submission(self.actor, self.device_id, operations))
        return [orjson.loads(verdict) for verdict in answer.verdicts]

    async def one(self, operation: dict[str, Any]) -> dict[str, Any]:
        (verdict,) = await self.push(operation)
        return verdict


def patient_body(*team_ids: str) -> dict[str, Any]:
    return {
        "name": {"family": "Okafor", "given": ["Ada"]},
        "birth_date": "1950-02-03",
        "sex": "female",
        "team_ids": list(team_ids),
    }


def seen(patient_id: str, version: int = 1, **shown: Any) -> dict[str, Any]:
    return {
        "patient_id": patient_id,
        "version": version,
        "name": {"family": "Okafor", "given": ["Ada"]},
        "birth_date": "1950-02-03",
        **shown,
    }


def section(text: str, order: int = 1, title: str = "Plan") -> dict[str, Any]:
    return {"title": title, "order": order, "text": text}


def sections(**texts: str) -> dict[str, Any]:
    return {heading: section(text, order, heading.title()) for order, (heading, text) in enumerate(texts.items(), 1)}


def signature(text_of: dict[str, Any]) -> str:
    return sections_hash(text_of)


def outcomes(verdicts: Sequence[dict[str, Any]]) -> list[str]:
    return [verdict["outcome"] for verdict in verdicts]
