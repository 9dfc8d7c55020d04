"""Keeping what can't be decided by rule: a conflict of its own, or joined to the one this device has on the record."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from quill.domain.decision import ConflictWrite, Decision
from quill.domain.facts import Current, Foreign, Json, Op, OpenConflict, Policy, Record
from quill.domain.fields import composed, normal, split, value_of
from quill.domain.merge import proposal

#: How soon a person should have decided.
_DUE = {"high": timedelta(hours=4), "medium": timedelta(days=1), "low": timedelta(days=3)}
_RANK = {"low": 0, "medium": 1, "high": 2}
_HIGH = frozenset({"identity", "signed_meanwhile", "signed_stale_text", "patient_changed", "possible_duplicate"})
#: The field of a decision about a record as a whole.
WHOLE = ""


def own_conflict(current: Current) -> OpenConflict | None:
    """The open conflict of this device on the record; there is never a second."""
    return next((conflict for conflict in current.conflicts if conflict.own), None)


def keep(
    current: Current, foreign: Foreign, op: Op, policy: Policy, reason: str, *, scope: str, into: OpenConflict | None = None
) -> Decision:
    """Decides `conflict`: the operation, whole, joins `into`, else this device's conflict on the record, else makes one.

    `scope`: of the record, or what it would have; a `possible_duplicate` is its author's alone.
    """
    into = into or own_conflict(current)
    write = _opened(current, foreign, op, policy, reason, scope) if into is None else _joined(into, current, op, policy, reason)
    return Decision("conflict", write.scope, conflict=write)


def keep_dependant(into: OpenConflict, op: Op, policy: Policy) -> Decision:
    """Decides `conflict` for an operation on another record, which waits in the conflict for its turn."""
    mine = dict(into.body["mine"])
    mine["dependants"] = [*mine.get("dependants", ()), dict(op)]
    body = {**into.body, "mine": mine, "events": [*into.body["events"], _event("joined", op, policy)]}
    write = ConflictWrite(into.id, into.version + 1, into.scope, body)
    return Decision("conflict", into.scope, conflict=write)


def _opened(current: Current, foreign: Foreign, op: Op, policy: Policy, reason: str, scope: str) -> ConflictWrite:
    record = current.record
    created = op["action"] == "create"
    mine: dict[str, Json] = {
        "action": op["action"],
        "set": split(op["kind"], op["set"]) if created else dict(op.get("set") or {}),
        "was": dict(op.get("was") or {}),
        "op_ids": [op["op_id"]],
        **_origin(op, policy),
    }
    body: dict[str, Json] = {
        "kind": op["kind"],
        "record_id": op["id"],
        "reason": reason,
        "mine": mine,
        "status": "open",
        "events": [_event("opened", op, policy)],
    }
    base = _base(record, foreign, op)
    if base is not None:
        body["base"] = base
    theirs = _other_patient(current, policy) if reason == "possible_duplicate" and record is None else record
    if theirs is not None and not theirs.deleted:
        body["theirs"] = _side(theirs)
    if reason == "possible_duplicate":
        scope = f"user:{policy.author}"
    owner = _owner(record, op, policy)
    if owner is not None and reason != "possible_duplicate":
        body["owner"] = owner
    return ConflictWrite(None, 1, scope, _weighed(body, _severity(op["kind"], reason), policy))


def _joined(into: OpenConflict, current: Current, op: Op, policy: Policy, reason: str) -> ConflictWrite:
    old = into.body["mine"]
    values = split(op["kind"], op["set"]) if op["action"] == "create" else op.get("set") or {}
    mine = {
        **old,
        **_origin(op, policy),
        "set": {**old["set"], **values},
        "was": {**(op.get("was") or {}), **old["was"]},
        "op_ids": [*old["op_ids"], op["op_id"]],
    }
    if op["action"] == "delete":
        mine["action"] = "delete"
    body = {**into.body, "mine": mine, "events": [*into.body["events"], _event("joined", op, policy)]}
    record = current.record
    if record is not None:
        body.pop("theirs", None)
        if not record.deleted:
            body["theirs"] = _side(record)
    severity = max(body["severity"], _severity(op["kind"], reason), key=_RANK.__getitem__)
    return ConflictWrite(into.id, into.version + 1, into.scope, _weighed(body, severity, policy))


def _weighed(body: dict[str, Json], severity: str, policy: Policy) -> dict[str, Json]:
    """The body with its fields side by side, how grave it is and by when it should be decided."""
    due = datetime.fromisoformat(policy.now).astimezone(UTC) + _DUE[severity]
    soonest = min(body.get("due", "9999"), due.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return {**body, "severity": severity, "due": soonest, "fields": side_by_side(body)}


def side_by_side(body: Mapping[str, Json]) -> list[dict[str, Json]]:
    """One line a field of `mine`: base, theirs, mine, and a proposal where both changed a text; no value is left out.

    A create without a living record of that id, or of a possible duplicate, is one line for the whole; a delete adds one.
    """
    kind, mine, theirs = body["kind"], body["mine"], body.get("theirs")
    whole: dict[str, Json] = {"field": WHOLE} if theirs is None else {"field": WHOLE, "theirs": theirs["body"]}
    if mine["action"] == "create" and (theirs is None or body["reason"] == "possible_duplicate"):
        return [{**whole, "mine": composed(kind, mine["set"])}]
    lines = [_line(kind, field, mine, theirs) for field in mine["set"]]
    return [*lines, whole] if mine["action"] == "delete" else lines


def _line(kind: str, field: str, mine: Mapping[str, Any], theirs: Mapping[str, Any] | None) -> dict[str, Json]:
    base = normal(kind, field, mine["was"].get(field))
    their_value = None if theirs is None else value_of(kind, theirs["body"], field)
    my_value = normal(kind, field, mine["set"][field])
    line = {"field": field, "base": base, "theirs": their_value, "mine": my_value}
    if field.startswith("sections/") or (kind == "snippet" and field == "text"):
        line["proposal"] = proposal(base, their_value, my_value)
    return {name: value for name, value in line.items() if value is not None}


def _origin(op: Op, policy: Policy) -> dict[str, Json]:
    origin = {
        "by": policy.author,
        "device": policy.device_id,
        "made_at": op["made_at"],
        "offline_for_s": _offline_for(op, policy),
    }
    origin.update({name: op[name] for name in ("on_behalf_of", "reason", "seen_sha256") if name in op})
    return origin


def _offline_for(op: Op, policy: Policy) -> int:
    """Seconds between writing and arriving, the device's clock set right; to show, never to decide by (rule 9)."""
    apart = datetime.fromisoformat(policy.now) - datetime.fromisoformat(op["made_at"])
    return max(0, int(apart.total_seconds() + policy.clock_offset_s))


