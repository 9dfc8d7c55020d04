"""A three-way proposal for two edits of one text. It is only ever shown to a reviewer, never applied by itself.

Differences are found word by word with Myers' greedy algorithm (E. W. Myers, "An O(ND) Difference Algorithm", 1986),
bounded, so that no text can hold up the queue: past the bound there is simply no proposal.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

MAX_WORDS = 20_000
MAX_DIFFERENCES = 300
_WORDS = re.compile(r"[^ \t\n\r]+[ \t\n\r]*|[ \t\n\r]+")


def words(text: str) -> list[str]:
    """Words with the white space after them; joined they are the text again."""
    return _WORDS.findall(text)


def matches(a: Sequence[str], b: Sequence[str]) -> dict[int, int] | None:
    """Which words of `a` stand in `b`, by position, in order; None when they differ in more than `MAX_DIFFERENCES`."""
    start = 0
    while start < len(a) and start < len(b) and a[start] == b[start]:
        start += 1
    end = 0
    while end < len(a) - start and end < len(b) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    found = {i: i for i in range(start)}
    found.update({len(a) - end + i: len(b) - end + i for i in range(end)})
    middle = _myers(a[start : len(a) - end], b[start : len(b) - end])
    if middle is None:
        return None
    found.update({start + i: start + j for i, j in middle.items()})
    return found


def _myers(a: Sequence[str], b: Sequence[str]) -> dict[int, int] | None:
    n, m = len(a), len(b)
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    for d in range(min(n + m, MAX_DIFFERENCES) + 1):
        trail.append(dict(furthest))
        for k in range(-d, d + 1, 2):
            down = k == -d or (k != d and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            while x < n and x - k < m and a[x] == b[x - k]:
                x += 1
            furthest[k] = x
            if x >= n and x - k >= m:
                return _walk_back(trail, n, m)
    return None


def _walk_back(trail: Sequence[Mapping[int, int]], n: int, m: int) -> dict[int, int]:
    found: dict[int, int] = {}
    x, y = n, m
    for d in range(len(trail) - 1, -1, -1):
        furthest = trail[d]
        k = x - y
        down = k == -d or (k != d and furthest[k - 1] < furthest[k + 1])
        before_k = k + 1 if down else k - 1
        before_x = furthest[before_k]
        before_y = before_x - before_k
        while x > max(before_x, 0) and y > max(before_y, 0):
            x, y = x - 1, y - 1
            found[x] = y
        x, y = before_x, before_y
    return found


def merged_text(base: str, theirs: str, mine: str) -> str | None:
    """Both edits in one text; where they touch the same words, theirs and then mine. None: too different to propose."""
    if not base:
        return f"{theirs}\n\n{mine}" if theirs != mine else theirs
    o, a, b = words(base), words(theirs), words(mine)
    if max(len(o), len(a), len(b)) > MAX_WORDS:
        return None
    in_a, in_b = matches(o, a), matches(o, b)
    if in_a is None or in_b is None:
        return None
    out: list[str] = []
    at_o = at_a = at_b = 0
    for o_next in [i for i in range(len(o)) if i in in_a and i in in_b] + [len(o)]:
        a_next, b_next = in_a.get(o_next, len(a)), in_b.get(o_next, len(b))
        out.append(_chunk("".join(o[at_o:o_next]), "".join(a[at_a:a_next]), "".join(b[at_b:b_next])))
        if o_next < len(o):
            out.append(o[o_next])
        at_o, at_a, at_b = o_next + 1, a_next + 1, b_next + 1
    return "".join(out)


def _chunk(base: str, theirs: str, mine: str) -> str:
    if theirs in (base, mine):
        return mine
    if mine == base:
        return theirs
    gap = "" if not theirs or theirs[-1] in " \t\n\r" else " "
    return theirs + gap + mine


def proposal(base: Any, theirs: Any, mine: Any) -> Any:
    """A proposed value for a field that holds text: a letter's section, or a plain text; None where there is none to make."""
    if isinstance(theirs, str) and isinstance(mine, str):
        return merged_text(base if isinstance(base, str) else "", theirs, mine)
    if not (isinstance(theirs, Mapping) and isinstance(mine, Mapping) and "text" in theirs and "text" in mine):
        return None
    base = base if isinstance(base, Mapping) else {}
    text = merged_text(base.get("text", ""), theirs["text"], mine["text"])
    if text is None:
        return None
    rest = {k: mine[k] if theirs.get(k) == base.get(k) else theirs[k] for k in ("title", "order") if k in theirs and k in mine}
    return {**rest, "text": text}
