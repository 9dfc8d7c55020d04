"""What sign-in decides reaches the log's database: once, in order, whoever carries it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import orjson
import pytest

from quill.domain.person import Person as Told
from quill.identity import accounts, outbox
from quill.identity.identity import Identity
from quill.identity.store import within
from quill.postgres.sessions import SyncDatabase
from quill.postgres.tables.auth import account
from quill.sync.people import keep_person
from quill_schemas import validate_body

from .people import Organisation, Person


async def actor(sync: SyncDatabase, person: Person) -> dict[str, Any] | None:
    async with sync.reading(person.organisation_id) as connection:
        found = await connection.execute(
            "SELECT to_jsonb(a) FROM actor a WHERE organisation_id = %s AND user_id = %s",
            (person.organisation_id, person.account_id),
        )
        row = await found.fetchone()
    return None if row is None else dict(row[0])


async def record(sync: SyncDatabase, person: Person) -> dict[str, Any]:
    async with sync.reading(person.organisation_id) as connection:
        found = await connection.execute(
            "SELECT bytes FROM entry WHERE organisation_id = %s AND id = %s", (person.organisation_id, person.account_id)
        )
        row = await found.fetchone()
    assert row is not None
    entry: dict[str, Any] = orjson.loads(row[0])
    return entry


async def carried(identity: Identity, sync: SyncDatabase) -> None:
    while await outbox.deliver(identity.database, partial(keep_person, sync)):
        pass


async def test_a_new_person_is_known_to_the_log_and_in_the_directory(server: Any, identity: Identity, person: Person) -> None:
    sync: SyncDatabase = server.state.services.sync_database
    await carried(identity, sync)
    known = await actor(sync, person)
    assert known is not None
    assert (known["username"], known["roles"], known["disabled"]) == (person.username, ["Clinician"], False)
    entry = await record(sync, person)
    assert (entry["kind"], entry["scope"], entry["version"], entry["by"]) == ("person", "org", 1, "server")
    assert validate_body("person", entry["body"]) == []


async def test_a_role_taken_away_is_remembered_as_former(server: Any, identity: Identity, organisation: Organisation) -> None:
    sync: SyncDatabase = server.state.services.sync_database
    person = await organisation.person("Clinician", "Auditor")
    await carried(identity, sync)
    async with within(identity.database, person.organisation_id) as connection:
        await connection.execute(account.update().where(account.c.account_id == person.account_id).values(roles=["Secretary"]))
        await outbox.put(connection, person.organisation_id, person.account_id)
    await carried(identity, sync)
    known = await actor(sync, person)
    assert known is not None
    assert (known["roles"], known["former_roles"]) == (["Secretary"], ["Auditor", "Clinician"])
    assert (await record(sync, person))["body"]["roles"] == ["Secretary"]


async def test_disabled_and_back(server: Any, identity: Identity, person: Person) -> None:
    sync: SyncDatabase = server.state.services.sync_database
    for disabled in (True, False):
        async with within(identity.database, person.organisation_id) as connection:
            await accounts.set_disabled(connection, person.organisation_id, person.account_id, disabled=disabled)
        await carried(identity, sync)
        known = await actor(sync, person)
        assert known is not None
        assert known["disabled"] is disabled
        assert (await record(sync, person))["body"]["active"] is not disabled


async def test_whoever_carries_at_once_each_is_carried_once_and_in_order(
    identity: Identity, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own rounds and two more, over accounts that change several times."""
    carried_by: list[tuple[str, bool]] = []

    async def carry(told: Told) -> None:
        await asyncio.sleep(0)
        if told.organisation_id == organisation.organisation_id:
            carried_by.append((told.user_id, told.disabled))

    monkeypatch.setattr(identity, "_carry", carry)
    person = await organisation.person()
    for disabled in (True, False, True):
        async with within(identity.database, person.organisation_id) as connection:
            await accounts.set_disabled(connection, person.organisation_id, person.account_id, disabled=disabled)
        await asyncio.gather(*(outbox.deliver(identity.database, carry) for _ in range(2)))
    assert carried_by == [(person.account_id, disabled) for disabled in (False, True, False, True)]


async def test_what_could_not_be_carried_waits_and_is_carried_later(
    server: Any, identity: Identity, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync: SyncDatabase = server.state.services.sync_database
    tried = asyncio.Event()

    async def down(_told: Told) -> None:
        tried.set()
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(identity, "_carry", down)
        person = await organisation.person()
        await asyncio.wait_for(tried.wait(), 5)
        assert await actor(sync, person) is None
    async with asyncio.timeout(5):
        while await actor(sync, person) is None:
            await asyncio.sleep(0.05)
