"""Objects as files: the embedded store. Same verbs as an S3 store has: parts, list, complete, read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BufferedWriter
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

BLOCK = 1 << 20  # bytes
_PART = re.compile(r"(\d{5})-([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Part:
    """``part`` from 1, ``size`` in bytes, ``sha256`` in hex: as it lies in the store."""

    part: int
    size: int
    sha256: str


Assembled = Literal["whole", "missing", "mismatch"]


class TooLarge(Exception):
    """A part has more bytes than allowed."""


class FileStore:
    """A folder per object: ``parts/<number>-<sha256>`` while it arrives, then ``content``.

    Every file appears under its name by a rename after fsync, so what is listed is whole. The hash of a part is in its
    name: it needs no second place that could disagree.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put_part(self, organisation_id: str, object_id: str, part: int, chunks: AsyncIterator[bytes], limit: int) -> Part:
        """Stores a part, replacing one of that number. Raises TooLarge above ``limit`` bytes; nothing is kept then."""
        parts = self._folder(organisation_id, object_id) / "parts"
        await asyncio.to_thread(parts.mkdir, parents=True, exist_ok=True)
        arriving = parts / f".{uuid4().hex}"
        digest, size = sha256(), 0
        file = await asyncio.to_thread(arriving.open, "wb")
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
            made = Part(part, size, digest.hexdigest())
            await asyncio.to_thread(_settle, file, parts / f"{part:05}-{made.sha256}")
        finally:
            file.close()
            with contextlib.suppress(FileNotFoundError):
                arriving.unlink()
        await asyncio.to_thread(self._drop_other, parts, made)
        return made

    async def parts(self, organisation_id: str, object_id: str) -> list[Part]:
        return await asyncio.to_thread(self._parts, organisation_id, object_id)

    async def assemble(self, organisation_id: str, object_id: str, count: int, size: int, digest: str) -> Assembled:
        """Joins parts 1 to ``count`` to the content, if they are all there and of that size and SHA-256 (hex)."""
        return await asyncio.to_thread(self._assemble, organisation_id, object_id, count, size, digest)

    async def has(self, organisation_id: str, object_id: str) -> bool:
        return await asyncio.to_thread((self._folder(organisation_id, object_id) / "content").is_file)

    async def read(self, organisation_id: str, object_id: str) -> AsyncIterator[bytes]:
        """Raises FileNotFoundError if it isn't complete."""
        file = await asyncio.to_thread((self._folder(organisation_id, object_id) / "content").open, "rb")
        with file:
            while block := await asyncio.to_thread(file.read, BLOCK):
                yield block

    def _folder(self, organisation_id: str, object_id: str) -> Path:
        # UUID() so that no text can ever name a path.
        return self.root / str(UUID(organisation_id)) / object_id[:2] / str(UUID(object_id))

    def _parts(self, organisation_id: str, object_id: str) -> list[Part]:
        folder = self._folder(organisation_id, object_id) / "parts"
        with contextlib.suppress(FileNotFoundError):
            return sorted(_listed(folder), key=lambda part: part.part)
        return []

    def _assemble(self, organisation_id: str, object_id: str, count: int, size: int, digest: str) -> Assembled:
        folder = self._folder(organisation_id, object_id)
        there = {part.part: part for part in self._parts(organisation_id, object_id)}
        if set(range(1, count + 1)) - there.keys():
            return "missing"
        if sum(there[number].size for number in range(1, count + 1)) != size:
            return "mismatch"
        arriving = folder / f".{uuid4().hex}"
        whole = sha256()
        try:
            with arriving.open("wb") as file:
                for number in range(1, count + 1):
                    with (folder / "parts" / f"{number:05}-{there[number].sha256}").open("rb") as part:
                        while block := part.read(BLOCK):
                            whole.update(block)
                            file.write(block)
                if whole.hexdigest() != digest:
                    return "mismatch"
                _settle(file, folder / "content")
        finally:
            arriving.unlink(missing_ok=True)
        shutil.rmtree(folder / "parts", ignore_errors=True)
        return "whole"

    def _drop_other(self, parts: Path, kept: Part) -> None:
        for other in parts.glob(f"{kept.part:05}-*"):
            if not other.name.endswith(kept.sha256):
                other.unlink(missing_ok=True)


def _listed(folder: Path) -> Iterator[Part]:
    for entry in os.scandir(folder):
        named = _PART.fullmatch(entry.name)
        if named:
            yield Part(int(named[1]), entry.stat().st_size, named[2])


def _settle(file: BufferedWriter, target: Path) -> None:
    """What was written under a passing name gets its own once it is on the disk."""
    file.flush()
    os.fsync(file.fileno())
    os.replace(file.name, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
