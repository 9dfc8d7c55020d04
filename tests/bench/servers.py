"""Servers in processes of their own, all under the same uvicorn: ``python servers.py WHICH HOME PORT [ORGANISATION BYTES]``."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from quill.installation import installation
from quill.settings import Place

PATIENCE = 60.0  # seconds to come up


@dataclass(frozen=True)
class Running:
    port: int
    pid: int

    def memory(self) -> float:
        """MB of this process, all of it counted (RSS)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * 4096 / 1e6


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def started(command: list[str], port: int, cwd: Path | None = None) -> Iterator[Running]:
    """A server, from when it takes connections until the end of the block."""
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _listens(port):
            if process.poll() is not None:
                raise RuntimeError(f"{command[1]} ended")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{command[1]} does not come up")
            time.sleep(0.05)
        yield Running(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(which: str, home: Path, *more: object) -> Iterator[Running]:
    port = free_port()
    with started([sys.executable, __file__, which, str(home), str(port), *map(str, more)], port) as server:
        yield server


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def main(which: str, home: str, port: str, *more: str) -> None:
    import uvicorn

    place = Place(Path(home), "127.0.0.1", int(port), (f"http://127.0.0.1:{port}",), static_dir=None)
    with installation(place) as settings:
        if which == "quill":
            from quill.cli.serve import spare_the_collector
            from quill.main import build

            app = build(settings)
            spare_the_collector()
        else:
            from bare import application

            app = application(settings, *more)
        uvicorn.run(
            app, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", ws="websockets-sansio",
            log_level="warning", access_log=False, server_header=False, ws_max_size=4096,
        )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
