"""How pictures in files look: the report's style on white."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

from ..report.drawing import drawing_style

SHARPNESS = 130
"""Dots per inch of a still picture."""


@contextmanager
def picture_style() -> Iterator[None]:
    """The report's style, with a white page and letters of matplotlib's own font in formulas."""
    with (
        drawing_style(),
        matplotlib.rc_context(
            {
                "figure.facecolor": "white",
                "savefig.facecolor": "white",
                "mathtext.fontset": "dejavusans",
                "font.size": 9,
            }
        ),
    ):
        yield


def draw_arrows(ax: Axes, places: Sequence[np.ndarray], arrows: Sequence[np.ndarray], colour: str) -> None:
    """Arrows (horizontal, vertical) centred on places, both in the units of the axes."""
    ax.quiver(
        *places, *arrows, color=colour, angles="xy", scale_units="xy", scale=1, width=0.006, pivot="mid"
    )


def add_colour_bar(figure: Figure, image: ScalarMappable, ax: Axes | list[Axes], label: str) -> Colorbar:
    """A bar without frame; one in [−π, π] gets the ticks −π, 0, π."""
    bar = figure.colorbar(image, ax=ax, pad=0.02, aspect=28)
    bar.set_label(label)
    bar.outline.set_visible(False)
    if image.get_clim() == (-np.pi, np.pi):
        bar.set_ticks([-np.pi, 0, np.pi], labels=["−π", "0", "π"])
    return bar
