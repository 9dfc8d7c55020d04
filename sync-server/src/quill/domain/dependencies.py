"""What became of the operations this one builds on decides it before anything else does."""

from quill.domain.conflicts import keep, keep_dependant
from quill.domain.decision import Decision
from quill.domain.facts import Current, Foreign, Op, OpenConflict, Policy
from quill.domain.refusals import home_of, refusal, rejected


def check(current: Current, foreign: Foreign, op: Op, policy: Policy) -> Decision | None:
    """None: decide it on its own. Refused goes before withheld, withheld before an open conflict."""
    known = {dependency.op_id: dependency for dependency in current.dependencies}
    withheld = False
    waiting: OpenConflict | None = None
    for index, op_id in enumerate(op["depends_on"]):
        dependency = known.get(op_id)
        if dependency is None or dependency.outcome is None:
            return rejected(home_of(current, op, policy), refusal("bad_dependency", f"/depends_on/{index}"))
        if dependency.outcome == "rejected" or dependency.voided:
            return rejected(home_of(current, op, policy), refusal("dependency_rejected", f"/depends_on/{index}"))
        withheld = withheld or dependency.outcome == "quarantined"
        waiting = waiting or dependency.conflict
    if withheld:
        return Decision("quarantined", home_of(current, op, policy))
    if waiting is None:
        return None
    if waiting.body["record_id"] == op["id"]:
        return keep(current, foreign, op, policy, "open_conflict", scope=waiting.scope, into=waiting)
    return keep_dependant(waiting, op, policy)
