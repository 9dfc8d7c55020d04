"""The road in: cookies, refusals in the contract's shape, what a second factor is good for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import httpx
import pytest
from argon2 import extract_parameters
from sqlalchemy import event, select

from quill.errors import ApiError
from quill.identity import accounts, passwords, sessions
from quill.identity.identity import Identity
from quill.identity.passwords import verify
from quill.identity.store import within
from quill.postgres.tables.auth import sign_in_event

from .people import HASH, PASSWORD, Browser, Organisation, Person, error, kept


def cookies(answer: httpx.Response) -> dict[str, dict[str, str]]:
    found = {}
    for header in answer.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(header).items():
            found[name] = {key: str(value) for key, value in morsel.items() if value}
    return found


async def test_sign_in_gives_the_three_cookies_and_says_who(browser: Browser, person: Person) -> None:
    answer = await browser.sign_in(person)
    assert answer.status_code == 200
    set_cookies = cookies(answer)
    assert set_cookies["access_token"] == {"path": "/", "max-age": "900", "httponly": "True", "samesite": "lax"}
    assert set_cookies["refresh_token"] == {
        "path": "/api/auth/refresh",
        "max-age": "604800",
        "httponly": "True",
        "samesite": "lax",
    }
    assert set_cookies["XSRF-TOKEN"] == {"path": "/", "max-age": "604800", "samesite": "lax"}
    me = (await browser.get("/api/auth/me")).json()
    assert me["user_id"] == person.account_id
    assert me["organisation_id"] == person.organisation_id
    assert me["username"] == person.username
    assert me["roles"] == ["Clinician"]
    assert me["team_ids"] == []


async def test_refresh_and_sign_in_answer_with_who_it_is(browser: Browser, person: Person) -> None:
    assert (await browser.sign_in(person)).json()["user_id"] == person.account_id
    assert (await browser.post("/api/auth/refresh")).json()["user_id"] == person.account_id


async def test_names_are_taken_as_people_type_them(browser: Browser, person: Person) -> None:
    answer = await browser.post("/api/auth/login", json={"username": f" {person.username.upper()} ", "password": PASSWORD})
    assert answer.status_code == 200


@pytest.mark.parametrize("password", [PASSWORD + " ", " " + PASSWORD, PASSWORD.upper(), "x", "🌧" * 20])
async def test_a_password_is_taken_exactly(browser: Browser, person: Person, password: str) -> None:
    answer = await browser.sign_in(person, password)
    assert error(answer) == (401, "invalid_credentials")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("password", ["", "x" * 10_000, "ward-lantern\x00orchid", 7, None, ["a"]])
async def test_what_is_no_password_is_named(browser: Browser, person: Person, password: object) -> None:
    answer = await browser.post("/api/auth/login", json={"username": person.username, "password": password})
    assert error(answer) == (422, "invalid_request")
    assert [fault["path"] for fault in answer.json()["detail"]["errors"]] == ["/password"]


async def test_an_unknown_field_is_named(browser: Browser, person: Person) -> None:
    said = {"username": person.username, "password": PASSWORD, "organisation_id": person.organisation_id}
    answer = await browser.post("/api/auth/login", json=said)
    assert error(answer) == (422, "invalid_request")
    assert answer.json()["detail"]["errors"][0]["path"] == "/organisation_id"


async def test_sign_in_takes_json_only(browser: Browser, person: Person) -> None:
    answer = await browser.post("/api/auth/login", data={"username": person.username, "password": PASSWORD})
    assert error(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:8000.evil.example", "http://127.0.0.1:8001"]
)
async def test_a_foreign_page_cannot_sign_anybody_in(browser: Browser, person: Person, origin: str) -> None:
    browser.headers["origin"] = origin
    assert error(await browser.sign_in(person)) == (403, "bad_origin")


async def test_who_is_disabled_cannot_sign_in_and_is_out_at_once(
    browser: Browser, person: Person, organisation: Organisation
) -> None:
    await browser.sign_in(person)
    async with within(organisation.identity.database, person.organisation_id) as connection:
        await accounts.set_disabled(connection, person.organisation_id, person.account_id, disabled=True)
    await ended(browser)
    assert error(await browser.sign_in(person)) == (401, "invalid_credentials")


async def test_a_new_password_ends_every_session(browser: Browser, person: Person, organisation: Organisation) -> None:
    await browser.sign_in(person)
    async with within(organisation.identity.database, person.organisation_id) as connection:
        new = passwords.hashed("tulip-canal-brisk-77")
        await accounts.set_password(connection, person.organisation_id, person.account_id, new)
    await ended(browser)
    assert error(await browser.sign_in(person)) == (401, "invalid_credentials")
    assert (await browser.sign_in(person, "tulip-canal-brisk-77")).status_code == 200


async def test_signing_out_ends_the_session_and_takes_the_cookies_back(browser: Browser, person: Person) -> None:
    await browser.sign_in(person)
    access = browser.cookies["access_token"]
    answer = await browser.post("/api/auth/logout")
    assert answer.status_code == 200
    assert {name: one["max-age"] for name, one in cookies(answer).items()} == {
        "access_token": "0",
        "refresh_token": "0",
        "XSRF-TOKEN": "0",
    }
    assert cookies(answer)["refresh_token"]["path"] == "/api/auth/refresh"
    assert "clear-site-data" not in answer.headers  # it would erase the vaults of colleagues
    again = await browser.get("/api/auth/me", headers={"cookie": f"access_token={access}"})
    assert error(again) == (401, "session_ended")


async def test_signing_out_works_when_the_access_token_has_run_out(browser: Browser, person: Person) -> None:
    await browser.sign_in(person)
    token, csrf = kept(browser, "refresh_token"), kept(browser, "XSRF-TOKEN")
    del browser.cookies["access_token"]
    assert (await browser.post("/api/auth/logout")).status_code == 200
    headers = {"cookie": f"refresh_token={token}", "x-csrf-token": csrf}
    assert error(await browser.post("/api/auth/refresh", headers=headers)) == (401, "session_ended")


async def test_the_oldest_of_too_many_sessions_ends(another: Callable[..., Browser], person: Person) -> None:
    browsers = [another() for _ in range(sessions.MOST + 1)]
    for one in browsers:
        assert (await one.sign_in(person)).status_code == 200
    await ended(browsers[0])
    assert (await browsers[1].get("/api/auth/me")).status_code == 200
    for one in browsers:
        await one.aclose()


async def test_an_unknown_name_takes_the_road_of_a_wrong_password(
    browser: Browser, person: Person, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long, whoever is asked for: the same statements in the same order, and one hash of the same cost."""
    hashes: list[str] = []
    statements: list[str] = []

    def verified(password_hash: str, password: str) -> bool:
        hashes.append(password_hash)
        return verify(password_hash, password)

    def executed(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "outbox" not in statement and "quill.relay" not in statement:  # the server's own rounds
            statements.append(statement)

    monkeypatch.setattr(passwords, "verify", verified)
    event.listen(identity.database.engine.sync_engine, "before_cursor_execute", executed)
    roads = []
    try:
        for name in (person.username, f"nobody-{uuid4()}"):
            hashes.clear()
            statements.clear()
            answer = await browser.post("/api/auth/login", json={"username": name, "password": "wrong-but-long-enough"})
            roads.append((answer.status_code, answer.content, list(statements), [extract_parameters(one) for one in hashes]))
    finally:
        event.remove(identity.database.engine.sync_engine, "before_cursor_execute", executed)
    assert roads[0] == roads[1]
    assert roads[0][0] == 401
    assert roads[0][3] == [extract_parameters(HASH)]


async def test_only_so_many_hashes_run_at_once(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    guard = threading.Lock()

    def slow(_hash: str, _password: str) -> bool:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with guard:
            running -= 1
        return False

    monkeypatch.setattr(passwords, "verify", slow)
    tries = [identity.passwords.fits(None, "x") for _ in range(passwords.MOST_WAITING + 8)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert most == passwords.AT_ONCE
    refused = [one for one in answers if isinstance(one, ApiError)]
    assert [one.error_code for one in refused] == ["too_many_requests"] * 8


def test_passwords_that_may_not_be_chosen() -> None:
    assert passwords.weakness(PASSWORD) is None
    for weak in ("short-1", "aaaaaaaaaaaaaa", "password1234", "qwertyuiop12", "ward-lantern\x00orchid"):
        assert passwords.weakness(weak), weak
    assert passwords.weakness("osei-osei-osei", "amara", "Amara Osei")


async def test_what_happened_is_recorded(browser: Browser, person: Person, organisation: Organisation) -> None:
    await browser.sign_in(person, "wrong-but-long-enough")
    await browser.sign_in(person)
    await browser.post("/api/auth/logout")
    async with within(organisation.identity.database, person.organisation_id) as connection:
        found = await connection.execute(select(sign_in_event.c.event).order_by(sign_in_event.c.position))
        assert list(found.scalars()) == ["sign_in_failed", "signed_in", "signed_out"]


async def ended(browser: Browser) -> None:
    """Seen within what this server is told, which is at once, not after the seconds a look-up is trusted."""
    async with asyncio.timeout(2):
        while (answer := await browser.get("/api/auth/me")).status_code == 200:
            await asyncio.sleep(0.01)
    assert error(answer) == (401, "session_ended")
