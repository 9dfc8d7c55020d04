"""What is known while a batch is decided: the log as read under the lock (``quill.sync.reading``), and on top of it what
the batch did so far. ``quill.domain.decide`` says what it wants to be told; this tells it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from quill.domain.decide import (
    NO_FOREIGN,
    Colleague,
    Current,
    Dependency,
    Foreign,
    OpenConflict,
    Outcome,
    PatientFacts,
    Policy,
    Record,
    Version,
    foreign_since,
)
from quill.domain.facts import Access, Body, Op
from quill.sync.log import Change, Head
from quill.sync.receiver import receiver_of
from quill.sync.submission import ids_of, uuid_or_none

BANNER = ("name", "birth_date", "nhs_number")
_REFERRING = frozenset({"attachment", "message", "receipt"})
_NOTHING: Mapping[str, str] = {}


class Known(NamedTuple):
    """An operation that has its verdict. ``root``: the device's chain it came from."""

    user_id: str
    content: bytes
    outcome: Outcome
    verdict: bytes
    conflict_id: str | None = None
    void: bool = False
    root: str | None = None


class Shown(NamedTuple):
    """What of a patient's banner was to be seen: in a version, or in what a device set in vain (version 0, not ``whole``)."""

    version: int
    device: str | None
    body: Body
    whole: bool = True

    def banner(self) -> Body:
        shown = {name: self.body[name] for name in BANNER if name in self.body}
        return {"whole": True, **shown} if self.whole else shown


@dataclass(slots=True)
class Device:
    """``root`` stands for the whole chain of ids of one vault."""

    user_id: str
    root: str
    next_seq: int


@dataclass(slots=True)
class Person:
    """``access``: by scope, as ``Policy.scopes`` has it."""

    roles: frozenset[str] = frozenset()
    former_roles: frozenset[str] = frozenset()
    disabled: bool = False
    everything: bool = False
    member: bool = False
    teams: frozenset[str] = frozenset()
    former_teams: frozenset[str] = frozenset()
    access: dict[str, Access] = field(default_factory=dict)

    def act_as(self, roles: frozenset[str]) -> None:
        receiver = receiver_of(roles)
        self.roles, self.everything, self.member = roles, receiver.everything, receiver.member


