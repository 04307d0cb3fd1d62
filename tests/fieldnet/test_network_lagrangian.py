"""From the weights of a network to its Lagrangian, equations of motion and free field."""

import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldnet.learning.network_model import NetworkModel
from fieldnet.model_file import load_model, save_model
from fieldnet.network_lagrangian import (
    equations_of_motion,
    free_field,
    incidence_layer,
    network_lagrangian,
    network_theory,
)
from lagrangians import catalogue, expand_mse_loss, parse_equation, signature
from simulations import FieldSystem, Kuramoto

from .network_cases import NODES, case, fitted, network
from .test_network_model import random_model


def plain(coupling, frequencies, order=1, damping=0.0, lag=0.0):
    """A model whose weights are the given coefficients."""
    K = torch.as_tensor(coupling, dtype=torch.float64)
    model = NetworkModel(len(K), order)
    with torch.no_grad():
        model.layer.weight.zero_()
        rotation = [[math.cos(lag), math.sin(lag)], [-math.sin(lag), math.cos(lag)]]
        model.layer.weight[1, :, :2] = torch.tensor(rotation, dtype=torch.float64)
        model.graph.weight[0] = K
        omega = torch.as_tensor(frequencies, dtype=torch.float64)
        model.frequencies.copy_(omega - math.sin(lag) * K.sum(-1))
        model.damping.copy_(torch.as_tensor(damping, dtype=torch.float64))
    return model


def values_of(expressions, model, theta, velocity=None):
    """Expressions in θ_i(t) and their first derivatives, at numbers."""
    t = sympy.Symbol("t")
    fields = [sympy.Function(f"{model.field}_{i}")(t) for i in range(model.nodes)]
    rules = {} if velocity is None else dict(zip([f.diff(t) for f in fields], velocity.tolist(), strict=True))
    return np.array(
        [float(e.subs(rules).subs(dict(zip(fields, theta.tolist(), strict=True)))) for e in expressions]
    )


def right_sides(model):
    fields = [f"{model.field}_{i}" for i in range(model.nodes)]
    return [parse_equation(text, fields, ("t",)) for text in equations_of_motion(model)]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_equations_of_motion_read_back_as_the_network(order, seed):
    """For any weights: lag, sums and on-site torques included, to round-off of the sum."""
    model = random_model(order, nodes=5, seed=seed)
    theta, velocity = 2 * torch.randn(2, 5, dtype=torch.float64)
    found = values_of([right for _, right in right_sides(model)], model, theta, velocity)
    np.testing.assert_allclose(found, model(theta, velocity).detach(), rtol=1e-12, atol=1e-12)
    t = sympy.Symbol("t")
    for i, (left, _) in enumerate(right_sides(model)):
        assert left == sympy.Function(f"theta_{i}")(t).diff(t, order)


def test_text_of_the_equations():
    model = plain([[0, 0.5, 0], [-0.25, 0, 0], [0, 0, 0]], [1.5, -0.1, 0.0], order=2, damping=[0.0, 0.2, 0])
    assert equations_of_motion(model) == (
        "theta_0_tt = 1.5 + 0.5*sin(theta_1 - theta_0)",
        "theta_1_tt = -0.1 - 0.2*theta_1_t - 0.25*sin(theta_0 - theta_1)",
        "theta_2_tt = 0.0",
    )


def test_inertial_network_gives_the_density_of_the_catalogue():
    fit, truth = fitted("inertial"), case("inertial")
    theory = network_theory(fit.model)
    assert theory.kind == "conservative"
    assert theory.rayleigh is None
    np.testing.assert_array_equal(theory.metric, 1)
    expected = catalogue.kuramoto_inertial((fit.coupling + fit.coupling.T) / 2, fit.frequencies)
    assert theory.lagrangian == expected
    assert theory.lagrangian.is_equivalent(
        catalogue.kuramoto_inertial(truth.coupling, truth.frequencies), tolerance=1e-3
    )


def test_inertias_are_found_as_the_metric():
    """K_ij/m_i is not symmetric; in the metric m it is, and ℒ carries ½m_iθ̇_i²."""
    model = fitted("masses").model
    theory = network_theory(model)
    mass = 1 + np.arange(NODES) / NODES
    linked = case("masses").coupling.any(1)
    ratio = theory.metric / mass
    np.testing.assert_allclose(ratio[linked], ratio[linked][0], rtol=1e-3)
    assert theory.kind == "conservative"
    theta, velocity = torch.randn(2, NODES, dtype=torch.float64)
    acceleration = FieldSystem(theory.lagrangian, None).acceleration(theta[None], velocity[None])[0]
    np.testing.assert_allclose(acceleration, model(theta, velocity).detach(), atol=1e-3)


