"""Guessing is slow; a ward behind one address is not locked out by one tablet in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import text

from quill.identity import attempts, passwords
from quill.identity.identity import Identity
from quill.identity.store import within

from .people import Browser, Organisation, Person, error


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Passwords that were looked at; the right one is still right."""
    seen: list[str] = []

    def verified(_hash: str, password: str) -> bool:
        seen.append(password)
        return password == "right"

    monkeypatch.setattr(passwords, "verify", verified)
    return seen


def address() -> str:
    return str(uuid4())  # any text is as good as an address here


@pytest.fixture
def tablet(another: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Browser]:
    monkeypatch.setattr("quill.routes.auth.address_of", lambda request: request.headers["x-test-address"])

    def made(at: str) -> Browser:
        browser = another()
        browser.headers["x-test-address"] = at
        return browser

    return made


async def test_after_ten_wrong_ones_an_account_is_closed_to_that_address(
    tablet: Callable[[str], Browser], person: Person, hashes: list[str]
) -> None:
    guesser, colleague = tablet(address()), tablet(address())
    for _ in range(10):
        assert error(await guesser.sign_in(person, "wrong")) == (401, "invalid_credentials")
    shut = await guesser.sign_in(person, "right")
    assert error(shut) == (429, "too_many_requests")
    assert 0 < int(shut.headers["retry-after"]) <= attempts.WINDOW
    assert len(hashes) == 10
    assert (await colleague.sign_in(person, "right")).status_code == 200


async def test_a_hundred_at_once_are_a_hundred(tablet: Callable[[str], Browser], person: Person, hashes: list[str]) -> None:
    guesser = tablet(address())
    answers = await asyncio.gather(*(guesser.sign_in(person, "wrong") for _ in range(40)))
    assert sorted({one.status_code for one in answers}) == [401, 429]
    assert len(hashes) == 10


async def test_others_at_the_same_address_go_on(
    tablet: Callable[[str], Browser], organisation: Organisation, person: Person, hashes: list[str]
) -> None:
    ward = address()
    for _ in range(12):
        await tablet(ward).sign_in(person, "wrong")
    colleague = await organisation.person()
    assert (await tablet(ward).sign_in(colleague, "right")).status_code == 200


async def test_who_signs_in_often_is_not_a_guesser(tablet: Callable[[str], Browser], person: Person, hashes: list[str]) -> None:
    ward = tablet(address())
    for _ in range(15):
        assert (await ward.sign_in(person, "right")).status_code == 200


async def test_guesses_from_everywhere_count_together(
    tablet: Callable[[str], Browser], person: Person, hashes: list[str]
) -> None:
    answers = [await tablet(address()).sign_in(person, "wrong") for _ in range(51)]
    assert [one.status_code for one in answers] == [401] * 50 + [429]


async def test_an_unknown_name_is_limited_the_same(tablet: Callable[[str], Browser], hashes: list[str]) -> None:
    nobody, guesser = Person("", "", f"nobody-{uuid4()}"), tablet(address())
    answers = [await guesser.sign_in(nobody, "wrong") for _ in range(11)]
    assert [one.status_code for one in answers] == [401] * 10 + [429]


async def test_the_window_passes(
    tablet: Callable[[str], Browser], person: Person, identity: Identity, hashes: list[str]
) -> None:
    guesser = tablet(address())
    for _ in range(11):
        await guesser.sign_in(person, "wrong")
    async with within(identity.database) as connection:
        await connection.execute(text("UPDATE sign_in_attempt SET since = since - interval '16 minutes'"))
    assert (await guesser.sign_in(person, "right")).status_code == 200
