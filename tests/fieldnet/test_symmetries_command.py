"""`fieldnet symmetries`: files, exit codes, one line for bad input, the same content for the same seed."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fieldnet.discover_symmetries import discover_symmetries
from fieldnet.pictures.vector_fields import planes_of
from fieldnet.symmetry.fields.result import FieldSymmetries
from lagrangians import catalogue
from simulations import FieldSystem, Grid, load, save, simulate, solutions


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    grid = Grid(24.0, 96)
    initial = solutions.random_smooth(grid, 2, amplitude=1.3, correlation_length=2.5, seed=3)
    data = simulate(FieldSystem(catalogue.sine_gordon(), grid), initial, 12.0, save_every=0.1)
    path = tmp_path_factory.mktemp("data") / "field.nc"
    save(data, path)
    return path


@pytest.fixture(scope="module")
def found(file):
    return discover_symmetries(file, "sine_gordon")


def without_seconds(text):
    content = json.loads(text)
    content["fit"].pop("seconds")
    return content


def test_command(cli, file, found, tmp_path):
    code, out, errors = cli("symmetries", file, "--lagrangian", "sine_gordon", "--out", tmp_path / "a")
    assert (code, errors) == (0, "")
    assert "iso(1,1)" in out
    content = without_seconds((tmp_path / "a" / "symmetries.json").read_text("utf-8"))
    assert content["schema"] == "fieldnet/symmetries/1"
    assert content["verdict"] == out.splitlines()[0] == "iso(1,1)"
    assert content["dimension"] == 3
    assert [g["text"] for g in content["generators"]] == ["∂_t", "∂_x", "x∂_t + t∂_x"]
    assert content["generators"][2]["latex"] == r"x \partial_{t} + t \partial_{x}"
    assert max(content["proved"]["principal_angles"]) < 0.1
    assert content["killing_signature"] == [1, 0, 2]
    assert {c["name"] for c in content["currents"]} == {"energy", "momentum along x", "boost along x"}
    energy = next(c for c in content["currents"] if c["name"] == "energy")
    assert set(energy["text"]) == set(energy["latex"]) == {"J^t", "J^x"}
    for item in content["audit"]["conservation"]:
        assert item["relative_drift"] < 1e-3 < 0.1 < item["control_drift"]
    (boost,) = content["audit"]["local_conservation"]
    assert boost["residual"] < 1e-3 < 0.1 < boost["control_residual"]
    assert content["fit"]["seed"] == 0
    for number in (1, 2, 3):
        assert (tmp_path / "a" / f"generator_{number}.png").read_bytes().startswith(b"\x89PNG")
    assert without_seconds(json.dumps(found.content())) == content  # a second run, in Python


def test_bad_input(cli, file, tmp_path):
    oscillators = tmp_path / "oscillators.npz"
    draw = np.random.default_rng(0)
    np.savez(oscillators, t=np.arange(40) * 0.1, theta=np.cumsum(draw.random((40, 10)), axis=0))
    for arguments, message in (
        ((file, "--lagrangian", "sine_gordn"), "did you mean 'sine_gordon'?"),
        ((file, "--lagrangian", "sine_gordon:m=3"), "the equation does not hold on these data"),
        ((file, "--lagrangian", "sine_gordon", "--degree", "0"), "got degree 0"),
        ((file, "--lagrangian", "sine_gordon", "--boundary", "round"), "got the boundary 'round'"),
        ((file, "--lagrangian", "born_infeld"), "cannot be moved onto test functions"),
        ((file, "--lagrangian", "sine_gordon", "--seed", "-1"), "got seed -1"),
        ((file, "--lagrangian", tmp_path / "none.json"), "none.json"),
        ((file, "--lagrangian", "sine_gordon", "--field", "u"), "got the field 'u'"),
        ((oscillators, "--lagrangian", "sine_gordon"), "got a Lagrangian for oscillators"),
        ((tmp_path / "none.nc",), "no such file"),
    ):
        code, out, errors = cli("symmetries", *arguments, "--out", tmp_path / "out")
        assert (code, out) == (2, ""), errors
        assert errors.startswith("error: ")
        assert errors.count("\n") == 1
        assert message in errors
        assert not (tmp_path / "out").exists()


def test_given_lagrangian_of_another_dimension(file):
    with pytest.raises(ValueError, match=r"the theory is about \(t, x, y\), the data about \(t, x\)"):
        discover_symmetries(file, catalogue.sine_gordon(dimension=2))


def test_one_short_sample_leaves_nothing_to_hold_out(file):
    short = load(file).isel(sample=slice(1), time=slice(20))
    with pytest.raises(ValueError, match=r"too few times: [1-3] test functions fit .*, expected at least 4"):
        discover_symmetries(short, "sine_gordon")


def test_result_protocol(found):
    assert isinstance(found, FieldSymmetries)
    json.dumps(found.content(), allow_nan=False)
    assert all(len(row) == 3 for row in found.table())
    assert found.name == found.verdict == "iso(1,1)"
    assert replace(found, proved_rows=found.proved_rows[:0]).name == "iso(1,1)"  # not the proved one's


def test_a_picture_has_only_planes_that_move(found):
    """A part along the field alone gets no plane of coordinates, where only round-off would be drawn."""
    ansatz = found.found.ansatz
    scaling = np.zeros(ansatz.size)
    scaling[ansatz.directions.index((2, (0, 0, 1)))] = 1.0
    scaling[ansatz.directions.index((1, (0, 1, 0)))] = 1e-9
    assert planes_of(found, scaling) == [(0, 2)]
    assert planes_of(found, found.found.basis[2]) == [(1, 0)]


def test_verdicts(found):
    small = replace(found, found=replace(found.found, unmoved=2))
    assert small.verdict.startswith("undetermined: 2 of the 3 directions leave the sampled solutions")
    more = replace(found, proved_rows=found.proved_rows[:2])
    assert more.verdict == "iso(1,1); 2 are proved: the data do not break the others"
    nothing = replace(found, found=replace(found.found, null=replace(found.found.null, dimension=0)))
    assert nothing.verdict.startswith("none: ")
