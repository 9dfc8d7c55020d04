"""``audit_head``: the newest position and chain value of the audit trail a device has seen, for it to hold against us."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from uuid import UUID

from quill.errors import ApiError
from quill.sync.token import seal, unseal

_FORM = struct.Struct(">B16sQ32s")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class AuditHead:
    """``chain`` is the 32-byte value of the audit row at ``position``; position 0 is the empty trail."""

    position: int
    chain: bytes

    def pack(self, key: bytes, organisation_id: str) -> str:
        return seal(key, _FORM.pack(_VERSION, UUID(organisation_id).bytes, self.position, self.chain))


def read_audit_head(key: bytes, organisation_id: str, text: str) -> AuditHead:
    """Raises ``bad_audit_head`` for one that was changed or is another organisation's."""
    payload = unseal(key, text)
    if payload is None or len(payload) != _FORM.size or payload[:17] != bytes([_VERSION]) + UUID(organisation_id).bytes:
        raise ApiError("bad_audit_head")
    _, _, position, chain = _FORM.unpack(payload)
    return AuditHead(position, chain)
