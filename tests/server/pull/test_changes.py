"""``GET /api/sync/changes`` on a real PostgreSQL: paging, scopes, back-fills, and G3 beside writers at work."""

from __future__ import annotations

import asyncio
import random
from uuid import uuid4

import pytest

from quill.errors import ApiError

from .world import Device, World, some, valid

LIMITS = [1, 2, 3, 7, 500, 5000]


async def ward(world: World, patients: int = 5) -> tuple[str, list[str]]:
    team = await world.team()
    made = [await world.patient(team) for _ in range(patients)]
    for one in made:
        await world.write("letter", f"patient:{one}")
    return team, made


@pytest.mark.parametrize("limit", LIMITS)
async def test_bootstrap_sends_all_a_member_may_see_and_nothing_else(world: World, limit: int) -> None:
    team, patients = await ward(world)
    other, _ = await ward(world)
    amara = await world.user()
    await world.join(amara, team)
    await world.write("quarantine", f"user:{amara.user_id}")
    await world.write("letter", f"patient:{patients[0]}", await world.write("letter", f"patient:{patients[0]}"), deleted=True)
    device = await Device(world, amara).pull(limit)
    assert device.held() == await world.truth(world.may_see(amara))
    assert device.complete == world.may_see(amara)
    assert f"team:{other}" not in device.complete
    assert device.log[0] == "begin"
    assert device.log[-1] == "complete"
    assert device.log.count("delete") == 0


@pytest.mark.parametrize("limit", LIMITS)
async def test_administrator_gets_everything(world: World, limit: int) -> None:
    team, _ = await ward(world)
    amara, carol = await world.user(), await world.user("Administrator")
    await world.write("quarantine", f"user:{amara.user_id}")
    device = await Device(world, carol).pull(limit)
    assert device.held() == await world.truth(None)
    await world.join(amara, team)
    await world.patient(team)
    await device.pull(limit)
    assert device.held() == await world.truth(None)
    assert device.log.count("begin") == 1


async def test_pages_are_as_the_schema_has_them(world: World) -> None:
    team, _ = await ward(world)
    amara = await world.user()
    await world.join(amara, team)
    device = Device(world, amara)
    assert valid(await device.page(500)) == []
    await device.pull()
    await world.leave(amara, team)
    assert valid(await device.page(500)) == []


@pytest.mark.parametrize("limit", LIMITS)
async def test_grant_comes_with_a_backfill_even_at_the_head(world: World, limit: int) -> None:
    team, _ = await ward(world)
    amara = await world.user()
    device = await Device(world, amara).pull(limit)
    assert device.held() == await world.truth({"org"})
    await world.join(amara, team)
    await device.pull(limit)
    assert device.held() == await world.truth(world.may_see(amara))
    assert device.log.count("begin") == 1 + 6  # the bootstrap, the team's scope, five patients
    before = len(device.log)
    await device.pull(limit)
    assert len(device.log) == before, "nothing is sent twice"


@pytest.mark.parametrize("limit", LIMITS)
async def test_scope_born_in_sight_needs_no_backfill(world: World, limit: int) -> None:
    team, _ = await ward(world, 1)
    amara = await world.user()
    await world.join(amara, team)
    device = await Device(world, amara).pull(limit)
    begins = device.log.count("begin")
    patient = await world.patient(team)
    await world.write("letter", f"patient:{patient}")
    await device.pull(limit)
    assert device.log.count("begin") == begins
    assert device.held() == await world.truth(world.may_see(amara))
    assert f"patient:{patient}" in device.complete


@pytest.mark.parametrize("limit", LIMITS)
async def test_revoke_purges_and_a_second_path_keeps(world: World, limit: int) -> None:
    team, patients = await ward(world, 3)
    second, _ = await ward(world, 1)
    await world.move(patients[0], [second], [])
    amara = await world.user()
    await world.join(amara, team)
    await world.join(amara, second)
    device = await Device(world, amara).pull(limit)
    await world.leave(amara, team)
    await device.pull(limit)
    assert device.held() == await world.truth(world.may_see(amara))
    assert f"patient:{patients[0]}" in device.complete
    assert device.log.count("revoke") == 1 + 2  # the team and the two patients no other team of hers cares for


async def test_revoke_goes_ahead_of_a_running_backfill_and_closes_it(world: World) -> None:
    team, patients = await ward(world, 1)
    scope = f"patient:{patients[0]}"
    await world.write_many([("letter", scope, str(uuid4())) for _ in range(50)])
    amara = await world.user()
    device = await Device(world, amara).pull()
    await world.join(amara, team)
    while scope not in device.running:
        assert await device.step(2)
    assert await device.step(5)
    await world.leave(amara, team)
    await device.step(2)
    assert device.log[-2:] == ["revoke", "revoke"]
    assert not [held for held in device.records.values() if held["scope"] == scope]
    await device.pull(2)
    assert device.held() == await world.truth(world.may_see(amara))


