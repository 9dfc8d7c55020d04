"""Pushing: 10,000 patients in batches of 500 against COPY of the same rows, and single pushes of many clients at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from uuid import uuid4

import orjson
from client import Client, Request, crowd
from limits import CommitLimit, CopyLimit
from organisation import Organisation, vacuum
from peer import Pouch, documents
from records import Body, patients, uuid7
from report import LIMIT, OURS, PEER, Contender, Figure, Floor, Turns, spread
from servers import running

from quill.settings import Settings

PATIENTS, BATCH = 10_000, 500
CLIENTS, EACH = 32, 40
MADE_AT = "2026-03-02T09:00:00Z"
COPY = "COPY of the same five rows each, a commit a batch"

Made = list[tuple[str, Body]]


def measure(home: Path, settings: Settings, pouch: Pouch | str) -> list[Figure]:
    organisation = Organisation(settings).make()
    with running("quill", home) as server:
        batches = Batches(organisation, server.port, pouch)
        figures = [batches.figure()]
        batches.limit.close()
        vacuum(settings)
        return [*figures, *singles(organisation, server.port, pouch, batches.patients)]


class Vault:
    """A device: numbers its operations and sends them. Keeps what it sent for who copies the rows."""

    def __init__(self, organisation: Organisation, port: int, username: str) -> None:
        self.headers = organisation.signed_in(port, username)
        self.device_id = organisation.device(port, self.headers)
        self.client = Client(port, self.headers)
        self.sent = 0
        self.head = 0

    def request(self, operations: list[dict[str, object]]) -> bytes:
        numbered = [{"device_seq": self.sent + place, **operation} for place, operation in enumerate(operations, 1)]
        self.sent += len(numbered)
        return orjson.dumps({"device_id": self.device_id, "ops": numbered})

    def push(self, requests: list[bytes], each: int) -> tuple[float, list[int]]:
        """Operations a second, and the log's head after each request. Every operation has to be applied."""
        started = time.perf_counter()
        answers = [self.client.post("/api/sync/push", request) for request in requests]
        took = time.perf_counter() - started
        assert all(answer.count(b'"outcome":"applied"') == each for answer in answers), answers[0][:600]
        return each * len(requests) / took, [orjson.loads(answer)["head"] for answer in answers]


