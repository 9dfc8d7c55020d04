"""A body as it is stored: the canonical JSON (RFC 8785) whose hash stands in the audit trail and in the digest."""

import orjson

from quill.domain.facts import Body
from quill_schemas import LIMITS, canonical

#: Bodies whose keys are all fixed and ASCII by schema; there orjson's order of keys is the canonical one.
_PLAIN_KEYS = frozenset({"patient", "letter", "message", "attachment", "snippet", "receipt", "person", "team", "delivery"})


def stored(kind: str, body: Body) -> bytes:
    """Of a body that was checked."""
    if kind in _PLAIN_KEYS:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return canonical(body)


def is_too_large(packed: bytes) -> bool:
    """Whether a stored body is over 256 KiB."""
    return len(packed) > LIMITS["max_body_bytes"]
