"""A person takes an operation out of quarantine, or closes it for good."""

from quill.domain.decision import Decision
from quill.domain.facts import Body, Current, Foreign, Op, Policy


def release(quarantine: Body, current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision:
    """Decides a `resolve` of a `quarantine` record (`op.id` is its id): `set: {take: "apply"|"discard", note}`.

    `quarantine`: its full body `{op, outcome, error, state, by}`; `current` and `foreign`: as for the operation in it
    (`foreign`: seen from its author's device). `policy`: the releaser's. `apply` answers what `decide` says of that operation
    under the releaser's rights with its author kept; `discard` an `applied` without a body. On `applied`, `merged` and
    `conflict` the writer sets the quarantine's `state` to `released` (`discarded`), else it stays open.
    """
    raise NotImplementedError
