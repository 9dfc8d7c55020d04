"""Reads `shared-schemas/vectors/decide.json`: resolves its short forms and makes the arguments of each case."""

import json
from pathlib import Path
from typing import Any

from quill.domain.decide import decide
from quill.domain.decision import Decision
from quill.domain.facts import (
    Colleague,
    Current,
    Dependency,
    OpenConflict,
    PatientFacts,
    Policy,
    Record,
    Version,
    foreign_since,
)
from quill.domain.release import release
from quill.domain.resolve import resolve

FILE = Path(__file__).resolve().parents[3] / "shared-schemas" / "vectors" / "decide.json"
TABLE = json.loads(FILE.read_text(encoding="utf-8"))


def resolved(value: Any) -> Any:
    """`"@x"` is the definition x; `{"@like": "x", …}` is x with members replaced; `{"@repeat": [s, n]}` is s, n times."""
    if isinstance(value, str) and value.startswith("@"):
        return resolved(TABLE["defs"][value[1:]])
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "@repeat" in value:
        text, times = value["@repeat"]
        return text * times
    like = resolved("@" + value["@like"]) if "@like" in value else {}
    return {**like, **{key: resolved(item) for key, item in value.items() if key != "@like"}}


CASES = [resolved(case) for case in TABLE["cases"]]


def record(given: dict[str, Any] | None) -> Record | None:
    return None if given is None else Record(**given)


def conflict(given: dict[str, Any]) -> OpenConflict:
    return OpenConflict(**given)


def dependency(given: dict[str, Any]) -> Dependency:
    waiting = given.get("conflict")
    return Dependency(**{**given, "conflict": conflict(waiting) if waiting else None})


def current(given: dict[str, Any]) -> Current:
    patient = given.get("patient")
    return Current(
        record=record(given.get("record")),
        conflicts=tuple(map(conflict, given.get("conflicts", ()))),
        patient=None if patient is None else PatientFacts(patient["body"], tuple(patient.get("history", ()))),
        duplicate=record(given.get("duplicate")),
        dependencies=tuple(map(dependency, given.get("dependencies", ()))),
        referred=given.get("referred", {}),
    )


def policy(given: dict[str, Any]) -> Policy:
    sets = {name: frozenset(given.get(name, ())) for name in ("roles", "team_ids", "former_roles", "former_team_ids")}
    people = {
        user: Colleague(frozenset(one["roles"]), frozenset(one["scopes"])) for user, one in given.get("people", {}).items()
    }
    return Policy(**{**given, **sets, "people": people})


def answer(case: dict[str, Any]) -> Decision:
    """What the case's function says."""
    told, who, op = current(case["current"]), policy({**case["by"], **case.get("policy", {})}), case["op"]
    versions = [Version(**{**version, "fields": tuple(version["fields"])}) for version in case.get("history", ())]
    call = case.get("call", "decide")
    since = (
        {**op, "base_version": op.get("set", {}).get("against_version", 0), "base_epoch": who.epoch}
        if call == "resolve"
        else op
    )
    if call == "release":
        since = case["quarantine"]["body"]["op"]
    foreign = foreign_since(since, versions, device_root=TABLE["device_root"], epoch=who.epoch, base_body=case.get("base_body"))
    if call == "resolve":
        return resolve(conflict(case["conflict"]), told, foreign, op, who)
    if call == "release":
        held = record(case["quarantine"])
        assert held is not None
        return release(held, told, foreign, op, who)
    return decide(told, foreign, op, who)


def as_json(decision: Decision) -> dict[str, Any]:
    said = decision._asdict()
    packed = said.pop("packed")
    assert packed is None or json.loads(packed) == said["body"]
    for name in ("error", "conflict"):
        said[name] = said[name]._asdict() if said[name] is not None else None
    return dict(json.loads(json.dumps(said)))


def differs(expected: Any, got: Any, path: str = "") -> str | None:
    """The first place where `got` isn't as expected; of an object only the members named count, a null one may be absent."""
    if isinstance(expected, dict) and isinstance(got, dict):
        found = (differs(value, got.get(key), f"{path}/{key}") for key, value in expected.items())
        return next((one for one in found if one is not None), None)
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        found = (differs(value, got[index], f"{path}/{index}") for index, value in enumerate(expected))
        return next((one for one in found if one is not None), None)
    return None if expected == got and (expected is True) == (got is True) else f"{path}: expected {expected!r}, got {got!r}"
