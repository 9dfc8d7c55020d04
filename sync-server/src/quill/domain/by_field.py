"""Rules 1 to 4: each field of an operation against what stands, and what a parallel change does to it."""

from collections.abc import Mapping

from quill.domain.conflicts import keep, own_conflict
from quill.domain.decision import Decision
from quill.domain.facts import Current, Foreign, Json, Op, OpenConflict, Policy, Record
from quill.domain.fields import applied, class_of, normal, ordered, same, value_of
from quill.domain.letters import signs
from quill.domain.refusals import refusal, rejected
from quill.domain.stored import is_too_large, stored

_NOTHING: Mapping[str, Json] = {}


def decide_fields(
    record: Record, current: Current, foreign: Foreign, op: Op, values: Mapping[str, Json], policy: Policy
) -> Decision:
    """Decides the fields of a patch, or of a create whose id exists (`was` of every field is then null).

    `values`: by field. Answers `applied`, `merged`, `conflict`, or `record_too_large`.
    """
    kind, body, scope = record.kind, record.body, record.scope
    was = op.get("was") or _NOTHING
    own = own_conflict(current)
    if own is not None and _belongs_to(own, record, op, values, was):
        return keep(current, foreign, op, policy, "open_conflict", scope=scope)
    if op["action"] == "patch" and "state" in values:
        if foreign.versions:
            return keep(current, foreign, op, policy, "changed_meanwhile", scope=scope)
        if own is not None or (current.conflicts and signs(op, body)):
            return keep(current, foreign, op, policy, "open_conflict", scope=scope)
    all_same = True
    for field, value in values.items():
        now = value_of(kind, body, field)
        if same(now, normal(kind, field, value)):
            continue
        all_same = False
        if not same(now, normal(kind, field, was.get(field))):
            return keep(current, foreign, op, policy, "clash", scope=scope)
    if foreign.versions and not all_same and any(class_of(kind, field) == "identity" for field in values):
        return keep(current, foreign, op, policy, "identity", scope=scope)
    new = dict(body) if all_same else signed(record, applied(kind, body, values), op, policy)
    packed = stored(kind, new)
    if is_too_large(packed):
        return rejected(scope, refusal("record_too_large"))
    fields = ordered(values)
    if not foreign.versions:
        return Decision("applied", scope, new, fields=fields, packed=packed)
    others = ordered(foreign.fields.difference(values))
    return Decision("merged", scope, new, fields=fields, merged_with=others, packed=packed)


def _belongs_to(own: OpenConflict, record: Record, op: Op, values: Mapping[str, Json], was: Mapping[str, Json]) -> bool:
    """Whether a field is already under review from this device, and was set without the server's version in view."""
    mine = own.body["mine"]["set"]
    theirs = own.body.get("theirs")
    in_view = op["base_version"] >= (theirs["version"] if theirs else record.version)
    for field in values:
        if field in mine:
            shown = normal(record.kind, field, was.get(field))
            if not (in_view and same(shown, value_of(record.kind, record.body, field))):
                return True
    return False


def signed(record: Record, body: dict[str, Json], op: Op, policy: Policy) -> dict[str, Json]:
    """With who signed and when, where the operation puts a signature under a letter."""
    if record.kind == "letter" and signs(op, record.body):
        body["signed_by"] = policy.user_id
        body["signed_at"] = policy.now
    return body
