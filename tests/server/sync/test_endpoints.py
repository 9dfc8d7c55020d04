"""Each endpoint of the contract, by a client whose every answer is held to it (``answers``)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from starlette.routing import Route

from quill_schemas import LIMITS

from .signed_in import PASSWORD, Member, Server, refusal
from .ward import Ward

STATE_CHANGES = [
    ("POST", "/api/sync/hello"), ("POST", "/api/sync/push"), ("POST", "/api/sync/verdicts"), ("POST", "/api/sync/live/ticket"),
    ("POST", "/api/attachments"), ("POST", "/api/attachments/{id}/complete"), ("POST", "/api/conflicts/{id}/resolve"),
    ("POST", "/api/conflicts/{id}/return"), ("POST", "/api/patients"), ("PATCH", "/api/patients/{id}"),
    ("POST", "/api/patients/{id}/letters"), ("PATCH", "/api/patients/{id}/letters/{letter_id}"),
]  # fmt: skip
SYNC = ["/api/sync/changes", "/api/sync/push", "/api/sync/verdicts", "/api/sync/live/ticket"]
READS = ["/api/auth/me", "/api/sync/changes", "/api/conflicts", "/api/conflicts/{id}", "/api/attachments/{id}/parts",
         "/api/attachments/{id}/content", "/api/patients", "/api/patients/{id}", "/api/patients/{id}/letters",
         "/api/patients/{id}/letters/{letter_id}"]  # fmt: skip


def addressed(path: str) -> str:
    """With ids in it that name nothing."""
    return path.replace("{id}", str(uuid4())).replace("{letter_id}", str(uuid4()))


def hello(device_id: str, **more: Any) -> dict[str, Any]:
    outbox, storage = {"count": 0, "oldest_age_s": 0}, {"persisted": True, "quota": 1, "usage": 0}
    return {"device_id": device_id, "app_version": "1", "outbox": outbox, "storage": storage, **more}


@pytest_asyncio.fixture
async def carol(server: Server, ward: Ward) -> AsyncIterator[Member]:
    async with server.member(ward, "Administrator") as carol:
        yield carol


async def test_hello_changes_push_verdicts(ward: Ward, member: Member) -> None:
    client, device = member.client, member.device
    said = (await client.post("/api/sync/hello", json=hello(device.device_id))).json()
    assert (said["mode"], said["next_device_seq"], said["epoch"]) == ("ok", 1, 1)
    assert said["limits"] == {name: LIMITS[name] for name in ("max_ops", "max_op_bytes", "max_bytes", "page")}
    first = (await client.get("/api/sync/changes")).json()
    assert not first["more"]
    assert first["head"] == said["head"]
    operation = device.new_patient()
    pushed = (await member.push(operation, audit_head=first["audit_head"])).json()
    (verdict,) = pushed["verdicts"]
    assert pushed["head"] == verdict["seq"] == first["head"] + 1
    page = (await client.get("/api/sync/changes", params={"cursor": first["cursor"], "limit": 1})).json()
    assert [(entry["type"], entry["id"], entry["version"]) for entry in page["changes"]] == [("put", operation["id"], 1)]
    assert page["head"] == pushed["head"]
    told = (await client.post("/api/sync/verdicts", json={"op_ids": [operation["op_id"]]})).json()
    assert told["verdicts"] == [verdict]
    again = (await member.push(operation)).json()["verdicts"]
    assert again == [{**verdict, "repeat": True}]
    following = (await client.post("/api/sync/hello", json=hello(device.device_id, cursor=page["cursor"]))).json()
    assert following["next_device_seq"] == 2


async def test_who_is_signed_in_goes_on_and_signs_out(ward: Ward, member: Member) -> None:
    client, actor = member.client, member.device.actor
    me = (await client.get("/api/auth/me")).json()
    assert (me["user_id"], me["organisation_id"], me["roles"]) == (actor.user_id, ward.organisation_id, ["Clinician"])
    assert me["team_ids"] == [ward.a]
    assert refusal(await client.post("/api/auth/refresh", headers={"x-csrf-token": "x"})) == (403, "csrf_failed")
    assert refusal(await client.post("/api/auth/logout", headers={"x-csrf-token": "x"})) == (403, "csrf_failed")
    assert (await client.post("/api/auth/refresh")).json() == me
    assert (await client.post("/api/auth/logout")).status_code == 200
    assert not client.cookies
    assert refusal(await client.get("/api/auth/me")) == (401, "not_signed_in")
    wrong = {"username": actor.username, "password": PASSWORD + "x"}
    assert refusal(await client.post("/api/auth/login", json=wrong)) == (401, "invalid_credentials")
    assert (await client.post("/api/auth/login", json={**wrong, "password": PASSWORD})).json() == me


async def test_a_file_goes_up_in_parts_and_waits_for_its_scan(ward: Ward, member: Member) -> None:
    client, device = member.client, member.device
    patient, data = device.new_patient(), b"x" * 1000
    about = {"patient_id": patient["id"], "name": "a.png", "media_type": "image/png", "parts": 1}
    body = {**about, "size": len(data), "sha256": sha256(data).hexdigest()}
    seen = {
        "patient_id": patient["id"],
        "version": 1,
        "name": patient["set"]["name"],
        "birth_date": patient["set"]["birth_date"],
    }
    file = device.op("attachment", "create", set=body, seen=seen, depends_on=[patient["op_id"]])
    assert [one["outcome"] for one in (await member.push(patient, file)).json()["verdicts"]] == ["applied", "applied"]
    opened = (await client.post("/api/attachments", json={"id": file["id"]})).json()
    (part,) = opened["parts"]
    at = f"/api/attachments/{file['id']}"
    assert refusal(await client.post(f"{at}/complete")) == (409, "attachment_state")
    assert (await client.put(part["url"], content=data, headers=part["headers"])).status_code == 204
    assert (await client.get(f"{at}/parts")).json()["parts"] == [{"part": 1, "size": 1000, "sha256": body["sha256"]}]
    assert (await client.post(f"{at}/complete")).json() == {"state": "scanning"}
    assert refusal(await client.get(f"{at}/content")) == (409, "attachment_state")


async def test_a_conflict_is_listed_returned_and_decided(ward: Ward, member: Member, carol: Member) -> None:
    _, conflict_id = await member.conflict_with_ben(ward)
    at = f"/api/conflicts/{conflict_id}"
    (listed,) = (await carol.client.get("/api/conflicts", params={"status": "open"})).json()["conflicts"]
    assert listed == (await carol.client.get(at)).json()
    sides = {"base", "theirs", "mine", "fields"}
    assert {"id", "version", "kind", "record_id", "scope", "reason", "severity", "status", "events", *sides} <= listed.keys()
    returned = {"op_id": str(uuid4()), "conflict_version": 1, "note": "Which is right?"}
    assert (await carol.client.post(f"{at}/return", json=returned)).json()["outcome"] == "applied"
    assert (await carol.client.get(at)).json()["status"] == "open"
    decided = {"op_id": str(uuid4()), "conflict_version": 1, "against_version": 2, "choices": {"sex": {"take": "theirs"}}}
    before = await ward.written()
    moved = await carol.client.post(f"{at}/resolve", json=decided)
    assert refusal(moved) == (409, "conflict_moved")
    assert moved.json()["detail"]["conflict"]["version"] == 2
    assert await ward.written() == before
    decided |= {"conflict_version": 2, "op_id": str(uuid4())}
    verdict = (await carol.client.post(f"{at}/resolve", json=decided)).json()
    assert (verdict["outcome"], verdict["record"]["id"]) == ("applied", conflict_id)
    assert (await carol.client.post(f"{at}/resolve", json=decided)).json() == {**verdict, "repeat": True}
    assert (await carol.client.get("/api/conflicts")).json()["conflicts"] == []
    (shown,) = (await carol.client.get("/api/conflicts", params={"status": "resolved"})).json()["conflicts"]
    assert shown["status"] == "resolved"


@pytest.mark.parametrize(("method", "path"), STATE_CHANGES)
async def test_every_change_asks_for_a_session_and_its_csrf_token(ward: Ward, member: Member, method: str, path: str) -> None:
    before = await ward.written()

    async def refused(**headers: str) -> tuple[int, str]:
        return refusal(await member.client.request(method, addressed(path), json={}, headers=headers))

    for token in ("", "x", member.client.headers["x-csrf-token"] + "x"):
        assert await refused(**{"x-csrf-token": token}) == (403, "csrf_failed")
    assert await refused(origin="https://evil.example") == (403, "bad_origin")
    member.client.cookies.clear()
    assert await refused() == (401, "not_signed_in")
    assert await ward.written() == before


@pytest.mark.parametrize("path", READS)
async def test_nothing_is_read_without_a_session(member: Member, path: str) -> None:
    member.client.cookies.clear()
    assert refusal(await member.client.get(addressed(path))) == (401, "not_signed_in")


@pytest.mark.parametrize("path", SYNC)
async def test_a_protocol_below_the_floor_is_told_to_update(member: Member, path: str) -> None:
    ask = member.client.get if path.endswith("changes") else member.client.post
    for version in ("0", "", "x", "-1", "1.0"):
        assert refusal(await ask(path, headers={"x-quill-protocol": version})) == (426, "protocol_too_old")
    del member.client.headers["x-quill-protocol"]
    assert refusal(await ask(path)) == (426, "protocol_too_old")
    answer = await member.client.post("/api/sync/hello", json=hello(member.device.device_id))
    assert answer.json()["mode"] == "update_needed"


def test_every_route_that_changes_something_is_in_these_lists(server: Server) -> None:
    """A new one fails here until it is asked for its token above."""
    free = {
        "/api/auth/login",
        "/api/auth/refresh",
        "/api/auth/logout",
        "/api/csp-reports",
        "/api/attachments/{id}/parts/{part}",
    }
    routes = [route for route in server.app.routes if isinstance(route, Route)]
    changing = {(method, route.path) for route in routes for method in (route.methods or set()) - {"GET", "HEAD"}}
    assert {(method, path) for method, path in changing if path not in free} == set(STATE_CHANGES)


async def test_the_documentation_asks_nobody_else_for_anything(member: Member) -> None:
    page = await member.client.get("/api/docs")
    assert re.findall(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", page.text) == []
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    listed = (await member.client.get("/api/openapi.json")).json()
    assert {path for _, path in STATE_CHANGES} | set(READS) <= listed["paths"].keys()
