"""``quill users add|reset``: people who may sign in."""

from __future__ import annotations

import argparse
import asyncio
import re
from uuid import uuid4

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from quill.cli import passwords
from quill.cli.databases import Databases, databases
from quill.identity import accounts, totp
from quill.identity.identity import IdentityKeys
from quill.identity.passwords import hashed
from quill.identity.store import within
from quill.identity.totp import SealedSecrets
from quill.installation import installation
from quill.postgres.tables.auth import organisation
from quill.settings import Place, Settings
from quill.setup_error import SetupError
from quill_schemas import ROLES

NEED_A_SECOND_FACTOR = frozenset({"Administrator", "Clinic Owner"})
USERNAME = re.compile(r"[\w.@-]{2,100}\Z")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("users", help="add people, reset their passwords")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add a person")
    add.add_argument("username")
    add.add_argument("--name", required=True, help="as colleagues see it")
    add.add_argument("--role", action="append", required=True, choices=ROLES, dest="roles", help="may be given several times")
    add.add_argument("--organisation", required=True, help="its name or id")
    add.add_argument("--new-organisation", action="store_true", help="make the organisation too")
    passwords.options(add)
    add.set_defaults(run=run_add)
    reset = actions.add_parser("reset", help="give a person a new password; ends all their sessions")
    reset.add_argument("username")
    reset.add_argument("--totp", action="store_true", help="a new second factor too")
    passwords.options(reset)
    reset.set_defaults(run=run_reset)


def run_add(arguments: argparse.Namespace) -> int:
    username = accounts.folded(arguments.username)
    if not USERNAME.match(username):
        raise SetupError("A user name has 2 to 100 letters, digits, dots, hyphens, underscores or @.")
    with installation(Place.from_environment()) as settings:
        password = passwords.chosen(arguments, username, arguments.name)
        asyncio.run(_add(settings, arguments, username, password))
    print(f"{username} can sign in.")
    return 0


def run_reset(arguments: argparse.Namespace) -> int:
    with installation(Place.from_environment()) as settings:
        password = passwords.chosen(arguments, arguments.username)
        asyncio.run(_reset(settings, arguments, password))
    print(f"{accounts.folded(arguments.username)} has a new password; every session of theirs has ended.")
    return 0


async def _add(settings: Settings, arguments: argparse.Namespace, username: str, password: str) -> None:
    async with databases(settings) as both:
        organisation_id = await _organisation(both, arguments)
        try:
            async with within(both.auth, organisation_id) as connection:
                account_id = await accounts.create(
                    connection,
                    organisation_id,
                    username=username,
                    name=arguments.name,
                    roles=set(arguments.roles),
                    password_hash=hashed(password),
                )
                if NEED_A_SECOND_FACTOR.intersection(arguments.roles):
                    secret = _show_second_factor(username)
                    await accounts.set_totp(connection, _secrets(settings), organisation_id, account_id, secret)
        except IntegrityError:
            raise SetupError(f"The user name “{username}” is taken.") from None
        await both.tell_of_people()


async def _reset(settings: Settings, arguments: argparse.Namespace, password: str) -> None:
    async with databases(settings) as both:
        person = await both.person(arguments.username)
        async with within(both.auth, person.organisation_id) as connection:
            await accounts.set_password(connection, person.organisation_id, person.account_id, hashed(password))
            if arguments.totp:
                secret = _show_second_factor(person.username)
                await accounts.set_totp(connection, _secrets(settings), person.organisation_id, person.account_id, secret)
        await both.tell_of_people()


async def _organisation(both: Databases, arguments: argparse.Namespace) -> str:
    if not arguments.new_organisation:
        return await both.organisation(arguments.organisation)
    made = str(uuid4())
    try:
        async with within(both.auth, made) as connection:
            await connection.execute(insert(organisation).values(organisation_id=made, name=arguments.organisation))
    except IntegrityError:
        raise SetupError(
            f"There is an organisation “{arguments.organisation}” already; leave --new-organisation out."
        ) from None
    return made


def _show_second_factor(username: str) -> str:
    secret = totp.new_secret()
    print(f"Second factor, for an authenticator: {totp.set_up_address(secret, username)}")
    return secret


def _secrets(settings: Settings) -> SealedSecrets:
    return SealedSecrets(IdentityKeys.of(settings.secret).totp)
