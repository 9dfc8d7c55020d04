"""Roles and databases of an installation whose PostgreSQL is ours: an owner that migrates, an application role a database."""

from __future__ import annotations

import psycopg
from psycopg import sql

OWNER = "quill_owner"
AUTH_DATABASE, AUTH_ROLE = "quill_auth", "quill_auth_app"
SYNC_DATABASE, SYNC_ROLE = "quill_sync", "quill_sync_app"


def provision(superuser_dsn: str, passwords: dict[str, str]) -> None:
    """Creates what is missing and sets the passwords; ``passwords`` is by role. Safe to repeat."""
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in (OWNER, AUTH_ROLE, SYNC_ROLE):
            verb = "ALTER" if role in there else "CREATE"
            connection.execute(
                sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(passwords[role])
                )
            )
        databases = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for database, role in ((AUTH_DATABASE, AUTH_ROLE), (SYNC_DATABASE, SYNC_ROLE)):
            if database in databases:
                continue
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER)))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(sql.Identifier(database), sql.Identifier(role))
            )
