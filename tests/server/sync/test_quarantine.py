"""What is refused or withheld is kept whole, told to its author, and can be released (G5)."""

from __future__ import annotations

from typing import Any

import pytest

from quill_schemas import validator

from .ward import Device, Ward, outcomes, section, seen


async def only(ward: Ward, scope: str) -> dict[str, Any]:
    ((record_id,),) = await ward.rows("SELECT id::text FROM entry WHERE kind = 'quarantine' AND scope = %s", scope)
    return await ward.entry(record_id)


async def test_a_refused_operation_is_kept_in_the_scope_it_is_about(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    patient = device.new_patient()
    await device.one(patient)
    wrong = device.patch("patient", patient["id"], 1, set={"birth_date": "1950-02-30"}, was={"birth_date": "1950-02-03"})
    verdict = await device.one(wrong)
    assert verdict["outcome"] == "rejected"
    assert verdict["error"]["error_code"] == "bad_value"
    assert verdict["error"]["path"] == "/set/birth_date"
    entry = await only(ward, f"patient:{patient['id']}")
    assert entry["seq"] == verdict["seq"]
    assert entry["body"]["op"] == wrong
    assert entry["body"]["state"] == "open"
    assert validator("Quarantine")(entry["body"]) == []


async def test_a_refused_operation_about_nothing_known_is_kept_for_its_author(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    lost = device.patch("letter", "0190a000-0000-7000-8000-00000000000f", 1, set={"title": "x"}, was={"title": "y"})
    verdict = await device.one(lost)
    assert verdict["error"]["error_code"] == "unknown_record"
    assert (await only(ward, f"user:{ward.amara.user_id}"))["body"]["op"] == lost


class Withheld:
    """Ben lost ward a while he was writing; his edit of the letter waits in quarantine."""

    def __init__(self, ward: Ward, ben: Device, patient_id: str, letter_id: str, verdict: dict[str, Any]) -> None:
        self.ward, self.ben, self.patient_id, self.letter_id, self.verdict = ward, ben, patient_id, letter_id, verdict

    @classmethod
    async def make(cls, ward: Ward) -> Withheld:
        amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
        patient = amara.new_patient()
        letter = amara.new_letter(patient["id"])
        await amara.push(patient, letter)
        await ward.leave(ward.ben, ward.a)
        edit = ben.patch(
            "letter", letter["id"], 1, set={"sections/plan": section("Walk.")}, was={"sections/plan": section("Rest.")},
            seen=seen(patient["id"]),
        )  # fmt: skip
        return cls(ward, ben, patient["id"], letter["id"], await ben.one(edit))

    async def record(self) -> dict[str, Any]:
        return await only(self.ward, f"patient:{self.patient_id}")

    async def slip(self) -> dict[str, Any]:
        slip: dict[str, Any] = (await only(self.ward, f"user:{self.ward.ben.user_id}"))["body"]
        return slip

    async def release(self, device: Device, take: str) -> dict[str, Any]:
        record = await self.record()
        chosen = {"take": take, "note": "It is right."}
        return await device.one(device.op("quarantine", "resolve", record["id"], base_version=record["version"], set=chosen))


async def test_work_of_somebody_who_lost_the_scope_is_withheld_and_they_are_told_only_that(ward: Ward) -> None:
    held = await Withheld.make(ward)
    assert held.verdict["outcome"] == "quarantined"
    assert (await held.record())["body"]["op"]["set"]["sections/plan"]["text"] == "Walk."
    assert await held.slip() == {"op_id": held.verdict["op_id"], "state": "open"}
    assert (await ward.entry(held.letter_id))["version"] == 1


async def test_what_depends_on_withheld_work_is_withheld(ward: Ward) -> None:
    held = await Withheld.make(ward)
    following = held.ben.patch(
        "letter", held.letter_id, 1, set={"title": "New"}, was={"title": "Clinic letter"}, seen=seen(held.patient_id),
        depends_on=[held.verdict["op_id"]],
    )  # fmt: skip
    assert (await held.ben.one(following))["outcome"] == "quarantined"


async def test_released_it_is_applied_under_its_authors_name(ward: Ward) -> None:
    held = await Withheld.make(ward)
    amara = await ward.device(ward.amara)
    verdict = await held.release(amara, "apply")
    assert verdict["outcome"] == "applied"
    assert verdict["record"] == {"id": (await held.record())["id"], "version": 2}
    letter = await ward.entry(held.letter_id)
    assert letter["body"]["sections"]["plan"]["text"] == "Walk."
    assert letter["by"] == ward.ben.user_id
    assert await ward.rows("SELECT user_id::text FROM audit WHERE seq = %s", letter["seq"]) == [(ward.amara.user_id,)]
    assert (await held.record())["body"]["state"] == "released"
    assert (await held.slip())["state"] == "released"


async def test_discarded_it_changes_nothing_and_stays_readable(ward: Ward) -> None:
    held = await Withheld.make(ward)
    verdict = await held.release(await ward.device(ward.carol), "discard")
    assert verdict["outcome"] == "applied"
    assert (await ward.entry(held.letter_id))["version"] == 1
    body = (await held.record())["body"]
    assert body["state"] == "discarded"
    assert body["op"]["set"]["sections/plan"]["text"] == "Walk."
    assert (await held.slip())["state"] == "discarded"


async def test_decided_once_it_can_not_be_decided_again(ward: Ward) -> None:
    held = await Withheld.make(ward)
    carol = await ward.device(ward.carol)
    await held.release(carol, "discard")
    verdict = await held.release(carol, "apply")
    assert verdict["error"]["error_code"] == "conflict_resolved"


async def test_its_author_can_not_release_it_by_the_slip(ward: Ward) -> None:
    held = await Withheld.make(ward)
    ((slip,),) = await ward.rows(
        "SELECT id::text FROM entry WHERE kind = 'quarantine' AND scope = %s", f"user:{ward.ben.user_id}"
    )
    verdict = await held.ben.one(held.ben.op("quarantine", "resolve", slip, base_version=1, set={"take": "apply"}))
    assert verdict["error"]["error_code"] == "forbidden"


async def test_a_dependency_that_was_refused_refuses_and_an_unknown_one_too(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    wrong = device.new_patient(birth_date="yesterday")
    on_wrong = device.new_letter(wrong["id"])
    on_wrong["depends_on"] = [wrong["op_id"]]
    on_nothing = device.new_patient()
    on_nothing["depends_on"] = ["0190a000-0000-7000-8000-00000000000f"]
    verdicts = await device.push(wrong, on_wrong, on_nothing)
    assert outcomes(verdicts) == ["rejected"] * 3
    assert [verdict["error"]["error_code"] for verdict in verdicts] == ["bad_value", "dependency_rejected", "bad_dependency"]


async def test_operations_that_depend_on_each_other_in_a_circle_are_refused(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    first, second = device.new_patient(), device.new_patient()
    first["depends_on"], second["depends_on"] = [second["op_id"]], [first["op_id"]]
    verdicts = await device.push(first, second)
    assert [verdict["error"]["error_code"] for verdict in verdicts] == ["bad_dependency", "dependency_rejected"]


@pytest.mark.parametrize("odd", [1.5, 2**60, "half \ud800", "nul \x00", {"a": {"b": float("inf")}}])
async def test_what_has_no_canonical_form_is_refused_and_kept_as_text(ward: Ward, odd: Any) -> None:
    device = await ward.device(ward.amara)
    operation = device.new_patient(gp=odd)
    verdict = await device.one(operation)
    assert verdict["error"]["error_code"] == "bad_value"
    assert (await only(ward, f"user:{ward.amara.user_id}"))["body"]["op"]["op_id"] == operation["op_id"]
    assert (await device.one(device.new_patient()))["outcome"] == "applied"
