"""People who are signed in over a real socket, to an organisation written through the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy.dialects.postgresql import insert

from quill.domain.actor import Actor
from quill.identity import accounts, passwords
from quill.identity.store import within
from quill.postgres.tables.auth import organisation
from quill.services import Services

from .world import World

PASSWORD = "ward-lantern-orchid-42"
HASH = passwords.hashed(PASSWORD)


@dataclass(frozen=True)
class Server:
    origin: str
    services: Services

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.origin, headers=headers, timeout=20)

    @asynccontextmanager
    async def member(self, world: World, *roles: str) -> AsyncIterator[Member]:
        """Somebody of this organisation, signed in."""
        username, database = f"person-{uuid4()}", self.services.identity.database
        async with within(database, world.organisation_id) as connection:
            named = insert(organisation).values(
                organisation_id=world.organisation_id,
                name=f"Practice {world.organisation_id}",
                demonstration=world.demonstration,
            )
            await connection.execute(named.on_conflict_do_nothing())
            user_id = await accounts.create(
                connection,
                world.organisation_id,
                username=username,
                name="Some One",
                roles=roles or ("Clinician",),
                password_hash=HASH,
            )
        async with self.client(**{"x-quill-protocol": "1"}) as client:
            answer = await client.post("/api/auth/login", json={"username": username, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            client.headers["x-csrf-token"] = client.cookies["XSRF-TOKEN"]
            await self._known(world, user_id)
            actor = Actor(user_id, world.organisation_id, username, "Some One", frozenset(roles or ("Clinician",)), "")
            yield Member(client, actor)

    async def _known(self, world: World, user_id: str) -> None:
        """What the sign-in side decided has reached the log's database."""
        async with asyncio.timeout(10):
            while True:
                async with world.database.reading(world.organisation_id) as connection:
                    found = await connection.execute("SELECT 1 FROM actor WHERE user_id = %s", (user_id,))
                    if await found.fetchone():
                        return
                await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Member:
    client: httpx.AsyncClient
    actor: Actor

    async def changes(self, **query: Any) -> httpx.Response:
        return await self.client.get("/api/sync/changes", params=query)

    async def hello(self, device_id: str, /, **said: Any) -> httpx.Response:
        told = {
            "device_id": device_id,
            "app_version": "1",
            "outbox": {"count": 0, "oldest_age_s": 0},
            "storage": {"persisted": True, "quota": 1, "usage": 0},
        }
        return await self.client.post("/api/sync/hello", json={**told, **said})


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]["error_code"]
