"""The road in: cookies, refusals in the contract's shape, what a second factor is good for."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie

import httpx
import pytest

from .people import PASSWORD, SECRET, Browser, Organisation, Person, code, error


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
