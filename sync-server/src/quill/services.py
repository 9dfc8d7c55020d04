"""What every request is served with. Built in ``main.py`` and only there; a test builds its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from quill.identity.identity import Identity
from quill.keys import Keys
from quill.postgres.sessions import AuthDatabase, SyncDatabase
from quill.routes.static import Site
from quill.settings import Settings
from quill.sync.attachments import Attachments
from quill.sync.live import Hub
from quill.sync.writer import Writers


@dataclass(frozen=True, slots=True)
class Services:
    """The real parts, one of each, for the life of the process."""

    settings: Settings
    keys: Keys
    sync_database: SyncDatabase
    auth_database: AuthDatabase
    identity: Identity
    hub: Hub
    writers: Writers
    attachments: Attachments
    site: Site


def services_of(connection: HTTPConnection) -> Services:
    return cast(Services, connection.app.state.services)
