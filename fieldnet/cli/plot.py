"""`fieldnet plot`: a picture or a film of a field file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plot(
    file: Annotated[
        Path, typer.Argument(help="NetCDF, HDF5 or .npz with a field on (t, x[, y[, z]]) or (t, node).")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .png, .svg or .pdf, or a film .gif or .mp4; default: FILE with .png, for planes .gif.",
            show_default=False,
        ),
    ] = None,
    field: Annotated[str | None, typer.Option(help="Which field, default the first.")] = None,
    sample: Annotated[int, typer.Option(help="Which sample, from 0.")] = 0,
    beside: Annotated[
        Path | None,
        typer.Option(help="Another file on the same points: both are shown, and the difference."),
    ] = None,
    film: Annotated[bool, typer.Option("--film", help="A film also of a line or of oscillators.")] = False,
    frames: Annotated[int, typer.Option(help="The most frames of a film.")] = 120,
    rate: Annotated[float, typer.Option(help="Frames a second.")] = 20.0,
) -> None:
    """Picture a file: kymograph, film, phases and order parameter, or energy spectrum of a flow."""
    from ..pictures import plot as draw

    path = draw(file, out, field=field, sample=sample, beside=beside, film=film, frames=frames, rate=rate)
    typer.echo(f"written: {path}")
