"""The formats JSON Schema has no word for. Each takes a string and says whether it is one."""

import datetime
import functools
import operator
import re

__all__ = ["is_calendar_date", "is_nhs_number", "is_timestamp"]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)\Z"
)
_WEIGHTS = range(10, 1, -1)
_ZEROS = ord("0") * sum(_WEIGHTS)
_KEPT = 4096  # the same few days and instants come again and again
_NHS_NUMBER = re.compile(r"[0-9]{10}\Z")


@functools.lru_cache(_KEPT)
def is_calendar_date(text: str) -> bool:
    """A real day, YYYY-MM-DD, years 0001 to 9999 (proleptic Gregorian)."""
    if not _DATE.match(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


@functools.lru_cache(_KEPT)
def is_timestamp(text: str) -> bool:
    """An instant: RFC 3339, seconds 00 to 59, Z or an offset within ±14:00."""
    match = _TIMESTAMP.match(text)
    return match is not None and is_calendar_date(match[1])


def is_nhs_number(text: str) -> bool:
    """Ten digits whose last is the modulus 11 check digit (NHS Data Dictionary, NHS NUMBER)."""
    if not _NHS_NUMBER.match(text):
        return False
    check = 11 - (sum(map(operator.mul, text.encode(), _WEIGHTS)) - _ZEROS) % 11
    return check != 10 and check % 11 == int(text[9])
