"""``POST /api/sync/push``: a device's operations get their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quill.domain.actor import Actor
from quill.errors import ApiError, invalid_request
from quill.keys import Keys
from quill.sync.audit_head import AuditHead, read_audit_head
from quill.sync.submission import submission
from quill.sync.writer import Writers
from quill_schemas import LIMITS, validator

_ENVELOPE = ("op_id", "device_seq")


async def push(writers: Writers, keys: Keys, actor: Actor, request: Any) -> bytes:
    """``request``: the body as parsed. Answers PushResponse as JSON, after the commit.

    Raises ``invalid_request`` where the envelope or an operation's ``op_id`` or ``device_seq`` can't be read,
    ``request_too_large`` above 500 operations, ``unknown_device``, ``foreign_device``, ``device_seq_gap``,
    ``device_seq_reused``. Any other fault is its operation's verdict.
    """
    operations = _operations(request)
    if "audit_head" in request:
        read_audit_head(keys.audit_head, actor.organisation_id, request["audit_head"])
    answer = await writers.submit(submission(actor, request["device_id"], operations))
    head = answer.head
    audit_head = AuditHead(head.audit_position, head.audit_chain).pack(keys.audit_head, actor.organisation_id)
    return b'{"verdicts":[%b],"head":%d,"audit_head":"%b"}' % (b",".join(answer.verdicts), head.seq, audit_head.encode())


def _operations(request: Any) -> Sequence[Mapping[str, Any]]:
    """The operations, if the envelope around them is right; what is inside them is not looked at here."""
    envelope = request
    if isinstance(request, dict) and isinstance(request.get("ops"), list):
        if len(request["ops"]) > LIMITS["max_ops"]:
            raise ApiError("request_too_large", f"At most {LIMITS['max_ops']} operations at once.")
        envelope = {**request, "ops": [_readable(op) for op in request["ops"]]}
    faults = validator("PushEnvelope")(envelope)
    if faults:
        raise invalid_request(faults)
    operations: Sequence[Mapping[str, Any]] = request["ops"]
    return operations


def _readable(op: Any) -> Any:
    return {name: op[name] for name in _ENVELOPE if name in op} if isinstance(op, dict) else op