def _event(event: str, op: Op, policy: Policy) -> dict[str, Json]:
    return {"event": event, "at": policy.now, "by": policy.author, "op_id": op["op_id"]}


def _base(record: Record | None, foreign: Foreign, op: Op) -> dict[str, Json] | None:
    if foreign.base_body is not None:
        return {"body": foreign.base_body, "version": op["base_version"]}
    if record is not None and record.version == op["base_version"] and not foreign.versions:
        return _side(record)
    return None


def _side(record: Record) -> dict[str, Json]:
    side: dict[str, Json] = {"body": record.body, "version": record.version}
    side.update({name: value for name, value in (("by", record.by), ("at", record.at)) if value})
    return side


def _other_patient(current: Current, policy: Policy) -> Record | None:
    """The existing patient, for an author who may see them; else that there is one is all that is said."""
    other = current.duplicate
    return other if other is not None and policy.access(other.scope) == "held" else None


def _owner(record: Record | None, op: Op, policy: Policy) -> str | None:
    """Whose decision it is first: the letter's author, else who wrote the version that stands."""
    if record is None:
        return str(op["on_behalf_of"]) if "on_behalf_of" in op else policy.author
    author = record.body.get("author_id") or record.by
    return str(author) if author and author != "server" and ":" not in author else None


def _severity(kind: str, reason: str) -> str:
    if reason in _HIGH:
        return "high"
    return "medium" if kind == "letter" else "low"
