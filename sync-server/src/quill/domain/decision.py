"""What `decide` answers: everything there is to write, and nothing the writer has to work out itself."""

from typing import Literal, NamedTuple, TypeAlias

from quill.domain.facts import Body, Op

Outcome: TypeAlias = Literal["applied", "merged", "conflict", "rejected", "quarantined"]


class Refusal(NamedTuple):
    """Why, for a person: a code of `errors.json`, its words, and the field it is about."""

    error_code: str
    message: str
    path: str | None = None


class ConflictWrite(NamedTuple):
    """A conflict record to write: a new one (`id` None: the writer makes the id; `version` 1) or the next version of one."""

    id: str | None
    version: int
    scope: str
    #: The whole body but its own `id` and `version`, which the writer adds; never to be patched, always replaced.
    body: Body


class Decision(NamedTuple):
    outcome: Outcome
    #: Of the record when it is written, of the conflict when it becomes one, else of the quarantine record.
    scope: str
    #: The record's next body (version + 1); None: the record stays as it is. The same body again is a new version too.
    body: Body | None = None
    #: The next version is a tombstone; `body` is then the last body, for history.
    deleted: bool = False
    #: What the new version changed, for `revision.fields`; sorted.
    fields: tuple[str, ...] = ()
    merged_with: tuple[str, ...] = ()
    error: Refusal | None = None
    conflict: ConflictWrite | None = None
    #: `body` as it is stored, where deciding had to make that already.
    packed: bytes | None = None
    #: Resolving only: a second parent of the new version besides the record's own last one; the operations of `mine`.
    parents: tuple[str, ...] = ()
    #: Resolving only: operations on other records that waited for this conflict; decide each, in order, after writing this.
    dependants: tuple[Op, ...] = ()

    @property
    def quarantine(self) -> bool:
        """The operation's content is to be kept in a `quarantine` record of `scope`."""
        return self.outcome in ("rejected", "quarantined")
