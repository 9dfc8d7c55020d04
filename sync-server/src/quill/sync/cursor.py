"""The cursor: where in the log a device is, in a form only the server can make."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from uuid import UUID

from quill.errors import ApiError
from quill.sync.token import seal, unseal

GENESIS = bytes(32)
"""The chain value "stored with" position 0, before the first entry."""

_FORM = struct.Struct(">B16s16sIQQQ32s4sB")
_BACKFILL = struct.Struct(">QQ")
_VERSION = 1
_NO_BACKFILL, _BACKFILL_RUNS, _DIGEST_ONLY = 0, 1, 2
LONGEST = 1024  # characters; ours are shorter


@dataclass(frozen=True, slots=True)
class Backfill:
    """A back-fill under way. ``scope`` is None for a bootstrap, which covers all.

    ``fence``: the head when it began. What is sent is, by key, what lies at or below the fence; ``sent`` is the
    last key, a ``seq`` in a scope. A bootstrap goes scope by scope (``sent_scope``), and ``swept`` says it is through:
    what is left is the log above the fence.
    """

    scope: str | None
    fence: int
    sent: int = 0
    sent_scope: str = ""
    swept: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """A membership event, by position and scope: one change may grant many scopes at its one position."""

    seq: int
    scope: str

    @classmethod
    def below(cls, seq: int) -> Told:
        """All events below ``seq``: no scope has an empty name."""
        return cls(seq, "")


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a device has.

    ``position``: of every scope it holds, all entries up to here. ``chain``: the chain value stored with that position.
    ``grants``, ``revokes``: membership events up to and with these were told. ``view``: fingerprint of kinds and
    wildcard it was served with. ``digest_only``: made by a reset.
    """

    epoch: int
    position: int
    chain: bytes
    grants: Told
    revokes: Told
    view: bytes
    backfill: Backfill | None = None
    digest_only: bool = False

    def pack(self, key: bytes, organisation_id: str, user_id: str) -> str:
        state = _DIGEST_ONLY if self.digest_only else _NO_BACKFILL if self.backfill is None else _BACKFILL_RUNS
        payload = _FORM.pack(
            _VERSION,
            UUID(organisation_id).bytes,
            UUID(user_id).bytes,
            self.epoch,
            self.position,
            self.grants.seq,
            self.revokes.seq,
            self.chain,
            self.view,
            state,
        )
        texts = [self.grants.scope, self.revokes.scope]
        if self.backfill is not None:
            fill = self.backfill
            payload += _BACKFILL.pack(fill.fence, fill.sent)
            texts += [fill.scope or "", fill.sent_scope, "1" if fill.swept else ""]
        payload += "\n".join(texts).encode()
        return seal(key, payload)


def read_cursor(key: bytes, organisation_id: str, user_id: str, text: str) -> Cursor:
    """Raises ``bad_cursor`` for one that was changed, ``foreign_cursor`` for one made for somebody else."""
    payload = unseal(key, text) if len(text) <= LONGEST else None
    if payload is None or len(payload) < _FORM.size or payload[0] != _VERSION:
        raise ApiError("bad_cursor")
    _, organisation, user, epoch, position, grants, revokes, chain, view, state = _FORM.unpack_from(payload)
    if organisation != UUID(organisation_id).bytes or user != UUID(user_id).bytes:
        raise ApiError("foreign_cursor")
    rest = _FORM.size + (_BACKFILL.size if state == _BACKFILL_RUNS else 0)
    granted, revoked, *texts = payload[rest:].decode().split("\n")
    backfill = None
    if state == _BACKFILL_RUNS:
        fence, sent = _BACKFILL.unpack_from(payload, _FORM.size)
        scope, sent_scope, swept = texts
        backfill = Backfill(scope or None, fence, sent, sent_scope, bool(swept))
    told = Told(grants, granted), Told(revokes, revoked)
    return Cursor(epoch, position, chain, *told, view, backfill, state == _DIGEST_ONLY)
