"""Which ways in are protected enough (``faults.md`` 17, 18), and where a demonstration's accounts work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.types import ASGIApp

from quill.guard import Guard
from quill.identity import cookies
from quill.main import application
from quill.settings import Settings

from .people import PASSWORD, Browser, Organisation, Person, error

PUBLIC = "https://quill.example"


@pytest_asyncio.fixture(scope="session")
async def public(settings: Settings) -> AsyncIterator[Any]:
    """As behind a proxy that ends TLS: listening to others, with one address of its own."""
    app = application(replace(settings, host="0.0.0.0", public_origins=(PUBLIC,)))
    async with app.router.lifespan_context(app):
        yield Guard(app)


async def sign_in(app: ASGIApp, url: str, person: Person, address: str = "10.0.0.7", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, client=(address, 50000))
    async with httpx.AsyncClient(transport=transport, base_url=url, headers=headers) as client:
        return await client.post("/api/auth/login", json={"username": person.username, "password": PASSWORD})


async def test_cookies_are_secure_at_an_address_of_its_own(public: ASGIApp, person: Person) -> None:
    answer = await sign_in(public, "http://quill.example", person, origin=PUBLIC)
    assert answer.status_code == 200
    set_cookies = answer.headers.get_list("set-cookie")
    assert len(set_cookies) == 3
    assert all("; Secure" in one for one in set_cookies)


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.2:8000", "http://quill.example:8000", "http://evil.example", "http://127.0.0.1:8000", "http://localhost"],
)
async def test_plain_http_is_refused(public: ASGIApp, person: Person, url: str) -> None:
    """Also by the name of this machine: who listens to others can't know who came over the network."""
    answer = await sign_in(public, url, person, address="127.0.0.1")
    assert error(answer) == (403, "plain_http")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-proto": "https"},
        {"x-forwarded-host": "quill.example"},
        {"forwarded": "host=quill.example;proto=https"},
        {"x-forwarded-for": "127.0.0.1"},
    ],
)
async def test_what_a_client_says_of_proxies_is_not_believed(public: ASGIApp, person: Person, headers: dict[str, str]) -> None:
    assert error(await sign_in(public, "http://evil.example", person, **headers)) == (403, "plain_http")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "[::1", "", "127.0.0.1 x"]
)
async def test_a_foreign_host_is_refused_on_loopback(app: ASGIApp, person: Person, host: str) -> None:
    """A name somebody made point at this machine (DNS rebinding) is not ours."""
    answer = await sign_in(app, "http://127.0.0.1:8000", person, address="127.0.0.1", host=host)
    assert error(answer) == (403, "plain_http")


async def test_loopback_means_both_ends(app: ASGIApp, person: Person) -> None:
    assert error(await sign_in(app, "http://127.0.0.1:8000", person, address="10.0.0.7")) == (403, "plain_http")
    for address, url in (
        ("127.0.0.1", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
        ("::ffff:127.0.0.1", "http://127.0.0.1"),
    ):
        answer = await sign_in(app, url, person, address=address)
        assert answer.status_code == 200
        assert not any("Secure" in one for one in answer.headers.get_list("set-cookie"))


async def test_every_signed_in_road_asks_the_same(app: ASGIApp, browser: Browser, person: Person) -> None:
    await browser.sign_in(person)
    for method, path in (("GET", "/api/auth/me"), ("POST", "/api/auth/refresh"), ("POST", "/api/auth/logout")):
        answer = await browser.request(method, path, headers={"host": "evil.example"})
        assert error(answer) == (403, "plain_http")
        answer = await browser.request(method, path, headers={"origin": "https://evil.example"})
        assert error(answer) == (403, "bad_origin")


async def test_demonstration_accounts_work_on_this_machine_alone(
    app: ASGIApp, public: ASGIApp, organisation: Organisation
) -> None:
    demonstration = await Organisation(organisation.identity, demonstration=True).found()
    person = await demonstration.person()
    assert (await sign_in(app, "http://127.0.0.1:8000", person, address="127.0.0.1")).status_code == 200
    elsewhere = await sign_in(public, "http://quill.example", person, address="127.0.0.1")
    assert error(elsewhere) == (403, "demonstration_only_local")
    assert "set-cookie" not in elsewhere.headers


def test_cookies_are_read_as_browsers_send_them() -> None:
    assert cookies.read(['a=1; access_token="quoted"; b=2'], "access_token") == "quoted"
    assert cookies.read(["a=access_token=x; access_token = spaced "], "access_token") == "spaced"
    assert cookies.read(["access_token=a=b"], "access_token") == "a=b"
    assert cookies.read(["access_token"], "access_token") is None
    assert cookies.read([], "access_token") is None
