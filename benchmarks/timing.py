"""Timing of contestants in turn, so that a drift of the machine's speed touches all of them alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Seconds = dict[str, list[float]]


def in_turn(contestants: Mapping[str, Callable[[], object]], rounds: int = 11, repeats: int = 1) -> Seconds:
    """Wall-clock seconds of each contestant in each round, after one round that is not counted.

    In a round each runs `repeats` times in a row, of which the mean counts.
    """
    seconds: Seconds = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            start = time.perf_counter()
            for _ in range(repeats):
                run()
            if number:
                seconds[name].append((time.perf_counter() - start) / repeats)
    return seconds


def ratio(seconds: Seconds, slow: str, fast: str) -> float:
    """The median over the rounds of the time of `slow` over that of `fast`."""
    return statistics.median(a / b for a, b in zip(seconds[slow], seconds[fast], strict=True))


def verdict(value: float, target: float, at_most: bool = False) -> dict[str, Any]:
    """A figure beside its target, and whether it is met."""
    met = value <= target if at_most else value >= target
    return {"ratio": round(value, 3), "target": f"{'≤' if at_most else '≥'} {target:g}", "met": met}


def milliseconds(seconds: Seconds) -> dict[str, float]:
    """The median of each contestant."""
    return {name: round(1e3 * statistics.median(values), 4) for name, values in seconds.items()}


def fresh_process(code: str, environment: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Wall-clock seconds of `python -c code`, and what it printed; RuntimeError if it fails."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"a benchmark failed:\n{done.stderr}")
    return seconds, done.stdout.strip()
