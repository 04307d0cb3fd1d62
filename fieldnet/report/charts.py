"""Line charts: learned generator, potential, losses, charges."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from lagrangians import Lagrangian
from simulations.derivatives import central_weights

from ..conservation import Conservation
from ..learning.gradient import History
from ..results import Discovery, LearnedGenerator
from .drawing import BLUE, CYCLE, GREEN, GREY, INK, ORANGE, canvas, logarithmic, thinned
from .wording import NATURAL, symbol, symbols, unit

ZOOM = 3.0
"""The error of a symbol is drawn up to this multiple of the edge of the band."""


def draw_generator(generator: LearnedGenerator, spacing: float, length_unit: str) -> Figure:
    """Stencil beside that of ∂, symbol over wavenumber, and the symbol's relative error."""
    figure, (stencil, band, error) = canvas(3.0, 1, 3)
    axis, radius = generator.axis, len(generator.stencil)
    offsets = np.arange(-radius, radius + 1)
    sign = -1.0 if float(np.dot(generator.stencil, np.arange(1, radius + 1))) * generator.scale < 0 else 1.0
    ours = _odd(sign * generator.stencil / generator.scale * spacing) if generator.scale else 0.0 * offsets
    exact = central_weights(2 * min(radius, 4))
    theirs = _odd(np.pad(exact, (0, radius - len(exact))))
    _stems(stencil, offsets - 0.13, theirs, GREY, f"∂_{axis}, order {2 * len(exact)}")
    _stems(stencil, offsets + 0.13, ours, BLUE, f"learned, κ = {generator.scale:.4g}")
    stencil.axhline(0, color=INK, linewidth=0.7)
    stencil.set_title("Stencil")
    stencil.set_xlabel("offset j [grid steps]")
    stencil.set_ylabel(f"weight a_j Δ{axis}/κ [1]")
    stencil.set_ylim(top=1.45 * max(np.abs(ours).max(), np.abs(theirs).max()))
    stencil.legend(loc="upper left")

    inverse = "1" if length_unit == "1" else f"1/{length_unit}"
    k, s = generator.wavenumbers, sign * generator.symbol
    band.axvspan(0, generator.band_edge, color=GREEN, alpha=0.14, linewidth=0, label="band of the data")
    band.plot(k, k, color=GREY, linewidth=3.5, alpha=0.7, label=f"∂_{axis}: k")
    band.plot(k, s, color=BLUE, label="learned: s(k)/κ")
    top = float(k.max())
    band.set_ylim(max(min(0.0, float(s.min())), -0.4 * top), 1.05 * top)
    band.set_title("Symbol")
    band.set_ylabel(f"s(k)/κ [{inverse}]")
    band.legend(loc="upper left")

    relative = np.abs(s[1:] - k[1:]) / k[1:]
    error.axvspan(0, generator.band_edge, color=GREEN, alpha=0.14, linewidth=0)
    error.plot(k[1:], np.where(relative > 0, relative, np.nan), color=ORANGE)
    logarithmic(error)
    error.set_title("Error of the symbol, near the band")
    error.set_ylabel("|s(k)/κ − k| / k [1]")
    near = min(float(k.max()), ZOOM * generator.band_edge) or float(k.max())
    seen = relative[(k[1:] <= near) & (relative > 0)]
    if len(seen):
        error.set_ylim(seen.min() / 2, seen.max() * 2)
    for ax, end in ((band, float(k.max())), (error, near)):
        ax.set_xlim(0, end)
        ax.set_xlabel(f"wavenumber k [{inverse}]")
    return figure


def potential_of(theory: Lagrangian) -> sympy.Expr | None:
    """V(φ): minus the terms of the density with the field but no derivative; None where there is none."""
    if len(theory.fields) != 1:
        return None
    field = theory.fields[0]
    parts = [c * t for t, c in theory.terms() if t.has(field) and not t.has(sympy.Derivative)]
    potential = -sympy.Add(*parts)
    plain = potential.xreplace({field: sympy.Symbol("phi")})
    return plain if plain.free_symbols == {sympy.Symbol("phi")} else None


