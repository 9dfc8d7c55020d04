"""Who is a member of which scope, and by which paths; changed only in the transaction whose change it follows from.

Access is the union of all paths: a grant is an event when the first path opens, a revoke when the last one ends. All
functions want the organisation's lock held (``log.lock_head``), and work set-wise. ``seq`` is always that of the change
the memberships follow from, at whose position they stand: a team's new list of members, a patient's new list of teams.
"""

# ruff: noqa: S608  (put together from constants of this file; values are always parameters)
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import orjson
from psycopg import AsyncConnection

from quill.postgres.arrays import bigs, columns, texts
from quill.sync.log import SERVER, Change, Head, append

DIRECT = "direct"

Connection = AsyncConnection[Any]


class Path(NamedTuple):
    """A way by which a person has a scope: ``direct``, or ``team:<id>`` for a patient a team of theirs cares for."""

    user_id: str
    scope: str
    path: str
    seq: int


class Teams(NamedTuple):
    """A patient's teams that came (``added``) and went (``removed``) with the change at ``seq``."""

    patient_id: str
    seq: int
    added: Sequence[str]
    removed: Sequence[str] = ()


async def scope_born(connection: Connection, organisation_id: str, patients: Sequence[Teams]) -> None:
    """Patients were created: who is in one of their teams sees the new scope from its first entry on, without back-fill."""
    pairs = [(one.patient_id, team_id, one.seq) for one in patients for team_id in one.added]
    if pairs:
        values = {"organisation": organisation_id, **_pairs(pairs), "born": True, "event": "born"}
        await connection.execute(_CARES, values, prepare=True, binary=True)
        await connection.execute(_BORN, values, prepare=True, binary=True)


async def after_team_ids_changed(connection: Connection, organisation_id: str, patients: Sequence[Teams]) -> None:
    """Patients' ``team_ids`` changed, each named at most once: grants for those who come, revokes for those who go."""
    came = await _care(connection, organisation_id, patients, "added")
    went = await _care(connection, organisation_id, patients, "removed")
    # Paths open before others close: who comes by one team while another goes keeps the scope, and nothing is said.
    await open_paths(connection, organisation_id, came)
    await close_paths(connection, organisation_id, went)


async def add_to_team(connection: Connection, head: Head, user_id: str, team_id: str, by: str = SERVER) -> Head:
    """The person becomes a member of the team, with the scopes of all its patients. KeyError: no such team."""
    team = await _team(connection, head, team_id, by)
    members = team.body["member_ids"]
    if user_id in members:
        return head
    after, _ = await append(connection, head, [_with_members(team, sorted([*members, user_id]))])
    paths = await _paths_of_team(connection, head.organisation_id, user_id, team_id, after.seq)
    await open_paths(connection, head.organisation_id, paths)
    return after


async def remove_from_team(
    connection: Connection, head: Head, user_id: str, team_id: str, by: str = SERVER, reason: str | None = None
) -> Head:
    """What the person had through the team alone is revoked. KeyError: no such team."""
    team = await _team(connection, head, team_id, by)
    members = team.body["member_ids"]
    if user_id not in members:
        return head
    after, _ = await append(connection, head, [_with_members(team, [one for one in members if one != user_id])])
    paths = await _paths_of_team(connection, head.organisation_id, user_id, team_id, after.seq)
    await close_paths(connection, head.organisation_id, paths, reason=reason)
    return after


async def open_paths(connection: Connection, organisation_id: str, paths: Sequence[Path]) -> None:
    """Adds paths; a scope that comes in sight by it is granted."""
    if paths:
        await connection.execute(_OPEN, {**_columns(organisation_id, paths), "born": False, "event": "grant"})


async def close_paths(
    connection: Connection, organisation_id: str, paths: Sequence[Path], *, reason: str | None = None
) -> None:
    """Ends paths; a scope whose last path ended is revoked."""
    if paths:
        await connection.execute(_CLOSE, {**_columns(organisation_id, paths), "reason": reason})


async def _care(
    connection: Connection, organisation_id: str, patients: Iterable[Teams], which: Literal["added", "removed"]
) -> list[Path]:
    """Keeps which teams care for which patients; answers the paths by which those teams' members have them."""
    pairs = [(one.patient_id, team_id, one.seq) for one in patients for team_id in getattr(one, which)]
    if not pairs:
        return []
    values = {"organisation": organisation_id, **_pairs(pairs)}
    await connection.execute(_CARES if which == "added" else _CARES_NO_MORE, values)
    found = await connection.execute(_MEMBERS, values)
    return [Path(*row) for row in await found.fetchall()]


