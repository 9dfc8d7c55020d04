"""What an installation is told from outside, read once at start and passed on; nothing else reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quill.setup_error import SetupError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SHORTEST_SECRET = 32  # bytes


@dataclass(frozen=True, slots=True)
class Settings:
    """``*_dsn`` are libpq strings; ``auth_dsn`` and ``sync_dsn`` are the application roles, ``*_owner_dsn`` migrate."""

    home: Path
    host: str
    port: int
    public_origins: tuple[str, ...]  # what a browser may send as Origin
    auth_dsn: str
    sync_dsn: str
    auth_owner_dsn: str
    sync_owner_dsn: str
    secret: bytes  # the root of every key; purposes are derived from it
    demonstration: bool
    objects_dir: Path
    static_dir: Path | None  # the built PWA

    @property
    def loopback(self) -> bool:
        return self.host in LOOPBACK


@dataclass(frozen=True, slots=True)
class Place:
    """Where to run, known before there is a database."""

    home: Path
    host: str
    port: int
    origins: tuple[str, ...]
    static_dir: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Place:
        port = environment.get("QUILL_PORT", "8000")
        if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            raise SetupError(f"QUILL_PORT is '{port}'; it must be a number from 1 to 65535.")
        host = environment.get("QUILL_HOST", "127.0.0.1")
        own = tuple(f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")) if host in LOOPBACK else ()
        named = tuple(origin.strip() for origin in environment.get("QUILL_ORIGINS", "").split(",") if origin.strip())
        static = environment.get("QUILL_STATIC")
        return cls(
            home=Path(environment.get("QUILL_HOME", ".quill")).absolute(),
            host=host,
            port=int(port),
            origins=named + own,
            static_dir=Path(static).absolute() if static else _built_pwa(),
        )

    def prepare(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self.home.chmod(0o700)
        except OSError as error:
            raise SetupError(f"The folder {self.home} (QUILL_HOME) cannot be made or entered: {error.strerror}.") from error


def external_settings(place: Place, environment: Mapping[str, str] = os.environ) -> Settings | None:
    """The settings of an installation that brings its own PostgreSQL, or None where ours is to be started."""
    if "QUILL_SYNC_DSN" not in environment:
        return None
    return Settings(
        home=place.home,
        host=place.host,
        port=place.port,
        public_origins=place.origins,
        auth_dsn=_needed(environment, "QUILL_AUTH_DSN"),
        sync_dsn=_needed(environment, "QUILL_SYNC_DSN"),
        auth_owner_dsn=_needed(environment, "QUILL_AUTH_OWNER_DSN"),
        sync_owner_dsn=_needed(environment, "QUILL_SYNC_OWNER_DSN"),
        secret=_secret(Path(_needed(environment, "QUILL_SECRET_FILE"))),
        demonstration=False,
        objects_dir=Path(environment.get("QUILL_OBJECTS", str(place.home / "objects"))),
        static_dir=place.static_dir,
    )


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SetupError(f"{name} is not set; with QUILL_SYNC_DSN given, all of the databases' settings are needed.")
    return value


def _secret(file: Path) -> bytes:
    try:
        secret = file.read_bytes().strip()
    except OSError as error:
        raise SetupError(f"The secret in {file} (QUILL_SECRET_FILE) cannot be read: {error.strerror}.") from error
    if len(secret) < SHORTEST_SECRET:
        raise SetupError(f"The secret in {file} has {len(secret)} bytes; it needs at least {SHORTEST_SECRET} random ones.")
    return secret


def _built_pwa() -> Path | None:
    built = Path(__file__).parents[3] / "pwa" / "dist"
    return built if built.is_dir() else None
