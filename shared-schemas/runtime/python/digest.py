"""The hashes of `POST /api/sync/digest` and of `complete`: how two stores find out whether they hold the same."""

import hashlib
from collections.abc import Iterable
from typing import Any

from .canonical import canonical

__all__ = ["body_hash", "bucket_hash", "bucket_of", "record_hash", "scope_hash", "sections_hash"]


def body_hash(body: Any) -> bytes:
    """SHA-256 of the canonical body."""
    return hashlib.sha256(canonical(body)).digest()


def record_hash(kind: str, record_id: str, version: int, body_sha256: bytes) -> bytes:
    """SHA-256 of the canonical `[kind, id, version, hex of the body's hash]`."""
    return hashlib.sha256(canonical([kind, record_id, version, body_sha256.hex()])).digest()


def scope_hash(record_hashes: Iterable[bytes]) -> bytes:
    """SHA-256 of the record hashes (32 bytes each), sorted and joined."""
    return hashlib.sha256(b"".join(sorted(record_hashes))).digest()


def bucket_of(scope: str) -> str:
    """The bucket of a scope: the first byte of the SHA-256 of its name, two hex digits."""
    return hashlib.sha256(scope.encode()).hexdigest()[:2]


def bucket_hash(scope_hashes: Iterable[bytes]) -> bytes:
    """SHA-256 of the scope hashes (32 bytes each) of the bucket, sorted and joined."""
    return hashlib.sha256(b"".join(sorted(scope_hashes))).digest()


def sections_hash(sections: Any) -> str:
    """What a signature binds (`seen_sha256`): hex SHA-256 of a letter's canonical sections."""
    return hashlib.sha256(canonical(sections)).hexdigest()
