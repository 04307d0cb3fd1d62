"""The table of speeds in docs/generators.md is that of benchmarks/results/lconv.json."""

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
KINDS = ("dense", "low rank 8", "stencil 3×3", "circulant by FFT", "graph of 4 neighbours")


def rows(content: dict) -> list[str]:
    """One row a shape: times of the plain einsum over ours, on one and two threads, and memory."""
    one, two = content["time, 1 thread"], content["time, 2 threads"]
    memory = content["peak extra memory, one thread"]
    table = []
    for shape in one:
        ratios = [
            " / ".join(
                f"{part[shape]['milliseconds']['plain einsum'] / part[shape]['milliseconds'][kind]:.3g}"
                for part in (one, two)
            )
            for kind in KINDS
        ]
        share = f"{memory[shape]['dense to plain einsum']['ratio']:.2f}"
        table.append(f"| {shape} | {' | '.join(ratios)} | {share} |")
    return table


def test_the_table_is_that_of_the_benchmark() -> None:
    content = json.loads((ROOT / "benchmarks/results/lconv.json").read_text("utf-8"))
    page = (ROOT / "docs/generators.md").read_text("utf-8")
    assert len(rows(content)) == 4
    for row in rows(content):
        assert row in page
