"""What pulling costs beside its limits on the same machine: ``python tests/bench/pull.py [--records N] [--json FILE]``.

Each row is ours against a limit, measured alternately on the same data, several times; the ratio is of the medians.
Server and database run as they do in an installation, every guarantee on; the client only receives.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from quill.installation import installation
from quill.migrations import upgrade
from quill.postgres.places import erase
from quill.settings import Place, Settings

PASSWORD = "ward-lantern-orchid-42"
PAGE = 5000
REPEATS = 5
CALLS = 400
FEW = 2000
RECORD = 1024  # bytes


@dataclass
class Row:
    """``ours`` and ``limit`` in seconds: [median, least, most]. ``ratio`` of the medians, ``floor`` what it may be at most."""

    figure: str
    against: str
    ours: list[float]
    limit: list[float]
    ratio: float
    floor: float | None


def spread(times: Sequence[float]) -> list[float]:
    return [round(value, 6) for value in (statistics.median(times), min(times), max(times))]


def compared(figure: str, against: str, ours: Callable[[], float], limit: Callable[[], float], floor: float | None) -> Row:
    """Each measured in turn, after one of each that isn't counted."""
    pairs = [(ours(), limit()) for _ in range(REPEATS + 1)][1:]
    mine, theirs = ([pair[which] for pair in pairs] for which in (0, 1))
    ratio = statistics.median(mine) / statistics.median(theirs)
    return Row(figure, against, spread(mine), spread(theirs), round(ratio, 2), floor)


class Client:
    """One kept connection; answers are received whole and thrown away."""

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.connection.connect()
        assert self.connection.sock is not None
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {"accept-encoding": "identity", **(headers or {})}
        self.buffer = bytearray(1 << 20)

    def get(self, path: str) -> bytes:
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (answer.status, body[:300])
        return body

    def receive(self, path: str) -> tuple[int, bytes]:
        """How many bytes came, and the last of them."""
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        assert answer.status == 200, answer.status
        total, last = 0, b""
        while size := answer.readinto(self.buffer):
            total += size
            last = (last + self.buffer[max(0, size - 1024) : size])[-1024:]
        return total, last


def first_sync(client: Client) -> tuple[float, int]:
    """(seconds, bytes) of a bootstrap, page by page."""
    started, total, cursor = time.perf_counter(), 0, ""
    while True:
        size, last = client.receive(f"/api/sync/changes?limit={PAGE}{cursor}")
        total += size
        found = re.search(rb'"cursor":"([^"]+)","more":(true|false)', last)
        assert found
        cursor = f"&cursor={found[1].decode()}"
        if found[2] == b"false":
            return time.perf_counter() - started, total


def per_call(client: Client, path: str) -> float:
    """p50 in seconds."""
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        client.get(path)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


# The servers, each in a process of its own


def serve(which: str, settings: Settings, port: int, organisation_id: str, total: int) -> None:
    import uvicorn

    app = ours(settings) if which == "ours" else bare(settings, organisation_id, total)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=300,
        server_header=False,
    )


def ours(settings: Settings) -> Any:
    from quill.main import build

    return build(settings)


