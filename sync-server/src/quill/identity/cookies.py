"""The three cookies of a session. Their names and paths are the contract's.

Values are ASCII without separators by their making, so that no header can be split by one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from starlette.responses import Response

from quill.identity import tokens

ACCESS, REFRESH, CSRF = "access_token", "refresh_token", "XSRF-TOKEN"
REFRESH_PATH = "/api/auth/refresh"
SESSION_LIFETIME = 7 * 24 * 3600  # seconds


class _Cookie(NamedTuple):
    path: str
    lifetime: int
    http_only: bool
    same_site: Literal["lax", "strict"]


_COOKIES = {
    ACCESS: _Cookie("/", tokens.LIFETIME, True, "lax"),
    REFRESH: _Cookie(REFRESH_PATH, SESSION_LIFETIME, True, "lax"),
    CSRF: _Cookie("/", SESSION_LIFETIME, False, "lax"),
}


def give(response: Response, name: str, value: str, *, secure: bool) -> None:
    how = _COOKIES[name]
    response.set_cookie(name, value, how.lifetime, path=how.path, secure=secure, httponly=how.http_only, samesite=how.same_site)


def take_back(response: Response, *, secure: bool) -> None:
    for name, how in _COOKIES.items():
        response.delete_cookie(name, path=how.path, secure=secure, httponly=how.http_only, samesite=how.same_site)


def read(headers: list[str], name: str) -> str | None:
    """A cookie's value; None when it is missing, and also when it came twice.

    A site beside ours under the same parent domain can plant a second cookie of the same name; which of the two a server
    sees first is the planter's to choose. So two are none.
    """
    found: str | None = None
    for header in headers:
        for part in header.split(";"):
            key, equals, value = part.partition("=")
            if equals and key.strip() == name:
                if found is not None:
                    return None
                found = value.strip().strip('"')
    return found or None