class Batches:
    """Each round with patients of its own: created, changed, copied."""

    def __init__(self, organisation: Organisation, port: int, pouch: Pouch | str) -> None:
        self.all = Vault(organisation, port, organisation.all)
        self.few = Vault(organisation, port, organisation.few)
        self.limit = CopyLimit(organisation.settings, organisation.id)
        self.pouch = pouch
        self.patients = patients(organisation.empty)
        self.ward = organisation.ward
        self.made: list[Made] = []
        self.rows: list[tuple[int, int, int]] = []
        self.name = f"bench{uuid4().hex}"
        if isinstance(pouch, Pouch):
            pouch.database(self.name)

    def figure(self) -> Figure:
        turns = Turns()
        turns.add("Quill: created", OURS, self.create)
        turns.add(COPY, LIMIT, self.copy)
        turns.add("Quill: changed (a field of each)", OURS, self.change)
        turns.add("Quill: created, in the sight of a team's member", OURS, self.create_seen)
        turns.add("pouchdb-server: _bulk_docs", PEER, self.peer if isinstance(self.pouch, Pouch) else self.pouch)
        return turns.run(f"push of {PATIENTS:,} patients, batches of {BATCH}", "operations/s", Floor(COPY, 0.5))

    def create(self) -> float:
        self.made = [list(islice(self.patients, BATCH)) for _ in range(PATIENTS // BATCH)]
        first = self.all.sent
        requests = [self.all.request([_create(one) for one in batch]) for batch in self.made]
        rate, heads = self.all.push(requests, BATCH)
        self.rows = [(head - BATCH, head, first + BATCH * place) for place, head in enumerate(heads)]
        return rate

    def change(self) -> float:
        return self.all.push([self.all.request([_change(one) for one in batch]) for batch in self.made], BATCH)[0]

    def create_seen(self) -> float:
        made = [list(islice(self.patients, BATCH)) for _ in range(PATIENTS // BATCH)]
        moved = [[(one, {**body, "team_ids": [self.ward]}) for one, body in batch] for batch in made]
        return self.few.push([self.few.request([_create(one) for one in batch]) for batch in moved], BATCH)[0]

    def copy(self) -> float:
        """The rows that ``create`` wrote; before ``change``, which moves the entries to new positions."""
        return PATIENTS / self.limit.copy(self.limit.rows(self.all.device_id, self.rows))

    def peer(self) -> float:
        assert isinstance(self.pouch, Pouch)
        batches = [documents(batch) for batch in self.made]
        started = time.perf_counter()
        self.pouch.push(self.name, batches)
        return PATIENTS / (time.perf_counter() - started)


def singles(organisation: Organisation, port: int, pouch: Pouch | str, made: Iterator[tuple[str, Body]]) -> list[Figure]:
    """One operation a request, many devices at once: how many a second, and how long one waits."""
    headers = organisation.signed_in(port, organisation.all)
    devices = [organisation.device(port, headers) for _ in range(CLIENTS)]
    sent = dict.fromkeys(devices, 0)
    name = f"bench{uuid4().hex}"
    limit = CommitLimit(organisation.settings)
    waits: dict[str, list[float]] = {"ours": [], "limit": [], "peer": []}

    # All made before the clock runs: it is the server that is measured.
    def requests(device_id: str) -> list[Request]:
        numbers = range(sent[device_id] + 1, sent[device_id] + EACH + 1)
        sent[device_id] += EACH
        operations = [{"device_seq": number, **_create(next(made))} for number in numbers]
        return [("POST", "/api/sync/push", orjson.dumps({"device_id": device_id, "ops": [one]})) for one in operations]

    def documents_of() -> list[Request]:
        return [("PUT", f"/{name}/{one}", orjson.dumps(body)) for one, body in islice(made, EACH)]

    def ours() -> float:
        rate, wait = crowd(port, [iter(requests(device)) for device in devices], headers, lambda answer: b'"applied"' in answer)
        waits["ours"].append(wait * 1000)
        return rate

    def commits() -> float:
        rate, wait = limit.run(CLIENTS * EACH)
        waits["limit"].append(wait)
        return rate

    def peer() -> float:
        assert isinstance(pouch, Pouch)
        rate, wait = crowd(pouch.server.port, [iter(documents_of()) for _ in devices], {})
        waits["peer"].append(wait * 1000)
        return rate

    if isinstance(pouch, Pouch):
        pouch.database(name)
    names = {"ours": "Quill", "limit": "one commit of one row after the other", "peer": "pouchdb-server"}
    turns = Turns().add(names["ours"], OURS, ours).add(names["limit"], LIMIT, commits)
    turns.add(names["peer"], PEER, peer if isinstance(pouch, Pouch) else pouch)
    rates = turns.run(f"single pushes, {CLIENTS} clients", "operations/s")
    return [rates, _waits(rates, names, waits)]


def _waits(rates: Figure, names: dict[str, str], waits: dict[str, list[float]]) -> Figure:
    """The p50 of the same rounds."""
    contenders = [
        Contender(one.name, one.role, spread(values[1:]) if (values := waits[role]) else None, one.missing)
        for role, one in zip(names, rates.contenders, strict=True)
    ]
    return Figure(f"one of {CLIENTS} at once waits, p50", "ms", contenders)


def _create(patient: tuple[str, Body]) -> dict[str, object]:
    return _operation(patient[0], "create", 0, set=patient[1])


def _change(patient: tuple[str, Body]) -> dict[str, object]:
    one, body = patient
    gp = {"name": "Dr Ada Nwosu", "practice": "Harbour Street Surgery"}
    return _operation(one, "patch", 1, set={"gp": gp}, was={"gp": body.get("gp")})


def _operation(record_id: str, action: str, base: int, **members: object) -> dict[str, object]:
    return {
        "op_id": uuid7(), "kind": "patient", "id": record_id, "action": action, "schema": 1, "base_version": base,
        "made_at": MADE_AT, **members,
    }  # fmt: skip
