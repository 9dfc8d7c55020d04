"""Clients that cost as little as can be, so that what is measured is the server: answers are framed, not understood."""

from __future__ import annotations

import asyncio
import re
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"
QUIET = 2.0  # seconds

Request = tuple[str, str, bytes | None]
"""Method, path, body (JSON)."""


class Client:
    """One kept connection, one request at a time."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.port = port
        self.headers = dict(headers or {})
        self._buffer = bytearray(1 << 20)
        self._connect()

    def get(self, path: str) -> bytes:
        return self.request("GET", path)

    def post(self, path: str, body: bytes) -> bytes:
        return self.request("POST", path, body)

    def request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of a 2xx answer."""
        return content(self._answer(method, path, body))

    def headers_of(self, method: str, path: str, body: bytes | None = None) -> list[tuple[str, str]]:
        """Those of a 2xx answer, names in lower case."""
        answer = self._answer(method, path, body)
        check(answer)
        lines = answer.partition(_END)[0].decode("latin-1").split("\r\n")[1:]
        return [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]

    def receive(self, path: str) -> tuple[int, bytes]:
        """How many bytes came in answer, and the last of them; nothing is kept."""
        self._send("GET", path, None)
        answer = b""
        while _END not in answer:
            answer += self._some()
        check(answer)
        head = answer.index(_END) + len(_END)
        length = _LENGTH.search(answer, 0, head)
        wanted = int(length[1]) if length else None
        total, last = len(answer) - head, answer[head:][-2048:]
        while (total < wanted) if wanted is not None else not last.endswith(_LAST_CHUNK):
            size = self.socket.recv_into(self._buffer)
            if size == 0:
                raise ConnectionError("the server closed the connection")
            self._used = time.monotonic()
            total += size
            last = (last + bytes(memoryview(self._buffer)[max(0, size - 2048) : size]))[-2048:]
        return total, last

    def close(self) -> None:
        self.socket.close()

    def _connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._used = time.monotonic()

    def _send(self, method: str, path: str, body: bytes | None) -> None:
        """On a new connection after a pause: servers close those that were quiet for seconds."""
        if time.monotonic() - self._used > QUIET:
            self.socket.close()
            self._connect()
        self.socket.sendall(written((method, path, body), self.headers))

    def _answer(self, method: str, path: str, body: bytes | None) -> bytes:
        self._send(method, path, body)
        answer = b""
        while not complete(answer):
            answer += self._some()
        return answer

    def _some(self) -> bytes:
        read = self.socket.recv(1 << 18)
        if not read:
            raise ConnectionError("the server closed the connection")
        self._used = time.monotonic()
        return read


def written(request: Request, headers: Mapping[str, str]) -> bytes:
    method, path, body = request
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def complete(answer: bytes) -> bool:
    head = answer.find(_END)
    if head < 0:
        return False
    length = _LENGTH.search(answer, 0, head)
    return len(answer) >= head + len(_END) + int(length[1]) if length else answer.endswith(_LAST_CHUNK)


def check(answer: bytes) -> None:
    if not answer[9:10] == b"2":
        raise AssertionError(answer[:600])


def content(answer: bytes) -> bytes:
    check(answer)
    head, _, body = answer.partition(_END)
    return body if _LENGTH.search(head) else b"".join(_chunks(body))


def _chunks(body: bytes) -> Iterator[bytes]:
    at = 0
    while size := int(body[at : (line := body.index(b"\r\n", at))], 16):
        yield body[line + 2 : line + 2 + size]
        at = line + 2 + size + 2


class _Connection(asyncio.Protocol):
    """One of a crowd: asks its next as soon as it was answered."""

    def __init__(self, requests: Iterator[Request], headers: Mapping[str, str], check: Callable[[bytes], bool]) -> None:
        self.requests = requests
        self.headers = headers
        self.check = check
        self.times: list[float] = []
        self.done = asyncio.get_running_loop().create_future()
        self._answer = b""
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def ask(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            self.done.set_result(None)
            return
        self._asked = time.perf_counter()
        self.transport.write(written(request, self.headers))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not complete(self._answer):
            return
        self.times.append(time.perf_counter() - self._asked)
        answer, self._answer = self._answer, b""
        if answer[9:10] != b"2" or not self.check(answer):
            self.transport.close()
            self.done.set_exception(AssertionError(answer[:600]))
            return
        self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def crowd(
    port: int,
    requests: Sequence[Iterator[Request]],
    headers: Mapping[str, str],
    check: Callable[[bytes], bool] = lambda _answer: True,
) -> tuple[float, float]:
    """As many clients as there are iterators, all at once, each asking one after the other: (answers a second, p50 in s)."""

    async def run() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        made = [loop.create_connection(lambda one=one: _Connection(one, headers, check), "127.0.0.1", port) for one in requests]
        connections = [protocol for _, protocol in await asyncio.gather(*made)]
        started = time.perf_counter()
        for one in connections:
            one.ask()
        await asyncio.gather(*(one.done for one in connections))
        took = time.perf_counter() - started
        times = [each for one in connections for each in one.times]
        return len(times) / took, statistics.median(times)

    import uvloop

    return uvloop.run(run())


def p50(client: Client, path: str, calls: int) -> float:
    """In milliseconds."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        client.get(path)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000
