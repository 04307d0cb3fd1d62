"""`fieldnet simulate`: every system by name, from options to a file."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import xarray

    from ..systems import Experiment


def simulate(
    context: typer.Context,
    system: Annotated[
        str | None,
        typer.Argument(
            metavar="SYSTEM",
            help="A name (see --list), a lagrangian.json, or nothing with --density.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where the simulated field goes (.nc or .npz).", show_default=False),
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Show systems, or the initial data and parameters of SYSTEM.")
    ] = False,
    initial: Annotated[
        str | None,
        typer.Option(help="NAME[:key=value,…], field=expression,… or a field file (its first state)."),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter", "-p", metavar="NAME=VALUE", help="A parameter of the theory; repeat for more."
        ),
    ] = None,
    density: Annotated[
        str | None,
        typer.Option(help="A Lagrangian density in jet names, as phi_t**2/2 - phi_x**2/2 - phi**4/4."),
    ] = None,
    fields: Annotated[str | None, typer.Option(help="The fields of --density: phi or phi,chi.")] = None,
    dimension: Annotated[int | None, typer.Option(help="1, 2 or 3 space dimensions.")] = None,
    length: Annotated[str | None, typer.Option(help="Side of the box: 40, or 40,20.")] = None,
    points: Annotated[
        str | None, typer.Option(help="Points of an axis, particles of a chain: 1024, or 128,64.")
    ] = None,
    origin: Annotated[str | None, typer.Option(help="First coordinate; default: 0 is in the middle.")] = None,
    boundary: Annotated[
        str | None,
        typer.Option(
            help="periodic, winding, dirichlet, neumann or absorbing; of chains periodic, winding or fixed; "
            "default: from the initial data."
        ),
    ] = None,
    derivative: Annotated[
        str | None, typer.Option(help="fourier, or differences of order 2, 4, 6, 8.")
    ] = None,
    oscillators: Annotated[int | None, typer.Option(help="How many.")] = None,
    coupling: Annotated[
        str | None, typer.Option(help="K, or a file with the matrix K_ij (.npy, .npz, .csv).")
    ] = None,
    network: Annotated[str | None, typer.Option(help="As erdos-renyi:degree=6; default all-to-all.")] = None,
    frequencies: Annotated[str | None, typer.Option(help="As lorentzian:width=0.5, or a file.")] = None,
    inertia: Annotated[float | None, typer.Option(help="m ≥ 0.")] = None,
    damping: Annotated[float | None, typer.Option(help="γ ≥ 0, with inertia.")] = None,
    phase_lag: Annotated[float | None, typer.Option(help="α in radians.")] = None,
    harmonics: Annotated[
        str | None, typer.Option(help="a_1,a_2,… of Σ a_n sin(n(θ_j − θ_i)), as 1,0.5; default 1.")
    ] = None,
    triplets: Annotated[
        list[str] | None,
        typer.Option(help="Couplings of three, as 2j-k-i:strength=1.5 or j+k-2i; repeat for both."),
    ] = None,
    noise_strength: Annotated[
        float | None, typer.Option(help="σ of white noise in the dynamics of oscillators.")
    ] = None,
    forcing: Annotated[
        str | None,
        typer.Option(help="Stirs a flow, as random:rate=0.1,low=1,high=3 or kolmogorov:k=4,amplitude=1."),
    ] = None,
    viscosity: Annotated[float | None, typer.Option(help="ν ≥ 0 of a flow.")] = None,
    t_end: Annotated[float | None, typer.Option(help="Length of the run.")] = None,
    save_every: Annotated[float | None, typer.Option(help="Time between saved states.")] = None,
    step: Annotated[float | None, typer.Option(help="Time step; default: from the fastest wave.")] = None,
    integrator: Annotated[str | None, typer.Option(help="See --list; default: by the system.")] = None,
    backend: Annotated[str | None, typer.Option(help="loop, torch or kernel; default: the fastest.")] = None,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was interrupted.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there, or an unfinished run.")
    ] = False,
    noise: Annotated[
        float,
        typer.Option(help="Measurement noise of the saved fields, in units of their standard deviation."),
    ] = 0.0,
    samples: Annotated[int, typer.Option(help="Runs at once, from different draws.")] = 1,
    seed: Annotated[int, typer.Option(help="Of all random numbers.")] = 0,
) -> None:
    """Run any theory or network and save it: Lagrangian in, data out."""
    from ..systems import Options, prepare
    from ..systems.specification import assignments

    if listing:
        from .listing import print_system, print_systems

        print_systems() if system is None else print_system(system)
        return
    if out is None:
        raise ValueError("got no --out, expected a file for the result, such as --out field.nc")
    options = Options(
        **{
            **{
                field.name: context.params[field.name]
                for field in dataclasses.fields(Options)
                if field.name in context.params
            },
            "fields": tuple(name.strip() for name in (fields or "").split(",") if name.strip()),
            "parameters": assignments(parameter or ()),
            "triplets": tuple(triplets or ()),
        }
    )
    experiment = prepare(options)
    if dtype == "float32":
        experiment = experiment.single_precision()
    elif dtype != "float64":
        raise ValueError(f"got --dtype {dtype}, expected float64 or float32")
    _run(
        experiment,
        out,
        {"command": command_line(context), **experiment.attributes},
        resume=resume,
        overwrite=overwrite,
        step=step,
        integrator=integrator,
        backend=backend,
        noise=noise,
        seed=seed,
    )


def _run(
    experiment: Experiment,
    out: Path,
    attributes: dict[str, Any],
    *,
    resume: bool,
    overwrite: bool,
    **how: Any,
) -> None:
    from simulations import BlowUpError, check_writable, save
    from simulations import simulate as run

    from .progress import simple_progress

    check_writable(out)
    if out.exists() and not overwrite:
        raise ValueError(
            f"got {out}, which is there already, expected a new name, or --overwrite to replace it"
        )
    streamed = out.suffix != ".npz"
    unfinished = partial_run(out)
    if unfinished.exists() and not (resume or overwrite):
        raise ValueError(
            f"got an unfinished run of {out} ({unfinished}), expected --resume to go on with it "
            "or --overwrite to start anew"
        )
    if resume and overwrite:
        raise ValueError("got --resume and --overwrite, expected one of them")
    if streamed:
        how |= {"out": out, "resume": not overwrite}
    try:
        with simple_progress(f"simulating {attributes['system']}") as progress:
            dataset = run(
                experiment.system,
                experiment.initial,
                experiment.t_end,
                save_every=experiment.save_every,
                progress=progress,
                attributes=attributes,
                **how,
            )
    except BlowUpError as stopped:
        if stopped.partial is None:
            raise
        if not streamed:
            save(stopped.partial, out)
        count = stopped.partial.sizes["time"]
        raise ValueError(f"{stopped}; {out} holds the {count} saved states before") from None
    except KeyboardInterrupt as stopped:
        partial = getattr(stopped, "partial", None)
        if streamed:
            print(f"what is done is kept; go on with: {attributes['command']} --resume", file=sys.stderr)
        elif partial is not None:
            save(partial, out)
        raise
    if not streamed:
        save(dataset, out)
    print_run(dataset, attributes)
    typer.echo(f"written: {out}")


def print_run(dataset: xarray.Dataset, attributes: Mapping[str, Any]) -> None:
    """What was run, on standard output."""
    sizes = ", ".join(f"{size} {name}" for name, size in dataset.sizes.items())
    for label, text in (
        ("system", attributes["system"]),
        ("density", dataset.attrs.get("density", "")),
        ("equation", dataset.attrs.get("equation", "")),
        ("parameters", attributes.get("parameters", "")),
        ("note", attributes.get("note", "")),
        ("constraints", attributes.get("constraints", "")),
        ("initial", attributes["initial"]),
        ("saved", sizes),
        ("integrator", f"{dataset.attrs['integrator']}, {_step_text(dataset.attrs['step'])}"),
    ):
        if text:
            typer.echo(f"  {label:<11} {text if len(str(text)) <= 160 else str(text)[:157] + '…'}")


def _step_text(step: float | str) -> str:
    return f"{step} step" if isinstance(step, str) else f"step {step:.4g}"


def partial_run(out: Path) -> Path:
    """The folder of a run that is not over."""
    return out.with_name(f".{out.name}.partial")


def command_line(context: typer.Context) -> str:
    """The command as it was given, to be run again."""
    words = ["fieldnet", str(context.info_name)]
    for item in context.command.params:
        source = context.get_parameter_source(item.name) if item.name else None
        if item.name in (None, "resume", "overwrite") or source is None or source.name != "COMMANDLINE":
            continue
        value, flag = context.params[item.name], max(item.opts, key=len)
        for one in value if isinstance(value, list | tuple) else [value]:
            words += [str(one)] if item.param_type_name == "argument" else [flag, str(one)]
    return shlex.join(words)
