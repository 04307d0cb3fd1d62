"""Two files beside each other, such as a learned run and the true one, and their difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from simulations import DataError

from ..report.drawing import BLUE, GREY, ORANGE, WIDTH, logarithmic, thinned
from ..report.phases import wrapped
from .colours import Colours, colours_of
from .film import Film
from .films import clock, draw_plane, time_text
from .kymograph import draw_kymograph
from .phases import draw_order, draw_raster
from .shown import Shown, chosen_times
from .style import add_colour_bar
from .title import add_title


@dataclass(frozen=True)
class Pair:
    """Two fields on the same points, at the times that both have."""

    first: Shown
    second: Shown
    names: tuple[str, str]

    @property
    def difference(self) -> np.ndarray:
        """Second − first, of oscillators in [−π, π). shape: (time, *S)"""
        gap = self.second.values - self.first.values
        return wrapped(gap) if self.first.oscillators else gap

    def colours(self) -> tuple[Colours, Colours]:
        """Of both fields, by the first, and of the difference."""
        gap = self.difference
        bound = float(np.abs(gap[np.isfinite(gap)]).max(initial=0.0)) or 1.0
        label = f"Δ{self.first.label}"
        return colours_of(self.first), Colours(Normalize(-bound, bound), "PuOr_r", label)


def pair(first: Shown, second: Shown, names: tuple[str, str] = ("first", "second")) -> Pair:
    """Two fields with their common times. DataError where the points differ or no time is common."""
    if first.axes != second.axes:
        raise DataError(f"got the axes {first.axes} beside {second.axes}, expected the same")
    for axis in first.axes:
        one, other = first.coordinate(axis), second.coordinate(axis)
        if len(one) != len(other) or not np.allclose(one, other, rtol=0, atol=1e-3 * _step(one)):
            raise DataError(
                f"got other points along '{axis}' ({len(one)} and {len(other)}), expected the same in "
                "both files"
            )
    close = np.abs(first.times[:, None] - second.times[None]) <= 1e-3 * min(
        _step(first.times), _step(second.times)
    )
    here, there = np.nonzero(close)
    if not len(here):
        raise DataError("got no time that both files have, expected some; save both at the same times")
    return Pair(_at(first, here), _at(second, there), names)


def draw_beside(both: Pair) -> Figure:
    """Both fields and the difference, and below the error, and for oscillators both order parameters."""
    first = both.first
    top = _panel_height(first) if len(first.axes) > 1 else 3.6
    figure = Figure(figsize=(WIDTH, top + 1.8), layout="constrained")
    layout = figure.add_gridspec(2, 3, height_ratios=[top, 1.7])
    axes = [figure.add_subplot(layout[0, column]) for column in range(3)]
    colours, gap = both.colours()
    pictures = ((first.values, colours), (both.second.values, colours), (both.difference, gap))
    for ax, (values, scale), title in zip(axes, pictures, _titles(both), strict=True):
        if first.oscillators:
            image = draw_raster(ax, first, values, scale)
        elif len(first.axes) == 1:
            image = draw_kymograph(ax, first, values, scale)
        else:
            image = draw_plane(ax, first, _plane(values), scale)
            title += f", t = {first.times[-1]:.4g}"
        ax.set_title(title)
        if ax is not axes[0]:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
            add_colour_bar(figure, image, ax, scale.label)
    below = layout[1, :].subgridspec(1, 2 if first.oscillators else 1)
    _draw_error(figure.add_subplot(below[0]), both)
    if first.oscillators:
        order = figure.add_subplot(below[1])
        draw_order(order, first, GREY, both.names[0])
        draw_order(order, both.second, ORANGE, both.names[1])
        order.legend(loc="best")
    add_title(figure, first)
    return figure


def beside_film(both: Pair, most: int) -> Film:
    """The two planes and their difference in time."""
    first = both.first
    colours, gap = both.colours()
    stacks = (
        (first.planes(), colours),
        (both.second.planes(), colours),
        (np.moveaxis(_plane(np.moveaxis(both.difference, 0, -1)[None]), -1, 0), gap)
        if first.values.ndim == 4
        else (both.difference, gap),
    )
    figure = Figure(figsize=(WIDTH, _panel_height(first) + 0.3), layout="constrained")
    axes = list(figure.subplots(1, 3))
    images = []
    for ax, (planes, scale), title in zip(axes, stacks, _titles(both), strict=True):
        images.append(draw_plane(ax, first, planes[0], scale))
        ax.set_title(title, loc="right")
        ax.label_outer()
        if ax is not axes[0]:
            add_colour_bar(figure, images[-1], ax, scale.label)
    label = clock(axes[0], first)
    add_title(figure, first)

    def show(n: int) -> None:
        for image, (planes, scale) in zip(images, stacks, strict=True):
            image.set_data(scale.shown(planes[n]).T)
        label.set_text(time_text(first, n))

    spines = [spine for ax in axes for spine in ax.spines.values()]
    return Film(figure, [*images, *spines, label], show, chosen_times(len(first.times), most))


def _draw_error(ax: Axes, both: Pair) -> None:
    size = float(np.sqrt(np.nanmean((both.first.values - np.nanmean(both.first.values)) ** 2))) or 1.0
    scale = 1.0 if both.first.oscillators else size
    gap = both.difference
    error = np.sqrt(np.nanmean(gap.reshape(len(gap), -1) ** 2, axis=1)) / scale
    ax.plot(*thinned(both.first.times, np.where(error > 0, error, np.nan)), color=BLUE)
    if np.any(error > 0):
        logarithmic(ax)
    ax.set(xlabel=both.first.axis_label("time"))
    unit = "[rad]" if both.first.oscillators else "/ spread"
    ax.set_ylabel(f"rms Δ{both.first.letter} {unit}")
    if len(both.first.times) > 1:
        ax.set_xlim(both.first.times[0], both.first.times[-1])


def _panel_height(shown: Shown) -> float:
    """Inches that a plane needs in a row of three, with its labels."""
    shape = float(np.ptp(shown.coordinate("y")) / np.ptp(shown.coordinate("x")))
    return 0.26 * WIDTH * min(max(shape, 0.3), 2.0) + 0.8


def _titles(both: Pair) -> tuple[str, str, str]:
    return (*both.names, "difference")


def _plane(values: np.ndarray) -> np.ndarray:
    """The last state; in three dimensions its middle plane."""
    state = values[-1]
    return state[..., state.shape[-1] // 2] if state.ndim == 3 else state


def _at(shown: Shown, times: np.ndarray) -> Shown:
    return Shown(shown.dataset.isel(time=times), shown.field, shown.sample)


def _step(points: np.ndarray) -> float:
    return float((points[-1] - points[0]) / max(len(points) - 1, 1)) or 1.0
