"""An organisation to pull from, written through the log, and a device that does what the contract says a client does."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson

from quill.domain.actor import Actor
from quill.keys import Keys
from quill.postgres.sessions import SyncConnection, SyncDatabase
from quill.sync.changes import Changes
from quill.sync.live import Hub
from quill.sync.log import Change, Head, append, lock_head
from quill.sync.memberships import Teams, add_to_team, after_team_ids_changed, remove_from_team, scope_born
from quill_schemas import body_hash, record_hash, scope_hash, validator

AUTHOR = str(uuid4())


class World:
    """One organisation. Every method is one transaction, as a writer's would be."""

    def __init__(self, database: SyncDatabase, keys: Keys) -> None:
        self.database = database
        self.keys = keys
        self.organisation_id = str(uuid4())
        self.demonstration = False
        self.patients: dict[str, set[str]] = {}
        self.teams: dict[str, set[str]] = {}

    async def found(self, *, demonstration: bool = False) -> World:
        self.demonstration = demonstration
        async with self.database.writing(self.organisation_id) as connection:
            await connection.execute(
                "INSERT INTO organisation (organisation_id, name, demonstration) VALUES (%s, 'A practice', %s)",
                (self.organisation_id, demonstration),
            )
        return self

    async def user(self, *roles: str) -> Actor:
        actor = Actor(
            str(uuid4()), self.organisation_id, "someone", "Some One", frozenset(roles or ("Clinician",)), str(uuid4())
        )
        async with self.database.writing(self.organisation_id) as connection:
            await connection.execute(
                "INSERT INTO actor (organisation_id, user_id, username, name, roles) VALUES (%s, %s, %s, %s, %s)",
                (self.organisation_id, actor.user_id, actor.username, actor.name, sorted(actor.roles)),
            )
        return actor

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[tuple[SyncConnection, Head]]:
        async with self.database.writing(self.organisation_id) as connection:
            yield connection, await lock_head(connection, self.organisation_id)

    async def team(self) -> str:
        team_id = str(uuid4())
        async with self.locked() as (connection, head):
            body = {"name": "A ward", "member_ids": []}
            await append(connection, head, [Change("team", team_id, "org", 1, body, "server", "create")])
        self.teams[team_id] = set()
        return team_id

    async def patient(self, *team_ids: str) -> str:
        patient_id = str(uuid4())
        async with self.locked() as (connection, head):
            body = {"n": 1, "team_ids": sorted(team_ids)}
            change = Change("patient", patient_id, f"patient:{patient_id}", 1, body, AUTHOR, "create")
            head, _ = await append(connection, head, [change])
            await scope_born(connection, self.organisation_id, [Teams(patient_id, head.seq, team_ids)])
        self.patients[patient_id] = set(team_ids)
        return patient_id

    async def write(self, kind: str, scope: str, record_id: str | None = None, *, deleted: bool = False, text: str = "") -> str:
        """The next version of a record (a new one without an id)."""
        record_id = record_id or str(uuid4())
        async with self.locked() as (connection, head):
            version = await self._version(connection, record_id)
            body = {"n": version + 1, "text": text}
            change = Change(kind, record_id, scope, version + 1, body, AUTHOR, "patch", deleted=deleted)
            await append(connection, head, [change])
        return record_id

    async def write_many(self, changes: Sequence[tuple[str, str, str]], text: str = "") -> None:
        """(kind, scope, id) of new records, in one transaction."""
        async with self.locked() as (connection, head):
            made = [Change(kind, one, scope, 1, {"n": 1, "text": text}, AUTHOR, "create") for kind, scope, one in changes]
            await append(connection, head, made)

    async def move(self, patient_id: str, added: Sequence[str], removed: Sequence[str]) -> None:
        async with self.locked() as (connection, head):
            version = await self._version(connection, patient_id)
            now = sorted((self.patients[patient_id] | set(added)) - set(removed))
            body = {"n": version + 1, "team_ids": now}
            change = Change("patient", patient_id, f"patient:{patient_id}", version + 1, body, AUTHOR, "patch")
            head, _ = await append(connection, head, [change])
            teams = Teams(patient_id, head.seq, added, removed)
            await after_team_ids_changed(connection, self.organisation_id, [teams])
        self.patients[patient_id] = set(now)

    async def join(self, actor: Actor, team_id: str) -> None:
        async with self.locked() as (connection, head):
            await add_to_team(connection, head, actor.user_id, team_id)
        self.teams[team_id].add(actor.user_id)

    async def leave(self, actor: Actor, team_id: str) -> None:
        async with self.locked() as (connection, head):
            await remove_from_team(connection, head, actor.user_id, team_id)
        self.teams[team_id].discard(actor.user_id)

    async def _version(self, connection: SyncConnection, record_id: str) -> int:
        found = await connection.execute("SELECT version FROM entry WHERE id = %s", (record_id,))
        row = await found.fetchone()
        return row[0] if row else 0

    def may_see(self, actor: Actor) -> set[str]:
        """Scopes by the world's own memory of teams, not by the tables the server reads."""
        teams = {team_id for team_id, members in self.teams.items() if actor.user_id in members}
        patients = {f"patient:{one}" for one, cared in self.patients.items() if cared & teams}
        return {"org", f"user:{actor.user_id}"} | {f"team:{one}" for one in teams} | patients

    async def truth(self, scopes: set[str] | None) -> dict[str, tuple[str, int]]:
        """id → (scope, version) of what lives, in these scopes or in all."""
        async with self.database.reading(self.organisation_id) as connection:
            found = await connection.execute("SELECT id::text, scope, version FROM entry WHERE NOT deleted")
            return {row[0]: (row[1], row[2]) for row in await found.fetchall() if scopes is None or row[1] in scopes}

    async def as_of(self, scope: str, head: int) -> dict[str, tuple[int, bool]]:
        """id → (version, deleted) of everything in a scope at a position."""
        async with self.database.reading(self.organisation_id) as connection:
            found = await connection.execute(
                "SELECT DISTINCT ON (id) id::text, version, deleted FROM revision WHERE scope = %s AND seq <= %s "
                "ORDER BY id, version DESC",
                (scope, head),
            )
            return {row[0]: (row[1], row[2]) for row in await found.fetchall()}


