"""Running a lagrangian.json from the first times of a file."""

import json

import numpy as np
import pytest

from fieldnet.demo import random_sine_gordon
from fieldnet.rollout import phase_error, relative_error, rollout, system_from_json
from simulations import Kuramoto, load, save, simulate

from .conftest import DATA

THEORY = {
    "coordinates": ["t", "x"],
    "fields": ["phi"],
    "density": "phi_t**2/2 - 0.72*phi_x**2 + 0.81*cos(phi)",
    "verdict": "variational",
}


@pytest.fixture(scope="module")
def data():
    return random_sine_gordon(seed=0, samples=2)


def test_density_is_run_at_the_times_of_the_data(data):
    later = data.isel(time=slice(30, None))
    result = rollout(system_from_json(THEORY, later), later, ["phi"])
    np.testing.assert_allclose(result["time"], later["time"], atol=1e-12)
    np.testing.assert_array_equal(result["x"], later["x"])
    assert relative_error(result["phi"].values, later["phi"].values).max() < 1e-3
    wrong = {**THEORY, "density": "phi_t**2/2 - 0.72*phi_x**2 + 0.5*cos(phi)"}
    bad = rollout(system_from_json(wrong, later), later, ["phi"])
    assert relative_error(bad["phi"].values, later["phi"].values).max() > 0.1


def test_equations_are_run_where_there_is_no_density(data):
    content = {
        **THEORY,
        "verdict": "not variational: dissipative",
        "equations_of_motion": ["phi_tt = 1.44*phi_xx - 0.81*sin(phi) - 0.5*phi_t"],
    }
    result = rollout(system_from_json(content, data), data, ["phi"])
    assert np.abs(result["phi"].values[:, -1]).max() < 0.2 * np.abs(data["phi"].values[:, -1]).max()


def test_network_is_run():
    truth = np.load(DATA / "kuramoto_regular_truth.npz")
    data = load(DATA / "kuramoto_regular.nc")
    content = {
        "network": {"coupling": truth["coupling"].tolist(), "frequencies": truth["frequencies"].tolist()}
    }
    result = rollout(system_from_json(content, data), data)
    assert phase_error(result["theta"].values, data["theta"].values).max() < 1e-3
    content["network"]["coupling"] = (1.2 * truth["coupling"]).tolist()
    worse = rollout(system_from_json(content, data), data)
    assert phase_error(worse["theta"].values, data["theta"].values).max() > 0.05


def test_wrapped_phases_are_no_obstacle():
    rates = np.array([2.0, -3.0])
    system = Kuramoto(np.array([[0, 0.5], [0.5, 0]]), rates)
    data = simulate(system, np.array([[0.3, 1.0]]), 5.0, save_every=0.05)
    wrapped = data.assign(theta=data["theta"].copy(data=np.angle(np.exp(1j * data["theta"].values))))
    result = rollout(system, wrapped)
    assert phase_error(result["theta"].values, data["theta"].values).max() < 1e-4


def test_theories_that_do_not_fit_the_data(data):
    with pytest.raises(ValueError, match="for oscillators on nodes, the data hold a field"):
        system_from_json({"network": {"coupling": [[0]], "frequencies": [0]}}, data)
    with pytest.raises(ValueError, match="has the parameters c without values"):
        system_from_json({**THEORY, "density": "phi_t**2/2 - c*phi_x**2", "parameters": ["c"]}, data)
    with pytest.raises(ValueError, match="unexpected character"):
        system_from_json({**THEORY, "density": "__import__('os')"}, data)
    nodes = load(DATA / "kuramoto.nc")
    with pytest.raises(ValueError, match="frequencies, the data have 20 nodes"):
        system_from_json({"network": {"coupling": [[0, 1], [1, 0]], "frequencies": [0, 1]}}, nodes)
    with pytest.raises(ValueError, match="cannot be read"):
        system_from_json({"network": {"coupling": [[0, 1], [1]], "frequencies": [0, 1]}}, nodes)


def test_command(data, tmp_path, cli):
    save(data, tmp_path / "data.nc")
    (tmp_path / "theory.json").write_text(json.dumps(THEORY))
    code, _, errors = cli(
        "rollout", tmp_path / "theory.json", "--initial", tmp_path / "data.nc", "--out", tmp_path / "out.nc"
    )
    assert code == 0, errors
    result = load(tmp_path / "out.nc")
    assert relative_error(result["phi"].values, data["phi"].values).max() < 1e-3


def test_blow_up_keeps_what_came_before(data, tmp_path, cli):
    save(data, tmp_path / "data.nc")
    growing = {**THEORY, "density": "phi_t**2/2 - phi_x**2/2 + phi**6"}
    (tmp_path / "theory.json").write_text(json.dumps(growing))
    code, _, errors = cli(
        "rollout", tmp_path / "theory.json", "--initial", tmp_path / "data.nc", "--out", tmp_path / "out.nc"
    )
    assert code == 2
    assert errors.startswith("error: the field phi blew up at t = ")
    assert (tmp_path / "out.nc").exists()
