"""What can be said of an operation without knowing the records: every fault has a code and a path."""

# ruff: noqa: E501 (a table reads best with a line a case)
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quill_schemas import ERRORS, FIELDS, Fault, validate_body, validate_operation, with_defaults

ID = "0198c0de-0000-7000-8000-000000000001"
TEAM = "0198c0de-0000-7000-8000-0000000000aa"
PATIENT = {"name": {"family": "Ångström", "given": ["Ada"]}, "birth_date": "1962-02-04", "sex": "female", "team_ids": [TEAM]}
SECTION = {"title": "Plan", "order": 1, "text": "Review.\n"}
SEEN = {"patient_id": ID, "version": 1, "name": PATIENT["name"], "birth_date": "1962-02-04"}


def operation(**given: Any) -> dict[str, Any]:
    base = {"op_id": ID, "device_seq": 1, "kind": "patient", "id": ID, "action": "create", "schema": 1, "base_version": 0}
    return {**base, "set": PATIENT, "made_at": "2026-01-01T09:12:00+01:00", **given}


def patch(kind: str, values: dict[str, Any], **given: Any) -> dict[str, Any]:
    return operation(kind=kind, action="patch", base_version=1, set=values, was=dict.fromkeys(values), **given)


def found(value: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.error_code, fault.path) for fault in validate_operation(value)]


@pytest.mark.parametrize(
    "good",
    [
        operation(),
        operation(set={**PATIENT, "nhs_number": "9434765919", "deceased": True, "address": None}),
        operation(set={**PATIENT, "deceased": "2025-12-31"}),
        operation(kind="letter", set={"patient_id": ID, "title": "Clinic letter"}, seen=SEEN),
        operation(
            kind="letter", set={"patient_id": ID, "title": "", "sections": {"plan": SECTION}}, seen={**SEEN, "nhs_number": None}
        ),
        operation(kind="message", set={"team_id": TEAM, "text": "Bed 4 is ready."}),
        patch("patient", {"telecom/phone:": {"system": "phone", "value": "0161 496 0000"}}),
        patch("patient", {"telecom/phone:home": {"system": "phone", "use": "home", "value": "1"}, f"team_ids/{TEAM}": True}),
        patch("patient", {"identifiers/https:~1~1trust.example~1mrn": {"system": "https://trust.example/mrn", "value": "7"}}),
        patch("patient", {f"team_ids/{TEAM}": None, "gp": None, "next_of_kin": None}),
        patch("letter", {"sections/plan": SECTION, "sections/past_history": None, "state": "ready"}),
        operation(action="delete", kind="snippet", set=None) | {"set": {}},
        {key: value for key, value in operation(action="delete", kind="letter").items() if key != "set"},
        operation(action="void", reason="The vault was restored from an old copy.", set={}),
        operation(
            kind="conflict",
            action="resolve",
            base_version=1,
            set={"against_version": 3, "choices": {"title": {"take": "mine"}}},
        ),
        operation(kind="conflict", action="resolve", base_version=1, set={"return": True, "note": "Which dose?"}),
        operation(kind="quarantine", action="resolve", base_version=1, set={"take": "discard", "note": "Twice."}),
        operation(made_at="1970-01-01T00:00:00Z"),
        operation(made_at="2099-12-31T23:59:59.123456789-14:00"),
        operation(set={**PATIENT, "name": {"family": "\u202eabc", "given": []}}),
    ],
)
def test_nothing_wrong(good: dict[str, Any]) -> None:
    assert found(good) == []


