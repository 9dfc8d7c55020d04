"""Sessions and their chains of refresh tokens.

A refresh token is used once. Its successor is computed from it with a key outside the database, so the database holds
hashes alone, and the same device that asks twice (two tabs, a lost reply) can be given the same one again.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.identity.cookies import SESSION_LIFETIME
from quill.identity.store import SESSIONS_ENDED, record
from quill.postgres.tables.auth import account, refresh_token, session

MOST = 10  # sessions of one person; the oldest ends first
GRACE = 20  # seconds in which a used token gets its own device the same successor


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end: its address, and what its browser says of itself (which makes it "the same device")."""

    address: str
    user_agent: str

    @property
    def device(self) -> bytes:
        return sha256(self.user_agent.encode("utf-8", "surrogateescape")).digest()


@dataclass(frozen=True, slots=True)
class Started:
    session_id: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Rotated:
    """``token`` is None where the caller's cookie is to be left alone: it lost a race and has a newer one already."""

    user_id: str
    token: str | None


async def start(connection: AsyncConnection, organisation_id: str, account_id: str, caller: Caller) -> Started:
    """A new session of an account that has just proven who it is."""
    await connection.execute(_LOCK_ACCOUNT, {"organisation": organisation_id, "account": account_id})
    await _end(connection, organisation_id, session.c.session_id.in_(_all_but_newest(organisation_id, account_id)), "too_many")
    session_id, token = str(uuid4()), _encoded(secrets.token_bytes(32))
    epoch = (
        select(account.c.user_epoch)
        .where(account.c.organisation_id == organisation_id, account.c.account_id == account_id)
        .scalar_subquery()
    )
    values = {
        "organisation_id": organisation_id,
        "session_id": session_id,
        "account_id": account_id,
        "user_epoch": epoch,
        "address": caller.address,
        "user_agent": caller.user_agent,
        "expires_at": func.now() + text(f"interval '{SESSION_LIFETIME} seconds'"),
    }
    await connection.execute(insert(session).values(values))
    await _add_token(connection, organisation_id, session_id, token)
    return Started(session_id, token)


async def rotate(
    connection: AsyncConnection, key: bytes, organisation_id: str, session_id: str, token: str, caller: Caller
) -> Rotated | None:
    """The next token of a session; None when the session is over, or was just ended because an old token was used again.

    The transaction is to be committed in either case: the end of a family is one of its outcomes.
    """
    key_of_session = {"organisation": organisation_id, "session": session_id}
    alive = (await connection.execute(_LOCK_SESSION, key_of_session)).one_or_none()
    if alive is None or not alive.live:
        return None
    mine = {"organisation": organisation_id, "session": session_id, "token": _hash(token)}
    used = (await connection.execute(_TOKEN, mine)).one_or_none()
    if used is None:
        return None
    successor = _encoded(hmac.digest(key, token.encode(), sha256))
    if used.used_at is None:
        await connection.execute(_USE, {**mine, "device": caller.device})
        await _add_token(connection, organisation_id, session_id, successor)
        return Rotated(alive.account_id, successor)
    if used.age <= GRACE and used.used_by == caller.device:
        follower = (await connection.execute(_TOKEN, {**mine, "token": _hash(successor)})).one()
        return Rotated(alive.account_id, successor if follower.used_at is None else None)
    await end(connection, organisation_id, session_id, "refresh_token_reused")
    await record(
        connection,
        organisation_id,
        "refresh_token_reused",
        caller.address,
        account_id=alive.account_id,
        session_id=session_id,
    )
    return None


async def look_up(connection: AsyncConnection, organisation_id: str, session_id: str) -> Actor:
    """Who a session is of. Raises ``session_ended``."""
    row = (await connection.execute(_WHO, {"organisation": organisation_id, "session": session_id})).one_or_none()
    if row is None:
        raise ApiError("session_ended")
    return Actor(row.account_id, organisation_id, row.username, row.name, frozenset(row.roles), session_id)


async def ended_among(connection: AsyncConnection, organisation_id: str, session_ids: Collection[str]) -> set[str]:
    """Of these sessions those that are over, or never were."""
    found = await connection.execute(_LIVING, {"organisation": organisation_id, "sessions": list(session_ids)})
    return set(session_ids) - set(found.scalars())


async def end(connection: AsyncConnection, organisation_id: str, session_id: str, reason: str) -> bool:
    """Ends a session; False when it was over already. Every server hears of it when the transaction commits."""
    return bool(await _end(connection, organisation_id, session.c.session_id == session_id, reason))


async def end_all(connection: AsyncConnection, organisation_id: str, account_id: str, reason: str) -> int:
    """Ends every session of an account; how many."""
    return await _end(connection, organisation_id, session.c.account_id == account_id, reason)


async def _end(connection: AsyncConnection, organisation_id: str, which: ColumnElement[bool], reason: str) -> int:
    statement = (
        update(session)
        .where(session.c.organisation_id == organisation_id, which, session.c.ended_at.is_(None))
        .values(ended_at=func.now(), ended_reason=reason)
        .returning(session.c.session_id)
    )
    ended = (await connection.execute(statement)).scalars().all()
    for session_id in ended:
        await connection.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": SESSIONS_ENDED, "id": session_id})
    return len(ended)


def _all_but_newest(organisation_id: str, account_id: str) -> Select[str]:
    mine = (session.c.organisation_id == organisation_id) & (session.c.account_id == account_id)
    newest_first = select(session.c.session_id).where(mine, session.c.ended_at.is_(None)).order_by(session.c.started_at.desc())
    return newest_first.offset(MOST - 1)


async def _add_token(connection: AsyncConnection, organisation_id: str, session_id: str, token: str) -> None:
    values = {"organisation_id": organisation_id, "token_sha256": _hash(token), "session_id": session_id}
    await connection.execute(insert(refresh_token).values(values))


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _encoded(token: bytes) -> str:
    return urlsafe_b64encode(token).rstrip(b"=").decode()


_OF_SESSION = """
  FROM session s JOIN account a ON a.organisation_id = s.organisation_id AND a.account_id = s.account_id
  WHERE s.organisation_id = :organisation"""
_LIVE = "s.ended_at IS NULL AND s.expires_at > now() AND NOT a.disabled AND a.user_epoch = s.user_epoch"
_LOCK_ACCOUNT = text("SELECT 1 FROM account WHERE organisation_id = :organisation AND account_id = :account FOR UPDATE")
_LOCK_SESSION = text(
    f"SELECT s.account_id::text AS account_id, {_LIVE} AS live {_OF_SESSION} AND s.session_id = :session FOR UPDATE OF s"
)
_WHO = text(
    "SELECT a.account_id::text AS account_id, a.username, a.name, a.roles "
    f"{_OF_SESSION} AND s.session_id = :session AND {_LIVE}"
)
_LIVING = text(f"SELECT s.session_id::text {_OF_SESSION} AND s.session_id = ANY(CAST(:sessions AS uuid[])) AND {_LIVE}")
_TOKEN = text("""
  SELECT used_at, used_by, extract(epoch FROM clock_timestamp() - used_at) AS age FROM refresh_token
  WHERE organisation_id = :organisation AND token_sha256 = :token AND session_id = :session""")
_USE = text("""
  UPDATE refresh_token SET used_at = clock_timestamp(), used_by = :device
  WHERE organisation_id = :organisation AND token_sha256 = :token AND session_id = :session""")
