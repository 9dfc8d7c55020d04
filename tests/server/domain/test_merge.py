"""Proposals for a reviewer: both edits in one text, and never a long wait."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from quill.domain.merge import matches, merged_text, words

WORDS = st.lists(st.sampled_from(["a ", "b ", "c\n", "d"]), max_size=12)


@given(WORDS, WORDS)
def test_matches_are_a_longest_common_subsequence(a: list[str], b: list[str]) -> None:
    found = matches(a, b)
    assert found is not None
    pairs = sorted(found.items())
    assert all(a[i] == b[j] for i, j in pairs)
    assert all(left[1] < right[1] for left, right in pairwise(pairs))
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            longest[i + 1][j + 1] = longest[i][j] + 1 if x == y else max(longest[i][j + 1], longest[i + 1][j])
    assert len(pairs) == longest[-1][-1]


@given(st.text(), st.text())
def test_what_only_one_changed_is_taken(base: str, changed: str) -> None:
    if base:
        assert merged_text(base, changed, base) in (changed, None)
        assert merged_text(base, base, changed) in (changed, None)


@given(st.text())
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text


def test_texts_too_different_have_no_proposal_and_cost_no_time() -> None:
    base = " ".join(f"a{n}" for n in range(20_000))
    other = " ".join(f"b{n}" for n in range(20_000))
    begun = time.perf_counter()
    assert merged_text(base, other, base + " end") is None
    assert time.perf_counter() - begun < 2
