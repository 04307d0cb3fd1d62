"""From initial data to a dataset: the one loop that runs every system."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, overload

import torch
import xarray

from .errors import BlowUpError
from .integrators import Integrator, Simulated
from .running.assembly import assemble
from .running.blow_up import blow_up_message, first_place, is_finite
from .running.checkpoint import FramesOnDisk
from .running.frames import Frames, FramesInMemory
from .running.metadata import skeleton
from .running.room import check_room
from .running.run import Initial, Run, prepare_run
from .storage import check_streamable

__all__ = ["Initial", "simulate"]

Progress = Callable[[float], None]


@overload
def simulate(
    system: Simulated, initial: Initial, t_end: float, *, velocities: Literal[False] = False, **options
) -> xarray.Dataset: ...


@overload
def simulate(
    system: Simulated, initial: Initial, t_end: float, *, velocities: Literal[True], **options
) -> tuple[xarray.Dataset, xarray.Dataset]: ...


def simulate(  # type: ignore[misc]  # the overloads leave the options to this signature
    system: Simulated,
    initial: Initial,
    t_end: float,
    *,
    save_every: float | None = None,
    step: float | None = None,
    integrator: str | Integrator | None = None,
    noise: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
    velocities: bool = False,
    backend: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    out: str | os.PathLike | None = None,
    resume: bool = True,
    checkpoint_saves: int = 1000,
    checkpoint_seconds: float = 10.0,
) -> xarray.Dataset | tuple[xarray.Dataset, xarray.Dataset]:
    """Run a system from t = 0 to t_end and return its fields, dims (sample, time, axes…).

    All samples run at once. The same arguments give the same bytes, whether in memory, in a file, or in a
    file whose run was killed and started again (on one machine, with one number of threads).

    Args:
        system: a `FieldSystem`, a `Kuramoto`, a `NavierStokes2D`, or anything with their methods.
        initial: q, or (q, v) for systems of second order in time (v = 0 if left out); q has the system's
            state shape with at most one sample axis in front. Several fields: stacked, or a mapping by name.
            The run is in float32 if all of it is, otherwise in float64, and on the device of q.
        t_end: the last time; a multiple of save_every.
        save_every: time between saved states, default t_end/200.
        step: time step, by default a part of what stability allows. One that divides save_every is taken as
            it is, and then states do not depend on save_every, bit for bit; any other is made smaller so
            that saved times are hit. ValueError with the limit if it is unstable, and with an adaptive
            integrator, which runs anew from save to save.
        integrator: a name from `integrators.INTEGRATORS` or an integrator; default `default_integrator`.
        noise: standard deviation of Gaussian measurement noise, in units of each field's standard deviation
            over the whole run.
        seed: of the measurement noise, and of a stochastic integrator chosen by name or by default.
        progress: called with the fraction done after each saved state.
        velocities: return (dataset, dataset of the velocities), the second without noise.
        backend: "loop", "torch" or "kernel"; None takes the fastest, see `backends.propagator`.
        attributes: put beside those of the run, such as {"command": "…"}.
        out: a NetCDF file (.nc, .nc4, .h5, .hdf5) that is written as the run goes, in `.NAME.partial/` beside
            it, and appears, or is replaced, when the run is over; what is returned is read from it when
            looked at. It holds at most a few frames in memory, and for a moment twice the file on disk.
        resume: go on from a partial run that is there, whatever stopped it. ValueError if it is one of other
            arguments. False removes it and starts anew.
        checkpoint_saves, checkpoint_seconds: what a killed run loses at most.

    Raises BlowUpError (ValueError) with time, place and advice for the first value that is not finite;
    `.partial` of it holds the dataset before, without noise, and so does `out`. A KeyboardInterrupt has the
    same `.partial` where the run is in memory, and leaves the partial run for `resume` where it is not.
    ValueError for bad arguments, before any work.
    """
    run = prepare_run(system, initial, t_end, save_every, step, integrator, noise, seed, backend)
    if velocities and run.v is None:
        raise ValueError(
            "got velocities=True for a system of first order in time, which has none in its state"
        )
    extra = dict(attributes or {})
    if out is not None:
        check_streamable(out)
    check_room(run, out)
    if out is None:
        return _in_memory(run, extra, progress, velocities)
    if velocities:
        raise ValueError("got velocities=True and out, expected one of them: files hold the fields only")
    if not (checkpoint_saves >= 1 and checkpoint_seconds > 0):
        raise ValueError(
            f"got checkpoint_saves = {checkpoint_saves}, checkpoint_seconds = {checkpoint_seconds}, "
            "expected positive numbers"
        )
    frames = FramesOnDisk(run, Path(out), resume, checkpoint_saves, checkpoint_seconds)
    return _to_disk(run, frames, extra, progress)


def _in_memory(
    run: Run, extra: dict[str, Any], progress: Progress | None, velocities: bool
) -> xarray.Dataset | tuple[xarray.Dataset, xarray.Dataset]:
    frames = FramesInMemory(run, velocities)
    try:
        _march(run, frames, progress)
    except (BlowUpError, KeyboardInterrupt) as stopped:
        reason = _stopped(str(stopped) or "interrupted")
        stopped.partial = frames.dataset(skeleton(run, frames.count, extra | reason))  # type: ignore[union-attr]
        raise
    frame = skeleton(run, frames.count, extra)
    dataset = frames.dataset(frame, run.noise)
    return (dataset, frames.dataset_of_velocities(frame)) if velocities else dataset


def _to_disk(
    run: Run, frames: FramesOnDisk, extra: dict[str, Any], progress: Progress | None
) -> xarray.Dataset:
    try:
        _march(run, frames, progress)
        return assemble(frames, extra, run.noise)
    except BlowUpError as stopped:
        stopped.partial = assemble(frames, extra | _stopped(str(stopped)))
        raise
    finally:
        frames.close()


def _stopped(reason: str) -> dict[str, Any]:
    """Attributes of what a run leaves that did not end."""
    return {"stopped": reason, "noise": 0.0}


def _march(run: Run, frames: Frames, progress: Progress | None) -> None:
    """Take the steps that are left, hand over every state that is to be saved."""
    q, v, number = frames.start()
    with torch.no_grad():
        while number < run.steps:
            until = min(number - number % run.substeps + run.substeps, number + frames.most_steps())
            following = _advanced(run, q, v, number, until)
            if not is_finite(following):
                raise BlowUpError(blow_up_message(run, (q, v, number), until))
            (q, v), number = following, until
            del following
            if number % run.substeps == 0:
                frames.record(q, v)
                if progress is not None:
                    progress(number / run.steps)
            frames.passed(q, v, number)


def _advanced(run: Run, q: torch.Tensor, v: torch.Tensor | None, number: int, until: int):
    try:
        return run.advance(q, v, number, run.step, until - number)
    except BlowUpError as error:
        name, where, value = first_place(run, q)
        raise BlowUpError(
            f"{error}; at t = {number * run.step:.6g} the largest value was {name} = {value:.4g} ({where})"
        ) from None
