"""Bad input, sent over HTTP by somebody who is signed in.

A request that is refused whole writes nothing at all; an operation that is refused writes nothing but what it was (kept in
quarantine) and its verdict, and those beside it go on. Every refusal comes within ``HANG`` seconds.

Which fault is held where (this file, unless another is named):

 1 nested 10,000 deep       test_nested_ten_thousand_deep
 2 100 MB without a length  test_a_hundred_megabytes_without_a_length_are_not_read, test_two_mebibytes_and_one_byte
 3 gzip bomb                test_a_gzip_bomb_is_not_unpacked
 4 keys, numbers            test_what_is_not_json_or_has_a_key_twice, test_proto_…, test_numbers_and_texts_…
 5 characters               test_text_is_kept_as_it_was_sent, test_twins_are_two, test_numbers_and_texts_…, test_an_id_that_is_…
 6 UUIDs                    test_an_op_id_that_is_no_lower_case_uuid, test_an_id_that_is_…, test_a_uuid_of_the_future_…
 7 dates                    test_a_birth_date_that_is_no_day, test_the_last_day_there_is, test_a_made_at_that_is_no_instant
 8 SQL, LIKE, regex, paths  test_patterns_are_only_text (the server searches nothing; ids, keys and queries reach it)
 9 HTML, names, formulas    test_text_is_kept_as_it_was_sent; of files: pull/test_attachments.py, test_no_name_bends_a_header
10 fields, enums, members   test_wrong_and_unknown_members, test_missing_members, test_values_that_do_not_fit
11 unknown, early, circle   test_an_operation_for_an_unknown_record, test_a_child_before_its_parent, test_a_circle_…
12 an op_id used again      test_the_same_op_id_with_another_content
13 500 with a bad one, 501  test_five_hundred_with_a_bad_one_in_the_middle, test_five_hundred_and_one
14 clocks                   test_a_devices_clock_decides_nothing
15 a base above ours        test_a_base_version_the_server_does_not_have
19 cursors                  pull/test_http.py: test_changed_cursors_…, test_another_persons_…; pull/test_changes.py: future,
                            restored (test_a_log_put_back_…), old (test_an_old_cursor_…); pull/test_heads.py
28 another organisation     TestAnotherOrganisation; uploads and sockets: pull/test_attachments.py, pull/test_live.py
29 sockets                  pull/test_live.py
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest

from .signed_in import Member, Server, refusal
from .ward import Ward, outcomes, section, seen

NIL = "00000000-0000-0000-0000-000000000000"
NOT_UUIDS = [str.upper, lambda text: "{" + text + "}", lambda text: text.replace("-", ""), lambda _: NIL]


HANG = 2.0  # seconds


async def rejected(ward: Ward, member: Member, operation: dict[str, Any]) -> tuple[str, str]:
    """(error_code, path) of its refusal; asserts that it became nothing, is kept, and holds up nobody."""
    async with asyncio.timeout(HANG):
        answer = await member.push(operation, member.device.new_patient())
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["verdicts"]
    assert first["outcome"] == "rejected"
    assert second["outcome"] == "applied"
    rows = await ward.rows("SELECT kind FROM revision WHERE op_id = %s", operation["op_id"])
    assert {kind for (kind,) in rows} == {"quarantine"}
    return first["error"]["error_code"], first["error"].get("path", "")


async def refused(ward: Ward, member: Member, text: bytes, **headers: str | bytes) -> tuple[int, str]:
    """Status and code of a request that was refused whole, and wrote nothing."""
    before = await ward.written()
    async with asyncio.timeout(HANG):
        answer = await member.send(text, **headers)
    assert await ward.written() == before
    return refusal(answer)


def envelope(member: Member, *operations: Any) -> bytes:
    return orjson.dumps({"device_id": member.device.device_id, "ops": operations})


def text_with(member: Member, value: str) -> bytes:
    """A push whose one operation has this JSON in a field."""
    marked = envelope(member, member.device.new_patient(gp="MARK"))
    return marked.replace(b'"MARK"', value.encode())


class TestTheRequest:
    async def test_nested_ten_thousand_deep(self, ward: Ward, member: Member) -> None:
        for deep in ("[" * 10_000 + "]" * 10_000, '{"a":' * 10_000 + "1" + "}" * 10_000):
            assert await refused(ward, member, text_with(member, deep)) == (422, "invalid_json")

    async def test_a_hundred_megabytes_without_a_length_are_not_read(self, ward: Ward, member: Member) -> None:
        before, sent = await ward.written(), 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(1600):
                sent += 65_536
                yield b" " * 65_536

        answer = await member.client.post("/api/sync/push", content=endless(), headers={"content-type": "application/json"})
        assert refusal(answer) == (413, "request_too_large")
        assert sent < 3 << 20
        assert await ward.written() == before

    async def test_two_mebibytes_and_one_byte(self, ward: Ward, member: Member) -> None:
        text = envelope(member)
        assert await refused(ward, member, text + b" " * ((2 << 20) + 1 - len(text))) == (413, "request_too_large")
        assert (await member.send(text + b" " * ((2 << 20) - len(text)))).status_code == 200

    async def test_a_gzip_bomb_is_not_unpacked(self, ward: Ward, member: Member) -> None:
        bomb = gzip.compress(b" " * (64 << 20))
        found = await refused(ward, member, bomb, **{"content-encoding": "gzip"})
        assert found == (415, "unsupported_media_type")

    @pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
    async def test_only_json(self, ward: Ward, member: Member, media_type: str) -> None:
        found = await refused(ward, member, envelope(member), **{"content-type": media_type})
        assert found == (415, "unsupported_media_type")

    @pytest.mark.parametrize(
        "value", ['{"a":1,"a":2}', "NaN", "Infinity", "-Infinity", "{'a': 1}", "1" * 5_000, '"\\x"', "tru", '"\x01"']
    )
    async def test_what_is_not_json_or_has_a_key_twice(self, ward: Ward, member: Member, value: str) -> None:
        assert await refused(ward, member, text_with(member, value)) == (422, "invalid_json")

    @pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{", b'{"a":1}{', b'"\xed\xa0\x80"'])
    async def test_what_can_not_be_read_at_all(self, ward: Ward, member: Member, text: bytes) -> None:
        assert await refused(ward, member, text) == (422, "invalid_json")

    @pytest.mark.parametrize(
        ("value", "path"),
        [
            (None, ""),
            ([], ""),
            ({"ops": []}, "/device_id"),
            ({"device_id": "x", "ops": []}, "/device_id"),
            ({"device_id": str(uuid4())}, "/ops"),
            ({"device_id": str(uuid4()), "ops": {}}, "/ops"),
            ({"device_id": str(uuid4()), "ops": [1]}, "/ops/0"),
            ({"device_id": str(uuid4()), "ops": [], "more": 1}, "/more"),
            ({"device_id": str(uuid4()), "ops": [{"device_seq": 1}]}, "/ops/0/op_id"),
            ({"device_id": str(uuid4()), "ops": [{"op_id": str(uuid4())}]}, "/ops/0/device_seq"),
            ({"device_id": str(uuid4()), "ops": [{"op_id": str(uuid4()), "device_seq": 0}]}, "/ops/0/device_seq"),
            ({"device_id": str(uuid4()), "ops": [{"op_id": str(uuid4()), "device_seq": "1"}]}, "/ops/0/device_seq"),
            ({"device_id": str(uuid4()), "ops": [{"op_id": str(uuid4()), "device_seq": 2**60}]}, "/ops/0/device_seq"),
        ],
    )
    async def test_an_envelope_that_is_wrong_is_told_where(self, ward: Ward, member: Member, value: Any, path: str) -> None:
        before = await ward.written()
        answer = await member.send(orjson.dumps(value))
        assert refusal(answer) == (422, "invalid_request")
        assert path in [fault["path"] for fault in answer.json()["detail"]["errors"]]
        assert await ward.written() == before

    @pytest.mark.parametrize("change", [*NOT_UUIDS, lambda text: text + "\n"])
    async def test_an_op_id_that_is_no_lower_case_uuid(self, ward: Ward, member: Member, change: Any) -> None:
        operation = member.device.new_patient()
        before = await ward.written()
        answer = await member.push({**operation, "op_id": change("abcdef00-0000-7000-8000-00000000abcd")})
        assert refusal(answer) == (422, "invalid_request")
        assert [fault["path"] for fault in answer.json()["detail"]["errors"]] == ["/ops/0/op_id"]
        assert await ward.written() == before

    async def test_five_hundred_with_a_bad_one_in_the_middle(self, ward: Ward, member: Member) -> None:
        operations = [member.device.new_patient() for _ in range(500)]
        operations[250]["set"]["sex"] = "?"
        answer = await member.push(*operations)
        assert outcomes(answer.json()["verdicts"]) == ["applied"] * 250 + ["rejected"] + ["applied"] * 249

    async def test_five_hundred_and_one(self, ward: Ward, member: Member) -> None:
        found = await refused(ward, member, envelope(member, *(member.device.new_patient() for _ in range(501))))
        assert found == (413, "request_too_large")

    async def test_a_gap_answers_what_is_expected(self, ward: Ward, member: Member) -> None:
        member.device.next_seq = 5
        before = await ward.written()
        answer = await member.push(member.device.new_patient())
        assert refusal(answer) == (409, "device_seq_gap")
        assert answer.json()["detail"]["expected"] == 1
        assert await ward.written() == before

    @pytest.mark.parametrize("version", ["0", "", "-1", "1.0", "one", "\u00b2"])
    async def test_a_protocol_below_the_floor(self, ward: Ward, member: Member, version: str) -> None:
        found = await refused(ward, member, envelope(member), **{"x-quill-protocol": version.encode("latin-1")})
        assert found == (426, "protocol_too_old")

    async def test_not_signed_in_and_without_csrf(self, ward: Ward, member: Member) -> None:
        text = envelope(member, member.device.new_patient())
        assert await refused(ward, member, text, **{"x-csrf-token": "x"}) == (403, "csrf_failed")
        member.client.cookies.clear()
        assert await refused(ward, member, text) == (401, "not_signed_in")

    async def test_a_changed_audit_head(self, ward: Ward, member: Member) -> None:
        head = (await member.push()).json()["audit_head"]
        assert (await member.push(audit_head=head)).status_code == 200
        before = await ward.written()
        answer = await member.push(member.device.new_patient(), audit_head=("B" if head[0] == "A" else "A") + head[1:])
        assert refusal(answer) == (400, "bad_audit_head")
        assert await ward.written() == before


class TestAnOperation:
    @pytest.mark.parametrize(
        "value", ["1e400", "-1e400", "1.5", "9007199254740993", "-9007199254740993", '"\\ud800"', '"\\u0000"']
    )
    async def test_numbers_and_texts_that_can_not_be_kept(self, ward: Ward, member: Member, value: str) -> None:
        answer = await member.send(text_with(member, value))
        assert answer.status_code == 200, answer.text
        (verdict,) = answer.json()["verdicts"]
        assert verdict["error"]["error_code"] == "bad_value"
        assert verdict["error"]["path"] == "/set/gp"
        assert await ward.rows("SELECT kind FROM entry WHERE kind = 'patient'") == []

    async def test_proto_is_a_field_like_any_other_unknown_one(self, ward: Ward, member: Member) -> None:
        operation = member.device.new_patient(**{"__proto__": {"admin": True}})
        assert await rejected(ward, member, operation) == ("bad_field", "/set/__proto__")

    @pytest.mark.parametrize(
        "change", [*NOT_UUIDS, lambda text: f"{text[:-1]}é", lambda text: f"{text[:-1]}\u202e", lambda _: 7]
    )
    async def test_an_id_that_is_no_lower_case_uuid(self, ward: Ward, member: Member, change: Any) -> None:
        operation = member.device.new_patient()
        changed = change("abcdef00-0000-7000-8000-00000000abcd")
        assert await rejected(ward, member, {**operation, "id": changed}) == ("invalid_operation", "/id")

    async def test_a_uuid_of_the_future_is_a_uuid(self, ward: Ward, member: Member) -> None:
        operation = {**member.device.new_patient(), "id": "ffffffff-ffff-7fff-bfff-ffffffffffff"}
        assert (await member.push(operation)).json()["verdicts"][0]["outcome"] == "applied"

    async def test_text_is_kept_as_it_was_sent(self, ward: Ward, member: Member) -> None:
        """Right-to-left override, both forms of é, HTML and formulas are a person's text: nothing is normalised or cut."""
        name = {"family": "\u202eAda e\u0301 \u00e9 <script>alert(1)</script>", "given": ['=cmd|"/c calc"!A1']}
        operation = member.device.new_patient(name=name)
        assert (await member.push(operation)).json()["verdicts"][0]["outcome"] == "applied"
        assert (await ward.entry(operation["id"]))["body"]["name"] == name

    @pytest.mark.parametrize(
        "date", ["0000-01-01", "10000-01-01", "2023-02-29", "1950-2-3", "1950-02-03T00:00:00Z", "", "19500203", 1950]
    )
    async def test_a_birth_date_that_is_no_day(self, ward: Ward, member: Member, date: Any) -> None:
        found = await rejected(ward, member, member.device.new_patient(birth_date=date))
        assert found == ("bad_value", "/set/birth_date")

    async def test_the_last_day_there_is(self, ward: Ward, member: Member) -> None:
        operation = member.device.new_patient(birth_date="9999-12-31")
        assert (await member.push(operation)).json()["verdicts"][0]["outcome"] == "applied"

    async def test_twins_are_two(self, ward: Ward, member: Member) -> None:
        """The same letter composed and decomposed: nothing is normalised, so they name two things."""
        systems = ["urn:caf\u00e9", "urn:cafe\u0301"]
        operation = member.device.new_patient(identifiers=[{"system": one, "value": "1"} for one in systems])
        assert (await member.push(operation)).json()["verdicts"][0]["outcome"] == "applied"
        kept = (await ward.entry(operation["id"]))["body"]["identifiers"]
        assert sorted(one["system"] for one in kept) == sorted(systems)

    @pytest.mark.parametrize("text", ["'; DROP TABLE entry; --", "%", "_", "(a+)+$", "$.**", "\\", "${jndi:ldap://x}"])
    async def test_patterns_are_only_text(self, ward: Ward, member: Member, text: str) -> None:
        operation = member.device.new_patient(
            name={"family": text, "given": [text]}, identifiers=[{"system": "urn:x", "value": text}]
        )
        assert (await member.push(operation)).json()["verdicts"][0]["outcome"] == "applied"
        body = (await ward.entry(operation["id"]))["body"]
        assert (body["name"]["family"], body["identifiers"]) == (text, [{"system": "urn:x", "value": text}])
        assert await rejected(ward, member, {**member.device.new_patient(), "id": text}) == ("invalid_operation", "/id")
        before = await ward.written()
        for path, query in (("/api/conflicts", {"status": text}), ("/api/sync/changes", {"limit": text})):
            answer = await member.client.get(path, params=query)
            assert refusal(answer) == (422, "invalid_request")
            assert [fault["path"] for fault in answer.json()["detail"]["errors"]] == [f"/{next(iter(query))}"]
        assert refusal(await member.client.get("/api/sync/changes", params={"cursor": text})) == (400, "bad_cursor")
        assert await ward.written() == before

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"sex": "?"}, "/set/sex"),
            ({"name": "Ada"}, "/set/name"),
            ({"name": {"family": "A", "given": [], "middle": "B"}}, "/set/name/middle"),
            ({"nhs_number": "9990000000"}, "/set/nhs_number"),
            ({"team_ids": ["x"]}, "/set/team_ids/0"),
            ({"deceased": "yes"}, "/set/deceased"),
            ({"identifiers": [{"system": "a"}]}, "/set/identifiers/0/value"),
        ],
    )
    async def test_values_that_do_not_fit(self, ward: Ward, member: Member, change: dict[str, Any], path: str) -> None:
        assert await rejected(ward, member, member.device.new_patient(**change)) == ("bad_value", path)

    async def test_an_operation_for_an_unknown_record(self, ward: Ward, member: Member) -> None:
        edit = member.device.patch("patient", str(uuid4()), 1, set={"sex": "other"}, was={"sex": "female"})
        assert await rejected(ward, member, edit) == ("unknown_record", "/id")

    async def test_a_circle_of_dependencies(self, ward: Ward, member: Member) -> None:
        first, second = member.device.new_patient(), member.device.new_patient()
        first["depends_on"], second["depends_on"] = [second["op_id"]], [first["op_id"]]
        answer = await member.push(first, second, member.device.new_patient())
        verdicts = answer.json()["verdicts"]
        assert outcomes(verdicts) == ["rejected", "rejected", "applied"]
        assert [one["error"]["error_code"] for one in verdicts[:2]] == ["bad_dependency", "dependency_rejected"]
        assert await ward.rows("SELECT 1 FROM entry WHERE id = ANY(%s::uuid[])", [first["id"], second["id"]]) == []

    async def test_the_same_op_id_with_another_content(self, ward: Ward, member: Member) -> None:
        first = member.device.new_patient()
        (accepted,) = (await member.push(first)).json()["verdicts"]
        other = {**member.device.new_patient(), "op_id": first["op_id"]}
        answer = await member.push(other, member.device.new_patient())
        refused_one, beside = answer.json()["verdicts"]
        assert (refused_one["outcome"], refused_one["error"]["error_code"]) == ("rejected", "op_id_reused")
        assert beside["outcome"] == "applied"
        assert await ward.rows("SELECT 1 FROM entry WHERE id = %s", other["id"]) == []
        assert (await member.push(first)).json()["verdicts"] == [{**accepted, "repeat": True}]

    @pytest.mark.parametrize("instant", ["2016-12-31T23:59:60Z", "2026-03-29T01:30:00", "2026-03-02T09:00:00+99:00", "now", 0])
    async def test_a_made_at_that_is_no_instant(self, ward: Ward, member: Member, instant: Any) -> None:
        operation = {**member.device.new_patient(), "made_at": instant}
        assert await rejected(ward, member, operation) == ("invalid_operation", "/made_at")

    @pytest.mark.parametrize("instant", ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
                                         "9999-12-31T23:59:59-14:00"])  # fmt: skip
    async def test_a_devices_clock_decides_nothing(self, ward: Ward, member: Member, instant: str) -> None:
        first = {**member.device.new_patient(), "made_at": instant}
        assert (await member.push(first)).json()["verdicts"][0]["outcome"] == "applied"
        edit = member.device.patch("patient", first["id"], 1, set={"sex": "other"}, was={"sex": "male"}, made_at=instant)
        assert (await member.push(edit)).json()["verdicts"][0]["outcome"] == "conflict"
        assert await ward.rows("SELECT made_at FROM revision WHERE id = %s", first["id"]) == [(instant,)]

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({"kind": "vehicle"}, ("invalid_operation", "/kind")),
            ({"action": "drop"}, ("invalid_operation", "/action")),
            ({"more": 1}, ("invalid_operation", "/more")),
            ({"schema": None}, ("invalid_operation", "/schema")),
            ({"set": []}, ("invalid_operation", "/set")),
            ({"depends_on": ["x"]}, ("invalid_operation", "/depends_on/0")),
        ],
    )
    async def test_wrong_and_unknown_members(
        self, ward: Ward, member: Member, change: dict[str, Any], found: tuple[str, str]
    ) -> None:
        assert await rejected(ward, member, {**member.device.new_patient(), **change}) == found

    @pytest.mark.parametrize("missing", ["kind", "id", "action", "schema", "base_version", "made_at", "set"])
    async def test_missing_members(self, ward: Ward, member: Member, missing: str) -> None:
        operation = member.device.new_patient()
        del operation[missing]
        assert await rejected(ward, member, operation) == ("invalid_operation", f"/{missing}")

    async def test_an_operation_over_a_mebibyte(self, ward: Ward, member: Member) -> None:
        operation = member.device.new_patient(gp="x" * (1 << 20))
        code, _ = await rejected(ward, member, operation)
        assert code == "op_too_large"

    async def test_a_body_over_256_kib(self, ward: Ward, member: Member) -> None:
        patient = member.device.new_patient()
        await member.push(patient)
        long = {f"part-{n}": section("x" * 60_000, n) for n in range(1, 6)}
        code, _ = await rejected(ward, member, member.device.new_letter(patient["id"], sections=long))
        assert code == "record_too_large"

    async def test_a_child_before_its_parent(self, ward: Ward, member: Member) -> None:
        patient_id = str(uuid4())
        found = await rejected(ward, member, member.device.new_letter(patient_id))
        assert found == ("unknown_scope", "/set/patient_id")

    async def test_a_base_version_the_server_does_not_have(self, ward: Ward, member: Member) -> None:
        patient = member.device.new_patient()
        await member.push(patient)
        edit = member.device.patch("patient", patient["id"], 9, set={"sex": "other"}, was={"sex": "female"})
        assert await rejected(ward, member, edit) == ("base_version_unknown", "/base_version")

    @pytest.mark.parametrize("field", ["author_id", "signed_by", "signed_at"])
    async def test_fields_of_the_server(self, ward: Ward, member: Member, field: str) -> None:
        patient = member.device.new_patient()
        await member.push(patient)
        letter = member.device.new_letter(patient["id"], **{field: str(uuid4())})
        assert await rejected(ward, member, letter) == ("server_field", f"/set/{field}")

    @pytest.mark.parametrize("kind", ["person", "team", "conflict", "quarantine", "delivery"])
    async def test_kinds_of_the_server(self, ward: Ward, member: Member, kind: str) -> None:
        operation = member.device.op(kind, "create", set={"name": "x"})
        code, _ = await rejected(ward, member, operation)
        assert code in ("server_field", "bad_field")


