"""Keys for one purpose each, derived from the installation's one secret (HKDF-SHA256, RFC 5869)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(secret: bytes, purpose: str) -> bytes:
    """32 bytes that say nothing about the secret or about the key of another purpose."""
    return HKDF(SHA256(), 32, salt=None, info=b"quill/" + purpose.encode()).derive(secret)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys the sync side uses, made once at start."""

    cursor: bytes = field(repr=False)
    audit_head: bytes = field(repr=False)
    links: bytes = field(repr=False)
    ingest: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> Keys:
        return cls(derive(secret, "cursor"), derive(secret, "audit_head"), derive(secret, "links"), derive(secret, "ingest"))


def tag(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256, 32 bytes."""
    return hmac.digest(key, message, sha256)


def same(left: bytes, right: bytes) -> bool:
    return hmac.compare_digest(left, right)
