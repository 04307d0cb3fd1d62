"""`fieldnet generators`: the Lie algebra behind pairs of data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def generators(
    file: Annotated[
        Path, typer.Argument(help=".npz or NetCDF with arrays x and y, (pairs, …), and group (optional).")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for generators.json; it is made.")],
    degree: Annotated[
        int | None,
        typer.Option(help="For images: vector fields of this degree in place of matrices.", min=0),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split, the controls and the resamples.", min=0)] = 0,
) -> None:
    """Find the generators L in y = exp(tL)x, with t unknown and different for every pair."""
    from ..saving import json_text, write_text
    from ..symmetry.ansatz import PolynomialFields
    from ..symmetry.pair_files import load_pairs
    from ..symmetry.pairs import discover_generators
    from .folders import prepare_folder

    prepare_folder(out)
    x, y, group = load_pairs(file)
    ansatz = PolynomialFields(x.shape[1:], degree) if degree is not None else None
    found = discover_generators(x, y, group, ansatz, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    text = json_text(found.content())
    write_text(out / "generators.json", text)
    typer.echo(found.verdict)
    held = found.held_out
    typer.echo(
        f"  gap         {found.gap.ratio:.3g}, controls {found.gap.control_ratio:.3g}\n"
        f"  held out    {held.found:.2e}, identity {held.identity:.2e}, control {held.control:.2e}"
    )
    if found.dimension:
        typer.echo(
            f"  closure     defect {found.closure_defect:.1e}, Killing signature {found.signature}\n"
            f"  spread      {found.spread.max(initial=0.0):.2g}° over resamples"
        )
    typer.echo(f"written: {out / 'generators.json'}")
