"""Tokens that are not ours, or no longer: each forgery of ``faults.md`` 16, against the running server."""

from __future__ import annotations

import base64
import hmac
import json
import time
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from quill.identity.identity import Identity
from quill.identity.tokens import LIFETIME, BadToken, Tokens

from .people import Browser, Person, error, kept

KEY = b"k" * 32


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def forged(header: Any, claims: Any, key: bytes, digest: Any = sha256) -> str:
    """A token with a signature that is right for ``key``, whatever header and claims say."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    signed = ".".join(encoded(part.encode()) for part in parts)
    return f"{signed}.{encoded(hmac.digest(key, signed.encode(), digest))}"


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims))  # type: ignore[return-value]


HEADERS: dict[str, Any] = {
    "other algorithm": {"alg": "HS512"},
    "no algorithm, other case": {"alg": "None"},
    "asymmetric algorithm": {"alg": "RS256"},
    "key id up the folders": {"kid": "../../../../dev/null"},
    "key id as SQL": {"kid": "' UNION SELECT 'k'"},
    "key id of another type": {"kid": ["a"]},
    "key id missing": {"kid": None},
    "key from elsewhere": {"jku": "https://evil.example/keys"},
    "key brought along": {"jwk": {"kty": "oct", "k": encoded(KEY)}},
    "certificate brought along": {"x5u": "https://evil.example/x5u"},
    "critical extension": {"crit": ["exp"]},
    "unencoded payload": {"b64": False, "crit": ["b64"]},
    "another kind of token": {"typ": "refresh+jwt"},
    "no kind": {"typ": None},
}
now = int(time.time())
CLAIMS: dict[str, Any] = {
    "expired": {"exp": now - 1},
    "no expiry": {"exp": None},
    "expiry as a float": {"exp": now + 600.5},
    "expiry as a round float": {"exp": float(now + 600)},
    "expiry as text": {"exp": str(now + 600)},
    "expiry as true": {"exp": True},
    "expiry 1e20": {"exp": 1e20},
    "expiry of a whole 1e20": {"exp": 10**20},
    "expiry later than we give": {"exp": now + LIFETIME + 600},
    "issued in the future": {"iat": now + 3600, "exp": now + 3700},
    "issued at true": {"iat": True},
    "wrong audience": {"aud": "other-api"},
    "several audiences": {"aud": ["quill-api", "other-api"]},
    "no audience": {"aud": None},
    "wrong issuer": {"iss": "other"},
    "no issuer": {"iss": None},
    "upper-case id": {"sub": str(uuid4()).upper()},
    "id as SQL": {"sid": "' OR 1=1 --"},
    "id as a number": {"org": 7},
    "one claim more": {"roles": ["Administrator"]},
}


def changed(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


@pytest.fixture
def ours() -> tuple[Tokens, dict[str, Any], dict[str, Any]]:
    tokens = Tokens(KEY)
    return tokens, *parts(tokens.issue(*(str(uuid4()) for _ in range(3))))


def test_a_token_like_ours_made_by_hand_is_read(ours: tuple[Tokens, dict[str, Any], dict[str, Any]]) -> None:
    """So the refusals below are each of their one change."""
    tokens, header, claims = ours
    assert tokens.read(forged(header, claims, KEY)).user_id == claims["sub"]


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_is_not_ours(ours: tuple[Tokens, dict[str, Any], dict[str, Any]], name: str) -> None:
    tokens, header, claims = ours
    with pytest.raises(BadToken):
        tokens.read(forged(changed(header, HEADERS[name]), claims, KEY))


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_that_are_not_ours(ours: tuple[Tokens, dict[str, Any], dict[str, Any]], name: str) -> None:
    tokens, header, claims = ours
    with pytest.raises(BadToken):
        tokens.read(forged(header, changed(claims, CLAIMS[name]), KEY))


def test_signatures_that_are_not_ours(ours: tuple[Tokens, dict[str, Any], dict[str, Any]]) -> None:
    tokens, header, claims = ours
    good = forged(header, claims, KEY)
    signed, _, signature = good.rpartition(".")
    none = {**header, "alg": "none"}
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for bad in (f"{signed}.", f"{signed}.{flipped}", forged(header, claims, b""), forged(none, claims, KEY)):
        with pytest.raises(BadToken):
            tokens.read(bad)
    with pytest.raises(BadToken):
        tokens.read(forged(none, claims, KEY).rpartition(".")[0] + ".")


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "é.é.é", "a" * 1_000_000, "e30.e30.e30", "W10.e30.", '"a".b.c'])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(BadToken):
        Tokens(KEY).read(text)


def test_members_given_twice_or_nested_deep(ours: tuple[Tokens, dict[str, Any], dict[str, Any]]) -> None:
    tokens, header, claims = ours
    twice = json.dumps(claims)[:-1] + f', "sub": "{uuid4()}"}}'
    for bad in (twice, "[" * 700 + "]" * 700, "NaN"):
        with pytest.raises(BadToken):
            tokens.read(forged(header, bad, KEY))


def test_two_keys_while_they_are_rotated(ours: tuple[Tokens, dict[str, Any], dict[str, Any]]) -> None:
    tokens, _, _ = ours
    ids = [str(uuid4()) for _ in range(3)]
    old = tokens.issue(*ids)
    rotated = Tokens(b"n" * 32, KEY)
    assert rotated.read(old).session_id == ids[2]
    with pytest.raises(BadToken):
        Tokens(b"n" * 32).read(old)


async def test_the_server_asks_whoever_brings_one_to_sign_in(browser: Browser, person: Person, identity: Identity) -> None:
    await browser.sign_in(person)
    access = browser.cookies["access_token"]
    refresh = kept(browser, "refresh_token")
    header, claims = parts(access)
    browser.cookies.clear()
    for bad in (
        refresh,
        forged({**header, "alg": "none"}, claims, b"").rpartition(".")[0] + ".",
        forged(header, claims, KEY),
        forged(header, changed(claims, {"exp": None}), identity.keys.access),
        forged(header, claims, identity.keys.csrf),
        "a" * 1_000_000,
    ):
        assert error(await browser.get("/api/auth/me", headers={"cookie": f"access_token={bad}"})) == (401, "not_signed_in")
    assert (await browser.get("/api/auth/me", headers={"cookie": f"access_token={access}"})).status_code == 200


async def test_a_token_for_another_persons_session_is_refused(browser: Browser, person: Person, identity: Identity) -> None:
    """Even one signed by us: the session says who somebody is."""
    await browser.sign_in(person)
    _, claims = parts(browser.cookies["access_token"])
    browser.cookies.clear()
    mixed = identity.tokens.issue(str(uuid4()), claims["org"], claims["sid"])
    elsewhere = identity.tokens.issue(claims["sub"], str(uuid4()), claims["sid"])
    for token in (mixed, elsewhere):
        assert error(await browser.get("/api/auth/me", headers={"cookie": f"access_token={token}"})) == (401, "session_ended")
