"""How patients are found and named."""

from typing import Any

import pytest

from quill.records.patient import fold, full_name, search_words, summary

ADA: dict[str, Any] = {
    "name": {"family": "O’Brien-Nuñez", "given": ["Ada", "Mae"], "prefix": "Dr"},
    "birth_date": "1950-02-03",
    "nhs_number": "9990000018",
    "identifiers": [{"system": "https://hospital.example/mrn", "value": "M-17"}],
}


@pytest.mark.parametrize(
    ("text", "folded"),
    [("O’Brien-Nuñez", "o brien nunez"), ("STRAẞE", "strasse"), ("  Ünal ", "unal"), ("%_'; --", ""), ("Zoe\u0308", "zoe")],
)
def test_search_knows_no_case_accents_or_punctuation(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_patient_is_found_by_names_birth_date_and_numbers() -> None:
    assert search_words(ADA) == "o brien nunez ada mae 1950 02 03 9990000018 m 17"


def test_the_family_name_comes_first_and_in_capitals() -> None:
    assert full_name(ADA) == "O’BRIEN-NUÑEZ, Ada Mae (Dr)"


def test_one_line_says_when_no_number_is_recorded() -> None:
    assert summary({**ADA, "nhs_number": None}).endswith("born 1950-02-03, NHS none recorded")
