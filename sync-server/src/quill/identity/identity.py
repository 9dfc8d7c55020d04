"""The parts of identity, one of each, for the life of the process."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from psycopg import AsyncConnection

from quill.identity import outbox
from quill.identity.channel import Channels
from quill.identity.csrf import Csrf
from quill.identity.held import HeldSessions
from quill.identity.passwords import Passwords
from quill.identity.store import SESSIONS_ENDED
from quill.identity.tokens import Tokens
from quill.identity.totp import SealedSecrets
from quill.keys import derive
from quill.postgres.sessions import AuthDatabase
from quill.settings import Settings

log = logging.getLogger("quill.identity")

LOOK = 5.0  # seconds between looks at the outbox, for what was left by a process that died


@dataclass(frozen=True, slots=True)
class IdentityKeys:
    """32 bytes each, derived from the installation's secret."""

    access: bytes = field(repr=False)
    csrf: bytes = field(repr=False)
    refresh: bytes = field(repr=False)
    totp: bytes = field(repr=False)
    attempts: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> IdentityKeys:
        return cls(*(derive(secret, purpose) for purpose in ("access", "csrf", "refresh", "totp", "attempts")))


class Identity:
    """Built in ``main.py``; ``start`` and ``stop`` belong to its lifespan. ``carry`` tells the log's database of a person."""

    def __init__(self, settings: Settings, database: AuthDatabase, carry: outbox.Carry) -> None:
        self.database = database
        self.keys = IdentityKeys.of(settings.secret)
        self.tokens = Tokens(self.keys.access)
        self.csrf = Csrf(self.keys.csrf)
        self.totp_secrets = SealedSecrets(self.keys.totp)
        self.channels = Channels(settings)
        self.passwords = Passwords()
        self.held = HeldSessions(database)
        self._carry = carry
        self._dsn = settings.auth_dsn
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await outbox.deliver(self.database, self._carry)
        self._listening = asyncio.create_task(self._hear())

    async def stop(self) -> None:
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self.passwords.close()

    async def _hear(self) -> None:
        """Hears at once of what other processes end or change; without it, the looks every few seconds still find it."""
        while True:
            try:
                async with await AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {SESSIONS_ENDED}")
                    await connection.execute(f"LISTEN {outbox.CHANGED}")
                    while True:
                        await outbox.deliver(self.database, self._carry)
                        async for notice in connection.notifies(timeout=LOOK, stop_after=1):
                            if notice.channel == SESSIONS_ENDED:
                                self.held.drop(notice.payload)
            except Exception as error:  # whatever it was, going on listening is what keeps revocation quick
                log.warning("not hearing of sign-ins: %s", type(error).__name__)
                self.held.drop_all()
                await asyncio.sleep(1)
