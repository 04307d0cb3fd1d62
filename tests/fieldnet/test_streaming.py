"""Equations from files that are read in pieces: the same numbers as in memory, in less memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import h5netcdf
import h5py
import numpy as np
import pytest
import sympy
import xarray as xr

from fieldnet.equations.atoms import Atom
from fieldnet.equations.banded import BandedProjections
from fieldnet.equations.dynamics import Dynamics
from fieldnet.equations.effective import effective_rows
from fieldnet.equations.estimate import covariance, score_fields, solved_for
from fieldnet.equations.library import density_library, equation_atoms
from fieldnet.equations.measured import MeasuredFields
from fieldnet.equations.projections import Projections
from fieldnet.equations.search import AtomTable, fit_equation
from fieldnet.equations.slabs import ScoredEquation, StreamedFields
from fieldnet.equations.streamed import pilot_fields, refined, stream_dynamics
from lagrangians import catalogue
from lagrangians.jets import jet_space
from simulations import DataError, FieldSystem, Grid, load, simulate, solutions
from simulations.files.lazy import exceeds_memory, open_lazily

C, M, NOISE = 1.2, 0.9, 0.1


def random_file(path: Path, names=("phi",), samples=1, times=230, points=(41,), seed=0) -> Path:
    """Random numbers: every identity of sums holds for them."""
    rng = np.random.default_rng(seed)
    axes = {"t": 0.1 * np.arange(times)} | {a: 0.2 * np.arange(n) for a, n in zip("xy", points, strict=False)}
    shape = (samples, times, *points)
    data = {name: (("sample", *axes), rng.standard_normal(shape).astype("f4")) for name in names}
    xr.Dataset(data, axes).to_netcdf(path, engine="h5netcdf")
    return path


def whole(path: Path, periodic: bool, deviations) -> MeasuredFields:
    source = open_lazily(path)
    everything = source.read(source.fields, slice(0, source.shape[0]), slice(0, source.shape[1]))
    jets = jet_space(source.fields, ("t", *source.axes))
    return MeasuredFields(jets, everything, source.spacing, periodic, tuple(deviations))


def some_atoms(measured: MeasuredFields) -> list[Atom]:
    phi, axes = measured.jets.symbol(0), len(measured.spacing)
    last = measured.jets.symbol(len(measured.values) - 1)

    def along(axis: int, times: int) -> tuple[int, ...]:
        return tuple(times * (n == axis) for n in range(axes))

    return [
        Atom(along(0, 2), phi),
        Atom(along(axes - 1, 2), phi),
        Atom(along(0, 0), sympy.sin(phi)),
        Atom(along(0, 1), phi**2),
        Atom(along(0, 0), phi * last**2),
    ]


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("points, half", [((41,), (12, 5)), ((23, 19), (9, 8, 4))])
def test_banded_projections_are_projections(tmp_path, periodic, points, half):
    path = random_file(tmp_path / "random.nc", samples=2, times=100, points=points)
    measured = whole(path, periodic, [0.1])
    banded, dense = BandedProjections(measured, half), Projections(measured, half)
    atoms = some_atoms(measured)
    np.testing.assert_allclose(banded.columns(atoms), dense.columns(atoms), atol=1e-12)
    np.testing.assert_allclose(banded.noise(atoms), dense.noise(atoms), rtol=1e-11)
    rows = np.random.default_rng(1).standard_normal(dense.shape)
    for atom in atoms:
        expected = dense.spread(rows, atom.derivative)
        given = banded.spread(rows, atom.derivative)
        np.testing.assert_allclose(given, expected, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("names, samples, slab", [(("phi",), 1, 41 * 90), (("phi", "chi"), 3, 41 * 230 * 2)])
@pytest.mark.parametrize("periodic", [True, False])
def test_sums_over_slabs_are_those_in_memory(tmp_path, names, samples, slab, periodic):
    """Also where test functions of two slabs share points; a covariance that forgets it is wrong."""
    path = random_file(tmp_path / "random.nc", names, samples)
    half, deviations = (11, 6), [0.2] * len(names)
    measured = whole(path, periodic, deviations)
    atoms, dense = some_atoms(measured), Projections(measured, half)
    parts = dense.moments(atoms)
    theta, ratio = solved_for(parts, 0)

    stream = StreamedFields(open_lazily(path), names, periodic, half, deviations, slab, 10**9)
    assert len(stream.slabs) > 1
    found = stream.moments(atoms, stream.sampled_moments(atoms))
    size = np.sqrt(np.outer(np.diag(parts.gram), np.diag(parts.gram)))
    np.testing.assert_allclose(stream.gram(atoms) / size, parts.gram / size, atol=1e-13)
    np.testing.assert_allclose(found.gram / size, parts.gram / size, atol=1e-13)
    np.testing.assert_allclose(found.noise, parts.noise, rtol=1e-10)
    assert stream.effective_rows(atoms, theta) == pytest.approx(effective_rows(dense, atoms, theta))

    equation = ScoredEquation(tuple(atoms), theta, ratio, parts)
    given = stream.score_gram([equation, equation])[len(atoms) :, : len(atoms)]
    expected = _score_gram(dense, equation)
    np.testing.assert_allclose(given, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())
    alone = sum(_score_gram(stream.projections(slab), equation) for slab in stream.slabs)
    if samples == 1:
        assert not np.allclose(alone, expected, rtol=1e-3)


def _score_gram(projections: Projections, equation: ScoredEquation) -> np.ndarray:
    """Of slabs that do not know of their neighbours, if it is that of one slab."""
    scores = score_fields(projections, equation.atoms, equation.theta, equation.ratio, equation.parts)
    flat = scores.reshape(len(equation.atoms), -1)
    return flat @ flat.T


def wave_file(path: Path, copies: int, dtype: str = "f8", seed: int = 0) -> Path:
    """Sine-Gordon waves: samples of one simulation, moved and reflected in x, t and φ, each with noise."""
    grid = Grid(length=30.0, points=96)
    initial = solutions.random_smooth(grid, 4, amplitude=1.5, correlation_length=2.5, seed=seed)
    system = FieldSystem(catalogue.sine_gordon(c=C, m=M), grid)
    clean = simulate(system, initial, 20.0, save_every=0.1, step=0.1)
    values, rng = clean["phi"].values, np.random.default_rng(seed)
    deviation = NOISE * values.std()
    shape = (copies, *values.shape[1:])
    with h5netcdf.File(path, "w") as file:
        file.dimensions = dict(zip(("sample", "t", "x"), shape, strict=True))
        file.create_variable("t", ("t",), data=clean["time"].values)
        file.create_variable("x", ("x",), data=clean["x"].values)
        field = file.create_variable("phi", ("sample", "t", "x"), dtype)
        for n in range(copies):
            moved = np.roll(values[n % 4], rng.integers(96), axis=1)
            moved = moved[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])] * rng.choice([-1, 1])
            field[n] = moved + deviation * rng.standard_normal(moved.shape)
    return path


def ansatz(path: Path, *families: str):
    source = open_lazily(path)
    jets = jet_space(source.fields, ("t", *source.axes))
    return {family: equation_atoms(density_library(family, jets)) for family in families}


def check_sine_gordon(dynamics, sigmas: float = 4.0) -> None:
    fit = dynamics.fits[0]
    found = {atom.text(("t", "x")): n for n, atom in enumerate(fit.atoms)}
    assert set(found) == {"phi_tt", "phi_xx", "sin(phi)"}
    for term, true in (("phi_xx", -(C**2)), ("sin(phi)", M**2)):
        n = found[term]
        assert abs(fit.theta[n] - true) < sigmas * fit.errors[n]


@pytest.fixture(scope="module")
def waves(tmp_path_factory) -> Path:
    return wave_file(tmp_path_factory.mktemp("waves") / "waves.nc", 12)


@pytest.fixture(scope="module")
def dynamics(waves) -> Dynamics:
    options = {"pilot_values": 2**15, "slab_values": 2**15, "sampled_values": 10**9}
    return stream_dynamics(open_lazily(waves), ansatz(waves, "phase"), **options)


def test_a_streamed_fit_is_the_fit_in_memory_with_the_pilots_terms(waves, dynamics):
    source = open_lazily(waves)
    check_sine_gordon(dynamics)
    assert dynamics.explained

    half = dynamics.widths.half_points(dynamics.width)
    stream = StreamedFields(source, source.fields, True, half, slab_values=2**15)
    assert len(stream.slabs) == 12
    fit = dynamics.fits[0]
    table = AtomTable(Projections(whole(waves, True, stream.deviations), half), fit.atoms)
    again = fit_equation(table, fit.atoms, fit.criterion)
    np.testing.assert_allclose(fit.theta, again.theta, rtol=1e-9)
    np.testing.assert_allclose(fit.errors, again.errors, rtol=1e-7)
    assert fit.ratio == pytest.approx(again.ratio)

    pilot, boundary = pilot_fields(source, source.fields, None, None, 2**15)
    assert (pilot.shape, boundary) == ((1, 201, 96), "periodic")
    parts = Projections(pilot, half).moments(fit.atoms)
    small = covariance(Projections(pilot, half), fit.atoms, fit.theta, 1.0, 0, parts)
    assert fit.errors[1] < 0.5 * np.sqrt(small[1, 1])


@pytest.mark.slow
def test_errors_of_sampled_slabs_are_near_those_of_all(waves):
    options = {"pilot_values": 2**16, "slab_values": 2**15}
    every = stream_dynamics(open_lazily(waves), ansatz(waves, "phase"), sampled_values=10**9, **options)
    some = stream_dynamics(open_lazily(waves), ansatz(waves, "phase"), sampled_values=2**17, **options)
    np.testing.assert_allclose(some.fits[0].theta, every.fits[0].theta, rtol=1e-4)
    np.testing.assert_allclose(some.fits[0].errors[1:], every.fits[0].errors[1:], rtol=0.15)
    assert not np.array_equal(some.fits[0].errors, every.fits[0].errors)


def test_terms_with_derivatives_of_the_data_are_refused(waves, dynamics):
    fit, jets = dynamics.fits[0], dynamics.equations.jets
    steep = Atom((0, 0), jets.symbol(0, (0, 1)) ** 2)
    chosen = replace(dynamics.chosen, fits=(replace(fit, atoms=(*fit.atoms, steep)),))
    stream = StreamedFields(open_lazily(waves), ("phi",), True, (12, 8), [0.1])
    with pytest.raises(ValueError, match=r"phi_x\*\*2.*load a part"):
        refined(replace(dynamics, chosen=chosen), stream)


def test_moments_of_a_file_take_less_memory_than_the_file(tmp_path):
    path = random_file(tmp_path / "long.nc", times=12_000, points=(96,))
    source = open_lazily(path)
    stream = StreamedFields(source, source.fields, True, (12, 8), [0.1], slab_values=2**15)
    atoms = some_atoms(whole(random_file(tmp_path / "short.nc", times=40), True, [0.1]))[:3]

    def peak(act) -> int:
        tracemalloc.start()
        act()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(lambda: stream.gram(atoms)) < path.stat().st_size / 2
    assert peak(lambda: load(path)) > path.stat().st_size  # the control


@pytest.mark.parametrize("kind", ["netcdf4", "netcdf3", "hdf5", "packed", "time last"])
def test_pieces_of_all_kinds_of_files(tmp_path, kind):
    rng = np.random.default_rng(0)
    values = rng.integers(-99, 99, (3, 32, 20)) * 0.5
    axes = {"t": 0.1 * np.arange(32), "x": 0.2 * np.arange(20)}
    path = tmp_path / "file.nc"
    data = xr.Dataset({"phi": (("sample", "t", "x"), values)}, axes)
    if kind == "hdf5":
        with h5py.File(path, "w") as file:
            for name, array in {"phi": values, **axes}.items():
                file[name] = array
    elif kind == "netcdf3":
        data.to_netcdf(path, engine="scipy")
    elif kind == "packed":
        data.to_netcdf(
            path,
            engine="h5netcdf",
            encoding={"phi": {"dtype": "i2", "scale_factor": 0.5, "_FillValue": -999}},
        )
    elif kind == "time last":
        data.transpose("x", "sample", "t").to_netcdf(path, engine="h5netcdf")
    else:
        data.to_netcdf(path, engine="h5netcdf")
    source = open_lazily(path)
    assert source.shape == load(path)["phi"].shape
    (piece,) = source.read(("phi",), slice(1, 3), slice(5, 9))
    assert piece.dtype == np.float64
    np.testing.assert_array_equal(piece, load(path)["phi"].values[1:3, 5:9])


def test_a_bad_value_is_named_with_its_place_when_it_is_read(tmp_path):
    path = random_file(tmp_path / "bad.nc", samples=2, times=60)
    with h5py.File(path, "r+") as file:
        file["phi"][1, 50, 7] = np.nan
    source = open_lazily(path)
    source.read(("phi",), slice(1, 2), slice(0, 50))
    with pytest.raises(DataError, match=r"'phi'.* sample 1, time = 5 \(index 50\), x = 1.4 \(index 7\)"):
        source.read(("phi",), slice(1, 2), slice(40, 60))


def test_files_that_cannot_be_read_in_pieces_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        open_lazily(tmp_path / "none.nc")
    np.savez(tmp_path / "file.npz", t=np.arange(20.0), x=np.arange(20.0), phi=np.zeros((20, 20)))
    with pytest.raises(DataError, match="save the data as one of them"):
        open_lazily(tmp_path / "file.npz")
    uneven = random_file(tmp_path / "uneven.nc")
    with h5py.File(uneven, "r+") as file:
        file["t"][7] += 0.05
    with pytest.raises(DataError, match="not uniform"):
        open_lazily(uneven)
    theta = xr.Dataset({"theta": (("t", "node"), np.zeros((40, 5)))}, {"t": np.arange(40.0)})
    theta.to_netcdf(tmp_path / "theta.nc", engine="h5netcdf")
    with pytest.raises(DataError, match="load the file whole"):
        open_lazily(tmp_path / "theta.nc")


def test_what_exceeds_memory(tmp_path):
    source = open_lazily(random_file(tmp_path / "small.nc"))
    assert not exceeds_memory(source)
    assert exceeds_memory(replace(source, shape=(10**9, *source.shape[1:])))


LIMITED = """
import resource, sys
from fieldnet.equations.library import density_library, equation_atoms
from fieldnet.equations.streamed import stream_dynamics
from lagrangians.jets import jet_space
from simulations import load
from simulations.files.lazy import open_lazily

kilobytes = int(open("/proc/self/status").read().split("VmSize:")[1].split()[0])
limit = 1024 * kilobytes + LIMIT
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
if "load" in sys.argv:
    load(PATH)
else:
    source, jets = open_lazily(PATH), jet_space(("phi",), ("t", "x"))
    ansatz = {"phase": equation_atoms(density_library("phase", jets))}
    found = stream_dynamics(source, ansatz, pilot_values=2**15)
    fit = found.fits[0]
    print(sorted(atom.text(("t", "x")) for atom in fit.atoms))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="limits of memory as Linux has them")
def test_a_file_larger_than_the_limit_of_memory(tmp_path):
    """230 MB with 170 MB beyond what Python has taken when all is imported; reading all of it fails."""
    path = wave_file(tmp_path / "waves.nc", 3000, "f4")
    limit = 160 * 2**20
    assert path.stat().st_size > 1.3 * limit
    code = LIMITED.replace("PATH", repr(str(path))).replace("LIMIT", str(limit), 1)

    def run(*arguments: str):
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )

    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['phi_tt', 'phi_xx', 'sin(phi)']"
    control = run("load")
    assert control.returncode != 0
    assert "MemoryError" in control.stderr or "allocate" in control.stderr
