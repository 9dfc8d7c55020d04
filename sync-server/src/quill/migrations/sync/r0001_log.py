"""The log of an organisation and what decides about it; see ``quill.postgres.tables.sync`` for what each table means."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quill.migrations import application_role, protect

revision = "sync_0001"
down_revision = None

# What the server may do beside reading and adding; history, audit and verdicts it can't change or remove.
CHANGEABLE = {
    "actor": "UPDATE",
    "attachment_part": "UPDATE, DELETE",
    "audit": "",
    "delivery_queue": "UPDATE, DELETE",
    "device": "UPDATE",
    "entry": "UPDATE",
    "membership": "DELETE",
    "membership_event": "",
    "open_conflict": "UPDATE, DELETE",
    "organisation": "UPDATE",
    "patient_team": "DELETE",
    "revision": "",
    "verdict": "",
    "visible_scope": "UPDATE, DELETE",
}


def upgrade() -> None:
    op.create_table(
        "actor",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("former_roles", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("user_epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "user_id", name=op.f("pk_actor")),
    )
    op.create_table(
        "attachment_part",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("attachment_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "attachment_id", "part", name=op.f("pk_attachment_part")),
    )
    op.create_table(
        "audit",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("device_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("record_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "position", name=op.f("pk_audit")),
    )
    op.create_index(
        "uq_audit_seq", "audit", ["organisation_id", "seq"], unique=True, postgresql_where=sa.text("seq IS NOT NULL")
    )
    op.create_table(
        "delivery_queue",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "seq", "target", name=op.f("pk_delivery_queue")),
    )
    op.create_table(
        "device",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("device_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("root", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("next_seq", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("replaces", sa.ARRAY(sa.Uuid(as_uuid=False)), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("public_key", postgresql.JSONB(), nullable=True),
        sa.Column("app_version", sa.Text(), nullable=True),
        sa.Column("first_seen", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "device_id", name=op.f("pk_device")),
    )
    op.create_table(
        "entry",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("nhs_number", sa.Text(), nullable=True),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_entry")),
    )
    op.create_index(
        "ix_entry_nhs_number",
        "entry",
        ["organisation_id", "nhs_number"],
        unique=False,
        postgresql_where=sa.text("nhs_number IS NOT NULL AND NOT deleted"),
    )
    op.create_index("ix_entry_scope", "entry", ["organisation_id", "scope", "seq"], unique=False)
    op.create_index("ix_entry_seq", "entry", ["organisation_id", "seq"], unique=False)
    op.create_table(
        "membership",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "user_id", "scope", "path", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_scope", "membership", ["organisation_id", "scope"], unique=False)
    op.create_table(
        "membership_event",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "seq", "user_id", "scope", name=op.f("pk_membership_event")),
    )
    op.create_index("ix_membership_event_user", "membership_event", ["organisation_id", "user_id", "seq"], unique=False)
    op.create_table(
        "open_conflict",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("conflict_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("record_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("device_root", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "conflict_id", name=op.f("pk_open_conflict")),
    )
    op.create_index("ix_open_conflict_record_id", "open_conflict", ["organisation_id", "record_id"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("audit_position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("audit_chain", sa.LargeBinary(), server_default=sa.text("decode(repeat('00', 32), 'hex')"), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "patient_team",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("patient_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "team_id", "patient_id", name=op.f("pk_patient_team")),
    )
    op.create_index("ix_patient_team_patient_id", "patient_team", ["organisation_id", "patient_id"], unique=False)
    op.create_table(
        "revision",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("by_user", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("on_behalf_of", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("op_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("device_root", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("made_at", sa.Text(), nullable=True),
        sa.Column("base_version", sa.BigInteger(), nullable=True),
        sa.Column("base_epoch", sa.Integer(), nullable=True),
        sa.Column("parents", sa.ARRAY(sa.Uuid(as_uuid=False)), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "id", "version", name=op.f("pk_revision")),
    )
    op.create_table(
        "verdict",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("op_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("device_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("device_seq", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("verdict", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("conflict_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("void", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("shown", postgresql.JSONB(), nullable=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "op_id", "attempt", name=op.f("pk_verdict")),
    )
    op.create_index(
        "ix_verdict_shown",
        "verdict",
        ["organisation_id", "record_id"],
        unique=False,
        postgresql_where=sa.text("shown IS NOT NULL"),
    )
    op.create_index(
        "uq_verdict_device_seq",
        "verdict",
        ["organisation_id", "device_id", "device_seq"],
        unique=True,
        postgresql_where=sa.text("device_id IS NOT NULL"),
    )
    op.create_table(
        "visible_scope",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since_seq", sa.BigInteger(), nullable=False),
        sa.Column("born", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "user_id", "scope", name=op.f("pk_visible_scope")),
    )
    op.create_index("ix_visible_scope_scope", "visible_scope", ["organisation_id", "scope"], unique=False)
    # Entries are sent as they are: larger ones are kept apart, but never packed.
    op.execute("ALTER TABLE entry ALTER COLUMN bytes SET STORAGE EXTERNAL")
    for table, changes in CHANGEABLE.items():
        protect(table, changes)
    op.execute(f'GRANT SELECT ON alembic_version TO "{application_role()}"')


def downgrade() -> None:
    for table in CHANGEABLE:
        op.drop_table(table)
