"""Patients of about 1 KiB as an entry, made from the demonstration's samples: as many as are wanted, no two alike."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import orjson

from quill.demonstration.patients import KIN, RELATIONSHIPS, Registry, samples
from quill.records.fhir_patient import MRN_SYSTEM
from quill_schemas import is_nhs_number

ENTRY = 1024  # bytes of an entry,
AROUND = 330  # of which these are not the body

Body = dict[str, Any]


def patients(team_id: str) -> Iterator[tuple[str, Body]]:
    """(id, body) without end; ids are new each time, the bodies always the same."""
    made = bodies(team_id)
    numbers = _nhs_numbers()
    for turn in count():
        identifier = {"system": MRN_SYSTEM, "value": f"SC{200_000 + turn}"}
        yield uuid7(), {**made[turn % len(made)], "identifiers": [identifier], "nhs_number": next(numbers)}


def uuid7() -> str:
    """As clients make their ids (RFC 9562): what comes later sorts later, within a millisecond by chance."""
    now, chance = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10))
    return str(UUID(int=now << 80 | 0x7 << 76 | (chance >> 4 & 0xFFF) << 64 | 0b10 << 62 | chance >> 18))


def bodies(team_id: str) -> list[Body]:
    """One for each sample."""
    registry = Registry()
    return [_filled(dict(registry.admit(sample, team_id).body)) for sample in samples()]


def _filled(body: Body) -> Body:
    """With as many relatives as it takes."""
    for place in count():
        if len(orjson.dumps(body)) >= ENTRY - AROUND:
            return body
        phone = {"system": "phone", "use": "mobile", "value": f"07700 900{place:03}"}
        kin = {"name": f"{KIN[place]} {body['name']['family']}", "relationship": RELATIONSHIPS[place], "telecom": [phone]}
        body["next_of_kin"] = [*body["next_of_kin"], kin]
    raise AssertionError


def _nhs_numbers() -> Iterator[str]:
    """All of the range for tests that have a check digit."""
    for six in range(1_000_000):
        yield from (number for digit in range(10) if is_nhs_number(number := f"999{six:06}{digit}"))


if __name__ == "__main__":
    print(orjson.dumps(bodies(str(uuid4()))).decode())
