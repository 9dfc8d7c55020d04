"""What holds of every decision, over operations, records and histories nobody thought of."""

import json
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from quill.domain.decide import decide
from quill.domain.decision import Decision
from quill.domain.facts import Current, Foreign, OpenConflict, PatientFacts, Policy, Record, Version
from quill.domain.fields import applied, composed, same, split, value_of, whole
from quill_schemas import validate_body, validate_operation

AMARA, BEN, WARD, PATIENT, LETTER, DEVICE, OP, OTHER_OP, CONFLICT = (
    f"00000000-0000-7000-8000-0000000000a{i}" for i in range(9)
)
SCOPE = f"patient:{PATIENT}"
Situation: TypeAlias = tuple[Current, Foreign, dict[str, Any], Policy]
BODY: dict[str, Any] = {
    "name": {"family": "Nightingale", "given": ["Ada"]},
    "birth_date": "1950-02-03",
    "sex": "female",
    "identifiers": [],
    "telecom": [],
    "next_of_kin": [],
    "team_ids": [WARD],
}
HEADINGS = st.sampled_from(["plan", "history"])
SECTIONS = st.builds(
    lambda text, order: {"title": "T", "order": order, "text": text},
    st.text(max_size=6).filter(lambda t: "\x00" not in t),
    st.integers(0, 2),
)
STATES = st.sampled_from(["draft", "ready", "signed", "amended", "retracted"])
VALUES = st.dictionaries(
    st.sampled_from(["title", "sections/plan", "sections/history", "state", "amendment_reason", "encounter_date"]),
    st.none(),
    min_size=1,
).flatmap(
    lambda keys: st.fixed_dictionaries(
        {
            key: st.none() | SECTIONS
            if key.startswith("sections/")
            else STATES
            if key == "state"
            else st.sampled_from(["2026-01-01", "2026-01-02"])
            if key == "encounter_date"
            else st.sampled_from(["a", "b"])
            for key in keys
        }
    )
)


@st.composite
def letters(draw: st.DrawFn) -> dict[str, Any]:
    sections = draw(st.dictionaries(HEADINGS, SECTIONS))
    return {
        "patient_id": PATIENT, "title": draw(st.sampled_from(["a", "b"])), "state": draw(STATES),
        "sections": sections, "recipients": [], "author_id": AMARA,
    }  # fmt: skip


