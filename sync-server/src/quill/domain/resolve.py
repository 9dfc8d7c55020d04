"""A person decides a conflict; decided as a patch by the resolver on the version they saw."""

from quill.domain.decision import Decision
from quill.domain.facts import Current, Foreign, Op, OpenConflict, Policy


def resolve(conflict: OpenConflict, current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision:
    """Decides a `resolve` of a `conflict` record (`op.id` is the conflict's).

    `conflict`: the conflict record as it is now, open or not (`body.status`). `current`: of the record it concerns
    (`conflict.body.record_id`; `conflicts` may include this one; `duplicate` is only read for `possible_duplicate`);
    `foreign`: that record's versions above `op.set.against_version`. Answers `applied` or `merged` (the record's new body,
    if any, with `parents`, and the closed conflict in `conflict`), else `rejected` (`conflict_moved`: look again).
    """
    raise NotImplementedError
