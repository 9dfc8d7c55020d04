"""What `decide` is told. The caller reads it from the log, under the organisation's lock; the rules read nothing themselves.

All bodies are JSON as stored: no `null`, sets sorted by key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

Json: TypeAlias = Any
Body: TypeAlias = Mapping[str, Json]
#: An operation as it came over the wire, its envelope (`op_id`, `device_seq`, types) already checked.
Op: TypeAlias = Mapping[str, Json]
Access: TypeAlias = Literal["held", "lost"]


class OpenConflict(NamedTuple):
    """A conflict that waits for a person. `body` is the conflict record's body as stored."""

    id: str
    version: int
    body: Body
    #: Its `mine` came from the device that sends the operation (its whole chain of ids).
    own: bool
    scope: str


class Parallel(NamedTuple):
    """A version merged beside others: who wrote it had seen `base_version`, and changed `fields`."""

    version: int
    base_version: int
    fields: tuple[str, ...]


class Record(NamedTuple):
    """A record as the log has it now; a tombstone keeps its last body here (from history)."""

    kind: str
    id: str
    scope: str
    version: int
    body: Body
    deleted: bool = False
    by: str = ""
    at: str = ""
    #: The last few versions merged beside others, oldest first: those who wrote the others are told by it.
    parallel: tuple[Parallel, ...] = ()


class PatientFacts(NamedTuple):
    """The patient an operation speaks about, to hold `seen` against (rule 8)."""

    body: Body
    #: Needed only where `seen` differs from `body`: what the patient was at `seen.version` and every later version, and
    #: the `set` of every earlier operation of this device on the patient, whatever its outcome. Each entry may hold any
    #: of `name`, `birth_date`, `nhs_number`; in an entry with `"whole": True` an absent `nhs_number` means there was none.
    history: tuple[Body, ...] = ()


class Dependency(NamedTuple):
    """What became of one operation named in `depends_on`."""

    op_id: str
    #: None: this device never sent such an operation (or not yet: a cycle, a later one).
    outcome: Literal["applied", "merged", "conflict", "rejected", "quarantined"] | None
    #: The conflict it is kept in, while that is open; None once it was resolved.
    conflict: OpenConflict | None = None
    voided: bool = False


class Current(NamedTuple):
    """How things stand before the operation. An empty one (`NOTHING`) is a new id in a quiet organisation."""

    record: Record | None = None
    #: Every open conflict on the record, whoever's.
    conflicts: tuple[OpenConflict, ...] = ()
    #: Of the patient the body names (`patient_id`); None: no such patient in the organisation.
    patient: PatientFacts | None = None
    #: Another living patient of the organisation with the NHS number that `set` brings.
    duplicate: Record | None = None
    dependencies: tuple[Dependency, ...] = ()
    #: Scope by id of the records a body refers to (`letter_id`, `in_reply_to`, `attachment_ids`, a receipt's `record_id`);
    #: those not there are left out.
    referred: Mapping[str, str] = {}


class Version(NamedTuple):
    """One row of a record's history: which fields it changed, and the letter's `state` in it (None for other kinds)."""

    version: int
    by: str
    fields: tuple[str, ...]
    state: str | None = None
    device_root: str | None = None


class Foreign(NamedTuple):
    """The versions of the record since the operation's base that this device did not write; oldest first."""

    versions: tuple[Version, ...] = ()
    #: The record's body at `base_version`, for the reviewer; only worth reading when there are versions.
    base_body: Body | None = None

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(field for version in self.versions for field in version.fields)


NOTHING = Current()
NO_FOREIGN = Foreign()


def foreign_since(
    op: Op, history: Iterable[Version], *, device_root: str, epoch: int, base_body: Body | None = None
) -> Foreign:
    """Rule 1: foreign is a version above `base_version` not written by this device; with another `base_epoch`, every version.

    `history`: the record's versions in order, at least all above `base_version` (all of them when the epochs differ).
    `device_root` names the device's whole chain of ids.
    """
    base_epoch = op.get("base_epoch")
    if base_epoch is not None and base_epoch != epoch:
        return Foreign(tuple(history), base_body)
    base = op["base_version"]
    return Foreign(tuple(v for v in history if v.version > base and v.device_root != device_root), base_body)


class Colleague(NamedTuple):
    """A member of staff whom an operation names in `on_behalf_of`."""

    roles: frozenset[str]
    #: Which of the batch's scopes they hold.
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the person may do, as it is at the decision; one for a whole batch."""

    user_id: str
    roles: frozenset[str]
    team_ids: frozenset[str]
    #: Access to each scope the batch touches: `held` now, `lost` (once held). Not in it: never had.
    #: For an Administrator every scope of the organisation is `held`. `org` and the own `user:` scope need not be in it.
    scopes: Mapping[str, Access]
    #: Server's time of the decision (ISO 8601, UTC), as it will be stored.
    now: str
    device_id: str
    #: Which life of the log it is.
    epoch: int
    #: Roles and teams the person once had; an operation only these would allow is quarantined, not rejected.
    former_roles: frozenset[str] = frozenset()
    former_team_ids: frozenset[str] = frozenset()
    #: By user id: whom the batch names in `on_behalf_of`.
    people: Mapping[str, Colleague] = field(default_factory=dict)
    #: How far the device's clock is ahead of the server's; kept beside device times, decides nothing (rule 9).
    clock_offset_s: float = 0.0
    #: Whose work it is where that is not the person who sends it (release from quarantine).
    author_id: str | None = None

    def access(self, scope: str) -> Access | None:
        found = self.scopes.get(scope)
        if found is None and (scope == "org" or (scope.startswith("user:") and scope[5:] == self.user_id)):
            return "held"
        return found

    @property
    def author(self) -> str:
        return self.author_id or self.user_id
