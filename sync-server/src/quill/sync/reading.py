"""Fills the facts a batch is decided by: a few set-wise queries for all of its operations, after the lock was taken.

Reading only adds: what is known already, the batch's own results with it, is never read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from quill.domain.decide import Record, Version
from quill.domain.facts import Op, Parallel
from quill.postgres.arrays import texts
from quill.postgres.sessions import SyncConnection
from quill.sync import facts_sql
from quill.sync.facts import BANNER, Device, Facts, Known, Person, Shown, named_in, nhs_number_of
from quill.sync.submission import ids_of, uuid_or_none


class Task(NamedTuple):
    """An operation to decide, by whom, from which device (None: without a vault)."""

    op: Op
    user_id: str
    device_id: str | None


class Reader:
    def __init__(self, connection: SyncConnection, facts: Facts) -> None:
        self._connection = connection
        self._facts = facts
        self._organisation = facts.head.organisation_id
        self._numbers: set[str] = set()
        self._access: set[tuple[str, str]] = set()
        self._history_from: dict[str, int] = {}
        self._banners: set[tuple[str, int, str]] = set()

    async def read(self, tasks: Sequence[Task]) -> None:
        """All that deciding these may need, and what they bring with them: waiting operations, quarantined ones."""
        while tasks:
            await self._read_named(tasks)
            await self._read_followed(tasks)
            tasks = [one for task in tasks for one in _implied(self._facts, task)]

    async def _read_named(self, tasks: Sequence[Task]) -> None:
        """What the operations themselves name."""
        facts = self._facts
        ids = list({found for task in tasks for found in ids_of(task.op)} - facts.records.keys())
        op_ids = list({op_id for task in tasks for op_id in _op_ids(task.op)} - facts.verdicts.keys())
        devices = list({task.device_id for task in tasks if task.device_id} - facts.devices.keys())
        users = list({user for task in tasks for user in (task.user_id, named_in(task.op)) if user} - facts.people.keys())
        numbers = list({number for task in tasks if (number := nhs_number_of(task.op))} - self._numbers)
        self._numbers.update(numbers)
        facts.people.update((user, Person()) for user in users)
        async with self._connection.pipeline():
            records = await self._ask(facts_sql.RECORDS, ids)
            twins = await self._ask(facts_sql.SAME_NUMBER, numbers)
            conflicts = await self._ask(facts_sql.CONFLICTS, ids)
            verdicts = await self._ask(facts_sql.VERDICTS, op_ids)
            vaults = await self._ask(facts_sql.DEVICES, devices)
            actors = await self._ask(facts_sql.ACTORS, users)
            teams = await self._ask(facts_sql.TEAMS, users)
            access = await self._ask_access({scope for task in tasks for scope in _likely_scopes(task.op)})
            self._keep_people(users, await _rows(actors), await _rows(teams))
            self._keep_records(ids, await _rows(records))
            self._keep_records([], await _rows(twins))
            self._keep_conflicts(await _rows(conflicts))
            facts.verdicts.update(dict.fromkeys(op_ids))
            facts.verdicts.update((row[0], Known(*row[1:])) for row in await _rows(verdicts))
            facts.devices.update(dict.fromkeys(devices))
            facts.devices.update((row[0], Device(*row[1:])) for row in await _rows(vaults))
            self._keep_access(await _rows(access))

    async def _read_followed(self, tasks: Sequence[Task]) -> None:
        """What only the records say is needed: their patients, their versions since, who may see them."""
        facts = self._facts
        about = [record for task in tasks if (record := facts.record(task.op.get("id"))) is not None]
        await self.read_records({found for record in about if (found := uuid_or_none(record.body.get("patient_id")))})
        await self._read_history(tasks)
        await self._read_banners(tasks)
        await self.read_access({record.scope for record in facts.records.values() if record is not None})

    async def read_records(self, wanted: set[str]) -> None:
        ids = list(wanted - self._facts.records.keys())
        if ids:
            async with self._connection.pipeline():
                records = await self._ask(facts_sql.RECORDS, ids)
                conflicts = await self._ask(facts_sql.CONFLICTS, ids)
                self._keep_records(ids, await _rows(records))
                self._keep_conflicts(await _rows(conflicts))

    async def read_access(self, scopes: set[str]) -> None:
        async with self._connection.pipeline():
            self._keep_access(await _rows(await self._ask_access(scopes)))

    async def read_access_again(self, scopes: set[str]) -> None:
        """After memberships of these scopes were changed by this transaction."""
        self._access = {pair for pair in self._access if pair[1] not in scopes}
        for person in self._facts.people.values():
            for scope in scopes:
                person.access.pop(scope, None)
        await self.read_access(scopes)

    async def numbers_used(self, used: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """The operation under which each (device, number) was used."""
        if not used:
            return {}
        devices, numbers = map(list, zip(*used, strict=True))
        found = await self._connection.execute(
            facts_sql.NUMBERS, (self._organisation, devices, numbers), prepare=True, binary=True
        )
        return {(row[0], row[1]): row[2] for row in await found.fetchall()}

    async def _read_history(self, tasks: Sequence[Task]) -> None:
        facts = self._facts
        bases: dict[str, int] = {}
        for task in tasks:
            record, base = facts.record(task.op.get("id")), _base(task.op, facts.head.epoch)
            if record is not None and base is not None and base < self._history_from.get(record.id, record.version):
                bases[record.id] = min(base, bases.get(record.id, base))
        if not bases:
            return
        ids, versions = list(bases), list(bases.values())
        async with self._connection.pipeline():
            history = await self._ask(facts_sql.HISTORY, ids, versions)
            bodies = await self._ask(facts_sql.BODIES, ids, versions)
            read: dict[str, list[Version]] = defaultdict(list)
            for record_id, version, by, fields, state, root in await _rows(history):
                read[record_id].append(Version(version, by, tuple(fields), state, root))
            for record_id, version, body in await _rows(bodies):
                facts.bodies[record_id, version] = orjson.loads(body)
        facts.history.update(read)
        self._history_from.update(bases)

    async def _read_banners(self, tasks: Sequence[Task]) -> None:
        """Rule 8 looks back only where what was seen is not what the patient is."""
        facts = self._facts
        wanted: set[tuple[str, int, str]] = set()
        for task in tasks:
            seen = task.op.get("seen")
            patient = facts.record(seen.get("patient_id")) if isinstance(seen, dict) else None
            if patient is None or not isinstance(seen, dict) or type(seen.get("version")) is not int:
                continue
            if any(seen.get(name) != patient.body.get(name) for name in BANNER):
                wanted.add((patient.id, seen["version"], facts.root(task.device_id) or patient.id))
        wanted -= self._banners
        if not wanted:
            return
        self._banners |= wanted
        ids, versions, roots = map(list, zip(*wanted, strict=True))
        async with self._connection.pipeline():
            banners = await self._ask(facts_sql.BANNERS, ids, versions, roots)
            shown = await self._ask(facts_sql.SHOWN, ids)
            for patient_id, version, root, body in await _rows(banners):
                facts.banners[patient_id].append(Shown(version, root, orjson.loads(body)))
            for patient_id, root, said in await _rows(shown):
                facts.banners[patient_id].append(Shown(0, root, said, whole=False))

    async def _ask(self, statement: str, wanted: Sequence[str], *more: Any) -> AsyncCursor[TupleRow] | None:
        """Within a pipeline: the answer is fetched when all has been asked. Nothing wanted, nothing asked."""
        if not wanted:
            return None
        values = (self._organisation, texts(wanted), *more)
        return await self._connection.execute(statement, values, prepare=True, binary=True)

    async def _ask_access(self, scopes: set[str]) -> AsyncCursor[TupleRow] | None:
        people = self._facts.people
        wanted = {(user, scope) for user in people for scope in scopes} - self._access
        self._access |= wanted
        users = [user for user in people if any((user, scope) in wanted for scope in scopes)]
        asked = list({scope for _, scope in wanted})
        if not asked:
            return None
        return await self._ask(facts_sql.ACCESS, asked, users)

    def _keep_people(self, users: Sequence[str], actors: Sequence[TupleRow], teams: Sequence[TupleRow]) -> None:
        """Of the roles of a session those count that the log's database confirms, where it was told of the person."""
        people, sessions = self._facts.people, self._facts.sessions
        told = {user: frozenset(roles) for user, roles, _, _ in actors}
        for user, _, former_roles, disabled in actors:
            people[user].disabled, people[user].former_roles = disabled, frozenset(former_roles)
        for user in users:
            session = sessions.get(user)
            roles = told.get(user, session or frozenset())
            people[user].act_as(roles if session is None else roles & session)
        for user, team, held in teams:
            if held:
                people[user].teams |= {team}
            else:
                people[user].former_teams |= {team}
        for person in people.values():
            person.former_teams -= person.teams

    def _keep_records(self, asked: Sequence[str], rows: Sequence[TupleRow]) -> None:
        facts = self._facts
        for record_id in asked:
            facts.records.setdefault(record_id, None)
        for record_id, kind, scope, version, deleted, packed, body, by, at in rows:
            if facts.records.get(record_id) is not None:
                continue
            if deleted:
                record = Record(kind, record_id, scope, version, orjson.loads(body), True, by, at)
            else:
                entry = orjson.loads(packed)
                parallel = tuple(Parallel(**{**one, "fields": tuple(one["fields"])}) for one in entry.get("parallel", ()))
                record = Record(kind, record_id, scope, version, entry["body"], False, entry["by"], entry["at"], parallel)
            facts.keep(record)
            facts.bodies[record_id, version] = record.body

    def _keep_conflicts(self, rows: Sequence[TupleRow]) -> None:
        facts = self._facts
        for record_id, conflict_id, root, scope, version, packed in rows:
            facts.conflicts.setdefault(record_id, {})[conflict_id] = root
            if facts.records.get(conflict_id) is None:
                entry = orjson.loads(packed)
                facts.keep(Record("conflict", conflict_id, scope, version, entry["body"], False, entry["by"], entry["at"]))

    def _keep_access(self, rows: Sequence[TupleRow]) -> None:
        people = self._facts.people
        for user, scope, held in rows:
            person = people[user]
            if not person.member:
                continue
            if held:
                person.access[scope] = "held"
            else:
                person.access.setdefault(scope, "lost")
        for person in people.values():
            if person.everything:
                self._grant_everything(person)

    def _grant_everything(self, person: Person) -> None:
        """To whom the whole organisation is open, all that exists in it is held."""
        for record in self._facts.records.values():
            if record is not None:
                person.access[record.scope] = "held"
                if record.kind == "team":
                    person.access[f"team:{record.id}"] = "held"


