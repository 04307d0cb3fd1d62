"""Oscillators learned from their phases: couplings, edges, frequencies, order; controls that must fail."""

import numpy as np
import pytest
import torch

from fieldnet.learning.network_fit import _split, fit_network
from fieldnet.learning.network_model import NetworkModel
from fieldnet.learning.network_training import network_samples, relative_residual
from simulations import Kuramoto

from .network_cases import NODES, case, fitted, network, run

FILES = ("kuramoto", "kuramoto_regular", "kuramoto_directed")
FIRST_ORDER = ("first_order", "lagging", "mixed_signs")
SECOND_ORDER = ("inertial", "damped", "unevenly_damped", "inertial_lagging", "masses")


def distance(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


def assert_found(fit, truth, tolerance):
    assert distance(fit.coupling, truth.coupling) < tolerance
    np.testing.assert_array_equal(fit.coupling != 0, truth.coupling != 0)
    assert np.abs(fit.frequencies / truth.frequencies - 1).max() < tolerance
    np.testing.assert_allclose(fit.damping, truth.damping, atol=tolerance)
    np.testing.assert_array_equal(fit.damping != 0, truth.damping != 0)
    assert fit.phase_lag == pytest.approx(truth.phase_lag, abs=tolerance)
    assert fit.undetermined is None
    assert fit.explanation is None


@pytest.mark.parametrize("name", FILES)
def test_files_of_another_program(name):
    """The issue asks for 1%; the files are exact to 1e-7."""
    fit = fitted(name)
    assert fit.order == 1
    assert_found(fit, case(name), 1e-4)
    assert fit.held_out_residual < 1e-4
    assert distance(fit.trained_coupling, case(name).coupling) < 1e-2
    assert np.count_nonzero(fit.trained_coupling) == fit.trained_coupling.size - len(fit.coupling)


@pytest.mark.parametrize("name", FIRST_ORDER + SECOND_ORDER)
def test_built_in_networks(name):
    fit = fitted(name)
    assert fit.order == (1 if name in FIRST_ORDER else 2)
    assert_found(fit, case(name), 1e-3)
    assert fit.held_out_residual < 1e-3


@pytest.mark.parametrize("name", FIRST_ORDER + SECOND_ORDER)
def test_the_other_order_does_not_explain_the_data(name):
    fit = fitted(name)
    _, wrong = fit.order_residuals[3 - fit.order]
    assert wrong > 1e3 * fit.order_residuals[fit.order][1]
    assert wrong > 0.3


@pytest.mark.parametrize("name", ["inertial"])
def test_seeds_agree(name):
    assert_seeds_agree(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FILES, *FIRST_ORDER, *SECOND_ORDER[1:]])
def test_more_seeds_agree(name):
    assert_seeds_agree(name)


def assert_seeds_agree(name):
    """Three seeds within 0.5% on every coefficient, and the trained networks before selection within 1%."""
    fits = [fitted(name, seed) for seed in range(3)]
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.coupling, fits[0].coupling, rtol=5e-3)
        np.testing.assert_allclose(fit.frequencies, fits[0].frequencies, rtol=5e-3)
        np.testing.assert_allclose(fit.damping, fits[0].damping, rtol=5e-3)
        assert distance(fit.trained_coupling, fits[0].trained_coupling) < 1e-2


def test_training_starts_from_random_weights_and_descends():
    fit = fitted("inertial")
    history = fit.history[2]
    assert history.train[0] > 0.1
    assert history.train[-1] < 1e-6
    assert set(history.stage) == {"Adam", "L-BFGS"}
    assert len(history.held_out) == len(history.seconds) == len(history.train)
    assert history.seconds == sorted(history.seconds)
    assert not np.array_equal(fitted("inertial", 1).history[2].train[:1], history.train[:1])


