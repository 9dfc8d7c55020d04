"""Keeps the real server on a home of its own, and lets the simulated devices loose on it.

A server that dies while they run is started again, as a supervisor would. Whatever ends this ends everything it started.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds for the server's first start


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="quill-simulation-") as home:
        server = Server(Path(home), port)
        try:
            server.start()
            return simulate(server)
        finally:
            server.stop()


def simulate(server: Server) -> int:
    node = subprocess.check_output([sys.executable, "sync-server/bootstrap.py", "node"], cwd=ROOT, text=True).strip()
    vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "../tests/simulation/vitest.config.mjs"]
    running = subprocess.Popen([node, *vitest, *sys.argv[1:]], cwd=ROOT / "pwa", env=server.environment)
    try:
        return running.wait()
    finally:
        running.terminate()
        running.wait()


class Server:
    def __init__(self, home: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pid_file = home / "simulation.pid"
        self.environment = {
            **os.environ,
            "QUILL_HOME": str(home),
            "QUILL_PORT": str(port),
            "QUILL_SIMULATION_URL": self.url,
            "QUILL_SIMULATION_PID": str(self.pid_file),
        }
        self._wanted = True
        self._process = self._begin()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api/health", timeout=2) as answer:
                    if answer.status == 200:
                        self._keeper.start()
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise SystemExit("the server did not become ready")

    def stop(self) -> None:
        self._wanted = False
        self._process.terminate()
        self._process.wait(timeout=30)
        subprocess.run([sys.executable, "-m", "quill.cli", "reset", "--yes"], cwd=ROOT, env=self.environment, check=False)

    def _begin(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "quill.cli", "serve"], cwd=ROOT, env=self.environment)
        self.pid_file.write_text(str(process.pid))
        return process

    def _keep(self) -> None:
        while self._wanted:
            self._process.wait()
            if self._wanted:
                self._process = self._begin()


if __name__ == "__main__":
    raise SystemExit(main())