@st.composite
def operations(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    action = draw(st.sampled_from(["patch", "patch", "patch", "create", "delete"]))
    op: dict[str, Any] = {
        "op_id": OP, "device_seq": 1, "kind": "letter", "id": LETTER, "action": action, "schema": 1,
        "base_version": draw(st.integers(0, 4)), "base_epoch": 1, "made_at": "2026-01-05T09:00:00Z",
        "seen": {"patient_id": PATIENT, "version": 1, "name": BODY["name"],
                 "birth_date": draw(st.sampled_from(["1950-02-03", "1950-02-03", "1950-02-04"]))},
    }  # fmt: skip
    if action == "patch":
        op["set"] = draw(VALUES)
        true = {field: value_of("letter", body, field) for field in op["set"]}
        op["was"] = {field: draw(st.sampled_from([true[field], op["set"][field]]) | st.none()) for field in op["set"]}
    elif action == "create":
        op["set"] = {"patient_id": PATIENT, "title": "a", "sections": draw(st.dictionaries(HEADINGS, SECTIONS))}
    if draw(st.booleans()):
        op["seen_sha256"] = "0" * 64
    return op


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    body = draw(letters())
    record = Record("letter", LETTER, SCOPE, 3, body, draw(st.sampled_from([False, False, True])), BEN, "2026-01-04T09:00:00Z")
    op = draw(operations(body))
    versions = draw(st.lists(st.builds(Version, st.just(3), st.just(BEN), st.just(("title", "state")), STATES), max_size=1))
    mine = draw(VALUES)
    conflict = OpenConflict(
        CONFLICT, 1,
        {"kind": "letter", "record_id": LETTER, "reason": "clash", "severity": "medium", "theirs": {"body": body, "version": 2},
         "mine": {"action": "patch", "set": mine, "was": dict.fromkeys(mine), "by": AMARA, "device": DEVICE,
                  "made_at": "2026-01-05T08:00:00Z", "op_ids": [OTHER_OP]},
         "fields": [], "status": "open", "events": []},
        draw(st.booleans()), SCOPE,
    )  # fmt: skip
    current = Current(
        draw(st.sampled_from([record, record, record, None])), draw(st.sampled_from([(), (), (conflict,)])), PatientFacts(BODY)
    )
    scopes: Any = draw(st.sampled_from([{SCOPE: "held"}, {SCOPE: "held"}, {SCOPE: "lost"}, {}]))
    roles = draw(st.sampled_from([frozenset({"Clinician"}), frozenset({"Clinician"}), frozenset({"Administrator"})]))
    return (
        current,
        Foreign(tuple(versions)),
        op,
        Policy(AMARA, roles, frozenset({WARD}), scopes, "2026-01-05T12:00:00Z", DEVICE, 1),
    )


def kept(decision: Decision, op: dict[str, Any]) -> dict[str, Any]:
    """Where the values an operation set are afterwards, by field."""
    if decision.quarantine:
        return dict(op.get("set") or {})  # the operation itself goes to quarantine
    if decision.conflict is not None:
        return dict(decision.conflict.body["mine"]["set"])
    assert decision.body is not None
    return {field: value_of("letter", decision.body, field) for field in op.get("set") or {}}


@given(situations())
def test_nothing_a_person_wrote_is_lost(situation: Situation) -> None:
    current, foreign, op, policy = situation
    decision = decide(current, foreign, op, policy)
    found = kept(decision, op)
    if decision.conflict is None and op["action"] == "create" and not decision.quarantine:
        op = {**op, "set": split("letter", op["set"])}
        found = kept(decision, op)
    if decision.conflict is not None and op["action"] == "create":
        op = {**op, "set": split("letter", op["set"])}
    for field, value in (op.get("set") or {}).items():
        assert same(found.get(field), value), field
    for conflict in current.conflicts:  # nor what was kept before
        if decision.conflict is not None and decision.conflict.id == conflict.id:
            assert decision.conflict.body["mine"]["set"].keys() >= conflict.body["mine"]["set"].keys()
            assert decision.conflict.version == conflict.version + 1


@given(situations())
def test_a_decision_is_whole(situation: Situation) -> None:
    current, foreign, op, policy = situation
    before = json.dumps([current, foreign, op], default=str)
    decision = decide(current, foreign, op, policy)
    assert json.dumps([current, foreign, op], default=str) == before  # it changes nothing it is given
    assert decide(current, foreign, op, policy) == decision
    assert (decision.body is not None) == (decision.outcome in ("applied", "merged"))
    assert (decision.conflict is not None) == (decision.outcome == "conflict")
    assert (decision.error is not None) >= (decision.outcome == "rejected")
    assert decision.outcome != "merged" or foreign.versions
    if decision.body is not None:
        assert validate_body("letter", decision.body) == []
    if decision.conflict is not None and decision.conflict.id is None:
        assert validate_body("conflict", json.loads(json.dumps(decision.conflict.body))) == []


@given(situations())
def test_the_text_of_a_signed_letter_changes_only_by_an_amendment(
    situation: Situation,
) -> None:
    current, foreign, op, policy = situation
    decision = decide(current, foreign, op, policy)
    record = current.record
    if record is None or decision.body is None or record.body["state"] not in ("signed", "amended", "retracted"):
        return
    assert decision.body["sections"] == record.body["sections"] or (op.get("set") or {}).get("state") == "amended"


@given(situations())
def test_the_same_again_on_its_own_result_changes_nothing(situation: Situation) -> None:
    current, _, op, policy = situation
    decision = decide(current, Foreign(), op, policy)
    if decision.outcome != "applied" or op["action"] != "patch" or "state" in op["set"] or decision.body is None:
        return
    record = current.record
    assert record is not None
    after = current._replace(record=record._replace(body=decision.body, version=record.version + 1))
    again = decide(after, Foreign(), op, policy)
    if not current.conflicts:
        assert again.outcome == "applied"
        assert again.body == decision.body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
)
MEMBERS = st.sampled_from(
    ["kind", "id", "action", "set", "was", "base_version", "made_at", "seen", "depends_on", "on_behalf_of", "base_epoch"]
)


@given(situations(), st.dictionaries(MEMBERS, JSON, max_size=2))
def test_no_operation_can_make_it_raise(situation: Situation, odd: dict[str, Any]) -> None:
    current, foreign, op, policy = situation
    broken = {**op, **odd}
    decision = decide(current, foreign, broken, policy)
    if validate_operation(broken):
        assert decision.outcome == "rejected"
        assert decision.error is not None


@given(letters(), VALUES)
def test_a_field_set_is_the_value_read(body: dict[str, Any], values: dict[str, Any]) -> None:
    new = applied("letter", body, values)
    for field, value in values.items():
        assert same(value_of("letter", new, field), value)
    untouched = split("letter", body).keys() - values.keys()
    assert all(same(value_of("letter", new, field), value_of("letter", body, field)) for field in untouched)


@given(letters())
def test_a_body_is_its_fields(body: dict[str, Any]) -> None:
    assert composed("letter", split("letter", body)) == whole("letter", body) == body
