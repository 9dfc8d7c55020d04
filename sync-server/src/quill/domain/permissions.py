"""Who may push what: the table role × kind × action, its conditions held against one operation."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, cast

from quill.domain.decision import Refusal
from quill.domain.facts import Body, Op, Policy
from quill.domain.fields import class_of, pointer
from quill.domain.refusals import refusal
from quill_schemas import PERMISSIONS, Condition

_TABLE: dict[str, dict[str, dict[str, Condition]]] = cast(Any, PERMISSIONS)
_STATE_ACTIONS = {"draft": "ready", "ready": "ready", "signed": "sign", "amended": "amend", "retracted": "retract"}


class Subject(NamedTuple):
    """What the conditions are held against."""

    kind: str
    scope: str
    op: Op
    #: The record's body as it is; of a create, as it will be.
    body: Body
    #: Teams of the patient the record is about.
    patient_teams: frozenset[str] = frozenset()


def check(subject: Subject, policy: Policy) -> tuple[Literal["rejected", "quarantined"], Refusal] | None:
    """None: allowed. Else how it ends: refused, or quarantined where the person's former roles or teams would allow it."""
    for action, path in _asked(subject):
        if may(subject, action, policy.roles, policy.team_ids, policy):
            continue
        roles, teams = policy.roles | policy.former_roles, policy.team_ids | policy.former_team_ids
        once = (policy.former_roles or policy.former_team_ids) and may(subject, action, roles, teams, policy)
        return ("quarantined" if once else "rejected"), refusal("forbidden", path or _reason(subject, action, policy))
    named = subject.op.get("on_behalf_of")
    if named is not None and subject.kind == "letter" and not _clinician_named(subject, policy):
        return "rejected", refusal("forbidden", "/on_behalf_of")
    return None


def may(subject: Subject, action: str, roles: frozenset[str], teams: frozenset[str], policy: Policy) -> bool:
    """Whether one of the roles allows the action."""
    for role in roles:
        condition = _TABLE.get(role, {}).get(subject.kind, {}).get(action)
        if condition is not None and (condition == "always" or _holds(condition, subject, action, teams, policy)):
            return True
    return False


def _asked(subject: Subject) -> Iterator[tuple[str, str | None]]:
    """Every action the operation needs, with the field that needs it."""
    op = subject.op
    if op["action"] != "patch":
        yield op["action"], None
        return
    values = op["set"]
    if subject.kind == "patient":
        for field in values:
            kind = class_of("patient", field)
            yield f"edit_{kind}", pointer(field)
        return
    state = values.get("state") if subject.kind == "letter" else None
    if state is not None:
        yield _STATE_ACTIONS[state], "/set/state"
        if state in ("amended", "retracted"):
            return  # an amendment's text goes with it
    for field in values:
        if state is None or field != "state":
            yield "edit", pointer(field)
            return


def _holds(condition: Condition, subject: Subject, action: str, teams: frozenset[str], policy: Policy) -> bool:
    match condition:
        case "own_teams":
            touched = _teams_touched(subject, action)
            return touched <= teams and bool(touched)
        case "any_team":
            return bool(_teams_touched(subject, action))
        case "on_behalf_of_clinician":
            return _clinician_named(subject, policy)
        case "author_or_same_team":
            return subject.body.get("author_id") == policy.user_id or not subject.patient_teams.isdisjoint(teams)
        case "own":
            return subject.scope == f"user:{policy.user_id}"
        case "own_or_team":
            kind, _, owner = subject.scope.partition(":")
            return owner == policy.user_id if kind == "user" else kind == "team" and owner in teams
        case "organisation":
            return subject.scope == "org"
        case _:
            return policy.access(subject.scope) == "held"


def _teams_touched(subject: Subject, action: str) -> frozenset[str]:
    """Teams a patient is given or taken; a new patient's are all given."""
    if action == "create":
        return frozenset(subject.body.get("team_ids") or ())
    return frozenset(f.partition("/")[2] for f in subject.op["set"] if f.startswith("team_ids/"))


def _clinician_named(subject: Subject, policy: Policy) -> bool:
    named = policy.people.get(subject.op.get("on_behalf_of", ""))
    return named is not None and "Clinician" in named.roles and subject.scope in named.scopes


def _reason(subject: Subject, action: str, policy: Policy) -> str | None:
    """Which part of a create was at fault, where a condition and not the role itself is."""
    conditions = {_TABLE.get(role, {}).get(subject.kind, {}).get(action) for role in policy.roles}
    if not conditions.isdisjoint({"own_teams", "any_team"}):
        return "/set/team_ids"
    return "/on_behalf_of" if "on_behalf_of_clinician" in conditions else None
