"""The network's torques as a layer, as coefficients and as a simulator, for any weights."""

import math

import numpy as np
import pytest
import torch

from fieldnet.learning.network_model import NetworkModel
from fieldnet.learning.network_training import network_samples, weak_residual
from simulations import Kuramoto

from .network_cases import NODES, case, network


def random_model(order=1, nodes=6, seed=0):
    """Every weight random: all forms of coupling and on-site torques at once."""
    torch.manual_seed(seed)
    model = NetworkModel(nodes, order)
    with torch.no_grad():
        model.frequencies.normal_()
        model.damping.uniform_()
    return model


def written_out(model, theta):
    """Torques from the coefficients of `model.torques()`, term by term."""
    found = model.torques()
    difference = theta[..., None, :] - theta[..., :, None]
    total = theta[..., None, :] + theta[..., :, None]
    own = torch.stack([theta.sin(), theta.cos(), (2 * theta).sin(), (2 * theta).cos()], -1)
    return (
        found.frequencies
        + (found.coupling * torch.sin(difference - found.phase_lag)).sum(-1)
        + (found.sums * torch.sin(total - found.sum_lag)).sum(-1)
        + (found.on_site * own).sum(-1)
    )


@pytest.mark.parametrize("seed", range(6))
def test_coefficients_are_an_identity_for_any_weights(seed):
    model, theta = random_model(seed=seed), 3 * torch.randn(4, 6, dtype=torch.float64)
    torch.testing.assert_close(
        model.torque(theta).detach(), written_out(model, theta), rtol=1e-12, atol=1e-12
    )
    assert -math.pi / 2 < model.torques().phase_lag <= math.pi / 2


@pytest.mark.parametrize(("a", "b"), [(0.0, 2.0), (0.0, -2.0), (-1.0, 0.0), (1.0, 0.0), (-0.5, 0.3)])
def test_quarter_turns_and_signs(a, b):
    """The lag stays in (−π/2, π/2]; the sign of the coupling takes up the rest."""
    model, theta = random_model(), 3 * torch.randn(4, 6, dtype=torch.float64)
    with torch.no_grad():
        model.layer.weight[1, :, :2] = torch.tensor([[a, -b], [b, a]])
    assert -math.pi / 2 < model.torques().phase_lag <= math.pi / 2
    torch.testing.assert_close(
        model.torque(theta).detach(), written_out(model, theta), rtol=1e-12, atol=1e-12
    )


def test_an_isotropic_layer_is_the_simulator():
    K, omega = network()
    model, lag = NetworkModel(NODES, order=2), 0.3
    with torch.no_grad():
        model.layer.weight.zero_()
        rotation = [[math.cos(lag), math.sin(lag)], [-math.sin(lag), math.cos(lag)]]
        model.layer.weight[1, :, :2] = torch.tensor(rotation, dtype=torch.float64)
        model.graph.weight[0] = K
        model.frequencies.copy_(omega - math.sin(lag) * K.sum(-1))
        model.damping.fill_(0.2)
    system = Kuramoto(K, omega, 1.0, damping=0.2, phase_lag=lag)
    theta, velocity = torch.randn(2, 3, NODES, dtype=torch.float64)
    torch.testing.assert_close(
        model(theta, velocity), system.acceleration(theta, velocity), atol=1e-12, rtol=0
    )
    found = model.torques()
    torch.testing.assert_close(found.coupling, K, atol=1e-12, rtol=0)
    torch.testing.assert_close(found.frequencies, omega, atol=1e-12, rtol=0)
    assert found.phase_lag == pytest.approx(lag, abs=1e-12)
    assert not found.sums.any()
    assert not found.on_site.any()


def test_weak_residual_of_the_truth_is_the_error_of_the_quadrature():
    """−∫ψ_tθ − ∫ψF and ∫ψ_ttθ − γ∫ψ_tθ − ∫ψF vanish on trajectories, and do not with another coupling."""
    for name, order in (("first_order", 1), ("damped", 2)):
        truth = case(name)
        samples = network_samples(truth.data, order=order)
        model = NetworkModel(NODES, order)
        with torch.no_grad():
            model.layer.weight.zero_()
            model.layer.weight[1, :, :2] = torch.eye(2)
            model.graph.weight[0] = torch.from_numpy(truth.coupling)
            model.frequencies.copy_(torch.from_numpy(truth.frequencies))
            model.damping.copy_(torch.from_numpy(truth.damping))
            scale = samples.target.norm()
            assert weak_residual(model, samples).norm() < 1e-4 * scale
            model.graph.weight.mul_(1.1)
            assert weak_residual(model, samples).norm() > 1e-3 * scale


def test_state_and_config_restore_the_model():
    model = random_model(order=2)
    copy = NetworkModel(**model.config())
    copy.load_state_dict(model.state_dict())
    theta, velocity = torch.randn(2, 3, 6, dtype=torch.float64)
    assert torch.equal(copy(theta, velocity), model(theta, velocity))
    assert model.config() == {"nodes": 6, "order": 2, "field": "theta"}


def test_absent_edges_do_nothing():
    model = random_model()
    model.graph.edges.fill_(False)
    np.testing.assert_array_equal(model.torques().coupling, 0)
    theta = torch.randn(6, dtype=torch.float64)
    torch.testing.assert_close(
        model.torque(theta).detach(), written_out(model, theta), rtol=1e-12, atol=1e-12
    )


def test_bad_arguments():
    with pytest.raises(ValueError, match="order is 3; expected 1"):
        NetworkModel(4, order=3)
    with pytest.raises(ValueError, match="at least 2 oscillators"):
        NetworkModel(1)
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 6\)"):
        random_model().torque(torch.zeros(5, dtype=torch.float64))
    with pytest.raises(ValueError, match="oscillators of order 2 need one"):
        random_model(order=2)(torch.zeros(6, dtype=torch.float64))
