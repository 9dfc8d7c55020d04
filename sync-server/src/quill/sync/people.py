"""What the log's database knows of people: who may push and pull as what (``actor``), and the staff directory."""

from __future__ import annotations

from typing import Any

import orjson

from quill.domain.actor import Actor
from quill.domain.person import Person
from quill.postgres.sessions import SyncConnection, SyncDatabase
from quill.sync.log import SERVER, Change, append, lock_head


async def keep_person(database: SyncDatabase, person: Person) -> None:
    """Takes over what the sign-in side decided: the organisation, the actor, the person's record.

    Safe to repeat, and late: what a carrier that was held up brings is left where something newer (``user_epoch``) is known.
    """
    async with database.writing(person.organisation_id) as connection:
        values = (person.organisation_id, person.organisation_name, person.demonstration)
        await connection.execute(_ORGANISATION, values)
        head = await lock_head(connection, person.organisation_id)
        kept = await connection.execute(_ACTOR, _actor(person))
        if not kept.rowcount:
            return
        change = await _directory(connection, person)
        if change:
            await append(connection, head, [change])


async def teams_of(database: SyncDatabase, actor: Actor) -> tuple[list[str], str]:
    """The ids of a person's teams, sorted, and their organisation's name."""
    async with database.reading(actor.organisation_id) as connection:
        found = await connection.execute(_TEAMS, {"organisation": actor.organisation_id, "user": actor.user_id}, prepare=True)
        row = await found.fetchone()
    return ([], "") if row is None else (row[0], row[1])


async def _directory(connection: SyncConnection, person: Person) -> Change | None:
    """The person's record as it should be, None where it is so already."""
    body = {
        "username": person.username,
        "name": person.name,
        "roles": sorted(person.roles),
        "active": not person.disabled,
    }
    found = await connection.execute(_PERSON, (person.organisation_id, person.user_id))
    row = await found.fetchone()
    if row is None:
        return Change("person", person.user_id, "org", 1, body, SERVER, "create", tuple(body))
    version, entry = row
    before = orjson.loads(entry)["body"]
    fields = tuple(name for name in body if before.get(name) != body[name])
    return Change("person", person.user_id, "org", version + 1, body, SERVER, "patch", fields) if fields else None


def _actor(person: Person) -> dict[str, Any]:
    return {
        "organisation": person.organisation_id,
        "user": person.user_id,
        "username": person.username,
        "name": person.name,
        "roles": sorted(person.roles),
        "disabled": person.disabled,
        "user_epoch": person.user_epoch,
    }


_ORGANISATION = """
  INSERT INTO organisation (organisation_id, name, demonstration) VALUES (%s, %s, %s)
  ON CONFLICT (organisation_id) DO UPDATE SET name = excluded.name WHERE organisation.name <> excluded.name"""
# Roles somebody once had are kept: late work made under them is quarantined, not refused.
_ACTOR = """
  INSERT INTO actor (organisation_id, user_id, username, name, roles, disabled, user_epoch)
  VALUES (%(organisation)s, %(user)s, %(username)s, %(name)s, %(roles)s, %(disabled)s, %(user_epoch)s)
  ON CONFLICT (organisation_id, user_id) DO UPDATE SET
    username = excluded.username, name = excluded.name, roles = excluded.roles,
    disabled = excluded.disabled, user_epoch = excluded.user_epoch,
    former_roles = ARRAY(SELECT DISTINCT one FROM unnest(actor.roles || actor.former_roles) AS one
                         WHERE one <> ALL(excluded.roles) ORDER BY one)
  WHERE actor.user_epoch <= excluded.user_epoch"""
_PERSON = "SELECT version, bytes FROM entry WHERE organisation_id = %s AND id = %s AND kind = 'person'"
_TEAMS = """
  SELECT ARRAY(SELECT substr(scope, 6) FROM membership WHERE organisation_id = %(organisation)s AND user_id = %(user)s
               AND scope LIKE 'team:%%' AND path = 'direct' ORDER BY scope), name
  FROM organisation WHERE organisation_id = %(organisation)s"""
