"""The commands; each is a thin layer over the function of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .discover import discover
from .experiments import reproduce
from .pairs import generators
from .plot import plot
from .rollout import rollout
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


app.command()(discover)
app.command()(rollout)
app.command()(simulate)
app.command()(plot)
app.command()(symmetries)
app.command()(generators)
app.command()(reproduce)
