"""Figures of the paper's experiments: learned fields and matrices beside the true ones, losses and scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..experiments.scoring import field_values, rotation_coefficients
from ..experiments.translation import shift_matrix, translation_generator
from ..report.drawing import BLUE, GREY, INK, ORANGE, WIDTH, logarithmic
from .saving import save_figure
from .style import draw_arrows, picture_style


def draw_experiment(content: dict[str, Any], folder: Path) -> list[Path]:
    """The figures for the content of a results.json, as PNG files in the folder; returns where."""
    draw = {
        "rotation": {"vector_field.png": rotation_fields, "scores.png": rotation_scores},
        "translation": {"generators.png": translation_matrices, "shifts.png": translation_shifts},
    }[content["experiment"]]
    paths = []
    with picture_style():
        for name, function in draw.items():
            save_figure(function(content["result"]), folder / name)
            paths.append(folder / name)
    return paths


def rotation_fields(result: dict[str, Any]) -> Figure:
    """The learned field of the first seed, scaled to the truth's norm, beside x∂_y − y∂_x."""
    size, run = result["size"], result["runs"][0]
    learned = field_values(
        torch.tensor(run["coefficients"], dtype=torch.float64), run["degree"], size
    ).numpy()
    truth = field_values(rotation_coefficients(0.0, size), 1, size).numpy()
    learned = learned * np.linalg.norm(truth) / np.linalg.norm(learned)
    figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    step = max(1, size // 10)
    error = np.abs(learned - truth).max()
    for ax, field, title, colour in (
        (axes[0], learned, f"learned, cosine {run['cosine_true_centre']:.6f}", BLUE),
        (axes[1], truth, "x∂_y − y∂_x", INK),
        (axes[2], learned - truth, f"difference, at most {error:.1e}", ORANGE),
    ):
        _arrows(ax, field, step, colour)
        ax.set(title=title, xlabel="x [pixels]")
    axes[0].set_ylabel("y [pixels]")
    figure.suptitle(f"{size}×{size} images, angle {result['angle']}, degree {run['degree']} chosen")
    return figure


def _arrows(ax: Axes, field: np.ndarray, step: int, colour: str) -> None:
    """Arrows of one scale in every panel: a quarter of the image for the fastest pixel of a rotation."""
    size = field.shape[-1]
    places = np.arange(0, size, step)
    y, x = field[:, ::step, ::step]
    longest = np.hypot(size - 1, size - 1) / 2
    scale = size / (4 * longest)
    draw_arrows(ax, np.meshgrid(places, places), (scale * x, scale * y), colour)
    ax.set(aspect="equal", xlim=(-2, size + 1), ylim=(-2, size + 1))
    ax.grid(False)


def rotation_scores(result: dict[str, Any]) -> Figure:
    """Held-out loss against degree, and the cosine of every seed beside the paper's and the controls."""
    figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    floor = 1e-16
    for run in result["runs"]:
        losses = np.maximum(run["held_out_losses"], floor)
        left.plot(run["degrees"], losses, color=BLUE, marker="o", linewidth=1, label="rotated pairs")
    for run, colour in zip(result.get("controls", ()), (ORANGE, GREY), strict=False):
        losses = np.maximum(run["held_out_losses"], floor)
        left.plot(
            run["degrees"], losses, color=colour, marker="s", linewidth=1, label=f"control: {run['kind']}"
        )
    logarithmic(left)
    left.set(
        xlabel="degree of the vector field",
        ylabel="held-out ‖ŷ − y‖²/‖y‖²",
        title=f"Degree {result['runs'][0]['degree']} is chosen",
        xticks=result["runs"][0]["degrees"],
    )
    handles = dict(zip(*reversed(left.get_legend_handles_labels()), strict=True))
    left.legend(handles.values(), handles.keys())
    names, values, colours = [], [], []
    for run in result["runs"]:
        names.append(f"seed {run['seed']}")
        values.append(run["cosine_true_centre"])
        colours.append(BLUE)
    for run, colour in zip(result.get("controls", ()), (ORANGE, GREY), strict=False):
        names.append(run["kind"])
        values.append(run["cosine_true_centre"])
        colours.append(colour)
    for name, row in result.get("baselines", {}).items():
        names.append(f"dense {name}")
        values.append(row["cosine_true_centre"])
        colours.append(GREY)
    if result["published"] is not None:
        names.append("paper")
        values.append(result["published"])
        colours.append(INK)
    right.barh(names, values, color=colours)
    right.invert_yaxis()
    right.axvline(0, color=INK, linewidth=0.7)
    right.set(xlabel="cosine with x∂_y − y∂_x", xlim=(min(-0.1, *values) - 0.05, 1.05), title="Scores")
    return figure


def translation_matrices(result: dict[str, Any]) -> Figure:
    """zL: the truth and each family's answer with the first seed."""
    families = result["runs"][0]["families"]
    truth = result["shift"] * translation_generator(result["points"]).numpy()
    figure = Figure(figsize=(WIDTH, 2.7), layout="constrained")
    axes = figure.subplots(1, 1 + len(families))
    limit = np.abs(truth).max()
    _matrix(axes[0], truth, limit, "truth\n")
    for ax, row in zip(axes[1:], families, strict=True):
        _matrix(ax, np.array(row["generator"]), limit, f"{row['family']}\ncosine {row['cosine']:.3f}")
    return figure


def translation_shifts(result: dict[str, Any]) -> Figure:
    """(I + zL/n)ⁿ and exp(zL) of the learned L beside the shift, and their cosines."""
    run = result["runs"][0]
    chosen = next(row for row in run["families"] if row["family"] == run["chosen"])
    generator = np.array(chosen["generator"])
    one = np.eye(len(generator))
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    layout = figure.add_gridspec(2, 4, height_ratios=[1, 1.1])
    shift = shift_matrix(result["shift"], result["points"]).numpy()
    exponential = torch.matrix_exp(torch.from_numpy(generator)).numpy()
    shown = [(f"(I + zL/{n})^{n}", np.linalg.matrix_power(one + generator / n, n)) for n in (8, 16)]
    shown += [("exp(zL)", exponential), ("shift by 2", shift)]
    for column, (title, matrix) in enumerate(shown):
        _matrix(figure.add_subplot(layout[0, column]), matrix, 1.0, title)
    ax = figure.add_subplot(layout[1, :])
    for name, colour, marker in (("truth", INK, "o"), ("learned", BLUE, "x")):
        rows = [row for row in result["finite_shifts"][name] if row["n"]]
        label = "true L" if name == "truth" else "learned L"
        ax.plot(
            [row["n"] for row in rows],
            [row["cosine_paper"] for row in rows],
            marker,
            color=colour,
            label=label,
        )
    published = [row for row in result["finite_shifts"]["truth"] if row["published"]]
    ax.plot(
        [row["n"] for row in published],
        [row["published"] for row in published],
        "s",
        markersize=11,
        fillstyle="none",
        color=ORANGE,
        label="paper",
    )
    counts = [row["n"] for row in result["finite_shifts"]["truth"] if row["n"]]
    ax.set_xscale("log", base=2)
    ax.set_xticks(counts, labels=[str(n) for n in counts])
    ax.set(xlabel="n", ylabel="cosine", title="Cosine of (I + zL/n)ⁿ with the interpolated shift")
    ax.legend(loc="lower right")
    return figure


def _matrix(ax: Axes, matrix: np.ndarray, limit: float, title: str) -> None:
    ax.imshow(matrix, vmin=-limit, vmax=limit, cmap="RdBu_r")
    ax.set_title(title)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
