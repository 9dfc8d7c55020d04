"""The tables of ``quill_auth``: who may sign in, and who has. Every key leads with the organisation.

Rows of no organisation (the limits on sign-in, tries with a name nobody has) stand under ``NOBODY``, so that one rule of
row-level security holds everywhere. Two more policies, each for one question that comes before an organisation is known,
are written in the migration: the account of a given name, and the changes that wait for the log's database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from quill.postgres.tables import metadata

auth_metadata = metadata()

NOBODY = "00000000-0000-0000-0000-000000000000"
"""In place of an organisation, where there is none."""


def _uuid(name: str, **options: Any) -> Column[Any]:
    return Column(name, Uuid(as_uuid=False), **{"nullable": False, **options})


def _text(name: str, **options: Any) -> Column[Any]:
    return Column(name, Text, **{"nullable": False, **options})


def _bytes(name: str, **options: Any) -> Column[Any]:
    return Column(name, LargeBinary, **{"nullable": False, **options})


def _at(name: str, **options: Any) -> Column[Any]:
    return Column(name, TIMESTAMP(timezone=True), **{"nullable": False, **options})


def _now(name: str) -> Column[Any]:
    return _at(name, server_default=text("now()"))


def _table(name: str, *columns: Any) -> Table:
    return Table(name, auth_metadata, _uuid("organisation_id", primary_key=True), *columns)


def _of_account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["organisation_id", "account_id"], ["account.organisation_id", "account.account_id"])


def _of_session() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["organisation_id", "session_id"], ["session.organisation_id", "session.session_id"])


organisation = _table(
    "organisation",
    _text("name"),
    Column("demonstration", Boolean, nullable=False, server_default=text("false")),
    _now("created_at"),
    UniqueConstraint("name"),
)

# A person of one organisation. The name is lower case and unique in the installation: sign-in is told no organisation.
account = _table(
    "account",
    _uuid("account_id", primary_key=True),
    _text("username"),
    _text("name"),
    _text("password_hash"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    Column("user_epoch", BigInteger, nullable=False, server_default=text("1")),  # raised: every session before it is over
    _now("created_at"),
    _now("password_changed_at"),
    UniqueConstraint("username"),
    ForeignKeyConstraint(["organisation_id"], ["organisation.organisation_id"]),
)

session = _table(
    "session",
    _uuid("session_id", primary_key=True),
    _uuid("account_id"),
    Column("user_epoch", BigInteger, nullable=False),
    _text("address"),
    _text("user_agent"),
    _now("started_at"),
    _at("expires_at"),
    _at("ended_at", nullable=True),
    _text("ended_reason", nullable=True),
    _of_account(),
    Index(None, "organisation_id", "account_id", "started_at"),
)

# One link of a session's chain of refresh tokens; the successor follows from the token itself, so only hashes are kept.
refresh_token = _table(
    "refresh_token",
    _bytes("token_sha256", primary_key=True),
    _uuid("session_id"),
    _now("issued_at"),
    _at("used_at", nullable=True),
    _bytes("used_by", nullable=True),  # SHA-256 of what the device says of itself
    _of_session(),
    Index(None, "organisation_id", "session_id"),
)

# AES-256-GCM under a key that is not in any database; a leak of this one doesn't give the codes.
totp_secret = _table(
    "totp_secret",
    _uuid("account_id", primary_key=True),
    _bytes("sealed"),
    _now("created_at"),
    _of_account(),
)

# A step once used is gone, whoever comes second.
totp_used = _table(
    "totp_used",
    _uuid("account_id", primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    _of_account(),
)

recovery_code = _table(
    "recovery_code",
    _uuid("account_id", primary_key=True),
    _bytes("code_sha256", primary_key=True),
    _at("used_at", nullable=True),
    _of_account(),
)

# Tries since a moment, by keyed hash of what is limited (account, address, account at an address). Under NOBODY.
sign_in_attempt = _table(
    "sign_in_attempt",
    _bytes("subject", primary_key=True),
    _at("since"),
    Column("tries", Integer, nullable=False),
)

# What the log's database has to be told about people, in order; carried there by ``quill.relay``.
auth_outbox = _table(
    "auth_outbox",
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("change", JSONB, nullable=False),
    _now("made_at"),
    _at("carried_at", nullable=True),
    Index("ix_auth_outbox_waiting", "position", postgresql_where=text("carried_at IS NULL")),
)

# Who signed in, failed to, refreshed, was ended. Only added to.
sign_in_event = _table(
    "sign_in_event",
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    _now("at"),
    _text("event"),
    _uuid("account_id", nullable=True),
    _uuid("session_id", nullable=True),
    _text("address"),
    _text("detail", nullable=True),
)
