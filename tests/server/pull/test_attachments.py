"""Files in parts on the filesystem store: cut, resumed, checked, and given out only when they may be."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import uuid4

import pytest

from quill.domain.actor import Actor
from quill.sync.log import Change, append
from quill_schemas import validator

from .members import Member, Server, refused
from .world import World

PART = 1000
BYTES = bytes(range(256)) * 12  # 3072: three parts and a bit


async def announced(
    world: World, actor: Actor, scope: str, content: bytes = BYTES, *, quarantined: bool = False, **said: Any
) -> str:
    """The record of a file, as a ``create`` leaves it."""
    attachment_id = str(uuid4())
    body = {
        "patient_id": scope.removeprefix("patient:"),
        "name": "wound, left.jpg",
        "media_type": "image/jpeg",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "parts": -(-len(content) // PART),
        **said,
    }
    async with world.locked() as (connection, head):
        if quarantined:
            op = {"op_id": str(uuid4()), "kind": "attachment", "id": attachment_id, "action": "create", "set": body}
            kept = {"op": op, "outcome": "quarantined", "state": "open", "by": actor.user_id}
            change = Change("quarantine", str(uuid4()), scope, 1, kept, actor.user_id, "quarantined")
        else:
            change = Change("attachment", attachment_id, scope, 1, body | {"state": "uploading"}, actor.user_id, "create")
        await append(connection, head, [change])
    return attachment_id


async def ward(world: World, *members: Member) -> str:
    team = await world.team()
    for member in members:
        await world.join(member.actor, team)
    return f"patient:{await world.patient(team)}"


async def opened(member: Member, attachment_id: str) -> dict[int, str]:
    answer = await member.client.post("/api/attachments", json={"id": attachment_id})
    assert answer.status_code == 200, answer.text
    assert validator("AttachmentOpenResponse")(answer.json()) == []
    return {one["part"]: one["url"] for one in answer.json()["parts"]}


async def put(server: Server, url: str, content: bytes) -> Any:
    """Without cookies: the address is enough."""
    async with server.client() as nobody:
        return await nobody.put(url, content=content)


def piece(part: int, content: bytes = BYTES) -> bytes:
    return content[(part - 1) * PART : part * PART]


async def complete(member: Member, attachment_id: str) -> Any:
    return await member.client.post(f"/api/attachments/{attachment_id}/complete")


async def test_parts_again_and_out_of_order_resume_to_the_same_bytes(server: Server, demonstration: World) -> None:
    async with server.member(demonstration) as amara, server.member(demonstration) as ben:
        scope = await ward(demonstration, amara, ben)
        one = await announced(demonstration, amara.actor, scope)
        urls = await opened(amara, one)
        assert sorted(urls) == [1, 2, 3, 4]
        for part in (3, 1, 3):
            assert (await put(server, urls[part], piece(part))).status_code == 204
        arrived = (await amara.client.get(f"/api/attachments/{one}/parts")).json()
        assert validator("AttachmentPartsResponse")(arrived) == []
        assert [(part["part"], part["size"]) for part in arrived["parts"]] == [(1, 1000), (3, 1000)]
        assert refused(await complete(amara, one)) == (409, "attachment_state")
        assert refused(await amara.client.get(f"/api/attachments/{one}/content")) == (409, "attachment_state")
        urls = await opened(amara, one)
        for part in (2, 4):
            await put(server, urls[part], piece(part))
        assert (await complete(amara, one)).json() == {"state": "clean"}
        assert (await complete(amara, one)).json() == {"state": "clean"}
        page = (await ben.changes()).json()
        body = next(entry["body"] for entry in page["changes"] if entry.get("id") == one)
        assert (body["state"], body["scan"]) == ("clean", "none")
        content = await ben.client.get(f"/api/attachments/{one}/content")
        assert content.content == BYTES
        assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''wound%2C%20left.jpg"
        assert content.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in content.headers["content-security-policy"]
        assert content.headers["cache-control"] == "no-store"
        assert (await put(server, urls[1], b"other")).status_code == 204
        assert (await ben.client.get(f"/api/attachments/{one}/content")).content == BYTES


async def test_outside_a_demonstration_a_file_waits_for_its_scan(server: Server, world: World) -> None:
    async with server.member(world) as amara:
        one = await announced(world, amara.actor, await ward(world, amara), BYTES[:PART])
        await put(server, (await opened(amara, one))[1], BYTES[:PART])
        assert (await complete(amara, one)).json() == {"state": "scanning"}
        assert refused(await amara.client.get(f"/api/attachments/{one}/content")) == (409, "attachment_state")
        assert refused(await amara.client.post("/api/attachments", json={"id": one})) == (409, "attachment_state")


async def test_what_is_not_the_announced_file_is_refused_and_can_be_mended(server: Server, demonstration: World) -> None:
    async with server.member(demonstration) as amara:
        one = await announced(demonstration, amara.actor, await ward(demonstration, amara))
        urls = await opened(amara, one)
        for part in urls:
            await put(server, urls[part], piece(part))
        await put(server, urls[2], bytes(PART))
        assert refused(await complete(amara, one)) == (422, "attachment_mismatch")
        await put(server, urls[2], piece(2)[:-1])
        assert refused(await complete(amara, one)) == (422, "attachment_mismatch")
        assert refused(await put(server, urls[2], piece(2) + b"more")) == (422, "attachment_mismatch")
        await put(server, urls[2], piece(2))
        assert (await complete(amara, one)).json() == {"state": "clean"}


async def test_a_quarantined_operations_file_is_held_and_given_to_nobody(server: Server, demonstration: World) -> None:
    async with server.member(demonstration) as amara, server.member(demonstration) as ben:
        scope = await ward(demonstration, ben)
        one = await announced(demonstration, amara.actor, scope, BYTES[:PART], quarantined=True)
        assert refused(await ben.client.post("/api/attachments", json={"id": one})) == (404, "not_found")
        await put(server, (await opened(amara, one))[1], BYTES[:PART])
        assert (await complete(amara, one)).json() == {"state": "held"}
        for member in (amara, ben):
            assert refused(await member.client.get(f"/api/attachments/{one}/content")) == (404, "not_found")


async def test_nobody_else_uploads_and_nobody_outside_reads(server: Server, demonstration: World, world: World) -> None:
    async with (
        server.member(demonstration) as amara,
        server.member(demonstration) as ben,
        server.member(demonstration) as noor,
        server.member(world, "Administrator") as eve,
        server.member(demonstration, "Billing Staff") as bill,
    ):
        scope = await ward(demonstration, amara, ben, bill)
        one = await announced(demonstration, amara.actor, scope, BYTES[:PART])
        url = (await opened(amara, one))[1]
        for other in (ben, noor, eve):
            assert refused(await other.client.post("/api/attachments", json={"id": one})) == (404, "not_found")
            assert refused(await other.client.get(f"/api/attachments/{one}/parts")) == (404, "not_found")
            assert refused(await complete(other, one)) == (404, "not_found")
        await put(server, url, BYTES[:PART])
        await complete(amara, one)
        assert (await ben.client.get(f"/api/attachments/{one}/content")).status_code == 200
        for other in (noor, eve, bill):
            assert refused(await other.client.get(f"/api/attachments/{one}/content")) == (404, "not_found")


async def test_an_address_is_for_one_part_of_one_file_and_for_a_while(
    server: Server, demonstration: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server.member(demonstration) as amara:
        scope = await ward(demonstration, amara)
        one, two = [await announced(demonstration, amara.actor, scope) for _ in range(2)]
        urls = await opened(amara, one)
        ticket = urls[1].partition("?ticket=")[2]
        for url in (
            urls[1].replace("/parts/1?", "/parts/2?"),
            urls[1].replace(one, two),
            urls[1][:-1] + ("A" if urls[1][-1] != "A" else "B"),
            f"/api/attachments/{one}/parts/1",
            f"/api/attachments/{one}/parts/1?ticket={ticket[:-4]}",
        ):
            assert refused(await put(server, url, piece(1))) == (403, "forbidden"), url
        assert refused(await put(server, urls[1].replace("/parts/1?", "/parts/99999999999?"), b"x")) == (404, "not_found")
        monkeypatch.setattr("quill.sync.attachments.VALID", -1)
        assert refused(await put(server, (await opened(amara, one))[1], piece(1))) == (403, "forbidden")
        assert (await amara.client.get(f"/api/attachments/{one}/parts")).json() == {"parts": []}


@pytest.mark.parametrize("odd", ["x", "%2e%2e%2f", "0" * 36, "00000000-0000-0000-0000-000000000000", str(uuid4()).upper()])
async def test_ids_that_are_none_are_not_found(server: Server, demonstration: World, odd: str) -> None:
    async with server.member(demonstration) as amara:
        assert (await amara.client.get(f"/api/attachments/{odd}/content")).status_code == 404
        assert (await amara.client.get(f"/api/attachments/{odd}/parts")).status_code == 404
        assert (await amara.client.put(f"/api/attachments/{odd}/parts/1?ticket=x")).status_code == 404


async def test_a_part_beyond_what_a_part_may_have_is_cut_off(server: Server, demonstration: World) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b"x" * (1 << 20)

    async with server.member(demonstration) as amara, server.client() as nobody:
        scope = await ward(demonstration, amara)
        one = await announced(demonstration, amara.actor, scope, size=40 << 20, parts=10)
        url = (await opened(amara, one))[1]
        assert refused(await nobody.put(url, content=endless())) in ((413, "request_too_large"), (422, "attachment_mismatch"))
        assert (await amara.client.get(f"/api/attachments/{one}/parts")).json() == {"parts": []}


@pytest.mark.parametrize("name", ['a"; filename=b.html', "a\r\nset-cookie: x=1", "ünïcødé\u202egpj.exe", "../../etc/passwd"])
async def test_no_name_bends_a_header(server: Server, demonstration: World, name: str) -> None:
    async with server.member(demonstration) as amara:
        scope = await ward(demonstration, amara)
        one = await announced(demonstration, amara.actor, scope, BYTES[:PART], name=name, media_type="text/html")
        await put(server, (await opened(amara, one))[1], BYTES[:PART])
        await complete(amara, one)
        answer = await amara.client.get(f"/api/attachments/{one}/content")
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert "set-cookie" not in answer.headers
        assert answer.headers["content-type"] == "application/octet-stream"
