"""The roads to a page give the same page: scope by scope, entry by entry, and everything that exists."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import pytest

from quill.domain.actor import Actor
from quill.sync.cursor import Cursor, Told, read_cursor
from quill.sync.receiver import receiver_of
from quill.sync.visible import NEAR, reading, tail

from .world import Device, World, some


class Asked(NamedTuple):
    actor: Actor
    cursor: Cursor
    may_see: set[str] | None
    """All the person may see, where the cursor was told of all of it."""


@pytest.mark.parametrize("seed", range(5))
async def test_over_random_memberships_grants_and_revokes(world: World, seed: int) -> None:
    dice = random.Random(seed)
    teams = [await world.team() for _ in range(3)]
    for _ in range(6):
        await world.patient(*dice.sample(teams, dice.randint(1, 2)))
    people = [await world.user() for _ in range(2)] + [await world.user("Clinic Owner")]
    devices = [Device(world, person) for person in people]
    for _ in range(6):
        for _ in range(dice.randint(1, 6)):
            await change(world, dice, teams, people)
        for device in devices:
            for _ in range(dice.randint(0, 6)):
                if not await device.step(dice.choice([1, 2, 5, 500])):
                    break
        for device in devices:
            if device.cursor is not None:
                await compare(world, await asked(world, device), dice)


async def change(world: World, dice: random.Random, teams: list[str], people: list[Actor]) -> None:
    """Something that may happen to an organisation."""
    patient, team, person = some(world.patients, dice), dice.choice(teams), dice.choice(people)
    match dice.randrange(8):
        case 0 | 1:
            await world.write(dice.choice(["letter", "message"]), f"patient:{patient}")
        case 2:
            letter = await world.write("letter", f"patient:{patient}")
            await world.write("letter", f"patient:{patient}", letter, deleted=True)
        case 3:
            await world.write("message", dice.choice(["org", f"team:{team}", f"user:{person.user_id}"]))
        case 4:
            await (world.leave if person.user_id in world.teams[team] else world.join)(person, team)
        case 5:
            await world.join(person, team)
        case 6:
            gone = some(world.patients[patient], dice) if len(world.patients[patient]) > 1 else None
            await world.move(patient, [team], [gone] if gone and gone != team else [])
        case _:
            await world.patient(team)


async def asked(world: World, device: Device) -> Asked:
    assert device.cursor is not None
    cursor = read_cursor(world.keys.cursor, world.organisation_id, device.actor.user_id, device.cursor)
    told = (cursor.grants, cursor.revokes) == (Told.below(await head(world) + 1),) * 2 and cursor.backfill is None
    return Asked(device.actor, cursor, world.may_see(device.actor) if told else None)


async def compare(world: World, one: Asked, dice: random.Random) -> None:
    for position in {one.cursor.position, dice.randint(0, one.cursor.position), 0}:
        for limit in (1, 3, 10_000):
            scope_by_scope = await rows(world, tail(False), one, position, limit)
            assert await rows(world, NEAR, one, position, limit) == scope_by_scope
        if one.may_see is not None:
            everything = await rows(world, tail(True), one, position, 10_000)
            scopes = await scopes_of(world)
            assert [row for row in everything if scopes[row[0]] in one.may_see] == scope_by_scope


async def rows(world: World, statement: str, one: Asked, position: int, limit: int) -> list[tuple[Any, ...]]:
    values = {**reading(one.actor, receiver_of(one.actor.roles), one.cursor, limit), "position": position}
    async with world.database.reading(world.organisation_id) as connection:
        found = await connection.execute(statement, values, binary=True)
        return await found.fetchall()


async def head(world: World) -> int:
    async with world.database.reading(world.organisation_id) as connection:
        row = await (await connection.execute("SELECT seq FROM organisation")).fetchone()
    assert row is not None
    return int(row[0])


async def scopes_of(world: World) -> dict[int, str]:
    async with world.database.reading(world.organisation_id) as connection:
        return dict(await (await connection.execute("SELECT seq, scope FROM entry")).fetchall())
