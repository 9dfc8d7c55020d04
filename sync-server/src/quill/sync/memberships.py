"""Who is a member of which scope, and by which paths.

Access is the union of all paths: it is granted when the first path opens and revoked when the last one ends. The
functions here keep the paths, set-wise, and answer what that grants and revokes: events that the caller appends to the
log in the same transaction, under the organisation's lock (``log.lock_head``).
"""

# ruff: noqa: S608  (put together from constants of this file; values are always parameters)
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import orjson
from psycopg import AsyncConnection

from quill.sync.log import SERVER, Access, Change, Head, append

DIRECT = "direct"

Connection = AsyncConnection[Any]


class Path(NamedTuple):
    """A way by which a person has a scope: ``direct``, or ``team:<id>`` for a patient a team of theirs cares for."""

    user_id: str
    scope: str
    path: str


class Teams(NamedTuple):
    """A patient's teams that came and went with one change."""

    patient_id: str
    added: Sequence[str]
    removed: Sequence[str] = ()


async def scope_born(connection: Connection, organisation_id: str, patients: Sequence[Teams], since_seq: int) -> None:
    """Patients were created at ``since_seq`` or later in this transaction.

    Who is in one of their teams sees the new scope from its first entry on, without a back-fill, so no event says it.
    """
    paths = await _care(connection, organisation_id, patients, "added")
    if paths:
        await connection.execute(_OPEN, _columns(organisation_id, paths))
        await connection.execute(_BORN, {**_columns(organisation_id, paths), "seq": since_seq})


async def after_team_ids_changed(
    connection: Connection, organisation_id: str, patients: Sequence[Teams], by: str
) -> list[Access]:
    """``team_ids`` of patients changed, each named at most once: grants for those who come, revokes for those who go."""
    came = await _care(connection, organisation_id, patients, "added")
    went = await _care(connection, organisation_id, patients, "removed")
    # Paths open before others close: who comes by one team while another goes keeps the scope, and nothing is said.
    return [*await open_paths(connection, organisation_id, came, by), *await close_paths(connection, organisation_id, went, by)]


async def add_to_team(connection: Connection, head: Head, user_id: str, team_id: str, by: str = SERVER) -> Head:
    """The person becomes a member of the team and of all its patients' scopes. KeyError: no such team."""
    team = await _team(connection, head, team_id, by)
    if user_id in team.body["member_ids"]:
        return head
    paths = await _paths_of_team(connection, head.organisation_id, user_id, team_id)
    members = sorted([*team.body["member_ids"], user_id])
    granted = await open_paths(connection, head.organisation_id, paths, by)
    return (await append(connection, head, [_with_members(team, members), *granted]))[0]


async def remove_from_team(
    connection: Connection, head: Head, user_id: str, team_id: str, by: str = SERVER, reason: str | None = None
) -> Head:
    """What the person had through the team alone is revoked. KeyError: no such team."""
    team = await _team(connection, head, team_id, by)
    if user_id not in team.body["member_ids"]:
        return head
    paths = await _paths_of_team(connection, head.organisation_id, user_id, team_id)
    members = [one for one in team.body["member_ids"] if one != user_id]
    revoked = await close_paths(connection, head.organisation_id, paths, by, reason)
    return (await append(connection, head, [*revoked, _with_members(team, members)]))[0]


async def open_paths(connection: Connection, organisation_id: str, paths: Sequence[Path], by: str) -> list[Access]:
    """Adds paths; answers the grants of scopes that come in sight by it."""
    found = await connection.execute(_OPEN, _columns(organisation_id, paths)) if paths else None
    return [Access(*row[:2], "grant", row[2], by) for row in await found.fetchall()] if found else []


async def close_paths(
    connection: Connection, organisation_id: str, paths: Sequence[Path], by: str, reason: str | None = None
) -> list[Access]:
    """Ends paths; answers the revokes of scopes whose last path ended."""
    found = await connection.execute(_CLOSE, _columns(organisation_id, paths)) if paths else None
    return [Access(*row[:2], "revoke", row[2], by, reason) for row in await found.fetchall()] if found else []


async def _care(
    connection: Connection, organisation_id: str, patients: Sequence[Teams], which: Literal["added", "removed"]
) -> list[Path]:
    """Keeps which teams care for which patients; the paths by which those teams' members have them."""
    pairs = [(one.patient_id, team_id) for one in patients for team_id in getattr(one, which)]
    if not pairs:
        return []
    values = {"organisation": organisation_id, "patients": [pair[0] for pair in pairs], "teams": [pair[1] for pair in pairs]}
    await connection.execute(_CARES if which == "added" else _CARES_NO_MORE, values)
    found = await connection.execute(_MEMBERS, values)
    return [Path(*row) for row in await found.fetchall()]


