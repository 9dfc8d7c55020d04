"""Work that was refused or withheld, kept whole: nothing a person wrote is silently dropped (G5)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from quill.domain.decide import Decision, Record, Refusal
from quill.domain.facts import Op
from quill.sync.log import Change, Origin
from quill.sync.submission import written
from quill_schemas import canonical
from quill_schemas.canonical import NotCanonical

LONGEST_PATH = 500  # characters, as the schema has it


def quarantine_id(organisation_id: str, op_id: str, content: bytes) -> str:
    """By what was written, so that the same thing is never kept twice."""
    return str(uuid.uuid5(uuid.UUID(organisation_id), f"quarantine {op_id} {content.hex()}"))


def slip_id(quarantine: str) -> str:
    """Of the record that tells an author without the scope what became of the operation."""
    return str(uuid.uuid5(uuid.UUID(quarantine), "slip"))


def kept(record_id: str, op: Op, decision: Decision, author: str, at: str, origin: Origin, *, seen: bool) -> list[Change]:
    """The quarantine record, and, where the author may not see its scope (``seen`` false), a slip for them."""
    body: dict[str, Any] = {"op": storable(op), "outcome": decision.outcome, "state": "open", "by": author, "at": at}
    if decision.error is not None:
        body["error"] = said(decision.error)
    if origin.device_id:
        body["device"] = origin.device_id
    changes = [Change("quarantine", record_id, decision.scope, 1, body, author, decision.outcome, origin=origin)]
    if not seen:
        slip = {"op_id": op["op_id"], "state": "open"}
        changes.append(
            Change("quarantine", slip_id(record_id), f"user:{author}", 1, slip, author, decision.outcome, origin=origin)
        )
    return changes


def closed(quarantine: Record, slip: Record | None, op: Op, by: str, origin: Origin) -> list[Change]:
    """Taken out, or closed for good; its author is told by the slip, if there is one."""
    state = "discarded" if op["set"]["take"] == "discard" else "released"
    note = {"note": op["set"]["note"]} if op["set"].get("note") else {}
    records = [quarantine] if slip is None else [quarantine, slip]
    return [
        Change(
            "quarantine", record.id, record.scope, record.version + 1,
            {**record.body, "state": state, **(note if record is quarantine else {})}, by, state, origin=origin,
        )
        for record in records
    ]  # fmt: skip


def said(error: Refusal) -> dict[str, str]:
    """VerdictError."""
    words = {"error_code": error.error_code, "message": error.message}
    return words if error.path is None else {**words, "path": error.path[:LONGEST_PATH]}


def storable(op: Op) -> Mapping[str, Any]:
    """The operation; one that has no canonical form (fractions, halves of characters, too deep) as a text in it."""
    try:
        canonical(op)
    except NotCanonical:
        return {"op_id": op["op_id"], "device_seq": op["device_seq"], "text": written(op).decode()}
    return op
