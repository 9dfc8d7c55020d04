"""Teams by name, as people at the command line speak of them."""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

import orjson

from quill.postgres.sessions import SyncConnection
from quill.sync.log import SERVER, Change, Head, append


class Team(NamedTuple):
    id: str
    name: str


async def teams(connection: SyncConnection, organisation_id: str) -> list[Team]:
    """Every team of the organisation, by name."""
    found = await connection.execute(_TEAMS, (organisation_id,))
    return sorted(
        (Team(row[0], orjson.loads(row[1])["body"]["name"]) for row in await found.fetchall()), key=lambda one: one.name
    )


async def found_team(connection: SyncConnection, head: Head, name: str) -> tuple[Head, Team]:
    """A new team without members; the organisation's lock is held."""
    team = Team(str(uuid4()), name)
    body = {"name": name, "member_ids": []}
    head, _ = await append(connection, head, [Change("team", team.id, "org", 1, body, SERVER, "create", tuple(body))])
    return head, team


_TEAMS = "SELECT id::text, bytes FROM entry WHERE organisation_id = %s AND kind = 'team' AND NOT deleted"
