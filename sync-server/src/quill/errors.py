"""Refusals. Every code stands in ``shared-schemas/errors.json`` with its status, words, cause and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quill_schemas import ERRORS


class ApiError(Exception):
    """Ends a request with ``{"detail": {"message", "error_code", **extra}}`` and the status of its code.

    ``retry_after`` (seconds) becomes the header of that name.
    """

    def __init__(self, error_code: str, message: str | None = None, *, retry_after: int | None = None, **extra: Any) -> None:
        known = ERRORS[error_code]
        self.status = int(known["status"])
        self.error_code = error_code
        self.message = message or str(known["message"])
        self.retry_after = retry_after
        self.extra = extra
        super().__init__(f"{error_code}: {self.message}")

    def body(self) -> dict[str, Any]:
        return {"detail": {"message": self.message, "error_code": self.error_code, **self.extra}}


def invalid_request(errors: Sequence[tuple[str, str]]) -> ApiError:
    """422 with each fault's JSON Pointer and words."""
    return ApiError("invalid_request", errors=[{"path": path, "message": message} for path, message in errors])
