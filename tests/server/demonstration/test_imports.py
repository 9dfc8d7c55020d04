"""FHIR patients as they come: mapped to our fields, kept whole, never taken twice."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from quill.cli.import_patients import _resources
from quill.demonstration.patients import samples
from quill.postgres.sessions import SyncDatabase
from quill.records.fhir_patient import MRN_SYSTEM, NHS_SYSTEM, patient_body
from quill.settings import Settings
from quill.setup_error import SetupError
from quill.sync.imports import Imported, newcomer, take_in
from quill.sync.log import lock_head
from quill_schemas import validate_body

TEAM = str(uuid4())


def resource(**changes: Any) -> dict[str, Any]:
    usual = {
        "resourceType": "Patient",
        "id": str(uuid4()),
        "name": [{"family": "Ng", "given": ["Li"]}],
        "birthDate": "1990-02-03",
    }
    return {**usual, **changes}


def test_all_the_samples_map_to_bodies_that_hold() -> None:
    for sample in samples():
        body = patient_body(sample.resource, [TEAM])
        assert validate_body("patient", body) == []
        assert body["name"]["family"] == sample.resource["name"][0]["family"]
        assert body["birth_date"] == sample.resource["birthDate"]
        assert body.get("deceased") == sample.resource.get("deceasedDateTime", "")[:10] or "deceased" not in body


def test_each_field() -> None:
    body = patient_body(
        resource(
            name=[
                {"use": "maiden", "family": "Old"},
                {"use": "official", "family": "Ng", "given": ["Li", "Mei"], "prefix": ["Dr", "Dame"], "suffix": ["OBE"]},
            ],
            gender="female",
            identifier=[
                {"system": NHS_SYSTEM, "value": "9990000018"},
                {"type": {"coding": [{"code": "MR"}]}, "system": "http://hospital.example", "value": "H 1"},
                {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-1"},
            ],
            telecom=[
                {"system": "phone", "use": "work", "value": "2"},
                {"system": "phone", "use": "home", "value": "1"},
                {"system": "phone", "use": "home", "value": "later"},
                {"system": "email", "value": "li@example.org"},
                {"system": "carrier-pigeon", "value": "coo"},
                {"system": "phone", "use": "old"},
            ],
            address=[
                {"use": "work", "city": "Away"},
                {"use": "home", "line": ["1 Way"], "city": "Home", "postalCode": "HO1 1ME"},
            ],
            contact=[{"name": {"given": ["Bo"], "family": "Ng"}, "relationship": [{"coding": [{"display": "Partner"}]}]}, {}],
            generalPractitioner=[{"reference": "Practitioner/1"}, {"display": "Dr Who"}],
            deceasedDateTime="2020-05-06T07:08:09+01:00",
        ),
        [TEAM, TEAM],
    )
    assert validate_body("patient", body) == []
    assert body == {
        "name": {"family": "Ng", "given": ["Li", "Mei"], "prefix": "Dr Dame"},
        "birth_date": "1990-02-03",
        "sex": "female",
        "nhs_number": "9990000018",
        "identifiers": [{"system": MRN_SYSTEM, "value": "H 1"}],
        "telecom": [
            {"system": "email", "value": "li@example.org"},
            {"system": "phone", "use": "home", "value": "1"},
            {"system": "phone", "use": "work", "value": "2"},
        ],
        "address": {"lines": ["1 Way"], "city": "Home", "postcode": "HO1 1ME"},
        "next_of_kin": [{"name": "Bo Ng", "relationship": "Partner", "telecom": []}],
        "gp": {"name": "Dr Who"},
        "deceased": "2020-05-06",
        "team_ids": [TEAM],
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"deceasedBoolean": True}, True),
        ({"deceasedBoolean": False}, None),
        ({"deceasedDateTime": "2020"}, True),
        ({"deceasedDateTime": "2020-05-06"}, "2020-05-06"),
    ],
)
def test_deceased(changes: dict[str, Any], said: object) -> None:
    assert patient_body(resource(**changes), []).get("deceased") == said


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"resourceType": "Practitioner"}, "not a Patient"),
        ({"id": None}, "no id"),
        ({"id": 7}, "no id"),
        ({"birthDate": "1990-02"}, "birth_date"),
        ({"birthDate": None}, "birth_date"),
        ({"name": []}, "name/family"),
        ({"name": "Ng"}, "not formed"),
        ({"name": [{"family": "N\x00g"}]}, "NUL"),
        ({"name": [{"family": "N\ud800"}]}, "name/family"),
        ({"telecom": [7]}, "not formed"),
        ({"identifier": [{"type": "MR"}]}, "not formed"),
        ({"name": [{"family": "x" * 121}]}, "too long"),
    ],
)
def test_what_cannot_be_taken_is_named(bad: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        newcomer(resource(**bad), [TEAM])


def test_foreign_ids_get_one_of_ours_always_the_same() -> None:
    assert newcomer(resource(id="Patient-1"), [TEAM]).id == newcomer(resource(id="Patient-1"), [TEAM]).id
    own = str(uuid4())
    assert newcomer(resource(id=own), [TEAM]).id == own
    assert newcomer(resource(id=own.upper()), [TEAM]).id != own.upper()
    assert newcomer(resource(id="00000000-0000-0000-0000-000000000000"), [TEAM]).id[0] != "0"


async def test_taken_once_kept_whole_and_numbers_stay_unique(settings: Settings) -> None:
    database = SyncDatabase(settings.sync_dsn, min_size=1)
    await database.open()
    organisation_id = str(uuid4())
    number = {"system": NHS_SYSTEM, "value": "9990000018"}
    raw = json.dumps(
        resource(_birthDate={"extension": [{"url": "x", "valueTime": "08:00"}]}, unknown={"a": 1.10}, identifier=[number])
    ).replace("1.1", "1.10")
    people = [newcomer(json.loads(raw), [TEAM], raw.encode()), newcomer(resource(), [TEAM])]
    twin = newcomer(resource(identifier=[number]), [TEAM])

    async def take(*ones: Any) -> Imported:
        async with database.writing(organisation_id) as connection:
            head = await lock_head(connection, organisation_id)
            return (await take_in(connection, head, ones))[1]

    async with database.writing(organisation_id) as connection:
        await connection.execute("INSERT INTO organisation (organisation_id, name) VALUES (%s, 'x')", (organisation_id,))
    first = await take(*people)
    again = await take(*people, twin)
    assert (first.created, first.known, first.refused) == (2, 0, [])
    assert (again.created, again.known, len(again.refused)) == (0, 2, 1)
    assert twin.id in again.refused[0]
    async with database.reading(organisation_id) as connection:
        found = await connection.execute("SELECT resource FROM imported WHERE id = %s", (people[0].id,))
        assert await found.fetchone() == (raw.encode(),)
        found = await connection.execute("SELECT count(*) FROM entry")
        assert await found.fetchone() == (2,)
    await database.close()


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def written(text: str, name: str = "file") -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return written


def test_the_forms_a_file_may_have(file: Callable[..., Path]) -> None:
    ones = [resource(id=f"p{number}") for number in range(3)]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in ones]}
    lines = "\n\n".join(json.dumps(one) for one in ones)
    for text, name in (
        (lines, "a.ndjson"),
        (lines, "a.ndjson.gz"),
        (json.dumps(bundle), "b"),
        (json.dumps(bundle, indent=2), "c"),
    ):
        assert [read for read, _ in _resources(file(text, name))] == ones
    assert [raw for _, raw in _resources(file(lines))] == [json.dumps(one).encode() for one in ones]
    assert [read for read, _ in _resources(file(json.dumps(ones[0], indent=2)))] == ones[:1]
    assert list(_resources(file(""))) == []
    assert [read for read, _ in _resources(file(lines + '\n{"cut'))] == [*ones, None]


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, file: Callable[..., Path]) -> None:
    for path in (tmp_path / "none", tmp_path, file("no gzip").rename(tmp_path / "x.gz")):
        with pytest.raises(SetupError, match="can't be read"):
            list(_resources(path))
