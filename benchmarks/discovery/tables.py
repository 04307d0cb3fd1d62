"""The tables of docs/noise.md, from benchmarks/results/discovery.json and information.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from ..__main__ import RESULTS
from .files import COVERAGE_NOISE, COVERAGE_SEEDS, NOISES, SEEDS
from .ladder import METHODS
from .theories import THEORIES, Theory

PAGE = Path(__file__).parents[2] / "docs" / "noise.md"

BOUNDS = "worst coefficient, least standard error in percent"

Rows = Sequence[Mapping[str, Any]]


def refreshed(page: str, content: Mapping[str, Any], bounds: Rows) -> str:
    """The page with each table between `<!-- NAME -->` and `<!-- end -->` made anew."""
    made = {
        "ladder": ladder(content),
        "verdicts": verdicts(content),
        "coverage": coverage(content),
        "information": information(content, bounds),
    }
    for name, table in made.items():
        before, opening, rest = page.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition("<!-- end -->")
        if not closing:
            raise ValueError(f"got a page without <!-- {name} --> and <!-- end --> after it; put them in")
        page = f"{before}{opening}\n{table}\n\n{closing}{after}"
    return page


def ladder(content: Mapping[str, Any]) -> str:
    """Markdown: the error of the median seed, and how many seeds have the right terms and no others.

    A seed that failed, or lacks a term, has an error of at least 100%.
    """
    head = ("theory", "method", *(f"{noise:.0%}" for noise in NOISES), "seconds")
    lines = _head(head)
    for theory in THEORIES.values():
        for method in METHODS:
            rows = _rows(content, theory.name, method, SEEDS)
            if rows:
                cells = [_errors([row for row in rows if row["noise"] == noise]) for noise in NOISES]
                seconds = f"{median(row['seconds'] for row in rows):.2g}"
                lines.append(f"| {' | '.join([theory.title, method, *cells, seconds])} |")
    return "\n".join(lines)


def verdicts(content: Mapping[str, Any]) -> str:
    """Markdown: of the seeds at every noise, how many have the right verdict; other verdicts beside them."""
    lines = _head(("theory", "verdict", *(f"{noise:.0%}" for noise in NOISES), "other verdicts"))
    for theory in THEORIES.values():
        rows = _rows(content, theory.name, "fieldnet", SEEDS)
        if rows:
            cells = []
            for noise in NOISES:
                here = [row for row in rows if row["noise"] == noise]
                cells.append(f"{sum(_right(row, theory) for row in here)} of {len(here)}" if here else "–")
            others = sorted({_kind(row) for row in rows if not _right(row, theory)})
            lines.append(
                f"| {' | '.join([theory.title, theory.verdict, *cells, '; '.join(others) or '–'])} |"
            )
    return "\n".join(lines)


def coverage(content: Mapping[str, Any]) -> str:
    """Markdown, one row a term of Sine-Gordon's density: how often the 95% interval holds the truth, and the
    mean stated error over the spread of the estimates. Seeds without that term are counted as not covered.
    """
    rows = [
        row
        for row in _rows(content, "sine_gordon", "fieldnet", COVERAGE_SEEDS)
        if row["noise"] == COVERAGE_NOISE
    ]
    lines = _head(("term", "seeds", "95% interval holds", "stated error / spread", "bias / spread"))
    for term in sorted({part["term"] for row in rows for part in row["intervals"]}):
        parts = [part for row in rows for part in row["intervals"] if part["term"] == term]
        if len(parts) < 2:
            continue
        inside = sum(abs(part["z"]) <= 1.96 for part in parts)
        errors = [part["error"] for part in parts]
        spread = stdev(errors)
        stated = fmean(part["stderr"] for part in parts)
        lines.append(
            f"| `{term}` | {len(rows)} | {inside} | {stated / spread:.2f} | {fmean(errors) / spread:.2f} |"
        )
    return "\n".join(lines)


def information(content: Mapping[str, Any], bounds: Rows) -> str:
    """Markdown: the error of the median seed, and the median Cramér–Rao bound of the same seeds."""
    noises = [noise for noise in NOISES if noise]
    lines = _head(("theory", "", *(f"{noise:.0%}" for noise in noises)))
    for name in dict.fromkeys(bound["theory"] for bound in bounds):
        theory = THEORIES[name]
        rows = _rows(content, name, "fieldnet", SEEDS)
        own = [[row for row in rows if row["noise"] == noise] for noise in noises]
        least = [
            median(bound[f"{noise:.0%}"] for bound in bounds if bound["theory"] == name) for noise in noises
        ]
        lines.append(f"| {theory.title} | error | {' | '.join(_error(part) for part in own)} |")
        lines.append(f"| | bound | {' | '.join(f'{value:.2g}%' for value in least)} |")
    return "\n".join(lines)


def bounds_of(path: Path = RESULTS / "information.json") -> Rows:
    """The recorded bounds."""
    return json.loads(path.read_text("utf-8"))[BOUNDS]


def _head(names: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(names)} |", f"| {' | '.join('---' for _ in names)} |"]


def _rows(content: Mapping[str, Any], theory: str, method: str, seeds: Sequence[int]) -> Rows:
    chosen = set(seeds)
    return [
        row
        for row in content["rows"]
        if row["theory"] == theory and row["method"] == method and row["seed"] in chosen
    ]


def _errors(rows: Rows) -> str:
    if not rows:
        return "–"
    right = sum(row["failed"] is None and row["missing"] == row["spurious"] == 0 for row in rows)
    return f"{_error(rows)}, {right} of {len(rows)}"


def _error(rows: Rows) -> str:
    """Of the median row; one that failed has an error of 100%."""
    if not rows:
        return "–"
    return f"{100 * median(1.0 if row['error'] is None else row['error'] for row in rows):.2g}%"


def _right(row: Mapping[str, Any], theory: Theory) -> bool:
    return row["verdict"] is not None and row["verdict"].startswith(theory.verdict)


def _kind(row: Mapping[str, Any]) -> str:
    """The verdict up to its details; of a row without one, that it failed."""
    return "failed" if row["verdict"] is None else row["verdict"].split(":")[0]
