"""The set-up of a fresh clone: what makes the app be built again, and what is said where something is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parents[2]
BOOTSTRAP = HERE / "sync-server" / "bootstrap.py"


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the set-up alone, as it is before anything was made."""
    clone = tmp_path / "clone"
    made_of = ("pwa/src/a.ts", "pwa/pages/index.html", "pwa/scripts/icons.mjs", "pwa/vite.config.ts")
    for path in (*made_of, "pwa/dist/index.html", "pwa/node_modules/x.js", "shared-schemas/generated/typescript/types.ts"):
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text("1")
    (clone / "sync-server").mkdir()
    shutil.copy(BOOTSTRAP, clone / "sync-server")
    return clone


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("pwa/src/a.ts", True),
        ("pwa/pages/index.html", True),
        ("pwa/scripts/icons.mjs", True),
        ("pwa/vite.config.ts", True),
        ("pwa/a-new-folder/x", True),
        ("shared-schemas/generated/typescript/types.ts", True),
        ("pwa/dist/index.html", False),
        ("pwa/node_modules/x.js", False),
    ],
)
def test_the_app_is_built_again_when_what_it_is_made_of_changes(
    clone: Path, monkeypatch: pytest.MonkeyPatch, path: str, again: bool
) -> None:
    bootstrap = loaded()
    monkeypatch.setattr(bootstrap, "ROOT", clone)
    monkeypatch.setattr(bootstrap, "PWA", clone / "pwa")
    before = bootstrap.digest(bootstrap.sources())
    assert bootstrap.digest(bootstrap.sources()) == before
    (clone / path).parent.mkdir(exist_ok=True)
    (clone / path).write_text("2")
    assert (bootstrap.digest(bootstrap.sources()) != before) is again


def set_up(clone: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "sync-server/bootstrap.py", "server"],
        cwd=clone,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_without_venv_is_said_in_one_sentence(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "venv.py").write_text("raise SystemExit('No module named venv')")
    done = set_up(clone, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[1:] == [
        "quill: This Python has no venv module; install it (on Debian and Ubuntu: apt install python3-venv)."
    ]


def test_a_full_disk_is_said_in_one_sentence(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "venv.py").write_text("raise OSError(28, 'No space left on device')")
    done = set_up(clone, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == ["quill: The virtual environment could not be made: the disk is full."]


def test_a_clone_that_can_not_be_written_to_is_said_in_one_sentence(clone: Path) -> None:
    (clone / ".venv").write_text("a file where the folder should be")
    done = set_up(clone)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2, done.stderr
    assert done.stderr.splitlines()[1].startswith("quill: ")


@pytest.mark.parametrize(
    "said",
    [
        "npm error code ECONNREFUSED",
        "npm error code ENOTFOUND",
        "npm error code EAI_AGAIN",
        "npm error network ETIMEDOUT",
        "[Errno -3] Temporary failure in name resolution",
        "Could not find a version that satisfies the requirement nothing==1 (from versions: none)",
        "ProxyError('Cannot connect to proxy.', ...)",
    ],
)
def test_what_pip_and_npm_say_without_a_network_is_known(clone: Path, said: str) -> None:
    bootstrap = loaded()
    with pytest.raises(bootstrap.Stop, match=r"^It failed: the package registry cannot be reached"):
        bootstrap.run([sys.executable, "-c", f"raise SystemExit({said!r})"], clone, "It failed")


def test_an_environment_that_was_interrupted_or_is_of_another_python_is_made_anew(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap = loaded()
    environment = clone / ".venv"
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", environment)
    library = environment / "lib" / "python{}.{}".format(*sys.version_info)
    (environment / "bin").mkdir(parents=True)
    assert not bootstrap.environment_is_whole()
    (environment / "bin" / "python").symlink_to(sys.executable)
    library.mkdir(parents=True)
    assert not bootstrap.environment_is_whole()
    (environment / "bin" / "pip").touch()
    assert bootstrap.environment_is_whole()
    library.rename(environment / "lib" / "python3.1")
    assert not bootstrap.environment_is_whole()
