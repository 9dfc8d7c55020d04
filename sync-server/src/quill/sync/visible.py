"""The statements that find what a person may see.

All take the named parameters of ``reading``. Keys go by ``(organisation, scope, seq)`` for a member, scope by scope
(lateral), and by ``(organisation, seq)`` for one who sees everything. A record has one entry, which moves to a higher
``seq`` when the record changes, never lower: reading upwards misses nothing.
"""

# ruff: noqa: S608  (put together from constants of this file; values are always parameters)
from __future__ import annotations

from typing import Any

from quill.domain.actor import Actor
from quill.sync.cursor import Cursor
from quill.sync.receiver import Receiver


def reading(actor: Actor, receiver: Receiver, cursor: Cursor | None, limit: int) -> dict[str, Any]:
    """The parameters of every statement here. ``running``: a scope whose back-fill isn't complete, and so isn't in the tail."""
    fill = cursor.backfill if cursor else None
    return {
        "organisation": actor.organisation_id,
        "user": actor.user_id,
        "own": f"user:{actor.user_id}",
        "kinds": list(receiver.kinds),
        "member": receiver.member,
        "position": cursor.position if cursor else 0,
        "grants": cursor.grants.seq if cursor else 0,
        "granted": cursor.grants.scope if cursor else "",
        "revokes": cursor.revokes.seq if cursor else 0,
        "revoked": cursor.revokes.scope if cursor else "",
        "running": (fill.scope or "") if fill else "",
        "fence": fill.fence if fill else 0,
        "sent": fill.sent if fill else 0,
        "sent_scope": fill.sent_scope if fill else "",
        "limit": limit,
    }


# Scopes a device holds. One granted above the cursor waits for its back-fill; one born in sight needs none.
HELD = """
  SELECT 'org'::text AS scope
  UNION ALL SELECT %(own)s::text
  UNION ALL SELECT scope FROM visible_scope
  WHERE organisation_id = %(organisation)s AND user_id = %(user)s AND %(member)s
    AND (born OR (since_seq, scope) <= (%(grants)s, %(granted)s)) AND scope <> %(running)s"""

_OF_SCOPE = "e.organisation_id = %(organisation)s AND e.scope = v.scope AND e.kind = ANY(%(kinds)s)"
_OF_ALL = "e.organisation_id = %(organisation)s AND e.kind = ANY(%(kinds)s)"


def tail(everything: bool) -> str:
    """(seq, bytes) of what is above ``position``."""
    if everything:
        return f"SELECT e.seq, e.bytes FROM entry e WHERE {_OF_ALL} AND e.seq > %(position)s ORDER BY e.seq LIMIT %(limit)s"
    return f"""
      SELECT e.seq, e.bytes FROM ({HELD}) v CROSS JOIN LATERAL (
        SELECT e.seq, e.bytes FROM entry e WHERE {_OF_SCOPE} AND e.seq > %(position)s
        ORDER BY e.seq LIMIT %(limit)s) e
      ORDER BY e.seq LIMIT %(limit)s"""


# The same for a member not far behind: looking at each new entry costs less than at each scope. OFFSET 0 keeps the planner
# from reading all of the person's scopes into a table first.
NEAR = f"""
  SELECT e.seq, e.bytes FROM entry e WHERE {_OF_ALL} AND e.seq > %(position)s
    AND (e.scope IN ('org', %(own)s) OR (%(member)s AND EXISTS (
      SELECT FROM visible_scope v WHERE v.organisation_id = %(organisation)s AND v.user_id = %(user)s AND v.scope = e.scope
      AND (v.born OR (v.since_seq, v.scope) <= (%(grants)s, %(granted)s)) AND v.scope <> %(running)s OFFSET 0)))
  ORDER BY e.seq LIMIT %(limit)s"""


