"""The log as it stands in the snapshot that serves a page, and whether a cursor still fits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from quill.errors import ApiError
from quill.sync.audit_head import AuditHead
from quill.sync.cursor import GENESIS, Cursor
from quill.sync.receiver import Receiver, receiver_of

# One row (head, JSON). In JSON, so that it can stand above entries of two columns in one statement.
HEAD = """
  SELECT o.seq, convert_to(json_build_array(
      o.epoch, o.audit_position, encode(o.audit_chain, 'hex'),
      (SELECT encode(chain, 'hex') FROM audit WHERE organisation_id = o.organisation_id AND seq = o.seq),
      (SELECT encode(chain, 'hex') FROM audit WHERE organisation_id = o.organisation_id AND seq = %(position)s),
      coalesce((SELECT max(m.seq) FROM membership_event m WHERE m.organisation_id = o.organisation_id AND m.user_id = %(user)s)
               >= least(%(grants)s::bigint, %(revokes)s::bigint), false),
      a.roles, a.disabled)::text, 'UTF8')
  FROM organisation o LEFT JOIN actor a ON a.organisation_id = o.organisation_id AND a.user_id = %(user)s
  WHERE o.organisation_id = %(organisation)s"""


@dataclass(frozen=True, slots=True)
class Head:
    """``seq`` and the chain value stored with it; the chain value stored with the asked position (None: there is none);
    whether membership events lie above the cursor; the roles the log's database knows (None: not told yet)."""

    seq: int
    epoch: int
    audit: AuditHead
    chain: bytes
    chain_at_position: bytes | None
    news: bool
    roles: frozenset[str] | None

    def restored(self, cursor: Cursor) -> bool:
        """Whether the log is not the one this cursor was made on: put back to an older state, or never its own."""
        if cursor.digest_only or cursor.epoch != self.epoch or cursor.position > self.seq:
            return True
        return self.chain_at_position != cursor.chain

    def receiver(self, roles: frozenset[str]) -> Receiver:
        """What a person gets: of the roles of the session those that the log's database confirms.

        Raises ``not_ready`` where they have none in common: a change of roles is under way, and half of it would purge.
        """
        confirmed = roles if self.roles is None else self.roles & roles
        if roles and not confirmed:
            raise ApiError("not_ready", "Your roles are being changed.", retry_after=2)
        return receiver_of(confirmed)


def head_of(row: tuple[Any, ...], position: int) -> Head:
    """Raises ``session_ended`` for a disabled person."""
    seq, packed = row
    epoch, audit_position, audit_chain, chain, chain_at_position, news, roles, disabled = orjson.loads(packed)
    if disabled:
        raise ApiError("session_ended")
    return Head(
        seq,
        epoch,
        AuditHead(audit_position, bytes.fromhex(audit_chain)),
        GENESIS if seq == 0 else bytes.fromhex(chain),
        GENESIS if position == 0 else bytes.fromhex(chain_at_position) if chain_at_position else None,
        news,
        None if roles is None else frozenset(roles),
    )
