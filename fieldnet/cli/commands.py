"""The commands; each is a thin layer over the function of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .experiments import reproduce
from .pairs import generators
from .plot import plot
from .simulate import simulate
from .symmetries import symmetries

app = typer.Typer(
    name="fieldnet",
    help="Data in, Lagrangian out; Lagrangian in, data out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Out = Annotated[Path, typer.Option("--out", help="Folder for the results; it is made.", show_default=False)]
Seed = Annotated[int, typer.Option(help="Seed of the initial weights and the control generators.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"fieldnet {version('fieldnet')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Data in, Lagrangian out; Lagrangian in, data out."""


@app.command()
def discover(
    file: Annotated[
        Path, typer.Argument(help="NetCDF, HDF5 or .npz with a field on (t, x[, y]) or (t, node).")
    ],
    out: Out,
    features: Annotated[str, typer.Option(help="auto, identity, polynomial or phase.")] = "auto",
    field: Annotated[str | None, typer.Option(help="Which field, where the file holds several.")] = None,
    boundary: Annotated[
        str | None,
        typer.Option(help="periodic, winding, open, dirichlet or neumann; default: from the data."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Learn the Lagrangian of a measured field: lagrangian.json, report.html, model.safetensors."""
    from ..discover import discover_lagrangian
    from ..saving import save
    from .folders import prepare_folder
    from .progress import training_progress
    from .summary import print_summary

    prepare_folder(out)
    with training_progress() as progress:
        discovery = discover_lagrangian(file, field, features, boundary, seed, progress)
    save(discovery, out)
    print_summary(discovery)
    typer.echo(f"written: {out / 'lagrangian.json'}, {out / 'report.html'}, {out / 'model.safetensors'}")


@app.command()
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


def _names_in(data, fields: tuple[str, ...]) -> list[str]:
    """The fields of the theory in the data; a single field may have another name there."""
    present = [str(name) for name in data.data_vars]
    if all(name in present for name in fields):
        return list(fields)
    if len(present) == len(fields) == 1:
        return present
    raise ValueError(f"the data hold {', '.join(present)}, the theory is about {', '.join(fields)}")


@app.command()
def demo(
    out: Out = Path("out/demo"),
    seed: Seed = 0,
) -> None:
    """The whole chain on Sine-Gordon and Kuramoto: simulate, learn, derive, run, audit, report."""
    from ..demo import run_demo
    from .folders import prepare_folder
    from .progress import training_progress
    from .summary import print_comparison, print_summary

    prepare_folder(out)
    for item in run_demo(out, seed, training_progress):
        print_summary(item.discovery)
        print_comparison(item)
        typer.echo(f"written: {item.folder}\n")


app.command()(simulate)
app.command()(plot)
app.command()(symmetries)
app.command()(generators)
app.command()(reproduce)
