"""A person takes an operation out of quarantine, or closes it for good."""

from dataclasses import replace

from quill.domain import permissions
from quill.domain.decide import decide
from quill.domain.decision import Decision
from quill.domain.facts import Current, Foreign, Op, Policy, Record
from quill.domain.refusals import quarantined, refusal, rejected
from quill_schemas import validate_operation


def release(quarantine: Record, current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision:
    """Decides a `resolve` of a `quarantine` record (`op.id` is its id): `set: {take: "apply"|"discard", note}`.

    `quarantine`: with its full body `{op, outcome, error, state, by}`. `current`, `foreign`: as for the operation in it
    (foreign, and `OpenConflict.own`, as seen from its author's device). `policy`: the releaser's, `device_id` the author's.
    `apply` answers what `decide` says of that operation under the releaser's rights with its author kept (versions it makes
    are `by` that author); `discard` an `applied` without a body. On `applied`, `merged` and `conflict` the writer sets the
    quarantine's `state` to `released` or `discarded`; on `rejected` it stays open.
    """
    scope, held = quarantine.scope, quarantine.body
    faults = validate_operation(op)
    if faults:
        return rejected(scope, refusal(faults[0].error_code, faults[0].path, faults[0].message))
    access = policy.access(scope)
    if access == "lost":
        return quarantined(scope, refusal("forbidden"))
    if access is None:
        return rejected(f"user:{policy.author}", refusal("unknown_record", "/id"))
    author = held["by"]
    own = f"user:{policy.user_id}" if author == policy.user_id else scope
    subject = permissions.Subject("quarantine", own, op, held)
    if not permissions.may(subject, "release", policy.roles, policy.team_ids, policy):
        return rejected(scope, refusal("forbidden"))
    if held["state"] != "open":
        return rejected(scope, refusal("conflict_resolved", "/id"))
    if op["base_version"] != quarantine.version:
        return rejected(scope, refusal("conflict_moved", "/base_version"))
    if op["set"]["take"] == "discard":
        return Decision("applied", scope)
    decision = decide(current, foreign, held["op"], replace(policy, author_id=author))
    return (
        decision
        if decision.error is None and decision.outcome != "quarantined"
        else rejected(scope, decision.error or refusal("forbidden"))
    )