async def _paths_of_team(connection: Connection, organisation_id: str, user_id: str, team_id: str) -> list[Path]:
    found = await connection.execute(_PATIENTS, (organisation_id, team_id))
    patients = [Path(user_id, f"patient:{row[0]}", f"team:{team_id}") for row in await found.fetchall()]
    return [Path(user_id, f"team:{team_id}", DIRECT), *patients]


async def _team(connection: Connection, head: Head, team_id: str, by: str) -> Change:
    """The team as it is, as the change that would leave it so."""
    found = await connection.execute(_TEAM, (head.organisation_id, team_id))
    row = await found.fetchone()
    if row is None:
        raise KeyError(team_id)
    version, entry = row
    known = orjson.loads(entry)
    return Change("team", team_id, known["scope"], version + 1, known["body"], SERVER, "patch", ("member_ids",), user_id=by)


def _with_members(team: Change, members: Sequence[str]) -> Change:
    return team._replace(body={**team.body, "member_ids": list(members)})


def _columns(organisation_id: str, paths: Sequence[Path]) -> dict[str, Any]:
    users, scopes, names = zip(*paths, strict=True)
    return {"organisation": organisation_id, "users": list(users), "scopes": list(scopes), "paths": list(names)}


_WANTED = "unnest(%(users)s::uuid[], %(scopes)s::text[], %(paths)s::text[]) AS w (user_id, scope, path)"
# What a statement changes it does not see: ``membership`` below is as it was before.
_OPEN = f"""
  WITH opened AS (
    INSERT INTO membership (organisation_id, user_id, scope, path)
    SELECT %(organisation)s::uuid, user_id, scope, path FROM {_WANTED} ON CONFLICT DO NOTHING
    RETURNING user_id, scope, path)
  SELECT user_id::text, scope, min(path) FROM opened o
  WHERE NOT EXISTS (SELECT FROM membership m WHERE m.organisation_id = %(organisation)s
                    AND m.user_id = o.user_id AND m.scope = o.scope)
  GROUP BY user_id, scope ORDER BY user_id, scope"""
_CLOSE = f"""
  WITH closed AS (
    DELETE FROM membership m USING {_WANTED}
    WHERE m.organisation_id = %(organisation)s AND m.user_id = w.user_id AND m.scope = w.scope AND m.path = w.path
    RETURNING m.user_id, m.scope, m.path)
  SELECT user_id::text, scope, min(path) FROM closed c
  WHERE NOT EXISTS (SELECT FROM membership m WHERE m.organisation_id = %(organisation)s
                    AND m.user_id = c.user_id AND m.scope = c.scope
                    AND (m.user_id, m.scope, m.path) NOT IN (SELECT user_id, scope, path FROM closed))
  GROUP BY user_id, scope ORDER BY user_id, scope"""
_BORN = f"""
  INSERT INTO visible_scope (organisation_id, user_id, scope, since_seq, born)
  SELECT DISTINCT %(organisation)s::uuid, user_id, scope, %(seq)s::bigint, true FROM {_WANTED} ON CONFLICT DO NOTHING"""

_CARES = """
  INSERT INTO patient_team (organisation_id, team_id, patient_id)
  SELECT %(organisation)s::uuid, t, p FROM unnest(%(teams)s::uuid[], %(patients)s::uuid[]) AS w (t, p) ON CONFLICT DO NOTHING"""
_CARES_NO_MORE = """
  DELETE FROM patient_team c USING unnest(%(teams)s::uuid[], %(patients)s::uuid[]) AS w (t, p)
  WHERE c.organisation_id = %(organisation)s AND c.team_id = w.t AND c.patient_id = w.p"""
_PATIENTS = "SELECT patient_id FROM patient_team WHERE organisation_id = %s AND team_id = %s"
_MEMBERS = """
  SELECT m.user_id::text, 'patient:' || w.patient, 'team:' || w.team
  FROM unnest(%(patients)s::uuid[], %(teams)s::uuid[]) AS w (patient, team)
  JOIN membership m ON m.organisation_id = %(organisation)s AND m.scope = 'team:' || w.team"""
_TEAM = "SELECT version, bytes FROM entry WHERE organisation_id = %s AND id = %s AND kind = 'team' AND NOT deleted"
