"""Operations as they came, made ready before the lock is taken: everything that needs no look at the log."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from quill.domain.actor import Actor
from quill_schemas import LIMITS, Fault, validate_operation

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_REFERENCES = ("patient_id", "team_id", "letter_id", "in_reply_to", "record_id")


@dataclass(frozen=True, slots=True)
class Sent:
    """One operation. ``content``: SHA-256 of all of it but its number. ``record_id``: the id it names, if that is one."""

    op: Mapping[str, Any]
    op_id: str
    device_seq: int
    content: bytes
    faults: Sequence[Fault]
    record_id: str | None


@dataclass(frozen=True, slots=True)
class Submission:
    """One request's operations, in order. ``device_id`` None: a client without a vault; its ``device_seq`` says nothing."""

    actor: Actor
    device_id: str | None
    sent: tuple[Sent, ...]


def submission(actor: Actor, device_id: str | None, operations: Sequence[Mapping[str, Any]]) -> Submission:
    """``operations`` have a readable ``op_id`` and ``device_seq``."""
    # Number and device change when a vault takes a new id; without one, the time is that of the request, not of the person.
    apart = ("device_seq",) if device_id else ("device_seq", "made_at")
    return Submission(actor, device_id, tuple(_sent(op, apart) for op in operations))


def _sent(op: Mapping[str, Any], apart: Sequence[str]) -> Sent:
    text = written(op, without=apart)
    if len(text) > LIMITS["max_op_bytes"]:
        faults: Sequence[Fault] = (Fault("op_too_large", "", f"at most {LIMITS['max_op_bytes']} bytes"),)
    else:
        faults = validate_operation(op)
    record_id = uuid_or_none(op.get("id")) if faults else op["id"]
    return Sent(op, op["op_id"], op["device_seq"], hashlib.sha256(text).digest(), faults, record_id)


def written(op: Mapping[str, Any], *, without: Sequence[str] = ()) -> bytes:
    """The operation as JSON, keys sorted; also one that can't be stored as it is: halves of characters are escaped."""
    kept = {name: value for name, value in op.items() if name not in without}
    try:
        return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()


def ids_of(op: Mapping[str, Any]) -> list[str]:
    """Ids of the records that deciding an operation may have to look at, as far as the operation says."""
    named = [op.get("id")]
    seen, values = op.get("seen"), op.get("set")
    if isinstance(seen, dict):
        named.append(seen.get("patient_id"))
    if isinstance(values, dict):
        named += [values[name] for name in _REFERENCES if name in values]
        attached = values.get("attachment_ids")
        if isinstance(attached, list):
            named += attached
    return [found for one in named if (found := uuid_or_none(one))]


def uuid_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and _UUID.match(value) else None
