"""What the commands share: both databases, and how people name an organisation, a team, a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import select

from quill.identity import accounts, outbox
from quill.identity.accounts import Account
from quill.identity.store import settle, within
from quill.postgres.sessions import AuthDatabase, SyncDatabase
from quill.postgres.tables.auth import NOBODY, organisation
from quill.settings import Settings
from quill.setup_error import SetupError
from quill.sync.log import lock_head
from quill.sync.people import keep_person
from quill.sync.teams import Team, found_team, teams


@dataclass(frozen=True, slots=True)
class Databases:
    auth: AuthDatabase
    sync: SyncDatabase

    async def tell_of_people(self) -> None:
        """Carries what the sign-in side decided to the log's side, as the server does."""
        while await outbox.deliver(self.auth, partial(keep_person, self.sync)):
            pass

    async def organisation(self, said: str) -> str:
        """The id of an organisation named by name or id."""
        async with within(self.auth, _as_id(said) or NOBODY, organisation_name=said) as connection:
            query = select(organisation.c.organisation_id).where(organisation.c.organisation_id != NOBODY)
            ids = (await connection.execute(query)).scalars().all()
        if not ids:
            raise SetupError(f"There is no organisation named “{said}”.")
        return str(ids[0])

    async def person(self, username: str) -> Account:
        name = accounts.folded(username)
        async with within(self.auth, username=name) as connection:
            organisation_id = await accounts.organisation_of(connection, name)
            await settle(connection, organisation=organisation_id or NOBODY)
            account = await accounts.find(connection, organisation_id, name) if organisation_id else None
        if account is None:
            raise SetupError(f"There is nobody with the user name “{name}”.")
        return account

    async def team(self, organisation_id: str, said: str, *, create: bool) -> Team:
        """A team named by name or id; made with that name where it isn't there and ``create`` is wanted."""
        async with self.sync.writing(organisation_id) as connection:
            head = await lock_head(connection, organisation_id)
            there = await teams(connection, organisation_id)
            for team in there:
                if said in (team.id, team.name):
                    return team
            if create:
                return (await found_team(connection, head, said))[1]
        known = ", ".join(team.name for team in there) or "none yet"
        raise SetupError(f"There is no team “{said}” (there are: {known}); --create makes it.")


@asynccontextmanager
async def databases(settings: Settings) -> AsyncIterator[Databases]:
    auth, sync = AuthDatabase(settings.auth_dsn), SyncDatabase(settings.sync_dsn, min_size=1, max_size=2)
    await sync.open()
    try:
        yield Databases(auth, sync)
    finally:
        await sync.close()
        await auth.close()


def _as_id(said: str) -> str | None:
    try:
        return str(UUID(said))
    except ValueError:
        return None
