"""The supervisor of the embedded PostgreSQL, on the real binaries: what is killed comes back, with what was committed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from quill.postgres import embedded
from quill.postgres.embedded import EmbeddedPostgres
from quill.postgres.places import erase, places_for
from quill.setup_error import SetupError

PATIENCE = 20.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    yield folder
    erase(folder)


@pytest.fixture
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    one = EmbeddedPostgres(home, "a-generated-password")
    one.start()
    yield one
    one.stop()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def write(postgres: EmbeddedPostgres, value: int) -> None:
    with psycopg.connect(postgres.dsn("postgres")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", (value,))


def read(postgres: EmbeddedPostgres) -> list[int]:
    with psycopg.connect(postgres.dsn("postgres")) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]


def answers(postgres: EmbeddedPostgres) -> bool:
    try:
        read(postgres)
    except psycopg.OperationalError:
        return False
    return True


def test_a_killed_postmaster_comes_back_with_every_committed_row(postgres: EmbeddedPostgres) -> None:
    write(postgres, 1)
    killed = postgres.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    until(lambda: postgres.pid != killed and answers(postgres))
    assert read(postgres) == [1]


def test_it_ends_with_a_quill_that_is_killed_and_the_next_one_starts_on_its_data(home: Path) -> None:
    program = (
        "import sys, pathlib, threading; from quill.postgres.embedded import EmbeddedPostgres as E\n"
        "one = E(pathlib.Path(sys.argv[1]), 'a-generated-password'); one.start(); print(one.pid, flush=True)\n"
        "threading.Event().wait()"
    )
    former = subprocess.Popen([sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE, text=True)
    assert former.stdout is not None
    pid = int(former.stdout.readline())
    former.kill()
    former.wait()
    former.stdout.close()
    until(lambda: not Path(f"/proc/{pid}").exists())
    following = EmbeddedPostgres(home, "a-generated-password")
    following.start()
    write(following, 2)
    assert read(following) == [2]
    following.stop()


def test_a_second_quill_on_one_home_is_refused_in_one_sentence(postgres: EmbeddedPostgres, home: Path) -> None:
    with pytest.raises(SetupError, match="already runs on"):
        EmbeddedPostgres(home, "a-generated-password").start()
    assert EmbeddedPostgres(home, "a-generated-password").join()


def test_data_of_another_major_version_is_refused_in_one_sentence(home: Path) -> None:
    one = EmbeddedPostgres(home, "a-generated-password")
    places = one.start()
    one.stop()
    (places.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(SetupError, match=r"belongs to PostgreSQL 15, this Quill brings \d+"):
        EmbeddedPostgres(home, "a-generated-password").start()


def makers(folder: Path) -> list[str]:
    """Processes that make data below a folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # ended meanwhile
            if f"{folder}/data-in-the-making-".encode() in line.read_bytes():
                found.append(line.parent.name)
    return found


def test_a_first_start_that_was_killed_leaves_nothing_that_looks_whole(home: Path) -> None:
    data = places_for(home).data
    program = (
        "import sys, pathlib; from quill.postgres.embedded import EmbeddedPostgres as E\n"
        "E(pathlib.Path(sys.argv[1]), 'a-generated-password').start()"
    )
    former = subprocess.Popen([sys.executable, "-c", program, str(home)])
    until(lambda: list(data.parent.glob("data-in-the-making-*/PG_VERSION")) != [])
    former.kill()
    former.wait()
    until(lambda: not makers(data.parent))  # its initdb is told by the kernel, and takes a moment to end
    assert not (data / "PG_VERSION").exists()
    following = EmbeddedPostgres(home, "a-generated-password")
    following.start()
    write(following, 3)
    assert read(following) == [3]
    following.stop()
    assert list(data.parent.glob("data-in-the-making-*")) == []


def test_a_full_disk_is_said_in_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the first start, and later; a disk is full where it has less than is needed, so more is needed here."""
    with monkeypatch.context() as more:
        more.setattr(embedded, "ROOM_NEEDED", 1 << 60)
        with pytest.raises(SetupError, match=r"^The disk that holds \S+ has \d+ MiB left; a first start needs \d+ MiB\.$"):
            EmbeddedPostgres(home, "a-generated-password").start()
    one = EmbeddedPostgres(home, "a-generated-password")
    places = one.start()
    one.stop()
    (places.data / "postgresql.conf").write_text("it can not start, for whatever reason")
    with pytest.raises(SetupError, match=r"^PostgreSQL did not start: .*postgresql\.conf"):
        EmbeddedPostgres(home, "a-generated-password").start()
    monkeypatch.setattr(embedded, "SEGMENT", 1 << 60)
    with pytest.raises(SetupError, match=r"^The disk that holds \S+ is full \(\d+ MiB left\); make room and start again\.$"):
        EmbeddedPostgres(home, "a-generated-password").start()


def test_nobody_gets_in_without_the_password(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn("postgres", password="another"))


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming an ordinary user takes root")
def test_an_ordinary_user_can_run_it_too() -> None:
    nobody = 65534
    home = Path(tempfile.mkdtemp(prefix="quill-test-", dir="/var/tmp"))
    os.chown(home, nobody, nobody)
    program = (
        "import sys, pathlib; from quill.postgres.embedded import EmbeddedPostgres as E\n"
        "one = E(pathlib.Path(sys.argv[1]), 'a-generated-password'); print(one.start().data); one.stop()"
    )
    try:
        done = subprocess.run(
            [reachable_python(), "-c", program, str(home)],
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            user=nobody,
            group=nobody,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == str(home / "postgres"), done.stderr
    finally:
        shutil.rmtree(home)


def reachable_python() -> str:
    """This interpreter, unless it lies in a home closed to others; then the system's."""
    resolved = Path(sys.executable).resolve()
    closed = any(not folder.stat().st_mode & 0o001 for folder in resolved.parents)
    return "/usr/bin/python3" if closed else sys.executable
