"""How often somebody may try to sign in.

A try counts before the password is looked at, so that a thousand at once are a thousand; one that succeeds is taken off
again. What is limited is kept as a keyed hash: the table names nobody.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from quill.errors import ApiError
from quill.postgres.tables.auth import NOBODY

WINDOW = 15 * 60  # seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` tries in a window of what ``subject`` names."""

    subject: bytes
    most: int


def limits(key: bytes, username: str, address: str) -> tuple[Limit, ...]:
    """A person at one address; the person from anywhere; the address. The last is wide: a ward shares one."""
    subjects = ((f"{username}\n{address}", 10), (f"{username}\n", 50), (f"\n{address}", 300))
    return tuple(Limit(hmac.digest(key, subject.encode(), sha256), most) for subject, most in subjects)


async def count(connection: AsyncConnection, counted: tuple[Limit, ...]) -> None:
    """Counts a try. Raises ``too_many_requests`` with the seconds to wait; the try stays counted (commit it)."""
    wait = 0
    for limit in sorted(counted, key=lambda one: one.subject):  # always in one order, or two tries wait for each other
        row = (await connection.execute(_COUNT, {"subject": limit.subject})).one()
        if row.tries > limit.most:
            wait = max(wait, int(row.left))
    if wait:
        raise ApiError("too_many_requests", retry_after=wait)


async def forgive(connection: AsyncConnection, counted: tuple[Limit, ...]) -> None:
    """Takes a try that succeeded off again."""
    for limit in sorted(counted, key=lambda one: one.subject):
        await connection.execute(_FORGIVE, {"subject": limit.subject})


_COUNT = text(f"""
  INSERT INTO sign_in_attempt AS kept (organisation_id, subject, since, tries) VALUES ('{NOBODY}', :subject, now(), 1)
  ON CONFLICT (organisation_id, subject) DO UPDATE SET
    tries = CASE WHEN kept.since < now() - interval '{WINDOW} seconds' THEN 1 ELSE kept.tries + 1 END,
    since = CASE WHEN kept.since < now() - interval '{WINDOW} seconds' THEN now() ELSE kept.since END
  RETURNING tries, greatest(1, extract(epoch FROM since + interval '{WINDOW} seconds' - now())) AS left""")  # noqa: S608
_FORGIVE = text(f"""
  UPDATE sign_in_attempt SET tries = greatest(tries - 1, 0) WHERE organisation_id = '{NOBODY}' AND subject = :subject""")  # noqa: S608
