"""What the environment may say, and the one sentence for what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from quill.installation import secrets_of
from quill.settings import Place, external_settings
from quill.setup_error import SetupError

from .quill_command import quill


@pytest.mark.parametrize("port", ["0", "65536", "http", "", "-1", "8000.0", "٣", "²"])
def test_a_port_that_is_none(port: str) -> None:
    with pytest.raises(SetupError, match=r"^QUILL_PORT is '.*'; it must be a number from 1 to 65535\.$"):
        Place.from_environment({"QUILL_PORT": port})


def test_a_home_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        place = Place.from_environment({"QUILL_HOME": str(home)})
        with pytest.raises(SetupError, match=rf"^The folder {home} \(QUILL_HOME\) cannot be made or entered: .*\.$"):
            place.prepare()


def test_what_is_said_is_one_sentence_on_the_error_stream_and_the_status_is_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = quill(tmp_path / "file", "serve")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"quill: The folder {tmp_path / 'file'} (QUILL_HOME) cannot be made or entered: File exists.\n"


def test_a_database_of_its_own_needs_all_of_its_settings_and_a_long_secret(tmp_path: Path) -> None:
    place = Place.from_environment({"QUILL_HOME": str(tmp_path)})
    names = ("QUILL_SYNC_DSN", "QUILL_AUTH_DSN", "QUILL_AUTH_OWNER_DSN", "QUILL_SYNC_OWNER_DSN", "QUILL_SECRET_FILE")
    whole = {**dict.fromkeys(names, "dbname=x"), "QUILL_SECRET_FILE": str(tmp_path / "secret")}
    for name in names[1:]:
        with pytest.raises(SetupError, match=f"^{name} is not set"):
            external_settings(place, {one: value for one, value in whole.items() if one != name})
    with pytest.raises(SetupError, match=r"cannot be read: No such file or directory\.$"):
        external_settings(place, whole)
    (tmp_path / "secret").write_text("short")
    with pytest.raises(SetupError, match="has 5 bytes; it needs at least 32 random ones"):
        external_settings(place, whole)
    (tmp_path / "secret").write_text("x" * 32)
    settings = external_settings(place, whole)
    assert settings is not None
    assert not settings.demonstration


def test_secrets_are_for_us_alone_stay_the_same_and_survive_a_start_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "secrets.json.new").write_text("{")
    made = secrets_of(tmp_path)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert secrets_of(tmp_path) == made
    assert not (tmp_path / "secrets.json.new").exists()
