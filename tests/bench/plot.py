"""Figures as bars, in SVG: within a figure the longest bar is the largest value, a line over its end is the range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from report import Contender, Figure

WIDTH, NAMES, VALUES, LINE, HEADING = 960, 380, 130, 20, 30
COLOURS = {"ours": "#0b7285", "limit": "#adb5bd", "peer": "#e8a33d"}


def plot(figures: Sequence[Figure]) -> str:
    height = sum(HEADING + LINE * len(figure.contenders) + 10 for figure in figures) + 30
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    y = 10
    for figure in figures:
        lines += _figure(figure, y)
        y += HEADING + LINE * len(figure.contenders) + 10
    lines += [*_legend(y), "</svg>"]
    return "\n".join(lines) + "\n"


def _figure(figure: Figure, top: int) -> Iterator[str]:
    better = "shorter is better" if figure.small_is_better else "longer is better"
    yield f'<text x="10" y="{top + 16}" font-weight="bold">{escape(figure.name)}, {escape(figure.unit)} ({better})</text>'
    largest = max((one.spread[2] for one in figure.contenders if one.spread), default=1) or 1
    for place, one in enumerate(figure.contenders):
        yield from _bar(one, top + HEADING + LINE * place, (WIDTH - NAMES - VALUES) / largest)


def _bar(one: Contender, y: int, scale: float) -> Iterator[str]:
    yield f'<text x="{NAMES - 8}" y="{y + 12}" text-anchor="end">{escape(one.name)}</text>'
    if one.spread is None:
        yield f'<text x="{NAMES}" y="{y + 12}" fill="#868e96">missing: {escape(one.missing)}</text>'
        return
    median, least, most = one.spread
    yield f'<rect x="{NAMES}" y="{y + 2}" width="{max(median * scale, 1):.1f}" height="13" fill="{COLOURS[one.role]}"/>'
    yield f'<path d="M{NAMES + least * scale:.1f} {y + 8.5}H{NAMES + most * scale:.1f}" stroke="#212529"/>'
    yield f'<text x="{NAMES + most * scale + 6:.1f}" y="{y + 12}">{median:,.{0 if median >= 100 else 2}f}</text>'


def _legend(y: int) -> Iterator[str]:
    for place, (role, words) in enumerate({"ours": "Quill", "limit": "limit on this machine", "peer": "peer"}.items()):
        x = NAMES + 150 * place
        yield f'<rect x="{x}" y="{y}" width="12" height="12" fill="{COLOURS[role]}"/>'
        yield f'<text x="{x + 18}" y="{y + 10}">{words}</text>'
