"""Oscillators: phases of the nodes against time, on the circle, and the order parameter."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..report.drawing import BLUE, INK, WIDTH, thinned
from ..report.phases import order_parameter
from .colours import Colours, colours_of
from .shown import Shown, chosen_times
from .style import add_colour_bar
from .title import add_title

WHEELS = 4


def draw_oscillators(shown: Shown) -> Figure:
    """Phase raster above r(t) = |⟨e^{iθ}⟩|; beside them phase wheels at a few times."""
    figure = Figure(figsize=(WIDTH, 4.9), layout="constrained")
    layout = figure.add_gridspec(2, 3, width_ratios=[2.3, 1, 1], height_ratios=[2, 1])
    raster, below = figure.add_subplot(layout[0, 0]), figure.add_subplot(layout[1, 0])
    colours = colours_of(shown)
    image = draw_raster(raster, shown, shown.values, colours)
    add_colour_bar(figure, image, raster, colours.label)
    draw_order(below, shown)
    wheels = layout[:, 1:].subgridspec(2, 2)
    chosen = chosen_times(len(shown.times), WHEELS)
    for place, n in enumerate(chosen):
        ax = figure.add_subplot(wheels[place // 2, place % 2])
        draw_wheel(ax, shown.values[n])
        ax.set_title(f"t = {shown.times[n]:.4g}", loc="center")
    add_title(figure, shown)
    return figure


def draw_raster(ax: Axes, shown: Shown, values: np.ndarray, colours: Colours):
    """Phases mod 2π, time across, nodes up; returns the image."""
    times = shown.times
    half = (times[-1] - times[0]) / max(len(times) - 1, 1) / 2 or 0.5
    image = ax.imshow(
        colours.shown(values).T,
        origin="lower",
        aspect="auto",
        extent=(times[0] - half, times[-1] + half, -0.5, values.shape[1] - 0.5),
        norm=colours.norm,
        cmap=colours.map,
        interpolation="nearest",
    )
    ax.grid(False)
    ax.set(xlabel=shown.axis_label("time"), ylabel="node")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return image


def draw_order(ax: Axes, shown: Shown, colour: str = BLUE, label: str | None = None) -> None:
    """r(t) between 0 and 1."""
    ax.plot(*thinned(shown.times, order_parameter(shown.values)), color=colour, label=label)
    ax.set(xlabel=shown.axis_label("time"), ylabel=f"r = |⟨exp i{shown.letter}⟩|", ylim=(0, 1.03))
    if len(shown.times) > 1:
        ax.set_xlim(shown.times[0], shown.times[-1])


def draw_wheel(ax: Axes, theta: np.ndarray):
    """The phases as points on the circle and their mean as an arrow; returns (points, arrow)."""
    circle = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(circle), np.sin(circle), color=INK, linewidth=0.7, alpha=0.4)
    (arrow,) = ax.plot([], [], color=BLUE, linewidth=2.4, solid_capstyle="round")
    points = ax.scatter(
        np.cos(theta),
        np.sin(theta),
        c=np.arange(len(theta)),
        cmap="viridis",
        s=float(np.clip(1200 / len(theta), 6, 40)),
        edgecolors="white",
        linewidths=0.4,
        alpha=0.9,
        zorder=3,
    )
    turn_wheel(points, arrow, theta)
    ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
    ax.set_axis_off()
    return points, arrow


def turn_wheel(points, arrow, theta: np.ndarray) -> None:
    """Move a wheel to other phases."""
    points.set_offsets(np.stack([np.cos(theta), np.sin(theta)], axis=1))
    mean = np.exp(1j * theta).mean()
    arrow.set_data([0, mean.real], [0, mean.imag])