class Facts:
    def __init__(self, head: Head, sessions: Mapping[str, frozenset[str]]) -> None:
        self.head = head
        self.sessions = sessions  # by user who sends: the roles of the session
        self.records: dict[str, Record | None] = {}
        self.verdicts: dict[str, Known | None] = {}
        self.devices: dict[str, Device | None] = {}
        self.people: dict[str, Person] = {}
        self.conflicts: dict[str, dict[str, str]] = {}  # record → open conflict → root of the device it came from
        self.numbers: dict[str, set[str]] = defaultdict(set)  # NHS number → living patients
        self.history: dict[str, list[Version]] = {}  # as read
        self.written: dict[str, list[Version]] = defaultdict(list)  # by this batch, after what was read
        self.bodies: dict[tuple[str, int], Body] = {}
        self.banners: dict[str, list[Shown]] = defaultdict(list)
        self._policies: dict[tuple[str, str | None], Policy] = {}

    def keep(self, record: Record) -> None:
        """As read, or as this batch made it."""
        self.records[record.id] = record
        if record.kind == "patient":
            number = record.body.get("nhs_number")
            if number and not record.deleted:
                self.numbers[number].add(record.id)

    def record(self, record_id: object) -> Record | None:
        return self.records.get(record_id) if isinstance(record_id, str) else None

    def root(self, device_id: str | None) -> str | None:
        device = self.devices.get(device_id) if device_id else None
        return device.root if device else None

    # What the rules ask

    def current(self, op: Op, device_id: str | None) -> Current:
        record = self.record(op.get("id"))
        root = self.root(device_id)
        values = op.get("set") or _NOTHING
        patient_id = record.body.get("patient_id") if record is not None else values.get("patient_id")
        depends_on = op.get("depends_on")
        return Current(
            record,
            self.open_conflicts(op.get("id"), root) if self.conflicts else (),
            self._patient(patient_id, op, root) if patient_id is not None else None,
            self._duplicate(op, values),
            tuple(self._dependency(op_id, root) for op_id in depends_on) if depends_on else (),
            self._referred(op) if op.get("kind") in _REFERRING and op.get("action") == "create" else _NOTHING,
        )

    def foreign(self, op: Op, device_id: str | None, base: int | None = None) -> Foreign:
        """``base``: instead of the operation's ``base_version``, in this epoch."""
        record = self.record(op.get("id"))
        if base is None:
            base, base_epoch = op.get("base_version"), op.get("base_epoch")
            same_life = base_epoch is None or base_epoch == self.head.epoch
        else:
            same_life = True
        if record is None or not isinstance(base, int) or (base >= record.version and same_life):
            return NO_FOREIGN
        versions = self.history.get(record.id, []) + self.written.get(record.id, [])
        asked = {**op, "base_version": base, "base_epoch": self.head.epoch} if same_life else op
        found = foreign_since(
            asked, versions, device_root=self.root(device_id) or "", epoch=self.head.epoch,
            base_body=self.bodies.get((record.id, base)) if same_life else None,
        )  # fmt: skip
        return found if found.versions else NO_FOREIGN

    def policy(self, actor_id: str, device_id: str | None, named: str | None = None) -> Policy:
        """``named``: whom the operation names in ``on_behalf_of``."""
        if named is None and (actor_id, device_id) in self._policies:
            return self._policies[actor_id, device_id]
        person = self.people[actor_id]
        colleague = self.people.get(named) if named else None
        held = frozenset(scope for scope, access in colleague.access.items() if access == "held") if colleague else frozenset()
        policy = Policy(
            user_id=actor_id,
            roles=person.roles,
            team_ids=person.teams,
            scopes=person.access,
            now=self.head.now,
            device_id=device_id or "",
            epoch=self.head.epoch,
            former_roles=person.former_roles,
            former_team_ids=person.former_teams,
            people={named: Colleague(colleague.roles, held)} if named and colleague else {},
        )
        if named is None:
            self._policies[actor_id, device_id] = policy
        return policy

    def open_conflict(self, conflict_id: str, root: str | None) -> OpenConflict | None:
        """A conflict record, open or not."""
        record = self.record(conflict_id)
        if record is None or record.kind != "conflict":
            return None
        came_from = self.conflicts.get(record.body["record_id"], {}).get(conflict_id)
        return OpenConflict(record.id, record.version, record.body, came_from is not None and came_from == root, record.scope)

    def open_conflicts(self, record_id: object, root: str | None) -> tuple[OpenConflict, ...]:
        there = self.conflicts.get(record_id) if isinstance(record_id, str) else None
        found = (self.open_conflict(conflict_id, root) for conflict_id in there or ())
        return tuple(conflict for conflict in found if conflict is not None)

    def _patient(self, patient_id: object, op: Op, root: str | None) -> PatientFacts | None:
        patient = self.record(patient_id)
        if patient is None or patient.kind != "patient" or patient.deleted:
            return None
        seen = op.get("seen")
        if not isinstance(seen, Mapping) or all(seen.get(name) == patient.body.get(name) for name in BANNER):
            return PatientFacts(patient.body)
        since = seen.get("version", 0)
        once = tuple(
            one.banner() for one in self.banners[patient.id]
            if (one.version >= since > 0) or (one.device is not None and one.device == root)
        )  # fmt: skip
        return PatientFacts(patient.body, once)

    def _referred(self, op: Op) -> Mapping[str, str]:
        return {found: there.scope for found in ids_of(op) if (there := self.records.get(found)) is not None}

    def _duplicate(self, op: Op, values: Mapping[str, Any]) -> Record | None:
        if op.get("kind") != "patient" or not isinstance(number := values.get("nhs_number"), str):
            return None
        others = (self.records.get(found) for found in sorted(self.numbers.get(number, ())) if found != op.get("id"))
        return next((r for r in others if r is not None and not r.deleted and r.body.get("nhs_number") == number), None)

    def _dependency(self, op_id: object, root: str | None) -> Dependency:
        known = self.verdicts.get(op_id) if isinstance(op_id, str) else None
        if known is None or known.root != root or root is None:
            return Dependency(str(op_id), None)
        conflict = self.open_conflict(known.conflict_id, root) if known.conflict_id else None
        if conflict is not None and conflict.body["status"] != "open":
            conflict = None
        return Dependency(str(op_id), known.outcome, conflict, known.void)

    # What the batch did

    def wrote(self, change: Change) -> None:
        """A version is as good as written: what comes later in the batch sees it."""
        before = self.records.get(change.id)
        now, root = self.head.now, change.origin.device_root
        if before is not None and change.kind == "patient":
            self.banners[change.id].append(Shown(before.version, None, before.body))
        record = Record(
            change.kind, change.id, change.scope, change.version, change.body, change.deleted, change.by, now, change.parallel
        )
        self.keep(record)
        state = change.body.get("state") if change.kind == "letter" else None
        self.written[change.id].append(Version(change.version, change.by, change.fields, state, root))
        if change.kind == "patient":
            self.banners[change.id].append(Shown(change.version, root, change.body))
            if before is None:
                self._born(change)
        elif change.kind == "conflict":
            waiting = self.conflicts.setdefault(change.body["record_id"], {})
            if change.body["status"] == "open":
                waiting.setdefault(change.id, root or "")
            else:
                waiting.pop(change.id, None)

    def set_in_vain(self, patient_id: str, root: str | None, values: Mapping[str, Any]) -> Body | None:
        """Remembers what of the banner an operation set that became no version; None: nothing of it."""
        shown = {name: values[name] for name in BANNER if name in values}
        if not shown:
            return None
        self.banners[patient_id].append(Shown(0, root, shown, whole=False))
        return shown

    def _born(self, patient: Change) -> None:
        teams = frozenset(patient.body.get("team_ids", ()))
        for person in self.people.values():
            if person.everything or (person.member and not teams.isdisjoint(person.teams)):
                person.access[patient.scope] = "held"


def nhs_number_of(op: Op) -> str | None:
    values = op.get("set")
    number = values.get("nhs_number") if isinstance(values, dict) and op.get("kind") == "patient" else None
    return number if isinstance(number, str) else None


def named_in(op: Op) -> str | None:
    return uuid_or_none(op.get("on_behalf_of"))
