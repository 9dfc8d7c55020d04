"""The server's figures beside the machine's limits and a peer: ``python tests/bench/run.py [--only push] [--records N]``.

Server and database run as they do in an installation, every guarantee on, on 127.0.0.1, in a folder that is removed at the
end. What the figures mean: docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import psycopg
import pull
import push
from peer import ROOT, pouchdb
from report import Figure, read, show
from servers import free_port

from quill.installation import installation
from quill.migrations import upgrade
from quill.postgres.places import erase
from quill.settings import Place, Settings

RESULTS = ROOT / "test-results" / "bench"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("push", "pull"))
    parser.add_argument("--records", type=int, default=pull.PATIENTS)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that everything started is ended
    home = Path(tempfile.mkdtemp(prefix="quill-bench-"))
    port = free_port()
    figures: list[Figure] = []
    try:
        with installation(Place(home, "127.0.0.1", port, (f"http://127.0.0.1:{port}",), static_dir=None)) as settings:
            upgrade(settings)
            with pouchdb() as pouch:
                if given.only != "pull":
                    figures += push.measure(home, settings, pouch)
                if given.only != "push":
                    figures += pull.measure(home, settings, pouch, given.records)
            machine = about(settings)
    finally:
        erase(home)
    return show(RESULTS, "server", machine, beside(figures) if given.only else figures)


def beside(figures: list[Figure]) -> list[Figure]:
    """With the figures of the other parts, as they were measured last."""
    file = RESULTS / "server.json"
    names = {figure.name for figure in figures}
    others = [figure for figure in read(file)[1] if figure.name not in names] if file.exists() else []
    return [*figures, *others]


def about(settings: Settings) -> dict[str, object]:
    with psycopg.connect(settings.sync_dsn) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return {
        "cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version(),
        "postgresql": row[0] if row else None, "uvicorn": version("uvicorn"), "starlette": version("starlette"),
        "psycopg": version("psycopg"),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
