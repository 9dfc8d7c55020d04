"""``quill import-patients FILE``: FHIR patients, one a line or as a Bundle, gzipped or not. Safe to repeat."""

from __future__ import annotations

import argparse
import asyncio
import gzip
import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson

from quill.cli.databases import databases
from quill.installation import installation
from quill.settings import Place, Settings
from quill.setup_error import SetupError
from quill.sync.imports import Imported, Newcomer, newcomer, take_in
from quill.sync.log import lock_head

AT_ONCE = 500  # patients a transaction


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("import-patients", help="take in FHIR patients (NDJSON or a Bundle)")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--organisation", required=True, help="its name or id")
    parser.add_argument("--team", required=True, help="the team that cares for them: its name or id")
    parser.add_argument("--create", action="store_true", help="make the team where it isn't there")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with installation(Place.from_environment()) as settings:
        imported = asyncio.run(_import(settings, arguments))
    for sentence in imported.refused:
        print(f"Not taken: {sentence}.", file=sys.stderr)
    print(f"{imported.created} new, {imported.known} there already, {len(imported.refused)} not taken.")
    return 1 if imported.refused else 0


async def _import(settings: Settings, arguments: argparse.Namespace) -> Imported:
    total = Imported()
    async with databases(settings) as both:
        organisation_id = await both.organisation(arguments.organisation)
        await both.tell_of_people()
        team = await both.team(organisation_id, arguments.team, create=arguments.create)
        arriving = _newcomers(arguments.file, team.id, total)
        while batch := {one.id: one for one in islice(arriving, AT_ONCE)}:
            async with both.sync.writing(organisation_id) as connection:
                head = await lock_head(connection, organisation_id)
                _, part = await take_in(connection, head, list(batch.values()))
            total.created += part.created
            total.known += part.known
            total.refused += part.refused
            if sys.stderr.isatty():
                print(f"\r{total.created + total.known} patients", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return total


def _newcomers(file: Path, team_id: str, total: Imported) -> Iterator[Newcomer]:
    for number, (resource, raw) in enumerate(_resources(file), start=1):
        try:
            if not isinstance(resource, dict):
                raise ValueError("it is no JSON object that can be read")
            yield newcomer(resource, [team_id], raw)
        except ValueError as error:
            total.refused.append(f"number {number} of the file: {error}")


def _resources(file: Path) -> Iterator[tuple[Any, bytes | None]]:
    """Each resource and, where it stands alone, its bytes. None stands for what can't be read."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
            first = next((line for line in lines if line.strip()), b"")
            if _read(first) is None:
                first += lines.read()  # no NDJSON: one thing over many lines
            for text in chain([first], lines):
                if text.strip():
                    yield from _unpacked(text.strip())
    except (OSError, EOFError) as error:
        raise SetupError(f"{file} can't be read: {getattr(error, 'strerror', None) or error}.") from None


def _unpacked(text: bytes) -> Iterator[tuple[Any, bytes | None]]:
    read = _read(text)
    if isinstance(read, dict) and read.get("resourceType") == "Bundle":
        yield from ((entry.get("resource"), None) for entry in read.get("entry", ()))
    else:
        yield read, text


def _read(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
