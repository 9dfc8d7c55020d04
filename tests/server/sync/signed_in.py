"""The whole server as one application, and people who sign in to it as the app does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy.dialects.postgresql import insert

from quill.domain.actor import Actor
from quill.guard import Guard
from quill.identity import accounts, passwords
from quill.identity.store import within
from quill.main import application
from quill.postgres.tables.auth import organisation
from quill.services import Services
from quill.settings import Settings

from .answers import kept_to_the_contract
from .ward import Device, Ward

PASSWORD = "ward-lantern-orchid-42"
HASH = passwords.hashed(PASSWORD)


class Server:
    def __init__(self, settings: Settings) -> None:
        self.origin = settings.public_origins[0]
        app = application(settings)
        self.app = app
        self.asgi = Guard(app)
        self.services: Services = app.state.services

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        async with self.app.router.lifespan_context(self.app):
            yield self

    @asynccontextmanager
    async def member(self, ward: Ward, *roles: str, team: str | None = None) -> AsyncIterator[Member]:
        username = f"person-{uuid4()}"
        async with within(self.services.identity.database, ward.organisation_id) as connection:
            named = insert(organisation).values(
                organisation_id=ward.organisation_id, name=f"Hospital {ward.organisation_id}", demonstration=False
            )
            await connection.execute(named.on_conflict_do_nothing())
            user_id = await accounts.create(
                connection, ward.organisation_id, username=username, name="Some One", roles=roles, password_hash=HASH
            )
        transport = httpx.ASGITransport(self.asgi, client=("127.0.0.1", 50_000))
        hooks = {"response": [kept_to_the_contract(self.app)]}
        async with httpx.AsyncClient(transport=transport, base_url=self.origin, event_hooks=hooks) as client:
            answer = await client.post("/api/auth/login", json={"username": username, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            client.headers.update({"x-csrf-token": client.cookies["XSRF-TOKEN"], "x-quill-protocol": "1"})
            await _known(ward, user_id)
            actor = Actor(user_id, ward.organisation_id, username, "Some One", frozenset(roles), str(uuid4()))
            if team:
                await ward.join(actor, team)
            yield Member(client, await ward.device(actor))


class Member:
    def __init__(self, client: httpx.AsyncClient, device: Device) -> None:
        self.client = client
        self.device = device

    async def push(self, *operations: Any, **more: Any) -> httpx.Response:
        return await self.client.post(
            "/api/sync/push", json={"device_id": self.device.device_id, "ops": list(operations), **more}
        )

    async def send(self, text: bytes, **headers: str | bytes) -> httpx.Response:
        given = {"content-type": "application/json", **headers}
        packed = [(name.encode(), value.encode() if isinstance(value, str) else value) for name, value in given.items()]
        return await self.client.post("/api/sync/push", content=text, headers=packed)

    async def conflict_with_ben(self, ward: Ward) -> tuple[str, str]:
        """A patient whose sex ben changed to "other" while this person changed it to "male". Answers both ids."""
        ben = await ward.device(ward.ben)
        patient = self.device.new_patient()
        await self.push(patient)
        await ben.one(ben.patch("patient", patient["id"], 1, set={"sex": "other"}, was={"sex": "female"}))
        mine = self.device.patch("patient", patient["id"], 1, set={"sex": "male"}, was={"sex": "female"})
        return patient["id"], (await self.push(mine)).json()["verdicts"][0]["conflict_id"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]["error_code"]


async def _known(ward: Ward, user_id: str) -> None:
    """What the sign-in side decided has reached the log's database."""
    async with asyncio.timeout(10):
        while not await ward.rows("SELECT 1 FROM actor WHERE user_id = %s", user_id):
            await asyncio.sleep(0.02)
