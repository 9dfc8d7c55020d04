"""What becomes of operations that are pushed: written, repeated, merged, refused, kept."""

from __future__ import annotations

import orjson

from .ward import Ward, outcomes, section, seen


async def test_a_new_patient_is_applied_and_stands_in_log_history_audit_and_deliveries(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    operation = device.new_patient(nhs_number=ward.nhs_number())
    verdict = await device.one(operation)
    assert verdict == {
        "op_id": operation["op_id"],
        "outcome": "applied",
        "seq": verdict["seq"],
        "record": {"id": operation["id"], "version": 1},
    }
    entry = await ward.entry(operation["id"])
    assert entry["seq"] == verdict["seq"]
    assert entry["by"] == ward.amara.user_id
    assert entry["op_id"] == operation["op_id"]
    assert entry["scope"] == f"patient:{operation['id']}"
    assert entry["body"]["name"] == operation["set"]["name"]
    ((fields, action, body),) = await ward.rows("SELECT fields, action, body FROM revision WHERE id = %s", operation["id"])
    assert "birth_date" in fields
    assert action == "create"
    assert orjson.loads(body) == entry["body"]
    assert await ward.rows("SELECT count(*) FROM audit WHERE seq = %s", verdict["seq"]) == [(1,)]
    assert await ward.rows("SELECT target, state FROM delivery_queue WHERE id = %s", operation["id"]) == [("fhir", "waiting")]
    assert ward.heads[-1] == (ward.organisation_id, verdict["seq"])


async def test_the_teams_members_see_a_new_patient_from_its_first_entry_on(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    operation = device.new_patient()
    verdict = await device.one(operation)
    seers = await ward.rows(
        "SELECT user_id::text, since_seq, born FROM visible_scope WHERE scope = %s", f"patient:{operation['id']}"
    )
    members = (ward.amara, ward.ben, ward.sasha)
    assert sorted(seers) == sorted((one.user_id, verdict["seq"], True) for one in members)


async def test_parallel_edits_of_different_fields_are_merged_and_named(ward: Ward) -> None:
    amara, ben = await ward.device(ward.amara), await ward.device(ward.ben)
    patient = amara.new_patient()
    letter = amara.new_letter(patient["id"])
    assert outcomes(await amara.push(patient, letter)) == ["applied", "applied"]
    patient_seen = seen(patient["id"])
    plan = amara.patch(
        "letter", letter["id"], 1, set={"sections/plan": section("Walk.")}, was={"sections/plan": section("Rest.")},
        seen=patient_seen,
    )  # fmt: skip
    title = ben.patch("letter", letter["id"], 1, set={"title": "Discharge"}, was={"title": "Clinic letter"}, seen=patient_seen)
    assert (await amara.one(plan))["outcome"] == "applied"
    verdict = await ben.one(title)
    assert verdict["outcome"] == "merged"
    assert verdict["merged_with"] == ["sections/plan"]
    body = (await ward.entry(letter["id"]))["body"]
    assert body["title"] == "Discharge"
    assert body["sections"]["plan"]["text"] == "Walk."
