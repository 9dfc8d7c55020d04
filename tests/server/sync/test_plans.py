"""How a batch reads while tables are young: what is wanted drives the join, it is no filter held against every row."""

from __future__ import annotations

import re

import psycopg
import pytest

from quill.settings import Settings
from quill.sync import facts_sql


@pytest.mark.parametrize("name", ["RECORDS", "SAME_NUMBER", "CONFLICTS", "VERDICTS"])
def test_no_row_is_compared_with_everything_that_is_wanted(settings: Settings, name: str) -> None:
    """The plan a connection keeps is made without the values: `= ANY(500 ids)` took 1.8 s among 6,000 rows there."""
    numbered = iter(("$1", "$2"))
    statement = re.sub("%[sb]", lambda _: next(numbered), getattr(facts_sql, name)).replace("%%", "%")
    with psycopg.connect(settings.sync_dsn) as connection:
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}").fetchall())
    assert "Function Scan on unnest" in plan
    assert "= ANY" not in plan
