"""Who may do what outside the log: one decision, refused unless a line here allows it.

What is pushed is decided by ``quill.domain.permissions``; here is what the other routes and the command line ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quill.domain.actor import Actor

Action = Literal["sessions.list", "sessions.end", "accounts.manage", "audit.read"]


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on: always of an organisation, and of a person where it has an owner."""

    organisation_id: str
    owner_id: str | None = None


_BY_ROLE: dict[Action, frozenset[str]] = {
    "sessions.list": frozenset({"Administrator"}),
    "sessions.end": frozenset({"Administrator"}),
    "accounts.manage": frozenset({"Administrator"}),
    "audit.read": frozenset({"Administrator", "Auditor"}),
}
_OWN: frozenset[Action] = frozenset({"sessions.list", "sessions.end"})


def may(actor: Actor, action: Action, resource: Resource) -> bool:
    """Whether a person may. Another organisation's is never theirs, whatever the role."""
    if actor.organisation_id != resource.organisation_id:
        return False
    if action in _OWN and resource.owner_id == actor.user_id:
        return True
    return bool(actor.roles & _BY_ROLE.get(action, frozenset()))
