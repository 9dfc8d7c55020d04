"""The token a page sends back with every change: signed, and of one session.

It is the same for the life of its session, so a page and a worker that read the cookie at different times agree. Being
signed with the session in it, it can't be planted from another site or taken over from another session.
"""

from __future__ import annotations

import hashlib
import hmac

from itsdangerous import BadData, URLSafeSerializer

from quill.errors import ApiError

LONGEST = 256  # characters


class Csrf:
    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeSerializer(
            key, salt="quill/csrf", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def issue(self, organisation_id: str, session_id: str) -> str:
        signed = self._serializer.dumps([organisation_id, session_id])
        return signed if isinstance(signed, str) else signed.decode()

    def session_of(self, token: str | None) -> tuple[str, str]:
        """(organisation, session) of a token. Raises ``csrf_failed``."""
        if not token or len(token) > LONGEST:
            raise ApiError("csrf_failed")
        try:
            organisation_id, session_id = self._serializer.loads(token)
        except BadData:
            raise ApiError("csrf_failed") from None
        return organisation_id, session_id


def same(expected: str, given: str | None) -> bool:
    """Whether the header holds the token of this session; takes as long wherever they differ."""
    return given is not None and hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))
