"""The tables as migrated: closed to other organisations, shardable, and as the metadata says."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from quill.installation import installation
from quill.migrations import TREES, move, pending
from quill.postgres.places import erase
from quill.postgres.sessions import SyncDatabase, sqlalchemy_url
from quill.postgres.tables.sync import sync_metadata
from quill.settings import Place, Settings

from .ward import Ward

TABLES = sorted(sync_metadata.tables)


def test_every_key_and_every_index_leads_with_the_organisation(settings: Settings) -> None:
    with psycopg.connect(settings.sync_owner_dsn) as connection:
        found = connection.execute(
            "SELECT c.relname, pg_get_indexdef(i.indexrelid, 1, true) FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indrelid "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'"
        ).fetchall()
    assert {table for table, _ in found} == set(TABLES)
    assert {first for _, first in found} == {"organisation_id"}


def test_every_table_has_its_rows_closed_even_to_its_owner(settings: Settings) -> None:
    with psycopg.connect(settings.sync_owner_dsn) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND relrowsecurity AND relforcerowsecurity ORDER BY 1"
        ).fetchall()
    assert [table for (table,) in found] == TABLES


def test_the_migrations_make_what_the_metadata_says(settings: Settings) -> None:
    engine = create_engine(sqlalchemy_url(settings.sync_owner_dsn))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, sync_metadata) == []
    engine.dispose()


def test_the_application_owns_nothing_and_row_security_binds_it(settings: Settings) -> None:
    with psycopg.connect(settings.sync_dsn) as connection:
        role = connection.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
        owned = connection.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user"
        )
        assert role == (False, False)
        assert owned.fetchone() == (0,)


@pytest.mark.parametrize("table", TABLES)
async def test_without_an_organisation_and_in_another_there_is_nothing(ward: Ward, settings: Settings, table: str) -> None:
    device = await ward.device(ward.amara)
    patient = device.new_patient()
    await device.push(patient, device.new_letter(patient["id"]))
    count = f"SELECT count(*) FROM {table}"
    with psycopg.connect(settings.sync_dsn) as connection:
        assert connection.execute(count).fetchone() == (0,)
        connection.execute("SELECT set_config('quill.organisation', %s, true)", (str(uuid4()),))
        assert connection.execute(count).fetchone() == (0,)
        connection.rollback()  # the setting is then '' and no longer absent
        assert connection.execute(count).fetchone() == (0,)


async def test_rows_of_another_organisation_can_not_be_written(ward: Ward, database: SyncDatabase) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with database.writing(ward.organisation_id) as connection:
            await connection.execute("INSERT INTO organisation (organisation_id, name) VALUES (%s, 'x')", (str(uuid4()),))


def test_up_down_and_up_again(tmp_path: Path) -> None:
    """In an installation of its own: what is taken down here is in use elsewhere."""
    try:
        with installation(Place(tmp_path, "127.0.0.1", 8000, (), static_dir=None)) as elsewhere:
            for tree in TREES:
                for revision in ("head", "base", "head"):
                    move(elsewhere, tree, revision)
                    assert (tree in pending(elsewhere)) == (revision == "base")
    finally:
        erase(tmp_path)
