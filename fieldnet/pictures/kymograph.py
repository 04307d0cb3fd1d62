"""A field on a line: the field over space and time, some of its states, its spectrum, its energy."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ..report.drawing import BLUE, WIDTH, logarithmic, thinned
from ..report.kymographs import cell_edges
from .colours import Colours, colours_of
from .energy import energy_of
from .shown import Shown, chosen_times
from .spectrum import line_spectrum
from .style import add_colour_bar
from .title import add_title

STATES = 4
"""Times whose states are drawn as lines."""


def draw_line(shown: Shown) -> Figure:
    """The kymograph; beside it states at a few times, their spectra, and the energy where it is known."""
    energy = energy_of(shown)
    rows = 2 if energy is None else 3
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    layout = figure.add_gridspec(rows, 2, width_ratios=[1.5, 1])
    kymograph = figure.add_subplot(layout[:, 0])
    image = draw_kymograph(kymograph, shown, shown.values, colours_of(shown))
    add_colour_bar(figure, image, kymograph, colours_of(shown).label)
    beside = [figure.add_subplot(layout[row, 1]) for row in range(rows)]
    _states(beside[0], shown)
    _spectra(beside[1], shown)
    if energy is not None:
        times, values = energy
        beside[2].plot(*thinned(times, values), color=BLUE)
        span = max(float(np.ptp(values)), 0.02 * float(np.abs(values).max()))
        middle = float(values.max() + values.min()) / 2
        beside[2].set_ylim(middle - 0.75 * span, middle + 0.75 * span)
        beside[2].set(xlabel=shown.axis_label("time"), ylabel="E [1]", title="Energy of the saved field")
        beside[2].set_xlim(shown.times[0], shown.times[-1])
    add_title(figure, shown)
    return figure


def draw_kymograph(ax: Axes, shown: Shown, values: np.ndarray, colours: Colours) -> AxesImage:
    """The image of values (time, x), time upwards."""
    extent = (*cell_edges(shown.coordinate(shown.axes[0])), *_time_edges(shown.times))
    image = ax.imshow(
        colours.shown(values),
        origin="lower",
        aspect="auto",
        extent=extent,
        norm=colours.norm,
        cmap=colours.map,
        interpolation="nearest" if colours.cyclic else "antialiased",
    )
    ax.grid(False)
    ax.set(xlabel=shown.axis_label(shown.axes[0]), ylabel=shown.axis_label("time"))
    return image


def time_colours(count: int) -> list:
    """Colours of states from early to late."""
    return [colormaps["viridis"](0.9 * n / max(count - 1, 1)) for n in range(count)]


def _states(ax: Axes, shown: Shown) -> None:
    x, values = shown.coordinate(shown.axes[0]), shown.values
    chosen = chosen_times(len(values), STATES)
    for n, colour in zip(chosen, time_colours(len(chosen)), strict=True):
        ax.plot(*thinned(x, values[n]), color=colour, linewidth=1.3, label=f"t = {shown.times[n]:.4g}")
    ax.set(xlabel=shown.axis_label(shown.axes[0]), ylabel=shown.label, title="States")
    ax.set_xlim(x[0], x[-1])
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=STATES,
        borderaxespad=0.3,
        handlelength=0.9,
        handletextpad=0.4,
        columnspacing=0.9,
    )


def _spectra(ax: Axes, shown: Shown) -> None:
    chosen = chosen_times(len(shown.values), STATES)
    top = 0.0
    for n, colour in zip(chosen, time_colours(len(chosen)), strict=True):
        k, power = line_spectrum(shown, n)
        ax.plot(k, np.where(power > 0, power, np.nan), color=colour, linewidth=1.3)
        top = max(top, float(np.nanmax(power, initial=0.0)))
    logarithmic(ax)
    ax.set_ylim(1e-18 * top if top else 1e-18, 3 * top if top else 1.0)
    ax.set_xlim(k[0], k[-1])
    unit = "site" if shown.chain else "length"
    ax.set(xlabel=f"wavenumber k [1/{unit}]", ylabel=f"|{shown.letter}ₖ|² [1]", title="Spectrum")


def _time_edges(times: np.ndarray) -> tuple[float, float]:
    return cell_edges(times) if len(times) > 1 else (float(times[0]) - 0.5, float(times[0]) + 0.5)
