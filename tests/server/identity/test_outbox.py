"""What sign-in decides reaches the log's database: once, in order, whoever carries it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
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
    server: Any, identity: Identity, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own rounds and two more, over an account that changes several times.

    What is carried is looked at where all of them pass, since a round of the server may have begun before the test did.
    """
    sync: SyncDatabase = server.state.services.sync_database
    carried_by: list[tuple[str, bool]] = []
    told = outbox._person

    def seen(organisation_id: str, said: dict[str, Any]) -> Told:
        if organisation_id == organisation.organisation_id:
            carried_by.append((said["user_id"], said["disabled"]))
        return told(organisation_id, said)

    monkeypatch.setattr(outbox, "_person", seen)
    person = await organisation.person()
    for disabled in (True, False, True):
        async with within(identity.database, person.organisation_id) as connection:
            await accounts.set_disabled(connection, person.organisation_id, person.account_id, disabled=disabled)
        await asyncio.gather(*(carried(identity, sync) for _ in range(2)))
    assert carried_by == [(person.account_id, disabled) for disabled in (False, True, False, True)]
    async with sync.reading(person.organisation_id) as connection:
        found = await connection.execute("SELECT body FROM revision WHERE id = %s ORDER BY version", (person.account_id,))
        assert [orjson.loads(body)["active"] for (body,) in await found.fetchall()] == [True, False, True, False]


async def test_what_is_carried_late_does_not_undo_what_is_newer(server: Any, person: Person) -> None:
    """A carrier that lost its connection, and with it the lock on what it carries, is overtaken by another."""
    sync: SyncDatabase = server.state.services.sync_database
    newer = Told(person.organisation_id, "Practice", False, person.account_id, person.username, "New", ("Auditor",), True, 9)
    await keep_person(sync, newer)
    before = await record(sync, person)
    await keep_person(sync, replace(newer, name="Old", roles=("Administrator",), disabled=False, user_epoch=8))
    known = await actor(sync, person)
    assert known is not None
    assert (known["name"], known["roles"], known["disabled"], known["user_epoch"]) == ("New", ["Auditor"], True, 9)
    assert await record(sync, person) == before


async def test_what_could_not_be_carried_waits_and_is_carried_later(
    server: Any, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync: SyncDatabase = server.state.services.sync_database
    tried, person_of = asyncio.Event(), outbox._person

    def down(organisation_id: str, said: dict[str, Any]) -> Told:
        if organisation_id == organisation.organisation_id:
            tried.set()
            raise ConnectionError
        return person_of(organisation_id, said)

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "_person", down)
        person = await organisation.person()
        await asyncio.wait_for(tried.wait(), 10)
        assert await actor(sync, person) is None
    async with asyncio.timeout(10):
        while await actor(sync, person) is None:
            await asyncio.sleep(0.05)
