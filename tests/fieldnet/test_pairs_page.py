"""docs/pairs.md shows benchmarks/results/pairs.json, every seed counted."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = {
    "noise": 0.0,
    "seed": 0,
    "dimension": 3,
    "true dimension": 3,
    "name": "so(3)",
    "angle": 1.0,
    "cosine": None,
    "closure defect": 0.1,
    "structure": 0.2,
    "signature": [0, 3, 0],
    "spread": 2.0,
    "shuffled dimension": 0,
}
MISSED = dict.fromkeys(("name", "angle", "closure defect", "structure", "signature", "spread"))


@pytest.fixture(scope="module")
def benchmark():
    return runpy.run_path(str(ROOT / "benchmarks" / "pairs.py"))


def test_a_seed_that_fails_is_counted(benchmark):
    """The worst angle is shown, and a run without generators lowers the count of right names."""
    runs = [RUN, {**RUN, "angle": 7.0}, {**RUN, **MISSED, "dimension": 0, "shuffled dimension": 1}]
    row = benchmark["table"]({"cases": {"data": {"truth": "so(3)", "runs": runs}}}).splitlines()[-1]
    assert row == "| data | 0% | 3, 3, 0 of 3 | 2 of 3 | 7° | 0.1 | 0.2 | (0, 3, 0) | 2° | 0, 0, 1 |"


def test_the_page_shows_the_recorded_runs(benchmark):
    content = json.loads((ROOT / "benchmarks/results/pairs.json").read_text("utf-8"))
    assert benchmark["table"](content) in (ROOT / "docs/pairs.md").read_text("utf-8")
    assert {"command", "commit", "seconds"} <= content.keys()
    assert content["seeds"] == [100, 101, 102]
    for name, case in content["cases"].items():
        expected = [(noise, seed) for noise in benchmark["CASES"][name].noises for seed in content["seeds"]]
        assert [(run["noise"], run["seed"]) for run in case["runs"]] == expected
