"""Canonical JSON: one text for one value, in both languages."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quill_schemas import NotCanonical, canonical

from .vectors import named, vectors

VECTORS = vectors("canonical-json")

WELL_FORMED = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | WELL_FORMED,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WELL_FORMED, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("case", **named(VECTORS["written"]))
def test_writes(case: dict[str, Any]) -> None:
    written = canonical(case["value"])
    assert written.decode() == case["canonical"]
    assert hashlib.sha256(written).hexdigest() == case["sha256"]


@pytest.mark.parametrize("case", **named(VECTORS["refused"]))
def test_refuses_with_the_path(case: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical(case["value"])
    assert refused.value.path == case["path"]


@pytest.mark.parametrize("number", [1.0, -0.0, float("nan"), float("inf")])
def test_refuses_every_float_even_a_whole_one(number: float) -> None:
    with pytest.raises(NotCanonical):
        canonical([number])


def test_refuses_what_is_nested_too_deep_instead_of_giving_up() -> None:
    deep: Any = 0
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(NotCanonical, match="nested too deep"):
        canonical(deep)


@given(VALUES)
def test_says_the_same_value_and_sorts_every_level(value: Any) -> None:
    text = canonical(value).decode()
    assert json.loads(text) == value
    pairs: list[list[str]] = []
    json.loads(text, object_pairs_hook=lambda found: pairs.append([key for key, _ in found]))
    for keys in pairs:
        assert keys == sorted(keys, key=lambda key: key.encode("utf-16-be"))