@dataclass
class Device:
    """Stores pages as the contract's "The client does one thing" has it, and refuses what a client should never be sent."""

    world: World
    actor: Actor
    cursor: str | None = None
    hub: Hub | None = None  # None: one that knows no head
    head: int = 0
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    running: dict[str | None, set[str]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    async def page(self, limit: int) -> dict[str, Any]:
        hub = self.hub or deaf(self.world.database)
        answer = await Changes(self.world.database, self.world.keys, self.actor, hub).page(self.cursor, limit)
        raw = answer if isinstance(answer, bytes) else b"".join([chunk async for chunk in answer])
        page: dict[str, Any] = orjson.loads(raw)
        return page

    async def step(self, limit: int) -> bool:
        page = await self.page(limit)
        assert len(page["changes"]) <= limit
        for entry in page["changes"]:
            self.apply(entry)
        self.cursor = page["cursor"]
        self.head = page["head"]
        return bool(page["more"])

    async def pull(self, limit: int = 500, most: int = 10_000) -> Device:
        for _ in range(most):
            if not await self.step(limit):
                return self
        raise AssertionError("never ends")

    def apply(self, entry: dict[str, Any]) -> None:
        self.log.append(entry["type"])
        getattr(self, "_" + entry["type"])(entry)

    def _put(self, entry: dict[str, Any]) -> None:
        scope, one = entry["scope"], entry["id"]
        if not self._sent(scope, one) and scope not in self.complete:
            self.complete.add(scope)  # born in sight
        held = self.records.get(one, {"version": self.gone.get(one, 0)})["version"]
        assert entry["version"] >= held, "went back"
        self.records[one] = entry

    def _delete(self, entry: dict[str, Any]) -> None:
        self._sent(entry["scope"], entry["id"])
        self.records.pop(entry["id"], None)
        self.gone[entry["id"]] = entry["version"]

    def _sent(self, scope: str, one: str) -> bool:
        for running in (scope, None):
            if running in self.running:
                self.running[running].add(one)
                return True
        return False

    def _begin(self, entry: dict[str, Any]) -> None:
        scope = entry.get("scope")
        # One at a time. One that was running is given up where its scope was revoked and granted anew: it is begun again later.
        self.running = {scope: set()}
        self.complete = set() if scope is None else self.complete - {scope}

    def _complete(self, entry: dict[str, Any]) -> None:
        scope = entry.get("scope")
        sent = self.running.pop(scope)
        scopes = entry["scopes"] if scope is None else {scope: {"count": entry["count"], "sha256": entry["sha256"]}}
        self.records = {
            one: held
            for one, held in self.records.items()
            if (scope is not None and held["scope"] != scope) or (held["scope"] in scopes and one in sent)
        }
        for name, told in scopes.items():
            assert self.digest(name) == (told["count"], told["sha256"]), name
        self.complete |= set(scopes)

    def _revoke(self, entry: dict[str, Any]) -> None:
        scope = entry["scope"]
        self.records = {one: held for one, held in self.records.items() if held["scope"] != scope}
        self.complete.discard(scope)
        self.running.pop(scope, None)

    def digest(self, scope: str) -> tuple[int, str]:
        hashes = [
            record_hash(held["kind"], held["id"], held["version"], body_hash(held["body"]))
            for held in self.records.values()
            if held["scope"] == scope
        ]
        return len(hashes), scope_hash(hashes).hex()

    def held(self) -> dict[str, tuple[str, int]]:
        return {one: (held["scope"], held["version"]) for one, held in self.records.items()}

    async def check_as_of_head(self) -> None:
        """G3: of every complete scope, everything as of the head, or later."""
        for scope in self.complete:
            for one, (version, deleted) in (await self.world.as_of(scope, self.head)).items():
                has = self.records[one]["version"] if one in self.records else self.gone.get(one, 0)
                assert has >= version or (deleted and not has), (scope, one, version, has, self.head)


def deaf(database: SyncDatabase) -> Hub:
    """A hub that was never started: it knows no head, so that every page is read from the tables."""

    async def nobody(_session_ids: set[str]) -> set[str]:
        return set()

    return Hub(database, nobody)


def valid(page: dict[str, Any]) -> list[tuple[str, str]]:
    return validator("ChangesResponse")(page)


def some(items: set[str] | dict[str, Any] | Sequence[str], dice: random.Random) -> str:
    return dice.choice(sorted(items))