def sweep(everything: bool) -> str:
    """(seq, bytes, scope) of a bootstrap: what lies at or below the fence, by key, after the last key sent."""
    below = "NOT e.deleted AND e.seq <= %(fence)s"
    if everything:
        return f"""
          SELECT e.seq, e.bytes, '' FROM entry e WHERE {_OF_ALL} AND {below} AND e.seq > %(sent)s
          ORDER BY e.seq LIMIT %(limit)s"""
    return f"""
      SELECT e.seq, e.bytes, v.scope FROM (SELECT * FROM ({HELD}) h WHERE h.scope >= %(sent_scope)s ORDER BY h.scope) v
      CROSS JOIN LATERAL (
        SELECT e.seq, e.bytes FROM entry e WHERE {_OF_SCOPE} AND {below}
          AND e.seq > CASE WHEN v.scope = %(sent_scope)s THEN %(sent)s::bigint ELSE 0 END
        ORDER BY e.seq) e
      ORDER BY v.scope, e.seq LIMIT %(limit)s"""


# (seq, bytes) of one scope's back-fill: its records, and above the fence what was deleted meanwhile.
FILL = """
  SELECT e.seq, e.bytes FROM entry e
  WHERE e.organisation_id = %(organisation)s AND e.scope = %(running)s AND e.kind = ANY(%(kinds)s)
    AND e.seq > %(sent)s AND (NOT e.deleted OR e.seq > %(fence)s)
  ORDER BY e.seq LIMIT %(limit)s"""

# (since_seq, scope, seq, bytes, sha256) of granted scopes that wait, in log order; one without records has a row without.
GRANTED = (
    """
  SELECT v.since_seq, v.scope, e.seq, e.bytes, e.sha256
  FROM (SELECT since_seq, scope FROM visible_scope
        WHERE organisation_id = %(organisation)s AND user_id = %(user)s AND NOT born
          AND (since_seq, scope) > (%(grants)s, %(granted)s)
        ORDER BY since_seq, scope LIMIT %(limit)s) v
  LEFT JOIN LATERAL (
    SELECT e.seq, e.bytes, e.sha256 FROM entry e WHERE """
    + _OF_SCOPE
    + """ AND NOT e.deleted
    ORDER BY e.seq LIMIT %(limit)s) e ON true
  ORDER BY v.since_seq, v.scope, e.seq LIMIT %(limit)s"""
)

# (seq, scope): of each scope's membership events above the cursor the last, if it is a revoke.
REVOKED = """
  SELECT seq, scope FROM (
    SELECT DISTINCT ON (scope) seq, scope, event FROM membership_event
    WHERE organisation_id = %(organisation)s AND user_id = %(user)s
      AND (seq, scope) > (%(revokes)s, %(revoked)s)
    ORDER BY scope, seq DESC) last
  WHERE event = 'revoke' ORDER BY seq, scope LIMIT %(limit)s"""

# Whether the scope whose back-fill runs is still held by the grant that began it.
STILL_HELD = """
  SELECT EXISTS (SELECT FROM visible_scope WHERE organisation_id = %(organisation)s AND user_id = %(user)s
                 AND scope = %(running)s
                 AND (since_seq, scope) <= (%(grants)s, %(granted)s))"""

_DIGEST = "count(e.sha256), encode(sha256(coalesce(string_agg(e.sha256, ''::bytea ORDER BY e.sha256), ''::bytea)), 'hex')"

# (count, hex of the hash) of the living records of a scope.
DIGEST = f"""
  SELECT {_DIGEST} FROM entry e
  WHERE e.organisation_id = %(organisation)s AND e.scope = %(running)s AND e.kind = ANY(%(kinds)s) AND NOT e.deleted"""


def digests(everything: bool) -> str:
    """(scope, count, hex of the hash) of every scope a bootstrap covered; empty ones are named too, for they are held."""
    if not everything:
        return f"""
          SELECT v.scope, d.* FROM ({HELD}) v
          CROSS JOIN LATERAL (SELECT {_DIGEST} FROM entry e WHERE {_OF_SCOPE} AND NOT e.deleted) d"""
    return f"""
      SELECT e.scope, {_DIGEST} FROM entry e WHERE {_OF_ALL} AND NOT e.deleted GROUP BY e.scope
      UNION ALL
      SELECT v.scope, 0, encode(sha256(''::bytea), 'hex') FROM (SELECT 'org'::text AS scope UNION ALL SELECT %(own)s::text) v
      WHERE NOT EXISTS (SELECT FROM entry e WHERE {_OF_SCOPE} AND NOT e.deleted)"""
