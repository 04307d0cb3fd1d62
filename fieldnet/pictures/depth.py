"""Error of a network against its depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ..report.drawing import CYCLE, GREY, logarithmic
from .saving import STILL, check_place, save_figure
from .style import picture_style


def plot_depth_errors(
    depths: Sequence[int],
    errors: Mapping[str, Sequence[float]],
    path: Path | str,
    orders: Sequence[int] = (1,),
    title: str = "Group convolution as an L-conv network",
) -> None:
    """Relative errors against depth, both logarithmic, one line a name, with guides 1/depth^order, to a file.

    Guides end at half of the lowest last errors, the highest order lowest. The ending of `path` says the
    format (.png, .svg, .pdf). Raises ValueError for lines of another length than `depths`, and for a place
    that cannot be written.
    """
    path = Path(path)
    check_place(path, STILL, "choose another path")
    for name, line in errors.items():
        if len(line) != len(depths):
            raise ValueError(f"got {len(line)} errors of {name!r}, expected {len(depths)}, one a depth")
    x = np.asarray(depths, dtype=float)
    with picture_style():
        figure = Figure(figsize=(5.0, 4.4), layout="constrained")
        ax = figure.subplots()
        for n, (name, line) in enumerate(errors.items()):
            ax.plot(x, line, "o-", color=CYCLE[n % len(CYCLE)], markersize=4, label=name)
        finals = sorted(float(line[-1]) for line in errors.values() if line[-1] > 0)
        for order, final in zip(orders, _starts(finals, len(orders)), strict=True):
            power = "1/depth" if order == 1 else f"1/depth{'⁰¹²³⁴⁵⁶⁷⁸⁹'[order]}"
            ax.plot(x, 0.5 * final * (x[-1] / x) ** order, "--", color=GREY, linewidth=1, label=power)
        logarithmic(ax)
        ax.set_xscale("log", base=2)
        ax.set_xticks(x, labels=[str(depth) for depth in depths])
        ax.set_xlabel("depth (L-conv layers)")
        ax.set_ylabel("relative error ‖network − Q[f]‖ / ‖Q[f]‖")
        ax.set_title(title)
        figure.legend(loc="outside lower center", ncols=2)
        save_figure(figure, path)


def _starts(finals: list[float], count: int) -> list[float]:
    """The last error that each guide stands by."""
    if not finals:
        return [1.0] * count
    return [finals[min(len(finals) - 1, count - 1 - n)] for n in range(count)]
