"""Makes the demonstration, set-wise: the people in one database, their patients and writings in the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import islice

import psycopg
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from quill.demonstration.cast import HOUSES, PASSWORD, House
from quill.demonstration.patients import Registry, Sample, samples
from quill.demonstration.summary import Summary
from quill.demonstration.writings import Writer
from quill.identity import accounts, outbox, passwords
from quill.identity.identity import IdentityKeys
from quill.identity.store import within
from quill.identity.totp import SealedSecrets
from quill.postgres.sessions import AuthDatabase, SyncDatabase
from quill.postgres.tables.auth import account, organisation
from quill.settings import Settings
from quill.sync.imports import Newcomer, take_in
from quill.sync.log import SERVER, Change, append, lock_head
from quill.sync.memberships import add_to_team
from quill.sync.people import keep_person

EVERY = 7  # of so many patients one has letters


async def build(settings: Settings) -> Summary:
    """Safe to repeat, also after a start that was killed half-way: each part is one transaction, looked for first."""
    async with AsyncExitStack() as stack:
        auth, sync = AuthDatabase(settings.auth_dsn), SyncDatabase(settings.sync_dsn)
        stack.push_async_callback(auth.close)
        await sync.open()
        stack.push_async_callback(sync.close)
        for house in HOUSES:
            await _people(auth, SealedSecrets(IdentityKeys.of(settings.secret).totp), house)
        while await outbox.deliver(auth, partial(keep_person, sync)):
            pass
        missing = [house for house in HOUSES if not await _there(sync, house)]
        if missing:
            await _records(sync, missing)
            await asyncio.to_thread(_analyse, settings.sync_owner_dsn)
    return Summary(created=bool(missing))


async def _people(auth: AuthDatabase, secrets: SealedSecrets, house: House) -> None:
    """Those who are missing. An account that is there keeps its password."""
    async with within(auth, house.id) as connection:
        named = {"organisation_id": house.id, "name": house.name, "demonstration": True}
        await connection.execute(upsert(organisation).values(named).on_conflict_do_nothing())
        mine = select(account.c.username).where(account.c.organisation_id == house.id)
        there = set((await connection.execute(mine)).scalars())
        missing = [player for player in house.people if player.username not in there]
        hashes = await asyncio.gather(*(asyncio.to_thread(passwords.hashed, PASSWORD) for _ in missing))
        for player, password_hash in zip(missing, hashes, strict=True):
            await accounts.create(
                connection,
                house.id,
                account_id=player.id,
                username=player.username,
                name=player.name,
                roles=[player.role],
                password_hash=password_hash,
            )
            if player.totp:
                await accounts.set_totp(connection, secrets, house.id, player.id, player.totp)


async def _there(sync: SyncDatabase, house: House) -> bool:
    async with sync.reading(house.id) as connection:
        teams = [house.team_id(ward.name) for ward in house.wards]
        found = await connection.execute(_TEAMS, (house.id, teams))
        return await found.fetchone() is not None


async def _records(sync: SyncDatabase, missing: list[House]) -> None:
    registry, source = Registry(), iter(samples())
    for house in HOUSES:
        admitted = [
            (ward.name, _admit(registry, islice(source, ward.patients), house.team_id(ward.name))) for ward in house.wards
        ]
        if house in missing:  # the others have had theirs, but the source goes on behind them
            await _fill(sync, house, admitted)


Admitted = list[tuple[Newcomer, Sample]]


def _admit(registry: Registry, arriving: Iterator[Sample], team_id: str) -> Admitted:
    return [(registry.admit(sample, team_id), sample) for sample in arriving]


async def _fill(sync: SyncDatabase, house: House, admitted: list[tuple[str, Admitted]]) -> None:
    """One transaction: teams, their members, patients, and what was written about them."""
    async with sync.writing(house.id) as connection:
        head = await lock_head(connection, house.id)
        for ward in house.wards:
            body = {"name": ward.name, "member_ids": []}
            team = Change("team", house.team_id(ward.name), "org", 1, body, SERVER, "create", tuple(body))
            head, _ = await append(connection, head, [team])
            for player in house.members(ward.name):
                head = await add_to_team(connection, head, player.id, house.team_id(ward.name))
        for seed, (ward_name, patients) in enumerate(admitted):
            head, _ = await take_in(connection, head, [patient for patient, _ in patients])
            head, _ = await append(connection, head, list(_writings(house, ward_name, patients, seed)))


def _writings(house: House, ward_name: str, patients: Admitted, seed: int) -> Iterator[Change]:
    writer = Writer(house.members(ward_name), seed)
    written_about = [(patient, sample) for patient, sample in patients if sample.history["encounters"]][::EVERY]
    for index, (patient, sample) in enumerate(written_about):
        yield from writer.letters(patient, sample)
        if index % 2 == 0:
            yield writer.message(patient)


def _analyse(owner_dsn: str) -> None:
    """Filled tables give bad plans until they are analysed."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("ANALYZE")


_TEAMS = "SELECT 1 FROM entry WHERE organisation_id = %s AND id = ANY(%s::uuid[]) LIMIT 1"
