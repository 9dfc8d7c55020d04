"""The contract does not change unnoticed, and what is generated from it is never stale."""

import json
import subprocess
import sys

import quill_schemas

from .vectors import SCHEMAS

VERSION = json.loads((SCHEMAS / "version.json").read_text(encoding="utf-8"))


def generate(argument: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCHEMAS / "generate.py"), argument]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_changed_contract_moves_the_hash_and_adds_a_line_of_history() -> None:
    now = generate("--hash").stdout.strip()
    advice = f"the contract changed: set hash to {now} in version.json and add a line to its history"
    assert VERSION["hash"] == now, advice
    assert VERSION["history"][-1]["hash"] == now, advice


def test_history_only_grows() -> None:
    history = VERSION["history"]
    assert [line["schema"] for line in history] == sorted(line["schema"] for line in history)
    assert len({line["hash"] for line in history}) == len(history)
    assert all(line["line"] and line["date"] for line in history)
    assert (history[-1]["schema"], history[-1]["protocol"]) == (VERSION["schema"], VERSION["protocol"])


def test_generated_code_is_not_stale() -> None:
    checked = generate("--check")
    assert checked.returncode == 0, checked.stdout


def test_the_package_says_the_version_it_was_made_from() -> None:
    assert (VERSION["schema"], VERSION["hash"]) == (quill_schemas.SCHEMA_VERSION, quill_schemas.SCHEMA_HASH)
