"""A held-out field, its rollout and their difference, over space and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ..results import Discovery
from .about import fields_of
from .drawing import BLUE, GREEN, GREY, ORANGE, canvas, logarithmic, thinned
from .wording import axis_label, symbol, unit

EARLY = 40
"""The axis of the error fits all but the first 1/40 of the times, where the error starts from nothing."""


@dataclass(frozen=True)
class Slice:
    """A plane through the data: `selection` fixes the other axes, `across` and `up` are drawn."""

    title: str
    selection: dict[str, int]
    across: str
    up: str


def shown_sample(discovery: Discovery) -> int:
    """The held-out sample with the largest rollout error at the end; the first where nothing was run."""
    error = discovery.rollout_error
    return 0 if error is None else int(np.nan_to_num(error[:, -1], nan=np.inf).argmax())


def simulated_field(discovery: Discovery, name: str) -> xr.DataArray | None:
    """A field of the rollout; a single one under whatever name it goes."""
    if discovery.simulated is None:
        return None
    names = [str(n) for n in discovery.simulated.data_vars]
    return discovery.simulated[name if name in names else names[0]]


def slices(dataset: xr.Dataset, field: str) -> list[Slice]:
    """(x, t) in one space dimension; else (x, y) at the last time, and (x, t) in the middle of the others."""
    first, *others = [str(name) for name in dataset[field].dims[2:]]
    middle = {name: dataset.sizes[name] // 2 for name in others}
    fixed = ", ".join(f"{name} = {float(dataset[name][n]):.4g}" for name, n in middle.items())
    through_time = Slice(fixed, middle, first, "time")
    if not others:
        return [through_time]
    last = {name: n for name, n in middle.items() if name != others[0]} | {"time": dataset.sizes["time"] - 1}
    depth = ", ".join(f"{name} = {float(dataset[name][middle[name]]):.4g}" for name in others[1:])
    title = f"t = {float(dataset['time'][-1]):.4g}" + (f", {depth}" if depth else "")
    return [Slice(title, last, first, others[0]), through_time]


def draw_kymographs(discovery: Discovery, sample: int) -> Figure:
    """A row of data, rollout and difference for each field and slice; the data alone without a run."""
    dataset = discovery.held_out
    rows = [(field, piece) for field in fields_of(discovery) for piece in slices(dataset, field)]
    columns = 1 if discovery.simulated is None else 3
    figure, axes = canvas(3.15 * len(rows), len(rows), columns, sharey="row")
    for n, (field, piece) in enumerate(rows):
        simulated = simulated_field(discovery, field)
        line = axes[n * columns : (n + 1) * columns]
        data = _plane(dataset[field], sample, piece)
        run = None if simulated is None else _plane(simulated, sample, piece)
        _row(figure, line, data, run, dataset, field, piece)
        line[0].set_ylabel(axis_label(dataset, piece.up))
        for ax in line:
            ax.set_xlabel(axis_label(dataset, piece.across))
    return figure


def draw_error(discovery: Discovery, sample: int, label: str) -> Figure:
    """The rollout's error against time, every held-out sample, the shown one bold."""
    figure, (ax,) = canvas(2.0)
    times = discovery.held_out["time"].values
    errors = np.asarray(discovery.rollout_error)
    for n, error in enumerate(errors):
        shown = n == sample
        ax.plot(
            *thinned(times[: len(error)], np.where(error > 0, error, np.nan)),
            color=BLUE if shown else GREY,
            linewidth=2.0 if shown else 0.9,
            zorder=3 if shown else 2,
            label=("shown sample" if shown else "other held-out samples" if n == int(sample == 0) else None),
        )
    _beside_noise(ax, discovery)
    logarithmic(ax)
    later = errors[:, errors.shape[1] // EARLY :]
    if np.any(later > 0):
        bottom, top = 0.5 * float(later[later > 0].min()), float(errors.max())
        few = np.floor(np.log10(top)) - np.ceil(np.log10(bottom)) < 1
        ax.set_ylim(bottom=10 ** np.floor(np.log10(bottom)) if few else bottom)
        if few:
            ax.set_ylim(top=10 ** np.ceil(np.log10(top)))
    ax.set_xlim(times[0], times[-1])
    ax.set_xlabel(axis_label(discovery.held_out, "time"))
    ax.set_ylabel(label)
    if ax.get_legend_handles_labels()[1] and (len(errors) > 1 or discovery.fit.get("rollout_floor")):
        ax.legend(loc="lower right", ncols=2)
    return figure


def _beside_noise(ax: Axes, discovery: Discovery) -> None:
    """What a perfect theory would show against noisy data, and what the initial data explain."""
    floor = discovery.fit.get("rollout_floor")
    if floor:
        ax.axhline(floor, color=ORANGE, linewidth=1.2, linestyle=(0, (4, 2)), label="noise of the data alone")
    initial, times = discovery.fit.get("rollout_initial_against_time"), discovery.fit.get("rollout_times")
    if initial is not None and times is not None:
        spread = np.asarray(initial, dtype=float)
        shown = np.where(np.isfinite(spread) & (spread > 0), spread, np.nan)
        ax.plot(times, shown, color=GREEN, linewidth=1.2, label="spread from the initial data")


def _plane(field: xr.DataArray, sample: int, piece: Slice) -> np.ndarray:
    """shape: (up, across)"""
    chosen = field.isel({"sample": min(sample, field.sizes["sample"] - 1), **piece.selection})
    return np.asarray(chosen.transpose(piece.up, piece.across).values, dtype=float)


def _row(
    figure: Figure,
    axes: list[Axes],
    data: np.ndarray,
    run: np.ndarray | None,
    dataset: xr.Dataset,
    field: str,
    piece: Slice,
) -> None:
    across, up = dataset[piece.across].values, dataset[piece.up].values
    extent = (*cell_edges(across), *cell_edges(up))
    letter, size = symbol(field), unit(dataset, field)
    norm, colours = colour_scale(data)
    images = [(data, norm, colours, "Data (held out)", f"{letter} [{size}]")]
    if run is not None:
        run = run[: len(data)] if piece.up == "time" else run
        gap = np.full_like(data, np.nan)
        gap[: len(run)] = run - data[: len(run)]
        bound = float(np.nanmax(np.abs(gap), initial=0.0)) or 1.0
        images.append((run, norm, colours, "Rollout", f"{letter} [{size}]"))
        images.append((gap, Normalize(-bound, bound), "PuOr_r", "Rollout − data", f"Δ{letter} [{size}]"))
    for ax, (values, scale, cmap, title, colour_label) in zip(axes, images, strict=True):
        limits = extent if len(values) == len(data) else (*extent[:3], cell_edges(up[: len(values)])[1])
        image = ax.imshow(values, origin="lower", aspect="auto", extent=limits, norm=scale, cmap=cmap)
        ax.set_title(f"{title}, {piece.title}" if piece.title else title)
        ax.grid(False)
        if run is None or ax is not axes[0]:
            bar = figure.colorbar(image, ax=ax, pad=0.02, aspect=28)
            bar.set_label(colour_label)
            bar.outline.set_visible(False)


def colour_scale(values: np.ndarray) -> tuple[Normalize, str]:
    """Zero in the middle of a diverging map where the field takes both signs, else a sequential one."""
    low, high = float(values.min()), float(values.max())
    if low < 0 < high and min(-low, high) > 0.1 * max(-low, high):
        bound = max(-low, high)
        return Normalize(-bound, bound), "RdBu_r"
    return Normalize(low, high), "viridis"


def cell_edges(points: np.ndarray) -> tuple[float, float]:
    """The outer edges of the cells around uniform points."""
    half = (points[-1] - points[0]) / max(len(points) - 1, 1) / 2
    return float(points[0] - half), float(points[-1] + half)
