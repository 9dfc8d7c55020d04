from __future__ import annotations

from uuid import uuid4

import pytest

from quill.domain.actor import Actor
from quill.identity.policy import Resource, may
from quill_schemas import ROLES

HERE, ELSEWHERE = str(uuid4()), str(uuid4())


def actor(*roles: str) -> Actor:
    return Actor(str(uuid4()), HERE, "someone", "Some One", frozenset(roles), str(uuid4()))


@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_anything_elsewhere(role: str) -> None:
    someone = actor(role)
    for action in ("sessions.list", "sessions.end", "accounts.manage", "audit.read"):
        assert not may(someone, action, Resource(ELSEWHERE, someone.user_id))


@pytest.mark.parametrize("role", ROLES)
def test_what_is_not_allowed_is_refused(role: str) -> None:
    assert not may(actor(role), "patients.burn", Resource(HERE))  # type: ignore[arg-type]
    assert may(actor(role), "accounts.manage", Resource(HERE)) is (role == "Administrator")
    assert may(actor(role), "audit.read", Resource(HERE)) is (role in ("Administrator", "Auditor"))


def test_everybody_sees_and_ends_their_own_sessions() -> None:
    someone = actor("Clinician")
    assert may(someone, "sessions.end", Resource(HERE, someone.user_id))
    assert not may(someone, "sessions.end", Resource(HERE, str(uuid4())))
    assert may(actor("Administrator"), "sessions.end", Resource(HERE, someone.user_id))
    assert not may(actor(), "sessions.list", Resource(HERE))
