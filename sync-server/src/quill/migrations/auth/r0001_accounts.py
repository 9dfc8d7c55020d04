"""Who may sign in, and who has; see ``quill.postgres.tables.auth`` for what each table means."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from quill.migrations import application_role, protect

revision = "auth_0001"
down_revision = None

# What the server may do beside reading and adding; what happened it can't change or remove.
CHANGEABLE = {
    "organisation": "",
    "account": "UPDATE",
    "session": "UPDATE",
    "refresh_token": "UPDATE, DELETE",
    "totp_secret": "UPDATE, DELETE",
    "totp_used": "DELETE",
    "recovery_code": "UPDATE, DELETE",
    "sign_in_attempt": "UPDATE, DELETE",
    "auth_outbox": "UPDATE",
    "sign_in_event": "",
}


def upgrade() -> None:
    now = sa.text("now()")
    op.create_table(
        "organisation",
        _uuid("organisation_id"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _at("created_at", server_default=now),
        _key("organisation"),
        sa.UniqueConstraint("name", name="uq_organisation_name"),
    )
    op.create_table(
        "account",
        _uuid("organisation_id"),
        _uuid("account_id"),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("user_epoch", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        _at("created_at", server_default=now),
        _at("password_changed_at", server_default=now),
        _key("account", "account_id"),
        sa.UniqueConstraint("username", name="uq_account_username"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.organisation_id"], name="fk_account_organisation_id"),
    )
    op.create_table(
        "session",
        _uuid("organisation_id"),
        _uuid("session_id"),
        _uuid("account_id"),
        sa.Column("user_epoch", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        _at("started_at", server_default=now),
        _at("expires_at"),
        _at("ended_at", nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        _key("session", "session_id"),
        _of_account("session"),
    )
    op.create_index(
        "ix_session_organisation_id_account_id_started_at", "session", ["organisation_id", "account_id", "started_at"]
    )
    op.create_table(
        "refresh_token",
        _uuid("organisation_id"),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        _uuid("session_id"),
        _at("issued_at", server_default=now),
        _at("used_at", nullable=True),
        sa.Column("used_by", sa.LargeBinary(), nullable=True),
        _key("refresh_token", "token_sha256"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "session_id"],
            ["session.organisation_id", "session.session_id"],
            name="fk_refresh_token_organisation_id_session_id",
        ),
    )
    op.create_index("ix_refresh_token_organisation_id_session_id", "refresh_token", ["organisation_id", "session_id"])
    op.create_table(
        "totp_secret",
        _uuid("organisation_id"),
        _uuid("account_id"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _at("created_at", server_default=now),
        _key("totp_secret", "account_id"),
        _of_account("totp_secret"),
    )
    op.create_table(
        "totp_used",
        _uuid("organisation_id"),
        _uuid("account_id"),
        sa.Column("step", sa.BigInteger(), nullable=False),
        _key("totp_used", "account_id", "step"),
        _of_account("totp_used"),
    )
    op.create_table(
        "recovery_code",
        _uuid("organisation_id"),
        _uuid("account_id"),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        _at("used_at", nullable=True),
        _key("recovery_code", "account_id", "code_sha256"),
        _of_account("recovery_code"),
    )
    op.create_table(
        "sign_in_attempt",
        _uuid("organisation_id"),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        _at("since"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _key("sign_in_attempt", "subject"),
    )
    op.create_table(
        "auth_outbox",
        _uuid("organisation_id"),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("change", JSONB(), nullable=False),
        _at("made_at", server_default=now),
        _at("carried_at", nullable=True),
        _key("auth_outbox", "position"),
    )
    op.create_index("ix_auth_outbox_waiting", "auth_outbox", ["position"], postgresql_where=sa.text("carried_at IS NULL"))
    op.create_table(
        "sign_in_event",
        _uuid("organisation_id"),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _at("at", server_default=now),
        sa.Column("event", sa.Text(), nullable=False),
        _uuid("account_id", nullable=True),
        _uuid("session_id", nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        _key("sign_in_event", "position"),
    )
    for table, changes in CHANGEABLE.items():
        protect(table, changes)
    _before_an_organisation_is_known()


def _before_an_organisation_is_known() -> None:
    """Each of these shows exactly what one question asks for, and only for reading (the outbox also for ticking off)."""
    asked = "nullif(current_setting('quill.{}', true), '')"
    op.execute(f"CREATE POLICY by_username ON account FOR SELECT USING (username = {asked.format('username')})")
    op.execute(f"CREATE POLICY by_name ON organisation FOR SELECT USING (name = {asked.format('organisation_name')})")
    relay = f"{asked.format('relay')} = 'on'"
    op.execute(f"CREATE POLICY waiting ON auth_outbox FOR SELECT USING ({relay})")
    op.execute(f"CREATE POLICY carried ON auth_outbox FOR UPDATE USING ({relay})")
    op.execute(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{application_role()}"')


def downgrade() -> None:
    for table in reversed(CHANGEABLE):
        op.drop_table(table)


def _uuid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(as_uuid=False), nullable=nullable)


def _at(name: str, *, nullable: bool = False, server_default: Any = None) -> sa.Column[Any]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable, server_default=server_default)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("organisation_id", *columns, name=f"pk_{table}")


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", "account_id"],
        ["account.organisation_id", "account.account_id"],
        name=f"fk_{table}_organisation_id_account_id",
    )
