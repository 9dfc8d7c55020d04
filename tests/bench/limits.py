"""What PostgreSQL does at the least for the same work: COPY of the same rows, one commit after another, COPY out."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence

import psycopg

from quill.settings import Settings

#: The five rows of an operation: how the rows of a batch are found, by position in the log or by number of the device.
ROWS = {
    "entry": "seq > %(after)s AND seq <= %(upto)s",
    "revision": "seq > %(after)s AND seq <= %(upto)s",
    "audit": "seq > %(after)s AND seq <= %(upto)s",
    "delivery_queue": "seq > %(after)s AND seq <= %(upto)s",
    "verdict": "device_id = %(device)s AND device_seq > %(sent)s AND device_seq <= %(sent)s + %(upto)s - %(after)s",
}

Batch = dict[str, bytes]
"""By table, its rows as COPY writes them (binary)."""


class CopyLimit:
    """Tables like ours, with their indexes and constraints but nothing else on them, to copy rows into."""

    def __init__(self, settings: Settings, organisation_id: str) -> None:
        self.settings = settings
        self.organisation_id = organisation_id
        with self._connect() as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
            for table in ROWS:
                connection.execute(f"DROP TABLE IF EXISTS bench.{table}")
                connection.execute(f"CREATE TABLE bench.{table} (LIKE public.{table} INCLUDING ALL)")

    def close(self) -> None:
        with self._connect() as connection:
            connection.execute("DROP SCHEMA bench CASCADE")

    def rows(self, device_id: str, batches: Sequence[tuple[int, int, int]]) -> list[Batch]:
        """What was written by batches of (after which position, up to which, after which number of the device)."""
        found = []
        with self._connect() as connection:
            for after, upto, sent in batches:
                values = {"after": after, "upto": upto, "sent": sent, "device": device_id}
                found.append({table: self._out(connection, table, where, values) for table, where in ROWS.items()})
        return found

    def copy(self, batches: Sequence[Batch]) -> float:
        """Seconds; a transaction each."""
        with self._connect() as connection:
            started = time.perf_counter()
            for batch in batches:
                with connection.transaction():
                    for table, rows in batch.items():
                        with connection.cursor().copy(f"COPY bench.{table} FROM STDIN (FORMAT binary)") as copy:
                            copy.write(rows)
            return time.perf_counter() - started

    def _out(self, connection: psycopg.Connection, table: str, where: str, values: dict[str, object]) -> bytes:
        rows = f"SELECT * FROM public.{table} WHERE organisation_id = %(organisation)s AND {where}"
        values = {**values, "organisation": self.organisation_id}
        with connection.cursor().copy(f"COPY ({rows}) TO STDOUT (FORMAT binary)", values) as copy:
            return b"".join(bytes(part) for part in copy)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            self.settings.sync_owner_dsn, options=f"-c quill.organisation={self.organisation_id} -c synchronous_commit=on"
        )


class CommitLimit:
    """One row of 1 KiB, one commit, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        with psycopg.connect(settings.sync_owner_dsn, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
            connection.execute("CREATE TABLE bench.single (id bigserial PRIMARY KEY, bytes bytea)")

    def run(self, count: int) -> tuple[float, float]:
        """(Commits a second, p50 in ms.)"""
        times = []
        row = os.urandom(1024)
        with psycopg.connect(self.settings.sync_owner_dsn, autocommit=True) as connection:
            started = time.perf_counter()
            for _ in range(count):
                begun = time.perf_counter()
                connection.execute("INSERT INTO bench.single (bytes) VALUES (%b)", (row,), prepare=True)
                times.append(time.perf_counter() - begun)
            took = time.perf_counter() - started
        return count / took, statistics.median(times) * 1000


def copy_out(settings: Settings, organisation_id: str) -> float:
    """Milliseconds for all entries' bytes."""
    with psycopg.connect(settings.sync_dsn, options=f"-c quill.organisation={organisation_id}") as connection:
        started = time.perf_counter()
        with connection.cursor().copy("COPY (SELECT bytes FROM entry) TO STDOUT (FORMAT binary)") as copy:
            for _ in copy:
                pass
        return (time.perf_counter() - started) * 1000
