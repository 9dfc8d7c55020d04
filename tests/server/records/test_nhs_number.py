"""NHS numbers as people write and read them; the check digit itself is held to the shared vectors."""

import pytest

from quill.records.nhs_number import displayed, normalised


@pytest.mark.parametrize("written", ["9990000018", "999 000 0018", "999-000-0018", " 999\u00a0000\u20090018 "])
def test_a_number_is_read_however_it_is_spaced(written: str) -> None:
    assert normalised(written) == "9990000018"


@pytest.mark.parametrize("written", ["", "999000001", "9990000019", "99900000181", "999000001O", "９９９０００００１８"])
def test_what_is_no_number_is_none(written: str) -> None:
    assert normalised(written) is None


def test_it_is_shown_in_threes_and_four() -> None:
    assert displayed("9990000018") == "999 000 0018"
