"""Networks from noisy phases: edges, weights and intervals, on seeds that no choice was made with.

`python -m benchmarks.networks [--again] [--rows TEXT]` fills benchmarks/results/networks.json row by row; an
interrupted run resumes. `--page` puts the table into docs/networks.md.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fieldnet.networks.fit import fit_law
from fieldnet.networks.law import Law

from .__main__ import RESULTS, origin, replace

FILE = RESULTS / "networks.json"
PAGE = Path(__file__).parent.parent / "docs" / "networks.md"
STEP, DURATION = 0.02, 10.0
PLAIN = ((1.0, 0.0),)
BENT = ((float(np.cos(0.3)), float(-np.sin(0.3))), (0.3, 0.1))


@dataclass(frozen=True)
class Row:
    """A random network of mean degree 4, K symmetric in (0.2, 0.5), ω ~ N(0, 1), phases from anywhere."""

    name: str
    nodes: int
    transients: int
    noise: float
    order: int = 1
    damping: float = 0.0
    form: tuple[tuple[float, float], ...] = PLAIN
    seeds: tuple[int, ...] = (200, 201, 202)


ROWS = (
    Row("first order", 30, 5, 0.0),
    Row("first order", 30, 5, 0.01),
    Row("first order", 30, 5, 0.05),
    Row("first order", 30, 5, 0.1),
    Row("first order", 30, 3, 0.05),
    Row("first order", 30, 2, 0.05),
    Row("first order", 30, 1, 0.05),
    Row("lag and second harmonic", 30, 5, 0.05, form=BENT),
    Row("inertia", 30, 5, 0.05, order=2),
    Row("inertia, γ = 0.3", 30, 5, 0.05, order=2, damping=0.3),
    Row("first order", 100, 50, 0.05, seeds=(200,)),
)


def data(row: Row, seed: int) -> tuple[Law, np.ndarray]:
    """The truth and noisy phases, (samples, time, node)."""
    rng = np.random.default_rng(seed)
    shape = (row.nodes, row.nodes)
    weights = np.triu((rng.random(shape) < 4 / (row.nodes - 1)) * rng.uniform(0.2, 0.5, shape), 1)
    truth = Law(
        row.order,
        weights + weights.T,
        rng.normal(0, 1, row.nodes),
        np.full(row.nodes, row.damping),
        np.array(row.form),
        np.zeros((2, 2)),
    )
    initial = rng.uniform(-np.pi, np.pi, (row.transients, row.nodes))
    if row.order == 2:
        initial = np.concatenate([initial, rng.normal(0, 1, initial.shape)], 1)
    states = truth.run(initial, round(DURATION / STEP), STEP, 2)[..., : row.nodes]
    return truth, states + row.noise * rng.standard_normal(states.shape)


def score(row: Row, seed: int) -> dict[str, Any]:
    """Edges wrong, errors of the weights of true edges, and how many 95% intervals hold the truth."""
    truth, phases = data(row, seed)
    start = time.perf_counter()
    fit = fit_law(phases, STEP)
    seconds = time.perf_counter() - start
    found, edges = fit.law.coupling, truth.coupling != 0
    both = edges & (found != 0)
    count = int(fit.free.edges.sum())
    errors = np.ones(edges.shape)
    errors[fit.free.edges] = np.sqrt(np.diag(fit.covariance)[:count])
    relative = np.abs(found - truth.coupling)[both] / truth.coupling[both]
    return {
        "seed": seed,
        "order": fit.law.order,
        "settled": fit.settled,
        "edges": int(edges.sum()),
        "false": int((~edges & (found != 0)).sum()),
        "missed": int((edges & (found == 0)).sum()),
        "worst": float(relative.max(initial=0.0)),
        "median": float(np.median(relative)) if both.any() else None,
        "worst standard error": float((errors / np.where(edges, truth.coupling, 1.0))[both].max(initial=0.0)),
        "covered": int((np.abs(found - truth.coupling)[both] < 1.96 * errors[both]).sum()),
        "found": int(both.sum()),
        "all edges allowed, worst standard error": float(fit.full_stderr.max()),
        "harmonics": fit.law.form.tolist(),
        "noise": fit.sigma,
        "seconds": round(seconds, 1),
    }


def measure(wanted: str = "", again: bool = False) -> dict[str, Any]:
    """Every row that is not in the file yet, written as soon as it is known."""
    content: dict[str, Any] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {"runs": []}
    for row in ROWS:
        for seed in row.seeds:
            key = {**asdict(row), "form": [list(pair) for pair in row.form], "seeds": None}
            known = [run for run in content["runs"] if run["row"] == key and run["seed"] == seed]
            if wanted not in f"{row.name} {row.nodes} {row.transients} {row.noise}" or (known and not again):
                continue
            content["runs"] = [run for run in content["runs"] if run not in known]
            content["runs"].append({"row": key, **score(row, seed), "commit": origin()["commit"]})
            content |= {"command": "python -m benchmarks.networks", **origin()}
            replace(FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return content


HEAD = (
    "oscillators",
    "noise",
    "N",
    "transients",
    "edges wrong",
    "worst weight",
    "its σ",
    "covered",
    "settled",
    "s",
)


def table(content: Mapping[str, Any]) -> str:
    """Markdown, one row a network and noise: sums of wrong edges, the worst weight of each seed."""
    lines = [f"| {' | '.join(HEAD)} |", f"| {' | '.join('---' for _ in HEAD)} |"]
    for row in ROWS:
        key = {**asdict(row), "form": [list(pair) for pair in row.form], "seeds": None}
        runs = [run for run in content["runs"] if run["row"] == key]
        if not runs:
            continue
        wrong = f"{sum(r['false'] for r in runs)} false, {sum(r['missed'] for r in runs)} missed"
        cells = [
            row.name,
            f"{row.noise:g}",
            str(row.nodes),
            str(row.transients),
            f"{wrong} of {sum(r['edges'] for r in runs)}",
            ", ".join(f"{r['worst']:.2g}" for r in runs),
            ", ".join(f"{r['worst standard error']:.2g}" for r in runs),
            f"{sum(r['covered'] for r in runs) / max(1, sum(r['found'] for r in runs)):.0%}",
            f"{sum(r['settled'] for r in runs)} of {len(runs)}",
            f"{max(r['seconds'] for r in runs):.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_page() -> None:
    """The table between its two marks in docs/networks.md."""
    text = PAGE.read_text("utf-8")
    content = json.loads(FILE.read_text("utf-8"))
    inside = f"<!-- table -->\n{table(content)}\n<!-- end -->"
    replace(PAGE, re.sub(r"<!-- table -->.*<!-- end -->", lambda _: inside, text, flags=re.DOTALL))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="measure rows that are known already")
    parser.add_argument("--rows", default="", help="part of 'NAME N TRANSIENTS NOISE'")
    parser.add_argument("--page", action="store_true", help="only write docs/networks.md")
    given = parser.parse_args()
    if not given.page:
        print(table(measure(given.rows, given.again)))
    write_page()
