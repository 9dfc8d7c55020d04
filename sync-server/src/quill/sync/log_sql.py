"""The statements of the log. Arrays are bound binary: as text the server would spend most of its time reading them."""

from __future__ import annotations

# Commit waits for the disk whatever the server's setting: nothing acknowledged is lost.
LOCK = """
  SELECT seq, epoch, audit_position, audit_chain,
         to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         set_config('synchronous_commit', 'on', true)
  FROM organisation WHERE organisation_id = %s FOR UPDATE"""

MOVE = """
  WITH moved AS (
    UPDATE organisation SET seq = %b, audit_position = %b, audit_chain = %b WHERE organisation_id = %s RETURNING 1)
  SELECT pg_notify('quill_head', %s) FROM moved"""

ENTRIES = """
  INSERT INTO entry (organisation_id, id, kind, scope, seq, version, deleted, sha256, nhs_number, bytes)
  SELECT %s::uuid, id::uuid, kind, scope, seq, version, deleted, sha256, nhs_number, bytes
  FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::boolean[], %b::bytea[], %b::text[],
              %b::bytea[])
    AS new (id, kind, scope, seq, version, deleted, sha256, nhs_number, bytes)
  ON CONFLICT (organisation_id, id) DO UPDATE SET
    seq = excluded.seq, version = excluded.version, deleted = excluded.deleted, sha256 = excluded.sha256,
    nhs_number = excluded.nhs_number, bytes = excluded.bytes"""

REVISIONS = """
  INSERT INTO revision (organisation_id, at, id, version, kind, scope, seq, deleted, body, fields, state, by_user,
                        on_behalf_of, action, op_id, device_root, made_at, base_version, base_epoch, parents, reason)
  SELECT %s::uuid, %s::timestamptz, id::uuid, version, kind, scope, seq, deleted, body, fields::jsonb, state, by_user::uuid,
         on_behalf_of::uuid, action, op_id::uuid, device_root::uuid, made_at, base_version, base_epoch, parents::uuid[], reason
  FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::text[], %b::bigint[], %b::boolean[], %b::bytea[], %b::text[],
              %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[],
              %b::bigint[], %b::text[], %b::text[])
    AS new (id, version, kind, scope, seq, deleted, body, fields, state, by_user, on_behalf_of, action, op_id, device_root,
            made_at, base_version, base_epoch, parents, reason)"""

AUDIT = """
  INSERT INTO audit (organisation_id, at, position, seq, user_id, device_id, action, kind, record_id, version, content,
                     detail, chain)
  SELECT %s::uuid, %s::timestamptz, position, seq, user_id::uuid, device_id::uuid, action, kind, record_id::uuid, version,
         content, detail, chain
  FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[],
              %b::bytea[], %b::text[], %b::bytea[])
    AS new (position, seq, user_id, device_id, action, kind, record_id, version, content, detail, chain)"""

DELIVERIES = """
  INSERT INTO delivery_queue (organisation_id, seq, target, id, kind, version)
  SELECT %s::uuid, seq, target, id::uuid, kind, version
  FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::bigint[]) AS new (seq, target, id, kind, version)"""
