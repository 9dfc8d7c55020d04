"""Access tokens: JSON Web Tokens, HS256, fifteen minutes. The only place that knows python-jose.

The library takes what a token says of itself too readily (a missing ``exp`` or ``aud``, an ``exp`` of 1e20 or of another
type), so the form is checked here first and the claims here afterwards; from it comes the signature's check alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from jose import jws
from jose.exceptions import JOSEError

LIFETIME = 15 * 60  # seconds
LONGEST = 2048  # characters of a token; ours have some 450
LEEWAY = 60  # seconds that clocks of two servers may differ
ALGORITHM = "HS256"
KIND, ISSUER, AUDIENCE = "at+jwt", "quill", "quill-api"
IDS = ("sub", "org", "sid")
NUMBERS = ("iat", "exp")


class BadToken(Exception):
    """Not a token of ours, or one that has run out. The words are for logs; the person is only asked to sign in."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Ids are lower-case UUIDs, ``expires`` is in seconds since 1970."""

    user_id: str
    organisation_id: str
    session_id: str
    expires: int


class Tokens:
    """Makes and reads tokens. ``keys``: the newest first; the others are only read with, while keys are rotated."""

    def __init__(self, *keys: bytes) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self._newest = _key_id(keys[0])

    def issue(self, user_id: str, organisation_id: str, session_id: str) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "org": organisation_id,
            "sid": session_id,
            "iat": now,
            "exp": now + LIFETIME,
        }
        headers = {"typ": KIND, "kid": self._newest}
        return str(jws.sign(claims, self._keys[self._newest], headers=headers, algorithm=ALGORITHM))

    def read(self, token: str) -> Claims:
        """Raises ``BadToken``."""
        key = self._keys.get(_checked_header(token))
        if key is None:
            raise BadToken("unknown key")
        try:
            payload = jws.verify(token, key, algorithms=[ALGORITHM])
        except JOSEError as error:
            raise BadToken("signature") from error
        return _checked_claims(_strict_json(payload))


def _key_id(key: bytes) -> str:
    return sha256(b"quill/kid/" + key).hexdigest()[:16]


def _checked_header(token: str) -> str:
    """The key's id. A header with any other member (jku, jwk, x5u, crit) is not ours, whatever it says."""
    if len(token) > LONGEST or not token.isascii() or token.count(".") != 2:
        raise BadToken("form")
    header = _strict_json(_decoded(token.partition(".")[0]))
    if header.keys() != {"alg", "typ", "kid"} or header["alg"] != ALGORITHM or header["typ"] != KIND:
        raise BadToken("header")
    key_id = header["kid"]
    if not isinstance(key_id, str):
        raise BadToken("header")
    return key_id


def _checked_claims(claims: dict[str, Any]) -> Claims:
    if claims.keys() != {"iss", "aud", *IDS, *NUMBERS}:
        raise BadToken("claims")
    if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
        raise BadToken("issuer or audience")
    if not all(_is_id(claims[name]) for name in IDS):
        raise BadToken("id")
    if not all(type(claims[name]) is int for name in NUMBERS):  # a bool is an int to isinstance
        raise BadToken("time")
    issued, expires, now = claims["iat"], claims["exp"], time.time()
    if not issued - LEEWAY <= now < expires or expires - issued > LIFETIME:
        raise BadToken("expired")
    return Claims(claims["sub"], claims["org"], claims["sid"], expires)


def _is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadToken("encoding") from error


def _strict_json(text: bytes) -> dict[str, Any]:
    """An object with each member once."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadToken("JSON") from error
    if not isinstance(value, dict):
        raise BadToken("JSON")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a member twice")
    return made
