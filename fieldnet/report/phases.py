"""Phases of held-out oscillators, their rollout and the difference, and the order parameter."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..results import Discovery
from .drawing import BLUE, GREY, canvas, thinned
from .kymographs import simulated_field
from .wording import axis_label, symbol


def draw_phases(discovery: Discovery, sample: int) -> Figure:
    """θ mod 2π of the nodes against time: data, rollout, difference; below r(t) = |⟨e^{iθ}⟩| of both."""
    dataset, field = discovery.held_out, discovery.model.field
    times = dataset["time"].values
    data = np.asarray(dataset[field].values[sample], dtype=float)
    simulated = simulated_field(discovery, field)
    run = None if simulated is None else np.asarray(simulated.values[sample], dtype=float)[: len(times)]
    letter = symbol(field)
    panels = [("Data (held out)", wrapped(data), np.pi, "twilight", f"{letter} mod 2π")]
    if run is not None:
        gap = wrapped(run - data[: len(run)])
        bound = float(np.abs(gap).max(initial=0.0)) or 1.0
        panels.append(("Rollout of the network", wrapped(run), np.pi, "twilight", f"{letter} mod 2π"))
        panels.append(("Rollout − data", gap, bound, "PuOr_r", f"Δ{letter} [rad]"))
    height = 0.85 + 0.045 * min(data.shape[1], 40)
    figure, axes = canvas(
        height * len(panels) + 1.7,
        len(panels) + 1,
        1,
        sharex=True,
        gridspec_kw={"height_ratios": [height] * len(panels) + [1.2]},
    )
    for ax, (title, values, bound, colours, label) in zip(axes, panels, strict=False):
        extent = (times[0], times[len(values) - 1], -0.5, data.shape[1] - 0.5)
        image = ax.imshow(
            values.T,
            origin="lower",
            aspect="auto",
            extent=extent,
            vmin=-bound,
            vmax=bound,
            cmap=colours,
            interpolation="nearest",
        )
        ax.set_title(title)
        ax.set_ylabel("node")
        ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        ax.grid(False)
        bar = figure.colorbar(image, ax=ax, pad=0.01, aspect=14)
        bar.set_label(label)
        bar.outline.set_visible(False)
        if colours == "twilight":
            bar.set_ticks([-np.pi, 0, np.pi], labels=["−π", "0", "π"])
    ax = axes[-1]
    ax.plot(*thinned(times, order_parameter(data)), color=GREY, linewidth=4, alpha=0.6, label="data")
    if run is not None:
        ax.plot(*thinned(times[: len(run)], order_parameter(run)), color=BLUE, label="rollout")
        ax.legend(loc="best", ncols=2)
    ax.set_ylim(0, 1.03)
    ax.set_xlim(times[0], times[-1])
    ax.set_title("Order parameter")
    ax.set_ylabel(f"r = |⟨exp i{letter}⟩| [1]")
    ax.set_xlabel(axis_label(dataset, "time"))
    return figure


def wrapped(angle: np.ndarray) -> np.ndarray:
    """In [−π, π)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def order_parameter(theta: np.ndarray) -> np.ndarray:
    """r(t). shape: (time, node) -> (time,)"""
    return np.abs(np.exp(1j * theta).mean(-1))
