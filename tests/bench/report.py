"""Figures side by side: what was measured against what, as a table, JSON, Markdown and a plot.

``python tests/bench/report.py FILE`` shows figures that another program wrote as JSON (the app's, from the browser).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from plot import plot

REPEATS = 5
OURS, LIMIT, PEER = "ours", "limit", "peer"


@dataclass(frozen=True)
class Contender:
    """``spread``: [median, least, most] in the figure's unit; None where there is nothing, and ``missing`` says why."""

    name: str
    role: str
    spread: Sequence[float] | None
    missing: str = ""


@dataclass(frozen=True)
class Floor:
    """What ours may be at most (times), or has to be at least (rates), in units of a contender's median."""

    against: str
    factor: float


@dataclass(frozen=True)
class Figure:
    """``contenders``: ours first. ``unit``: ``ms`` and ``MB`` are better small, anything else is better large."""

    name: str
    unit: str
    contenders: Sequence[Contender]
    floor: Floor | None = None

    @property
    def small_is_better(self) -> bool:
        return self.unit in ("ms", "MB")

    def median(self, name: str) -> float | None:
        return next((one.spread[0] for one in self.contenders if one.name == name and one.spread), None)

    def ratio(self, name: str) -> float | None:
        """Ours in units of another's median."""
        ours, theirs = self.median(self.contenders[0].name), self.median(name)
        return None if ours is None or not theirs else ours / theirs

    def reached(self) -> bool | None:
        """Whether the floor is; None where there is none."""
        if self.floor is None:
            return None
        ratio = self.ratio(self.floor.against)
        if ratio is None:
            return False
        return ratio <= self.floor.factor if self.small_is_better else ratio >= self.floor.factor

    def wanted(self) -> str:
        if self.floor is None:
            return ""
        sign = "≤" if self.small_is_better else "≥"
        return f"floor {sign} {self.floor.factor:g} × {self.floor.against}: {'reached' if self.reached() else 'MISSED'}"


Measure = Callable[[], float]


class Turns:
    """Contenders measured in turn, round after round, so that whatever the machine does meets all of them alike."""

    def __init__(self) -> None:
        self._measures: dict[str, tuple[str, Measure | str]] = {}

    def add(self, name: str, role: str, measure: Measure | str) -> Turns:
        """``measure`` answers one value; a sentence in its place says why there is none."""
        self._measures[name] = (role, measure)
        return self

    def run(self, figure: str, unit: str, floor: Floor | None = None, repeats: int = REPEATS) -> Figure:
        """One round that isn't counted, then ``repeats`` that are."""
        values: dict[str, list[float]] = {name: [] for name in self._measures}
        for counted in (False, *[True] * repeats):
            for name, (_, measure) in self._measures.items():
                if not isinstance(measure, str):
                    value = measure()
                    print(f"{figure}: {name}: {_number(value)} {unit}", file=sys.stderr, flush=True)
                    if counted:
                        values[name].append(value)
        return Figure(figure, unit, [self._contender(name, values[name]) for name in self._measures], floor)

    def _contender(self, name: str, values: Sequence[float]) -> Contender:
        role, measure = self._measures[name]
        if isinstance(measure, str):
            return Contender(name, role, None, measure)
        return Contender(name, role, spread(values))


def spread(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in (statistics.median(values), min(values), max(values))]


def table(figures: Sequence[Figure]) -> str:
    lines = []
    for figure in figures:
        lines += ["", f"{figure.name}  [{figure.unit}]  {figure.wanted()}".rstrip()]
        for one in figure.contenders:
            lines.append(f"  {one.name:<58} {_said(one):<32} {_compared(figure, one)}".rstrip())
    return "\n".join(lines)


def markdown(figures: Sequence[Figure]) -> str:
    lines = ["| figure | | median (range) | ours to it |", "| --- | --- | --- | --- |"]
    for figure in figures:
        for place, one in enumerate(figure.contenders):
            name = f"**{figure.name}**, {figure.unit}" if place == 0 else ""
            wanted = figure.wanted() if place == 0 else _compared(figure, one)
            lines.append(f"| {name} | {one.name} | {_said(one)} | {wanted} |")
    return "\n".join(lines) + "\n"


def _said(one: Contender) -> str:
    if one.spread is None:
        return f"missing: {one.missing}"
    median, least, most = (_number(value) for value in one.spread)
    return f"{median} ({least} – {most})"


def _compared(figure: Figure, one: Contender) -> str:
    ratio = figure.ratio(one.name)
    return "" if ratio is None or one is figure.contenders[0] else f"{ratio:.2g} ×" if ratio < 10 else f"{ratio:.0f} ×"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def keep(folder: Path, name: str, machine: Mapping[str, object], figures: Sequence[Figure]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    said = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    (folder / f"{name}.json").write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    (folder / f"{name}.md").write_text(markdown(figures))
    (folder / f"{name}.svg").write_text(plot(figures))


def read(file: Path) -> tuple[dict[str, object], list[Figure]]:
    said = json.loads(file.read_text())
    figures = [
        Figure(
            one["name"], one["unit"], [Contender(**each) for each in one["contenders"]], one["floor"] and Floor(**one["floor"])
        )
        for one in said["figures"]
    ]
    return said["machine"], figures


def show(folder: Path, name: str, machine: Mapping[str, object], figures: Sequence[Figure]) -> int:
    """Prints and keeps them; 1 where a floor was missed."""
    keep(folder, name, machine, figures)
    print(table(figures))
    missed = [figure.name for figure in figures if figure.reached() is False]
    print(
        f"\nKept in {folder}/{name}.json, .md and .svg. "
        + (f"MISSED: {'; '.join(missed)}." if missed else "Every floor reached.")
    )
    return 1 if missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    return show(file.parent, file.stem, *read(file))


if __name__ == "__main__":
    sys.exit(main())
