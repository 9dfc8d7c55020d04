"""Columns of many rows as PostgreSQL's binary arrays, made ready to be bound (``%b``).

psycopg would look at every element by itself; here a column whose values are all of one length, as most are, is one join.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import Any, TypeAlias, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = struct.Struct(">iiIii")  # dimensions, has nulls, oid of the elements, length, first index
_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)
_BIG = struct.Struct(">q").pack


class _Array(bytes):
    """As PostgreSQL receives it."""


class _Texts(_Array): ...


class _Blobs(_Array): ...


class _Bigs(_Array): ...


class _Flags(_Array): ...


Column: TypeAlias = Callable[[Sequence[Any]], _Array]


def texts(column: Sequence[str | None]) -> _Array:
    return _Texts(_short(25, column) or _packed(25, [None if one is None else one.encode() for one in column]))


def blobs(column: Sequence[bytes | None]) -> _Array:
    return _Blobs(_packed(17, column))


def bigs(column: Sequence[int | None]) -> _Array:
    if None in column:
        return _Bigs(_packed(20, [None if one is None else _BIG(one) for one in column]))
    pairs = struct.pack(">" + "iq" * len(column), *chain.from_iterable(zip(repeat(8), column)))
    return _Bigs(_HEADER.pack(1, 0, 20, len(column), 1) + pairs)


def flags(column: Sequence[bool]) -> _Array:
    return _Flags(_packed(16, [b"\x01" if one else b"\x00" for one in column]))


def columns(kinds: Sequence[Column], rows: Iterable[Sequence[Any]]) -> list[_Array]:
    """At least one row."""
    return [kind(column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]


def _short(oid: int, column: Sequence[str | None]) -> bytes | None:
    """Texts in ASCII, all of one length below 128, as ids are: their length is a character of ASCII too."""
    if None in column:
        return None
    whole = cast(Sequence[str], column)
    lengths = set(map(len, whole))
    if len(lengths) != 1 or (length := lengths.pop()) > 127:
        return None
    between = _LENGTH(length).decode()
    joined = between + between.join(whole)
    return _HEADER.pack(1, 0, oid, len(whole), 1) + joined.encode() if joined.isascii() else None


def _packed(oid: int, items: Sequence[bytes | None]) -> bytes:
    nulls = items.count(None)
    header = _HEADER.pack(1, 1 if nulls else 0, oid, len(items), 1)
    if nulls == len(items):
        return header + _NULL * nulls
    if not nulls:
        whole: Sequence[Any] = items
        lengths = set(map(len, whole))
        if len(lengths) == 1:
            length = _LENGTH(lengths.pop())
            return header + length + length.join(whole)
    parts = [header]
    for item in items:
        if item is None:
            parts.append(_NULL)
        else:
            parts.append(_LENGTH(len(item)))
            parts.append(item)
    return b"".join(parts)


def _register(of: type[_Array], oid_of_array: int) -> None:
    class ArrayDumper(Dumper):
        format = Format.BINARY
        oid = oid_of_array

        def dump(self, obj: _Array) -> Buffer | None:
            return obj

    psycopg.adapters.register_dumper(of, ArrayDumper)


for _of, _oid in ((_Texts, 1009), (_Blobs, 1001), (_Bigs, 1016), (_Flags, 1000)):
    _register(_of, _oid)