def test_dissipative_network_keeps_the_conservative_part():
    fit = fitted("unevenly_damped")
    theory = network_theory(fit.model)
    assert theory.kind == "dissipative"
    np.testing.assert_allclose(theory.rayleigh, case("unevenly_damped").damping, atol=1e-3)
    undamped = NetworkModel(**fit.model.config())
    undamped.load_state_dict(fit.model.state_dict())
    torch.nn.init.zeros_(undamped.damping)
    assert network_lagrangian(undamped) == theory.lagrangian


def test_on_site_torques_and_sums_enter_the_density():
    """A symmetric network with every term but a lag: the Euler–Lagrange equations are the network's."""
    model = random_model(order=2, nodes=4)
    with torch.no_grad():
        model.damping.zero_()
        model.graph.weight.copy_(model.graph.weight + model.graph.weight.mT)
        a, p, q = 0.7, 0.4, -0.3
        model.layer.weight[1, :, :2] = torch.tensor([[a + p, q], [q, a - p]])
    theory = network_theory(model)
    assert theory.kind == "conservative"
    theta, velocity = torch.randn(2, 4, dtype=torch.float64)
    found = values_of(theory.lagrangian.equations_of_motion().values(), model, theta, velocity)
    np.testing.assert_allclose(found, model(theta, velocity).detach(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("lag", "directed"), [(0.3, False), (0.0, True)])
def test_second_order_without_reciprocity_has_the_noisy_action(lag, directed):
    """½Σ(θ̈ + γθ̇ − F)²: zero on solutions, ½ per unit of squared torque off them."""
    K, omega = network()
    K = K.clone()
    if directed:
        K[0, K[0] != 0] = 0
    model = plain(K, omega, order=2, damping=0.1, lag=lag)
    theory = network_theory(model)
    assert theory.kind == "not reciprocal"
    assert theory.metric is None
    assert ("phase lag" in theory.reason) != directed
    t = sympy.Symbol("t")
    theta, velocity = torch.randn(2, NODES, dtype=torch.float64)
    acceleration = model(theta, velocity).detach()
    for push in (0.0, 0.5):
        second = {
            sympy.Function(f"theta_{i}")(t).diff(t, 2): float(acceleration[i]) + push for i in range(NODES)
        }
        density = theory.lagrangian.density.subs(second)
        assert values_of([density], model, theta, velocity)[0] == pytest.approx(
            NODES * push**2 / 2, abs=1e-12
        )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("kuramoto", "gradient flow"),
        ("kuramoto_regular", "gradient flow"),
        ("kuramoto_directed", "no gradient flow"),
        ("lagging", "no gradient flow"),
        ("mixed_signs", "gradient flow"),
    ],
)
def test_first_order_networks(name, kind):
    fit, truth = fitted(name), case(name)
    theory = network_theory(fit.model)
    assert theory.kind == kind
    assert (theory.metric is None) == (theory.reason is not None) == (kind == "no gradient flow")
    theta = torch.randn(len(fit.coupling), dtype=torch.float64)
    system = Kuramoto(truth.coupling, truth.frequencies, phase_lag=truth.phase_lag)
    for push in (0.0, 0.5):
        rate = system.velocity(theta) + push
        density = values_of([theory.lagrangian.density], fit.model, theta, rate)[0]
        assert density == pytest.approx(len(theta) * push**2 / 2, abs=1e-3)


def test_kuramoto_file_is_a_gradient_flow_in_the_metric_of_degrees():
    fit = fitted("kuramoto")
    degree = (case("kuramoto").coupling != 0).sum(1)
    np.testing.assert_allclose(network_theory(fit.model).metric, degree / degree.min(), rtol=1e-3)
    np.testing.assert_array_equal(network_theory(fitted("kuramoto_regular").model).metric, 1)


def test_directed_file_names_the_cycle():
    assert "cycle" in network_theory(fitted("kuramoto_directed").model).reason


