"""The live socket over a real one: tickets, pokes for those who may see, and how it ends (fault 29)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .members import Member, Server, refused
from .world import World

SOON = 3.0  # seconds in which a poke has come
QUIET = 0.7  # seconds in which one that won't come would have


@asynccontextmanager
async def listening(server: Server, member: Member) -> AsyncIterator[ClientConnection]:
    ticket = (await member.client.post("/api/sync/live/ticket")).json()
    assert ticket["expires_in"] == 30
    before = server.services.hub.listening()
    async with opened(server) as socket:
        await socket.send(json.dumps({"ticket": ticket["ticket"]}))
        await until(lambda: server.services.hub.listening() > before)
        assert (await heard(socket) or {}).keys() == {"head"}  # what was before it listened
        yield socket


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not holds():
            await asyncio.sleep(0.01)


def opened(server: Server, **options: object) -> connect:
    return connect(server.origin.replace("http", "ws") + "/api/sync/live", **options)  # type: ignore[arg-type]


async def heard(socket: ClientConnection, within: float = SOON) -> dict[str, object] | None:
    try:
        async with asyncio.timeout(within):
            said: dict[str, object] = json.loads(await socket.recv())
            return said
    except TimeoutError:
        return None


async def ended(socket: ClientConnection, within: float) -> int | None:
    """The code it was closed with."""
    async with asyncio.timeout(within):
        await socket.wait_closed()
    return socket.close_code


async def test_pokes_only_those_who_may_see(server: Server, world: World) -> None:
    team, other = await world.team(), await world.team()
    patient = await world.patient(team)
    async with server.member(world) as amara, server.member(world) as ben, server.member(world, "Administrator") as carol:
        await world.join(amara.actor, team)
        await world.join(ben.actor, other)
        async with listening(server, amara) as hers, listening(server, ben) as his, listening(server, carol) as carols:
            await world.write("letter", f"patient:{patient}")
            head = (await amara.changes()).json()["head"]
            assert await heard(hers) == {"head": head}
            assert await heard(carols) == {"head": head}
            assert await heard(his, QUIET) is None
            await world.write("quarantine", f"user:{ben.actor.user_id}")
            assert await heard(his) == {"head": head + 1}
            assert await heard(hers, QUIET) is None
            await world.join(ben.actor, team)
            assert await heard(his) == {"head": head + 2}
            await world.leave(ben.actor, team)
            assert await heard(his) == {"head": head + 3}


async def test_what_changed_between_the_last_pull_and_listening_is_told(server: Server, world: World) -> None:
    team = await world.team()
    async with server.member(world) as amara:
        await world.join(amara.actor, team)
        head = (await amara.changes()).json()["head"]
        ticket = (await amara.client.post("/api/sync/live/ticket")).json()["ticket"]
        await world.write("message", f"team:{team}")
        async with opened(server) as socket:
            await socket.send(json.dumps({"ticket": ticket}))
            assert await heard(socket) == {"head": head + 1}


async def test_nobody_hears_of_another_organisation(server: Server, world: World, demonstration: World) -> None:
    async with (
        server.member(world, "Administrator") as carol,
        server.member(demonstration, "Administrator") as eve,
        listening(server, carol) as ours,
        listening(server, eve) as theirs,
    ):
        await world.team()
        assert await heard(ours) is not None
        assert await heard(theirs, QUIET) is None


async def test_a_poke_carries_no_content_and_bursts_melt_into_the_newest(server: Server, world: World) -> None:
    team = await world.team()
    async with server.member(world) as amara:
        await world.join(amara.actor, team)
        async with listening(server, amara) as socket:
            for _ in range(30):
                await world.write("message", f"team:{team}")
            head, said = (await amara.changes()).json()["head"], []
            while not said or said[-1]["head"] != head:
                one = await heard(socket)
                assert one is not None
                assert one.keys() == {"head"}
                said.append(one)
            assert [one["head"] for one in said] == sorted(one["head"] for one in said)


async def test_a_ticket_works_once(server: Server, world: World) -> None:
    async with server.member(world) as amara:
        ticket = (await amara.client.post("/api/sync/live/ticket")).json()["ticket"]
        async with opened(server) as first, opened(server) as second:
            await first.send(json.dumps({"ticket": ticket}))
            await asyncio.sleep(0.2)
            await second.send(json.dumps({"ticket": ticket}))
            assert await heard(second) == {"bye": "bad_ticket"}
            assert await ended(second, SOON) == 1008
            assert (await heard(first) or {}).keys() == {"head"}
            assert await heard(first, 0.2) is None


async def test_a_ticket_needs_a_session_and_a_csrf_token(server: Server, world: World) -> None:
    async with server.client(**{"x-quill-protocol": "1"}) as nobody:
        assert refused(await nobody.post("/api/sync/live/ticket")) == (401, "not_signed_in")
    async with server.member(world) as amara:
        del amara.client.headers["x-csrf-token"]
        assert refused(await amara.client.post("/api/sync/live/ticket")) == (403, "csrf_failed")


@pytest.mark.parametrize(
    "first", ["", "x", "{}", "[]", "null", '{"ticket": null}', '{"ticket": ["a"]}', '{"ticket": "x"}', "[" * 4000]
)
async def test_anything_but_a_ticket_is_shown_out(server: Server, first: str) -> None:
    async with opened(server) as socket:
        await socket.send(first)
        assert await heard(socket) == {"bye": "bad_ticket"}
        assert await ended(socket, SOON) == 1008


async def test_bytes_huge_frames_and_broken_text_end_it(server: Server, world: World) -> None:
    async with server.member(world) as amara:
        async with listening(server, amara) as socket:
            await socket.send("x" * 100_000)
            assert await ended(socket, SOON) == 1009
        async with listening(server, amara) as socket:
            await socket.send([b"\xff\xfe"], text=True)
            assert await ended(socket, SOON) == 1007
        async with opened(server) as socket:
            await socket.send(b"\x00\x01")
            assert await ended(socket, SOON) == 1008


async def test_ten_thousand_messages_end_it_and_hold_up_nobody(server: Server, world: World) -> None:
    async with (
        server.member(world) as amara,
        server.member(world) as ben,
        listening(server, ben) as other,
        listening(server, amara) as socket,
    ):
        started = time.monotonic()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(10_000):
                await socket.send('{"ticket": "again"}')
        assert await ended(socket, SOON) == 1008
        assert (await amara.changes()).status_code == 200
        await world.team()
        assert await heard(other) is not None
        assert time.monotonic() - started < 10


async def test_silence_instead_of_a_ticket_ends_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from quill.routes import live

    monkeypatch.setitem(live.LIMITS, "ticket_wait_seconds", 1)
    async with opened(server) as socket:
        assert await heard(socket) == {"bye": "bad_ticket"}


async def test_a_foreign_page_is_refused_before_it_opens(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with opened(server, origin="https://evil.example"):
            pass
    assert refusal.value.response.status_code == 403
    async with opened(server, origin=server.origin):
        pass


async def test_closed_within_five_seconds_of_the_end_of_the_session(server: Server, world: World) -> None:
    async with server.member(world) as amara, listening(server, amara) as socket:
        ended_at = time.monotonic()
        assert (await amara.client.post("/api/auth/logout")).status_code == 200
        assert await heard(socket, 5.0) == {"bye": "session_ended"}
        assert time.monotonic() - ended_at < 5.0
        assert await ended(socket, SOON) == 1008


async def test_a_socket_that_went_is_forgotten(server: Server, world: World) -> None:
    before = server.services.hub.listening()
    async with server.member(world) as amara:
        async with listening(server, amara) as socket:
            socket.transport.abort()
        await until(lambda: server.services.hub.listening() == before)
