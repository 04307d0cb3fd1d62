"""Progress bars with the loss and the time left, on standard error."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ..learning.gradient import Progress as Report

CONSOLE = Console(stderr=True)


@contextmanager
def training_progress(figure: str = "loss") -> Iterator[Report]:
    """A callback progress(stage, fraction done, value) that draws a bar for each training or search.

    `stage` is "what, step", the last step of each "done"; `figure` names the value. Where standard error is
    no terminal, a line at the end of each instead.
    """
    if not CONSOLE.is_terminal:
        yield _Lines(figure).report
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn(figure + " {task.fields[value]:.3e}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=CONSOLE) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, fraction: float, value: float) -> None:
            label, _, step = stage.rpartition(", ")
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=1.0, value=value)
            done = fraction if step != "done" else 1.0
            bars.update(tasks[label], completed=done, value=value, description=f"{label}, {step}")

        yield report


class _Lines:
    """One line when a training ends."""

    def __init__(self, figure: str) -> None:
        self.figure = figure
        self.started: dict[str, float] = {}

    def report(self, stage: str, fraction: float, value: float) -> None:
        label, _, step = stage.rpartition(", ")
        began = self.started.setdefault(label, time.perf_counter())
        if step == "done":
            CONSOLE.print(
                f"{label}: {self.figure} {value:.3e} after {time.perf_counter() - began:.0f} s",
                highlight=False,
            )


@contextmanager
def simple_progress(label: str) -> Iterator:
    """A callback progress(fraction done) with one bar."""
    if not CONSOLE.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=CONSOLE) as bars:
        task = bars.add_task(label, total=1.0)
        yield lambda fraction: bars.update(task, completed=fraction)
