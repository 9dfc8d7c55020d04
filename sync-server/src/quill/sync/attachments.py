"""Files of patients: the record goes through the log, the bytes come here in parts.

``open`` gives each part a short-lived address; parts come in any order, again as often as the network wants; ``complete``
checks size and SHA-256 of the whole against the record. Without a scanner a demonstration organisation's file is then
``clean`` with ``scan: none``; any other's waits as ``scanning``. The file of a quarantined operation is verified and held.
"""

from __future__ import annotations

import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson

from quill.clinical.objects.files import FileStore, Part, TooLarge
from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.postgres.sessions import SyncConnection, SyncDatabase
from quill.sync.log import SERVER, Change, append, lock_head
from quill.sync.receiver import receiver_of
from quill.sync.token import seal, unseal

VALID = 15 * 60  # seconds an upload address holds
LARGEST_PART = 16 << 20  # bytes
_TICKET = struct.Struct(">16s16sHIQ")


@dataclass(frozen=True, slots=True)
class File:
    """What the record says of a file, and where the upload stands. ``state`` is ``held`` for a quarantined operation's."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    parts: int
    state: str


class Attachments:
    def __init__(self, database: SyncDatabase, store: FileStore, key: bytes) -> None:
        self._database = database
        self._store = store
        self._key = key

    async def open(self, actor: Actor, attachment_id: str) -> list[tuple[int, str]]:
        """(part, path with its ticket) for every part. Raises ``not_found``, ``attachment_state`` once it is complete."""
        file = await self._mine(actor, attachment_id)
        if file.state not in ("uploading", "held"):
            raise ApiError("attachment_state")
        if file.size > file.parts * LARGEST_PART:
            raise ApiError("attachment_state", "The file is announced in too few parts.")
        until = int(time.time()) + VALID
        return [(part, self._path(actor.organisation_id, file, part, until)) for part in range(1, file.parts + 1)]

    async def put(self, attachment_id: str, part: int, ticket: str, chunks: AsyncIterator[bytes]) -> None:
        """Stores a part. Raises ``forbidden`` without a ticket of ``open``, ``attachment_mismatch`` for too many bytes."""
        payload = unseal(self._key, ticket)
        if payload is None or len(payload) != _TICKET.size:
            raise ApiError("forbidden")
        organisation, attachment, number, until, size = _TICKET.unpack(payload)
        if str(UUID(bytes=attachment)) != attachment_id or number != part or until < time.time():
            raise ApiError("forbidden", "This address is used up. Open the upload again for a fresh one.")
        organisation_id = str(UUID(bytes=organisation))
        if await self._store.has(organisation_id, attachment_id):
            return  # complete already: a part again is harmless
        others = sum(one.size for one in await self._store.parts(organisation_id, attachment_id) if one.part != part)
        try:
            await self._store.put_part(organisation_id, attachment_id, part, chunks, min(LARGEST_PART, size - others))
        except TooLarge:
            raise ApiError("attachment_mismatch") from None

    async def parts(self, actor: Actor, attachment_id: str) -> list[Part]:
        """The parts that have arrived, until they are complete and one file."""
        file = await self._mine(actor, attachment_id)
        return [part for part in await self._store.parts(actor.organisation_id, file.id) if part.part <= file.parts]

    async def complete(self, actor: Actor, attachment_id: str) -> str:
        """The new state. Raises ``attachment_state`` while parts are missing, ``attachment_mismatch``; again is harmless."""
        file = await self._mine(actor, attachment_id)
        if file.state not in ("uploading", "held"):
            return file.state
        if not await self._store.has(actor.organisation_id, file.id):
            outcome = await self._store.assemble(actor.organisation_id, file.id, file.parts, file.size, file.sha256)
            if outcome != "whole":
                raise ApiError("attachment_state" if outcome == "missing" else "attachment_mismatch")
        return "held" if file.state == "held" else await self._settle(actor.organisation_id, file.id)

    async def content(self, actor: Actor, attachment_id: str) -> tuple[File, AsyncIterator[bytes]]:
        """The bytes of a clean file. Raises ``not_found``, ``attachment_infected``, ``attachment_state`` before ``clean``."""
        async with self._database.reading(actor.organisation_id) as connection:
            file = await _visible(connection, actor, attachment_id)
        if file is None:
            raise ApiError("not_found")
        if file.state != "clean":
            raise ApiError("attachment_infected" if file.state == "infected" else "attachment_state")
        return file, self._store.read(actor.organisation_id, file.id)

    async def _mine(self, actor: Actor, attachment_id: str) -> File:
        """The file of an attachment this person made, accepted or quarantined."""
        async with self._database.reading(actor.organisation_id) as connection:
            file = await _visible(connection, actor, attachment_id, made_by=actor.user_id)
            file = file or await _quarantined(connection, actor, attachment_id)
        if file is None:
            raise ApiError("not_found")
        return file

    async def _settle(self, organisation_id: str, attachment_id: str) -> str:
        """All bytes are there and right: the record says so, through the log."""
        async with self._database.writing(organisation_id) as connection:
            head = await lock_head(connection, organisation_id)
            found = await connection.execute(_RECORD, (organisation_id, attachment_id))
            row = await found.fetchone()
            if row is None:
                raise ApiError("not_found")
            version, scope, entry, demonstration = row
            body = orjson.loads(entry)["body"]
            if body["state"] != "uploading":
                return str(body["state"])
            told = {"state": "clean", "scan": "none"} if demonstration else {"state": "scanning"}
            change = Change(
                "attachment", attachment_id, scope, version + 1, body | told, SERVER, "patch", tuple(told)
            )  # fmt: skip
            await append(connection, head, [change])
        return told["state"]

    def _path(self, organisation_id: str, file: File, part: int, until: int) -> str:
        payload = _TICKET.pack(UUID(organisation_id).bytes, UUID(file.id).bytes, part, until, file.size)
        return f"/api/attachments/{file.id}/parts/{part}?ticket={seal(self._key, payload)}"


async def _visible(connection: SyncConnection, actor: Actor, attachment_id: str, made_by: str | None = None) -> File | None:
    receiver = receiver_of(actor.roles)
    if "attachment" not in receiver.kinds:
        return None
    values = {
        "organisation": actor.organisation_id,
        "user": actor.user_id,
        "own": f"user:{actor.user_id}",
        "everything": receiver.everything,
        "member": receiver.member,
        "id": attachment_id,
        "by": made_by,
    }
    found = await connection.execute(_VISIBLE, values)
    row = await found.fetchone()
    return _file(attachment_id, orjson.loads(row[0])["body"]) if row else None


async def _quarantined(connection: SyncConnection, actor: Actor, attachment_id: str) -> File | None:
    """The file of the person's own operation in open quarantine."""
    found = await connection.execute(_QUARANTINED, (actor.organisation_id, f'%"id":"{attachment_id}"%'))
    for (entry,) in await found.fetchall():
        body = orjson.loads(entry)["body"]
        operation = body.get("op", {})
        theirs = body.get("by") == actor.user_id
        if theirs and operation.get("kind") == "attachment" and operation.get("id") == attachment_id:
            return _file(attachment_id, operation["set"], state="held")
    return None


