"""What a person receives: the kinds and scopes of their roles, as ``permissions.json`` (``receives``) has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from quill_schemas import RECEIVES, ROLES


@dataclass(frozen=True, slots=True)
class Receiver:
    """``everything``: all scopes, as a wildcard. Else those of memberships if ``member``, and always org and user:<id>."""

    kinds: tuple[str, ...]
    everything: bool
    member: bool
    view: bytes
    """Fingerprint; a cursor made under another one starts over."""


def receiver_of(roles: Iterable[str]) -> Receiver:
    return _receiver(frozenset(roles))


@lru_cache(maxsize=64)
def _receiver(roles: frozenset[str]) -> Receiver:
    granted = [RECEIVES[role] for role in ROLES if role in roles]
    kinds = tuple(sorted({kind for one in granted for kind in one["kinds"]}))
    everything = any(one["scopes"] == "all" for one in granted)
    member = any(one["scopes"] == "member" for one in granted)
    return Receiver(kinds, everything, member, sha256(repr((kinds, everything, member)).encode()).digest()[:4])
