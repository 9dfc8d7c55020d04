"""The deciding rules, sentence by sentence, from the table both languages run."""

from typing import Any

import pytest

from .cases import CASES, answer, as_json, differs


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    decision = answer(case)
    said = as_json(decision)
    assert differs(case["expect"], said) is None, differs(case["expect"], said)
    for name in case.get("body_lacks", ()):
        assert name not in said["body"]
    for name in case.get("conflict_lacks", ()):
        assert name not in said["conflict"]["body"]
