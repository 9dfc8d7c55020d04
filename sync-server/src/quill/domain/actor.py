"""Who asks: what every use case is told about the person signed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person within one organisation and one session. Ids are lower-case UUIDs; roles are those of ``permissions.json``."""

    user_id: str
    organisation_id: str
    username: str
    name: str
    roles: frozenset[str]
    session_id: str
