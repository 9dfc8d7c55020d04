"""``quill reset``: throws the demonstration away, so that the next start begins afresh."""

from __future__ import annotations

import argparse

from quill.postgres.embedded import hold
from quill.postgres.places import erase
from quill.settings import Place, external_settings
from quill.setup_error import SetupError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("reset", help="delete the demonstration and all its data")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    place = Place.from_environment()
    if external_settings(place):
        raise SetupError("This installation has a PostgreSQL of its own; reset only deletes the demonstration's.")
    if not place.home.exists():
        print(f"There is nothing at {place.home}.")
        return 0
    if not arguments.yes and input(f"Delete {place.home} and every record in it? Type yes: ").strip() != "yes":
        print("Nothing was deleted.")
        return 1
    with hold(place.home):
        erase(place.home)
    print(f"{place.home} is gone; the next start begins afresh.")
    return 0
