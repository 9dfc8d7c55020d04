"""The demonstration as the issue has it, on a real database; the same each time, and only on this machine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import psycopg
import pytest

from quill.demonstration import ensure
from quill.demonstration.build import _people
from quill.demonstration.cast import HOUSES, PASSWORD, TOTP_SECRET
from quill.demonstration.patients import samples
from quill.identity.identity import IdentityKeys
from quill.identity.passwords import verify
from quill.identity.totp import SealedSecrets
from quill.installation import installation
from quill.migrations import upgrade
from quill.postgres.places import erase
from quill.postgres.sessions import AuthDatabase
from quill.settings import Place, Settings
from quill_schemas import is_nhs_number, validate_body

HOSPITAL, PRACTICE = HOUSES
WARD_A, WARD_B = (HOSPITAL.team_id(ward.name) for ward in HOSPITAL.wards)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An installation of its own, killed once half-way: with the people of one house and nothing else."""
    home = tmp_path_factory.mktemp("demonstration")
    with installation(Place(home, "127.0.0.1", 8000, (), static_dir=None)) as settings:
        upgrade(settings)
        asyncio.run(half(settings))
        first = ensure(settings)
        assert first is not None
        assert first.created
        yield settings
    erase(home)


async def half(settings: Settings) -> None:
    auth = AuthDatabase(settings.auth_dsn)
    await _people(auth, SealedSecrets(IdentityKeys.of(settings.secret).totp), HOSPITAL)
    await auth.close()


def rows(dsn: str, organisation_id: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT set_config('quill.organisation', %s, false)", (organisation_id,))
        return connection.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]


def entries(settings: Settings, organisation_id: str, kind: str) -> list[dict[str, Any]]:
    query = f"SELECT bytes FROM entry WHERE kind = '{kind}' ORDER BY seq"
    return [orjson.loads(row[0]) for row in rows(settings.sync_dsn, organisation_id, query)]


def test_the_people(made: Settings) -> None:
    everybody = {}
    for house in HOUSES:
        query = "SELECT username, roles, password_hash, demonstration FROM account JOIN organisation USING (organisation_id)"
        for username, roles, password_hash, demonstration in rows(made.auth_dsn, house.id, query):
            everybody[username] = roles
            assert demonstration
            assert verify(password_hash, PASSWORD)
    assert everybody == {
        "amara": ["Clinician"],
        "ben": ["Clinician"],
        "sasha": ["Secretary"],
        "noor": ["Clinician"],
        "carol": ["Administrator"],
        "eve": ["Clinician"],
    }
    secrets = SealedSecrets(IdentityKeys.of(made.secret).totp)
    [(account_id, sealed)] = rows(made.auth_dsn, HOSPITAL.id, "SELECT account_id::text, sealed FROM totp_secret")
    assert secrets.open(HOSPITAL.id, account_id, sealed) == TOTP_SECRET
    directory = {one["body"]["username"] for one in entries(made, HOSPITAL.id, "person")}
    assert directory == {"amara", "ben", "sasha", "noor", "carol"}


def test_the_teams_and_who_sees_what(made: Settings) -> None:
    teams = {one["body"]["name"]: one["body"]["member_ids"] for one in entries(made, HOSPITAL.id, "team")}
    ids = {one.username: one.id for one in HOSPITAL.people}
    assert teams == {"Ward A": sorted(ids[one] for one in ("amara", "ben", "sasha")), "Ward B": [ids["noor"]]}
    seen = dict(rows(made.sync_dsn, HOSPITAL.id, "SELECT user_id::text, count(*) FROM visible_scope GROUP BY 1"))
    assert seen == {ids["amara"]: 301, ids["ben"]: 301, ids["sasha"]: 301, ids["noor"]: 121}


def test_the_patients(made: Settings) -> None:
    hospital, practice = (entries(made, house.id, "patient") for house in HOUSES)
    bodies = [one["body"] for one in (*hospital, *practice)]
    assert Counter(body["team_ids"][0] for body in bodies) == {WARD_A: 300, WARD_B: 120, PRACTICE.team_id("Home visits"): 60}
    assert [fault for body in bodies for fault in validate_body("patient", body)] == []
    numbers = [body.get("nhs_number") for body in bodies]
    assert numbers.count(None) == 1
    assert len(set(numbers)) == 480
    assert all(number is None or (number.startswith("999") and is_nhs_number(number)) for number in numbers)
    names = Counter((body["name"]["family"], *body["name"]["given"]) for body in bodies if body["team_ids"] == [WARD_A])
    assert [count for count in names.values() if count > 1] == [2]
    assert 0 < sum(bool(body["next_of_kin"]) for body in bodies) < 480
    assert 0 < sum("gp" in body for body in bodies) < 480
    assert sum("deceased" in body for body in bodies) == 96
    assert len({body["identifiers"][0]["value"] for body in bodies}) == 480


def test_every_sample_is_kept_whole(made: Settings) -> None:
    query = "SELECT resource FROM imported"
    kept = {row[0] for house in HOUSES for row in rows(made.sync_dsn, house.id, query)}
    assert kept == {sample.raw for sample in samples()}


def test_letters_and_messages(made: Settings) -> None:
    letters, messages = entries(made, HOSPITAL.id, "letter"), entries(made, HOSPITAL.id, "message")
    assert 55 <= len({one["scope"] for one in letters}) <= 70
    assert {one["body"]["state"] for one in letters} == {"draft", "ready", "signed"}
    assert len(messages) > 20
    people = {one.id: one for one in HOSPITAL.people}
    patients = {one["id"]: one["body"] for one in entries(made, HOSPITAL.id, "patient")}
    for one in (*letters, *messages):
        assert validate_body(one["kind"], one["body"]) == []
        author = people[one["by"]]
        assert one["scope"] == f"patient:{one['body']['patient_id']}"
        assert author.team is not None
        assert patients[one["body"]["patient_id"]]["team_ids"] == [HOSPITAL.team_id(author.team)]
    for one in letters:
        assert people[one["body"]["author_id"]].role == "Clinician"
        assert ("signed_by" in one["body"]) is (one["body"]["state"] == "signed")
    versions = rows(made.sync_dsn, HOSPITAL.id, "SELECT state, version FROM revision WHERE kind = 'letter'")
    assert set(versions) == {("draft", 1), ("ready", 2), ("signed", 3)}


def test_again_is_as_it_was_left(made: Settings) -> None:
    before = [rows(made.sync_dsn, house.id, "SELECT seq, audit_position FROM organisation") for house in HOUSES]
    again = ensure(made)
    assert again is not None
    assert not again.created
    assert [rows(made.sync_dsn, house.id, "SELECT seq, audit_position FROM organisation") for house in HOUSES] == before
    said = "\n".join(again.lines())
    assert all(one.username in said for house in HOUSES for one in house.people)
    assert PASSWORD in said


def test_not_where_others_can_reach_it(made: Settings) -> None:
    assert ensure(replace(made, host="0.0.0.0")) is None


def test_it_is_the_same_in_every_installation(made: Settings) -> None:
    """Ids, numbers and texts are fixed, so that documents and tests can name them."""
    first = entries(made, HOSPITAL.id, "patient")[0]
    assert first["id"] == "4abd4e21-7776-47bd-91c8-36ee607c1398"
    assert first["body"]["nhs_number"] == "9997117832"
    assert HOSPITAL.id == "db3c6327-b473-53f5-ab49-fe89ab35be9e"
