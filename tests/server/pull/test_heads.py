"""The remembered head: "nothing new" is answered without the database, and never hides anything (G3, G6, G9)."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from quill.domain.person import Person
from quill.errors import ApiError
from quill.postgres.sessions import SyncDatabase
from quill.settings import Settings
from quill.sync import heads, live
from quill.sync.audit_head import AuditHead
from quill.sync.changes import Changes
from quill.sync.head import Head
from quill.sync.heads import Heads
from quill.sync.live import Hub
from quill.sync.log import Note, append
from quill.sync.people import keep_person

from .world import Device, World, deaf

SOON = 3.0  # seconds a notice may take on a busy machine


async def until(holds: Callable[[], bool], within: float = SOON) -> None:
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def hub(settings: Settings) -> AsyncIterator[Hub]:
    """That of another process than the one that writes: of a commit it learns by its notice alone."""
    database = SyncDatabase(settings.sync_dsn, min_size=1, max_size=4)
    await database.open()
    hub = deaf(database)
    await hub.start()
    await until(lambda: hub.heads.hearing("") is not None)
    yield hub
    await hub.stop()
    await database.close()


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> float:
    """How long a head is believed, made shorter so that a test can wait for it. To be asked for before the hub."""
    monkeypatch.setattr(live, "HEARTBEAT", 0.1)
    monkeypatch.setattr(heads, "FRESH", 0.6)
    return 0.6


async def at_the_head(world: World, hub: Hub, *roles: str) -> Device:
    """A device with nothing to pull, whose next page will not ask the database."""
    device = Device(world, await world.user(*roles), hub=hub)
    await device.pull()
    await known(device, hub)
    return device


async def known(device: Device, hub: Hub) -> None:
    async with asyncio.timeout(SOON):
        while hub.heads.newest(device.world.organisation_id) is None:
            await device.pull()
            await asyncio.sleep(0.01)


def a_head(seq: int) -> Head:
    return Head(seq, 1, AuditHead(seq, bytes(32)), bytes(32), None, False, None)


def listening() -> Heads:
    made = Heads()
    made.listening_begins()
    return made


class TestWhatIsBelieved:
    def test_nothing_before_listening_has_begun_or_after_it_ended(self) -> None:
        heads = Heads()
        assert heads.hearing("a") is None
        heads.read("a", 5, heads.hearing("a"), a_head(5))
        assert heads.newest("a") is None
        heads.listening_begins()
        heads.read("a", 5, heads.hearing("a"), a_head(5))
        assert heads.newest("a") == a_head(5)
        assert heads.newest("b") is None
        heads.listening_ended()
        assert heads.newest("a") is None

    def test_a_head_of_an_earlier_stretch_of_listening_is_not(self) -> None:
        heads = listening()
        asked = heads.hearing("a")
        heads.read("a", 5, asked, a_head(5))
        heads.listening_begins()
        assert heads.newest("a") is None
        heads.read("a", 5, asked, a_head(5))
        assert heads.newest("a") is None

    def test_any_notice_ends_it_that_of_the_same_position_too(self) -> None:
        heads = listening()
        for noticed in (6, 5):
            heads.read("a", 5, heads.hearing("a"), a_head(5))
            heads.heard("b", noticed)
            assert heads.newest("a") is not None
            heads.heard("a", noticed)
            assert heads.newest("a") is None

    def test_what_was_read_before_a_notice_is_not_and_proves_nothing(self) -> None:
        heads = listening()
        asked = heads.hearing("a")
        heads.heard("a", 6)
        assert heads.read("a", 5, asked, a_head(5)), "an older snapshot is no restored log"
        assert heads.newest("a") is None
        assert heads.highest("a") == 6

    def test_of_two_who_read_at_once_the_older_neither_wins_nor_alarms(self) -> None:
        heads = listening()
        first, second = heads.hearing("a"), heads.hearing("a")
        assert heads.read("a", 6, first, a_head(6)), "ahead of its notice"
        assert heads.read("a", 5, second, a_head(5))
        assert heads.newest("a") == a_head(6)

    def test_a_lower_head_with_nothing_heard_between_is_a_log_that_was_put_back(self) -> None:
        heads = listening()
        heads.heard("a", 9)
        assert not heads.read("a", 5, heads.hearing("a"), a_head(5))
        assert heads.highest("a") == 5
        assert heads.newest("a") == a_head(5)

    def test_it_is_not_believed_for_long(self, brief: float) -> None:
        heads = listening()
        heads.read("a", 5, heads.hearing("a"), a_head(5))
        assert heads.newest("a") is not None
        time.sleep(brief)
        assert heads.hearing("a") is None
        heads.still_listening()
        assert heads.newest("a") is None


async def test_nothing_new_is_answered_without_the_database(world: World, hub: Hub) -> None:
    device = await at_the_head(world, hub)
    unopened = SyncDatabase("")
    page = await Changes(unopened, world.keys, device.actor, hub).page(device.cursor, 500)
    assert isinstance(page, bytes)
    again = await Changes(world.database, world.keys, device.actor, deaf(world.database)).page(device.cursor, 500)
    assert page == again


async def test_a_commit_of_another_process_is_hidden_no_longer_than_its_notice_takes(world: World, hub: Hub) -> None:
    device = await at_the_head(world, hub)
    for _ in range(25):
        await known(device, hub)
        written = await world.write("team", "org")
        committed = time.monotonic()
        while written not in device.records:
            await device.step(500)
            assert time.monotonic() - committed < SOON
            await asyncio.sleep(0)


async def test_from_the_moment_a_notice_is_heard_nothing_is_hidden(world: World, hub: Hub) -> None:
    device = await at_the_head(world, hub)
    for _ in range(25):
        await known(device, hub)
        written = await world.write("team", "org")
        await until(lambda: hub.heads.newest(world.organisation_id) is None)
        await device.step(500)
        assert written in device.records


async def listening_pid(settings: Settings, hub: Hub) -> int:
    """The backend that serves this hub's listening connection: the youngest of that name."""
    async with await psycopg.AsyncConnection.connect(settings.sync_dsn) as connection:
        found = await connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s ORDER BY backend_start DESC LIMIT 1", (live.NAME,)
        )
        row = await found.fetchone()
    assert row is not None
    return int(row[0])


