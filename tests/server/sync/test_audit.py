"""The audit trail tells who did what, and tells when somebody changed what it tells."""

from __future__ import annotations

import psycopg
import pytest

from quill.audit.verify import Finding, verify_all
from quill.settings import Settings

from .ward import Ward


async def trail(ward: Ward) -> Ward:
    """A ward with a few rows of everything; named so that its finding can be told from those of other tests."""
    device = await ward.device(ward.amara)
    patient = device.new_patient()
    void = device.op("patient", "void", reason="Lost.")
    await device.push(patient, void, device.new_letter(patient["id"]), device.new_patient(sex="?"))
    async with ward.database.writing(ward.organisation_id) as connection:
        await connection.execute("UPDATE organisation SET name = %s", (ward.organisation_id,))
    return ward


def finding(settings: Settings, ward: Ward) -> Finding:
    (found,) = (one for one in verify_all(settings) if one.organisation == ward.organisation_id)
    return found


def tamper(settings: Settings, ward: Ward, statement: str) -> None:
    """As somebody who owns the tables and knows the organisation."""
    with psycopg.connect(settings.sync_owner_dsn) as connection:
        connection.execute("SELECT set_config('quill.organisation', %s, true)", (ward.organisation_id,))
        assert connection.execute(statement).rowcount > 0


async def test_a_trail_as_written_follows_from_itself(ward: Ward, settings: Settings) -> None:
    found = finding(settings, await trail(ward))
    ((position,),) = await ward.rows("SELECT audit_position FROM organisation")
    assert (found.broken, found.rows) == (None, position)


async def test_each_operation_is_in_it_with_who_and_from_where(ward: Ward) -> None:
    await trail(ward)
    rows = await ward.rows(
        "SELECT action, kind, user_id::text, device_id IS NOT NULL FROM audit ORDER BY position DESC LIMIT 4"
    )
    assert [row[:2] for row in reversed(rows)] == [
        ("create", "patient"),
        ("void", "patient"),
        ("create", "letter"),
        ("rejected", "quarantine"),
    ]
    assert {row[2:] for row in rows} == {(ward.amara.user_id, True)}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET user_id = NULL WHERE user_id IS NOT NULL",
        "UPDATE audit SET detail = 'x' WHERE action = 'void'",
        "DELETE FROM audit WHERE position = 3",
        "DELETE FROM audit WHERE position = (SELECT max(position) FROM audit)",
        "UPDATE audit SET position = 1000 - position WHERE position IN (3, 4)",
        "UPDATE organisation SET audit_position = audit_position - 1",
        "UPDATE revision SET body = convert_to('{}', 'UTF8') WHERE kind = 'letter'",
        "DELETE FROM revision WHERE kind = 'letter'",
    ],
)
async def test_what_somebody_changed_is_found(ward: Ward, settings: Settings, statement: str) -> None:
    await trail(ward)
    tamper(settings, ward, statement)
    assert finding(settings, ward).broken


@pytest.mark.parametrize("table", ["audit", "revision", "verdict", "membership_event"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = 1", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_server_itself_can_not_change_what_was(ward: Ward, table: str, statement: str) -> None:
    column = "attempt" if table == "verdict" else "seq"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await ward.rows(statement.replace("seq", column).format(table))
