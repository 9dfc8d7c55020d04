"""The database of sign-in: as its tables say, and closed to whoever is not within an organisation."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, select

from quill.identity.identity import Identity
from quill.identity.store import within
from quill.installation import installation
from quill.migrations import move, pending, upgrade
from quill.postgres.places import erase
from quill.postgres.sessions import sqlalchemy_url
from quill.postgres.tables.auth import account, auth_metadata, auth_outbox
from quill.settings import Place, Settings

from .people import Organisation, Person

TABLES = sorted(auth_metadata.tables)


def test_migrations_make_what_the_tables_say(settings: Settings) -> None:
    engine = create_engine(sqlalchemy_url(settings.auth_owner_dsn))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), auth_metadata)
    engine.dispose()
    assert differences == []


@pytest.mark.parametrize("table", TABLES)
def test_every_key_leads_with_the_organisation(table: str) -> None:
    assert next(iter(auth_metadata.tables[table].primary_key.columns)).name == "organisation_id"


@pytest.mark.parametrize("role", ["application", "owner"])
async def test_without_an_organisation_there_are_no_rows(settings: Settings, person: Person, role: str) -> None:
    dsn = settings.auth_dsn if role == "application" else settings.auth_owner_dsn
    with psycopg.connect(dsn) as connection:
        for table in TABLES:
            assert connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (0,), table  # type: ignore[call-overload]


async def test_a_name_shows_its_own_account_and_nothing_else(
    person: Person, organisation: Organisation, identity: Identity
) -> None:
    await organisation.person()
    async with within(identity.database, username=person.username) as connection:
        assert (await connection.execute(select(account.c.username))).scalars().all() == [person.username]
        changed = await connection.execute(account.update().values(disabled=True))
        assert changed.rowcount == 0


async def test_another_organisation_sees_nothing(person: Person, organisation: Organisation, identity: Identity) -> None:
    other = await Organisation(identity).found()
    async with within(identity.database, other.organisation_id) as connection:
        assert (await connection.execute(select(account.c.username))).scalars().all() == []
        assert (await connection.execute(select(auth_outbox.c.position))).scalars().all() == []


@pytest.mark.parametrize(
    "statement", ["UPDATE sign_in_event SET event = 'x'", "DELETE FROM sign_in_event", "DELETE FROM account"]
)
def test_what_happened_cannot_be_changed(settings: Settings, statement: str) -> None:
    with psycopg.connect(settings.auth_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[call-overload]


def test_down_and_up_again(tmp_path: Path) -> None:
    """On an installation of its own: the one of the other tests is in use."""
    with installation(Place(tmp_path, "127.0.0.1", 8000, (), static_dir=None)) as settings:
        upgrade(settings)
        move(settings, "auth", "base")
        with psycopg.connect(settings.auth_owner_dsn) as connection:
            left = connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            )
            assert left.fetchall() == [("alembic_version",)]
        upgrade(settings)
        assert pending(settings) == []
    erase(tmp_path)
