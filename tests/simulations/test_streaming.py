"""Files written as the run goes: the same bytes as in memory, also after the process was killed."""

import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import xarray

from lagrangians import catalogue, parse_lagrangian
from simulations import BlowUpError, FieldSystem, Grid, Kuramoto, load, simulate, solutions
from simulations.running.assembly import CHUNK, chunks
from simulations.running.checkpoint import FramesOnDisk
from simulations.running.run import prepare_run

from .killed_runs import arguments

GRID = Grid(20.0, 32)
SYSTEM = FieldSystem(catalogue.sine_gordon(1.2, 0.9), GRID)
STATE = (solutions.random_smooth(GRID, 3, seed=1), solutions.random_smooth(GRID, 3, seed=2))
RUN = {"t_end": 2.0, "save_every": 0.1, "step": 0.05, "noise": 0.1, "seed": 3}
ROOT = Path(__file__).parents[2]


def partial_of(path):
    return path.with_name(f".{path.name}.partial")


def arrays(path):
    with h5py.File(path) as file:
        return {name: (array.dtype.str, array.shape, array[()].tobytes()) for name, array in file.items()}


def interrupted(path, after, **options):
    """The same run as `simulate(SYSTEM, STATE, **RUN, out=path)`, stopped at a fraction of it."""

    def stop(fraction):
        if fraction > after:
            raise KeyboardInterrupt

    options = {"checkpoint_saves": 1, **options}
    with pytest.raises(KeyboardInterrupt):
        simulate(SYSTEM, STATE, **RUN, out=path, progress=stop, **options)


@pytest.mark.parametrize("case", ["field", "oscillators", "float32"])
def test_a_file_holds_what_a_run_in_memory_returns(tmp_path, case):
    given, options = arguments(case) if case != "float32" else ((SYSTEM, STATE[0].float(), 2.0), RUN | {})
    options.pop("t_end", None)
    expected = simulate(*given, **options, attributes={"command": "fieldnet simulate …"})
    streamed = simulate(
        *given, **options, attributes={"command": "fieldnet simulate …"}, out=tmp_path / "file.nc"
    )
    xarray.testing.assert_identical(streamed.load(), expected)
    name = next(iter(expected.data_vars))
    assert streamed[name].dtype == expected[name].dtype == (np.float64 if case == "field" else np.float32)
    assert streamed[name].values.tobytes() == expected[name].values.tobytes()
    assert streamed.attrs["command"] == "fieldnet simulate …"
    again = load(tmp_path / "file.nc")
    np.testing.assert_array_equal(again[name], expected[name])
    assert again.attrs["equation"] == expected.attrs["equation"]
    assert os.listdir(tmp_path) == ["file.nc"]
    with xarray.open_dataset(tmp_path / "file.nc", decode_times=False) as dataset:
        assert dataset.encoding["unlimited_dims"] == {"time"}


@pytest.mark.parametrize("case", ["field", "oscillators"])
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path, case):
    script = Path(__file__).with_name("killed_runs.py")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), str(tmp_path), case]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    given, options = arguments(case)
    simulate(*given, **options, out=tmp_path / "whole.nc", checkpoint_seconds=100.0)
    for line, name, least in zip(ended.stdout.splitlines(), ("anywhere", "writing"), (3, 15), strict=True):
        kills, checkpoints = map(int, line.split())
        assert kills >= least
        assert checkpoints >= least // 2
        assert arrays(tmp_path / f"{name}.nc") == arrays(tmp_path / "whole.nc")
    assert sorted(os.listdir(tmp_path)) == ["anywhere.nc", "whole.nc", "writing.nc"]


def test_the_test_of_bytes_sees_a_wrong_checkpoint(tmp_path):
    """The control: a state that is off in its last place, or a step number that is off by one."""
    given, options = arguments("oscillators")
    simulate(*given, **options, out=tmp_path / "whole.nc")

    def stop(fraction):
        if fraction > 0.5:
            raise KeyboardInterrupt

    for change in ("q", "number", ""):
        path = tmp_path / f"changed-{change}.nc"
        with pytest.raises(KeyboardInterrupt):
            simulate(*given, **options, out=path, progress=stop, checkpoint_saves=1)
        checkpoint = partial_of(path) / "checkpoint.npz"
        with np.load(checkpoint) as saved:
            content = dict(saved)
        if change == "q":
            content["q"] = np.nextafter(content["q"], 10)
        if change == "number":
            content["number"] = content["number"] - options_per_save(options)
        np.savez(checkpoint, **content)
        simulate(*given, **options, out=path)
        assert (arrays(path) == arrays(tmp_path / "whole.nc")) == (change == "")


