"""Figures of the robustness experiment: predicted and measured change of the loss, and fragile places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from ..report.drawing import CYCLE, GREY, INK, WIDTH, logarithmic
from .saving import save_figure
from .style import picture_style

FIGURES = ("robustness.png", "fragile.png")


def draw_robustness(result: dict[str, Any], folder: Path) -> list[Path]:
    """Both figures as PNG files in the folder; returns where."""
    paths = [folder / name for name in FIGURES]
    with picture_style():
        for path, draw in zip(paths, (predicted_and_measured, fragile_places), strict=True):
            save_figure(draw(result), path)
    return paths


def predicted_and_measured(result: dict[str, Any]) -> Figure:
    """One panel a task, the first seed: measured RMS change of the loss over the predicted one, by model; and
    below, over the loss itself.
    """
    tasks = result["tasks"]
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    axes = figure.subplots(2, len(tasks), squeeze=False)
    for column, (task, models) in enumerate(tasks.items()):
        for row, name in enumerate(("predicted", "loss")):
            ax = axes[row][column]
            for (model, content), colour in zip(models.items(), CYCLE, strict=False):
                samples = content["samples"]
                ax.plot(samples[name], samples["measured"], ".", color=colour, markersize=3.5, label=model)
            ax.set_xlabel(("predicted RMS change", "loss")[row])
            for axis in "xy":
                _decades(ax, axis)
        _diagonal(axes[0][column])
        axes[0][column].set_title(task)
        axes[0][column].legend(markerscale=2.5, handletextpad=0.2, loc="upper left")
    for row in axes:
        row[0].set_ylabel("measured RMS change")
    return figure


def _decades(ax: Axes, axis: str) -> None:
    """A logarithmic axis, with 1, 2, 5, 10, … where it spans less than two powers of ten."""
    logarithmic(ax, axis)
    low, high = getattr(ax, f"get_{axis}lim")()
    if high < 100 * low:
        which = getattr(ax, f"{axis}axis")
        which.set_major_locator(LogLocator(subs=(1, 2, 5)))
        which.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:g}"))


def _diagonal(ax: Axes) -> None:
    limits = np.array([max(ax.get_xlim()[0], ax.get_ylim()[0]), min(ax.get_xlim()[1], ax.get_ylim()[1])])
    ax.plot(limits, limits, color=INK, linewidth=0.7, zorder=0)


def fragile_places(result: dict[str, Any]) -> Figure:
    """Rows of tasks: input and Euler–Lagrange expression of the sample of median score and the two of
    greatest. L-conv, first seed. Images are blue and red by the sign, each panel by its own largest value.
    """
    examples = result["examples"]
    figure = Figure(figsize=(WIDTH, 1.9 * len(examples)), layout="constrained")
    rows = figure.subfigures(len(examples), 1, squeeze=False)
    for (task, samples), part in zip(examples.items(), rows[:, 0], strict=True):
        part.suptitle(task, x=0.01, ha="left", fontsize=9.5)
        width = 2 if np.ndim(samples[0]["input"]) == 2 else 1
        axes = part.subplots(1, width * len(samples), squeeze=False)[0]
        for number, sample in enumerate(samples):
            title = f"{('median', 'second greatest', 'greatest')[number]}: score {sample['score']:.2g}"
            if width == 2:
                _image(axes[2 * number], np.array(sample["input"]), "gray", title)
                _image(axes[2 * number + 1], np.array(sample["euler_lagrange"]), "RdBu_r", "δI/δf")
            else:
                _curves(axes[number], sample, title, number == 0)
    return figure


def _image(ax: Axes, values: np.ndarray, colours: str, title: str) -> None:
    limit = np.abs(values).max() or 1.0
    low = -limit if colours == "RdBu_r" else values.min()
    ax.imshow(values, cmap=colours, vmin=low, vmax=limit)
    ax.set_title(title, fontsize=8)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


def _curves(ax: Axes, sample: dict[str, Any], title: str, named: bool) -> None:
    """The first channel and δI/δf on it, both over their largest values."""
    for name, colour, label in (("input", GREY, "φ"), ("euler_lagrange", CYCLE[1], "δI/δφ")):
        values = np.array(sample[name])
        ax.plot(values / (np.abs(values).max() or 1.0), color=colour, label=label)
    ax.set_title(title, fontsize=8)
    ax.set(xlabel="grid point", ylim=(-1.1, 1.1), yticks=[-1, 0, 1])
    if named:
        ax.legend(loc="lower left")