def bare(settings: Settings, organisation_id: str, total: int) -> Any:
    """A stream of bytes, an indexed look-up, a no-op: nothing but uvicorn, Starlette and psycopg."""
    from contextlib import asynccontextmanager

    from psycopg_pool import AsyncConnectionPool
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route

    options = f"-c quill.organisation={organisation_id}"
    pool: Any = AsyncConnectionPool(settings.sync_dsn, kwargs={"autocommit": True, "options": options}, open=False)
    record = os.urandom(RECORD // 2).hex().encode()
    chunk = os.urandom(1 << 15).hex().encode()  # 64 KiB, what Starlette streams a file in

    async def stream(_request: Request) -> Response:
        async def body() -> Any:
            for _ in range(total // len(chunk)):
                yield chunk
            yield chunk[: total % len(chunk)]

        return StreamingResponse(body(), media_type="application/json")

    async def records(_request: Request) -> Response:
        async def body() -> Any:
            for _ in range(total // RECORD):
                yield record

        return StreamingResponse(body(), media_type="application/json")

    async def look_up(request: Request) -> Response:
        async with pool.connection() as connection:
            found = await connection.execute(
                "SELECT bytes FROM entry WHERE organisation_id = %s AND id = %s",
                (organisation_id, request.query_params["id"]),
                prepare=True,
                binary=True,
            )
            row = await found.fetchone()
        return Response(row[0], media_type="application/json")

    async def nothing(_request: Request) -> Response:
        return Response(b'{"changes":[]}', media_type="application/json")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> Any:
        await pool.open(wait=True)
        yield
        await pool.close()

    routes = [Route("/stream", stream), Route("/records", records), Route("/look-up", look_up), Route("/nothing", nothing)]
    return Starlette(routes=routes, lifespan=lifespan)


@contextmanager
def running(which: str, home: Path, organisation_id: str = "", total: int = 0) -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    arguments = [sys.executable, __file__, "--serve", which, str(home), str(port), organisation_id, str(total)]
    process = subprocess.Popen(arguments)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not come up"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


# The data


async def fill(settings: Settings, records: int) -> dict[str, Any]:
    """One organisation of ``records`` patients of 1 KiB; an Administrator, and a clinician who sees 2,000 of them."""
    from sqlalchemy import insert

    from quill.domain.person import Person
    from quill.identity import accounts, passwords
    from quill.identity.identity import Identity
    from quill.identity.store import within
    from quill.postgres.sessions import AuthDatabase, SyncDatabase
    from quill.postgres.tables.auth import organisation
    from quill.sync.log import Change, append, lock_head
    from quill.sync.memberships import Teams, add_to_team, scope_born
    from quill.sync.people import keep_person

    organisation_id, team = str(uuid4()), str(uuid4())
    database, auth = SyncDatabase(settings.sync_dsn), AuthDatabase(settings.auth_dsn)
    await database.open()

    async def keep(person: Person) -> None:
        await keep_person(database, person)

    identity = Identity(settings, auth, keep)
    people: dict[str, str] = {}
    async with within(auth, organisation_id) as connection:
        await connection.execute(
            insert(organisation).values(organisation_id=organisation_id, name="Bench", demonstration=False)
        )
        for username, role in (("all", "Administrator"), ("few", "Clinician")):
            people[username] = await accounts.create(
                connection,
                organisation_id,
                username=username,
                name=username,
                roles=[role],
                password_hash=passwords.hashed(PASSWORD),
            )
    await identity.start()
    await identity.stop()
    author = people["few"]
    async with database.writing(organisation_id) as connection:
        head = await lock_head(connection, organisation_id)
        head, _ = await append(
            connection, head, [Change("team", team, "org", 1, {"name": "A ward", "member_ids": []}, "server", "create")]
        )
        await add_to_team(connection, head, people["few"], team)
    last = ""
    for start in range(0, records, 1000):
        made = [str(uuid4()) for _ in range(min(1000, records - start))]
        async with database.writing(organisation_id) as connection:
            head = await lock_head(connection, organisation_id)
            before = head.seq
            changes = [Change("patient", one, f"patient:{one}", 1, patient(one, team), author, "create") for one in made]
            await append(connection, head, changes)
            if start < FEW:
                born = [Teams(one, before + 1 + at, [team]) for at, one in enumerate(made)]
                await scope_born(connection, organisation_id, born)
        last = made[-1]
    await database.close()
    await auth.close()
    return {"organisation_id": organisation_id, "last": last}


def patient(one: str, team: str) -> dict[str, Any]:
    """About 1 KiB as an entry, shaped like a real one."""
    contact = {"system": "phone", "use": "home", "value": "020 7946 0" + one[:3]}
    return {
        "name": {"family": "Synthetic-" + one[:8], "given": ["Ada", "Grace"], "prefix": "Dr"},
        "birth_date": "1951-07-03",
        "sex": "female",
        "identifiers": [{"system": "https://example.org/mrn", "value": one}],
        "address": {"lines": ["12 Example Road", "Flat 3"], "city": "Exampleton", "postcode": "EX1 2PL"},
        "telecom": [contact, {"system": "email", "value": one + "@example.org"}],
        "next_of_kin": [{"name": "Lovelace, " + one, "relationship": "daughter", "telecom": [contact]}],
        "gp": {"name": "Dr " + one, "practice": "Example Surgery"},
        "team_ids": [team],
    }


def signed_in(port: int, username: str) -> dict[str, str]:
    """Headers of a session. An Administrator has a second factor in an installation; here it is not what is measured."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    said = json.dumps({"username": username, "password": PASSWORD})
    connection.request("POST", "/api/auth/login", said, {"content-type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    cookies = [value.partition(";")[0] for name, value in answer.getheaders() if name == "set-cookie"]
    access = next(cookie for cookie in cookies if cookie.startswith("access_token="))
    return {"cookie": access, "x-quill-protocol": "1"}


def measure(home: Path, settings: Settings, records: int) -> list[Row]:
    known = asyncio.run(fill(settings, records))
    organisation_id = known["organisation_id"]
    vacuum(settings)
    rows = []
    with running("ours", home) as port:
        everything = Client(port, signed_in(port, "all"))
        few = Client(port, signed_in(port, "few"))
        _, total = first_sync(everything)
        _, some = first_sync(few)
        with (
            running("bare", home, organisation_id, total) as bare_port,
            running("bare", home, organisation_id, some) as some_port,
        ):
            limit, some_limit = Client(bare_port), Client(some_port)
            whole = f"first sync of {records:,}, {total / 1e6:.0f} MB, pages of {PAGE}"

            def all_of_it() -> float:
                return first_sync(everything)[0]

            for against, path, floor in (
                ("bare uvicorn stream, 1 KiB chunks", "/records", 4.0),
                ("bare uvicorn stream, 64 KiB chunks", "/stream", None),
            ):
                rows.append(compared(whole, against, all_of_it, lambda path=path: timed(lambda: limit.receive(path)), floor))
            rows.append(
                compared(whole, "psycopg COPY of the bytes", all_of_it, lambda: copied(settings, organisation_id), None)
            )
            rows.append(
                compared(
                    f"first sync, {FEW:,} visible of {records:,}",
                    "bare uvicorn stream, 1 KiB chunks",
                    lambda: first_sync(few)[0],
                    lambda: timed(lambda: some_limit.receive("/records")),
                    None,
                )
            )
            rows.append(
                compared(
                    f"first sync, {FEW:,} visible of {records:,}",
                    "first sync of all",
                    lambda: first_sync(few)[0],
                    all_of_it,
                    0.04 * max(1.0, 100_000 / records),
                )
            )
            now = newest(everything)
            before = one_before(settings, organisation_id, everything)
            rows.append(
                compared(
                    "one change, p50",
                    "bare Starlette look-up",
                    lambda: per_call(everything, before),
                    lambda: per_call(limit, f"/look-up?id={known['last']}"),
                    4.0,
                )
            )
            rows.append(
                compared(
                    "nothing new, p50",
                    "bare Starlette no-op",
                    lambda: per_call(everything, now_path(everything, now)),
                    lambda: per_call(limit, "/nothing"),
                    None,
                )
            )
            behind = now_path(few, newest(few))
            rows.append(
                compared(
                    f"nothing new, {FEW:,} scopes, p50",
                    "bare Starlette no-op",
                    lambda: per_call(few, behind),
                    lambda: per_call(limit, "/nothing"),
                    None,
                )
            )
    return rows


def copied(settings: Settings, organisation_id: str) -> float:
    import psycopg

    with psycopg.connect(settings.sync_dsn, options=f"-c quill.organisation={organisation_id}") as connection:
        started = time.perf_counter()
        with connection.cursor().copy("COPY (SELECT bytes FROM entry) TO STDOUT (FORMAT binary)") as copy:
            for _ in copy:
                pass
        return time.perf_counter() - started


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def newest(client: Client) -> str:
    """A cursor at the head."""
    cursor = ""
    while True:
        page = orjson.loads(client.get(f"/api/sync/changes?limit={PAGE}{cursor}"))
        cursor = f"&cursor={page['cursor']}"
        if not page["more"]:
            return str(page["cursor"])


def now_path(client: Client, cursor: str) -> str:
    """That cursor, or what has become of it since."""
    page = orjson.loads(client.get(f"/api/sync/changes?cursor={cursor}"))
    return f"/api/sync/changes?cursor={page['cursor']}"


def one_before(settings: Settings, organisation_id: str, client: Client) -> str:
    """A page with exactly one change."""
    from quill.postgres.sessions import SyncDatabase
    from quill.sync.log import Change, append, lock_head

    cursor = newest(client)

    async def write() -> None:
        database = SyncDatabase(settings.sync_dsn)
        await database.open()
        async with database.writing(organisation_id) as connection:
            head = await lock_head(connection, organisation_id)
            one = str(uuid4())
            await append(connection, head, [Change("patient", one, f"patient:{one}", 1, patient(one, one), "server", "create")])
        await database.close()

    asyncio.run(write())
    path = f"/api/sync/changes?cursor={cursor}"
    assert len(orjson.loads(client.get(path))["changes"]) == 1
    return path


def vacuum(settings: Settings) -> None:
    """As autovacuum leaves it: new tables without statistics have bad plans."""
    import psycopg

    with psycopg.connect(settings.sync_owner_dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def shown(rows: Sequence[Row]) -> str:
    def milliseconds(values: Sequence[float]) -> str:
        median, least, most = (value * 1000 for value in values)
        return f"{median:9.2f} ({least:.2f}-{most:.2f})"

    lines = [f"{'figure':<46} {'against':<36} {'ours, ms':<30} {'limit, ms':<30} ratio  floor"]
    for row in rows:
        floor = "" if row.floor is None else f"{row.floor:.2f} {'ok' if row.ratio <= row.floor else 'MISSED'}"
        times = f"{milliseconds(row.ours):<30} {milliseconds(row.limit):<30}"
        lines.append(f"{row.figure:<46} {row.against:<36} {times} {row.ratio:5.2f}  {floor}")
    return "\n".join(lines)


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        which, home, port, organisation_id, total = sys.argv[2:]
        place = Place(Path(home), "127.0.0.1", int(port), (f"http://127.0.0.1:{port}",), static_dir=None)
        with installation(place) as settings:
            serve(which, settings, int(port), organisation_id, int(total))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="quill-bench-"))
    try:
        with installation(Place(home, "127.0.0.1", 18120, ("http://127.0.0.1:18120",), static_dir=None)) as settings:
            upgrade(settings)
            rows = measure(home, settings, arguments.records)
    finally:
        erase(home)
    print(shown(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


if __name__ == "__main__":
    main()