def options_per_save(options):
    return round(options["save_every"] / options["step"])


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "file.nc"
    simulate(SYSTEM, STATE, **RUN, out=tmp_path / "whole.nc")
    interrupted(path, 0.5)
    assert not path.exists()
    fractions = []
    simulate(SYSTEM, STATE, **RUN, out=path, progress=fractions.append)
    assert 0.5 < fractions[0] < 0.6
    assert fractions[-1] == 1.0
    assert arrays(path) == arrays(tmp_path / "whole.nc")
    assert sorted(os.listdir(tmp_path)) == ["file.nc", "whole.nc"]


def test_checkpoints_come_between_saved_states_too(tmp_path):
    """One save interval of 4000 steps, cut into pieces of about the time between checkpoints."""
    run = prepare_run(SYSTEM, STATE, 40.0, 40.0, 0.01)
    frames = FramesOnDisk(run, tmp_path / "file.nc", seconds=0.02)
    q, v, number = frames.start()
    pieces = []
    with torch.no_grad():
        while number < 400:
            until = min(number + frames.most_steps(), 4000)
            q, v = run.advance(q, v, number, run.step, until - number)
            pieces.append(until - number)
            number = until
            frames.passed(q, v, number)
    frames.close()
    assert pieces[0] == 1
    assert max(pieces) > 3
    again = FramesOnDisk(run, tmp_path / "file.nc")
    q, v, number = again.start()
    again.close()
    assert 0 < number < 4000
    expected = run.advance(run.q, run.v, 0, run.step, number)
    assert torch.equal(q, expected[0])
    assert torch.equal(v, expected[1])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"seed": 4}, "seed: there 3, now 4"),
        ({"step": 0.025}, r"step: there 0\.05, now 0\.025"),
        ({"save_every": 0.2}, "saves: there 20, now 10"),
        ({"noise": 0.2}, "noise"),
        ({"integrator": "yoshida4"}, "integrator: there blanes_moan4, now yoshida4"),
        ({"initial": (STATE[0], 2 * STATE[1])}, "initial velocity"),
        ({"initial": STATE[0] + 1e-15}, "initial state"),
        ({"initial": STATE[0].float()}, "dtype: there float64, now float32"),
        ({"system": FieldSystem(catalogue.sine_gordon(1.2, 0.8), GRID)}, "density"),
        (
            {"system": FieldSystem(catalogue.sine_gordon(1.2, 0.9), GRID, 4)},
            "derivative: there fourier, now 4",
        ),
    ],
)
def test_the_partial_of_another_run_is_refused(tmp_path, change, message):
    path = tmp_path / "file.nc"
    interrupted(path, 0.5)
    other = {"system": SYSTEM, "initial": STATE, **RUN, "out": path, **change}
    with pytest.raises(ValueError, match=message) as caught:
        simulate(**other)
    assert "delete it, or start anew (resume=False" in str(caught.value)
    assert "\n" not in str(caught.value)
    simulate(**other, resume=False)
    assert path.exists()
    assert not partial_of(path).exists()


@pytest.mark.parametrize("what", ["coupling", "noise", "parameter"])
def test_systems_are_told_apart_by_their_arrays(tmp_path, what):
    if what == "parameter":
        theory = parse_lagrangian("phi_t**2/2 - phi_x**2/2 - a*phi**2/2", ("phi",), ("t", "x"), ("a",))
        systems = [FieldSystem(theory, GRID, parameters={"a": a * torch.ones(32)}) for a in (1.0, 1.1)]
        initial = torch.ones(32)
    else:
        matrix = 0.1 * torch.ones(4, 4)
        given = [
            (matrix, 0.3),
            (matrix + 0.1 if what == "coupling" else matrix, 0.3 if what == "coupling" else 0.4),
        ]
        systems = [Kuramoto(k, torch.linspace(-1, 1, 4), noise=s) for k, s in given]
        initial = torch.zeros(4)
    path = tmp_path / "file.nc"

    def stop(fraction):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(systems[0], initial, 1.0, out=path, step=0.005, progress=stop)
    with pytest.raises(ValueError, match="holds another run"):
        simulate(systems[1], initial, 1.0, out=path, step=0.005)
    simulate(systems[0], initial, 1.0, out=path, step=0.005)


def test_damaged_partials_are_refused(tmp_path):
    for name, content in (("run.json", b"{"), ("checkpoint.npz", b"PK"), ("frames", b"")):
        path = tmp_path / f"{name}.nc"
        interrupted(path, 0.5)
        (partial_of(path) / name).write_bytes(content)
        with pytest.raises(ValueError, match=r"damaged|shorter") as caught:
            simulate(SYSTEM, STATE, **RUN, out=path)
        assert "resume=False" in str(caught.value)


def test_two_writers_are_refused(tmp_path):
    path = tmp_path / "file.nc"
    errors = []

    def second(fraction):
        try:
            simulate(SYSTEM, STATE, **RUN, out=path)
        except ValueError as error:
            errors.append(str(error))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(SYSTEM, STATE, **RUN, out=path, progress=second)
    assert "another process" in errors[0]
    simulate(SYSTEM, STATE, **RUN, out=path)


