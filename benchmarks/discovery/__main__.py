"""`python -m benchmarks.discovery`: parts of the ladder, resumed where it was stopped."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from .files import NOISES, SEEDS
from .ladder import FOLDER, METHODS, SECONDS, coverage_jobs, jobs, run
from .results import load
from .tables import PAGE, bounds_of, refreshed
from .theories import THEORIES


def main(arguments: list[str]) -> None:
    """Measure what the options choose and the results lack."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.discovery")
    parser.add_argument("--theory", nargs="+", choices=THEORIES, default=list(THEORIES))
    parser.add_argument("--noise", nargs="+", type=float, default=list(NOISES), help="fractions such as 0.05")
    parser.add_argument("--seed", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--method", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--coverage", action="store_true", help="Sine-Gordon at 5%% noise with 100 seeds")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the files")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for one file")
    parser.add_argument("--again", action="store_true", help="also what is in the results")
    parser.add_argument("--page", action="store_true", help="only put the tables into docs/noise.md")
    parsed = parser.parse_args(arguments)
    if parsed.page:
        PAGE.write_text(refreshed(PAGE.read_text("utf-8"), load(), bounds_of()), "utf-8")
        return
    if parsed.coverage:
        chosen = list(coverage_jobs(parsed.method))
    else:
        chosen = list(jobs(parsed.theory, parsed.noise, parsed.seed, parsed.method))
    words = _without_folder(arguments)
    command = shlex.join(["python", "-m", "benchmarks.discovery", *words])
    run(chosen, parsed.data, parsed.again, parsed.seconds, command)


def _without_folder(arguments: list[str]) -> list[str]:
    """The options that decide what is measured: where the files lie does not."""
    kept, skip = [], False
    for word in arguments:
        if skip or word == "--data":
            skip = word == "--data"
        elif not word.startswith("--data="):
            kept.append(word)
    return kept


if __name__ == "__main__":
    main(sys.argv[1:])
