"""`fieldnet discover`: data in, Lagrangian out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

File = Annotated[
    Path | None,
    typer.Argument(
        help="NetCDF, HDF5 or .npz with fields on (t, x[, y]) or phases on (t, node).", show_default=False
    ),
]


def discover(
    file: File = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; it is made.", show_default=False)
    ] = None,
    fields: Annotated[
        str | None,
        typer.Option(help="Fields of the theory, separated by commas; default: all.", show_default=False),
    ] = None,
    field: Annotated[str | None, typer.Option(help="One field alone.", show_default=False)] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="Family of potentials: auto (default), identity, polynomial, phase, hyperbolic or mixed.",
            show_default=False,
        ),
    ] = None,
    library: Annotated[
        str | None,
        typer.Option(
            help="Terms of the density in one line, 'auto + cos(2.5*phi), phi_x**4'.", show_default=False
        ),
    ] = None,
    holdout: Annotated[
        float | None,
        typer.Option(help="Part of the data that no fit sees; default 0.2.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of everything that is drawn; default 0.", show_default=False)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Families, or of oscillators samples and nodes, worked on at once; default 1.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="weak (default): weak regression; network: an L-conv network trained by gradient.",
            show_default=False,
        ),
    ] = None,
    boundary: Annotated[
        str | None,
        typer.Option(
            help="periodic, winding, open, dirichlet or neumann; default: from the data.", show_default=False
        ),
    ] = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Read the file in pieces, or whole; default: in pieces if it is large beside the memory.",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="A TOML file with these options; the command line wins.", show_default=False),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not go on from an interrupted run in the folder.")
    ] = False,
) -> None:
    """Find the Lagrangian of measured fields: lagrangian.json, report.html, model.safetensors."""
    from ..configuration import configuration, field_list, read_configuration

    written = {} if config is None else read_configuration(config)
    given: dict[str, Any] = {
        "field": field,
        "fields": None if fields is None else field_list(fields),
        "features": features,
        "library": library,
        "holdout": holdout,
        "seed": seed,
        "workers": workers,
        "method": method,
        "boundary": boundary,
        "stream": stream,
    }
    source, folder = file or written.get("file"), out or written.get("out")
    if source is None:
        raise ValueError('got no data; give a FILE, or file = "…" in the configuration')
    if folder is None:
        raise ValueError('got no folder for the results; give --out, or out = "…" in the configuration')
    _discover(Path(source), Path(folder), configuration(given, written), fresh)


def _discover(file: Path, out: Path, chosen: Any, fresh: bool) -> None:
    from dataclasses import replace

    from ..discover import discover_lagrangian
    from ..memory import NAME, FileMemory, key_of
    from ..saving import save
    from .folders import prepare_folder
    from .progress import training_progress
    from .summary import print_summary

    prepare_folder(out)
    if not file.is_file():
        kind = "a folder; give a file in it" if file.is_dir() else "no such file; check the name"
        raise ValueError(f"{file}: {kind}")
    content = {name: value for name, value in chosen.content().items() if name != "workers"}
    memory = FileMemory(out / NAME, key_of(file, content), fresh)
    if memory.found:
        typer.echo(f"going on from an interrupted run: {memory.found} finished parts", err=True)
    try:
        with training_progress("misfit" if chosen.method == "weak" else "loss") as progress:
            discovery = discover_lagrangian(file, **chosen.arguments(), progress=progress, memory=memory)
        discovery = replace(discovery, fit={**discovery.fit, "options": chosen.content()})
        save(discovery, out)
    except ValueError:
        memory.forget()
        raise
    except KeyboardInterrupt:
        if memory:
            typer.echo(
                f"what is done is kept in {memory.path}; the same command goes on from there", err=True
            )
        raise
    memory.forget()
    print_summary(discovery)
    typer.echo(f"written: {out / 'lagrangian.json'}, {out / 'report.html'}, {out / 'model.safetensors'}")
