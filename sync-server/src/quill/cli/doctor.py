"""``quill doctor``: says in words what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import argparse
import shutil
import stat
from collections.abc import Callable, Iterator

import psycopg

from quill.audit.verify import verify_all
from quill.installation import installation
from quill.migrations import pending
from quill.settings import Place, Settings

LITTLE_ROOM = 1024 * 1024 * 1024  # bytes


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("doctor", help="say what is wrong with this installation")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    with installation(Place.from_environment()) as settings:
        troubles = [trouble for check in CHECKS for trouble in check(settings)]
    for trouble in troubles:
        print(f"- {trouble}")
    print("Nothing is wrong." if not troubles else f"{len(troubles)} to look at.")
    return 1 if troubles else 0


def disk(settings: Settings) -> Iterator[str]:
    free = shutil.disk_usage(settings.home).free
    if free < LITTLE_ROOM:
        yield f"The disk that holds {settings.home} has {free // 2**20} MiB left; make room before it is full."


def secrets(settings: Settings) -> Iterator[str]:
    file = settings.home / "secrets.json"
    if file.exists() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"{file} can be read by others; run: chmod 600 {file}"


def app(settings: Settings) -> Iterator[str]:
    if settings.static_dir is None or not (settings.static_dir / "index.html").exists():
        yield "The app is not built, so /app/ is empty; run: make run"


def databases(settings: Settings) -> Iterator[str]:
    for name, dsn in (("sign-in", settings.auth_dsn), ("sync", settings.sync_dsn)):
        try:
            with psycopg.connect(dsn, connect_timeout=3) as connection:
                yield from _role(name, connection)
        except psycopg.OperationalError as error:
            yield f"The {name} database cannot be reached: {str(error).strip().splitlines()[-1]}"
    for tree in pending(settings):
        yield f"The {tree} database is not at this version's tables; run: quill migrate"


def _role(name: str, connection: psycopg.Connection) -> Iterator[str]:
    row = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
    if row and row[0]:
        yield f"The server reaches the {name} database as a role that row-level security does not bind; give it a plain one."
    if (row := connection.execute("SHOW synchronous_commit").fetchone()) and row[0] not in {
        "on",
        "remote_apply",
        "remote_write",
    }:
        yield f"The {name} database has synchronous_commit = {row[0]}: what is acknowledged could be lost; set it to on."
    if (row := connection.execute("SHOW fsync").fetchone()) and row[0] != "on":
        yield f"The {name} database has fsync off: a power cut could lose everything; set it to on."
    open_tables = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        "AND relname NOT LIKE 'alembic%' AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1"
    ).fetchall()
    for (table,) in open_tables:
        yield f"The table {table} of the {name} database has no forced row-level security; run: quill migrate"


def audit(settings: Settings) -> Iterator[str]:
    yield from (str(finding) for finding in verify_all(settings) if finding.broken)


CHECKS: tuple[Callable[[Settings], Iterator[str]], ...] = (disk, secrets, app, databases, audit)
