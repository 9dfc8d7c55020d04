"""Every test below runs on a real PostgreSQL, migrated as an installation is. A test makes its own organisation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quill.installation import installation
from quill.migrations import upgrade
from quill.postgres.places import erase
from quill.settings import Place, Settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    home = Path(tmp_path_factory.mktemp("quill"))
    with installation(Place(home, "127.0.0.1", 8000, ("http://127.0.0.1:8000",), static_dir=None)) as settings:
        upgrade(settings)
        yield settings
    erase(home)
