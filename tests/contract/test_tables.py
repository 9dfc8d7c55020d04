"""The tables agree with the schemas and with one another."""

import json
import re

import pytest

from quill_schemas import CONDITIONS, DEFAULTS, ERRORS, FIELDS, KINDS, LIMITS, PERMISSIONS, RECEIVES, ROLES, validator
from quill_schemas.types import Kind, Role

from .vectors import SCHEMAS

WORDS_OF_A_PROGRAM = re.compile(r"\b(sync(ed)?|pending|error|null|invalid|[a-z]+_[a-z]+)\b", re.IGNORECASE)


def test_every_error_says_status_words_cause_and_remedy() -> None:
    for code, info in ERRORS.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]{2,63}", code)
        assert info["status"] in (0, 400, 401, 403, 404, 405, 409, 413, 415, 422, 426, 429, 500, 503, 507), code
        assert (info["status"] == 0) == (info["where"] == ["client"]), code
        assert all(info[part].endswith(".") for part in ("message", "cause", "remedy")), code


@pytest.mark.parametrize("code", sorted(code for code, info in ERRORS.items() if "verdict" in info["where"]))
def test_words_for_a_person_hold_no_word_of_a_program(code: str) -> None:
    assert not WORDS_OF_A_PROGRAM.search(ERRORS[code]["message"])


def test_every_role_has_its_rights_and_what_it_receives() -> None:
    assert tuple(PERMISSIONS) == tuple(RECEIVES) == ROLES
    for role, kinds in PERMISSIONS.items():
        for kind, actions in kinds.items():
            assert kind in KINDS
            assert set(actions.values()) <= set(CONDITIONS), (role, kind)


@pytest.mark.parametrize(
    ("role", "kind", "action", "condition"),
    [
        ("Clinician", "patient", "create", "own_teams"),
        ("Clinician", "patient", "edit_team_ids", "own_teams"),
        ("Clinician", "letter", "sign", "author_or_same_team"),
        ("Secretary", "letter", "create", "on_behalf_of_clinician"),
        ("Secretary", "letter", "sign", None),
        ("Secretary", "patient", "edit_team_ids", None),
        ("Secretary", "conflict", "compose", "own"),
        ("Administrator", "patient", "create", "any_team"),
        ("Administrator", "letter", "create", None),
        ("Administrator", "attachment", "create", None),
        ("Administrator", "snippet", "create", "organisation"),
        ("Administrator", "conflict", "choose", "always"),
        ("Clinic Owner", "message", "create", "always"),
        ("Clinic Owner", "patient", "create", None),
        ("Billing Staff", "message", "create", None),
        ("Auditor", "receipt", "create", None),
    ],
)
def test_the_table_of_the_protocol(role: Role, kind: Kind, action: str, condition: str | None) -> None:
    assert PERMISSIONS[role].get(kind, {}).get(action) == condition


def test_every_kind_has_fields_and_what_may_be_left_out_is_valid() -> None:
    assert tuple(FIELDS) == tuple(DEFAULTS)
    assert set(FIELDS) == set(KINDS)
    for fields in FIELDS.values():
        for rule in fields.values():
            assert (rule["class"] == "server") == (rule["actions"] == [])


def test_a_code_that_is_the_reason_of_a_conflict_is_one_of_its_reasons() -> None:
    conflict = json.loads((SCHEMAS / "records/conflict.schema.json").read_text(encoding="utf-8"))
    reasons = set(conflict["properties"]["reason"]["enum"])
    assert {code for code, info in ERRORS.items() if info["where"] == ["conflict"]} <= reasons


def test_identity_fields_are_those_the_protocol_names() -> None:
    named = {name for name, rule in FIELDS["patient"].items() if rule["class"] == "identity"}
    assert named == {"name", "birth_date", "sex", "nhs_number", "deceased"}


def test_everything_of_the_servers_kinds_is_the_servers() -> None:
    for kind in ("conflict", "delivery", "quarantine", "person", "team"):
        assert {rule["class"] for rule in FIELDS[kind].values()} == {"server"}


def test_limits_fit_one_another() -> None:
    assert LIMITS["max_body_bytes"] < LIMITS["max_op_bytes"] < LIMITS["max_bytes"]


def test_a_put_of_every_kind_is_one_line_of_the_log() -> None:
    check = validator("Entry")
    for kind in KINDS:
        put = {
            "type": "put",
            "seq": 7,
            "kind": kind,
            "id": "0198c0de-0000-7000-8000-000000000001",
            "scope": "org",
            "version": 1,
            "schema": 1,
            "by": "server",
            "at": "2026-01-01T00:00:00Z",
            "body": {},
        }
        assert check(put) == []
        assert check({**put, "version": 0}) != []


def test_schemas_close_every_object_that_is_written() -> None:
    open_objects = []
    for path in sorted(SCHEMAS.glob("records/*.schema.json")):
        if '"additionalProperties": true' in path.read_text(encoding="utf-8"):
            open_objects.append(path.name)
    # A conflict keeps whole bodies and operations, quarantine whole operations, as they came.
    assert open_objects == ["conflict.schema.json", "quarantine.schema.json"]
