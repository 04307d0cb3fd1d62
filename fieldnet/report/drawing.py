"""Figures as inline SVG that takes the colour of the page's text; no pyplot, no display, no dates."""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .wording import html, power_of_ten

INK = "#010203"
"""Stands for the colour of the text; becomes `currentColor` in the page."""
BLUE, ORANGE, GREEN, PURPLE, RED, GREY = "#3a86d6", "#dd7a2d", "#2f9e6e", "#9b6fd1", "#d4524f", "#8b949c"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, RED)
"""Colours with enough contrast on white and on near-black."""
WIDTH = 10.0
"""Inches across the page."""
RASTER = 144
"""Dots per inch of images inside a figure: two a point."""

_OURS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fieldnet",
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 7,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    **dict.fromkeys(
        (
            "text.color",
            "axes.edgecolor",
            "axes.labelcolor",
            "axes.titlecolor",
            "xtick.color",
            "ytick.color",
            "grid.color",
            "legend.labelcolor",
        ),
        INK,
    ),
}
_KEPT = ("backend", "interactive", "toolbar", "timezone", "webagg", "figure.hooks")


@contextmanager
def drawing_style() -> Iterator[None]:
    """Matplotlib's defaults and ours within; the settings of the user are put back."""
    defaults: dict[str, Any] = {
        k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith(_KEPT)
    }
    settings: Any = {**defaults, **_OURS}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        yield


def canvas(height: float, rows: int = 1, columns: int = 1, **options) -> tuple[Figure, list[Axes]]:
    """A figure of the page's width with rows × columns axes, listed row by row."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, list(axes.flat)


def logarithmic(ax: Axes, axis: str = "y") -> None:
    """A logarithmic axis with ticks 10⁻³, 10⁻², …"""
    getattr(ax, f"set_{axis}scale")("log")
    which = getattr(ax, f"{axis}axis")
    which.set_major_locator(LogLocator(numticks=7))
    which.set_major_formatter(FuncFormatter(power_of_ten))
    which.set_minor_locator(NullLocator())


def thinned(places: np.ndarray, values: np.ndarray, most: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """At most `most` points of a line: of each run the one farthest from the mean, so that peaks stay."""
    step = -(-len(values) // most)
    if step <= 1:
        return places, values
    far = np.nan_to_num(np.abs(values - np.nanmean(values)), nan=-1.0)
    starts = range(0, len(values), step)
    kept = [0, *(n + int(far[n : n + step].argmax()) for n in starts), len(values) - 1]
    index = np.unique(kept)
    return places[index], values[index]


def inline(figure: Figure, key: str, description: str) -> str:
    """The figure as an `<svg>` element; `key` keeps its ids apart from those of other figures."""
    stream = io.StringIO()
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(stream, format="svg", dpi=RASTER, metadata=metadata)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<style\b.*?</style>", "", text, flags=re.S)
    text = re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>{key}-", text)
    text = _numbered(text)
    text = text.replace("xlink:href=", "href=").replace(INK, "currentColor")
    box = re.search(r'viewBox="[^"]*"', text)
    opening = f'<svg {box[0] if box else ""} role="img" aria-label="{html(description)}">'
    text = re.sub(r"\n\s*", "\n", text)
    return opening + text[text.index(">") + 1 :].strip()


def _numbered(text: str) -> str:
    """Ids that come again, as those of equal images do, with a number."""
    seen: Counter[str] = Counter()

    def numbered(match: re.Match[str]) -> str:
        seen[match[1]] += 1
        return match[0] if seen[match[1]] == 1 else f' id="{match[1]}-{seen[match[1]]}"'

    return re.sub(r'\sid="([^"]*)"', numbered, text)
