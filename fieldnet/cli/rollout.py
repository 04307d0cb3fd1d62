"""`fieldnet rollout`: what was found, run from the first times of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import xarray as xr


def rollout(
    theory: Annotated[Path, typer.Argument(metavar="JSON", help="A lagrangian.json.")],
    initial: Annotated[Path, typer.Option(help="A field file; its first times are the initial data.")],
    out: Annotated[Path, typer.Option(help="Where the simulated field goes (.nc or .npz).")],
    t_end: Annotated[
        float | None, typer.Option(help="Length of the run; default: that of the initial file.")
    ] = None,
    boundary: Annotated[str | None, typer.Option(help="periodic, winding, dirichlet or neumann.")] = None,
) -> None:
    """Run what was found from the initial data of a file, saved at the times of that file."""
    from simulations import BlowUpError, check_writable, load, save

    from ..rollout import rollout as run
    from ..rollout import system_from_json
    from ..saving import read_content
    from .progress import simple_progress

    check_writable(out)
    content = read_content(theory)
    data = load(initial)
    try:
        system = system_from_json(content, data, boundary)
        names = _names_in(data, system.fields)
        with simple_progress("simulating") as progress:
            simulated = run(system, data, names, t_end, progress)
    except BlowUpError as error:
        if error.partial is not None:
            save(error.partial, out)
        raise
    save(simulated, out)
    typer.echo(f"written: {out}")


def _names_in(data: xr.Dataset, fields: tuple[str, ...]) -> list[str]:
    """The fields of the theory in the data; a single field may have another name there."""
    present = [str(name) for name in data.data_vars]
    if all(name in present for name in fields):
        return list(fields)
    if len(present) == len(fields) == 1:
        typer.echo(f"{fields[0]} of the theory is {present[0]} in the data", err=True)
        return present
    raise ValueError(f"the data hold {', '.join(present)}, the theory is about {', '.join(fields)}")
