"""``quill migrate``: brings both databases to this version's tables."""

from __future__ import annotations

import argparse

from quill.installation import installation
from quill.migrations import upgrade
from quill.settings import Place


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("migrate", help="bring the databases to this version")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    with installation(Place.from_environment()) as settings:
        upgrade(settings)
    print("Both databases are at this version.")
    return 0
