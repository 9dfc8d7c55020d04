"""What the log's database has to know about people: written in the transaction that changes them, carried afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from quill.domain.person import Person
from quill.identity.store import within
from quill.postgres.sessions import AuthDatabase
from quill.postgres.tables.auth import account, auth_outbox, organisation

CHANGED = "quill_account_changed"  # NOTIFY channel, without payload
AT_ONCE = 200


Carry = Callable[[Person], Awaitable[None]]


async def put(connection: AsyncConnection, organisation_id: str, account_id: str) -> None:
    """Queues an account as this transaction leaves it."""
    mine = (account.c.organisation_id == organisation_id) & (account.c.account_id == account_id)
    named = select(account, organisation.c.name.label("organisation_name"), organisation.c.demonstration).join(organisation)
    row = (await connection.execute(named.where(mine))).one()
    change = {
        "organisation_name": row.organisation_name,
        "demonstration": row.demonstration,
        "user_id": row.account_id,
        "username": row.username,
        "name": row.name,
        "roles": row.roles,
        "disabled": row.disabled,
        "user_epoch": row.user_epoch,
    }
    await connection.execute(insert(auth_outbox).values(organisation_id=organisation_id, change=change))
    await connection.execute(text(f"NOTIFY {CHANGED}"))


async def deliver(database: AuthDatabase, carry: Carry) -> int:
    """Carries what waits, in order, and ticks it off; how many. Carried twice does no harm: the other side keeps the newest.

    Two processes may try at once: the rows are locked, so the second finds them done. Only where the first loses its
    connection, and with it the locks, are some carried twice.
    """
    async with within(database, relay="on") as connection:
        waiting = (
            select(auth_outbox)
            .where(auth_outbox.c.carried_at.is_(None))
            .order_by(auth_outbox.c.position)
            .limit(AT_ONCE)
            .with_for_update()
        )
        rows = (await connection.execute(waiting)).all()
        for row in rows:
            await carry(_person(row.organisation_id, row.change))
        positions = [row.position for row in rows]
        done = update(auth_outbox).where(auth_outbox.c.position.in_(positions)).values(carried_at=func.now())
        await connection.execute(done)
    return len(rows)


def _person(organisation_id: str, said: dict[str, Any]) -> Person:
    return Person(organisation_id=organisation_id, **{**said, "roles": tuple(said["roles"])})
