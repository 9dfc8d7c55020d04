"""``quill serve``: everything an installation needs, started in order and stopped in order."""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
import warnings

import uvicorn

from quill.demonstration import Summary, ensure
from quill.installation import installation
from quill.main import build
from quill.migrations import upgrade
from quill.settings import Place, Settings
from quill.setup_error import SetupError

OPEN_FILES = 65_536  # a socket each


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("serve", help="start the server (and, unless told of another, its own PostgreSQL)")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end by whatever way: all is stopped in order
    place = Place.from_environment()
    place.prepare()
    listening = _listen(place)
    try:
        with installation(place, alone=True) as settings:
            upgrade(settings)
            summary = ensure(settings) if settings.demonstration else None
            _greet(settings, summary)
            _serve(settings, listening)
    finally:
        listening.close()
    print("Quill has stopped; everything is kept.", flush=True)
    return 0


def spare_the_collector() -> None:
    """What was loaded stays for good, and a batch makes tens of thousands of short-lived objects, none of them a cycle:
    looking through all of it again and again took a tenth of a push.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _listen(place: Place) -> socket.socket:
    """Takes the port first: finding it taken after the database has started would be a slow way to say so."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((place.host, place.port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise SetupError(f"Port {place.port} on {place.host} is taken; set QUILL_PORT to a free one.") from None
        raise SetupError(f"Port {place.port} on {place.host} cannot be opened: {error.strerror}.") from None
    return listening


def _greet(settings: Settings, summary: Summary | None) -> None:
    lines = ["", f"  Quill is at http://{settings.host}:{settings.port}/app/", ""]
    if summary:
        lines += [*summary.lines(), ""]
    if settings.static_dir is None:
        lines += ["  The app is not built: only /api answers. 'make run' builds it.", ""]
    if settings.loopback:
        lines += ["  Plain http on this machine only: cookies are sent without 'Secure' here and nowhere else."]
    lines += ["  Ctrl-C stops everything.", ""]
    print("\n".join(lines), flush=True)


def _serve(settings: Settings, listening: socket.socket) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    warnings.simplefilter("default")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    spare_the_collector()
    config = uvicorn.Config(
        build(settings),
        loop="uvloop" if os.name == "posix" else "auto",
        http="httptools",
        ws="websockets-sansio",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        ws_max_size=4096,
        h11_max_incomplete_event_size=16384,
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has stopped by then, and passes the signal on
        uvicorn.Server(config).run(sockets=[listening])
