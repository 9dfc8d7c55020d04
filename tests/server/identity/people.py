"""An organisation with people who can sign in, made as the administrator's command makes them, and browsers to do it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pyotp
from sqlalchemy import insert
from starlette.types import ASGIApp

from quill.identity import accounts, passwords
from quill.identity.identity import Identity
from quill.identity.store import within
from quill.postgres.tables.auth import organisation

ORIGIN = "http://127.0.0.1:8000"
PASSWORD = "ward-lantern-orchid-42"
HASH = passwords.hashed(PASSWORD)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@dataclass
class Organisation:
    """Each test has one of its own; names carry its id, since names are unique in an installation."""

    identity: Identity
    organisation_id: str = field(default_factory=lambda: str(uuid4()))
    demonstration: bool = False

    async def found(self) -> Organisation:
        async with within(self.identity.database, self.organisation_id) as connection:
            values = {"organisation_id": self.organisation_id, "name": f"Practice {self.organisation_id}"}
            await connection.execute(insert(organisation).values(demonstration=self.demonstration, **values))
        return self

    async def person(self, *roles: str, totp: str | None = None) -> Person:
        username = f"person-{uuid4()}"
        async with within(self.identity.database, self.organisation_id) as connection:
            account_id = await accounts.create(
                connection,
                self.organisation_id,
                username=username,
                name="Some One",
                roles=roles or ("Clinician",),
                password_hash=HASH,
            )
            if totp:
                await accounts.set_totp(connection, self.identity.totp_secrets, self.organisation_id, account_id, totp)
        return Person(self.organisation_id, account_id, username)


@dataclass(frozen=True)
class Person:
    organisation_id: str
    account_id: str
    username: str


class Browser(httpx.AsyncClient):
    """Keeps cookies, sends Origin and the CSRF token as the app does."""

    def __init__(self, app: ASGIApp, *, agent: str = "Test/1", address: str = "127.0.0.1", origin: str = ORIGIN) -> None:
        transport = httpx.ASGITransport(app=app, client=(address, 50000))
        super().__init__(transport=transport, base_url=origin, headers={"user-agent": agent, "origin": ORIGIN})

    async def sign_in(self, person: Person, password: str = PASSWORD, code: str | None = None) -> httpx.Response:
        said: dict[str, Any] = {"username": person.username, "password": password}
        return await self.post("/api/auth/login", json=said if code is None else {**said, "totp_code": code})

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        token = self.cookies.get("XSRF-TOKEN")
        if token and request.method == "POST" and "x-csrf-token" not in request.headers:
            request.headers["x-csrf-token"] = token
        return await super().send(request, **options)


def kept(browser: Browser, name: str) -> str:
    """The value of a cookie the browser has, whatever its path."""
    return next(cookie.value or "" for cookie in browser.cookies.jar if cookie.name == name)


def code(secret: str = SECRET, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(time.time()) // 30 + steps)


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]["error_code"]