async def _rows(cursor: AsyncCursor[TupleRow] | None) -> Sequence[TupleRow]:
    return [] if cursor is None else await cursor.fetchall()


def _implied(facts: Facts, task: Task) -> Iterator[Task]:
    """What deciding a conflict or a quarantined operation decides with it."""
    record = facts.record(task.op.get("id"))
    if record is None or task.op.get("action") != "resolve":
        return
    body, values = record.body, task.op.get("set")
    if record.kind == "quarantine" and isinstance(held := body.get("op"), dict):
        yield Task(held, task.user_id, body.get("device"))
        yield Task(held, body["by"], body.get("device"))
    elif record.kind == "conflict" and isinstance(values, dict):
        mine = body["mine"]
        yield Task(concerned(body, values.get("against_version")), task.user_id, task.device_id)
        for waiting in mine.get("dependants", ()):
            yield Task(waiting, mine["by"], mine["device"])


def concerned(conflict: Mapping[str, Any], against: object) -> Op:
    """The record a conflict is about and what is wanted of it, as an operation on it."""
    mine = conflict["mine"]
    about = {"kind": conflict["kind"], "id": conflict["record_id"], "action": mine["action"], "set": mine["set"]}
    return {**about, "base_version": against}


def _op_ids(op: Op) -> list[str]:
    depends_on = op.get("depends_on")
    named = [op.get("op_id"), *depends_on] if isinstance(depends_on, list) else [op.get("op_id")]
    return [found for one in named if (found := uuid_or_none(one))]


def _likely_scopes(op: Op) -> list[str]:
    """Those whose access is asked along with the rest; most operations need no other."""
    values, seen = op.get("set"), op.get("seen")
    patients = [op.get("id")] if op.get("kind") == "patient" else []
    if isinstance(seen, dict):
        patients.append(seen.get("patient_id"))
    team = None
    if isinstance(values, dict):
        patients.append(values.get("patient_id"))
        team = uuid_or_none(values.get("team_id"))
    scopes = [f"patient:{found}" for one in patients if (found := uuid_or_none(one))]
    return [*scopes, f"team:{team}"] if team else scopes


def _base(op: Op, epoch: int) -> int | None:
    """The version above which history is wanted: all of it where the log had another life."""
    base = op.get("base_version")
    if type(base) is not int:
        return None
    return base if op.get("base_epoch") in (None, epoch) else 0