async def cut(settings: Settings, hub: Hub) -> None:
    pid = await listening_pid(settings, hub)
    async with await psycopg.AsyncConnection.connect(settings.sync_dsn) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    await until(lambda: hub.heads.hearing("") is None)


async def test_once_the_listening_connection_is_lost_nothing_is_hidden(world: World, hub: Hub, settings: Settings) -> None:
    device = await at_the_head(world, hub)
    listener = await hub.join(device.actor)
    assert await listener.next() == {"head": device.head}
    await cut(settings, hub)
    unheard = await world.write("team", "org")
    await device.step(500)
    assert unheard in device.records
    later = await world.write("team", "org")
    await until(lambda: hub.heads.hearing("") is not None)
    assert hub.heads.newest(world.organisation_id) is None
    await device.step(500)
    assert later in device.records
    async with asyncio.timeout(SOON):
        assert await listener.next() == {"head": device.head}, "a listener is told of what went unheard"


async def test_a_connection_that_hangs_hides_nothing_for_long(brief: float, world: World, hub: Hub, settings: Settings) -> None:
    device = await at_the_head(world, hub)
    pid = await listening_pid(settings, hub)
    os.kill(pid, signal.SIGSTOP)
    try:
        written = await world.write("team", "org")
        await device.step(500)
        assert written not in device.records, "it can not be known yet: else this test shows nothing"
        await until(lambda: hub.heads.newest(world.organisation_id) is None, brief + 0.2)
        await device.step(500)
        assert written in device.records
    finally:
        os.kill(pid, signal.SIGCONT)


async def told(world: World, device: Device, **changed: Any) -> None:
    """As the sign-in side tells the log's database of a person."""
    actor = device.actor
    person = {"roles": tuple(actor.roles), "disabled": False, **changed}
    await keep_person(
        world.database,
        Person(world.organisation_id, "A practice", False, actor.user_id, actor.username, actor.name, user_epoch=1, **person),
    )


async def test_a_revoke_is_not_answered_with_nothing_new(world: World, hub: Hub) -> None:
    team = await world.team()
    patient = await world.patient(team)
    device = await at_the_head(world, hub)
    await world.join(device.actor, team)
    await until(lambda: hub.heads.newest(world.organisation_id) is None)
    await device.pull()
    assert patient in device.records
    await known(device, hub)
    await world.leave(device.actor, team)
    await until(lambda: hub.heads.newest(world.organisation_id) is None)
    await device.pull()
    assert patient not in device.records
    assert device.log.count("revoke") == 2


async def test_a_disabled_person_is_not_answered_with_nothing_new(world: World, hub: Hub) -> None:
    device = await at_the_head(world, hub)
    await told(world, device, disabled=True)
    await until(lambda: hub.heads.newest(world.organisation_id) is None)
    with pytest.raises(ApiError, match="session_ended"):
        await device.step(500)