async def test_only_the_last_membership_event_above_the_cursor_counts(world: World) -> None:
    team, _ = await ward(world, 1)
    amara = await world.user()
    await world.join(amara, team)
    device = await Device(world, amara).pull()
    device.log.clear()
    await world.leave(amara, team)
    await world.join(amara, team)
    await device.pull()
    assert device.log.count("revoke") == 0
    assert device.log.count("begin") == 2
    await world.leave(amara, team)
    await world.join(amara, team)
    await world.leave(amara, team)
    device.log.clear()
    await device.pull()
    assert device.log.count("revoke") == 2
    assert device.log.count("begin") == 0
    assert device.held() == await world.truth(world.may_see(amara))


async def test_tail_of_a_waiting_grant_is_not_sent_before_its_begin(world: World) -> None:
    team, patients = await ward(world, 2)
    amara = await world.user()
    device = await Device(world, amara).pull()
    await world.join(amara, team)
    for _ in range(3):
        await world.write("letter", f"patient:{patients[1]}")
    while await device.step(1):
        assert set(device.complete) >= {held["scope"] for held in device.records.values()} - set(device.running)
    assert device.held() == await world.truth(world.may_see(amara))


@pytest.mark.parametrize("everything", [False, True])
async def test_nothing_is_sent_twice_beside_writers(world: World, everything: bool) -> None:
    """Neither by a bootstrap or back-fill and the tail, nor by two pages."""
    team, patients = await ward(world, 4)
    amara = await world.user("Administrator" if everything else "Clinician")
    await world.join(amara, team)
    later, more = await ward(world, 1)
    device = Device(world, amara)
    sent: list[tuple[str, int]] = []

    async def pages(limit: int) -> bool:
        page = await device.page(limit)
        sent.extend((entry["id"], entry["version"]) for entry in page["changes"] if entry["type"] in ("put", "delete"))
        device.cursor = page["cursor"]
        return bool(page["more"])

    for turn in range(200):
        if not await pages(2):
            if turn > 20:
                break
            await world.join(amara, later)
        if turn < 40:
            await world.write("letter", f"patient:{(patients + more)[turn % 5]}")
    assert len(sent) == len(set(sent))


async def test_a_record_deleted_while_its_backfill_runs_is_taken_back(world: World) -> None:
    team, patients = await ward(world, 1)
    scope = f"patient:{patients[0]}"
    letters = [await world.write("letter", scope) for _ in range(10)]
    amara = await world.user()
    device = await Device(world, amara).pull()
    await world.join(amara, team)
    while not any(one in device.records for one in letters):
        assert await device.step(1)
    for one in letters:
        await world.write("letter", scope, one, deleted=True)
    await device.pull(1)
    assert device.held() == await world.truth(world.may_see(amara))


async def test_kinds_follow_the_role(world: World) -> None:
    team, patients = await ward(world, 1)
    message = await world.write("message", f"patient:{patients[0]}")
    owner = await world.user("Clinic Owner")
    await world.join(owner, team)
    device = await Device(world, owner).pull()
    assert {held["kind"] for held in device.records.values()} == {"message", "team"}
    assert message in device.records
    billing = await world.user("Billing Staff")
    await world.join(billing, team)
    assert {held["kind"] for held in (await Device(world, billing).pull()).records.values()} == {"team"}


async def test_a_changed_role_starts_over_and_drops_what_is_no_longer_received(world: World) -> None:
    await ward(world, 2)
    amara = await world.user("Administrator", "Clinician")
    device = await Device(world, amara).pull()
    assert device.held() == await world.truth(None)
    async with world.database.writing(world.organisation_id) as connection:
        await connection.execute("UPDATE actor SET roles = '{Clinician}' WHERE user_id = %s", (amara.user_id,))
    await device.pull(3)
    assert device.held() == await world.truth({"org", f"user:{amara.user_id}"})


async def test_a_disabled_person_gets_nothing(world: World) -> None:
    amara = await world.user()
    device = await Device(world, amara).pull()
    async with world.database.writing(world.organisation_id) as connection:
        await connection.execute("UPDATE actor SET disabled = true WHERE user_id = %s", (amara.user_id,))
    for limit in (10, 5000):
        with pytest.raises(ApiError, match="session_ended"):
            await device.page(limit)


async def test_large_pages_end_by_size_too(world: World) -> None:
    team, patients = await ward(world, 1)
    scope = f"patient:{patients[0]}"
    await world.write_many([("letter", scope, str(uuid4())) for _ in range(60)], text="x" * 250_000)
    amara = await world.user()
    await world.join(amara, team)
    device = Device(world, amara)
    page = await device.page(500)
    assert page["more"]
    assert len(page["changes"]) < 50
    await device.pull(5000)
    assert device.held() == await world.truth(world.may_see(amara))


