"""What a batch is decided by, each as one set-wise query of (organisation, wanted …); read after the lock was taken."""

# ruff: noqa: S608  (put together from constants of this file; values are always parameters)
from __future__ import annotations

# Every look-up is an index look-up for each wanted key, whatever the planner believes of the tables: LATERAL … OFFSET 0 is
# planned by itself. Left to choose, it planned for a young table, kept the plan, and then compared every verdict of the
# organisation with every one that was wanted: 2 s for a batch of 500 among 6,000.
_WANTED = "\n  WITH w AS (SELECT %s::uuid AS organisation_id, wanted FROM unnest(%b::text[]) AS wanted)"

# A tombstone has no entry to read its last body from; history has it.
_RECORD = """
  SELECT e.id::text, e.kind, e.scope, e.version, e.deleted, CASE WHEN NOT e.deleted THEN e.bytes END,
         r.body, coalesce(r.by_user::text, 'server'), to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
_LAST_BODY = """
  LEFT JOIN LATERAL (
    SELECT * FROM revision r
    WHERE e.deleted AND r.organisation_id = e.organisation_id AND r.id = e.id AND r.version = e.version OFFSET 0) r ON true"""

RECORDS = f"""{_WANTED}{_RECORD}
  FROM w, LATERAL (
    SELECT * FROM entry e WHERE e.organisation_id = w.organisation_id AND e.id = w.wanted::uuid OFFSET 0) e{_LAST_BODY}"""

# Living patients that have one of these NHS numbers.
SAME_NUMBER = f"""{_WANTED}{_RECORD}
  FROM w, LATERAL (
    SELECT * FROM entry e
    WHERE e.organisation_id = w.organisation_id AND e.nhs_number = w.wanted AND NOT e.deleted OFFSET 0) e{_LAST_BODY}"""

CONFLICTS = f"""{_WANTED}
  SELECT c.record_id::text, c.conflict_id::text, c.device_root::text, e.scope, e.version, e.bytes
  FROM w, LATERAL (
    SELECT * FROM open_conflict c WHERE c.organisation_id = w.organisation_id AND c.record_id = w.wanted::uuid OFFSET 0) c,
  LATERAL (SELECT * FROM entry e WHERE e.organisation_id = c.organisation_id AND e.id = c.conflict_id OFFSET 0) e
  ORDER BY e.seq"""

VERDICTS = f"""{_WANTED}
  SELECT v.op_id::text, v.user_id::text, v.content, v.outcome, v.verdict, v.conflict_id::text, v.void, d.root::text
  FROM w, LATERAL (
    SELECT * FROM verdict v
    WHERE v.organisation_id = w.organisation_id AND v.op_id = w.wanted::uuid AND v.attempt = 0 OFFSET 0) v
  LEFT JOIN LATERAL (
    SELECT * FROM device d WHERE d.organisation_id = v.organisation_id AND d.device_id = v.device_id OFFSET 0) d ON true"""

# Under which operation a device used a number.
NUMBERS = """
  WITH w AS (SELECT %s::uuid AS organisation_id, * FROM unnest(%b::text[], %b::bigint[]) AS w (device_id, device_seq))
  SELECT w.device_id, w.device_seq, v.op_id::text
  FROM w, LATERAL (
    SELECT * FROM verdict v
    WHERE v.organisation_id = w.organisation_id AND v.device_id = w.device_id::uuid AND v.device_seq = w.device_seq
    OFFSET 0) v"""

DEVICES = """
  SELECT device_id::text, user_id::text, root::text, next_seq FROM device
  WHERE organisation_id = %s AND device_id = ANY(%b::text[]::uuid[])"""

ACTORS = """
  SELECT user_id::text, roles, former_roles, disabled FROM actor
  WHERE organisation_id = %s AND user_id = ANY(%b::text[]::uuid[])"""

# Teams somebody is in (true), or once left (false). The range, true in any collation, spares a walk over their patients.
_TEAM_SCOPES = "scope > 'team' AND scope < 'teamz' AND scope LIKE 'team:%%'"
TEAMS = f"""
  WITH w AS (SELECT %s::uuid AS organisation_id, u::uuid AS user_id FROM unnest(%b::text[]) AS u)
  SELECT w.user_id::text, substr(v.scope, 6), true FROM w, LATERAL (
    SELECT scope FROM visible_scope v
    WHERE v.organisation_id = w.organisation_id AND v.user_id = w.user_id AND {_TEAM_SCOPES} OFFSET 0) v
  UNION ALL
  SELECT DISTINCT w.user_id::text, substr(m.scope, 6), false FROM w, LATERAL (
    SELECT scope FROM membership_event m
    WHERE m.organisation_id = w.organisation_id AND m.user_id = w.user_id AND m.event = 'revoke' AND {_TEAM_SCOPES}
    OFFSET 0) m"""

# Which of these scopes somebody holds (true), or once lost (false).
ACCESS = """
  WITH w AS (
    SELECT %s::uuid AS organisation_id, u::uuid AS user_id, scope
    FROM unnest(%b::text[]) AS scope CROSS JOIN unnest(%b::text[]) AS u)
  SELECT w.user_id::text, w.scope, true
  FROM w, LATERAL (
    SELECT FROM visible_scope v
    WHERE v.organisation_id = w.organisation_id AND v.user_id = w.user_id AND v.scope = w.scope OFFSET 0) v
  UNION ALL
  SELECT w.user_id::text, w.scope, false
  FROM w, LATERAL (
    SELECT FROM membership_event m
    WHERE m.organisation_id = w.organisation_id AND m.user_id = w.user_id AND m.scope = w.scope AND m.event = 'revoke'
    LIMIT 1) m"""

# Every version of a record above a base, oldest first.
HISTORY = """
  WITH w AS (SELECT %s::uuid AS organisation_id, * FROM unnest(%b::text[], %b::bigint[]) AS w (id, base))
  SELECT w.id, r.version, coalesce(r.by_user::text, 'server'), r.fields, r.state, r.device_root::text
  FROM w, LATERAL (
    SELECT * FROM revision r
    WHERE r.organisation_id = w.organisation_id AND r.id = w.id::uuid AND r.version > w.base OFFSET 0) r
  ORDER BY r.id, r.version"""

BODIES = """
  WITH w AS (SELECT %s::uuid AS organisation_id, * FROM unnest(%b::text[], %b::bigint[]) AS w (id, version))
  SELECT w.id, r.version, r.body
  FROM w, LATERAL (
    SELECT * FROM revision r
    WHERE r.organisation_id = w.organisation_id AND r.id = w.id::uuid AND r.version = w.version OFFSET 0) r"""

# What a patient was at a version and since, and in versions that a device made.
BANNERS = """
  WITH w AS (SELECT %s::uuid AS organisation_id, * FROM unnest(%b::text[], %b::bigint[], %b::text[]) AS w (id, version, root))
  SELECT w.id, r.version, r.device_root::text, r.body
  FROM w, LATERAL (
    SELECT * FROM revision r
    WHERE r.organisation_id = w.organisation_id AND r.id = w.id::uuid
      AND (r.version >= w.version OR r.device_root = w.root::uuid) OFFSET 0) r"""

# … and what devices set on it in operations that became no version.
SHOWN = """
  SELECT v.record_id::text, d.root::text, v.shown
  FROM verdict v JOIN device d ON d.organisation_id = v.organisation_id AND d.device_id = v.device_id
  WHERE v.organisation_id = %s AND v.record_id = ANY(%b::text[]::uuid[]) AND v.shown IS NOT NULL"""
