"""Pulling: the first sync, one change, nothing new; the same organisation of 100,000 patients for all."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from uuid import uuid4

import orjson
from client import Client, Request, crowd, p50
from limits import copy_out
from organisation import Organisation, write_one
from peer import Pouch, documents
from records import Body, patients
from report import LIMIT, OURS, PEER, Figure, Floor, Turns
from servers import Running, running

from quill.settings import Settings

PATIENTS, SEEN = 100_000, 2_000
PAGE = 5000
CALLS = 300  # of one client, a round
CLIENTS, EACH = 16, 100
RECORD, FILE = 1024, 1 << 16
_CURSOR = re.compile(rb'"cursor":"([^"]+)","more":(true|false)')


def measure(home: Path, settings: Settings, pouch: Pouch | str, count: int = PATIENTS) -> list[Figure]:
    organisation = Organisation(settings).make()
    made = patients(organisation.empty)
    organisation.fill(made, count, seen=SEEN)
    with running("quill", home) as server, running("bare", home, organisation.id) as bare:
        idle = server.memory()
        pull = Pull(organisation, server, bare, pouch, made, count)
        figures = [pull.first_sync(), pull.little_seen(), *pull.one_change(), *pull.nothing_new()]
        return [*figures, memory(idle, server, pouch)]


def memory(idle: float, server: Running, pouch: Pouch | str) -> Figure:
    """Once each: it is not a matter of chance."""
    turns = Turns().add("Quill, just started", OURS, lambda: idle).add("Quill, after all of the above", OURS, server.memory)
    turns.add("pouchdb-server, after the same", PEER, pouch.server.memory if isinstance(pouch, Pouch) else pouch)
    return turns.run("memory of the server", "MB", repeats=1)


class Pull:
    def __init__(
        self, organisation: Organisation, server: Running, bare: Running, pouch: Pouch | str,
        made: Iterator[tuple[str, Body]], count: int,
    ) -> None:  # fmt: skip
        self.organisation, self.server, self.bare, self.pouch, self.made, self.count = (
            organisation,
            server,
            bare,
            pouch,
            made,
            count,
        )
        self.headers = organisation.signed_in(server.port, organisation.all)
        self.all = Client(server.port, self.headers)
        self.few = Client(server.port, organisation.signed_in(server.port, organisation.few))
        self.limit = Client(bare.port)
        self.name = f"bench{uuid4().hex}"
        if isinstance(pouch, Pouch):
            pouch.database(self.name)
            for _ in range(0, count, 500):
                pouch.push(self.name, [documents(list(islice(made, 500)))])

    def first_sync(self) -> Figure:
        _, total = bootstrap(self.all)
        records = f"uvicorn, a stream of the bytes, a record a piece ({total / 1e6:.0f} MB)"
        turns = Turns().add(f"Quill, pages of {PAGE:,}", OURS, lambda: bootstrap(self.all)[0])
        turns.add(records, LIMIT, lambda: self._stream(total, RECORD))
        turns.add("uvicorn, the same, 64 KiB a piece", LIMIT, lambda: self._stream(total, FILE))
        turns.add("psycopg, COPY of the bytes", LIMIT, lambda: copy_out(self.organisation.settings, self.organisation.id))
        turns.add("pouchdb-server: _changes with documents", PEER, self._peer(self._whole))
        return turns.run(f"first sync of {self.count:,}", "ms", Floor(records, 4.0))

    def little_seen(self) -> Figure:
        _, total = bootstrap(self.few)
        turns = Turns().add("Quill", OURS, lambda: bootstrap(self.few)[0])
        turns.add("Quill, first sync of all", OURS, lambda: bootstrap(self.all)[0])
        turns.add("uvicorn, a stream of the bytes, a record a piece", LIMIT, lambda: self._stream(total, RECORD))
        return turns.run(f"first sync of {SEEN:,} seen of {self.count:,}", "ms")

    def one_change(self) -> list[Figure]:
        cursor = newest(self.all)
        one = next(self.made)
        write_one(self.organisation.settings, self.organisation.id, one)
        path, look_up = f"/api/sync/changes?cursor={cursor}", f"/look-up?id={one[0]}"
        assert len(orjson.loads(self.all.get(path))["changes"]) == 1
        theirs = ""
        if isinstance(self.pouch, Pouch):
            theirs = f"/{self.name}/_changes?include_docs=true&since={self.pouch.head(self.name) - 1}"
        limit = "Starlette, an indexed look-up"
        return self._both("one change", path, limit, look_up, theirs, 4.0)

    def nothing_new(self) -> list[Figure]:
        path = f"/api/sync/changes?cursor={newest(self.all)}"
        theirs = ""
        if isinstance(self.pouch, Pouch):
            theirs = f"/{self.name}/_changes?include_docs=true&since={self.pouch.head(self.name)}"
        assert not orjson.loads(self.all.get(path))["changes"]
        return self._both("nothing new", path, "Starlette, a fixed answer", "/nothing", theirs, None)

    def _both(self, what: str, path: str, limit: str, bare: str, theirs: str, floor: float | None) -> list[Figure]:
        """One client after itself, then sixteen at once."""
        alone = Turns().add("Quill", OURS, lambda: p50(self.all, path, CALLS))
        alone.add(limit, LIMIT, lambda: p50(self.limit, bare, CALLS))
        alone.add("pouchdb-server", PEER, self._peer(lambda pouch: p50(pouch.client, theirs, CALLS)))

        many = Turns().add("Quill", OURS, lambda: self._crowd(self.server.port, path, self.headers))
        many.add(limit, LIMIT, lambda: self._crowd(self.bare.port, bare, {}))
        many.add("pouchdb-server", PEER, self._peer(lambda pouch: self._crowd(pouch.server.port, theirs, {})))
        return [
            alone.run(f"{what}, 1 client, p50", "ms", floor and Floor(limit, floor)),
            many.run(f"{what}, {CLIENTS} clients", "requests/s"),
        ]

    def _crowd(self, port: int, path: str, headers: dict[str, str]) -> float:
        def requests() -> Iterator[Request]:
            yield from [("GET", path, None)] * EACH

        return crowd(port, [requests() for _ in range(CLIENTS)], headers)[0]

    def _stream(self, total: int, size: int) -> float:
        return timed(lambda: self.limit.receive(f"/stream?bytes={total}&chunk={size}"))

    def _peer(self, measure: Callable[[Pouch], float]) -> Callable[[], float] | str:
        pouch = self.pouch
        return pouch if isinstance(pouch, str) else lambda: measure(pouch)

    def _whole(self, pouch: Pouch) -> float:
        return timed(lambda: pouch.client.receive(f"/{self.name}/_changes?include_docs=true"))


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def bootstrap(client: Client) -> tuple[float, int]:
    """(ms, bytes) of a first sync, page after page."""
    started, total, cursor = time.perf_counter(), 0, ""
    while True:
        size, last = client.receive(f"/api/sync/changes?limit={PAGE}{cursor}")
        total += size
        found = _CURSOR.search(last)
        assert found, last
        cursor = f"&cursor={found[1].decode()}"
        if found[2] == b"false":
            return (time.perf_counter() - started) * 1000, total


def newest(client: Client) -> str:
    """A cursor at the head."""
    cursor = ""
    while True:
        page = orjson.loads(client.get(f"/api/sync/changes?limit={PAGE}{cursor}"))
        cursor = f"&cursor={page['cursor']}"
        if not page["more"]:
            return str(page["cursor"])
