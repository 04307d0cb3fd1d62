"""From a file to a picture of it."""

from __future__ import annotations

import os
from pathlib import Path

from matplotlib.figure import Figure

from .beside import Pair, beside_film, draw_beside, pair
from .film import Film, check_film, save_film
from .films import film_of
from .kymograph import draw_line
from .phases import draw_oscillators
from .plane import draw_states
from .saving import MOVING, check_picture, save_figure
from .shown import Shown, shown
from .spectrum import draw_flow
from .style import picture_style

FRAMES = 100
RATE = 20.0


def plot(
    file: str | os.PathLike,
    out: str | os.PathLike | None = None,
    *,
    field: str | None = None,
    sample: int = 0,
    beside: str | os.PathLike | None = None,
    film: bool = False,
    frames: int = FRAMES,
    rate: float = RATE,
) -> Path:
    """Make a picture (.png, .svg, .pdf) or a film (.gif, .mp4) of a field file; returns where it is.

    Fields on a line get a kymograph with states, spectra and the energy; oscillators their phases and order
    parameter; fields on a plane a film, vorticities one with the energy spectrum; a still picture of a plane
    shows some of its states.

    Args:
        out: where; its ending chooses the kind. Default: the file's name with .gif for planes and films, .png
            for the rest, `-beside` added for two files.
        field: which field, default the first. sample: which sample.
        beside: another file on the same points: both are shown, and the second minus the first.
        film: make a film also of what is a still picture by default.
        frames: the most frames of a film; times are left out evenly. rate: frames a second.

    ValueError (DataError), one line, for files that are no fields, places that cannot be written, options
    that do not fit, an .mp4 without ffmpeg.
    """
    if frames < 1 or not 0 < rate <= 50:
        raise ValueError(f"got {frames} frames at the rate {rate}, expected at least 1, at up to 50 a second")
    first = shown(file, field, sample)
    both = None if beside is None else _both(first, Path(file), Path(beside), field, sample)
    path = _place(Path(file), out, both, film or (len(first.axes) > 1 and (out is None)))
    check_picture(path)
    check_film(path)
    moving = path.suffix in MOVING
    if film and not moving:
        raise ValueError(
            f"got --film and the file ending '{path.suffix}', expected one of {', '.join(MOVING)}"
        )
    if moving and both is not None and len(first.axes) == 1:
        raise ValueError(
            "got a film of two files of one dimension, expected a still picture; use --out FILE.png"
        )
    with picture_style():
        if moving:
            save_film(film_for(first, both, frames), path, rate)
        else:
            save_figure(figure_for(first, both), path)
    return path


def figure_for(first: Shown, both: Pair | None = None) -> Figure:
    """The still picture that suits the field; call it within `picture_style()`."""
    if both is not None:
        return draw_beside(both)
    if first.oscillators:
        return draw_oscillators(first)
    if len(first.axes) == 1:
        return draw_line(first)
    return draw_flow(first) if first.flow else draw_states(first)


def film_for(first: Shown, both: Pair | None = None, frames: int = FRAMES) -> Film:
    """The film that suits the field; call it within `picture_style()`."""
    return film_of(first, frames) if both is None else beside_film(both, frames)


def _both(first: Shown, file: Path, beside: Path, field: str | None, sample: int) -> Pair:
    second = shown(beside, field, 0)
    if second.dataset.sizes["sample"] > 1:
        second = shown(beside, field, sample)
    names = (file.name, beside.name)
    return pair(first, second, names if names[0] != names[1] else (str(file), str(beside)))


def _place(file: Path, out: str | os.PathLike | None, both: Pair | None, moving: bool) -> Path:
    if out is not None:
        return Path(out)
    stem = file.stem + ("-beside" if both is not None else "")
    return file.with_name(stem + (".gif" if moving else ".png"))
