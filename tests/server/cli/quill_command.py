"""``quill serve`` as a person starts and stops it: a process of its own, on a home and a port of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from quill.postgres.places import STATE_DIRECTORY

PATIENCE = 60.0  # seconds for a first start beside other tests


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def quill(home: Path, *arguments: str, port: int | str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        _command(*arguments),
        env=_environment(home, free_port() if port is None else port),
        capture_output=True,
        text=True,
        check=False,
    )


class Served:
    """A server that was started; ``said`` is what it printed until it was ready, ``took`` how long that was (seconds)."""

    def __init__(self, home: Path, port: int | None = None) -> None:
        self.home = home
        self.port = port or free_port()
        started = time.monotonic()
        self.process = subprocess.Popen(
            _command("serve"),
            env=_environment(home, self.port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""
        late = threading.Timer(PATIENCE, self.process.kill)
        late.start()
        try:
            self._wait_until_ready()
        finally:
            late.cancel()
        self.took = time.monotonic() - started

    def _wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C stops everything" in line:
                break
        while not self.answers():
            assert self.process.poll() is None, self.said
            time.sleep(0.02)

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/api/health").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def postmaster(self) -> int:
        pointer = self.home / "postgres-folder"
        data = STATE_DIRECTORY / pointer.read_text() / "data" if os.geteuid() == 0 else self.home / "postgres"
        return int((data / "postmaster.pid").read_text().split()[0])

    def end(self, how: signal.Signals) -> tuple[int, str]:
        """Its exit status and last words, once it is gone and its PostgreSQL with it."""
        postmaster = self.postmaster
        self.process.send_signal(how)
        said, _ = self.process.communicate(timeout=PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while _lives(postmaster):
            assert time.monotonic() < deadline, "its PostgreSQL is left"
            time.sleep(0.02)
        return self.process.returncode, said


@contextmanager
def served(home: Path, port: int | None = None) -> Iterator[Served]:
    one = Served(home, port)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.end(signal.SIGINT)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "quill.cli", *arguments]


def _environment(home: Path, port: int | str) -> dict[str, str]:
    return {**os.environ, "QUILL_HOME": str(home), "QUILL_PORT": str(port)}
