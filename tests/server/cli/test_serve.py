"""The demonstration as a person starts, stops and kills it. The tests share one home, in order: what is kept is the point."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from quill.postgres.places import erase

from .quill_command import Served, free_port, quill, served

PASSWORD = "ward-lantern-orchid-42"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("served") / "home"
    yield home
    erase(home)


def sign_in(server: Served, username: str) -> int:
    said = {"username": username, "password": PASSWORD}
    return httpx.post(f"http://127.0.0.1:{server.port}/api/auth/login", json=said).status_code


def test_the_first_start_says_where_it_is_and_who_may_sign_in_and_ctrl_c_ends_all_of_it(home: Path) -> None:
    with served(home) as server:
        assert f"http://127.0.0.1:{server.port}/app/" in server.said
        for name in ("amara", "ben", "sasha", "noor", "carol", "eve", PASSWORD, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"):
            assert name in server.said
        assert sign_in(server, "amara") == 200
        status, said = server.end(signal.SIGINT)
        assert (status, said.strip()) == (0, "Quill has stopped; everything is kept.")


def test_the_next_start_is_ready_within_five_seconds_with_what_was_there(home: Path) -> None:
    took: list[float] = []
    while not took or (took[-1] >= 5.0 and len(took) < 3):  # other work on the machine may spoil one
        with served(home) as server:
            took.append(server.took)
            assert "as it was left" in server.said
            assert sign_in(server, "eve") == 200
            assert server.end(signal.SIGTERM)[0] == 0
    assert min(took) < 5.0


def test_a_server_that_was_killed_takes_its_postgresql_along_and_starts_again(home: Path) -> None:
    with served(home) as server:
        assert server.end(signal.SIGKILL)[0] == -signal.SIGKILL
    with served(home) as server:
        assert sign_in(server, "amara") == 200


def test_a_postgresql_that_was_killed_comes_back_under_a_server_that_goes_on(home: Path) -> None:
    with served(home) as server:
        os.kill(server.postmaster, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while sign_in(server, "amara") != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_two_run_side_by_side_and_a_taken_port_or_home_is_said_in_one_sentence(home: Path, tmp_path: Path) -> None:
    with served(home) as server:
        taken = quill(tmp_path / "other", "serve", port=server.port)
        assert (taken.returncode, taken.stdout) == (1, "")
        assert taken.stderr == f"quill: Port {server.port} on 127.0.0.1 is taken; set QUILL_PORT to a free one.\n"
        again = quill(home, "serve")
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr.startswith(f"quill: A Quill (process {server.process.pid}) already runs on {home}; stop it")
        assert again.stderr.count("\n") == 1
        try:
            with served(tmp_path / "other", free_port()) as other:
                assert [sign_in(one, "amara") for one in (server, other)] == [200, 200]
        finally:
            erase(tmp_path / "other")
