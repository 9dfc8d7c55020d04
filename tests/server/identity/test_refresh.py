"""Going on: a token is used once, and what that means for two tabs, a lost reply and a thief."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, text

from quill.identity.identity import Identity
from quill.identity.store import within
from quill.postgres.tables.auth import refresh_token, session, sign_in_event

from .people import Browser, Person, error, kept


@pytest_asyncio.fixture
async def signed_in(browser: Browser, person: Person) -> Browser:
    assert (await browser.sign_in(person)).status_code == 200
    return browser


@pytest_asyncio.fixture
async def thief(another: Callable[..., Browser], signed_in: Browser) -> AsyncIterator[Browser]:
    """Another device with everything that can be copied from this one."""
    async with another(agent="Thief/1") as thief:
        yield thief


async def refreshed(browser: Browser, token: str, csrf: str) -> httpx.Response:
    """As a tab does that read its cookies a moment ago."""
    headers = {"cookie": f"refresh_token={token}", "x-csrf-token": csrf}
    return await browser.post("/api/auth/refresh", headers=headers)


def given(answer: httpx.Response) -> str | None:
    found = [one for one in answer.headers.get_list("set-cookie") if one.startswith("refresh_token=")]
    return found[0].partition("=")[2].partition(";")[0] if found else None


async def later(identity: Identity, person: Person, seconds: int) -> None:
    """Moves every use of the organisation's tokens into the past."""
    async with within(identity.database, person.organisation_id) as connection:
        await connection.execute(text(f"UPDATE refresh_token SET used_at = used_at - interval '{seconds} seconds'"))


async def test_each_use_gives_the_next_one(signed_in: Browser) -> None:
    seen = {kept(signed_in, "refresh_token")}
    for _ in range(3):
        assert (await signed_in.post("/api/auth/refresh")).status_code == 200
        seen.add(kept(signed_in, "refresh_token"))
        assert (await signed_in.get("/api/auth/me")).status_code == 200
    assert len(seen) == 4
    assert all(len(token) == 43 for token in seen)  # 256 bits


async def test_the_database_holds_hashes_alone(signed_in: Browser, person: Person, identity: Identity) -> None:
    await signed_in.post("/api/auth/refresh")
    async with within(identity.database, person.organisation_id) as connection:
        hashes = (await connection.execute(select(refresh_token.c.token_sha256))).scalars().all()
        dump = (await connection.execute(text("SELECT string_agg(t::text, ' ') FROM refresh_token t"))).scalar_one()
    assert len(hashes) == 2
    assert kept(signed_in, "refresh_token") not in dump


async def test_a_lost_reply_is_given_again(signed_in: Browser) -> None:
    token, csrf = kept(signed_in, "refresh_token"), kept(signed_in, "XSRF-TOKEN")
    first, second = await refreshed(signed_in, token, csrf), await refreshed(signed_in, token, csrf)
    assert first.status_code == second.status_code == 200
    assert given(first) == given(second) != token


async def test_tabs_racing_all_get_the_same_successor(signed_in: Browser, person: Person, identity: Identity) -> None:
    token, csrf = kept(signed_in, "refresh_token"), kept(signed_in, "XSRF-TOKEN")
    answers = await asyncio.gather(*(refreshed(signed_in, token, csrf) for _ in range(6)))
    assert [one.status_code for one in answers] == [200] * 6
    assert len({given(one) for one in answers}) == 1
    async with within(identity.database, person.organisation_id) as connection:
        assert len((await connection.execute(select(refresh_token))).all()) == 2


async def test_the_loser_of_a_race_keeps_its_newer_cookie(signed_in: Browser) -> None:
    token, csrf = kept(signed_in, "refresh_token"), kept(signed_in, "XSRF-TOKEN")
    newer = given(await refreshed(signed_in, token, csrf))
    assert newer is not None
    assert (await refreshed(signed_in, newer, csrf)).status_code == 200
    late = await refreshed(signed_in, token, csrf)
    assert late.status_code == 200
    assert given(late) is None


async def test_another_device_gets_nothing_and_ends_the_session(
    signed_in: Browser, thief: Browser, person: Person, identity: Identity
) -> None:
    token, csrf = kept(signed_in, "refresh_token"), kept(signed_in, "XSRF-TOKEN")
    await signed_in.post("/api/auth/refresh")
    stolen = await refreshed(thief, token, csrf)
    assert error(stolen) == (401, "session_ended")
    assert "set-cookie" not in stolen.headers
    assert error(await signed_in.post("/api/auth/refresh")) == (401, "session_ended")
    assert error(await signed_in.get("/api/auth/me")) == (401, "session_ended")
    await recorded(identity, person)


async def test_reuse_after_the_moment_of_grace_ends_the_session(signed_in: Browser, person: Person, identity: Identity) -> None:
    token, csrf = kept(signed_in, "refresh_token"), kept(signed_in, "XSRF-TOKEN")
    await signed_in.post("/api/auth/refresh")
    await later(identity, person, 21)
    again = await refreshed(signed_in, token, csrf)
    assert error(again) == (401, "session_ended")
    assert "set-cookie" not in again.headers
    assert error(await signed_in.post("/api/auth/refresh")) == (401, "session_ended")
    await recorded(identity, person)


async def test_within_the_grace_nothing_ends(signed_in: Browser, person: Person, identity: Identity) -> None:
    token, csrf = kept(signed_in, "refresh_token"), kept(signed_in, "XSRF-TOKEN")
    await signed_in.post("/api/auth/refresh")
    await later(identity, person, 15)
    assert (await refreshed(signed_in, token, csrf)).status_code == 200


async def test_seven_days_are_the_end_however_often_it_went_on(signed_in: Browser, person: Person, identity: Identity) -> None:
    async with within(identity.database, person.organisation_id) as connection:
        await connection.execute(session.update().values(expires_at=text("now()")))
    assert error(await signed_in.post("/api/auth/refresh")) == (401, "session_ended")


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "a" * 100_000, "%00", "é"])
async def test_a_token_that_never_was(signed_in: Browser, token: str) -> None:
    csrf = kept(signed_in, "XSRF-TOKEN")
    headers = {b"cookie": f"refresh_token={token}".encode("latin-1"), b"x-csrf-token": csrf.encode()}
    answer = await signed_in.post("/api/auth/refresh", headers=headers)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert (await signed_in.post("/api/auth/refresh")).status_code == 200  # and the session is none the worse


async def test_the_csrf_token_is_of_this_session(signed_in: Browser, another: Callable[..., Browser], person: Person) -> None:
    async with another() as other:
        await other.sign_in(person)
        foreign = kept(other, "XSRF-TOKEN")
    token, csrf = kept(signed_in, "refresh_token"), kept(signed_in, "XSRF-TOKEN")
    for bad in ("", "x", csrf[:-1], csrf.swapcase(), "a" * 10_000):
        answer = await refreshed(signed_in, token, bad)
        assert error(answer) == (403, "csrf_failed")
    # one of the same person's other session names that session, which never had this token
    assert error(await refreshed(signed_in, token, foreign)) == (401, "session_ended")
    assert (await refreshed(signed_in, token, csrf)).status_code == 200


async def recorded(identity: Identity, person: Person) -> None:
    async with within(identity.database, person.organisation_id) as connection:
        found = await connection.execute(select(sign_in_event.c.event).order_by(sign_in_event.c.position.desc()))
        assert found.scalars().first() == "refresh_token_reused"
