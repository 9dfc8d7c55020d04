"""Passwords: Argon2id, hashed a few at a time so that sign-ins can't take all memory."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quill.errors import ApiError

# RFC 9106, the second recommended option: 64 MiB, three passes.
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
AT_ONCE = 2  # 128 MiB at most
MOST_WAITING = 64
SHORTEST = 12  # characters
WEAKEST = 3  # of zxcvbn's 0–4
JUDGED = 72  # characters that zxcvbn looks at; it is slow on long ones, which are strong anyway

# Hash of a password nobody has: what is checked where there is no account, so that it takes as long.
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$9lXNk8wSs2a0kS1PlFHsEQ$9hZNxvNvBQbJ1Qf3mA1rNw7xgN0nq2nGXx8s9wJXvQk"


class Passwords:
    """Checks passwords in threads of its own. Close it at the end."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """Always one hash's work, also without an account. Raises ``too_many_requests`` when too many wait."""
        if self._waiting >= MOST_WAITING:
            raise ApiError("too_many_requests", retry_after=5)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            fits = await loop.run_in_executor(self._threads, verify, password_hash or NOBODYS, password)
        finally:
            self._waiting -= 1
        return fits and password_hash is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def hashed(password: str) -> str:
    return HASHER.hash(password)


def verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def weakness(password: str, *about: str) -> str | None:
    """Why a password may not be chosen, in a sentence; None when it may. ``about``: names it shouldn't be made of."""
    if len(password) < SHORTEST:
        return f"It has {len(password)} characters; at least {SHORTEST} are needed."
    if "\x00" in password:
        return "It holds a character that can't be typed."
    from zxcvbn import zxcvbn  # its word lists take a while to load, and only the command line chooses passwords

    judged = zxcvbn(password[:JUDGED], user_inputs=" ".join(about).lower().split())
    if judged["score"] < WEAKEST:
        said = judged["feedback"]
        return str(said["warning"] or "; ".join(said["suggestions"]) or "It is easy to guess.")
    return None
