"""What this process knows of the organisations' heads without asking the database, and for how long that can be believed.

A head that a page has read stays known until a notice of the organisation comes, until listening is interrupted, or for
``FRESH`` seconds: a log that was put back under us (a restored backup) gives no notice.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from quill.sync.head import Head

FRESH = 5.0  # seconds that a proof of listening holds, and a head that was read


class Hearing(NamedTuple):
    """A moment of listening. While it is the same, no commit was heard of, and none went unheard: so whatever is read in it
    is as new as all that was heard before."""

    stretch: int
    notices: int


@dataclass(slots=True)
class _Organisation:
    head: int = 0  # the highest heard or read
    notices: int = 0
    known: Head | None = None
    known_at: float = 0.0


class Heads:
    def __init__(self) -> None:
        self._organisations: dict[str, _Organisation] = defaultdict(_Organisation)
        self._stretch = 0
        self._proven_at = -FRESH

    # Listening

    def listening_begins(self) -> None:
        """Nothing that was known before counts: a commit in between went unheard."""
        self._stretch += 1
        self._proven_at = time.monotonic()
        for organisation in self._organisations.values():
            organisation.known = None

    def still_listening(self) -> None:
        self._proven_at = time.monotonic()

    def listening_ended(self) -> None:
        self._proven_at = -FRESH

    def heard(self, organisation_id: str, head: int) -> None:
        """A commit up to ``head``, or one that only added to the audit trail there."""
        organisation = self._organisations[organisation_id]
        organisation.notices += 1
        organisation.known = None
        organisation.head = max(organisation.head, head)

    # Heads

    def hearing(self, organisation_id: str) -> Hearing | None:
        """To be asked before a head is read, and told with it afterwards; None where a commit could go unheard."""
        if time.monotonic() - self._proven_at >= FRESH:
            return None
        return Hearing(self._stretch, self._organisations[organisation_id].notices)

    def read(self, organisation_id: str, seq: int, asked: Hearing | None, known: Head | None = None) -> bool:
        """A head was read after ``asked``. False if it is lower than one known of before: the log was put back."""
        if asked is None or asked != self.hearing(organisation_id):
            return True  # who reads beside a commit may see either
        organisation = self._organisations[organisation_id]
        put_back = seq < organisation.head
        if seq != organisation.head:  # put back, or ahead of its notice; either way others may still be reading the former
            organisation.notices += 1
            organisation.head = seq
        organisation.known, organisation.known_at = known, time.monotonic()
        return not put_back

    def newest(self, organisation_id: str) -> Head | None:
        """The log's head; None where that could be an old one."""
        organisation = self._organisations[organisation_id]
        if organisation.known is None or self.hearing(organisation_id) is None:
            return None
        return organisation.known if time.monotonic() - organisation.known_at < FRESH else None

    def highest(self, organisation_id: str) -> int:
        """The highest position heard of; 0 where none was."""
        return self._organisations[organisation_id].head