def _file(attachment_id: str, body: dict[str, Any], state: Literal["held"] | None = None) -> File:
    said = {name: body[name] for name in ("name", "media_type", "size", "sha256", "parts")}
    return File(id=attachment_id, state=state or body["state"], **said)


_VISIBLE = """
  SELECT e.bytes FROM entry e
  WHERE e.organisation_id = %(organisation)s AND e.id = %(id)s AND e.kind = 'attachment' AND NOT e.deleted
    AND (%(everything)s OR e.scope IN ('org', %(own)s) OR (%(member)s AND EXISTS (
          SELECT FROM visible_scope v WHERE v.organisation_id = e.organisation_id
          AND v.user_id = %(user)s AND v.scope = e.scope)))
    AND (%(by)s::uuid IS NULL OR EXISTS (
          SELECT FROM revision r WHERE r.organisation_id = e.organisation_id AND r.id = e.id AND r.version = 1
          AND r.by_user = %(by)s::uuid))"""
_QUARANTINED = """
  SELECT bytes FROM entry
  WHERE organisation_id = %s AND kind = 'quarantine' AND NOT deleted AND convert_from(bytes, 'UTF8') LIKE %s"""
_RECORD = """
  SELECT e.version, e.scope, e.bytes, o.demonstration FROM entry e JOIN organisation o USING (organisation_id)
  WHERE e.organisation_id = %s AND e.id = %s AND e.kind = 'attachment' AND NOT e.deleted"""