class TestAnotherOrganisation:
    """28: whatever is theirs is not there."""

    async def test_their_device(self, ward: Ward, member: Member) -> None:
        theirs = await Ward(ward.database).found()
        member.device.device_id = (await theirs.device(theirs.amara)).device_id
        assert await refused(ward, member, envelope(member, member.device.new_patient())) == (409, "unknown_device")

    async def test_their_records_teams_and_operations(self, ward: Ward, member: Member) -> None:
        theirs = await Ward(ward.database).found()
        device = await theirs.device(theirs.amara)
        number = theirs.nhs_number()
        patient = device.new_patient(nhs_number=number)
        await device.one(patient)
        before = await theirs.written()
        mine = member.device
        edit = mine.patch("patient", patient["id"], 1, set={"sex": "other"}, was={"sex": "female"})
        assert await rejected(ward, member, edit) == ("unknown_record", "/id")
        assert await rejected(ward, member, mine.new_letter(patient["id"])) == ("unknown_scope", "/set/patient_id")
        assert (await rejected(ward, member, mine.new_patient(team=theirs.a)))[0] == "forbidden"
        assert (await rejected(ward, member, {**mine.new_patient(), "depends_on": [patient["op_id"]]}))[0] == "bad_dependency"
        # Their ids and numbers are free here: nothing may tell that they are taken there.
        same = {**mine.new_patient(nhs_number=number), "id": patient["id"], "op_id": patient["op_id"]}
        assert (await member.push(same)).json()["verdicts"][0]["outcome"] == "applied"
        answer = await member.client.post("/api/sync/verdicts", json={"op_ids": [device.new_patient()["op_id"]]})
        assert answer.json()["verdicts"][0]["outcome"] == "unknown"
        assert await theirs.written() == before
        assert (await theirs.entry(patient["id"]))["body"]["sex"] == "female"

    async def test_their_conflicts_files_and_cursors(self, ward: Ward, member: Member, server: Server) -> None:
        theirs = await Ward(ward.database).found()
        async with server.member(theirs, "Administrator") as eve:
            cursor = (await eve.client.get("/api/sync/changes")).json()["cursor"]
            ben, amara = await theirs.device(theirs.ben), await theirs.device(theirs.amara)
            patient = ben.new_patient()
            await ben.one(patient)
            await ben.one(ben.patch("patient", patient["id"], 1, set={"sex": "other"}, was={"sex": "female"}))
            clash = await amara.one(amara.patch("patient", patient["id"], 1, set={"sex": "male"}, was={"sex": "female"}))
            before = await theirs.written(), await ward.written()
            at = f"/api/conflicts/{clash['conflict_id']}"
            assert (await eve.client.get(at)).status_code == 200
            decision = {
                "op_id": str(uuid4()),
                "conflict_version": 1,
                "against_version": 2,
                "choices": {"sex": {"take": "mine"}},
            }
            assert refusal(await member.client.get(at)) == (404, "not_found")
            assert refusal(await member.client.post(f"{at}/resolve", json=decision)) == (404, "not_found")
            returned = {"op_id": str(uuid4()), "conflict_version": 1, "note": "Mine?"}
            assert refusal(await member.client.post(f"{at}/return", json=returned)) == (404, "not_found")
            assert (await member.client.get("/api/conflicts")).json()["conflicts"] == []
            assert refusal(await member.client.post("/api/attachments", json={"id": patient["id"]})) == (404, "not_found")
            told = await member.client.get("/api/sync/changes", params={"cursor": cursor})
            assert refusal(told) == (403, "foreign_cursor")
            assert (await theirs.written(), await ward.written()) == before


