"""The peer: pouchdb-server, from npm into a folder of its own, with LevelDB on the same disk.

It keeps documents with revisions and answers changes over HTTP, as ours; it has no idempotency, audit, rules, sign-in or
waiting for the disk, so it does less.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from client import Client
from records import Body
from servers import Running, free_port, started

ROOT = Path(__file__).resolve().parents[2]
VERSION = "4.2.0"
PATIENCE = 120  # seconds to install


class Pouch:
    """A running one."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.client = Client(server.port)

    def database(self, name: str) -> None:
        self.client.request("PUT", f"/{name}", b"")

    def push(self, name: str, batches: list[bytes]) -> None:
        for batch in batches:
            answer = self.client.post(f"/{name}/_bulk_docs", batch)
            assert b'"error"' not in answer, answer[:300]

    def head(self, name: str) -> int:
        found: int = json.loads(self.client.get(f"/{name}"))["update_seq"]
        return found


def documents(patients: list[tuple[str, Body]]) -> bytes:
    return orjson.dumps({"docs": [{"_id": one, **body} for one, body in patients]})


@contextmanager
def pouchdb() -> Iterator[Pouch | str]:
    """A running one, or a sentence that says why there is none."""
    folder = Path(tempfile.mkdtemp(prefix="quill-bench-peer-"))
    try:
        missing = _install(folder)
        if missing:
            yield missing
            return
        port = free_port()
        command = [_node(), str(folder / "node_modules/pouchdb-server/bin/pouchdb-server")]
        options = ["--host", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--no-stdout-logs"]
        with started([*command, *options], port, folder) as server:
            yield Pouch(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _install(folder: Path) -> str:
    """Empty, or why it could not be had. No scripts of packages are run; its LevelDB comes built."""
    command = [*_npm(), "install", f"pouchdb-server@{VERSION}", "--prefix", str(folder)]
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run([*command, *quiet], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f"pouchdb-server was not installed from npm within {PATIENCE} s"
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return (
        f"pouchdb-server could not be installed from npm ({said[0] if said else 'no reason given'})" if done.returncode else ""
    )


def _node() -> str:
    return subprocess.check_output([sys.executable, str(ROOT / "sync-server/bootstrap.py"), "node"], text=True).strip()


def _npm() -> list[str]:
    sys.path.insert(0, str(ROOT / "sync-server"))
    from bootstrap import node_binary, npm

    return npm(node_binary())
