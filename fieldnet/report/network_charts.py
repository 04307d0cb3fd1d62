"""The learned network: drawn, as a matrix, and against its weights before selection."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import MaxNLocator

from ..results import Network
from .drawing import BLUE, GREY, INK, ORANGE, canvas

MOST_NODES = 48
"""Nodes up to which a circle of them can be read."""
MANY_POINTS = 2500
"""Possible edges from which they are drawn as an image."""
SAME = 1e-3
"""Relative difference of the two directions up to which an edge is drawn without arrows."""


def draw_network(network: Network) -> Figure:
    """Nodes on a circle (few enough), coupling matrix, coupling before selection against after."""
    small = len(network.frequencies) <= MOST_NODES
    figure, axes = canvas(3.5, 1, 3 if small else 2)
    if small:
        _circle(figure, axes[0], network)
    _matrix(figure, axes[-2], network)
    _before_and_after(axes[-1], network)
    return figure


def draw_nodes(network: Network) -> Figure:
    """Frequencies ω_i with error bars, and the metric m_i or the damping γ_i where there is one."""
    extra = [
        (values, label, colour)
        for values, label, colour in (
            (network.metric, "metric m_i [1]", ORANGE),
            (network.damping, "damping γ_i [1]", ORANGE),
        )
        if values is not None and np.any(values)
    ]
    figure, axes = canvas(2.2, 1, 1 + len(extra))
    nodes = np.arange(len(network.frequencies))
    axes[0].axhline(0, color=INK, linewidth=0.7)
    axes[0].errorbar(
        nodes, network.frequencies, network.frequencies_stderr, fmt="o", markersize=4, color=BLUE, capsize=2
    )
    axes[0].vlines(nodes, 0, network.frequencies, color=BLUE, linewidth=1.4)
    axes[0].set_ylabel("frequency ω_i [1]")
    for ax, (values, label, colour) in zip(axes[1:], extra, strict=True):
        ax.vlines(nodes, 0, values, color=colour, linewidth=1.4)
        ax.plot(nodes, values, "o", markersize=4, color=colour)
        ax.set_ylim(min(0.0, 1.1 * float(values.min())), 1.1 * float(values.max()))
        ax.set_ylabel(label)
    for ax in axes:
        ax.set_xlabel("node i")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _circle(figure: Figure, ax: Axes, network: Network) -> None:
    bound = float(np.abs(network.coupling).max()) or 1.0
    count = len(network.frequencies)
    angle = np.pi / 2 - 2 * np.pi * np.arange(count) / count
    place = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    K = network.coupling
    for i, j in zip(*np.nonzero(K), strict=True):
        mutual = abs(K[i, j] - K[j, i]) <= SAME * max(abs(K[i, j]), abs(K[j, i]))
        if mutual and j < i:
            continue
        ax.add_patch(
            FancyArrowPatch(
                tuple(place[j]),
                tuple(place[i]),
                arrowstyle="-" if mutual else "-|>",
                connectionstyle="arc3" if mutual else "arc3,rad=0.12",
                mutation_scale=6,
                shrinkA=4,
                shrinkB=4,
                linewidth=0.4 + (1.8 if mutual else 0.7) * abs(K[i, j]) / bound,
                color=BLUE if K[i, j] > 0 else ORANGE,
                alpha=0.7 if mutual else 0.55,
            )
        )
    colours = _colours(network.frequencies)
    across, up = place.T
    dots = ax.scatter(across, up, c=network.frequencies, s=46, edgecolors=INK, zorder=3, **colours)
    for n in range(count):
        ax.text(1.16 * across[n], 1.16 * up[n], str(n), ha="center", va="center", fontsize=7.5)
    bar = figure.colorbar(dots, ax=ax, location="bottom", aspect=26, pad=0.02)
    bar.set_label("frequency ω_i [1]")
    bar.outline.set_visible(False)
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    ax.set_title("Network")
    ax.set_axis_off()


def _colours(values: np.ndarray) -> dict[str, Any]:
    """A diverging map about 0 where both signs occur, else a sequential one from 0."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    if low < 0 < high:
        bound = max(-low, high)
        return {"cmap": "RdBu_r", "vmin": -bound, "vmax": bound}
    return {"cmap": "viridis" if low < 0 else "viridis_r", "vmin": low, "vmax": high or 1.0}


def _matrix(figure: Figure, ax: Axes, network: Network) -> None:
    shown = np.where(network.coupling == 0, np.nan, network.coupling)
    image = ax.imshow(shown, interpolation="nearest", **_colours(network.coupling))
    bar = figure.colorbar(image, ax=ax, location="bottom", aspect=26, pad=0.02)
    bar.set_label("coupling K_ij [1], absent edges blank")
    bar.outline.set_visible(False)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.set_title("Coupling matrix")
    ax.set_ylabel("i, acted upon")
    ax.set_xlabel("j, acting")
    ax.grid(False)
    for side in ("top", "right"):
        ax.spines[side].set_visible(True)


def _before_and_after(ax: Axes, network: Network) -> None:
    off = ~np.eye(len(network.coupling), dtype=bool)
    kept = off & (network.coupling != 0)
    dropped = off & ~kept
    before, after = network.trained_coupling, network.coupling
    both = np.concatenate([before[off], after[off]])
    low, high = float(both.min(initial=0.0)), float(both.max(initial=0.0))
    room = 0.06 * ((high - low) or 1.0)
    line = (low - room, high + room)
    ax.plot(line, line, color=GREY, linewidth=1)
    many = off.sum() > MANY_POINTS
    for which, mark, colour, name in ((dropped, "x", GREY, "dropped"), (kept, "o", BLUE, "kept")):
        label = f"{name} ({which.sum()})"
        ax.plot(before[which], after[which], mark, color=colour, markersize=4, label=label, rasterized=many)
    ax.set(xlim=line, ylim=line)
    ax.set_title("Selection of edges")
    ax.set_xlabel("K_ij of the trained network [1]")
    ax.set_ylabel("K_ij after selection and refit [1]")
    ax.legend(loc="upper left")
