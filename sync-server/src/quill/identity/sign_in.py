"""Signing in, going on, signing out."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.identity import accounts, attempts, sessions, totp
from quill.identity.accounts import Account
from quill.identity.channel import Channel
from quill.identity.identity import Identity
from quill.identity.sessions import Caller
from quill.identity.store import record, settle, within
from quill.postgres.tables.auth import NOBODY, totp_used

log = logging.getLogger("quill.identity")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``refresh`` is None where the caller's cookie is to be left as it is."""

    actor: Actor
    access: str
    refresh: str | None
    csrf: str


async def sign_in(
    identity: Identity, channel: Channel, caller: Caller, username: str, password: str, code: str | None
) -> SignedIn:
    """Raises ``invalid_credentials``, ``two_factor_required``, ``invalid_totp``, ``too_many_requests``.

    A name nobody has takes the same road as one with a wrong password: the same statements, one hash, one event.
    """
    name = accounts.folded(username)
    counted = attempts.limits(identity.keys.attempts, name, caller.address)
    account = await _count_and_find(identity, counted, name)
    if not await identity.passwords.fits(_usable_hash(account), password):
        await _note(identity, account, caller, "sign_in_failed")
        raise ApiError("invalid_credentials")
    assert account is not None
    if account.demonstration and not channel.loopback:
        await _note(identity, account, caller, "demonstration_elsewhere")
        raise ApiError("demonstration_only_local")
    if account.totp is not None and code is None:
        await _forgive(identity, counted)
        raise ApiError("two_factor_required")
    started = await _begin(identity, account, caller, code)
    if started is None:
        await _note(identity, account, caller, "second_factor_failed")
        raise ApiError("invalid_totp")
    await _forgive(identity, counted)
    actor = Actor(
        account.account_id,
        account.organisation_id,
        account.username,
        account.name,
        frozenset(account.roles),
        started.session_id,
    )
    return _signed_in(identity, actor, started.refresh_token)


async def refresh(identity: Identity, caller: Caller, csrf: str | None, token: str | None) -> SignedIn:
    """Raises ``csrf_failed``, ``not_signed_in`` without a token, ``session_ended``."""
    organisation_id, session_id = identity.csrf.session_of(csrf)
    if token is None:
        raise ApiError("not_signed_in")
    async with within(identity.database, organisation_id) as connection:
        rotated = await sessions.rotate(connection, identity.keys.refresh, organisation_id, session_id, token, caller)
        actor = await sessions.look_up(connection, organisation_id, session_id) if rotated else None
    if rotated is None or actor is None:
        identity.held.drop(session_id)
        raise ApiError("session_ended")
    return _signed_in(identity, actor, rotated.token)


async def sign_out(identity: Identity, caller: Caller, csrf: str | None) -> None:
    """Ends the session the CSRF token is of: also when its access token has run out. Raises ``csrf_failed``."""
    organisation_id, session_id = identity.csrf.session_of(csrf)
    async with within(identity.database, organisation_id) as connection:
        if await sessions.end(connection, organisation_id, session_id, "signed_out"):
            await record(connection, organisation_id, "signed_out", caller.address, session_id=session_id)
    identity.held.drop(session_id)


def _signed_in(identity: Identity, actor: Actor, token: str | None) -> SignedIn:
    access = identity.tokens.issue(actor.user_id, actor.organisation_id, actor.session_id)
    return SignedIn(actor, access, token, identity.csrf.issue(actor.organisation_id, actor.session_id))


def _usable_hash(account: Account | None) -> str | None:
    return None if account is None or account.disabled else account.password_hash


async def _count_and_find(identity: Identity, counted: tuple[attempts.Limit, ...], name: str) -> Account | None:
    refused: ApiError | None = None
    account: Account | None = None
    async with within(identity.database, username=name) as connection:
        try:
            await attempts.count(connection, counted)
        except ApiError as error:  # raised outside: the try is to be committed
            refused = error
        else:
            organisation_id = await accounts.organisation_of(connection, name) or NOBODY
            await settle(connection, organisation=organisation_id)
            account = await accounts.find(connection, organisation_id, name)
    if refused:
        raise refused
    return account


async def _begin(identity: Identity, account: Account, caller: Caller, code: str | None) -> sessions.Started | None:
    """The session, in one transaction with the code's use; None when the code is wrong or used."""
    organisation_id, account_id = account.organisation_id, account.account_id
    async with within(identity.database, organisation_id) as connection:
        if account.totp is not None and not await _use_code(identity, connection, account, code or ""):
            return None
        started = await sessions.start(connection, organisation_id, account_id, caller)
        await record(
            connection, organisation_id, "signed_in", caller.address, account_id=account_id, session_id=started.session_id
        )
    return started


async def _use_code(identity: Identity, connection: AsyncConnection, account: Account, code: str) -> bool:
    """Takes the code's step for good. Of two at once the second waits for the first and finds it taken."""
    assert account.totp is not None
    try:
        secret = identity.totp_secrets.open(account.organisation_id, account.account_id, account.totp)
    except ValueError:  # sealed under another installation's key, or for another account: no code can be right
        log.exception("the second factor of account %s", account.account_id)
        return False
    step = totp.step_of(secret, code)
    if step is None:
        return False
    mine = (totp_used.c.organisation_id == account.organisation_id) & (totp_used.c.account_id == account.account_id)
    past = int(time.time()) // totp.STEP - 10  # no longer a possible step
    await connection.execute(delete(totp_used).where(mine, totp_used.c.step < past))
    values = {"organisation_id": account.organisation_id, "account_id": account.account_id, "step": step}
    taken = upsert(totp_used).values(values).on_conflict_do_nothing().returning(totp_used.c.step)
    return (await connection.execute(taken)).one_or_none() is not None


async def _forgive(identity: Identity, counted: tuple[attempts.Limit, ...]) -> None:
    async with within(identity.database) as connection:
        await attempts.forgive(connection, counted)


async def _note(identity: Identity, account: Account | None, caller: Caller, event: str) -> None:
    organisation_id = account.organisation_id if account else NOBODY
    async with within(identity.database, organisation_id) as connection:
        account_id = account.account_id if account else None
        await record(connection, organisation_id, event, caller.address, account_id=account_id)
