"""A field on a plane at a few times."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..report.drawing import WIDTH
from .colours import colours_of
from .films import draw_plane
from .shown import Shown, chosen_times
from .style import add_colour_bar
from .title import add_title

STATES = 6
COLUMNS = 3


def draw_states(shown: Shown) -> Figure:
    """Up to six states, on one scale of colours; in three dimensions the plane in the middle of z."""
    planes, colours = shown.planes(), colours_of(shown)
    chosen = chosen_times(len(planes), STATES)
    rows = -(-len(chosen) // COLUMNS)
    columns = min(COLUMNS, len(chosen))
    shape = np.ptp(shown.coordinate("y")) / np.ptp(shown.coordinate("x"))
    panel = WIDTH * 0.28
    size = (panel * columns + 1.1, (panel * float(np.clip(shape, 0.2, 2)) + 0.5) * rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax, n in zip(axes, chosen, strict=False):
        image = draw_plane(ax, shown, planes[n], colours)
        ax.set_title(f"t = {shown.times[n]:.4g}")
        ax.label_outer()
    for ax in axes[len(chosen) :]:
        ax.remove()
    add_colour_bar(figure, image, axes[: len(chosen)], colours.label)
    add_title(figure, shown)
    return figure
