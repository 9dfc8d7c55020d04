"""What the server does with an operation: `decide(current, foreign, op, policy) -> Decision`.

Pure: the same arguments give the same answer, on the server and (`decide-preview.ts`) on a device; both are held to
`shared-schemas/vectors/decide.json`. The rules are those of the contract, "How the server decides".

For the caller (the writer of a batch; the organisation's lock is held, everything below is read after it was taken):

1.  Not decided here, because they need no rule: a repeated `op_id` (the stored verdict), `op_id_reused`, the order of
    `device_seq`, `op_too_large`, a `void` (always applied). Everything else is one call an operation.
2.  Read for the whole batch, each as one set-wise query:
    - `record` rows of all `op.id` (tombstones with their last body) -> `Current.record`;
    - `revision` rows (version, by, fields, letter's state, device_root) of records whose version is above an operation's
      `base_version` or whose `base_epoch` differs -> `foreign_since(...)`; `NO_FOREIGN` for all others (nearly all);
    - open conflicts on those records, with their bodies -> `Current.conflicts`;
    - patient records of `seen.patient_id` -> `Current.patient` (its `history` only where `seen` differs from the body);
    - other living patients with an `nhs_number` in a `set` -> `Current.duplicate`
      (an index, not a unique one: an Administrator may decide that both stand);
    - verdicts of all `depends_on`, with the conflict where it is still open -> `Current.dependencies`;
    - access of the actor to the scopes of all of these, and to those of creations (`quill.records.scope_of`) -> `Policy.scopes`;
    - roles and teams of those in `on_behalf_of` and of `author_id` of letters whose `state` is set -> `Policy.people`.
3.  Decide in the order sent. An operation sees what earlier ones of the batch did: after each, replace in memory the record
    (new body, version + 1), its open conflicts, the access to a scope just born, and the dependency's outcome.
4.  Write: `body` -> new version of the record (`deleted`: a tombstone), history with `fields`; `conflict` -> conflict record;
    `quarantine` -> quarantine record `{op, outcome, error, state: "open"}` in `scope`. The verdict has `outcome`, `error`,
    `merged_with`, the record's new version, the conflict's id.
`resolve` and release from quarantine: `quill.domain.resolve`, `quill.domain.release`; same inputs, see there.
"""

from quill.domain.decision import ConflictWrite, Decision, Outcome, Refusal
from quill.domain.facts import (
    NO_FOREIGN,
    NOTHING,
    Colleague,
    Current,
    Dependency,
    Foreign,
    Op,
    OpenConflict,
    PatientFacts,
    Policy,
    Record,
    Version,
    foreign_since,
)

__all__ = [
    "NOTHING", "NO_FOREIGN", "Colleague", "ConflictWrite", "Current", "Decision", "Dependency", "Foreign", "Op",
    "OpenConflict", "Outcome", "PatientFacts", "Policy", "Record", "Refusal", "Version", "decide", "foreign_since",
]  # fmt: skip


def decide(current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision:
    """Decides a `create`, `patch` or `delete`. Never raises on an operation whose envelope was checked."""
    raise NotImplementedError
