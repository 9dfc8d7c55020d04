"""The embedded installation: our own PostgreSQL and generated secrets in ``QUILL_HOME``, and the settings that follow."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quill.postgres.embedded import EmbeddedPostgres
from quill.postgres.provision import AUTH_DATABASE, AUTH_ROLE, OWNER, SYNC_DATABASE, SYNC_ROLE, provision
from quill.settings import Place, Settings, external_settings

SUPERUSER_KEY = "postgres"
SERVER_KEY = "server"


@contextmanager
def installation(place: Place, *, alone: bool = False) -> Iterator[Settings]:
    """Settings with a running PostgreSQL behind them.

    Ours is started before and stopped after. One that a running server started is shared, unless this must be ``alone``
    on its home; one that the environment names is somebody else's and left as it is.
    """
    place.prepare()
    external = external_settings(place)
    if external:
        yield external
        return
    keys = secrets_of(place.home)
    postgres = EmbeddedPostgres(place.home, keys[SUPERUSER_KEY])
    try:
        if alone or not postgres.join():
            postgres.start()
        provision(postgres.dsn("postgres"), keys)
        yield Settings(
            home=place.home,
            host=place.host,
            port=place.port,
            public_origins=place.origins,
            auth_dsn=postgres.dsn(AUTH_DATABASE, AUTH_ROLE, keys[AUTH_ROLE]),
            sync_dsn=postgres.dsn(SYNC_DATABASE, SYNC_ROLE, keys[SYNC_ROLE]),
            auth_owner_dsn=postgres.dsn(AUTH_DATABASE, OWNER, keys[OWNER]),
            sync_owner_dsn=postgres.dsn(SYNC_DATABASE, OWNER, keys[OWNER]),
            secret=bytes.fromhex(keys[SERVER_KEY]),
            demonstration=True,
            objects_dir=place.home / "objects",
            static_dir=place.static_dir,
        )
    finally:
        postgres.stop()


def secrets_of(home: Path) -> dict[str, str]:
    """Generated at the first start, readable by us alone, never shown. In their place only when they are whole."""
    file, making = home / "secrets.json", home / "secrets.json.new"
    if file.exists():
        loaded: dict[str, str] = json.loads(file.read_text())
        return loaded
    made = {name: secrets.token_urlsafe(24) for name in (SUPERUSER_KEY, OWNER, AUTH_ROLE, SYNC_ROLE)}
    made[SERVER_KEY] = secrets.token_hex(32)
    making.unlink(missing_ok=True)
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(made, handle)
        handle.flush()
        os.fsync(handle.fileno())
    making.rename(file)
    return made
