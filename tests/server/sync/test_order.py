"""G3, no gaps: positions are given in the order of commit, so a reader that goes on from where it was misses nothing."""

from __future__ import annotations

import asyncio
import random

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from quill.keys import Keys
from quill.settings import Settings
from quill.sync.changes import Changes
from quill.sync.log import Change, append, lock_head
from quill.sync.submission import submission
from quill.sync.writer import Writers

from .ward import Ward


async def test_a_sequence_and_a_cursor_lose_what_commits_late(settings: Settings) -> None:
    """The bug this log is built against, shown on a table that has it: positions from a sequence, read by `seq > cursor`."""
    async with await _owner(settings) as one, await _owner(settings) as two, await _owner(settings) as reader:
        await reader.execute("DROP TABLE IF EXISTS naive")
        await reader.execute("CREATE TABLE naive (seq bigserial PRIMARY KEY, who text)")
        async with one.transaction():
            await one.execute("INSERT INTO naive (who) VALUES ('first')")
            await two.execute("INSERT INTO naive (who) VALUES ('second')")
            found = await (await reader.execute("SELECT seq, who FROM naive WHERE seq > 0 ORDER BY seq")).fetchall()
        cursor = found[-1][0]
        found += await (await reader.execute("SELECT seq, who FROM naive WHERE seq > %s", (cursor,))).fetchall()
        assert [who for _, who in found] == ["second"], "the naive log is expected to lose the first"
        await reader.execute("DROP TABLE naive")


async def test_in_the_same_interleaving_our_second_writer_waits_and_nothing_is_lost(ward: Ward) -> None:
    async def write(name: str) -> None:
        async with ward.database.writing(ward.organisation_id) as connection:
            head = await lock_head(connection, ward.organisation_id)
            await append(connection, head, [_team(name)])

    before = await _teams(ward, 0)
    cursor = max(seq for seq, _ in before)
    async with ward.database.writing(ward.organisation_id) as connection:
        head = await lock_head(connection, ward.organisation_id)
        await append(connection, head, [_team("first")])
        second = asyncio.create_task(write("second"))
        await _waiting_for_a_lock(ward, 1)
        assert await _teams(ward, cursor) == []
    await second
    assert [name for _, name in await _teams(ward, cursor)] == ["first", "second"]


async def test_a_reader_beside_many_writers_in_two_servers_gets_every_version_once_and_in_order(
    ward: Ward, settings: Settings
) -> None:
    servers = [ward.writers, Writers(ward.database, lambda *_: None)]
    devices = [await ward.device(ward.carol) for _ in range(12)]
    changes = Changes(ward.database, Keys.of(settings.secret), ward.carol, ward.hub())
    chance = random.Random(7)
    written: set[int] = set()

    async def work(number: int) -> None:
        device = devices[number]
        for _ in range(12):
            operations = [device.new_patient() for _ in range(chance.randint(1, 4))]
            answer = await servers[number % 2].submit(submission(device.actor, device.device_id, operations))
            written.update(orjson.loads(verdict)["seq"] for verdict in answer.verdicts)
            await asyncio.sleep(chance.random() / 500)

    got: list[int] = []
    writing = asyncio.gather(*(work(number) for number in range(len(devices))))
    cursor: str | None = None
    while True:
        finished = writing.done()
        page = await changes.page(cursor, 7)
        assert isinstance(page, bytes)
        answer = orjson.loads(page)
        got += [entry["seq"] for entry in answer["changes"] if entry["type"] == "put" and entry["kind"] == "patient"]
        cursor = answer["cursor"]
        if finished and not answer["more"]:
            break
    await writing
    assert set(got) == written
    assert got == sorted(got)
    assert len(got) == len(set(got))


async def test_positions_are_dense_and_each_has_one_row_of_the_audit_trail(ward: Ward) -> None:
    devices = [await ward.device(ward.amara) for _ in range(6)]
    await asyncio.gather(*(device.push(*(device.new_patient() for _ in range(5))) for device in devices))
    ((seq, position),) = await ward.rows("SELECT seq, audit_position FROM organisation")
    assert [row[0] for row in await ward.rows("SELECT seq FROM revision ORDER BY seq")] == list(range(1, seq + 1))
    assert [row[0] for row in await ward.rows("SELECT seq FROM audit WHERE seq IS NOT NULL ORDER BY seq")] == list(
        range(1, seq + 1)
    )
    assert [row[0] for row in await ward.rows("SELECT position FROM audit ORDER BY position")] == list(range(1, position + 1))


def _team(name: str) -> Change:
    body = {"name": name, "member_ids": []}
    team_id = f"0190a000-0000-7000-8000-{random.Random(name).randrange(16**12):012x}"
    return Change("team", team_id, "org", 1, body, "server", "create")


async def _teams(ward: Ward, after: int) -> list[tuple[int, str]]:
    rows = await ward.rows("SELECT seq, bytes FROM entry WHERE kind = 'team' AND seq > %s ORDER BY seq", after)
    return [(seq, orjson.loads(packed)["body"]["name"]) for seq, packed in rows]


async def _waiting_for_a_lock(ward: Ward, count: int) -> None:
    """Until that many sessions of this database wait for somebody's transaction."""
    async with asyncio.timeout(10):
        while True:
            rows = await ward.rows("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')")
            if rows[0][0] >= count:
                return
            await asyncio.sleep(0.01)


async def _owner(settings: Settings) -> AsyncConnection[TupleRow]:
    return await AsyncConnection.connect(settings.sync_owner_dsn, autocommit=True)
