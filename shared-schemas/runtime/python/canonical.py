"""Canonical JSON (RFC 8785), as far as this contract has it: no floats, integers within ±2^53, no lone surrogates."""

from typing import Any

import orjson

__all__ = ["NotCanonical", "canonical"]

GREATEST = 2**53 - 1
#: No body or operation comes near it; beyond it Python and orjson would give up with errors of their own.
DEEPEST = 100


class NotCanonical(ValueError):
    """The value has no canonical form here; `path` is a JSON Pointer (RFC 6901) to what is wrong."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or '/'}: {message}")
        self.path = path
        self.message = message


def canonical(value: Any) -> bytes:
    """UTF-8 bytes of the RFC 8785 form. Raises NotCanonical for a float, a large integer, a lone surrogate, another type."""
    ascii_keys = _check(value)
    if not ascii_keys:
        value = _sorted(value)
        return orjson.dumps(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _check(value: Any, depth: int = 0) -> bool:
    """Whether all keys are ASCII, where UTF-8 order (orjson's) and UTF-16 order (the RFC's) are the same."""
    kind = type(value)
    path = ""  # a fault starts here; those who called put their part of the path before it
    if depth > DEEPEST:
        raise NotCanonical(path, "nested too deep")
    if kind is str:
        if not value.isascii() and _has_surrogate(value):
            raise NotCanonical(path, "half a character (a lone surrogate)")
        return True
    if kind is dict:
        same = True
        for key, item in value.items():
            if type(key) is not str:
                raise NotCanonical(path, "a key that is no text")
            if not key.isascii():
                same = False
                if _has_surrogate(key):
                    raise NotCanonical(path, "half a character (a lone surrogate) in a key")
            try:
                same = _check(item, depth + 1) and same
            except NotCanonical as fault:
                raise NotCanonical(f"/{_escape(key)}{fault.path}", fault.message) from None
        return same
    if kind is list or kind is tuple:
        same = True
        for index, item in enumerate(value):
            try:
                same = _check(item, depth + 1) and same
            except NotCanonical as fault:
                raise NotCanonical(f"/{index}{fault.path}", fault.message) from None
        return same
    if kind is int:
        if not -GREATEST <= value <= GREATEST:
            raise NotCanonical(path, "an integer beyond ±2^53")
        return True
    if value is None or kind is bool:
        return True
    raise NotCanonical(path, "a number that is no integer" if kind is float else f"a value of type {kind.__name__}")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
