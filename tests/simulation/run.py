"""Starts the real server on a home of its own and lets the simulated devices loose on it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds for the server's first start


def main() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="quill-simulation-") as home:
        environment = {**os.environ, "QUILL_HOME": home, "QUILL_PORT": str(port)}
        server = subprocess.Popen([sys.executable, "-m", "quill.cli", "serve"], cwd=ROOT, env=environment)
        try:
            wait_for(f"http://127.0.0.1:{port}/api/health", server)
            node = subprocess.check_output([sys.executable, "sync-server/bootstrap.py", "node"], cwd=ROOT, text=True).strip()
            return subprocess.run(
                [node, "node_modules/vitest/vitest.mjs", "run", "--config", "../tests/simulation/vitest.config.mjs"],
                cwd=ROOT / "pwa",
                env={**environment, "QUILL_SIMULATION_URL": f"http://127.0.0.1:{port}"},
                check=False,
            ).returncode
        finally:
            server.terminate()
            server.wait(timeout=30)
            subprocess.run([sys.executable, "-m", "quill.cli", "reset", "--yes"], cwd=ROOT, env=environment, check=False)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("the server did not become ready")


if __name__ == "__main__":
    raise SystemExit(main())
