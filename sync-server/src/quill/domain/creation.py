"""Rule 7: a `create`, of an id that is new, and of one that isn't."""

from collections.abc import Mapping

from quill.domain import letters, permissions, wrong_patient
from quill.domain.by_field import decide_fields
from quill.domain.conflicts import keep
from quill.domain.decision import Decision, Refusal
from quill.domain.facts import Body, Current, Foreign, Json, Op, Policy, Record
from quill.domain.fields import class_of, ordered, pointer, same, split, value_of, whole
from quill.domain.refusals import home_of, quarantined, refusal, rejected
from quill.domain.scopes import scope_of
from quill.domain.stored import is_too_large, stored

#: Fields that refer to records of the same patient.
_REFERENCES = ("letter_id", "in_reply_to", "attachment_ids")


def decide_create(current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision:
    """Decides a create whose schema and dependencies are in order."""
    kind = op["kind"]
    values = split(kind, op["set"])
    body = new_body(kind, whole(kind, op["set"]), op.get("on_behalf_of"), policy.author)
    scope = scope_of(kind, op["id"], body, policy.author, current.referred)
    access = "held" if kind == "patient" else policy.access(scope) if scope else None
    if scope is None or access is None:
        return rejected(home_of(current, op, policy), _unknown(kind, body))
    if access == "lost":
        return quarantined(scope, refusal("forbidden"))
    denied = permissions.check(permissions.Subject(kind, scope, op, body, patient_teams(current)), policy)
    if denied is not None:
        return Decision(denied[0], home_of(current, op, policy), error=denied[1])
    if "patient_id" in body:
        if current.patient is None:
            return rejected(home_of(current, op, policy), refusal("unknown_scope", "/set/patient_id"))
        stopped = wrong_patient.check(op, body["patient_id"], current.patient) or _of_another_patient(current, body)
        if isinstance(stopped, Refusal):
            return rejected(home_of(current, op, policy), stopped)
        if stopped is not None:
            return keep(current, foreign, op, policy, stopped, scope=scope)
    if kind == "letter" and body["state"] != "draft":
        return rejected(home_of(current, op, policy), refusal("letter_state", "/set/state", "a letter begins as a draft"))
    packed = stored(kind, body)
    if is_too_large(packed):
        return rejected(home_of(current, op, policy), refusal("record_too_large"))
    if current.record is not None:
        return _existing(current.record, current, foreign, op, values, policy)
    if kind == "patient" and current.duplicate is not None:
        return keep(current, foreign, op, policy, "possible_duplicate", scope=scope)
    return Decision("applied", scope, body, fields=ordered(values), packed=packed)


def new_body(kind: str, body: dict[str, Json], on_behalf_of: str | None, author: str) -> dict[str, Json]:
    """The body a create makes, with the server's own fields."""
    if kind == "letter":
        body["author_id"] = on_behalf_of or author
    elif kind == "attachment":
        body["state"] = "uploading"
    return body


def patient_teams(current: Current) -> frozenset[str]:
    return frozenset(current.patient.body.get("team_ids", ())) if current.patient is not None else frozenset()


def _existing(
    record: Record, current: Current, foreign: Foreign, op: Op, values: Mapping[str, Json], policy: Policy
) -> Decision:
    kind = op["kind"]
    if record.kind != kind or policy.access(record.scope) != "held":
        return rejected(home_of(current._replace(record=None), op, policy), refusal("id_taken", "/id"))
    scope = record.scope
    if record.deleted:
        return keep(current, foreign, op, policy, "deleted", scope=scope)
    other = [field for field in values if not same(values[field], value_of(kind, record.body, field))]
    fixed = next((field for field in other if class_of(kind, field) == "fixed"), None)
    if fixed is not None:
        return rejected(scope, refusal("wrong_patient" if kind == "letter" else "id_taken", pointer(fixed)))
    if other:
        # It would change what is there: then the right to make one is not enough.
        edit = {**op, "action": "patch", "set": values}
        denied = permissions.check(permissions.Subject(kind, scope, edit, record.body, patient_teams(current)), policy)
        if denied is not None:
            return Decision(denied[0], scope, error=denied[1])
        if record.body.get("state") in letters.SIGNED:
            return keep(current, foreign, op, policy, "signed_meanwhile", scope=scope)
    return decide_fields(record, current, foreign, {**op, "was": {}}, values, policy)


def _unknown(kind: str, body: Body) -> Refusal:
    if kind == "receipt":
        return refusal("unknown_record", "/set/record_id")
    return refusal("unknown_scope", "/set/patient_id" if "patient_id" in body else "/set/team_id")


def _of_another_patient(current: Current, body: Body) -> Refusal | None:
    """A file, a letter or a message of one patient is never hung on another."""
    for name in _REFERENCES:
        referred = body.get(name, ())
        for record_id in (referred,) if isinstance(referred, str) else referred:
            scope = current.referred.get(record_id, "")
            if scope.startswith("patient:") and scope != f"patient:{body['patient_id']}":
                return refusal("wrong_patient", f"/set/{name}")
    return None
