"""A person decides a conflict; decided as a patch by the resolver on the version they saw."""

from collections.abc import Mapping
from typing import Any

from quill.domain import letters, permissions
from quill.domain.by_field import signed
from quill.domain.conflicts import WHOLE
from quill.domain.creation import new_body, patient_teams
from quill.domain.decision import ConflictWrite, Decision, Refusal
from quill.domain.facts import Current, Foreign, Json, Op, OpenConflict, Policy, Record
from quill.domain.fields import applied, class_of, composed, ordered
from quill.domain.refusals import quarantined, refusal, rejected
from quill.domain.scopes import scope_of
from quill.domain.stored import is_too_large, stored
from quill_schemas import validate_fields, validate_operation

Choices = Mapping[str, Mapping[str, Json]]

_SIGNATURES = {"signed": "sign", "amended": "amend", "retracted": "retract"}


def resolve(conflict: OpenConflict, current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision:
    """Decides a `resolve` of a `conflict` record (`op.id` is the conflict's).

    `conflict`: the conflict record as it is now, open or not. `current`: of the record it concerns
    (`conflict.body.record_id`): `record`, `conflicts` (this one may be among them), `patient`, for a `possible_duplicate`
    `duplicate`. `foreign`: that record's versions above `op.set.against_version`, written by anyone but the resolver's device.

    `applied` or `merged`: write `body` (if any) as the record's next version with `parents` in its history, the closed
    conflict in `conflict`, then decide each of `dependants` (their dependency is then resolved). The verdict's `record` is
    the conflict. `rejected` with `conflict_moved`: look again, and decide as a new operation.
    """
    faults = validate_operation(op)
    if faults:
        return rejected(conflict.scope, refusal(faults[0].error_code, faults[0].path, faults[0].message))
    access = policy.access(conflict.scope)
    if access == "lost":
        return quarantined(conflict.scope, refusal("forbidden"))
    if access is None:
        return rejected(f"user:{policy.author}", refusal("unknown_record", "/id"))
    error = _unfit(conflict, op, policy)
    if error is not None:
        return rejected(conflict.scope, error)
    if op["set"].get("return"):
        return _returned(conflict, op, policy)
    choices: Choices = op["set"]["choices"]
    if all(choice["take"] == "theirs" for choice in choices.values()):
        return _theirs_stand(conflict, current, op, policy)
    found = _composed_body(conflict, current, foreign, op, policy)
    if isinstance(found, Refusal):
        return rejected(conflict.scope, found)
    return found


def may(conflict: OpenConflict, action: str, policy: Policy) -> bool:
    """Whether the person may `choose`, `compose` in or `return` this conflict. A possible duplicate is an Administrator's."""
    if conflict.body["reason"] == "possible_duplicate" and "Administrator" not in policy.roles:
        return False
    # `own` is what the person wrote: for a conflict, who wrote `mine`.
    own = conflict.body["mine"]["by"] == policy.user_id
    subject = permissions.Subject("conflict", f"user:{policy.user_id}" if own else conflict.scope, {}, conflict.body)
    return permissions.may(subject, action, policy.roles, policy.team_ids, policy)


def _unfit(conflict: OpenConflict, op: Op, policy: Policy) -> Refusal | None:
    """What is wrong with the decision itself, before it is held against the record."""
    values = op["set"]
    if values.get("return"):
        if not may(conflict, "return", policy):
            return refusal("forbidden")
    else:
        composing = any(choice["take"] == "text" for choice in values["choices"].values())
        if not may(conflict, "compose" if composing else "choose", policy):
            return refusal("forbidden", "/set/choices")
        if composing and not values.get("note", "").strip():
            return refusal("note_required", "/set/note")
    if conflict.body["status"] != "open":
        return refusal("conflict_resolved", "/id")
    if op["base_version"] != conflict.version:
        return refusal("conflict_moved", "/base_version")
    return None if values.get("return") else _bad_choice(conflict, values["choices"])


def _bad_choice(conflict: OpenConflict, choices: Choices) -> Refusal | None:
    fields = {line["field"] for line in conflict.body["fields"]}
    odd = fields ^ choices.keys()
    if odd:
        return refusal("bad_choice", _at(min(odd)))
    for field, choice in choices.items():
        if choice["take"] != "text":
            continue
        if field == WHOLE or "value" not in choice:
            return refusal("bad_choice", _at(field))
        faults = validate_fields(conflict.body["kind"], "patch", {field: choice["value"]})
        if faults:
            return refusal(faults[0].error_code, _at(field) + "/value", faults[0].message)
    return None


def _returned(conflict: OpenConflict, op: Op, policy: Policy) -> Decision:
    event = _event("returned", op, policy)
    body = {
        **conflict.body,
        "returned": True,
        "owner": conflict.body["mine"]["by"],
        "events": [*conflict.body["events"], event],
    }
    return Decision("applied", conflict.scope, conflict=ConflictWrite(conflict.id, conflict.version + 1, conflict.scope, body))


def _theirs_stand(conflict: OpenConflict, current: Current, op: Op, policy: Policy) -> Decision:
    """The server's version stands: always allowed. What was not taken stays in the closed conflict and in the history."""
    record, mine = current.record, conflict.body["mine"]
    dependants = tuple(mine.get("dependants", ()))
    if conflict.body["reason"] == "possible_duplicate" and record is None and current.duplicate is not None:
        dependants = tuple(of_patient(waiting, conflict.body["record_id"], current.duplicate.id) for waiting in dependants)
    living = record is not None and not record.deleted
    version = record.version + 1 if record is not None and living else None
    return Decision(
        "applied",
        record.scope if record is not None else conflict.scope,
        dict(record.body) if record is not None and living else None,
        conflict=_closed(conflict, op, policy, version),
        parents=tuple(mine["op_ids"]),
        dependants=dependants,
    )


def of_patient(op: Op, patient_id: str, existing_id: str) -> dict[str, Json]:
    """A waiting operation, once its patient proved to be another record: it names that one; who was seen stays as it was."""
    new = dict(op)
    if isinstance(new.get("set"), dict) and new["set"].get("patient_id") == patient_id:
        new["set"] = {**new["set"], "patient_id": existing_id}
    if new.get("seen", {}).get("patient_id") == patient_id:
        new["seen"] = {**new["seen"], "patient_id": existing_id}
    return new


def _composed_body(conflict: OpenConflict, current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision | Refusal:
    mine, kind, record = conflict.body["mine"], conflict.body["kind"], current.record
    against, choices = op["set"]["against_version"], op["set"]["choices"]
    if against > (record.version if record is not None else 0):
        return refusal("conflict_moved", "/set/against_version")
    if WHOLE in choices and choices[WHOLE]["take"] == "mine":
        return _whole(conflict, current, foreign, op, policy)
    values = {
        field: mine["set"][field] if choice["take"] == "mine" else choice["value"]
        for field, choice in choices.items()
        if choice["take"] != "theirs" and field != WHOLE
    }
    if record is None:
        return refusal("conflict_moved")
    # By a rule that would make a conflict of it, the record has moved on: a conflict is not decided by another.
    moved = next((field for field in values if field in foreign.fields), None)
    if moved is not None:
        return refusal("conflict_moved", _at(moved))
    if foreign.versions and ("state" in values or any(class_of(kind, field) == "identity" for field in values)):
        return refusal("conflict_moved", "/set/against_version")
    patch = {**op, "kind": kind, "id": record.id, "action": "patch", "set": values}
    if kind == "letter":
        stopped = _letter(record, conflict, current, patch, op, policy)
        if stopped is not None:
            return stopped
    denied = _denied(record, current, patch, choices, policy)
    if denied is not None:
        return denied
    body = signed(record, applied(kind, record.body, patch["set"]), patch, policy)
    if is_too_large(stored(kind, body)):
        return refusal("record_too_large")
    return _written(conflict, record, foreign, op, policy, body, ordered(patch["set"]))


def _letter(
    record: Record, conflict: OpenConflict, current: Current, patch: dict[str, Any], op: Op, policy: Policy
) -> Refusal | None:
    """Rule 5 for a decision. Turns it into an amendment where the letter is signed and a reason is given."""
    values = patch["set"]
    if record.body["state"] in letters.SIGNED and values.keys() - {"state"} and not letters.retracts(values):
        reason = op["set"].get("amendment_reason") or values.get("amendment_reason")
        patch["set"] = {**values, "state": "amended", **({"amendment_reason": reason} if reason else {})}
    stopped = letters.check(record.body, Foreign(), patch, own_conflict=False)
    if isinstance(stopped, str):
        return refusal(stopped, "/seen_sha256" if stopped == "signed_stale_text" else "/set/choices/state")
    others = any(other.id != conflict.id for other in current.conflicts)
    if stopped is None and others and letters.signs(patch, record.body):
        return refusal("letter_state", "/set/choices/state", "another conflict on it is open")
    return stopped


def _denied(record: Record, current: Current, patch: Op, choices: Choices, policy: Policy) -> Refusal | None:
    """What choosing and composing don't cover: to sign, amend or retract a letter, to give a patient to a team."""
    subject = permissions.Subject(record.kind, record.scope, patch, record.body, patient_teams(current))
    state = patch["set"].get("state")
    needed = _SIGNATURES.get(state) if state != record.body.get("state") or state == "amended" else None
    if needed and not permissions.may(subject, needed, policy.roles, policy.team_ids, policy):
        return refusal("forbidden", _at("state") if "state" in choices else "/set/amendment_reason")
    team = next((field for field in patch["set"] if class_of(record.kind, field) == "team_ids"), None)
    if team is not None and not permissions.may(subject, "edit_team_ids", policy.roles, policy.team_ids, policy):
        return refusal("forbidden", _at(team))
    return None


def _whole(conflict: OpenConflict, current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision | Refusal:
    """`mine` taken as a whole: a record is made, made again, or deleted."""
    mine, kind, record = conflict.body["mine"], conflict.body["kind"], current.record
    if foreign.versions:
        return refusal("conflict_moved", "/set/against_version")
    if mine["action"] == "delete":
        if record is None or record.deleted:
            return refusal("conflict_moved")
        if record.body.get("state") in letters.SIGNED:
            return refusal("not_deletable")
        write = _closed(conflict, op, policy, record.version + 1)
        return Decision(
            "applied", record.scope, record.body, deleted=True, conflict=write, parents=tuple(mine["op_ids"]),
            dependants=tuple(mine.get("dependants", ())),
        )  # fmt: skip
    body = new_body(kind, composed(kind, mine["set"]), mine.get("on_behalf_of"), mine["by"])
    scope = (
        record.scope if record is not None else scope_of(kind, conflict.body["record_id"], body, mine["by"], current.referred)
    )
    if scope is None:
        return refusal("unknown_scope")
    if is_too_large(stored(kind, body)):
        return refusal("record_too_large")
    version = record.version + 1 if record is not None else 1
    return Decision(
        "applied", scope, body, fields=ordered(mine["set"]), conflict=_closed(conflict, op, policy, version),
        parents=tuple(mine["op_ids"]), dependants=tuple(mine.get("dependants", ())),
    )  # fmt: skip


def _written(
    conflict: OpenConflict,
    record: Record,
    foreign: Foreign,
    op: Op,
    policy: Policy,
    body: dict[str, Json],
    fields: tuple[str, ...],
) -> Decision:
    mine = conflict.body["mine"]
    return Decision(
        "merged" if foreign.versions else "applied",
        record.scope,
        body,
        fields=fields,
        merged_with=ordered(foreign.fields.difference(fields)),
        conflict=_closed(conflict, op, policy, record.version + 1),
        parents=tuple(mine["op_ids"]),
        dependants=tuple(mine.get("dependants", ())),
    )


def _closed(conflict: OpenConflict, op: Op, policy: Policy, version: int | None) -> ConflictWrite:
    values = op["set"]
    resolution = {name: values[name] for name in ("against_version", "choices", "amendment_reason") if name in values}
    resolution |= {"by": policy.user_id, "at": policy.now, "note": values.get("note", "")}
    if version is not None:
        resolution["version"] = version
    body = {
        **conflict.body,
        "status": "resolved",
        "resolution": resolution,
        "events": [*conflict.body["events"], _event("resolved", op, policy)],
    }
    return ConflictWrite(conflict.id, conflict.version + 1, conflict.scope, body)


def _event(event: str, op: Op, policy: Policy) -> dict[str, Json]:
    said = {"event": event, "at": policy.now, "by": policy.user_id, "op_id": op["op_id"]}
    return {**said, "note": op["set"]["note"]} if op["set"].get("note") else said


def _at(field: str) -> str:
    return "/set/choices/" + field.replace("~", "~0").replace("/", "~1")
