"""The films: of a field on a plane, of a flow with its spectrum, of a line, of oscillators."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..report.drawing import BLUE, GREY, INK, logarithmic
from ..report.kymographs import cell_edges
from .colours import Colours, colours_of
from .film import Film
from .phases import draw_order, draw_wheel, turn_wheel
from .shown import Shown, chosen_times
from .spectrum import add_guide, flow_spectrum
from .style import add_colour_bar
from .title import add_title

HEIGHT = 4.6
FLOOR = 1e-14
"""Of the largest shell: where the axis of a film's spectrum ends at the latest."""


def film_of(shown: Shown, most: int) -> Film:
    """The film that suits the field, of at most so many frames, the first and the last time among them."""
    if shown.oscillators:
        return _wheel_film(shown, most)
    if len(shown.axes) == 1:
        return _line_film(shown, most)
    return _flow_film(shown, most) if shown.flow else _plane_film(shown, most)


def draw_plane(ax: Axes, shown: Shown, plane: np.ndarray, colours: Colours):
    """A state (x, y) as an image, x to the right and y upwards, and axis labels."""
    extent = (*cell_edges(shown.coordinate("x")), *cell_edges(shown.coordinate("y")))
    image = ax.imshow(
        colours.shown(plane).T, origin="lower", extent=extent, norm=colours.norm, cmap=colours.map
    )
    ax.grid(False)
    ax.set(xlabel=shown.axis_label("x"), ylabel=shown.axis_label("y"))
    return image


def clock(ax: Axes, shown: Shown):
    """A text above the axes that shows the time; `set_text(time_text(…))` moves it on."""
    return ax.text(0, 1.02, time_text(shown, 0), transform=ax.transAxes, va="bottom", fontsize=9.5)


def time_text(shown: Shown, n: int) -> str:
    """`t = 1.20`, with as many digits at all times."""
    step = (shown.times[-1] - shown.times[0]) / max(len(shown.times) - 1, 1) or 1.0
    digits = int(np.clip(1 - np.floor(np.log10(abs(step))), 0, 6))
    return f"t = {shown.times[n]:.{digits}f}"


def _plane_film(shown: Shown, most: int) -> Film:
    planes, colours = shown.planes(), colours_of(shown)
    figure = Figure(figsize=(5.6, HEIGHT), layout="constrained")
    ax = figure.add_subplot()
    image, label = draw_plane(ax, shown, planes[0], colours), clock(ax, shown)
    add_colour_bar(figure, image, ax, colours.label)
    add_title(figure, shown)

    def show(n: int) -> None:
        image.set_data(colours.shown(planes[n]).T)
        label.set_text(time_text(shown, n))

    return Film(figure, [image, label, *ax.spines.values()], show, chosen_times(len(planes), most))


def _flow_film(shown: Shown, most: int) -> Film:
    times = chosen_times(len(shown.times), most)
    values, colours = shown.values, colours_of(shown)
    spectra = {n: flow_spectrum(shown, n) for n in times}
    figure = Figure(figsize=(9.6, HEIGHT), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    image, label = draw_plane(left, shown, values[0], colours), clock(left, shown)
    add_colour_bar(figure, image, left, colours.label)
    k, first = spectra[times[0]]
    right.plot(k, np.where(first > 0, first, np.nan), color=GREY, linewidth=1, label="at the start")
    (line,) = right.plot(k, first, color=BLUE, label="now")
    highest = max(energy.max() for _, energy in spectra.values()) or 1.0
    add_guide(right, *spectra[times[-1]])
    logarithmic(right)
    logarithmic(right, "x")
    final = spectra[times[-1]][1]
    lowest = float(final[final > 0].min(initial=highest))
    right.set(xlim=(k[0], k[-1]), ylim=(max(FLOOR * highest, lowest / 30), 20 * highest))
    right.set(xlabel="wavenumber k [1/length]", ylabel="E(k), energy of a shell", title="Energy spectrum")
    right.legend(loc="upper right")
    add_title(figure, shown)

    def show(n: int) -> None:
        image.set_data(colours.shown(values[n]).T)
        energy = spectra[n][1]
        line.set_ydata(np.where(energy > 0, energy, np.nan))
        label.set_text(time_text(shown, n))

    return Film(figure, [image, label, *left.spines.values(), line], show, times)


def _line_film(shown: Shown, most: int) -> Film:
    x, values = shown.coordinate(shown.axes[0]), shown.values
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.06 * ((high - low) or 1.0)
    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    ax = figure.add_subplot()
    ax.plot(x, values[0], color=GREY, linewidth=1, label="at the start")
    (line,) = ax.plot(x, values[0], color=BLUE, label="now")
    ax.set(xlim=(x[0], x[-1]), ylim=(low - room, high + room))
    ax.set(xlabel=shown.axis_label(shown.axes[0]), ylabel=shown.label)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
    label = clock(ax, shown)
    add_title(figure, shown)

    def show(n: int) -> None:
        line.set_ydata(values[n])
        label.set_text(time_text(shown, n))

    return Film(figure, [line, label], show, chosen_times(len(values), most))


def _wheel_film(shown: Shown, most: int) -> Film:
    values = shown.values
    figure = Figure(figsize=(7.6, 3.8), layout="constrained")
    wheel, order = figure.subplots(1, 2, width_ratios=[1, 1.3])
    points, arrow = draw_wheel(wheel, values[0])
    draw_order(order, shown)
    mark = order.axvline(shown.times[0], color=INK, linewidth=0.9)
    order.set_title("Order parameter")
    label = clock(wheel, shown)
    add_title(figure, shown)

    def show(n: int) -> None:
        turn_wheel(points, arrow, values[n])
        mark.set_xdata([shown.times[n]] * 2)
        label.set_text(time_text(shown, n))

    return Film(figure, [arrow, points, mark, label], show, chosen_times(len(values), most))
