"""``POST /api/sync/hello``: a device says who it is, the server where the log is and what comes next."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from psycopg.types.json import Jsonb

from quill.domain.actor import Actor
from quill.errors import ApiError
from quill.keys import Keys, derive
from quill.postgres.sessions import SyncConnection, SyncDatabase
from quill.sync.audit_head import read_audit_head
from quill.sync.cursor import read_cursor
from quill.sync.head import HEAD, head_of
from quill.sync.receiver import receiver_of
from quill.sync.visible import reading
from quill_schemas import LIMITS, PROTOCOL_FLOOR, HelloRequest

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


async def say_hello(database: SyncDatabase, keys: Keys, actor: Actor, said: HelloRequest, protocol: int) -> bytes:
    """HelloResponse as JSON. Raises ``foreign_device``, and as ``changes`` for a cursor or audit head that isn't ours."""
    if "cursor" in said:
        read_cursor(keys.cursor, actor.organisation_id, actor.user_id, said["cursor"])
    if "audit_head" in said:
        read_audit_head(keys.audit_head, actor.organisation_id, said["audit_head"])
    async with database.writing(actor.organisation_id) as connection:
        next_device_seq = await _register(connection, actor, said)
        parameters = reading(actor, receiver_of(actor.roles), None, 0)
        found = await connection.execute(HEAD, parameters, prepare=True, binary=True)
        rows = await found.fetchall()
        head = head_of(rows[0], 0)
    return orjson.dumps(
        {
            "organisation_id": actor.organisation_id,
            "user_id": actor.user_id,
            "head": head.seq,
            "epoch": head.epoch,
            "mode": "ok" if protocol >= PROTOCOL_FLOOR else "update_needed",
            "next_device_seq": next_device_seq,
            "audit_head": head.audit.pack(keys.audit_head, actor.organisation_id),
            "ingest_key": ingest_key(keys, actor.organisation_id),
            "journal_days": LIMITS["journal_days"],
            "limits": {name: LIMITS[name] for name in ("max_ops", "max_op_bytes", "max_bytes", "page")},
            "server_time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
    )


async def _register(connection: SyncConnection, actor: Actor, said: HelloRequest) -> int:
    """Keeps what the device says of itself; its chain (``root``) is that of the first id it replaces."""
    device_id, replaces = said["device_id"], said.get("replaces", [])
    found = await connection.execute(_KNOWN, (actor.organisation_id, [device_id, *replaces]))
    known = {str(row[0]): (str(row[1]), str(row[2])) for row in await found.fetchall()}
    if any(user_id != actor.user_id for user_id, _ in known.values()):
        raise ApiError("foreign_device")
    root = next((known[one][1] for one in (device_id, *replaces) if one in known), device_id)
    values: dict[str, Any] = {
        "organisation": actor.organisation_id,
        "device": device_id,
        "user": actor.user_id,
        "root": root,
        "replaces": replaces,
        "name": said.get("device_name"),
        "key": Jsonb(said["device_public_key"]) if "device_public_key" in said else None,
        "app": said["app_version"],
        "report": Jsonb({"outbox": said["outbox"], "storage": said["storage"]}),
    }
    found = await connection.execute(_KEEP, values)
    row = await found.fetchone()
    if row is None:  # registered by another person between the two statements
        raise ApiError("foreign_device")
    return int(row[0])


_KNOWN = "SELECT device_id, user_id, root FROM device WHERE organisation_id = %s AND device_id = ANY(%s::uuid[])"
_KEEP = """
  INSERT INTO device (organisation_id, device_id, user_id, root, next_seq, replaces,
                      name, public_key, app_version, last_seen, report)
  VALUES (%(organisation)s, %(device)s, %(user)s, %(root)s, 1, %(replaces)s::uuid[],
          %(name)s, %(key)s, %(app)s, now(), %(report)s)
  ON CONFLICT (organisation_id, device_id) DO UPDATE SET
    name = coalesce(excluded.name, device.name), public_key = coalesce(device.public_key, excluded.public_key),
    app_version = excluded.app_version, last_seen = now(), report = excluded.report
  WHERE device.user_id = excluded.user_id
  RETURNING next_seq"""


def ingest_key(keys: Keys, organisation_id: str) -> dict[str, Any]:
    """The organisation's public key for the sealed outbox: ``{id, jwk}``, P-256, derived, so the same for ever."""
    scalar = int.from_bytes(derive(keys.ingest, organisation_id) + derive(keys.ingest, organisation_id + "/2"), "big")
    numbers = ec.derive_private_key(scalar % (P256_ORDER - 1) + 1, ec.SECP256R1()).public_key().public_numbers()
    x, y = (urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode() for number in (numbers.x, numbers.y))
    return {"id": f"{organisation_id}/1", "jwk": {"kty": "EC", "crv": "P-256", "x": x, "y": y}}
