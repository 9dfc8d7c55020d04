"""The demonstration: two organisations with people, patients, letters and messages, none of them real.

Made at the first start, on this machine only: its passwords are known to everybody.
"""

from __future__ import annotations

import asyncio

from quill.demonstration.build import build
from quill.demonstration.summary import Summary
from quill.settings import Settings

__all__ = ["Summary", "build", "ensure"]


def ensure(settings: Settings) -> Summary | None:
    """Makes what is missing of the demonstration; None where it may not be: on an address others can reach."""
    return asyncio.run(build(settings)) if settings.loopback else None