async def test_verdicts_are_told_in_the_order_asked_and_only_ones_own(ward: Ward, member: Member) -> None:
    other = await ward.device(ward.amara)
    theirs, mine, unknown = other.new_patient(), member.device.new_patient(), str(uuid4())
    await other.one(theirs)
    pushed = (await member.push(mine)).json()["verdicts"][0]
    answer = await member.client.post("/api/sync/verdicts", json={"op_ids": [unknown, mine["op_id"], theirs["op_id"]]})
    assert answer.json()["verdicts"] == [
        {"op_id": unknown, "outcome": "unknown"},
        pushed,
        {"op_id": theirs["op_id"], "outcome": "unknown"},
    ]


async def test_a_disabled_person_may_not_push(ward: Ward) -> None:
    device = await ward.device(ward.amara)
    async with ward.database.writing(ward.organisation_id) as connection:
        await connection.execute("UPDATE actor SET disabled = true WHERE user_id = %s", (ward.amara.user_id,))
    before = await ward.written()
    with pytest.raises(Exception, match="session_ended"):
        await device.one(device.new_patient())
    assert await ward.written() == before


async def test_conflicts_over_http(ward: Ward, server: Server, member: Member) -> None:
    patient_id, conflict_id = await member.conflict_with_ben(ward)
    client = member.client
    (listed,) = (await client.get("/api/conflicts", params={"status": "open"})).json()["conflicts"]
    assert listed == (await client.get(f"/api/conflicts/{conflict_id}")).json()
    assert refusal(await client.get("/api/conflicts", params={"status": "all"})) == (422, "invalid_request")
    assert refusal(await client.get(f"/api/conflicts/{uuid4()}")) == (404, "not_found")
    assert refusal(await client.get("/api/conflicts/'; DROP TABLE entry; --")) == (404, "not_found")
    said = {"op_id": str(uuid4()), "conflict_version": 1, "against_version": 2, "choices": {"sex": {"take": "mine"}}}
    for bad, path in (({"choices": 1}, "/choices"), ({"op_id": "x"}, "/op_id"), ({"more": 1}, "/more")):
        answer = await client.post(f"/api/conflicts/{conflict_id}/resolve", json={**said, **bad})
        assert refusal(answer) == (422, "invalid_request")
        assert answer.json()["detail"]["errors"][0]["path"] == path
    stale = await client.post(f"/api/conflicts/{conflict_id}/resolve", json={**said, "conflict_version": 7})
    assert refusal(stale) == (409, "conflict_moved")
    assert stale.json()["detail"]["conflict"]["version"] == 1
    done = await client.post(f"/api/conflicts/{conflict_id}/resolve", json=said)
    assert done.json()["outcome"] == "applied"
    again = await client.post(f"/api/conflicts/{conflict_id}/resolve", json=said)
    assert again.json() == {**done.json(), "repeat": True}
    assert (await ward.entry(patient_id))["body"]["sex"] == "male"


async def test_seen_is_asked_of_every_letter(ward: Ward, member: Member) -> None:
    patient = member.device.new_patient()
    await member.push(patient)
    blind = member.device.new_letter(patient["id"])
    del blind["seen"]
    assert await rejected(ward, member, blind) == ("seen_missing", "/seen")
    other = {**member.device.new_letter(patient["id"]), "seen": seen(str(uuid4()))}
    assert await rejected(ward, member, other) == ("seen_missing", "/seen/patient_id")
