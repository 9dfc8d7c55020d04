"""``quill teams add|remove USER TEAM``: who belongs to which team, and so which patients they have."""

from __future__ import annotations

import argparse
import asyncio

from quill.cli.databases import databases
from quill.installation import installation
from quill.settings import Place, Settings
from quill.sync.log import lock_head
from quill.sync.memberships import add_to_team, remove_from_team


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("teams", help="put people into teams, take them out")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, words in (
        ("add", "a person joins a team"),
        ("remove", "a person leaves a team; its patients go from their devices"),
    ):
        one = actions.add_parser(action, help=words)
        one.add_argument("user", metavar="USER", help="user name")
        one.add_argument("team", metavar="TEAM", help="name or id")
        one.set_defaults(run=run, create=False)
        if action == "add":
            one.add_argument("--create", action="store_true", help="make the team where it isn't there")


def run(arguments: argparse.Namespace) -> int:
    with installation(Place.from_environment()) as settings:
        print(asyncio.run(_change(settings, arguments)))
    return 0


async def _change(settings: Settings, arguments: argparse.Namespace) -> str:
    """What is so now, in a sentence."""
    async with databases(settings) as both:
        await both.tell_of_people()  # somebody just added may not be known to the log yet
        person = await both.person(arguments.user)
        team = await both.team(person.organisation_id, arguments.team, create=arguments.create)
        async with both.sync.writing(person.organisation_id) as connection:
            head = await lock_head(connection, person.organisation_id)
            if arguments.action == "add":
                await add_to_team(connection, head, person.account_id, team.id)
                return f"{person.username} is in {team.name}."
            await remove_from_team(connection, head, person.account_id, team.id)
            return f"{person.username} is no longer in {team.name}."