def bad(name: str, value: dict[str, Any], *faults: tuple[str, str]) -> Any:
    return pytest.param(value, list(faults), id=name)


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        bad("an unknown member", operation(extra=1), ("invalid_operation", "/extra")),
        bad("no schema", {k: v for k, v in operation().items() if k != "schema"}, ("invalid_operation", "/schema")),
        bad("an unknown action", operation(action="upsert"), ("invalid_operation", "/action")),
        bad("an unknown kind", operation(kind="invoice"), ("invalid_operation", "/kind")),
        bad("an id in upper case", operation(id=ID.upper()), ("invalid_operation", "/id")),
        bad("an id in braces", operation(id="{" + ID + "}"), ("invalid_operation", "/id")),
        bad("an id without hyphens", operation(id=ID.replace("-", "")), ("invalid_operation", "/id")),
        bad("the nil id", operation(id="00000000-0000-0000-0000-000000000000"), ("invalid_operation", "/id")),
        bad("an id and a line end", operation(id=ID + "\n"), ("invalid_operation", "/id")),
        bad("number nought", operation(device_seq=0), ("invalid_operation", "/device_seq")),
        bad("a truth for a number", operation(device_seq=True), ("invalid_operation", "/device_seq")),
        bad("a number as float", operation(device_seq=1.0), ("invalid_operation", "/device_seq")),
        bad("a number beyond 2^53", operation(base_version=2**53), ("invalid_operation", "/base_version")),
        bad("a leap second", operation(made_at="2016-12-31T23:59:60Z"), ("invalid_operation", "/made_at")),
        bad("an offset of 99 hours", operation(made_at="2026-01-01T00:00:00+99:00"), ("invalid_operation", "/made_at")),
        bad("year nought", operation(made_at="0000-01-01T00:00:00Z"), ("invalid_operation", "/made_at")),
        bad("a time without its offset", operation(made_at="2026-03-29T01:30:00"), ("invalid_operation", "/made_at")),
        bad("the 29th of February in 2023", operation(set={**PATIENT, "birth_date": "2023-02-29"}), ("bad_value", "/set/birth_date")),
        bad("birth in year 0000", operation(set={**PATIENT, "birth_date": "0000-01-01"}), ("bad_value", "/set/birth_date")),
        bad("birth in year 10000", operation(set={**PATIENT, "birth_date": "10000-01-01"}), ("bad_value", "/set/birth_date")),
        bad("a wrong check digit", operation(set={**PATIENT, "nhs_number": "9434765918"}), ("bad_value", "/set/nhs_number")),
        bad("NUL in a name", operation(set={**PATIENT, "name": {"family": "a\0", "given": []}}), ("bad_value", "/set/name/family")),
        bad("half a character", operation(set={**PATIENT, "name": {"family": "\ud83d", "given": []}}), ("bad_value", "/set/name/family")),
        bad("an unknown field", operation(set={**PATIENT, "colour": "red"}), ("bad_field", "/set/colour")),
        bad("__proto__", operation(set={**PATIENT, "__proto__": {}}), ("bad_field", "/set/__proto__")),
        bad("an unknown field within", operation(set={**PATIENT, "name": {"family": "a", "given": [], "x": 1}}), ("bad_value", "/set/name/x")),
        bad("a wrong word", operation(set={**PATIENT, "sex": "F"}), ("bad_value", "/set/sex")),
        bad("a create without a name", operation(set={"birth_date": "1962-02-04", "sex": "other"}), ("bad_value", "/set/name")),
        bad("a create with a null name", operation(set={**PATIENT, "name": None}), ("bad_value", "/set/name")),
        bad("two numbers of one system", operation(set={**PATIENT, "identifiers": [{"system": "a", "value": "1"}, {"system": "a", "value": "2"}]}), ("bad_value", "/set/identifiers/1")),
        bad("a create by field keys", operation(kind="letter", set={"patient_id": ID, "title": "", "sections/plan": SECTION}), ("bad_field", "/set/sections~1plan")),
        bad("an author of one's own", operation(kind="letter", set={"patient_id": ID, "title": "", "author_id": ID}), ("server_field", "/set/author_id")),
        bad("a clean file by one's own word", operation(kind="attachment", set={"state": "clean"}), ("server_field", "/set/state")),
        bad("a conflict made by hand", operation(kind="conflict", set={"status": "resolved"}), ("server_field", "/set/status")),
        bad("a person made by hand", patch("person", {"roles": ["Administrator"]}), ("server_field", "/set/roles")),
        bad("a message to nobody", operation(kind="message", set={"text": "Hello"}), ("bad_value", "/set")),
        bad("keys of was and set differ", patch("patient", {"sex": "other"}) | {"was": {"name": None}}, ("invalid_operation", "/was/name")),
        bad("a patch without was", {k: v for k, v in patch("patient", {"sex": "other"}).items() if k != "was"}, ("invalid_operation", "/was")),
        bad("a patch of nothing", patch("patient", {}), ("invalid_operation", "/set")),
        bad("a set as a whole", patch("patient", {"team_ids": [TEAM]}), ("bad_field", "/set/team_ids")),
        bad("an element under another name", patch("patient", {"telecom/email:": {"system": "phone", "value": "1"}}), ("bad_value", "/set/telecom~1email:")),
        bad("a team as a word", patch("patient", {"team_ids/ward-a": True}), ("bad_field", "/set/team_ids~1ward-a")),
        bad("a team set to false", patch("patient", {f"team_ids/{TEAM}": False}), ("bad_value", f"/set/team_ids~1{TEAM}")),
        bad("a heading in capitals", patch("letter", {"sections/Plan": SECTION}), ("bad_field", "/set/sections~1Plan")),
        bad("a heading with a slash", patch("letter", {"sections/a/b": SECTION}), ("bad_field", "/set/sections~1a~1b")),
        bad("part of a section", patch("letter", {"sections/plan": {"text": "x"}}), ("bad_value", "/set/sections~1plan/order"), ("bad_value", "/set/sections~1plan/title")),
        bad("a name taken away", patch("patient", {"name": None}), ("bad_value", "/set/name")),
        bad("another patient", patch("letter", {"patient_id": TEAM}), ("wrong_patient", "/set/patient_id")),
        bad("a changed message", patch("message", {"text": "Other"}), ("bad_field", "/set/text")),
        bad("a void without a reason", operation(action="void", set={}), ("invalid_operation", "/reason")),
        bad("a delete with a set", operation(action="delete"), ("invalid_operation", "/set")),
        bad("a letter resolved", operation(kind="letter", action="resolve", set={}), ("invalid_operation", "/kind")),
        bad("a choice of neither", operation(kind="conflict", action="resolve", set={"against_version": 1, "choices": {"a": {"take": "both"}}}), ("bad_choice", "/set/choices/a/take")),
    ],
)  # fmt: skip
def test_says_what_is_wrong_and_where(value: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert found(value) == faults


@pytest.mark.parametrize("value", [None, [], "op", 7, True])
def test_something_else_than_an_operation(value: Any) -> None:
    assert [fault.error_code for fault in validate_operation(value)] == ["invalid_operation"]


def test_a_fault_never_repeats_what_was_sent() -> None:
    secret = "Wilhelmina-Incompressible-7731"
    faults: list[Fault] = validate_operation(
        operation(set={**PATIENT, "birth_date": secret, "sex": secret, "nhs_number": secret})
    )
    assert len(faults) == 3
    assert all(secret not in fault.message for fault in faults)


def test_a_body_that_is_stored_holds_no_null() -> None:
    body = with_defaults("patient", {**PATIENT, "gp": None})
    assert validate_body("patient", body) == []
    assert validate_body("patient", {**body, "gp": None}) == [("/gp", "of the wrong type")]


def test_what_a_create_leaves_out_is_empty() -> None:
    assert with_defaults("letter", {"patient_id": ID, "title": ""}) == {
        "patient_id": ID,
        "title": "",
        "state": "draft",
        "sections": {},
        "recipients": [],
    }
    with_defaults("letter", {})["recipients"].append("x")
    assert with_defaults("letter", {})["recipients"] == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "a\0b", ID, ID.upper(), "plan"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BASES = [
    operation(),
    operation(kind="letter", set={"patient_id": ID, "title": "", "sections": {"plan": SECTION}}, seen=SEEN),
    patch("patient", {"telecom/phone:": {"system": "phone", "value": "1"}, "name": PATIENT["name"]}),
    patch("letter", {"sections/plan": SECTION}),
    operation(kind="conflict", action="resolve", set={"against_version": 1, "choices": {"title": {"take": "mine"}}}),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in parts for place in places(item, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


@given(st.data())
def test_whatever_stands_in_whatever_place_is_an_answer_and_never_a_crash(data: st.DataObject) -> None:
    base = data.draw(st.sampled_from(BASES))
    path = data.draw(st.sampled_from(places(base)))
    for fault in validate_operation(put(base, path, data.draw(JSON))):
        assert ERRORS[fault.error_code]["where"] == ["verdict"] or fault.error_code == "bad_choice"
        assert fault.path == "" or fault.path.startswith("/")
        assert fault.message


@given(st.data())
def test_a_key_of_set_that_is_no_field_is_always_told(data: st.DataObject) -> None:
    key = data.draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30))
    known = {name.partition("/")[0] for name in FIELDS["patient"]}
    assume(key.partition("/")[0] not in known)
    assert [fault.error_code for fault in validate_operation(patch("patient", {key: None}))] == ["bad_field"]
