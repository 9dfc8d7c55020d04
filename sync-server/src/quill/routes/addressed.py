"""What a request for one record says by its address and its time."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request

from quill.errors import ApiError
from quill_schemas import validator


def id_in(request: Request, name: str) -> str:
    """The id at this place of the path. Raises ``not_found`` where it is none."""
    record_id: str = request.path_params[name]
    if validator("Uuid")(record_id):
        raise ApiError("not_found")
    return record_id


def now() -> str:
    """The server's time, RFC 3339: a client without a vault has no clock that counts."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
