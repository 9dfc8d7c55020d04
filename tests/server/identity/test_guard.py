"""The road of every request: CSRF on every change, our own pages, sessions that ended elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio
from starlette.requests import Request

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.identity import held, sessions
from quill.identity.guard import actor_of, session_is_live
from quill.identity.identity import Identity
from quill.identity.store import within

from .people import ORIGIN, Browser, Organisation, Person, kept


@pytest_asyncio.fixture
async def signed_in(browser: Browser, person: Person) -> Browser:
    assert (await browser.sign_in(person)).status_code == 200
    return browser


class Asked:
    """Requests as a route gets them, with this browser's cookies."""

    def __init__(self, server: Any, browser: Browser) -> None:
        self.server = server
        self.access = kept(browser, "access_token")
        self.csrf = kept(browser, "XSRF-TOKEN")

    async def __call__(self, method: str = "GET", *, client: str = "127.0.0.1", **headers: str | list[str] | None) -> Actor:
        usual: dict[str, Any] = {"host": "127.0.0.1:8000", "cookie": f"access_token={self.access}", **headers}
        raw = [
            (name.replace("_", "-").encode(), one.encode("latin-1"))
            for name, value in usual.items()
            if value is not None
            for one in (value if isinstance(value, list) else [value])
        ]
        scope = {
            "type": "http",
            "method": method,
            "path": "/",
            "headers": raw,
            "client": (client, 1),
            "app": self.server,
            "query_string": b"",
        }
        return await actor_of(Request(scope))

    async def refused(self, method: str = "GET", **options: Any) -> str:
        with pytest.raises(ApiError) as refused:
            await self(method, **options)
        return refused.value.error_code


@pytest.fixture
def asked(server: Any, signed_in: Browser) -> Asked:
    return Asked(server, signed_in)


async def test_it_says_who_asks(asked: Asked, person: Person) -> None:
    actor = await asked()
    assert (actor.user_id, actor.organisation_id, actor.roles) == (
        person.account_id,
        person.organisation_id,
        frozenset({"Clinician"}),
    )
    assert actor.username == person.username


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "post"])
async def test_every_change_needs_the_token_of_its_session(
    asked: Asked, method: str, another: Callable[..., Browser], person: Person
) -> None:
    await asked(method, x_csrf_token=asked.csrf)
    async with another() as other:
        await other.sign_in(person)
        foreign = kept(other, "XSRF-TOKEN")
    for bad in (None, "", "x", asked.csrf[:-1], asked.csrf + "=", foreign, "é"):
        assert await asked.refused(method, x_csrf_token=bad) == "csrf_failed"
    only_cookie = f"access_token={asked.access}; XSRF-TOKEN={asked.csrf}"
    assert await asked.refused(method, cookie=only_cookie) == "csrf_failed"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_reading_needs_none(asked: Asked, method: str) -> None:
    await asked(method)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1:8000/", "https://127.0.0.1:8000"])
async def test_a_foreign_page_is_refused(asked: Asked, origin: str) -> None:
    for method in ("GET", "POST"):
        assert await asked.refused(method, origin=origin, x_csrf_token=asked.csrf) == "bad_origin"
    await asked("POST", origin=ORIGIN, x_csrf_token=asked.csrf)
    assert await asked.refused("POST", origin=[ORIGIN, ORIGIN], x_csrf_token=asked.csrf) == "bad_origin"


async def test_two_cookies_of_one_name_are_none(asked: Asked) -> None:
    """A site beside ours can toss a second one in front of or behind the true one."""
    for tossed in (
        f"access_token=tossed; access_token={asked.access}",
        f"access_token={asked.access}; access_token=tossed",
        f"access_token={asked.access}; access_token={asked.access}",
        f"access_token={asked.access}; access_token=",
    ):
        assert await asked.refused(cookie=tossed) == "not_signed_in"
    assert await asked.refused(cookie=[f"access_token={asked.access}", "access_token=tossed"]) == "not_signed_in"
    await asked(cookie=f"theme=dark; ACCESS_TOKEN=x; access_token={asked.access}; xaccess_token=y; access_token_=z")


@pytest.mark.parametrize(
    "cookie", [None, "", "access_token", "access_token=", "a" * 100_000, ";" * 10_000, "access_token=\x00"]
)
async def test_no_cookie_is_nobody(asked: Asked, cookie: str | None) -> None:
    assert await asked.refused(cookie=cookie) == "not_signed_in"


async def test_a_session_ended_elsewhere_is_over_here_at_once(asked: Asked, person: Person, identity: Identity) -> None:
    """Told by the database, as by another process; the seconds a look-up is trusted have not passed."""
    actor = await asked()
    await end_elsewhere(identity, actor)
    async with asyncio.timeout(held.TRUST - 1):
        while identity.held.get(asked.access):
            await asyncio.sleep(0.01)
    assert await asked.refused() == "session_ended"


async def test_and_when_nobody_tells_within_seconds(asked: Asked, identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = await asked()
    monkeypatch.setattr(identity.held, "drop", lambda _session_id: None)
    await end_elsewhere(identity, actor)
    await asked()  # believed for now
    kept_now = identity.held.get(asked.access)
    assert kept_now is not None
    kept_now.checked -= held.TRUST
    assert held.TRUST <= 5
    assert await asked.refused() == "session_ended"
    assert identity.held.get(asked.access) is None


async def test_many_at_once_ask_the_database_once(asked: Asked, identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    await asked()
    looked = 0
    original = sessions.look_up

    async def counted(*arguments: Any) -> Actor:
        nonlocal looked
        looked += 1
        return await original(*arguments)

    monkeypatch.setattr(sessions, "look_up", counted)
    kept_now = identity.held.get(asked.access)
    assert kept_now is not None
    kept_now.checked -= held.TRUST
    await asyncio.gather(*(asked() for _ in range(50)))
    assert looked == 1


async def test_sockets_can_ask_whether_a_session_goes_on(asked: Asked, server: Any, identity: Identity) -> None:
    actor = await asked()
    connection = Request({"type": "http", "app": server, "headers": []})
    assert await session_is_live(connection, actor.session_id)
    await end_elsewhere(identity, actor)
    assert not await session_is_live(connection, actor.session_id)
    assert not await session_is_live(connection, "00000000-0000-4000-8000-000000000000")


async def test_what_is_held_is_bounded(
    identity: Identity, person: Person, another: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "MOST", 3)
    identity.held.drop_all()
    async with another() as browser:
        await browser.sign_in(person)
        for _ in range(5):
            await browser.post("/api/auth/refresh")
            assert (await browser.get("/api/auth/me")).status_code == 200
    assert len(identity.held._held) <= 3


async def test_roles_are_those_of_now(asked: Asked, organisation: Organisation, identity: Identity) -> None:
    """A token says who, the database says as what."""
    from quill.postgres.tables.auth import account

    await asked()
    async with within(identity.database, organisation.organisation_id) as connection:
        await connection.execute(account.update().values(roles=["Secretary"]))
    kept_now = identity.held.get(asked.access)
    assert kept_now is not None
    kept_now.checked -= held.TRUST
    assert (await asked()).roles == {"Secretary"}


async def end_elsewhere(identity: Identity, actor: Actor) -> None:
    async with within(identity.database, actor.organisation_id) as connection:
        assert await sessions.end(connection, actor.organisation_id, actor.session_id, "test")