async def test_a_log_put_back_answers_reset_and_never_silence(world: World) -> None:
    """The chain value under the cursor is another one, there is none, or the position is beyond the head."""
    amara = await world.user()
    await world.team()
    device = await Device(world, amara).pull()
    await world.team()
    later = await Device(world, amara).pull()
    for breakage in (
        "UPDATE organisation SET epoch = epoch + 1",
        f"UPDATE organisation SET seq = {later.head - 1}",
    ):
        async with world.database.reading(world.organisation_id) as connection:
            await connection.execute(breakage)
        for limit in (10, 5000):
            page = await later.page(limit)
            assert [entry["type"] for entry in page["changes"]] == ["reset"]
            assert page["changes"][0]["reason"] == "epoch"
            assert valid(page) == []
            again = await Device(world, amara, cursor=page["cursor"]).page(limit)
            assert [entry["type"] for entry in again["changes"]] == ["reset"]
        async with world.database.reading(world.organisation_id) as connection:
            await connection.execute(f"UPDATE organisation SET epoch = 1, seq = {later.head}")
    assert [entry["type"] for entry in (await device.page(10))["changes"]] == ["put"]


async def test_an_old_cursor_gets_all_that_came_since(world: World) -> None:
    """However far behind: the log keeps everything, so no cursor is too old."""
    team, patients = await ward(world, 3)
    amara = await world.user()
    await world.join(amara, team)
    device = await Device(world, amara).pull()
    old = device.cursor
    for turn in range(40):
        await world.write("letter", f"patient:{patients[turn % 3]}")
    await world.leave(amara, team)
    await world.join(amara, team)
    await device.pull()
    late = Device(world, amara, cursor=old, records=dict(device.records), complete=set(device.complete))
    await late.pull(7)
    assert late.held() == device.held() == await world.truth(world.may_see(amara))


@pytest.mark.parametrize("seed", range(4))
async def test_g3_beside_writers_and_changing_memberships(world: World, seed: int) -> None:
    """Readers with small and large pages, in the middle of everything, hold all as of each head they were told (G3)."""
    dice = random.Random(seed)
    teams = [(await ward(world, 3))[0] for _ in range(2)]
    users = [await world.user() for _ in range(3)] + [await world.user("Administrator")]
    for user in users[:2]:
        await world.join(user, teams[0])
    letters: list[tuple[str, str]] = []
    done = asyncio.Event()

    async def writer(dice: random.Random) -> None:
        for _ in range(40):
            patient = some(world.patients, dice)
            if letters and dice.random() < 0.5:
                one, scope = letters.pop(dice.randrange(len(letters)))
                ends = dice.random() < 0.2
                await world.write("letter", scope, one, deleted=ends)
                if not ends:
                    letters.append((one, scope))
            else:
                letters.append((await world.write("letter", f"patient:{patient}"), f"patient:{patient}"))

    async def mover(dice: random.Random) -> None:
        for _ in range(25):
            act, team = dice.random(), dice.choice(teams)
            user = dice.choice(users)
            if act < 0.3:
                await world.join(user, team)
            elif act < 0.6:
                await world.leave(user, team)
            elif act < 0.8:
                patient = some(world.patients, dice)
                other = dice.choice(teams)
                removed = [one for one in (other,) if one in world.patients[patient]]
                await world.move(patient, [team], [one for one in removed if one != team])
            else:
                await world.patient(team)

    async def reader(device: Device, limit: int) -> None:
        while True:
            last = done.is_set()
            await device.pull(limit)
            await device.check_as_of_head()
            if last:
                return

    devices = [(Device(world, user), limit) for user in users for limit in (1, 4, 1500)]
    readers = [asyncio.create_task(reader(device, limit)) for device, limit in devices]
    await asyncio.gather(*(writer(random.Random(dice.random())) for _ in range(3)), mover(random.Random(dice.random())))
    done.set()
    await asyncio.gather(*readers)
    for device, _ in devices:
        everything = "Administrator" in device.actor.roles
        assert device.held() == await world.truth(None if everything else world.may_see(device.actor))
        assert everything or device.complete == world.may_see(device.actor)


async def test_a_change_of_roles_half_told_purges_nothing(world: World) -> None:
    amara = await world.user("Administrator")
    async with world.database.writing(world.organisation_id) as connection:
        await connection.execute("UPDATE actor SET roles = '{Clinician}' WHERE user_id = %s", (amara.user_id,))
    for limit in (10, 5000):
        with pytest.raises(ApiError, match="not_ready"):
            await Device(world, amara).page(limit)
