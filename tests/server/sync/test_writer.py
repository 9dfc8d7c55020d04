"""The gathering writer: together where it can be, alone where it must be; nothing is acknowledged before it is written."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import orjson
import psycopg
import pytest

from quill.domain.decide import Decision
from quill.errors import ApiError
from quill.sync import batch
from quill.sync.log import Appender, Head
from quill.sync.submission import Submission, submission
from quill.sync.writer import Writer, Writers

from .ward import Device, Ward, outcomes


async def test_single_pushes_of_many_devices_share_transactions(ward: Ward) -> None:
    devices = [await ward.device(ward.amara) for _ in range(40)]
    verdicts = await asyncio.gather(*(device.one(device.new_patient()) for device in devices))
    assert outcomes(verdicts) == ["applied"] * 40
    assert len(ward.heads) < 5
    assert sorted(verdict["seq"] for verdict in verdicts) == list(range(verdicts[0]["seq"], verdicts[0]["seq"] + 40))


async def test_two_servers_write_the_same_organisation_without_gap_or_double(ward: Ward) -> None:
    servers = [ward.writers, Writers(ward.database, lambda *_: None)]
    devices = [await ward.device(ward.amara) for _ in range(8)]
    ((before,),) = await ward.rows("SELECT seq FROM organisation")

    async def work(device: Device, writers: Writers) -> list[int]:
        seqs = []
        for _ in range(5):
            answer = await writers.submit(submission(device.actor, device.device_id, [device.new_patient()]))
            seqs.append(orjson.loads(answer.verdicts[0])["seq"])
        return seqs

    found = await asyncio.gather(*(work(device, servers[n % 2]) for n, device in enumerate(devices)))
    assert sorted(itertools.chain(*found)) == list(range(before + 1, before + 41))
    assert await ward.rows("SELECT count(*) FROM audit WHERE seq > %s", before) == [(40,)]


async def test_a_refused_request_does_not_touch_those_it_was_gathered_with(ward: Ward) -> None:
    good, bad = await ward.device(ward.amara), await ward.device(ward.ben)
    bad.next_seq = 7
    results = await asyncio.gather(good.one(good.new_patient()), bad.one(bad.new_patient()), return_exceptions=True)
    assert isinstance(results[0], dict)
    assert results[0]["outcome"] == "applied"
    assert isinstance(results[1], ApiError)


async def test_an_operation_that_breaks_the_rules_program_is_refused_alone(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    device = await ward.device(ward.amara)
    operations = [device.new_patient() for _ in range(5)]
    sound = batch.decide

    def broken(current: Any, foreign: Any, op: Any, *rest: Any) -> Decision:
        if op["op_id"] == operations[2]["op_id"]:
            raise ZeroDivisionError
        return sound(current, foreign, op, *rest)

    monkeypatch.setattr(batch, "decide", broken)
    verdicts = await device.push(*operations)
    assert outcomes(verdicts) == ["applied", "applied", "rejected", "applied", "applied"]
    assert verdicts[2]["error"]["error_code"] == "internal_error"
    kept = await ward.rows("SELECT bytes FROM entry WHERE kind = 'quarantine'")
    assert orjson.loads(kept[0][0])["body"]["op"] == operations[2]


async def test_an_operation_that_can_not_be_written_is_refused_alone(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = await ward.device(ward.amara), await ward.device(ward.ben)
    operations = [bad.new_patient() for _ in range(3)]
    sound = Appender.flush

    async def broken(appender: Appender) -> None:
        if operations[1]["id"] in appender._entries:
            await appender._connection.execute("SELECT 1 / 0")
        await sound(appender)

    monkeypatch.setattr(Appender, "flush", broken)
    alone, together = await asyncio.gather(good.one(good.new_patient()), bad.push(*operations))
    assert alone["outcome"] == "applied"
    assert outcomes(together) == ["applied", "rejected", "applied"]
    assert together[1]["error"]["error_code"] == "internal_error"
    assert await bad.push(*operations) == [{**verdict, "repeat": True} for verdict in together]


async def test_a_database_that_went_away_fails_the_request_and_refuses_nothing(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await ward.device(ward.amara)
    operation = device.new_patient()
    before = await ward.written()

    async def gone(*_: Any) -> Any:
        raise psycopg.errors.AdminShutdown

    with monkeypatch.context() as patch:
        patch.setattr(Appender, "close", gone)
        with pytest.raises(psycopg.OperationalError):
            await device.one(operation)
    assert await ward.written() == before
    assert (await device.one(operation))["outcome"] == "applied"


async def test_nothing_is_answered_before_the_commit(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """G1: what the answer says can be read by another connection when it comes, and synchronous_commit was on."""
    device = await ward.device(ward.amara)
    modes: list[str] = []
    sound = Appender.close

    async def watched(appender: Appender) -> Head:
        found = await sound(appender)
        row = await (await appender._connection.execute("SHOW synchronous_commit")).fetchone()
        modes.append(row[0] if row else "")
        return found

    monkeypatch.setattr(Appender, "close", watched)
    operation = device.new_patient()
    await device.one(operation)
    assert modes == ["on"]
    assert (await ward.entry(operation["id"]))["version"] == 1


async def test_a_caller_that_gave_up_takes_its_operations_back_and_others_go_on(ward: Ward) -> None:
    first, second = await ward.device(ward.amara), await ward.device(ward.ben)
    given_up = asyncio.create_task(first.one(first.new_patient()))
    going_on = asyncio.create_task(second.one(second.new_patient()))
    await asyncio.sleep(0)
    given_up.cancel()
    assert (await going_on)["outcome"] == "applied"
    with pytest.raises(asyncio.CancelledError):
        await given_up
    first.next_seq = 1
    assert (await first.one(first.new_patient()))["outcome"] == "applied"


async def test_a_busy_device_does_not_keep_others_waiting(ward: Ward) -> None:
    busy, single = await ward.device(ward.amara), await ward.device(ward.ben)
    writer = Writer(ward.database, ward.organisation_id, lambda *_: None)
    waiting = [
        asyncio.create_task(writer.submit(submission(busy.actor, busy.device_id, [busy.new_patient() for _ in range(300)])))
        for _ in range(4)
    ]
    await asyncio.sleep(0)
    last = asyncio.create_task(writer.submit(submission(single.actor, single.device_id, [single.new_patient()])))
    await last
    assert sum(task.done() for task in waiting) <= 2
    await asyncio.gather(*waiting)


async def test_too_much_waiting_is_asked_to_come_again(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    writer = Writer(ward.database, ward.organisation_id, lambda *_: None)
    many = Submission(device.actor, device.device_id, submission(device.actor, device.device_id, [device.new_patient()]).sent)
    writer._count = 20_000
    with pytest.raises(ApiError) as refused:
        await writer.submit(many)
    assert (refused.value.error_code, refused.value.retry_after) == ("not_ready", 2)


async def test_a_stopping_server_finishes_what_waits_and_takes_nothing_new(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    writers = Writers(ward.database, lambda *_: None)
    waiting = asyncio.create_task(writers.submit(submission(device.actor, device.device_id, [device.new_patient()])))
    await asyncio.sleep(0)
    await writers.close()
    assert (await waiting).verdicts
    with pytest.raises(ApiError, match="not_ready"):
        await writers.submit(submission(device.actor, device.device_id, [device.new_patient()]))
