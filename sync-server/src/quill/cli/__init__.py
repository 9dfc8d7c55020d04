"""``quill``: run, migrate, look after an installation. Each command is a module with ``register``."""

from __future__ import annotations

import argparse
import sys

import psycopg
import sqlalchemy.exc

from quill.cli import audit, doctor, import_patients, migrate, reset, serve, teams, users
from quill.errors import ApiError
from quill.setup_error import SetupError

COMMANDS = (serve, migrate, import_patients, users, teams, audit, doctor, reset)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command. Exit status: 0 done, 1 said why not, 2 misused."""
    parser = argparse.ArgumentParser(prog="quill", description="Quill's sync server.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(subparsers)
    parsed = parser.parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except SetupError as error:
        print(f"quill: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except (OSError, ApiError, psycopg.OperationalError, sqlalchemy.exc.OperationalError) as error:
        print(f"quill: {_why(error)}", file=sys.stderr)
        return 1


def _why(error: Exception) -> str:
    """What the machine refused, in one sentence."""
    if isinstance(error, ApiError):
        return error.message
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"this cannot go on: {error.strerror or error}{where}."
    cause = error.orig if isinstance(error, sqlalchemy.exc.OperationalError) else error
    return f"the database cannot go on: {str(cause).strip().splitlines()[0]}."


if __name__ == "__main__":
    raise SystemExit(main())
