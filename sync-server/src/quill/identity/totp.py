"""The second factor: time-based codes (RFC 6238, six digits, thirty seconds).

Secrets are sealed under a key outside the database.
"""

from __future__ import annotations

import hmac
import os
import time

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

STEP = 30  # seconds
EITHER_SIDE = 1  # steps that clocks may differ
DIGITS = 6
NONCE = 12  # bytes


class SealedSecrets:
    """AES-256-GCM; a sealed secret opens only for the account it was sealed for."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, organisation_id: str, account_id: str, secret: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), _bound(organisation_id, account_id))

    def open(self, organisation_id: str, account_id: str, sealed: bytes) -> str:
        """Raises ``ValueError`` when it was changed, or is another account's."""
        try:
            secret = self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _bound(organisation_id, account_id))
        except InvalidTag:
            raise ValueError("a sealed secret does not open") from None
        return secret.decode()


def step_of(secret: str, code: str) -> int | None:
    """The step a code is of, now or a step to either side; None when it is no code of these."""
    if len(code) != DIGITS or not (code.isascii() and code.isdecimal()):
        return None
    now = int(time.time()) // STEP
    codes = pyotp.TOTP(secret, digits=DIGITS, interval=STEP)
    for step in range(now - EITHER_SIDE, now + EITHER_SIDE + 1):
        if hmac.compare_digest(codes.generate_otp(step), code):
            return step
    return None


def new_secret() -> str:
    return pyotp.random_base32()


def set_up_address(secret: str, username: str) -> str:
    """The ``otpauth:`` address an authenticator reads."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Quill"))


def _bound(organisation_id: str, account_id: str) -> bytes:
    return f"quill/totp/1\n{organisation_id}\n{account_id}".encode()
