"""Brings both databases to this version's tables: two trees of Alembic revisions, ``auth`` and ``sync``.

A tree is the modules in its folder, named ``r0001_<what>.py`` …; each has ``revision``, ``down_revision``, ``upgrade()``
and ``downgrade()``. ``application_role()`` names the role to grant to, ``protect`` forces row-level security.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import context, op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, create_engine, text

from quill.postgres.sessions import sqlalchemy_url
from quill.settings import Settings

TREES = ("auth", "sync")
ONE_AT_A_TIME = 7_105_116  # two servers may start at once
LOCK_TIMEOUT = "5s"  # better to fail and say so than to hold up everybody behind a waiting ALTER


def upgrade(settings: Settings) -> None:
    """Applies what is missing, a transaction for each revision. Safe to repeat, and to run twice at once."""
    for tree in TREES:
        move(settings, tree, "head")


def move(settings: Settings, tree: str, revision: str) -> None:
    """One tree to ``head``, up to a named revision, or down to ``base``."""
    script = _script(tree)
    if not script.get_heads():
        return
    with _connected(_owner_dsn(settings, tree)) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        down = revision == "base"

        def steps(current: tuple[str, ...], _context: MigrationContext) -> list[object]:
            found = script._downgrade_revs(revision, current) if down else script._upgrade_revs(revision, current)  # type: ignore[arg-type]
            return list(found)

        config = Config()
        config.attributes["application_role"] = conninfo_to_dict(_application_dsn(settings, tree))["user"]
        with EnvironmentContext(config, script, fn=steps) as environment:
            environment.configure(connection=connection, transaction_per_migration=True)
            environment.run_migrations()
        connection.commit()


def pending(settings: Settings) -> list[str]:
    """The trees whose database is not at this version's tables."""
    return [tree for tree in TREES if _current(_owner_dsn(settings, tree)) != set(_script(tree).get_heads())]


def application_role() -> str:
    """Within a migration: the role the server runs as."""
    return str(context.config.attributes["application_role"])


def protect(table: str, changes: str = "") -> None:
    """Within a migration: only rows of the connection's organisation. ``changes``: granted beside reading and adding."""
    mine = "organisation_id = nullif(current_setting('quill.organisation', true), '')::uuid"
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY own_organisation ON "{table}" USING ({mine}) WITH CHECK ({mine})')
    granted = "SELECT, INSERT" + (f", {changes}" if changes else "")
    op.execute(f'GRANT {granted} ON "{table}" TO "{application_role()}"')


def _script(tree: str) -> ScriptDirectory:
    folder = str(Path(__file__).parent / tree)
    return ScriptDirectory(folder, version_locations=[folder])


def _owner_dsn(settings: Settings, tree: str) -> str:
    return settings.auth_owner_dsn if tree == "auth" else settings.sync_owner_dsn


def _application_dsn(settings: Settings, tree: str) -> str:
    return settings.auth_dsn if tree == "auth" else settings.sync_dsn


def _current(dsn: str) -> set[str]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return set()
        return {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}


@contextmanager
def _connected(dsn: str) -> Iterator[Connection]:
    engine = create_engine(sqlalchemy_url(dsn))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