def test_altering_one_weight_alters_the_density(tmp_path):
    """The density comes from model.safetensors alone; loading and deriving again gives the same one."""
    fit = fitted("inertial")
    path = tmp_path / "model.safetensors"
    save_model(fit.model, path)
    model = load_model(path)
    assert network_lagrangian(model) == network_lagrangian(fit.model)
    assert equations_of_motion(model) == equations_of_motion(fit.model)
    i, j = np.argwhere(np.triu(fit.coupling))[0]
    with torch.no_grad():
        model.graph.weight[0, i, j] *= 1.001
    changed = network_lagrangian(model)
    assert changed != network_lagrangian(fit.model)
    terms = {str(term): float(c) for term, c in changed.terms()}
    before = {str(term): float(c) for term, c in network_lagrangian(fit.model).terms()}
    different = [term for term in terms if terms[term] != before[term]]
    assert sum("cos" in term for term in different) == 1
    with torch.no_grad():
        model.layer.weight[1, 0, 0] *= 1.5
    assert network_theory(model).lagrangian != changed


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 9), st.floats(0.0, 1.0))
def test_incidence_layer_carries_the_energy(seed, nodes, density):
    """½Σ rᵀηr = Σ_{i<j} k_ij (1 − cos(θ_i − θ_j)); m₂ = v = 0 and h^{cc'} = ±δ_{cc'}I."""
    rng = np.random.default_rng(seed)
    k = np.triu(rng.normal(size=(nodes, nodes)) * (rng.random((nodes, nodes)) < density), 1)
    k = k + k.T
    layer, eta = incidence_layer(k)
    theta = 3 * rng.normal(size=(4, nodes))
    z = np.stack([np.cos(theta), np.sin(theta)], 1)
    energy = (k * (1 - np.cos(theta[:, :, None] - theta[:, None]))).sum((1, 2)) / 2
    with torch.no_grad():
        r = layer(torch.from_numpy(z)).numpy()
        matrices = layer.generators.matrix((nodes,)).numpy()
        forms = expand_mse_loss(layer.weight.numpy(), matrices, output_metric=eta.numpy())
    np.testing.assert_allclose(np.einsum("son,op,spn->s", r, eta.numpy(), r) / 2, energy, atol=1e-12)
    np.testing.assert_allclose(forms.value(z) / 2, energy, atol=1e-12)
    assert not forms.m2.any()
    assert not forms.v.any()
    signs = eta.diagonal()[::2].numpy()
    for c, d in np.ndindex(len(signs), len(signs)):
        np.testing.assert_array_equal(forms.h[c, d], signs[c] * np.eye(2) * (c == d))
    assert ((matrices != 0).sum(-1) <= 2).all()
    assert len(signs) <= 2 * max(1, np.count_nonzero(k, axis=1).max())


def test_incidence_layer_wants_a_symmetric_coupling():
    with pytest.raises(ValueError, match="expected a symmetric"):
        incidence_layer([[0, 1.0], [2.0, 0]])


def test_free_field_of_an_energy_is_that_of_the_incidence_layer():
    forms = free_field(fitted("kuramoto").model)
    assert np.shape(forms["m2"]) == (2, 2)
    assert not np.any(forms["m2"])
    assert not np.any(forms["v"])
    assert not np.any(forms["a"])
    colours = len(forms["h"])
    assert forms["signature"] == (2 * colours, 0, 0)
    mixed = free_field(fitted("mixed_signs").model)["signature"]
    assert mixed[0] > 0
    assert mixed[1] > 0


def test_free_field_without_energy_is_the_literal_expansion():
    """‖Q[Φ]‖² of the trained layer on (cos θ, sin θ, 1)."""
    for model in (random_model(nodes=5), fitted("kuramoto_directed").model):
        forms = free_field(model)
        theta = torch.randn(model.nodes, dtype=torch.float64)
        phi = model.stack(theta).numpy()
        L = model.graph.matrix()[0].detach().numpy()
        m2, h, v = np.array(forms["m2"]), np.array(forms["h"])[0, 0], np.array(forms["v"])[0]
        moved = phi @ L.T
        loss = np.sum(phi * (m2 @ phi)) + np.sum(moved * (h @ moved)) + 2 * np.sum(phi * (v @ moved))
        expected = model.layer(torch.from_numpy(phi)).square().sum().item()
        assert loss == pytest.approx(expected, rel=1e-10)
        assert tuple(forms["signature"]) == signature(h)
        np.testing.assert_allclose(np.array(forms["a"])[0], (v - v.T) / 2)
