"""How a request came: whether its way is protected, whether it is this machine's own, from which page and address.

What a client can write itself is never believed: ``X-Forwarded-*`` is not read, and a ``Host`` that is not one of the
installation's own addresses is refused. A proxy in front keeps ``Host`` as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from quill.errors import ApiError
from quill.settings import LOOPBACK, Settings

NO_ADDRESS = "unknown"


@dataclass(frozen=True, slots=True)
class Channel:
    """``secure``: the browser came by https. ``loopback``: by plain http, from this machine to this machine."""

    secure: bool
    loopback: bool


class Channels:
    """Judges requests by the addresses the installation has."""

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(settings.public_origins)
        self._here = settings.loopback
        self.named = lru_cache(maxsize=64)(self._named)

    def of(self, connection: HTTPConnection) -> Channel:
        """Raises ``plain_http`` for an unprotected way or a foreign Host, ``bad_origin`` for a foreign page."""
        headers = connection.headers
        return self.check(connection, headers.getlist("host"), headers.getlist("origin"))

    def check(self, connection: HTTPConnection, hosts: list[str], origins: list[str]) -> Channel:
        if len(hosts) != 1:
            raise ApiError("plain_http")
        channel = self.named(hosts[0])
        if channel.loopback and not _from_here(connection):
            raise ApiError("plain_http")
        if origins and (len(origins) > 1 or origins[0] not in self._origins):
            raise ApiError("bad_origin")
        return channel

    def _named(self, host: str) -> Channel:
        if f"https://{host.lower()}" in self._origins:
            return Channel(secure=True, loopback=False)
        if self._here and _hostname(host) in LOOPBACK:
            return Channel(secure=False, loopback=True)
        raise ApiError("plain_http")


def address_of(connection: HTTPConnection) -> str:
    """The peer's address; an IPv4 address in IPv6 form is the IPv4 address."""
    if connection.client is None:
        return NO_ADDRESS
    try:
        address = ip_address(connection.client.host)
    except ValueError:
        return NO_ADDRESS
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _from_here(connection: HTTPConnection) -> bool:
    peer = connection.client.host if connection.client else ""
    return peer in LOOPBACK or _is_loopback(address_of(connection))


def _is_loopback(address: str) -> bool:
    return address != NO_ADDRESS and ip_address(address).is_loopback
