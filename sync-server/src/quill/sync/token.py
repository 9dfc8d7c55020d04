"""Opaque text for a client to keep and hand back: what the server said, and proof that the server said it."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode

from quill.keys import same, tag

MAC = 32  # bytes, HMAC-SHA256


def seal(key: bytes, payload: bytes) -> str:
    """Base64url without padding of payload and MAC."""
    return urlsafe_b64encode(payload + tag(key, payload)).rstrip(b"=").decode()


def unseal(key: bytes, text: str) -> bytes | None:
    """The payload, or None if a single character of it is not as it was given."""
    try:
        given = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    payload, mac = given[:-MAC], given[-MAC:]
    # Comparing the text again refuses the other spellings base64 has for the same bytes.
    if not payload or not same(tag(key, payload), mac) or seal(key, payload) != text:
        return None
    return payload
