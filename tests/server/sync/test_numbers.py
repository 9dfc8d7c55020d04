"""Exactly once (G2): numbers are dense, each is one operation's, and what is known is answered, not done again."""

from __future__ import annotations

from uuid import uuid4

import pytest

from quill.errors import ApiError

from .ward import Ward, outcomes


async def test_the_same_operation_again_gets_the_stored_verdict_and_writes_nothing(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    operation = device.new_patient()
    first = await device.one(operation)
    before = await ward.written()
    assert await device.one(operation) == {**first, "repeat": True}
    assert await ward.written() == before


async def test_the_same_operation_twice_in_one_batch_is_done_once(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    operation = device.new_patient()
    first, second = await device.push(operation, operation)
    assert second == {**first, "repeat": True}
    assert (await ward.entry(operation["id"]))["version"] == 1


async def test_a_known_op_id_with_another_content_is_refused_kept_and_alarmed_once(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    operation = device.new_patient()
    await device.one(operation)
    other = {**operation, "set": {**operation["set"], "birth_date": "1950-02-04"}}
    for _ in range(2):
        verdict = await device.one(other)
        assert verdict["outcome"] == "rejected"
        assert verdict["error"]["error_code"] == "op_id_reused"
    assert (await ward.entry(operation["id"]))["body"]["birth_date"] == "1950-02-03"
    assert await ward.rows("SELECT count(*) FROM audit WHERE action = 'op_id_reused'") == [(1,)]
    ((kept,),) = await ward.rows("SELECT id::text FROM entry WHERE kind = 'quarantine'")
    entry = await ward.entry(kept)
    assert entry["body"]["op"]["set"]["birth_date"] == "1950-02-04"
    assert entry["scope"] == f"user:{ward.amara.user_id}"
    assert (await device.one(operation))["outcome"] == "applied"


async def test_somebody_elses_op_id_is_refused_and_their_verdict_not_told(ward: Ward) -> None:
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    operation = amara.new_patient()
    await amara.one(operation)
    verdict = await ben.one(operation)
    assert verdict["error"]["error_code"] == "op_id_reused"
    assert "record" not in verdict
    ben.next_seq = 2
    assert (await ben.one(ben.new_patient()))["outcome"] == "applied"


async def test_a_gap_refuses_the_whole_request_and_says_what_is_expected(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    first, missing, third = device.new_patient(), device.new_patient(), device.new_patient()
    before = await ward.written()
    with pytest.raises(ApiError) as refused:
        await device.push(first, third)
    assert (refused.value.error_code, refused.value.extra) == ("device_seq_gap", {"expected": 2})
    assert await ward.written() == before
    assert outcomes(await device.push(first, missing, third)) == ["applied"] * 3


async def test_a_used_number_with_another_operation_refuses_the_whole_request(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    await device.push(device.new_patient(), device.new_patient())
    before = await ward.written()
    stale = {**device.new_patient(), "device_seq": 2}
    with pytest.raises(ApiError, match="device_seq_reused"):
        await device.push(stale, {**device.new_patient(), "device_seq": 3})
    assert await ward.written() == before


async def test_two_operations_under_one_number_in_one_batch_are_refused(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    before = await ward.written()
    with pytest.raises(ApiError, match="device_seq_reused"):
        await device.push(device.new_patient(), {**device.new_patient(), "device_seq": 1})
    assert await ward.written() == before


async def test_a_vault_under_a_new_id_renumbers_and_is_answered_as_before(ward: Ward) -> None:
    old = await ward.device(ward.amara)
    operation = old.new_patient()
    first = await old.one(operation)
    new = await ward.device(ward.amara, root=old.device_id)
    renumbered = {**operation, "device_seq": 1}
    assert await new.one(renumbered) == {**first, "repeat": True}
    new.next_seq = 2
    following = new.patch("patient", operation["id"], 1, set={"sex": "unknown"}, was={"sex": "female"})
    assert (await new.one(following))["outcome"] == "applied"
    with pytest.raises(ApiError, match="device_seq_reused"):
        await new.one({**new.new_patient(), "device_seq": 1})


@pytest.mark.parametrize("whose", ["nobody", "ben"])
async def test_a_device_that_is_not_ones_own_is_refused(ward: Ward, whose: str) -> None:
    device = await ward.device(ward.ben)
    operation = device.new_patient()
    before = await ward.written()
    device.actor = ward.amara
    if whose == "nobody":
        device.device_id = str(uuid4())
    with pytest.raises(ApiError, match="unknown_device" if whose == "nobody" else "foreign_device"):
        await device.one(operation)
    assert await ward.written() == before


async def test_another_organisations_device_is_unknown(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    other = await Ward(ward.database).found()
    stranger = await other.device(other.amara)
    stranger.device_id = device.device_id
    with pytest.raises(ApiError, match="unknown_device"):
        await stranger.one(stranger.new_patient())


async def test_a_void_fills_the_number_of_a_lost_operation_and_is_audited(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    lost = device.op("patient", "void", reason="The draft could not be read any more.")
    following = device.new_patient()
    assert outcomes(await device.push(lost, following)) == ["applied", "applied"]
    rows = await ward.rows("SELECT action, detail FROM audit WHERE record_id = %s", lost["id"])
    assert rows == [("void", "The draft could not be read any more.")]


async def test_what_depends_on_a_void_is_refused(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    lost = device.op("patient", "void", reason="Lost.")
    verdicts = await device.push(lost, {**device.new_patient(), "depends_on": [lost["op_id"]]})
    assert verdicts[1]["error"]["error_code"] == "dependency_rejected"
