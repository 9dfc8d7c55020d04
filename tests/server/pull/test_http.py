"""Hello and changes as a client meets them: cursors it must not be able to bend, sizes, encodings, headers."""

from __future__ import annotations

import base64
from uuid import uuid4

import orjson
import pytest
import zstandard

from quill_schemas import validator

from .members import Server, refused
from .world import World

NOT_CURSORS = ["", "x", "A" * 172, "A" * 5000, "é", "../..", "null", "0", "%00", "'; --"]


async def test_hello_answers_as_the_schema_has_it_and_registers_the_device(server: Server, world: World) -> None:
    async with server.member(world) as amara:
        device_id = str(uuid4())
        said = (await amara.hello(device_id, device_name="Ward tablet 3")).json()
        assert validator("HelloResponse")(said) == []
        assert (said["user_id"], said["organisation_id"]) == (amara.actor.user_id, world.organisation_id)
        assert (said["mode"], said["next_device_seq"]) == ("ok", 1)
        again = (await amara.hello(device_id, audit_head=said["audit_head"])).json()
        assert again["ingest_key"] == said["ingest_key"]
        page = (await amara.changes()).json()
        assert (await amara.hello(device_id, cursor=page["cursor"])).status_code == 200


async def test_hello_keeps_the_chain_of_a_renumbered_vault(server: Server, world: World) -> None:
    async with server.member(world) as amara:
        first, second, third = (str(uuid4()) for _ in range(3))
        await amara.hello(first)
        assert (await amara.hello(second, replaces=[first])).json()["next_device_seq"] == 1
        await amara.hello(third, replaces=[first, second])
        async with world.database.reading(world.organisation_id) as connection:
            found = await connection.execute("SELECT DISTINCT root::text FROM device")
            assert await found.fetchall() == [(first,)]


async def test_hello_of_another_persons_device_is_refused(server: Server, world: World) -> None:
    async with server.member(world) as amara, server.member(world) as ben:
        device_id = str(uuid4())
        await amara.hello(device_id)
        assert refused(await ben.hello(device_id)) == (403, "foreign_device")
        assert refused(await ben.hello(str(uuid4()), replaces=[device_id])) == (403, "foreign_device")
        async with world.database.reading(world.organisation_id) as connection:
            found = await connection.execute("SELECT count(*) FROM device")
            assert await found.fetchone() == (1,)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/sync/hello"),
        ("GET", "/api/sync/changes"),
        ("POST", "/api/sync/push"),
        ("POST", "/api/sync/verdicts"),
        ("POST", "/api/sync/live/ticket"),
        ("POST", "/api/attachments"),
        ("GET", "/api/auth/me"),
    ],
)
async def test_a_vault_gets_nothing_in_another_persons_session(server: Server, world: World, method: str, path: str) -> None:
    async with server.member(world) as ben:
        answer = await ben.client.request(method, path, json={}, headers={"x-quill-user": str(uuid4())})
        assert refused(answer) == (403, "foreign_device")
        mine = await ben.client.request(method, path, json={}, headers={"x-quill-user": ben.actor.user_id})
        assert mine.status_code in (200, 422)


async def test_a_vault_not_yet_known_is_not_registered_to_whoever_is_signed_in(server: Server, world: World) -> None:
    """Amara wrote offline before her new vault's first hello; Ben signed in on the same tablet; she unlocked it again."""
    async with server.member(world) as amara, server.member(world) as ben:
        device_id = str(uuid4())
        ben.client.headers["x-quill-user"] = amara.actor.user_id
        assert refused(await ben.hello(device_id)) == (403, "foreign_device")
        amara.client.headers["x-quill-user"] = amara.actor.user_id
        assert (await amara.hello(device_id)).status_code == 200


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"device_id": str(uuid4()).upper()}, "/device_id"),
        ({"device_id": "00000000-0000-0000-0000-000000000000"}, "/device_id"),
        ({"app_version": 1}, "/app_version"),
        ({"device_name": "a\x00b"}, "/device_name"),
        ({"outbox": {"count": 2**53, "oldest_age_s": 0}}, "/outbox/count"),
    ],
)
async def test_hello_says_what_is_wrong_and_writes_nothing(
    server: Server, world: World, change: dict[str, object], path: str
) -> None:
    async with server.member(world) as amara:
        answer = await amara.hello(str(uuid4()), **change)
        assert refused(answer) == (422, "invalid_request")
        assert [one["path"] for one in answer.json()["detail"]["errors"]] == [path]
        async with world.database.reading(world.organisation_id) as connection:
            found = await connection.execute("SELECT count(*) FROM device")
            assert await found.fetchone() == (0,)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", (422, "invalid_json")),
        (b"[" * 10_000 + b"]" * 10_000, (422, "invalid_json")),
        (b'{"a":1,"a":2}', (422, "invalid_json")),
        (b'{"a":NaN}', (422, "invalid_json")),
        (b'{"a":1e400}', (422, "invalid_json")),
        (b'"\xff"', (422, "invalid_json")),
        (b'{"app_version":"\\ud800"}', (422, "invalid_request")),
        (b"x" * (70 << 10), (413, "request_too_large")),
    ],
)
async def test_hello_reads_strict_json_only(server: Server, world: World, body: bytes, expected: tuple[int, str]) -> None:
    async with server.member(world) as amara:
        answer = await amara.client.post("/api/sync/hello", content=body, headers={"content-type": "application/json"})
        assert refused(answer) == expected


