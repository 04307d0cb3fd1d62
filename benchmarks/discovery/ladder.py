"""Every theory, noise, seed and method: what was found, how far from the truth, in what time."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from ..__main__ import origin
from . import results
from .files import COVERAGE_NOISE, COVERAGE_SEEDS, NOISES, SEEDS, data_file
from .peers import pysindy_chosen, pysindy_default
from .plain import plain_weak
from .scoring import score_equations, score_intervals
from .theories import THEORIES, Theory

FOLDER = Path(tempfile.gettempdir()) / "fieldnet-ladder"
SECONDS = 600.0
"""For one file."""
COMMAND = "python -m benchmarks discovery"

NOTHING: dict[str, Any] = {
    "error": None,
    "missing": None,
    "spurious": None,
    "verdict": None,
    "intervals": [],
    "failed": None,
}

Job = tuple[str, float, int, str]


def discover(path: Path, theory: Theory) -> dict[str, Any]:
    """fieldnet's answer, told nothing but the file."""
    import fieldnet  # the others are to run without it

    return fieldnet.discover_lagrangian(path, seed=0, closing=False).content()


METHODS: dict[str, Callable[[Path, Theory], Any]] = {
    "fieldnet": discover,
    "pysindy": pysindy_default,
    "pysindy, chosen windows": pysindy_chosen,
    "plain least squares": plain_weak,
}


def jobs(
    theories: Sequence[str] = tuple(THEORIES),
    noises: Sequence[float] = NOISES,
    seeds: Sequence[int] = SEEDS,
    methods: Sequence[str] = tuple(METHODS),
) -> Iterator[Job]:
    """The ladder, a seed after the other."""
    for seed in seeds:
        for theory in theories:
            for noise in noises:
                for method in methods:
                    yield theory, noise, seed, method


def coverage_jobs(methods: Sequence[str] = ("fieldnet",)) -> Iterator[Job]:
    """Sine-Gordon once more, with enough seeds to tell how good the standard errors are."""
    return jobs(("sine_gordon",), (COVERAGE_NOISE,), COVERAGE_SEEDS, methods)


def measure() -> dict[str, Any]:
    """What is not in the results yet, ladder and coverage. Hours on one core from nothing."""
    run([*jobs(), *coverage_jobs()])
    content = results.load()
    return {"runs": content["runs"], "rows": content["rows"]}


def run(
    wanted: Sequence[Job],
    folder: Path = FOLDER,
    again: bool = False,
    seconds: float = SECONDS,
    command: str = COMMAND,
    path: Path = results.FILE,
) -> None:
    """Measure jobs one after the other, each in a process of its own, and keep each at once.

    Those in the file are left out, unless `again`.
    """
    torch.set_num_threads(1)
    there = {results.key(row) for row in results.load(path)["rows"]}
    code = origin()
    del code["load average at the start"]
    for job in wanted:
        if again or job not in there:
            row = measured(job, folder, seconds)
            results.add(row, {"command": command, **code}, path)
            print(*job, f"{row['seconds']} s", row["failed"] or f"error {row['error']}", flush=True)


def measured(job: Job, folder: Path, seconds: float) -> dict[str, Any]:
    """One row: figures of `score_equations` and `score_intervals`; `seconds` without the imports."""
    row = dict(zip(results.KEY, job, strict=True))
    start = time.perf_counter()
    ours, theirs = multiprocessing.get_context("fork").Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_answer, args=(job, folder, theirs))
    child.start()
    theirs.close()
    try:
        found: dict[str, Any] = (
            ours.recv() if ours.poll(seconds) else {"failed": f"no answer in {seconds:g} s"}
        )
    except EOFError:
        found = {"failed": "the process ended without an answer"}
    finally:
        child.kill()
        child.join()
    spent = float(found.pop("seconds", time.perf_counter() - start))
    return {**row, **NOTHING, **found, "seconds": round(spent, 2)}


def _answer(job: Job, folder: Path, out: Connection) -> None:
    """Send the part of the row that is measured; a method that fails is a row that says so."""
    name, noise, seed, method = job
    theory = THEORIES[name]
    path = data_file(folder, theory, noise, seed)
    start = time.perf_counter()
    try:
        answer = METHODS[method](path, theory)
        seconds = time.perf_counter() - start
        content = answer if isinstance(answer, dict) else {"equations_of_motion": answer}
        row = _rounded(score_equations(content["equations_of_motion"], theory))
        row |= {"equations": list(content["equations_of_motion"]), "seconds": seconds}
        if "terms" in content:
            row["verdict"] = content["verdict"]
            row["intervals"] = [_rounded(part) for part in score_intervals(content, theory)]
    except Exception as error:
        seconds = time.perf_counter() - start
        row = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:200], "seconds": seconds}
    out.send(row)


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return {key: float(f"{x:.4g}") if isinstance(x, float) else x for key, x in figures.items()}
