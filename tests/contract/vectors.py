"""Reads the golden vectors that pytest and vitest both run."""

import json
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parents[2] / "shared-schemas"


def vectors(name: str) -> Any:
    return json.loads((SCHEMAS / "vectors" / f"{name}.json").read_text(encoding="utf-8"))


def named(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Parametrizes over cases, each test named by what the case says of itself."""
    return {"argvalues": cases, "ids": [case["name"] for case in cases]}