async def test_bodies_are_bounded_without_a_length_and_never_unpacked(server: Server, world: World) -> None:
    async def endless() -> object:
        for _ in range(200):
            yield b"x" * (1 << 20)

    json = {"content-type": "application/json"}
    async with server.member(world) as amara:
        answer = await amara.client.post("/api/sync/hello", content=endless(), headers=json)
        assert refused(answer) == (413, "request_too_large")
        answer = await amara.client.post("/api/sync/hello", content=b"x", headers={**json, "content-encoding": "gzip"})
        assert refused(answer) == (415, "unsupported_media_type")
        answer = await amara.client.post("/api/sync/hello", content=b"{}", headers={"content-type": "text/plain"})
        assert refused(answer) == (415, "unsupported_media_type")


async def test_protocol_floor_holds_for_changes_and_not_for_hello(server: Server, world: World) -> None:
    async with server.member(world) as amara:
        for version in ("0", "", "x", "-1"):
            amara.client.headers["x-quill-protocol"] = version
            assert refused(await amara.changes()) == (426, "protocol_too_old")
            assert (await amara.hello(str(uuid4()))).json()["mode"] == "update_needed"


@pytest.mark.parametrize("limit", ["0", "5001", "-1", "x", "1.5", "", "99999999999999999999", "٣"])
async def test_limit_out_of_range_is_422_with_its_path(server: Server, world: World, limit: str) -> None:
    async with server.member(world) as amara:
        answer = await amara.changes(limit=limit)
        assert refused(answer) == (422, "invalid_request")
        assert answer.json()["detail"]["errors"][0]["path"] == "/limit"


async def test_changed_cursors_are_refused(server: Server, world: World) -> None:
    async with server.member(world) as amara:
        cursor = (await amara.changes()).json()["cursor"]
        flipped = [cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in range(0, len(cursor), 7)]
        raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        raw[40] ^= 1
        bent = [cursor[:-1], cursor[1:], cursor + "A", cursor + "=", cursor + "\n", base64.urlsafe_b64encode(raw).decode()]
        for one in [*NOT_CURSORS, *flipped, *bent]:
            assert refused(await amara.changes(cursor=one)) == (400, "bad_cursor"), one
        assert (await amara.changes(cursor=cursor)).json()["changes"] == []


async def test_every_last_character_of_a_cursor_counts(server: Server, world: World) -> None:
    """Base64 has several spellings for the same bytes; only the one we gave is ours."""
    async with server.member(world) as amara:
        cursor = (await amara.changes()).json()["cursor"]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        accepted = [last for last in alphabet if (await amara.changes(cursor=cursor[:-1] + last)).status_code == 200]
        assert accepted == [cursor[-1]]


async def test_another_persons_cursor_is_refused(server: Server, world: World, demonstration: World) -> None:
    async with server.member(world) as amara, server.member(world) as ben, server.member(demonstration) as eve:
        cursor = (await amara.changes()).json()["cursor"]
        assert refused(await ben.changes(cursor=cursor)) == (403, "foreign_cursor")
        assert refused(await eve.changes(cursor=cursor)) == (403, "foreign_cursor")
        assert refused(await eve.hello(str(uuid4()), cursor=cursor)) == (403, "foreign_cursor")
        head = (await amara.changes()).json()["audit_head"]
        assert refused(await eve.hello(str(uuid4()), audit_head=head)) == (400, "bad_audit_head")


async def test_no_byte_of_another_organisation(server: Server, world: World, demonstration: World) -> None:
    team = await world.team()
    patient = await world.patient(team)
    async with server.member(demonstration, "Administrator") as eve:
        answer = await eve.changes()
        assert patient not in answer.text
        assert world.organisation_id not in answer.text


async def test_answers_come_packed_as_asked_and_are_never_kept(server: Server, world: World) -> None:
    team = await world.team()
    await world.write_many([("letter", f"team:{team}", str(uuid4())) for _ in range(2000)], text="x" * 200)
    async with server.member(world, "Administrator") as carol:
        for limit in (100, 5000):
            plain = await carol.client.get(
                "/api/sync/changes", params={"limit": limit}, headers={"accept-encoding": "identity"}
            )
            assert "content-encoding" not in plain.headers
            assert plain.headers["cache-control"] == "no-store"
            entries = plain.json()["changes"]
            for encoding in ("zstd", "gzip"):
                async with carol.client.stream(
                    "GET", "/api/sync/changes", params={"limit": limit}, headers={"accept-encoding": f"br;q=1, {encoding}"}
                ) as packed:
                    assert packed.headers["content-encoding"] == encoding
                    raw = b"".join([chunk async for chunk in packed.aiter_raw()])
                assert len(raw) < len(plain.content) / 2
                if encoding == "zstd":
                    assert orjson.loads(zstandard.ZstdDecompressor().stream_reader(raw).read())["changes"] == entries
        refusal = await carol.client.get("/api/sync/changes", params={"cursor": "x"})
        assert refusal.headers["cache-control"] == "no-store"
        async with server.client() as nobody:
            assert (await nobody.get("/api/sync/changes")).headers["cache-control"] == "no-store"


async def test_entries_are_the_bytes_that_were_stored(server: Server, world: World) -> None:
    team = await world.team()
    async with server.member(world, "Administrator") as carol:
        answer = await carol.changes()
        async with world.database.reading(world.organisation_id) as connection:
            found = await connection.execute("SELECT bytes FROM entry WHERE id = %s", (team,))
            row = await found.fetchone()
        assert row is not None
        assert row[0] in answer.content