async def _paths_of_team(connection: Connection, organisation_id: str, user_id: str, team_id: str, seq: int) -> list[Path]:
    found = await connection.execute(_PATIENTS, (organisation_id, team_id))
    patients = [Path(user_id, f"patient:{row[0]}", f"team:{team_id}", seq) for row in await found.fetchall()]
    return [Path(user_id, f"team:{team_id}", DIRECT, seq), *patients]


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


def _pairs(pairs: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """Of (patient, team, seq)."""
    return dict(zip(("patients", "teams", "seqs"), columns((texts, texts, bigs), pairs), strict=True))


def _columns(organisation_id: str, paths: Sequence[Path]) -> dict[str, Any]:
    columns = dict(zip(("users", "scopes", "paths", "seqs"), map(list, zip(*paths, strict=True)), strict=True))
    return {"organisation": organisation_id, **columns}


_WANTED = """
  wanted AS (SELECT * FROM unnest(%(users)s::uuid[], %(scopes)s::text[], %(paths)s::text[], %(seqs)s::bigint[])
             AS w (user_id, scope, path, seq))"""

# What a statement changes it does not see: ``membership`` in its conditions is as it was before.
_OPENING = """, opened AS (
    INSERT INTO membership (organisation_id, user_id, scope, path)
    SELECT DISTINCT %(organisation)s::uuid, user_id, scope, path FROM wanted ON CONFLICT DO NOTHING),
  seen AS (
    INSERT INTO visible_scope (organisation_id, user_id, scope, since_seq, born)
    SELECT %(organisation)s::uuid, user_id, scope, min(seq), %(born)s FROM wanted w
    WHERE NOT EXISTS (SELECT FROM membership m WHERE m.organisation_id = %(organisation)s
                      AND m.user_id = w.user_id AND m.scope = w.scope)
    GROUP BY user_id, scope RETURNING user_id, scope, since_seq)
  INSERT INTO membership_event (organisation_id, seq, user_id, scope, event, path)
  SELECT %(organisation)s::uuid, s.since_seq, s.user_id, s.scope, %(event)s, min(w.path)
  FROM seen s JOIN wanted w USING (user_id, scope) GROUP BY s.since_seq, s.user_id, s.scope"""
_OPEN = f"WITH {_WANTED} {_OPENING}"
_CLOSE = f"""
  WITH {_WANTED}, closed AS (
    DELETE FROM membership m USING wanted w
    WHERE m.organisation_id = %(organisation)s AND m.user_id = w.user_id AND m.scope = w.scope AND m.path = w.path
    RETURNING m.user_id, m.scope, m.path, w.seq),
  ended AS (
    SELECT user_id, scope, min(path) AS path, max(seq) AS seq FROM closed c
    WHERE NOT EXISTS (SELECT FROM membership m WHERE m.organisation_id = %(organisation)s
                      AND m.user_id = c.user_id AND m.scope = c.scope
                      AND (m.user_id, m.scope, m.path) NOT IN (SELECT user_id, scope, path FROM closed))
    GROUP BY user_id, scope),
  unseen AS (
    DELETE FROM visible_scope v USING ended e
    WHERE v.organisation_id = %(organisation)s AND v.user_id = e.user_id AND v.scope = e.scope)
  INSERT INTO membership_event (organisation_id, seq, user_id, scope, event, path, reason)
  SELECT %(organisation)s::uuid, seq, user_id, scope, 'revoke', path, %(reason)s FROM ended"""

_CARES = """
  INSERT INTO patient_team (organisation_id, team_id, patient_id)
  SELECT %(organisation)s::uuid, t::uuid, p::uuid FROM unnest(%(teams)b::text[], %(patients)b::text[]) AS w (t, p)
  ON CONFLICT DO NOTHING"""
_CARES_NO_MORE = """
  DELETE FROM patient_team c USING unnest(%(teams)b::text[], %(patients)b::text[]) AS w (t, p)
  WHERE c.organisation_id = %(organisation)s AND c.team_id = w.t::uuid AND c.patient_id = w.p::uuid"""
_PATIENTS = "SELECT patient_id FROM patient_team WHERE organisation_id = %s AND team_id = %s"
_TEAMS_MEMBERS = """
  FROM unnest(%(patients)b::text[], %(teams)b::text[], %(seqs)b::bigint[]) AS w (patient, team, seq)
  JOIN membership m ON m.organisation_id = %(organisation)s AND m.scope = 'team:' || w.team"""
_MEMBERS = f"SELECT m.user_id::text, 'patient:' || w.patient, 'team:' || w.team, w.seq {_TEAMS_MEMBERS}"
_BORN = f"""
  WITH wanted AS (
    SELECT m.user_id, 'patient:' || w.patient AS scope, 'team:' || w.team AS path, w.seq {_TEAMS_MEMBERS}) {_OPENING}"""
_TEAM = "SELECT version, bytes FROM entry WHERE organisation_id = %s AND id = %s AND kind = 'team' AND NOT deleted"