async def test_a_changed_role_is_not_answered_with_nothing_new(world: World, hub: Hub) -> None:
    device = await at_the_head(world, hub, "Clinician", "Administrator")
    await told(world, device, roles=("Clinician",))
    await until(lambda: hub.heads.newest(world.organisation_id) is None)
    await device.step(500)
    assert device.log.count("begin") == 2, "it begins anew"


async def test_roles_of_the_session_alone_are_enough_to_begin_anew(world: World, hub: Hub) -> None:
    """The session knows of a new role before the log's database does, or after: neither is "nothing new"."""
    device = await at_the_head(world, hub, "Clinician")
    object.__setattr__(device.actor, "roles", frozenset({"Billing Staff"}))
    assert hub.heads.newest(world.organisation_id) is not None
    with pytest.raises(ApiError, match="not_ready"):
        await device.step(500)


async def put_back(settings: Settings, world: World) -> None:
    """As a backup would: the last commit never was."""
    async with await psycopg.AsyncConnection.connect(settings.sync_owner_dsn) as connection:
        await connection.execute("SELECT set_config('quill.organisation', %s, false)", (world.organisation_id,))
        for table in ("entry", "revision", "audit"):
            await connection.execute(
                f"DELETE FROM {table} t USING organisation o WHERE (t.organisation_id, t.seq) = (o.organisation_id, o.seq)"
            )
        await connection.execute(
            "UPDATE organisation SET seq = seq - 1, audit_position = audit_position - 1, "
            "audit_chain = (SELECT chain FROM audit ORDER BY position DESC LIMIT 1)"
        )


async def test_a_log_that_was_put_back_under_us_is_reset_soon_and_listeners_are_told(
    brief: float, world: World, hub: Hub, settings: Settings
) -> None:
    """No connection is lost and no notice comes."""
    await world.team()
    await world.team()
    device = await at_the_head(world, hub)
    listener = await hub.join(device.actor)
    assert await listener.next() == {"head": device.head}
    await put_back(settings, world)
    await until(lambda: hub.heads.newest(world.organisation_id) is None, brief + 0.2)
    for _ in range(2):
        assert [entry["type"] for entry in (await device.page(500))["changes"]] == ["reset"]
    async with asyncio.timeout(SOON):
        assert await listener.next() == {"head": device.head - 1}
        await world.write("team", "org")
        assert await listener.next() == {"head": device.head}, "and of what comes after"
    assert [entry["type"] for entry in (await device.page(500))["changes"]] == ["reset"], "the same position, another chain"


async def test_a_log_that_was_put_back_while_the_database_was_away_is_reset_at_once(
    world: World, hub: Hub, settings: Settings
) -> None:
    await world.team()
    await world.team()
    device = await at_the_head(world, hub)
    listener = await hub.join(device.actor)
    assert await listener.next() == {"head": device.head}
    await cut(settings, hub)
    await put_back(settings, world)
    await until(lambda: hub.heads.hearing("") is not None)
    assert [entry["type"] for entry in (await device.page(500))["changes"]] == ["reset"]
    async with asyncio.timeout(SOON):
        assert await listener.next() == {"head": device.head - 1}


async def test_the_audit_head_goes_on_without_a_position(world: World, hub: Hub) -> None:
    device = await at_the_head(world, hub)
    before = await device.page(500)
    async with world.locked() as (connection, head):
        await append(connection, head, [Note("something_noted")])
    await until(lambda: hub.heads.newest(world.organisation_id) is None)
    after = await device.page(500)
    assert (after["changes"], after["head"]) == ([], before["head"])
    assert after["audit_head"] != before["audit_head"]


async def test_a_cursor_that_has_not_been_told_all_is_never_answered_with_nothing_new(world: World, hub: Hub) -> None:
    """At the head by its position, but in the middle of a bootstrap, a back-fill, or with grants that wait."""
    team = await world.team()
    for _ in range(3):
        await world.patient(team)
    device = Device(world, await world.user(), hub=hub)
    steps = 0
    while await device.step(1):
        steps += 1
        await known(Device(world, await world.user("Administrator"), hub=hub), hub)
    assert steps > 1
    await world.join(device.actor, team)
    await until(lambda: hub.heads.newest(world.organisation_id) is None)
    while await device.step(1):
        await known(Device(world, await world.user("Administrator"), hub=hub), hub)
    assert device.held() == await world.truth(world.may_see(device.actor))
