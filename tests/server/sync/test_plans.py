"""How a batch reads: by an index look-up for each key that is wanted, whatever the planner believes of the tables."""

from __future__ import annotations

import re
from itertools import count

import psycopg
import pytest

from quill.settings import Settings
from quill.sync import facts_sql

STATEMENTS = {name for name in vars(facts_sql) if name.isupper() and not name.startswith("_")}
#: Asked for one or two keys a batch.
FEW = {"ACTORS", "DEVICES", "SHOWN", "TEAMS"}
OF_THE_ORGANISATION = re.compile(r"\(organisation_id = [^)]*\)")
KEY_OF_ANOTHER_ROW = re.compile(r" [=>] \(*\w+\.\w+")


@pytest.mark.parametrize("name", sorted(STATEMENTS - FEW))
def test_what_is_wanted_is_looked_up_and_never_held_against_every_row(settings: Settings, name: str) -> None:
    """The plan a connection keeps is made without the values; among 6,000 verdicts a bad one took 2 s for a batch of 500."""
    numbers = count(1)
    statement = re.sub("%[sb]", lambda _: f"${next(numbers)}", getattr(facts_sql, name)).replace("%%", "%")
    with psycopg.connect(settings.sync_dsn) as connection:
        rows = connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}").fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "Join Filter" not in plan, plan
    assert "Seq Scan" not in plan, plan
    conditions = re.findall(r"Index Cond: (.*)", plan)
    assert conditions, plan
    for condition in conditions:
        assert KEY_OF_ANOTHER_ROW.search(OF_THE_ORGANISATION.sub("", condition)), plan
