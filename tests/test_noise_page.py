"""docs/noise.md shows benchmarks/results/discovery.json, every seed counted."""

import json
from pathlib import Path

import pytest

from benchmarks.discovery import results, tables
from benchmarks.discovery.results import FILE, add, as_text

ROOT = Path(__file__).parents[1]
ROW = {
    "theory": "sine_gordon",
    "noise": 0.0,
    "seed": 0,
    "method": "fieldnet",
    "error": 0.001,
    "missing": 0,
    "spurious": 0,
    "verdict": "variational",
    "intervals": [],
    "failed": None,
    "seconds": 2.0,
    "run": 0,
}
FAILED = {**ROW, "error": None, "missing": None, "spurious": None, "verdict": None, "failed": "no answer"}


def test_a_seed_that_fails_is_counted() -> None:
    rows = [ROW, {**ROW, "seed": 1, "spurious": 1, "verdict": "undetermined: x"}, {**FAILED, "seed": 2}]
    content = {"rows": rows}
    assert tables.ladder(content).splitlines()[-1].startswith("| Sine-Gordon | fieldnet | 0.1%, 1 of 3 | – |")
    assert tables.verdicts(content).splitlines()[-1] == (
        "| Sine-Gordon | variational | 1 of 3 | – | – | – | – | – | failed; undetermined |"
    )
    two_fail = {"rows": [*rows[:2], *({**FAILED, "seed": seed} for seed in (2, 3, 4))]}
    assert "| 1e+02%, 1 of 5 |" in tables.ladder(two_fail)


def test_coverage_counts_seeds_without_the_term_as_misses() -> None:
    def row(seed: int, error: float) -> dict:
        part = {"term": "cos(phi)", "error": error, "stderr": 1.0, "z": error}
        return {**ROW, "noise": 0.05, "seed": seed, "intervals": [part]}

    rows = [row(1000, 1.0), row(1001, -1.0), row(1002, 3.0), {**FAILED, "noise": 0.05, "seed": 1003}]
    assert tables.coverage({"rows": rows}).splitlines()[-1] == "| `cos(phi)` | 4 | 2 | 0.50 | 0.50 |"


def test_rows_are_kept_one_by_one_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    add({**ROW, "seed": 1}, {"commit": "a"}, path)
    add(ROW, {"commit": "a"}, path)
    add({**ROW, "error": 0.5}, {"commit": "b"}, path)
    content = results.load(path)
    assert [(row["seed"], row["error"], row["run"]) for row in content["rows"]] == [
        (0, 0.5, 1),
        (1, 0.001, 0),
    ]
    assert content["runs"] == [{"commit": "a"}, {"commit": "b"}]
    assert path.read_text("utf-8") == as_text(content)


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="verdicts"):
        tables.refreshed("<!-- ladder -->\n<!-- end -->", {"rows": []}, [])


def test_the_page_shows_the_recorded_rows() -> None:
    content = json.loads(FILE.read_text("utf-8"))
    page = (ROOT / "docs/noise.md").read_text("utf-8")
    assert tables.refreshed(page, content, tables.bounds_of()) == page
    assert all({"command", "commit"} <= run.keys() for run in content["runs"])
    assert {row["run"] for row in content["rows"]} <= set(range(len(content["runs"])))