def test_bad_places_are_refused_before_the_work(tmp_path):
    class Idle(Kuramoto):
        def velocity(self, theta, time=0.0):
            raise AssertionError("the work has begun")

    system = Idle(1.0, torch.linspace(-1, 1, 4))
    (tmp_path / "folder.nc").mkdir()
    for name, message in (
        ("missing/file.nc", "not an existing folder"),
        ("folder.nc", "it is a folder"),
        ("file.txt", "file ending"),
        ("file.npz", "leave out `out`"),
    ):
        with pytest.raises(ValueError, match=message):
            simulate(system, torch.zeros(4), 1.0, out=tmp_path / name)
    with pytest.raises(ValueError, match="one of them"):
        simulate(SYSTEM, STATE, 1.0, out=tmp_path / "file.nc", velocities=True)
    for option in ("checkpoint_saves", "checkpoint_seconds"):
        with pytest.raises(ValueError, match="expected positive numbers"):
            simulate(SYSTEM, STATE, 1.0, out=tmp_path / "file.nc", **{option: 0})
    assert os.listdir(tmp_path) == ["folder.nc"]


def test_a_full_disk_is_a_plain_error(tmp_path, monkeypatch):
    path = tmp_path / "file.nc"

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ValueError, match=r"cannot write .*file\.nc: No space left"):
            simulate(SYSTEM, STATE, **RUN, out=path, checkpoint_saves=1)
    simulate(SYSTEM, STATE, **RUN, out=path)


def test_a_file_that_is_there_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "file.nc"
    path.write_bytes(b"old")
    interrupted(path, 0.5)
    assert path.read_bytes() == b"old"
    simulate(SYSTEM, STATE, **RUN, out=path)
    assert load(path).sizes["time"] == 21


def test_a_blow_up_leaves_the_file_with_what_came_before(tmp_path):
    path = tmp_path / "file.nc"
    unbounded = FieldSystem(
        parse_lagrangian("phi_t**2/2 - phi_x**2/2 + phi**4/4", ("phi",), ("t", "x")), GRID
    )
    bump = 3 * torch.exp(-((GRID.coordinates()[0] - 10) ** 2) / 8)
    options = {"t_end": 10.0, "save_every": 0.02, "noise": 0.1}
    messages, partials = [], []
    for place in ({}, {"out": path}, {"out": path, "checkpoint_saves": 1, "checkpoint_seconds": 1e-6}):
        with pytest.raises(BlowUpError) as caught:
            simulate(unbounded, bump, **options, **place)
        messages.append(str(caught.value))
        partials.append(caught.value.partial.load())
    assert len(set(messages)) == 1
    xarray.testing.assert_identical(partials[0], partials[1])
    xarray.testing.assert_identical(partials[0], partials[2])
    assert partials[0].attrs["stopped"] == messages[0]
    assert load(path).sizes["time"] == partials[0].sizes["time"] > 16
    assert os.listdir(tmp_path) == ["file.nc"]


def test_memory_does_not_grow_with_the_run(tmp_path):
    """Of 80 frames of 512 KiB: at most 4 MiB of a chunk twice and a few frames; in memory, all."""
    grid = Grid((10.0, 10.0), (256, 256))
    system = FieldSystem(catalogue.klein_gordon(1, 1, dimension=2), grid, 2)
    q = solutions.random_smooth(grid, 1)
    frame = q.numel() * 8
    peaks = []
    for place in ({}, {"out": tmp_path / "file.nc"}):
        tracemalloc.start()
        simulate(system, q, 0.8, save_every=0.01, step=0.01, integrator="stormer_verlet", noise=0.1, **place)
        peaks.append(tracemalloc.get_traced_memory()[1] / frame)
        tracemalloc.stop()
    assert peaks[0] > 81
    assert peaks[1] < 2 * CHUNK / frame + 6


@pytest.mark.parametrize("shape", [(1, 10, 4), (3, 1000, 64), (1, 5, 4096, 4096), (100000, 3, 500), (2, 7)])
def test_chunks_are_of_bounded_size(shape):
    chunk = chunks(shape, 8)
    assert all(1 <= part <= whole for part, whole in zip(chunk, shape, strict=True))
    assert CHUNK / 4 < 8 * np.prod(chunk) <= CHUNK or chunk == shape


def test_simulate_in_a_thread_leaves_no_lock(tmp_path):
    path = tmp_path / "file.nc"
    worker = threading.Thread(target=lambda: simulate(SYSTEM, STATE, **RUN, out=path))
    worker.start()
    worker.join()
    assert simulate(SYSTEM, STATE, **RUN, out=path).sizes["time"] == 21
