"""Modulus 11."""

import pytest

from quill_schemas import is_nhs_number

from .vectors import named, vectors

VECTORS = vectors("nhs-numbers")


@pytest.mark.parametrize("number", VECTORS["valid"])
def test_valid(number: str) -> None:
    assert is_nhs_number(number)


@pytest.mark.parametrize("case", **named(VECTORS["invalid"]))
def test_invalid(case: dict[str, str]) -> None:
    assert not is_nhs_number(case["number"])
