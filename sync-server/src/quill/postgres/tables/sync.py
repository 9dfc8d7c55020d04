"""The tables of ``quill_sync``. Every key leads with the organisation, which is also the shard key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from quill.postgres.tables import metadata

sync_metadata = metadata()


def _uuid(name: str, **options: Any) -> Column[Any]:
    return Column(name, Uuid(as_uuid=False), **{"nullable": False, **options})


def _text(name: str, **options: Any) -> Column[Any]:
    return Column(name, Text, **{"nullable": False, **options})


def _big(name: str, **options: Any) -> Column[Any]:
    return Column(name, BigInteger, **{"nullable": False, **options})


def _bytes(name: str, **options: Any) -> Column[Any]:
    return Column(name, LargeBinary, **{"nullable": False, **options})


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def _at(name: str, **options: Any) -> Column[Any]:
    return Column(name, TIMESTAMP(timezone=True), **{"nullable": False, **options})


def _table(name: str, *columns: Any) -> Table:
    return Table(name, sync_metadata, _uuid("organisation_id", primary_key=True), *columns)


# One row an organisation, locked by whoever writes to its log: the counter and both chains' heads.
organisation = _table(
    "organisation",
    _text("name"),
    _flag("demonstration"),
    Column("epoch", Integer, nullable=False, server_default=text("1")),
    _big("seq", server_default=text("0")),
    _big("audit_position", server_default=text("0")),
    _bytes("audit_chain", server_default=text("decode(repeat('00', 32), 'hex')")),
    _at("created_at", server_default=text("now()")),
)

# Who may ask, as the sign-in side tells it; checked at every push and pull.
actor = _table(
    "actor",
    _uuid("user_id", primary_key=True),
    _text("username"),
    _text("name"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("former_roles", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _flag("disabled"),
    _big("user_epoch", server_default=text("0")),
)

# One vault each. ``root``: the first id of the vault's chain of ids, which stands for the device in every rule.
device = _table(
    "device",
    _uuid("device_id", primary_key=True),
    _uuid("user_id"),
    _uuid("root"),
    _big("next_seq", server_default=text("1")),
    Column("replaces", ARRAY(Uuid(as_uuid=False)), nullable=False, server_default=text("'{}'")),
    _text("name", nullable=True),
    Column("public_key", JSONB),
    _text("app_version", nullable=True),
    _at("first_seen", server_default=text("now()")),
    _at("last_seen", nullable=True),
    Column("report", JSONB),
)

# Each record as it is now. ``bytes``: the wire entry, made once when it was written; ``sha256``: the record's hash in
# the digest. A changed record moves to a higher seq, never a lower one.
entry = _table(
    "entry",
    _uuid("id", primary_key=True),
    _text("kind"),
    _text("scope"),
    _big("seq"),
    _big("version"),
    _flag("deleted"),
    _bytes("sha256"),
    _text("nhs_number", nullable=True),
    _bytes("bytes"),
)
Index("ix_entry_scope", entry.c.organisation_id, entry.c.scope, entry.c.seq)
Index("ix_entry_seq", entry.c.organisation_id, entry.c.seq)
Index(
    "ix_entry_nhs_number",
    entry.c.organisation_id,
    entry.c.nhs_number,
    postgresql_where=text("nhs_number IS NOT NULL AND NOT deleted"),
)
Index("ix_entry_quarantine", entry.c.organisation_id, postgresql_where=text("kind = 'quarantine'"))

# Every version there ever was; nothing here is changed or removed. ``body``: canonical JSON (of a tombstone: the last
# one). ``by_user`` null: the server. ``made_at``: the device's clock, as sent; it decides nothing.
revision = _table(
    "revision",
    _uuid("id", primary_key=True),
    _big("version", primary_key=True),
    _text("kind"),
    _text("scope"),
    _big("seq"),
    _flag("deleted"),
    _bytes("body"),
    Column("fields", JSONB, nullable=False),
    _text("state", nullable=True),
    _uuid("by_user", nullable=True),
    _uuid("on_behalf_of", nullable=True),
    _at("at"),
    _text("action"),
    _uuid("op_id", nullable=True),
    _uuid("device_root", nullable=True),
    _text("made_at", nullable=True),
    _big("base_version", nullable=True),
    Column("base_epoch", Integer),
    Column("parents", ARRAY(Uuid(as_uuid=False))),
    _text("reason", nullable=True),
)

# Who got or lost which scope, and where in the log. Several may stand at one seq: that of the change they follow from.
membership_event = _table(
    "membership_event",
    _big("seq", primary_key=True),
    _uuid("user_id", primary_key=True),
    _text("scope", primary_key=True),
    _text("event"),
    _text("path"),
    _text("reason", nullable=True),
)
Index("ix_membership_event_user", membership_event.c.organisation_id, membership_event.c.user_id, membership_event.c.seq)
Index(
    "ix_membership_event_revoked",
    membership_event.c.organisation_id,
    membership_event.c.user_id,
    membership_event.c.scope,
    postgresql_where=text("event = 'revoke'"),
)

# Every path by which somebody has a scope now: ``direct``, ``team:<id>`` (a patient's), ``break_glass`` …
membership = _table(
    "membership",
    _uuid("user_id", primary_key=True),
    _text("scope", primary_key=True),
    _text("path", primary_key=True),
)
Index("ix_membership_scope", membership.c.organisation_id, membership.c.scope)

# The union of the paths. ``born``: the scope came to be in this person's sight, so it needs no back-fill.
visible_scope = _table(
    "visible_scope",
    _uuid("user_id", primary_key=True),
    _text("scope", primary_key=True),
    _big("since_seq"),
    _flag("born"),
)
Index("ix_visible_scope_scope", visible_scope.c.organisation_id, visible_scope.c.scope)

# The teams that care for a patient: ``team_ids`` of the patients' bodies, the other way round.
patient_team = _table("patient_team", _uuid("team_id", primary_key=True), _uuid("patient_id", primary_key=True))
Index("ix_patient_team_patient_id", patient_team.c.organisation_id, patient_team.c.patient_id)

# What was decided about an operation: ``attempt`` 0, for ever. Higher attempts only hold the number under which a known
# operation came again from another device id. ``content``: SHA-256 of the operation without its number. ``shown``: of an
# operation on a patient that did not become a version, what of the banner it set (rule 8).
verdict = _table(
    "verdict",
    _uuid("op_id", primary_key=True),
    Column("attempt", SmallInteger, primary_key=True, server_default=text("0")),
    _uuid("user_id"),
    _uuid("device_id", nullable=True),
    _big("device_seq", nullable=True),
    _bytes("content"),
    _text("outcome"),
    _bytes("verdict"),
    _uuid("record_id", nullable=True),
    _uuid("conflict_id", nullable=True),
    _flag("void"),
    Column("shown", JSONB),
    _at("at"),
)
Index(
    "uq_verdict_device_seq",
    verdict.c.organisation_id,
    verdict.c.device_id,
    verdict.c.device_seq,
    unique=True,
    postgresql_where=text("device_id IS NOT NULL"),
)
Index("ix_verdict_shown", verdict.c.organisation_id, verdict.c.record_id, postgresql_where=text("shown IS NOT NULL"))

# Conflicts that wait for a person; the record itself is in ``entry``.
open_conflict = _table(
    "open_conflict",
    _uuid("conflict_id", primary_key=True),
    _uuid("record_id"),
    _uuid("device_root"),
)
Index("ix_open_conflict_record_id", open_conflict.c.organisation_id, open_conflict.c.record_id)

# The audit trail. ``chain``: SHA-256 over the row before's chain and this row; that of a row with ``seq`` is what a
# cursor at that position carries. ``content``: SHA-256 of the body written.
audit = _table(
    "audit",
    _big("position", primary_key=True),
    _big("seq", nullable=True),
    _at("at"),
    _uuid("user_id", nullable=True),
    _uuid("device_id", nullable=True),
    _text("action"),
    _text("kind", nullable=True),
    _uuid("record_id", nullable=True),
    _big("version", nullable=True),
    _bytes("content", nullable=True),
    _text("detail", nullable=True),
    _bytes("chain"),
)
Index("uq_audit_seq", audit.c.organisation_id, audit.c.seq, unique=True, postgresql_where=text("seq IS NOT NULL"))

# Versions on their way to a clinical store.
delivery_queue = _table(
    "delivery_queue",
    _big("seq", primary_key=True),
    _text("target", primary_key=True),
    _uuid("id"),
    _text("kind"),
    _big("version"),
    _text("state", server_default=text("'waiting'")),
)

# Parts of a file that have arrived.
attachment_part = _table(
    "attachment_part",
    _uuid("attachment_id", primary_key=True),
    Column("part", Integer, primary_key=True),
    _big("size"),
    _bytes("sha256"),
    _at("at", server_default=text("now()")),
)

# What came from elsewhere, byte for byte as it came, under the id of the record made of it: it also has what no field of
# ours holds, and goes out again whole.
imported = _table(
    "imported",
    _uuid("id", primary_key=True),
    _text("kind"),
    _bytes("resource"),
    _at("at", server_default=text("now()")),
)
