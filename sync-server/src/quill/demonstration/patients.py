"""The sample patients, with what the samples lack: NHS and hospital numbers, next of kin, a practice. Always the same.

The numbers are of the range 999, which is kept for tests: nobody real has one.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from quill.records.fhir_patient import MRN_SYSTEM, Body
from quill.sync.imports import Newcomer, checked, newcomer
from quill_schemas import is_nhs_number

DATA = Path(__file__).parent / "data"
SEED = 999
WITHOUT_NUMBER = 41  # which of all the patients has no NHS number

RELATIONSHIPS = ("Wife", "Husband", "Partner", "Daughter", "Son", "Sister", "Brother", "Mother", "Father", "Friend")
KIN = ("Ada", "Bryn", "Catrin", "Dev", "Elin", "Farah", "Gareth", "Hana", "Idris", "Jo", "Kofi", "Lena", "Milo", "Nia", "Omar")
PRACTICES = (
    ("Harbour Street Surgery", "Y99001"),
    ("The Old Mill Practice", "Y99002"),
    ("Larch Grove Health Centre", "Y99003"),
    ("Bridge End Surgery", "Y99004"),
    ("Northfield Medical Centre", "Y99005"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as it came, and the history that belongs to it: ``{patient_id, conditions[], encounters[]}``."""

    raw: bytes
    resource: dict[str, Any]
    history: dict[str, Any]


def samples() -> list[Sample]:
    histories = {one["patient_id"]: one for one in map(orjson.loads, _lines("histories.ndjson.gz"))}
    resources = [(line, orjson.loads(line)) for line in _lines("patients.fhir.ndjson.gz")]
    return [Sample(line, resource, histories[resource["id"]]) for line, resource in resources]


class Registry:
    """Gives out what the samples lack, one patient after the other, by a fixed seed."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)  # noqa: S311  (a demonstration, the same each time)
        self._doctors = [orjson.loads(line) for line in _lines("practitioners.fhir.ndjson.gz")]
        self._numbers: set[str] = set()
        self._admitted = 0

    def admit(self, sample: Sample, team_id: str) -> Newcomer:
        made = newcomer(sample.resource, [team_id], sample.raw)
        body = dict(made.body)
        number = self._nhs_number()
        if self._admitted != WITHOUT_NUMBER:
            body["nhs_number"] = number
        body["identifiers"] = [{"system": MRN_SYSTEM, "value": f"SC{104000 + 7 * self._admitted}"}]
        if self._random.random() < 0.6:
            body["next_of_kin"] = [self._kin(body)]
        if self._random.random() < 0.75:
            body["gp"] = self._gp()
        self._admitted += 1
        checked(body)
        return made._replace(body=body)

    def _nhs_number(self) -> str:
        """A number with a valid check digit; one in eleven has none, and is passed over as the NHS does."""
        while True:
            nine = f"999{self._random.randrange(1_000_000):06}"
            for digit in "0123456789":
                if is_nhs_number(nine + digit) and nine + digit not in self._numbers:
                    self._numbers.add(nine + digit)
                    return nine + digit

    def _kin(self, body: Body) -> Body:
        phone = {"system": "phone", "use": "mobile", "value": f"07700 900{self._random.randrange(1000):03}"}
        relationship = self._random.choice(RELATIONSHIPS)
        return {
            "name": f"{self._random.choice(KIN)} {body['name']['family']}",
            "relationship": relationship,
            "telecom": [phone],
        }

    def _gp(self) -> Body:
        name = self._random.choice(self._doctors)["name"][0]
        practice, code = self._random.choice(PRACTICES)
        return {"name": f"Dr {name['given'][0]} {name['family']}", "practice": practice, "ods_code": code}


def _lines(name: str) -> Iterator[bytes]:
    with gzip.open(DATA / name) as file:
        for line in file:
            yield line.rstrip(b"\n")