def draw_potential(discovery: Discovery, potential: sympy.Expr) -> Figure:
    """V over the range of the held-out data, with the histogram of these beneath."""
    field = discovery.model.field
    values = np.asarray(discovery.held_out[field].values, dtype=float).ravel()
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low)
    points = np.linspace(low - margin, high + margin, 500)
    function = sympy.lambdify(sympy.Symbol("phi"), potential, modules="numpy")
    heights = np.broadcast_to(np.asarray(function(points), dtype=float), points.shape)
    heights = heights - heights.min()
    letter, size = symbol(field), unit(discovery.held_out, field)
    figure, (top, below) = canvas(3.6, 2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    inside = (points >= low) & (points <= high)
    top.plot(points, heights, color=BLUE, linewidth=1.2, linestyle=":")
    top.plot(points[inside], heights[inside], color=BLUE, linewidth=2.4)
    top.set_ylabel(f"V({letter}) − min V [1]")
    top.set_ylim(bottom=-0.04 * max(float(heights.max()), 1e-300))
    counts, edges = np.histogram(values, bins=120, range=(low, high), density=True)
    below.stairs(counts, edges, fill=True, color=GREY, alpha=0.75)
    below.set_ylabel("density [1]")
    below.set_xlabel(f"{letter} [{size}]")
    below.set_xlim(points[0], points[-1])
    if potential.has(sympy.sin, sympy.cos) and size == NATURAL and 1 < (high - low) / np.pi < 12:
        below.xaxis.set_major_locator(MultipleLocator(np.pi))
        below.xaxis.set_major_formatter(FuncFormatter(_multiple_of_pi))
    return figure


def draw_losses(histories: dict[str, History], chosen: str) -> Figure:
    """Training (solid) and held-out (dashed) losses, one colour a model, the chosen one bold."""
    figure, (ax,) = canvas(3.1)
    for n, (name, history) in enumerate(histories.items()):
        bold = name == chosen
        options: dict[str, Any] = {
            "color": CYCLE[n % len(CYCLE)],
            "linewidth": 2.4 if bold else 1.1,
            "zorder": 3 if bold else 2,
        }
        label = f"{symbols(name)} (chosen)" if bold else symbols(name)
        ax.plot(_positive(history.train), label=label, **options)
        ax.plot(_positive(history.held_out), linestyle=(0, (4, 2)), **options)
        if bold and "L-BFGS" in history.stage and "Adam" in history.stage:
            ax.axvline(history.stage.index("L-BFGS") - 0.5, color=INK, linewidth=0.8, alpha=0.4)
            ax.annotate(
                "L-BFGS →",
                (history.stage.index("L-BFGS") - 0.5, 1.02),
                xycoords=("data", "axes fraction"),
                va="bottom",
                fontsize=8,
            )
    ax.plot([], [], color=INK, label="training")
    ax.plot([], [], color=INK, linestyle=(0, (4, 2)), label="held out")
    logarithmic(ax)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("evaluation during training")
    ax.set_ylabel("relative loss [1]")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def draw_charges(audit: Conservation, time_label: str) -> Figure:
    """Q(t)/scale of each charge beside a control, and the same drifts on a logarithmic axis."""
    figure, (value, drift) = canvas(3.1, 1, 2)
    lines = [
        (symbols(c.name), CYCLE[n % len(CYCLE)], c.values, c.scale, c.relative_drift, c.times)
        for n, c in enumerate(audit.charges[: len(CYCLE)])
    ]
    first = audit.charges[0]
    control = ("control: a random generator", GREY, first.control_values, first.control_scale)
    lines.append((*control, first.control_drift, first.times))
    for name, colour, values, scale, expected, times in lines:
        size = max(scale, 1e-300)
        gaps = np.abs(values - values[:, :1]) / size
        worst = int(np.abs(gaps.max(1) - expected).argmin())
        width = 1.3 if name.startswith("control") else 2.0
        value.plot(*thinned(times, values[worst] / size), color=colour, linewidth=width, label=name)
        drift.plot(*thinned(times, _positive(gaps[worst])), color=colour, linewidth=width)
    logarithmic(drift)
    value.set_ylabel("Q(t) / scale [1]")
    drift.set_ylabel("|Q(t) − Q(0)| / scale [1]")
    value.set_title("Charges")
    drift.set_title("Drift")
    for ax in (value, drift):
        ax.set_xlim(first.times[0], first.times[-1])
        ax.set_xlabel(time_label)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _odd(weights: np.ndarray) -> np.ndarray:
    """a_j for j = −r … r of an antisymmetric stencil."""
    return np.concatenate([-weights[::-1], [0.0], weights])


def _multiple_of_pi(value: float, _position: int | None = None) -> str:
    turns = round(value / np.pi)
    return "0" if turns == 0 else f"{'−' if turns < 0 else ''}{abs(turns) if abs(turns) > 1 else ''}π"


def _stems(ax, places: np.ndarray, values: np.ndarray, colour: str, label: str) -> None:
    ax.vlines(places, 0, values, color=colour, linewidth=2)
    ax.plot(places, values, "o", color=colour, markersize=4, label=label)


def _positive(values) -> np.ndarray:
    """What a logarithmic axis can show; the rest is left out."""
    array = np.asarray(values, dtype=float)
    return np.where(np.isfinite(array) & (array > 0), array, np.nan)
