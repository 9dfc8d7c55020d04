"""What the server does with an operation: `decide(current, foreign, op, policy) -> Decision`.

Pure: the same arguments give the same answer, on the server and (`decide-preview.ts`) on a device; both are held to
`shared-schemas/vectors/decide.json`. The rules are those of the contract, "How the server decides".

For the caller (the writer of a batch; the organisation's lock is held, everything below is read after it was taken):

0.  Before the lock: `validate_operation(op)` of each (half the cost of deciding); its answer is passed on as `faults`.
1.  Not decided here, because they need no rule: a repeated `op_id` (the stored verdict), `op_id_reused`, the order of
    `device_seq`, `op_too_large`, a `void` (always applied). Everything else is one call an operation.
2.  Read for the whole batch, each as one set-wise query:
    - `record` rows of all `op.id` (tombstones with their last body) -> `Current.record`;
    - `revision` rows (version, by, fields, letter's state, device_root) of records whose version is above an operation's
      `base_version` or whose `base_epoch` differs -> `foreign_since(...)`; `NO_FOREIGN` for all others (nearly all);
    - open conflicts on those records, with their bodies -> `Current.conflicts`;
    - patient records of the bodies' `patient_id` -> `Current.patient` (its `history` only where `seen` differs from the body);
    - other living patients with an `nhs_number` in a `set` -> `Current.duplicate`
      (an index, not a unique one: an Administrator may decide that both stand);
    - verdicts of all `depends_on`, with the conflict where it is still open -> `Current.dependencies`;
    - scopes of the records a created attachment, message or receipt refers to -> `Current.referred`;
    - access of the actor to all these scopes, and to those of creations (`quill.records.scope_of`) -> `Policy.scopes`;
    - roles of those in `on_behalf_of`, and which of these scopes they hold -> `Policy.people`.
3.  Decide in the order sent. An operation sees what earlier ones of the batch did: after each, replace in memory the record
    (new body, version + 1), its open conflicts, the access to a scope just born, and the dependency's outcome.
4.  Write: `body` -> new version of the record (`deleted`: a tombstone), history with `fields`; `conflict` -> conflict record;
    `quarantine` -> quarantine record `{op, outcome, error, state: "open"}` in `scope`. The verdict has `outcome`, `error`,
    `merged_with`, the record's new version, the conflict's id.
`resolve` and release from quarantine: `quill.domain.resolve`, `quill.domain.release`; same inputs, see there.
"""

from collections.abc import Sequence

from quill.domain import creation, dependencies, letters, permissions, wrong_patient
from quill.domain.by_field import decide_fields
from quill.domain.conflicts import keep, own_conflict
from quill.domain.creation import patient_teams
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
from quill.domain.refusals import home_of, quarantined, refusal, rejected
from quill_schemas import Fault, validate_operation

__all__ = [
    "NOTHING", "NO_FOREIGN", "Colleague", "ConflictWrite", "Current", "Decision", "Dependency", "Foreign", "Op",
    "OpenConflict", "Outcome", "PatientFacts", "Policy", "Record", "Refusal", "Version", "decide", "foreign_since",
]  # fmt: skip

#: Rule 6. A letter only until it was signed.
_DELETABLE = frozenset({"snippet", "letter"})


def decide(current: Current, foreign: Foreign, op: Op, policy: Policy, faults: Sequence[Fault] | None = None) -> Decision:
    """Decides a `create`, `patch` or `delete`. Never raises on an operation that has `op_id` and `device_seq`.

    `faults`: what `validate_operation(op)` said, where that was asked before the lock was taken.
    Order: schema, dependencies, whether the record is known, permission, wrong patient (rule 8), letter state (5),
    delete (6), then rules 1 to 4.
    """
    if faults is None:
        faults = validate_operation(op)
    if faults:
        fault = faults[0]
        return rejected(home_of(current, op, policy), refusal(fault.error_code, fault.path, fault.message))
    action, kind = op["action"], op["kind"]
    if action not in ("create", "patch", "delete"):
        return rejected(home_of(current, op, policy), refusal("invalid_operation", "/action"))
    if action == "delete" and kind not in _DELETABLE:
        return rejected(home_of(current, op, policy), refusal("not_deletable"))
    if op.get("depends_on"):
        settled = dependencies.check(current, foreign, op, policy)
        if settled is not None:
            return settled
    if action == "create":
        return creation.decide_create(current, foreign, op, policy)
    record = current.record
    access = policy.access(record.scope) if record is not None else None
    if record is None or access is None or record.kind != kind:
        return rejected(f"user:{policy.author}", refusal("unknown_record", "/id"))
    if access == "lost":
        return quarantined(record.scope, refusal("forbidden"))
    return _change(record, current, foreign, op, policy)


def _change(record: Record, current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision:
    """A patch or delete of a record its author may see."""
    scope, body = record.scope, record.body
    if op["base_version"] > record.version and op.get("base_epoch", policy.epoch) == policy.epoch:
        return rejected(scope, refusal("base_version_unknown", "/base_version"))
    denied = permissions.check(permissions.Subject(record.kind, scope, op, body, patient_teams(current)), policy)
    if denied is not None:
        return Decision(denied[0], scope, error=denied[1])
    stopped: Refusal | str | None = None
    if "patient_id" in body:
        stopped = wrong_patient.check(op, body["patient_id"], current.patient)
    if stopped is None and op["action"] == "delete":
        return _delete(record, current, foreign, op, policy)
    if stopped is None and record.deleted:
        stopped = "deleted"
    if stopped is None and record.kind == "letter":
        stopped = letters.check(body, foreign, op, own_conflict(current) is not None)
    if stopped is None and current.duplicate is not None and op["set"].get("nhs_number"):
        stopped = "possible_duplicate"
    if stopped is None:
        return decide_fields(record, current, foreign, op, op["set"], policy)
    if isinstance(stopped, Refusal):
        return rejected(scope, stopped)
    return keep(current, foreign, op, policy, stopped, scope=scope)


def _delete(record: Record, current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision:
    """Rules 6 and 4: snippets, and letters never signed; anything meanwhile goes to review."""
    if record.body.get("state") in letters.SIGNED:
        return rejected(record.scope, refusal("not_deletable"))
    if foreign.versions:
        return keep(current, foreign, op, policy, "deleted" if record.deleted else "changed_meanwhile", scope=record.scope)
    if own_conflict(current) is not None:
        return keep(current, foreign, op, policy, "open_conflict", scope=record.scope)
    return Decision("applied", record.scope, record.body, deleted=True)
