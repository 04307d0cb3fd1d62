"""Picture of a learned potential: V and V' with bands, where the data are, and the symbols beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sympy
from matplotlib.figure import Figure

from ..equations.learned_potential import LearnedPotential
from ..report.drawing import BLUE, GREY, ORANGE, WIDTH
from .saving import save_figure
from .style import picture_style

BAND = 1.96
"""Standard errors of a 95% band."""
POINTS = 401


def draw_learned_potential(learned: LearnedPotential, path: Path) -> Path:
    """The picture as a file; returns where."""
    with picture_style():
        save_figure(learned_potential_figure(learned), path)
    return path


def learned_potential_figure(learned: LearnedPotential) -> Figure:
    """Two panels, V and F = V', with 95% bands, a histogram of the data below each. Symbols are dashed."""
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    (left, right), below = figure.subplots(2, 2, sharex=True, height_ratios=[1, 0.22])
    phi = np.linspace(learned.low, learned.high, POINTS)
    name = learned.jets.field_names[learned.field]
    panels = (
        (left, learned.values(phi), learned.standard_error(phi), "potential V"),
        (right, learned.force(phi), learned.standard_error(phi, "force"), "force V′"),
    )
    for ax, values, errors, label in panels:
        ax.fill_between(
            phi, values - BAND * errors, values + BAND * errors, color=BLUE, alpha=0.25, linewidth=0
        )
        ax.plot(phi, values, color=BLUE, label="learned, 95% band")
        ax.set_ylabel(label)
    found = learned.distilled
    if found is not None:
        symbol = learned.fit.basis.symbol
        for ax, expression, origin in (
            (left, found.potential, learned.origin),
            (right, found.expression, None),
        ):
            curve = sympy.lambdify(symbol, expression)
            values = np.broadcast_to(curve(phi), phi.shape)
            shift = 0.0 if origin is None else float(curve(origin))
            ax.plot(phi, values - shift, "--", color=ORANGE, label=f"in symbols: {found.family}")
    right.legend(fontsize=7.5)
    edges = np.linspace(learned.low, learned.high, len(learned.histogram) + 1)
    for ax in below:
        ax.stairs(learned.histogram, edges, fill=True, color=GREY)
        ax.set(xlabel=name, yticks=[])
        ax.grid(False)
    below[0].set_ylabel("data")
    return figure
