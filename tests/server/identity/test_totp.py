"""The second factor: asked for, used once, bound to its account (``faults.md`` 26)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
import pytest_asyncio

from quill.identity import totp
from quill.identity.identity import Identity
from quill.identity.store import within
from quill.identity.totp import SealedSecrets
from quill.postgres.tables.auth import totp_secret

from .people import SECRET, Browser, Organisation, Person, code, error


@pytest_asyncio.fixture
async def administrator(organisation: Organisation) -> Person:
    return await organisation.person("Administrator", totp=SECRET)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands in the middle of a step, so that no code runs out while a test uses it."""
    at = time.time() // 30 * 30 + 15

    class Still:
        time = staticmethod(lambda: at)

    monkeypatch.setattr(totp, "time", Still)


async def test_it_is_asked_for_once_the_password_is_right(browser: Browser, administrator: Person) -> None:
    assert error(await browser.sign_in(administrator, "wrong-but-long-enough")) == (401, "invalid_credentials")
    asked = await browser.sign_in(administrator)
    assert error(asked) == (400, "two_factor_required")
    assert "set-cookie" not in asked.headers
    assert (await browser.sign_in(administrator, code=code())).status_code == 200


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_clocks_may_differ_by_a_step(browser: Browser, administrator: Person, steps: int) -> None:
    assert (await browser.sign_in(administrator, code=code(steps=steps))).status_code == 200


def arabic() -> str:
    return code().translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))


def full_width() -> str:
    return code().translate(str.maketrans("0123456789", "０１２３４５６７８９"))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: code(steps=-2),
        lambda: code(steps=2),
        arabic,
        full_width,
        lambda: code() + "0",
        lambda: code()[:5],
        lambda: " " + code()[1:],
        lambda: "",
        lambda: "-00001",
        lambda: code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
    ],
)
async def test_what_is_no_code_of_now(browser: Browser, administrator: Person, wrong: Callable[[], str]) -> None:
    answer = await browser.sign_in(administrator, code=wrong())
    assert error(answer) == (400, "invalid_totp")
    assert "set-cookie" not in answer.headers


async def test_a_code_is_used_once(browser: Browser, administrator: Person) -> None:
    assert (await browser.sign_in(administrator, code=code())).status_code == 200
    assert error(await browser.sign_in(administrator, code=code())) == (400, "invalid_totp")
    assert (await browser.sign_in(administrator, code=code(steps=1))).status_code == 200


async def test_of_two_at_once_one_gets_in(another: Callable[..., Browser], administrator: Person) -> None:
    browsers = [another() for _ in range(5)]
    answers = await asyncio.gather(*(one.sign_in(administrator, code=code()) for one in browsers))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400, 400]
    for one in browsers:
        await one.aclose()


async def test_a_code_sent_without_need_changes_nothing(browser: Browser, person: Person) -> None:
    assert (await browser.sign_in(person, code="123456")).status_code == 200


async def test_a_secret_opens_for_its_own_account_alone(
    browser: Browser, organisation: Organisation, administrator: Person, identity: Identity
) -> None:
    """Whoever can write to the database can't give an account a secret they know."""
    other = await organisation.person("Administrator", totp="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    async with within(identity.database, organisation.organisation_id) as connection:
        mine = totp_secret.c.account_id == other.account_id
        moved = totp_secret.select().with_only_columns(totp_secret.c.sealed).where(mine).scalar_subquery()
        theirs = totp_secret.c.account_id == administrator.account_id
        await connection.execute(totp_secret.update().where(theirs).values(sealed=moved))
    answer = await browser.sign_in(administrator, code=code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
    assert error(answer) == (400, "invalid_totp")
    assert "set-cookie" not in answer.headers


def test_a_sealed_secret_hides_it_and_shows_a_change() -> None:
    secrets = SealedSecrets(b"k" * 32)
    sealed = secrets.seal("o", "a", SECRET)
    assert SECRET.encode() not in sealed
    assert secrets.open("o", "a", sealed) == SECRET
    for other in (SealedSecrets(b"n" * 32), secrets):
        with pytest.raises(ValueError, match="does not open"):
            other.open("o", "a" if other is not secrets else "b", sealed)
    for position in (0, 12, len(sealed) - 1):
        flipped = bytearray(sealed)
        flipped[position] ^= 1
        with pytest.raises(ValueError, match="does not open"):
            secrets.open("o", "a", bytes(flipped))
