"""What is gathered into one transaction sees what came before it there, as if each had come alone."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from .ward import Device, Ward, outcomes, section, sections, seen, signature


class Letter:
    """A patient of ward a with a letter, and two people who have both."""

    def __init__(self, ward: Ward, amara: Device, ben: Device, patient_id: str, letter_id: str) -> None:
        self.ward, self.amara, self.ben, self.patient_id, self.id = ward, amara, ben, patient_id, letter_id

    @classmethod
    async def write(cls, ward: Ward) -> Letter:
        amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
        patient = amara.new_patient()
        letter = amara.new_letter(patient["id"], sections=sections(plan="Rest.", history="Fell."))
        await amara.push(patient, letter)
        return cls(ward, amara, ben, patient["id"], letter["id"])

    def edit(self, device: Device, heading: str, text: str, was: str, base: int = 1) -> dict[str, Any]:
        order, title = {"plan": (1, "Plan"), "history": (2, "History")}[heading]
        field = f"sections/{heading}"
        return device.patch(
            "letter", self.id, base, set={field: section(text, order, title)}, was={field: section(was, order, title)},
            seen=seen(self.patient_id),
        )  # fmt: skip

    async def together(self, *pushes: Any) -> list[dict[str, Any]]:
        """One transaction for all; the verdicts in order."""
        before = len(self.ward.heads)
        found = await asyncio.gather(*pushes)
        assert len(self.ward.heads) == before + 1
        return list(found)


async def test_edits_of_two_devices_to_different_headings_in_one_transaction_are_merged(ward: Ward) -> None:
    letter = await Letter.write(ward)
    first, second = await letter.together(
        letter.amara.one(letter.edit(letter.amara, "plan", "Walk.", "Rest.")),
        letter.ben.one(letter.edit(letter.ben, "history", "Slipped.", "Fell.")),
    )
    assert outcomes([first, second]) == ["applied", "merged"]
    assert second["merged_with"] == ["sections/plan"]
    assert second["record"]["version"] == 3


async def test_whoever_came_first_finds_the_merge_in_the_record_also_after_a_later_version(ward: Ward) -> None:
    letter = await Letter.write(ward)
    await letter.amara.one(letter.edit(letter.amara, "plan", "Walk.", "Rest."))
    await letter.ben.one(letter.edit(letter.ben, "history", "Slipped.", "Fell."))
    told = [{"version": 3, "base_version": 1, "fields": ["sections/history"]}]
    assert (await ward.entry(letter.id))["parallel"] == told
    await letter.ben.one(letter.edit(letter.ben, "history", "Slipped twice.", "Slipped.", base=3))
    entry = await ward.entry(letter.id)
    assert (entry["version"], entry["parallel"]) == (4, told)


async def test_edits_of_two_devices_to_one_heading_in_one_transaction_clash_on_the_base_both_had(ward: Ward) -> None:
    letter = await Letter.write(ward)
    first, second = await letter.together(
        letter.amara.one(letter.edit(letter.amara, "plan", "Walk.", "Rest.")),
        letter.ben.one(letter.edit(letter.ben, "plan", "Swim.", "Rest.")),
    )
    assert outcomes([first, second]) == ["applied", "conflict"]
    body = (await ward.entry(second["conflict_id"]))["body"]
    assert body["base"]["version"] == 1
    assert body["base"]["body"]["sections"]["plan"]["text"] == "Rest."
    assert body["theirs"]["version"] == 2


async def test_a_chain_written_offline_is_applied_in_order_and_signed(ward: Ward) -> None:
    letter = await Letter.write(ward)
    device, text = letter.amara, "Rest."
    chain = []
    for number in range(20):
        chain.append(letter.edit(device, "plan", f"Plan {number}.", text))
        text = f"Plan {number}."
    signs = {"seen": seen(letter.patient_id), "seen_sha256": signature(sections(plan=text, history="Fell."))}
    ready = device.patch("letter", letter.id, 1, set={"state": "ready"}, was={"state": "draft"}, seen=seen(letter.patient_id))
    sign = device.patch("letter", letter.id, 1, set={"state": "signed"}, was={"state": "ready"}, **signs)
    verdicts = await device.push(*chain, ready, sign)
    assert outcomes(verdicts) == ["applied"] * 22
    entry = await ward.entry(letter.id)
    assert entry["version"] == 23
    assert entry["body"]["state"] == "signed"
    assert entry["body"]["signed_by"] == ward.amara.user_id
    assert await ward.rows("SELECT count(*) FROM revision WHERE id = %s", letter.id) == [(23,)]


async def test_the_same_chain_in_pieces_and_after_a_lost_answer_ends_the_same(ward: Ward) -> None:
    letter = await Letter.write(ward)
    device = letter.amara
    first = letter.edit(device, "plan", "Walk.", "Rest.")
    second = letter.edit(device, "plan", "Run.", "Walk.")
    await device.push(first)
    verdicts = await device.push(first, second)
    assert [verdict.get("repeat", False) for verdict in verdicts] == [True, False]
    assert outcomes(verdicts) == ["applied", "applied"]
    assert (await ward.entry(letter.id))["body"]["sections"]["plan"]["text"] == "Run."


async def test_a_patient_its_letter_and_its_message_in_one_request(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    patient = device.new_patient()
    letter = {**device.new_letter(patient["id"]), "depends_on": [patient["op_id"]]}
    letter["seen"] = seen(patient["id"], 0)
    message = device.op(
        "message", "create", seen=seen(patient["id"], 0), depends_on=[patient["op_id"]],
        set={"patient_id": patient["id"], "text": "New here.", "urgent": True, "to": [ward.ben.user_id]},
    )  # fmt: skip
    receipt = device.op("receipt", "create", set={"kind": "letter", "record_id": letter["id"], "version": 1})
    assert outcomes(await device.push(patient, letter, message, receipt)) == ["applied"] * 4
    assert (await ward.entry(receipt["id"]))["scope"] == f"patient:{patient['id']}"


async def test_a_secretary_writes_for_a_clinician_about_a_patient_of_the_same_request(ward: Ward) -> None:
    device = await ward.device(ward.sasha)
    patient = device.new_patient()
    letter = {**device.new_letter(patient["id"]), "on_behalf_of": ward.amara.user_id}
    not_theirs = {**device.new_letter(patient["id"]), "on_behalf_of": ward.noor.user_id}
    verdicts = await device.push(patient, letter, not_theirs)
    assert outcomes(verdicts) == ["applied", "applied", "rejected"]
    assert (await ward.entry(letter["id"]))["body"]["author_id"] == ward.amara.user_id


async def test_a_name_changed_earlier_by_the_same_device_may_be_on_the_screen(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    patient = device.new_patient()
    await device.one(patient)
    renamed = {"family": "Bello", "given": ["Ada"]}
    rename = device.patch("patient", patient["id"], 1, set={"name": renamed}, was={"name": patient["set"]["name"]})
    with_new, with_old, with_neither = (device.new_letter(patient["id"]) for _ in range(3))
    with_new["seen"] = seen(patient["id"], 1, name=renamed)
    with_neither["seen"] = seen(patient["id"], 1, name={"family": "Nobody", "given": []})
    assert outcomes(await device.push(rename, with_new, with_old, with_neither)) == ["applied"] * 3 + ["conflict"]
    ben = await ward.device(ward.ben)
    then = {**ben.new_letter(patient["id"]), "seen": seen(patient["id"], 1)}
    since = {**ben.new_letter(patient["id"]), "seen": seen(patient["id"], 2)}
    assert outcomes(await ben.push(then, since)) == ["applied", "conflict"]


async def test_a_value_the_same_device_set_in_vain_may_be_on_the_screen(ward: Ward) -> None:
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    patient = amara.new_patient()
    await amara.one(patient)
    await ben.one(ben.patch("patient", patient["id"], 1, set={"sex": "other"}, was={"sex": "female"}))
    born = amara.patch("patient", patient["id"], 1, set={"birth_date": "1950-02-04"}, was={"birth_date": "1950-02-03"})
    assert (await amara.one(born))["outcome"] == "conflict"
    mine = {**amara.new_letter(patient["id"]), "seen": seen(patient["id"], 1, birth_date="1950-02-04")}
    assert (await amara.one(mine))["outcome"] == "applied"
    bens = {**ben.new_letter(patient["id"]), "seen": seen(patient["id"], 1, birth_date="1950-02-04")}
    assert (await ben.one(bens))["outcome"] == "conflict"


async def test_a_patient_given_to_another_ward_is_seen_there_and_no_longer_here_from_that_moment(ward: Ward) -> None:
    carol, amara, noor = await ward.device(ward.carol), await ward.device(ward.amara), await ward.device(ward.noor)
    patient = amara.new_patient()
    await amara.one(patient)
    scope = f"patient:{patient['id']}"
    moved = carol.patch(
        "patient", patient["id"], 1,
        set={f"team_ids/{ward.a}": None, f"team_ids/{ward.b}": True},
        was={f"team_ids/{ward.a}": True, f"team_ids/{ward.b}": None},
    )  # fmt: skip
    before = len(ward.heads)
    _, amaras, noors = await asyncio.gather(
        carol.one(moved), amara.one(amara.new_letter(patient["id"])), noor.one(noor.new_letter(patient["id"]))
    )
    assert len(ward.heads) == before + 1
    assert outcomes([amaras, noors]) == ["quarantined", "applied"]
    assert (await ward.entry(patient["id"]))["body"]["team_ids"] == [ward.b]
    seers = await ward.rows("SELECT user_id::text FROM visible_scope WHERE scope = %s", scope)
    assert seers == [(ward.noor.user_id,)]
    events = await ward.rows("SELECT event FROM membership_event WHERE scope = %s ORDER BY seq, event", scope)
    assert [event for (event,) in events] == ["born"] * 3 + ["grant"] + ["revoke"] * 3


async def test_two_new_patients_with_one_nhs_number_in_one_request(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    number = ward.nhs_number()
    verdicts = await device.push(device.new_patient(nhs_number=number), device.new_patient(nhs_number=number))
    assert outcomes(verdicts) == ["applied", "conflict"]


async def test_a_deleted_snippet_keeps_its_text_in_history_and_a_later_edit_is_a_conflict(ward: Ward) -> None:
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    snippet = amara.op("snippet", "create", set={"title": "Falls", "text": "Mind the step.", "team_id": ward.a})
    await amara.one(snippet)
    gone = amara.op("snippet", "delete", snippet["id"], base_version=1)
    assert (await amara.one(gone))["outcome"] == "applied"
    assert await ward.entry(snippet["id"]) == {
        "type": "delete", "seq": ward.heads[-1][1], "kind": "snippet", "id": snippet["id"], "scope": f"team:{ward.a}",
        "version": 2,
    }  # fmt: skip
    ((body, deleted),) = await ward.rows("SELECT body, deleted FROM revision WHERE id = %s AND version = 2", snippet["id"])
    assert (orjson.loads(body)["text"], deleted) == ("Mind the step.", True)
    late = ben.patch("snippet", snippet["id"], 1, set={"title": "Fall"}, was={"title": "Falls"})
    verdict = await ben.one(late)
    assert verdict["outcome"] == "conflict"
    assert (await ward.entry(verdict["conflict_id"]))["body"]["reason"] == "deleted"


async def test_in_another_life_of_the_log_every_version_is_foreign(ward: Ward) -> None:
    letter = await Letter.write(ward)
    edit = {**letter.edit(letter.amara, "plan", "Walk.", "Rest."), "base_epoch": 7}
    verdict = await letter.amara.one(edit)
    assert verdict["outcome"] == "merged"


async def test_roles_are_those_of_the_session_that_the_log_confirms(ward: Ward) -> None:
    letter = await Letter.write(ward)
    async with ward.database.writing(ward.organisation_id) as connection:
        await connection.execute(
            "UPDATE actor SET roles = '{\"Billing Staff\"}', former_roles = '{Clinician}' WHERE user_id = %s",
            (ward.amara.user_id,),
        )
    verdict = await letter.amara.one(letter.edit(letter.amara, "plan", "Walk.", "Rest."))
    assert verdict["outcome"] in ("rejected", "quarantined")
    assert (await ward.entry(letter.id))["version"] == 1


@pytest.mark.parametrize("together", [True, False])
async def test_who_saw_a_patient_before_they_had_a_number_saw_the_right_one(ward: Ward, together: bool) -> None:
    """Rule 8 looks back: that an earlier version had no NHS number is what was seen, read from history or from the batch."""
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    patient = amara.new_patient()
    await amara.push(patient)
    number = ben.patch("patient", patient["id"], 1, set={"nhs_number": ward.nhs_number()}, was={"nhs_number": None})
    letter = amara.new_letter(patient["id"])
    if together:
        verdicts = await asyncio.gather(ben.one(number), amara.one(letter))
    else:
        verdicts = [await ben.one(number), await amara.one(letter)]
    assert outcomes(verdicts) == ["applied", "applied"]


async def test_a_name_that_was_only_set_in_vain_says_nothing_of_the_number(ward: Ward) -> None:
    """What became no version says what it set and no more: that it named no NHS number doesn't mean that there was none."""
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    patient = amara.new_patient(nhs_number=ward.nhs_number())
    await amara.push(patient)
    was, other = {"family": "Okafor", "given": ["Ada"]}, {"family": "Obi", "given": ["Ada"]}
    await ben.one(ben.patch("patient", patient["id"], 1, set={"name": {"family": "Eze", "given": ["Ada"]}}, was={"name": was}))
    vain = amara.patch("patient", patient["id"], 1, set={"name": other}, was={"name": was})
    letter = amara.new_letter(patient["id"]) | {"seen": seen(patient["id"], name=other)}
    assert outcomes(await amara.push(vain, letter)) == ["conflict", "conflict"]
