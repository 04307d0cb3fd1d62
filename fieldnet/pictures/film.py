"""Films: frames of a figure in which a few artists change, as a GIF or, by ffmpeg, an MP4."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from .saving import write_bytes

FILM_SHARPNESS = 80
"""Dots per inch of a frame."""
COLOURS = 128
"""Of a GIF; by coverage, so that the page stays white and rare colours are kept."""
SAMPLED = 8
"""Frames from which the colours of a GIF are taken."""


@dataclass(frozen=True)
class Film:
    """A figure, the artists of it that change, how they change, and the frames in order.

    `show(n)` sets the artists to the state of index n; `times` lists these indices, one a frame.
    """

    figure: Figure
    moving: Sequence[Artist]
    show: Callable[[int], None]
    times: np.ndarray

    def frames(self) -> Iterator[Image.Image]:
        """The frames: what does not move is drawn once."""
        self.figure.set_dpi(FILM_SHARPNESS)
        canvas = FigureCanvasAgg(self.figure)
        self.show(int(self.times[0]))
        canvas.draw()  # lays the figure out
        self.figure.set_layout_engine("none")
        for artist in self.moving:
            artist.set_animated(True)
        canvas.draw()
        still = canvas.copy_from_bbox(self.figure.bbox)
        for n in self.times:
            canvas.restore_region(still)
            self.show(int(n))
            for artist in self.moving:
                (artist.axes or self.figure).draw_artist(artist)
            yield Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        for artist in self.moving:
            artist.set_animated(False)


def save_film(film: Film, path: Path, rate: float) -> None:
    """Write a .gif or .mp4 of so many frames a second. ValueError for an .mp4 where there is no ffmpeg."""
    (_save_mp4 if path.suffix == ".mp4" else _save_gif)(film, path, rate)


def check_film(path: Path) -> None:
    """ValueError unless films of this ending can be made here."""
    if path.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise ValueError(
            f"cannot write {path}: an .mp4 needs the program ffmpeg, which is not on the path; "
            f"install it or use --out {path.with_suffix('.gif').name}"
        )


def _save_gif(film: Film, path: Path, rate: float) -> None:
    frames = list(film.frames())
    palette = _palette(frames)
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    stream = io.BytesIO()
    pause = max(20, round(1000 / rate))
    flat[0].save(
        stream,
        "GIF",
        save_all=True,
        append_images=flat[1:],
        duration=pause,
        loop=0,
        optimize=False,
        disposal=1,
    )
    write_bytes(path, stream.getvalue())


def _palette(frames: Sequence[Image.Image]) -> Image.Image:
    """The colours of a strip of sampled frames: one palette for all, so that nothing flickers."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(SAMPLED, len(frames))).round().astype(int))
    width, height = frames[0].size
    strip = Image.new("RGB", (width, height * len(chosen)))
    for row, n in enumerate(chosen):
        strip.paste(frames[n], (0, row * height))
    return strip.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def _save_mp4(film: Film, path: Path, rate: float) -> None:
    check_film(path)
    frames = film.frames()
    first = next(frames)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{first.width}x{first.height}", "-r", str(rate), "-i", "-", "-f", "mp4"]
    command += ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", str(temporary)]
    content = first.tobytes() + b"".join(frame.tobytes() for frame in frames)
    try:
        done = subprocess.run(command, input=content, capture_output=True, check=False)
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise ValueError(
                f"cannot write {path}: ffmpeg failed ({reason[-1] if reason else done.returncode}); "
                f"use --out {path.with_suffix('.gif').name}"
            )
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
