"""What a batch is decided by, each as one set-wise query of (organisation, wanted …); read after the lock was taken."""

# ruff: noqa: S608  (put together from constants of this file; values are always parameters)
from __future__ import annotations

_RECORD = """
  SELECT e.id::text, e.kind, e.scope, e.version, e.deleted, CASE WHEN NOT e.deleted THEN e.bytes END,
         r.body, coalesce(r.by_user::text, 'server'), to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
# A tombstone has no entry to read its last body from; history has it.
_LAST_BODY = """
  LEFT JOIN revision r ON e.deleted AND (r.organisation_id, r.id, r.version) = (e.organisation_id, e.id, e.version)"""

# What is wanted drives each join, never ``= ANY(array)``: planned once for a young table, that became a walk over the whole
# organisation with the array compared (and cast) for every row, 1.8 s for a batch of 500 among 6,000 records.
_WANTED = "\n  WITH w AS (SELECT %s::uuid AS organisation_id, wanted FROM unnest(%b::text[]) AS wanted)"

RECORDS = f"""{_WANTED}{_RECORD}
  FROM w JOIN entry e ON e.organisation_id = w.organisation_id AND e.id = w.wanted::uuid{_LAST_BODY}"""

# Living patients that have one of these NHS numbers.
SAME_NUMBER = f"""{_WANTED}{_RECORD}
  FROM w JOIN entry e ON e.organisation_id = w.organisation_id AND e.nhs_number = w.wanted AND NOT e.deleted{_LAST_BODY}"""

CONFLICTS = f"""{_WANTED}
  SELECT c.record_id::text, c.conflict_id::text, c.device_root::text, e.scope, e.version, e.bytes
  FROM w JOIN open_conflict c ON c.organisation_id = w.organisation_id AND c.record_id = w.wanted::uuid
  JOIN entry e ON e.organisation_id = c.organisation_id AND e.id = c.conflict_id
  ORDER BY e.seq"""

VERDICTS = f"""{_WANTED}
  SELECT v.op_id::text, v.user_id::text, v.content, v.outcome, v.verdict, v.conflict_id::text, v.void, d.root::text
  FROM w JOIN verdict v ON v.organisation_id = w.organisation_id AND v.op_id = w.wanted::uuid AND v.attempt = 0
  LEFT JOIN device d ON d.organisation_id = v.organisation_id AND d.device_id = v.device_id"""

# Under which operation a device used a number.
NUMBERS = """
  WITH w AS (SELECT %s::uuid AS organisation_id, * FROM unnest(%b::text[], %b::bigint[]) AS w (device_id, device_seq))
  SELECT w.device_id, w.device_seq, v.op_id::text
  FROM w JOIN verdict v ON v.organisation_id = w.organisation_id AND v.device_id = w.device_id::uuid
    AND v.device_seq = w.device_seq"""

DEVICES = """
  SELECT device_id::text, user_id::text, root::text, next_seq FROM device
  WHERE organisation_id = %s AND device_id = ANY(%b::text[]::uuid[])"""

ACTORS = """
  SELECT user_id::text, roles, former_roles, disabled FROM actor
  WHERE organisation_id = %s AND user_id = ANY(%b::text[]::uuid[])"""

# Teams somebody is in (true), or once left (false).
TEAMS = """
  WITH w AS (SELECT %s::uuid AS organisation_id, %b::text[]::uuid[] AS users)
  SELECT v.user_id::text, substr(v.scope, 6), true FROM w JOIN visible_scope v USING (organisation_id)
  WHERE v.user_id = ANY(w.users) AND v.scope LIKE 'team:%%'
  UNION ALL
  SELECT DISTINCT m.user_id::text, substr(m.scope, 6), false FROM w JOIN membership_event m USING (organisation_id)
  WHERE m.user_id = ANY(w.users) AND m.scope LIKE 'team:%%' AND m.event = 'revoke'"""

# Which of these scopes somebody holds (true), or once lost (false).
ACCESS = """
  WITH w AS (SELECT %s::uuid AS organisation_id, %b::text[] AS scopes, %b::text[]::uuid[] AS users)
  SELECT v.user_id::text, v.scope, true FROM w JOIN visible_scope v USING (organisation_id)
  WHERE v.user_id = ANY(w.users) AND v.scope = ANY(w.scopes)
  UNION ALL
  SELECT DISTINCT m.user_id::text, m.scope, false FROM w JOIN membership_event m USING (organisation_id)
  WHERE m.user_id = ANY(w.users) AND m.scope = ANY(w.scopes) AND m.event = 'revoke'"""

# Every version of a record above a base, oldest first.
HISTORY = """
  WITH w AS (SELECT %s::uuid AS organisation_id, * FROM unnest(%b::text[], %b::bigint[]) AS w (id, base))
  SELECT w.id, r.version, coalesce(r.by_user::text, 'server'), r.fields, r.state, r.device_root::text
  FROM w JOIN revision r ON r.organisation_id = w.organisation_id AND r.id = w.id::uuid AND r.version > w.base
  ORDER BY r.id, r.version"""

BODIES = """
  WITH w AS (SELECT %s::uuid AS organisation_id, * FROM unnest(%b::text[], %b::bigint[]) AS w (id, version))
  SELECT w.id, r.version, r.body
  FROM w JOIN revision r ON r.organisation_id = w.organisation_id AND r.id = w.id::uuid AND r.version = w.version"""

# What a patient was at a version and since, and in versions that a device made.
BANNERS = """
  WITH w AS (SELECT %s::uuid AS organisation_id, * FROM unnest(%b::text[], %b::bigint[], %b::text[]) AS w (id, version, root))
  SELECT w.id, r.version, r.device_root::text, r.body
  FROM w JOIN revision r ON r.organisation_id = w.organisation_id AND r.id = w.id::uuid
    AND (r.version >= w.version OR r.device_root = w.root::uuid)"""

# … and what devices set on it in operations that became no version.
SHOWN = """
  SELECT v.record_id::text, d.root::text, v.shown
  FROM verdict v JOIN device d ON d.organisation_id = v.organisation_id AND d.device_id = v.device_id
  WHERE v.organisation_id = %s AND v.record_id = ANY(%b::text[]::uuid[]) AND v.shown IS NOT NULL"""
