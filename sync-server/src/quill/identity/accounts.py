"""Accounts: found by name at sign-in; made, given a new password, disabled by an administrator."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from quill.identity import outbox, sessions
from quill.identity.totp import SealedSecrets
from quill.postgres.tables.auth import account, organisation, totp_secret


@dataclass(frozen=True, slots=True)
class Account:
    """A person of one organisation as sign-in needs it; ``totp`` is the sealed secret, None without a second factor."""

    organisation_id: str
    account_id: str
    username: str
    name: str
    roles: tuple[str, ...]
    password_hash: str
    disabled: bool
    user_epoch: int
    demonstration: bool
    totp: bytes | None


def folded(username: str) -> str:
    """A name as it is stored: people type capitals and spaces they don't mean."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


async def find(connection: AsyncConnection, organisation_id: str, username: str) -> Account | None:
    """The account of a name within an organisation that is already known."""
    query = (
        select(account, organisation.c.demonstration, totp_secret.c.sealed)
        .join(organisation, organisation.c.organisation_id == account.c.organisation_id)
        .outerjoin(
            totp_secret,
            (totp_secret.c.organisation_id == account.c.organisation_id) & (totp_secret.c.account_id == account.c.account_id),
        )
        .where(account.c.organisation_id == organisation_id, account.c.username == username)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Account(
        row.organisation_id,
        row.account_id,
        row.username,
        row.name,
        tuple(row.roles),
        row.password_hash,
        row.disabled,
        row.user_epoch,
        row.demonstration,
        row.sealed,
    )


async def organisation_of(connection: AsyncConnection, username: str) -> str | None:
    """Where a name belongs; the transaction must have asked for it (``store.within(username=…)``)."""
    found = await connection.execute(select(account.c.organisation_id).where(account.c.username == username))
    return found.scalar_one_or_none()


async def create(
    connection: AsyncConnection,
    organisation_id: str,
    *,
    username: str,
    name: str,
    roles: Iterable[str],
    password_hash: str,
    account_id: str | None = None,
) -> str:
    """A new account's id. The log's database is told through the outbox."""
    made = account_id or str(uuid4())
    values = {
        "organisation_id": organisation_id,
        "account_id": made,
        "username": username,
        "name": name,
        "roles": sorted(roles),
        "password_hash": password_hash,
    }
    await connection.execute(insert(account).values(values))
    await outbox.put(connection, organisation_id, made)
    return made


async def set_password(connection: AsyncConnection, organisation_id: str, account_id: str, password_hash: str) -> None:
    """A new password ends every session that the old one began."""
    mine = (account.c.organisation_id == organisation_id) & (account.c.account_id == account_id)
    await connection.execute(
        update(account)
        .where(mine)
        .values(password_hash=password_hash, user_epoch=account.c.user_epoch + 1, password_changed_at=func.now())
    )
    await sessions.end_all(connection, organisation_id, account_id, "password_changed")
    await outbox.put(connection, organisation_id, account_id)


async def set_disabled(connection: AsyncConnection, organisation_id: str, account_id: str, *, disabled: bool) -> None:
    mine = (account.c.organisation_id == organisation_id) & (account.c.account_id == account_id)
    await connection.execute(update(account).where(mine).values(disabled=disabled, user_epoch=account.c.user_epoch + 1))
    if disabled:
        await sessions.end_all(connection, organisation_id, account_id, "disabled")
    await outbox.put(connection, organisation_id, account_id)


async def set_totp(
    connection: AsyncConnection, secrets: SealedSecrets, organisation_id: str, account_id: str, secret: str | None
) -> None:
    """Gives an account this second factor in place of any other, or none."""
    mine = (totp_secret.c.organisation_id == organisation_id) & (totp_secret.c.account_id == account_id)
    if secret is None:
        await connection.execute(delete(totp_secret).where(mine))
        return
    sealed = secrets.seal(organisation_id, account_id, secret)
    values = {"organisation_id": organisation_id, "account_id": account_id, "sealed": sealed}
    statement = upsert(totp_secret).values(values)
    key = [totp_secret.c.organisation_id, totp_secret.c.account_id]
    await connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"sealed": sealed}))
