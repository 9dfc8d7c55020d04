"""The server, but the first push that is committed kills it, as power loss would: after COMMIT, before a byte of reply."""

import os
import signal
from typing import Any

from quill.cli import main
from quill.sync.writer import Writers

start = Writers.__init__


def die(_organisation_id: str, _head: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def mortal(self: Writers, *arguments: Any, **named: Any) -> None:
    """The writers tell `_committed` after each commit, before they answer anybody."""
    start(self, *arguments, **named)
    self._committed = die


Writers.__init__ = mortal  # type: ignore[method-assign]

raise SystemExit(main())
