"""Conflicts from the clash to the decision: nothing that somebody wrote is lost on the way (G5)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
import pytest_asyncio

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.sync import conflicts
from quill_schemas import validator

from .ward import MADE_AT, Device, Ward, outcomes, section, sections, seen, signature


class Clash:
    """Amara's plan stands in the letter, ben's is in a conflict."""

    def __init__(
        self, ward: Ward, amara: Device, ben: Device, patient_id: str, letter_id: str, verdict: dict[str, Any]
    ) -> None:
        self.ward, self.amara, self.ben = ward, amara, ben
        self.patient_id, self.letter_id, self.verdict = patient_id, letter_id, verdict
        self.id = verdict["conflict_id"]

    def decision(self, device: Device, base: int = 1, **values: Any) -> dict[str, Any]:
        chosen = {"against_version": 2, "choices": {"sections/plan": {"take": "mine"}}, "note": "Ben saw her last.", **values}
        return device.op("conflict", "resolve", self.id, base_version=base, set=chosen)

    def plan(self, device: Device, text: str, was: str, base: int) -> dict[str, Any]:
        return device.patch(
            "letter", self.letter_id, base, set={"sections/plan": section(text)}, was={"sections/plan": section(was)},
            seen=seen(self.patient_id),
        )  # fmt: skip

    async def body(self) -> dict[str, Any]:
        body: dict[str, Any] = (await self.ward.entry(self.id))["body"]
        return body

    async def letter(self) -> dict[str, Any]:
        return await self.ward.entry(self.letter_id)


@pytest_asyncio.fixture
async def clash(ward: Ward) -> Clash:
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    patient = amara.new_patient()
    letter = amara.new_letter(patient["id"])
    await amara.push(patient, letter)
    made = Clash(ward, amara, ben, patient["id"], letter["id"], {"conflict_id": ""})
    await amara.one(made.plan(amara, "Walk.", "Rest.", 1))
    verdict = await ben.one(made.plan(ben, "Swim.", "Rest.", 1))
    return Clash(ward, amara, ben, patient["id"], letter["id"], verdict)


async def test_a_clash_keeps_both_and_the_servers_version_stands(clash: Clash) -> None:
    assert clash.verdict["outcome"] == "conflict"
    entry = await clash.ward.entry(clash.id)
    assert entry["seq"] == clash.verdict["seq"]
    assert entry["scope"] == f"patient:{clash.patient_id}"
    body = entry["body"]
    assert validator("Conflict")(body) == []
    (line,) = body["fields"]
    assert line["field"] == "sections/plan"
    assert [line[side]["text"] for side in ("base", "theirs", "mine")] == ["Rest.", "Walk.", "Swim."]
    assert body["base"]["version"] == 1
    assert body["theirs"] == {**body["theirs"], "version": 2, "by": clash.ward.amara.user_id}
    assert body["mine"]["device"] == clash.ben.device_id
    assert (await clash.letter())["body"]["sections"]["plan"]["text"] == "Walk."
    assert await clash.ward.rows("SELECT conflict_id::text FROM open_conflict") == [(clash.id,)]


async def test_a_later_edit_of_the_same_device_joins_keeping_the_last_value_and_the_first_was(clash: Clash) -> None:
    verdict = await clash.ben.one(clash.plan(clash.ben, "Swim and walk.", "Swim.", 1))
    assert verdict["outcome"] == "conflict"
    assert verdict["conflict_id"] == clash.id
    entry = await clash.ward.entry(clash.id)
    assert entry["version"] == 2
    mine = entry["body"]["mine"]
    assert mine["set"]["sections/plan"]["text"] == "Swim and walk."
    assert mine["was"]["sections/plan"]["text"] == "Rest."
    assert len(mine["op_ids"]) == 2


async def test_two_edits_of_one_batch_become_one_conflict(ward: Ward, clash: Clash) -> None:
    other = await ward.device(ward.ben)
    first, second = clash.plan(other, "Run.", "Rest.", 1), clash.plan(other, "Run fast.", "Run.", 1)
    verdicts = await other.push(first, second)
    assert outcomes(verdicts) == ["conflict", "conflict"]
    assert verdicts[0]["conflict_id"] == verdicts[1]["conflict_id"] != clash.id
    entry = await ward.entry(verdicts[0]["conflict_id"])
    assert entry["version"] == 2
    assert entry["body"]["mine"]["was"]["sections/plan"]["text"] == "Rest."


async def test_choosing_mine_makes_a_version_with_both_parents_and_closes_the_conflict(clash: Clash) -> None:
    verdict = await clash.amara.one(clash.decision(clash.amara))
    assert verdict["outcome"] == "applied"
    assert verdict["record"] == {"id": clash.id, "version": 2}
    letter = await clash.letter()
    assert letter["version"] == 3
    assert letter["body"]["sections"]["plan"]["text"] == "Swim."
    ((parents, action, by),) = await clash.ward.rows(
        "SELECT parents::text[], action, by_user::text FROM revision WHERE id = %s AND version = 3", clash.letter_id
    )
    assert parents == (await clash.body())["mine"]["op_ids"]
    assert (action, by) == ("resolve", clash.ward.amara.user_id)
    body = await clash.body()
    assert validator("Conflict")(body) == []
    assert body["status"] == "resolved"
    assert body["resolution"]["note"] == "Ben saw her last."
    assert await clash.ward.rows("SELECT count(*) FROM open_conflict") == [(0,)]


async def test_a_composed_text_becomes_the_version_and_both_originals_stay_in_history(clash: Clash) -> None:
    composed = {"sections/plan": {"take": "text", "value": section("Walk, then swim.")}}
    assert (await clash.amara.one(clash.decision(clash.amara, choices=composed)))["outcome"] == "applied"
    assert (await clash.letter())["body"]["sections"]["plan"]["text"] == "Walk, then swim."
    versions = await clash.ward.rows("SELECT body FROM revision WHERE id = %s ORDER BY version", clash.letter_id)
    texts = [orjson.loads(body)["sections"]["plan"]["text"] for (body,) in versions]
    assert texts == ["Rest.", "Walk.", "Walk, then swim."]
    assert (await clash.body())["mine"]["set"]["sections/plan"]["text"] == "Swim."


async def test_a_decision_on_what_has_moved_is_refused(clash: Clash) -> None:
    late = clash.decision(clash.amara)
    await clash.ben.one(clash.plan(clash.ben, "Swim daily.", "Swim.", 1))
    verdict = await clash.amara.one(late)
    assert verdict["error"]["error_code"] == "conflict_moved"
    assert (await clash.letter())["version"] == 2


async def test_somebody_of_another_ward_can_neither_see_nor_decide_it(clash: Clash) -> None:
    noor = await clash.ward.device(clash.ward.noor)
    verdict = await noor.one(clash.decision(noor))
    assert verdict["error"]["error_code"] == "unknown_record"
    assert await conflicts.list_conflicts(clash.ward.database, clash.ward.noor, "open") == []
    with pytest.raises(ApiError, match="not_found"):
        await conflicts.conflict_of(clash.ward.database, clash.ward.noor, clash.id)


async def test_given_back_it_stays_open_and_is_its_authors(clash: Clash) -> None:
    back = clash.amara.op("conflict", "resolve", clash.id, base_version=1, set={"return": True, "note": "Yours, I think."})
    assert (await clash.amara.one(back))["outcome"] == "applied"
    body = await clash.body()
    assert (body["status"], body["returned"], body["owner"]) == ("open", True, clash.ward.ben.user_id)
    assert (await clash.ben.one(clash.decision(clash.ben, base=2)))["outcome"] == "applied"


async def test_an_operation_on_another_record_waits_in_the_conflict_and_is_decided_with_it(clash: Clash) -> None:
    ben = clash.ben
    edit = clash.plan(ben, "Swim more.", "Swim.", 1)
    message = ben.op(
        "message", "create", seen=seen(clash.patient_id), depends_on=[edit["op_id"]],
        set={"patient_id": clash.patient_id, "text": "Changed the plan.", "urgent": False},
    )  # fmt: skip
    verdicts = await ben.push(edit, message)
    assert outcomes(verdicts) == ["conflict", "conflict"]
    assert verdicts[1]["conflict_id"] == clash.id
    assert await clash.ward.rows("SELECT 1 FROM entry WHERE id = %s", message["id"]) == []
    entry = await clash.ward.entry(clash.id)
    assert (await clash.amara.one(clash.decision(clash.amara, base=entry["version"])))["outcome"] == "applied"
    sent = await clash.ward.entry(message["id"])
    assert sent["by"] == clash.ward.ben.user_id
    assert sent["op_id"] == message["op_id"]


async def test_a_possible_duplicate_is_its_authors_alone_and_an_administrator_decides(ward: Ward) -> None:
    amara, noor, carol = await ward.device(ward.amara), await ward.device(ward.noor), await ward.device(ward.carol)
    number = ward.nhs_number()
    first = amara.new_patient(nhs_number=number)
    await amara.one(first)
    second = noor.new_patient(team=ward.b, nhs_number=number)
    letter = noor.new_letter(second["id"])
    letter["depends_on"] = [second["op_id"]]
    letter["seen"] = seen(second["id"], 0, nhs_number=number)
    verdicts = await noor.push(second, letter)
    assert outcomes(verdicts) == ["conflict", "conflict"]
    conflict_id = verdicts[0]["conflict_id"]
    entry = await ward.entry(conflict_id)
    assert entry["scope"] == f"user:{ward.noor.user_id}"
    assert "theirs" not in entry["body"]
    same = {"against_version": 0, "choices": {"": {"take": "theirs"}}, "note": "One person."}
    verdict = await carol.one(carol.op("conflict", "resolve", conflict_id, base_version=entry["version"], set=same))
    assert verdict["outcome"] == "applied", verdict
    assert await ward.rows("SELECT 1 FROM entry WHERE id = %s", second["id"]) == []


async def test_a_possible_duplicate_taken_as_another_person_creates_the_patient(ward: Ward) -> None:
    amara, carol = await ward.device(ward.amara), await ward.device(ward.carol)
    number = ward.nhs_number()
    first, second = amara.new_patient(nhs_number=number), amara.new_patient(nhs_number=number)
    letter = amara.new_letter(second["id"])
    letter["depends_on"] = [second["op_id"]]
    letter["seen"] = seen(second["id"], 0, nhs_number=number)
    verdicts = await amara.push(first, second, letter)
    assert outcomes(verdicts) == ["applied", "conflict", "conflict"]
    conflict_id = verdicts[1]["conflict_id"]
    other = {"against_version": 0, "choices": {"": {"take": "mine"}}, "note": "Two people."}
    verdict = await carol.one(carol.op("conflict", "resolve", conflict_id, base_version=2, set=other))
    assert verdict["outcome"] == "applied", verdict
    assert (await ward.entry(second["id"]))["body"]["team_ids"] == [ward.a]
    assert (await ward.entry(letter["id"]))["by"] == ward.amara.user_id
    assert await ward.rows("SELECT count(*) FROM visible_scope WHERE scope = %s", f"patient:{second['id']}") == [(3,)]


@pytest.mark.parametrize("kind", ["message", "attachment"])
async def test_what_was_written_for_a_patient_who_changed_meanwhile_stays_its_authors(ward: Ward, kind: str) -> None:
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    patient = amara.new_patient()
    await amara.one(patient)
    written = {
        "message": {"text": "Please repeat the potassium.", "urgent": True},
        "attachment": {"name": "wound.jpg", "media_type": "image/jpeg", "size": 1, "sha256": "0" * 64, "parts": 1},
    }
    other = seen(patient["id"], name={"family": "Somebody", "given": ["Else"]})
    create = amara.op(kind, "create", seen=other, set={"patient_id": patient["id"], **written[kind]})
    verdict = await amara.one(create)
    assert verdict["outcome"] == "conflict", verdict
    mine = {"against_version": 0, "choices": {"": {"take": "mine"}}, "note": "It is her."}
    decision = ben.op("conflict", "resolve", verdict["conflict_id"], base_version=1, set=mine)
    assert (await ben.one(decision))["outcome"] == "applied"
    assert (await ward.entry(create["id"]))["by"] == ward.amara.user_id
    ((by,),) = await ward.rows("SELECT by_user::text FROM revision WHERE id = %s AND version = 1", create["id"])
    assert by == ward.amara.user_id
    ((audited,),) = await ward.rows("SELECT user_id::text FROM audit WHERE record_id = %s AND version = 1", create["id"])
    assert audited == ward.ben.user_id


@pytest.mark.parametrize(
    ("family", "version", "outcome"),
    [
        ("Second", 2, "applied"),
        ("Third", 2, "applied"),
        ("First", 2, "conflict"),
        ("First", 1, "applied"),
        ("Never", 1, "conflict"),
    ],
)
async def test_what_the_screen_showed_is_held_against_that_version_and_later_ones(
    ward: Ward, family: str, version: int, outcome: str
) -> None:
    """Rule 8. The patient was First, then Second, then Third, by somebody else."""
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    names = [{"family": one, "given": ["Ada"]} for one in ("First", "Second", "Third")]
    patient = ben.new_patient(name=names[0])
    await ben.one(patient)
    for base, (was, now) in enumerate(pairwise(names), 1):
        await ben.one(ben.patch("patient", patient["id"], base, set={"name": now}, was={"name": was}))
    letter = amara.new_letter(patient["id"])
    letter["seen"] = seen(patient["id"], version, name={"family": family, "given": ["Ada"]})
    verdict = await amara.one(letter)
    assert verdict["outcome"] == outcome
    if outcome == "conflict":
        assert (await ward.entry(verdict["conflict_id"]))["body"]["reason"] == "patient_changed"


class TestWithoutVault:
    def said(self, **values: Any) -> dict[str, Any]:
        return {
            "op_id": "0190a000-0000-7000-8000-000000000001",
            "conflict_version": 1,
            "against_version": 2,
            "choices": {"sections/plan": {"take": "mine"}},
            "note": "Ben saw her last.",
            **values,
        }

    async def resolve(self, clash: Clash, actor: Actor, **values: Any) -> dict[str, Any]:
        answer = await conflicts.resolve(clash.ward.writers, actor, clash.id, self.said(**values), MADE_AT)
        verdict: dict[str, Any] = orjson.loads(answer)
        return verdict

    async def test_the_list_shows_what_is_open(self, clash: Clash) -> None:
        for actor in (clash.ward.amara, clash.ward.carol):
            (found,) = await conflicts.list_conflicts(clash.ward.database, actor, "open")
            assert found["id"] == clash.id
            assert validator("ConflictRecord")(found) == []

    async def test_it_is_decided_and_the_same_again_answers_the_same(self, clash: Clash) -> None:
        first = await self.resolve(clash, clash.ward.amara)
        assert first["outcome"] == "applied"
        assert await self.resolve(clash, clash.ward.amara) == {**first, "repeat": True}
        assert (await clash.letter())["version"] == 3
        assert await conflicts.list_conflicts(clash.ward.database, clash.ward.amara, "open") == []
        (found,) = await conflicts.list_conflicts(clash.ward.database, clash.ward.amara, "resolved")
        assert found["status"] == "resolved"

    async def test_moved_on_it_answers_409_with_the_conflict_and_stores_nothing(self, clash: Clash) -> None:
        await clash.ben.one(clash.plan(clash.ben, "Swim daily.", "Swim.", 1))
        before = await clash.ward.written()
        with pytest.raises(ApiError) as refused:
            await self.resolve(clash, clash.ward.amara)
        assert (refused.value.status, refused.value.error_code) == (409, "conflict_moved")
        assert refused.value.extra["conflict"]["version"] == 2
        assert await clash.ward.written() == before

    async def test_for_who_may_not_see_it_there_is_none(self, clash: Clash) -> None:
        before = await clash.ward.written()
        with pytest.raises(ApiError, match="not_found"):
            await self.resolve(clash, clash.ward.noor)
        assert await clash.ward.written() == before

    async def test_giving_back(self, clash: Clash) -> None:
        said = {"op_id": "0190a000-0000-7000-8000-000000000002", "conflict_version": 1, "note": "Yours."}
        answer = await conflicts.give_back(clash.ward.writers, clash.ward.amara, clash.id, said, MADE_AT)
        assert orjson.loads(answer)["record"] == {"id": clash.id, "version": 2}
        assert (await clash.body())["returned"] is True


async def test_a_signature_on_a_text_that_changed_meanwhile_is_a_conflict(ward: Ward) -> None:
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    patient = amara.new_patient()
    letter = amara.new_letter(patient["id"])
    await amara.push(patient, letter)
    ready = amara.patch("letter", letter["id"], 1, set={"state": "ready"}, was={"state": "draft"}, seen=seen(patient["id"]))
    sign = amara.patch(
        "letter", letter["id"], 1, set={"state": "signed"}, was={"state": "ready"}, seen=seen(patient["id"]),
        seen_sha256=signature(sections(plan="Rest.")),
    )  # fmt: skip
    edit = ben.patch(
        "letter", letter["id"], 1, set={"sections/plan": section("Walk.")}, was={"sections/plan": section("Rest.")},
        seen=seen(patient["id"]),
    )  # fmt: skip
    assert (await amara.one(ready))["outcome"] == "applied"
    assert (await ben.one(edit))["outcome"] == "merged"
    verdict = await amara.one(sign)
    assert verdict["outcome"] == "conflict"
    assert (await ward.entry(letter["id"]))["body"]["state"] == "ready"
