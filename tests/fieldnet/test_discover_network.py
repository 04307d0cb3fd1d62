"""`fieldnet discover` on oscillator files of another program: network, theory, verdict."""

import numpy as np
import pytest
import torch

import fieldnet
from fieldnet.demo import compare_network, inertial_kuramoto
from fieldnet.model_file import load_model, save_model
from lagrangians import Lagrangian

from .conftest import discover_file

NAMES = ("kuramoto_regular", "kuramoto", "kuramoto_directed")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return {name: discover_file(name, tmp_path_factory.mktemp(name) / "out") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_coupling_edges_and_frequencies(found, name):
    network, truth = found[name].content["network"], found[name].truth
    coupling, frequencies = np.array(network["coupling"]), np.array(network["frequencies"])
    assert np.linalg.norm(coupling - truth["coupling"]) < 0.01 * np.linalg.norm(truth["coupling"])
    np.testing.assert_array_equal(coupling != 0, truth["coupling"] != 0)
    np.testing.assert_allclose(frequencies, truth["frequencies"], rtol=0.01)


def test_symmetric_network_is_a_gradient_flow(found):
    content = found["kuramoto_regular"].content
    assert content["verdict"] == "not variational: gradient flow"
    np.testing.assert_allclose(content["network"]["metric"], 1.0)
    assert "(1 - cos(theta_" in content["network"]["potential"]


def test_metric_of_a_network_that_is_not_symmetric(found):
    """K = 1.2 A/degree: m ∝ degree makes it symmetric."""
    content, truth = found["kuramoto"].content, found["kuramoto"].truth
    assert not np.allclose(truth["coupling"], truth["coupling"].T)
    assert content["verdict"] == "not variational: gradient flow"
    degree = (truth["coupling"] != 0).sum(1)
    metric = np.array(content["network"]["metric"])
    np.testing.assert_allclose(metric / metric[0], degree / degree[0], rtol=0.01)


def test_directed_network_has_a_broken_cycle(found):
    content, truth = found["kuramoto_directed"].content, found["kuramoto_directed"].truth
    assert content["verdict"] == "not variational: no gradient flow"
    assert content["network"]["metric"] is None
    cycle = content["evidence"]["cycle"]
    K = truth["coupling"]
    steps = list(zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    forward, backward = np.prod([K[i, j] for i, j in steps]), np.prod([K[j, i] for i, j in steps])
    assert abs(forward - backward) > 0.1 * max(forward, backward)
    assert content["evidence"]["forward"] == pytest.approx(forward, rel=0.05)
    assert "cycle" in content["evidence"]["failed"]


@pytest.mark.parametrize("name", NAMES)
def test_density_is_freidlin_wentzell_and_comes_from_the_weights(found, name, tmp_path):
    """ℒ = ½Σ(θ̇_i − F_i)² vanishes on θ̇ = F; an altered edge alters it."""
    folder = found[name].folder
    saved = fieldnet.load(folder)
    theory = Lagrangian.from_json(folder / "lagrangian.json")
    assert saved.lagrangian == theory
    solved = [line.partition(" = ") for line in found[name].content["equations_of_motion"]]
    assert all(left.endswith("_t") for left, _, _ in solved)
    count = len(theory.fields)
    draw = np.random.default_rng(0)
    phases = {f"theta_{i}": v for i, v in enumerate(draw.uniform(0, 6, count))}
    names = {"sin": np.sin, "cos": np.cos}
    rates = {left: eval(right, {"__builtins__": {}}, {**names, **phases}) for left, _, right in solved}
    symbols = {s: {**phases, **rates}[s.name] for s in theory.jet_density.free_symbols}
    assert abs(float(theory.jet_density.subs(symbols))) < 1e-20
    model = load_model(folder / "model.safetensors")
    with torch.no_grad():
        i, j = np.argwhere(model.graph.edges.numpy())[0]
        model.graph.weight[0, i, j] *= 1.1
    save_model(model, tmp_path / "model.safetensors")
    assert fieldnet.derive_lagrangian(load_model(tmp_path / "model.safetensors")) != theory


def test_inertial_oscillators_are_variational():
    found = fieldnet.discover_lagrangian(inertial_kuramoto(0))
    assert found.verdict == "variational"
    assert all(row.error < 1e-3 for row in compare_network(found))
    charges = {charge.name: charge for charge in found.conservation.charges}
    assert set(charges) == {"energy", "phase shift"}
    assert all(charge.relative_drift < 1e-3 and charge.control_drift > 0.1 for charge in charges.values())
    assert found.rollout_error[:, -1].max() < 0.01
    assert found.free_field.signature[1] == 0
    np.testing.assert_allclose(found.free_field.m2, 0)


def test_features_other_than_phase_are_refused(cli, tmp_path):
    from .conftest import DATA

    code, _, errors = cli(
        "discover", DATA / "kuramoto.nc", "--out", tmp_path / "out", "--features", "polynomial"
    )
    assert code == 2
    assert errors == "error: got the features 'polynomial' for oscillators, expected auto or phase\n"