def test_weights_are_plain_where_nothing_more_is_needed():
    model = fitted("inertial").model
    np.testing.assert_array_equal(model.layer.weight[0].detach(), 0)
    np.testing.assert_array_equal(model.layer.weight[1].detach(), [[1, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(model.graph.edges, case("inertial").coupling != 0)
    np.testing.assert_array_equal(model.damping.detach(), 0)


def test_on_site_torques_are_found():
    class Pinned(Kuramoto):
        def torque(self, theta):
            return super().torque(theta) - 0.5 * torch.sin(theta) + 0.2 * torch.cos(2 * theta)

    fit = fit_network(run(Pinned(*network(), 1.0)), "theta")
    assert_found(fit, case("inertial"), 1e-3)
    expected = np.tile([-0.5, 0, 0, 0.2], (NODES, 1))
    np.testing.assert_allclose(fit.model.torques().on_site, expected, atol=1e-3)
    np.testing.assert_array_equal(fit.model.torques().on_site == 0, expected == 0)


def test_standard_errors_cover_the_truth_under_noise():
    """Of the kept edges nearly all lie within four standard errors at noise of 0.1%."""
    noisy = case("inertial").data.copy(deep=True)
    rng = np.random.default_rng(0)
    noisy["theta"] = noisy["theta"] + 2e-3 * rng.normal(size=noisy["theta"].shape)
    fit = fit_network(noisy, "theta")
    truth = case("inertial")
    assert distance(fit.coupling, truth.coupling) < 0.05
    kept = (fit.coupling != 0) & (truth.coupling != 0)
    deviation = np.abs(fit.coupling - truth.coupling)[kept] / fit.coupling_stderr[kept]
    assert np.mean(deviation < 4) > 0.9
    assert np.median(deviation) > 0.2
    assert (fit.coupling_stderr[fit.coupling == 0] == 0).all()


def test_phases_may_come_wrapped():
    wrapped = case("inertial").data.copy(deep=True)
    wrapped["theta"] = (wrapped["theta"] + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(
        network_samples(wrapped).values - network_samples(case("inertial").data).values,
        (wrapped["theta"].values - case("inertial").data["theta"].values)[:, :1].repeat(201, 1),
        atol=1e-12,
    )


def test_one_sample_is_split_in_time():
    fit = fit_network(case("inertial").data.isel(sample=[0]), "theta")
    assert_found(fit, case("inertial"), 1e-2)


def test_shuffled_times_are_not_explained():
    shuffled = case("first_order").data.isel(sample=slice(0, 4)).copy(deep=True)
    order = np.random.default_rng(0).permutation(shuffled.sizes["time"])
    shuffled["theta"].values = shuffled["theta"].values[:, order]
    fit = fit_network(shuffled, "theta")
    assert fit.held_out_residual > 0.9
    assert "no more than constant torques" in fit.undetermined


def test_synchronised_phases_leave_the_coupling_open():
    K, omega = network()
    late = run(Kuramoto(4 * K, omega), duration=40.0).isel(time=slice(600, None))
    fit = fit_network(late, "theta")
    assert "move together" in fit.undetermined
    assert "theta_" in fit.undetermined


def test_free_oscillators_have_no_edges():
    K, omega = network()
    fit = fit_network(run(Kuramoto(0 * K, omega)), "theta")
    np.testing.assert_array_equal(fit.coupling, 0)
    np.testing.assert_allclose(fit.frequencies, omega, rtol=1e-8)


@pytest.mark.slow
def test_hidden_neighbours_are_explained():
    """Two of eight oscillators do not follow a law of their own."""
    fit = fit_network(case("first_order").data.isel(node=[0, 1]), "theta")
    assert fit.held_out_residual > 0.3
    assert fit.explanation or fit.undetermined


def test_altering_the_model_alters_the_residual():
    """The control of `relative_residual`: another edge weight does not fit."""
    fit, samples = fitted("inertial"), network_samples(case("inertial").data, order=2)
    model = NetworkModel(**fit.model.config())
    model.load_state_dict(fit.model.state_dict())
    assert relative_residual(model, samples) < 1e-3
    i, j = np.argwhere(fit.coupling)[0]
    with torch.no_grad():
        model.graph.weight[0, i, j] *= 1.5
    assert relative_residual(model, samples) > 0.03


def test_progress_is_reported_and_does_not_go_back():
    seen = []
    fit_network(case("damped").data, "theta", progress=lambda *call: seen.append(call))
    fractions = [fraction for _, fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert any("order 2, L-BFGS" in stage for stage, _, _ in seen)


@pytest.mark.parametrize("samples, holdout, kept", [(6, 0.2, 5), (6, 0.5, 3), (6, 0.95, 1), (6, 0.0, 6)])
def test_held_out_samples(samples, holdout, kept):
    whole = network_samples(case("damped").data)
    training, testing = _split(whole, holdout)
    np.testing.assert_array_equal(training.values, whole.values[:kept])
    np.testing.assert_array_equal(testing.values, whole.values[kept % samples :])


def test_held_out_windows_of_a_single_sample():
    single = network_samples(case("damped").data.isel(sample=[0]))
    count = single.windows.count
    for holdout, part in ((0.2, 0.75), (0.5, 0.5)):
        training, testing = _split(single, holdout)
        assert training.windows.count == round(part * count)
        assert training.windows.count + testing.windows.count == count
    with pytest.raises(ValueError, match="expected a part from 0 to below 1"):
        fit_network(case("damped").data, "theta", holdout=1.0)


def test_the_generator_of_torch_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    fit_network(case("damped").data, "theta")
    assert torch.rand(1) == expected


def test_bad_data():
    data = case("damped").data
    with pytest.raises(ValueError, match=r"expected \('sample', 'time', 'node'\)"):
        network_samples(data.transpose("sample", "node", "time", ...))
    with pytest.raises(ValueError, match="at least 2 oscillators"):
        network_samples(data.isel(node=[0]))
    with pytest.raises(ValueError, match="give more points"):
        fit_network(data.isel(time=slice(0, 5)), "theta")
