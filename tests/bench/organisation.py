"""An organisation of its own for a part of the bench, its people, and sessions of theirs as an app has them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from uuid import uuid4

import psycopg
from client import Client
from records import Body
from sqlalchemy import insert

from quill.domain.person import Person
from quill.identity import accounts, passwords
from quill.identity.identity import Identity
from quill.identity.store import within
from quill.postgres.sessions import AuthDatabase, SyncDatabase
from quill.postgres.tables.auth import organisation
from quill.settings import Settings
from quill.sync.log import Change, append, lock_head
from quill.sync.memberships import Teams, add_to_team, scope_born
from quill.sync.people import keep_person

PASSWORD = "ward-lantern-orchid-42"
AT_ONCE = 1000


class Organisation:
    """Two teams: ``ward`` with one member, the Clinician ``few``, and ``empty`` with none; ``all`` is an Administrator."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.id = str(uuid4())
        self.ward, self.empty = str(uuid4()), str(uuid4())
        self.few, self.all = f"few-{self.id}", f"all-{self.id}"

    def make(self) -> Organisation:
        asyncio.run(self._make())
        return self

    def fill(self, patients: Iterator[tuple[str, Body]], count: int, *, seen: int) -> None:
        """``count`` patients straight into the log; the first ``seen`` are the ward's."""
        asyncio.run(self._fill(patients, count, seen))
        vacuum(self.settings)

    def signed_in(self, port: int, username: str) -> dict[str, str]:
        """Headers of a session."""
        client = Client(port)
        body = json.dumps({"username": username, "password": PASSWORD}).encode()
        cookies = dict(_cookies(client, body))
        client.close()
        return {
            "cookie": f"access_token={cookies['access_token']}; XSRF-TOKEN={cookies['XSRF-TOKEN']}",
            "x-csrf-token": cookies["XSRF-TOKEN"],
            "x-quill-protocol": "1",
        }

    def device(self, port: int, headers: Mapping[str, str]) -> str:
        """One that said hello."""
        device_id = str(uuid4())
        said = {
            "device_id": device_id, "app_version": "bench", "outbox": {"count": 0, "oldest_age_s": 0},
            "storage": {"persisted": False, "quota": 0, "usage": 0},
        }  # fmt: skip
        client = Client(port, headers)
        client.post("/api/sync/hello", json.dumps(said).encode())
        client.close()
        return device_id

    async def _make(self) -> None:
        database, auth = SyncDatabase(self.settings.sync_dsn), AuthDatabase(self.settings.auth_dsn)
        await database.open()

        async def keep(person: Person) -> None:
            await keep_person(database, person)

        people: dict[str, str] = {}
        async with within(auth, self.id) as connection:
            await connection.execute(
                insert(organisation).values(organisation_id=self.id, name=f"Bench {self.id}", demonstration=False)
            )
            password_hash = passwords.hashed(PASSWORD)
            for username, role in ((self.all, "Administrator"), (self.few, "Clinician")):
                people[username] = await accounts.create(
                    connection, self.id, username=username, name=username, roles=[role], password_hash=password_hash
                )
        identity = Identity(self.settings, auth, keep)
        await identity.start()  # carries the people over to the log's database
        await identity.stop()
        async with database.writing(self.id) as connection:
            head = await lock_head(connection, self.id)
            body = {"name": "A ward", "member_ids": []}
            teams = [Change("team", team, "org", 1, body, "server", "create") for team in (self.ward, self.empty)]
            head, _ = await append(connection, head, teams)
            await add_to_team(connection, head, people[self.few], self.ward)
        await database.close()
        await auth.close()

    async def _fill(self, patients: Iterator[tuple[str, Body]], count: int, seen: int) -> None:
        database = SyncDatabase(self.settings.sync_dsn)
        await database.open()
        for start in range(0, count, AT_ONCE):
            team = self.ward if start < seen else self.empty
            made = [(one, {**body, "team_ids": [team]}) for one, body in islice(patients, min(AT_ONCE, count - start))]
            await self._append(database, made)
        await database.close()

    async def _append(self, database: SyncDatabase, made: Sequence[tuple[str, Body]]) -> None:
        async with database.writing(self.id) as connection:
            head = await lock_head(connection, self.id)
            changes = [Change("patient", one, f"patient:{one}", 1, body, "server", "create") for one, body in made]
            _, written = await append(connection, head, changes)
            teams = [Teams(one, row.seq or 0, body["team_ids"]) for (one, body), row in zip(made, written, strict=True)]
            await scope_born(connection, self.id, teams)


def write_one(settings: Settings, organisation_id: str, patient: tuple[str, Body]) -> None:
    """One change, straight into the log."""

    async def write() -> None:
        database = SyncDatabase(settings.sync_dsn)
        await database.open()
        one, body = patient
        async with database.writing(organisation_id) as connection:
            head = await lock_head(connection, organisation_id)
            await append(connection, head, [Change("patient", one, f"patient:{one}", 1, body, "server", "create")])
        await database.close()

    asyncio.run(write())


def vacuum(settings: Settings) -> None:
    """As autovacuum leaves it: new tables without statistics have bad plans."""
    with psycopg.connect(settings.sync_owner_dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _cookies(client: Client, body: bytes) -> Iterator[tuple[str, str]]:
    for name, value in client.headers_of("POST", "/api/auth/login", body):
        if name == "set-cookie":
            cookie, _, content = value.partition(";")[0].partition("=")
            yield cookie, content
