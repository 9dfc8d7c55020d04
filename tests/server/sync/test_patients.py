"""Another system reads, makes and changes patients and letters: it sees what its person sees, and is decided like a device."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from .signed_in import Member, Server, refusal
from .ward import Ward, patient_body, section, sections, seen

LETTER = {"title": "Clinic letter", "sections": sections(plan="Rest.")}


def made(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"op_id": str(uuid4()), "id": str(uuid4()), "set": body, **more}


def changed(values: dict[str, Any], was: dict[str, Any], base: int = 1, **more: Any) -> dict[str, Any]:
    return {"op_id": str(uuid4()), "base_version": base, "set": values, "was": was, **more}


async def new_patient(member: Member, ward: Ward, **values: Any) -> str:
    asked = made({**patient_body(ward.a), **values})
    answer = await member.client.post("/api/patients", json=asked)
    assert answer.json()["outcome"] == "applied", answer.text
    return str(asked["id"])


async def new_letter(member: Member, patient_id: str) -> str:
    asked = made(LETTER, seen=seen(patient_id))
    answer = await member.client.post(f"/api/patients/{patient_id}/letters", json=asked)
    assert answer.json()["outcome"] == "applied", answer.text
    return str(asked["id"])


async def test_a_patient_made_here_comes_to_devices_like_any_other(member: Member, ward: Ward) -> None:
    patient_id = await new_patient(member, ward)
    entry = await ward.entry(patient_id)
    assert entry["by"] == member.device.actor.user_id
    read = (await member.client.get(f"/api/patients/{patient_id}")).json()
    assert read == {name: entry[name] for name in ("id", "version", "by", "at", "body")}


async def test_the_same_request_again_answers_the_same_and_writes_nothing(member: Member, ward: Ward) -> None:
    asked = made(patient_body(ward.a))
    first = (await member.client.post("/api/patients", json=asked)).json()
    before = await ward.written()
    again = (await member.client.post("/api/patients", json=asked)).json()
    assert again == {**first, "repeat": True}
    assert await ward.written() == before


async def test_all_patients_in_sight_come_page_by_page_and_no_others(member: Member, ward: Ward) -> None:
    mine = sorted([await new_patient(member, ward) for _ in range(5)])
    noor = await ward.device(ward.noor)
    await noor.push(noor.new_patient(team=ward.b))
    found: list[str] = []
    asked = "/api/patients?limit=2"
    while asked:
        page = (await member.client.get(asked)).json()
        assert len(page["patients"]) <= 2
        found += [one["id"] for one in page["patients"]]
        asked = f"/api/patients?limit=2&after={page['next']}" if "next" in page else ""
    assert found == mine


async def test_a_patient_is_found_by_nhs_number(member: Member, ward: Ward) -> None:
    number = ward.nhs_number()
    await new_patient(member, ward)
    patient_id = await new_patient(member, ward, nhs_number=number)
    page = (await member.client.get("/api/patients", params={"nhs_number": number})).json()
    assert [one["id"] for one in page["patients"]] == [patient_id]
    other = await member.client.get("/api/patients", params={"nhs_number": ward.nhs_number()})
    assert other.json() == {"patients": []}


async def test_another_wards_patient_is_not_there(member: Member, ward: Ward) -> None:
    noor = await ward.device(ward.noor)
    theirs = noor.new_patient(team=ward.b)
    letter = noor.new_letter(theirs["id"])
    await noor.push(theirs, letter)
    before = await ward.written()
    address = f"/api/patients/{theirs['id']}"
    change = changed({"sex": "male"}, {"sex": "female"})
    answers = [
        await member.client.get(address),
        await member.client.get(f"{address}/letters"),
        await member.client.get(f"{address}/letters/{letter['id']}"),
        await member.client.patch(address, json=change),
        await member.client.patch(f"{address}/letters/{letter['id']}", json=change),
    ]
    assert [refusal(answer) for answer in answers] == [(404, "not_found")] * len(answers)
    assert await ward.written() == before


async def test_a_change_of_what_stands_is_applied_and_of_what_has_moved_becomes_a_conflict(member: Member, ward: Ward) -> None:
    patient_id = await new_patient(member, ward)
    address = f"/api/patients/{patient_id}"
    applied = (await member.client.patch(address, json=changed({"sex": "male"}, {"sex": "female"}))).json()
    assert applied["outcome"] == "applied"
    assert applied["record"] == {"id": patient_id, "version": 2}
    late = (await member.client.patch(address, json=changed({"sex": "other"}, {"sex": "female"}))).json()
    assert late["outcome"] == "conflict"
    assert (await ward.entry(patient_id))["body"]["sex"] == "male"
    conflict = (await member.client.get(f"/api/conflicts/{late['conflict_id']}")).json()
    assert [conflict["fields"][0][side] for side in ("theirs", "mine")] == ["male", "other"]


async def test_a_second_patient_of_one_nhs_number_waits_for_an_administrator(member: Member, ward: Ward) -> None:
    number = ward.nhs_number()
    await new_patient(member, ward, nhs_number=number)
    twin = made({**patient_body(ward.a), "nhs_number": number})
    verdict = (await member.client.post("/api/patients", json=twin)).json()
    assert verdict["outcome"] == "conflict"
    assert refusal(await member.client.get(f"/api/patients/{twin['id']}")) == (404, "not_found")


async def test_a_letter_is_begun_read_and_changed(member: Member, ward: Ward) -> None:
    patient_id = await new_patient(member, ward)
    letter_id = await new_letter(member, patient_id)
    address = f"/api/patients/{patient_id}/letters"
    change = changed({"sections/plan": section("Walk.")}, {"sections/plan": section("Rest.")}, seen=seen(patient_id))
    assert (await member.client.patch(f"{address}/{letter_id}", json=change)).json()["outcome"] == "applied"
    read = (await member.client.get(f"{address}/{letter_id}")).json()
    assert (read["version"], read["body"]["sections"]["plan"]["text"]) == (2, "Walk.")
    last = await new_letter(member, patient_id)
    assert [one["id"] for one in (await member.client.get(address)).json()["letters"]] == [last, letter_id]


async def test_a_letter_is_not_to_be_had_by_another_patients_address(member: Member, ward: Ward) -> None:
    patient_id, other_id = await new_patient(member, ward), await new_patient(member, ward)
    letter_id = await new_letter(member, patient_id)
    wrong = f"/api/patients/{other_id}/letters"
    change = changed({"title": "Another"}, {"title": "Clinic letter"}, seen=seen(patient_id))
    assert refusal(await member.client.get(f"{wrong}/{letter_id}")) == (404, "not_found")
    assert refusal(await member.client.patch(f"{wrong}/{letter_id}", json=change)) == (404, "not_found")
    answer = await member.client.post(wrong, json=made({**LETTER, "patient_id": patient_id}, seen=seen(patient_id)))
    assert refusal(answer) == (422, "invalid_request")
    assert answer.json()["detail"]["errors"][0]["path"] == "/set/patient_id"


async def test_a_letter_has_to_say_whose_record_was_on_the_screen(member: Member, ward: Ward) -> None:
    patient_id = await new_patient(member, ward)
    before = await ward.written()
    answer = await member.client.post(f"/api/patients/{patient_id}/letters", json=made(LETTER))
    assert refusal(answer) == (422, "seen_missing")
    assert await ward.written() == before


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "/limit"), ("limit=501", "/limit"), ("limit=many", "/limit"), ("limit=", "/limit"),
        ("limit=%D9%A1", "/limit"), ("after=first", "/after"), ("nhs_number=9990000041", "/nhs_number"),
    ],
)  # fmt: skip
async def test_a_question_that_makes_no_sense_is_answered_with_where(member: Member, query: str, path: str) -> None:
    answer = await member.client.get(f"/api/patients?{query}")
    assert refusal(answer) == (422, "invalid_request")
    assert answer.json()["detail"]["errors"][0]["path"] == path


async def test_a_fault_in_what_is_sent_names_the_field_and_keeps_nothing(member: Member, ward: Ward) -> None:
    before = await ward.written()
    body = {**patient_body(ward.a), "birth_date": "1950-02-30"}
    answer = await member.client.post("/api/patients", json=made(body))
    assert refusal(answer) == (422, "bad_value")
    assert answer.json()["detail"]["path"] == "/set/birth_date"
    unknown = await member.client.post("/api/patients", json=made(patient_body(ward.a), kind="letter"))
    assert refusal(unknown) == (422, "invalid_request")
    assert await ward.written() == before


async def test_who_receives_no_patients_reads_none_here_either(server: Server, ward: Ward) -> None:
    async with server.member(ward, "Auditor") as auditor:
        for address in ("/api/patients", f"/api/patients/{uuid4()}", f"/api/patients/{uuid4()}/letters"):
            assert refusal(await auditor.client.get(address)) == (403, "forbidden")
        answer = await auditor.client.post("/api/patients", json=made(patient_body(ward.a)))
        assert answer.status_code == 403


async def test_nobody_reads_patients_without_a_session(server: Server) -> None:
    transport = httpx.ASGITransport(server.asgi, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=server.origin) as client:
        answer = await client.get("/api/patients")
    assert answer.status_code == 401
