"""A person as the sign-in side tells the log's database of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """As they are after a change. ``user_epoch`` rises whenever all their sessions were ended."""

    organisation_id: str
    organisation_name: str
    demonstration: bool
    user_id: str
    username: str
    name: str
    roles: tuple[str, ...]
    disabled: bool
    user_epoch: int
