"""The potential of several fields, drawn for two of them."""

from __future__ import annotations

import numpy as np
import sympy
from matplotlib.figure import Figure

from lagrangians import Lagrangian

from ..results import Discovery
from .about import fields_of
from .drawing import INK, canvas
from .wording import axis_label, symbol

POINTS = 120
MOST = 800
"""Points of the data that are drawn."""


def coupled_potential(theory: Lagrangian) -> sympy.Expr | None:
    """V in the applied fields: minus the terms without a derivative; None where there are none."""
    parts = [c * t for t, c in theory.terms() if not t.has(sympy.Derivative) and t.has(*theory.fields)]
    return -sympy.Add(*parts) if parts else None


def draw_coupled_potential(discovery: Discovery, potential: sympy.Expr) -> Figure:
    """V as a map over the range of the held-out data, with some of them as points."""
    names, theory = fields_of(discovery), discovery.lagrangian
    data = [np.asarray(discovery.held_out[n].values, dtype=float).ravel() for n in names]
    ends = [(v.min() - 0.05 * np.ptp(v), v.max() + 0.05 * np.ptp(v)) for v in data]
    across, up = (np.linspace(*end, POINTS) for end in ends)
    symbols = sympy.symbols("first second")
    plain = potential.xreplace(dict(zip(theory.fields, symbols, strict=True)))
    grid = np.meshgrid(across, up)
    heights = sympy.lambdify(symbols, plain, modules="numpy")(*grid)
    heights = np.broadcast_to(np.asarray(heights, dtype=float), grid[0].shape)
    figure, (ax,) = canvas(3.8)
    image = ax.imshow(
        heights - heights.min(), origin="lower", aspect="auto", extent=(*ends[0], *ends[1]), cmap="viridis"
    )
    step = -(-len(data[0]) // MOST)
    ax.plot(data[0][::step], data[1][::step], ".", color=INK, markersize=1.5, alpha=0.35, rasterized=True)
    ax.grid(False)
    bar = figure.colorbar(image, ax=ax, pad=0.02, aspect=28)
    bar.set_label(f"V({', '.join(symbol(n) for n in names)}) − min V [1]")
    bar.outline.set_visible(False)
    ax.set_xlabel(axis_label(discovery.held_out, names[0]))
    ax.set_ylabel(axis_label(discovery.held_out, names[1]))
    return figure
