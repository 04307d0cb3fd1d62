"""Diagonal metrics of networks: found where they exist, else the cycle that forbids one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.core.function import AppliedUndef

from fieldnet.gradient_flow import BrokenCycle, GradientFlow, gradient_flow
from lagrangians import parse_expression

DATA = __file__.rsplit("/fieldnet/", 1)[0] + "/data"


def symmetric(rng, nodes, density=0.4):
    """Random symmetric couplings of both signs on a random graph."""
    edges = np.triu(rng.random((nodes, nodes)) < density, 1)
    weights = np.where(edges, rng.uniform(0.2, 2, (nodes, nodes)) * rng.choice([-1, 1], (nodes, nodes)), 0)
    return weights + weights.T


def products(K, cycle):
    ahead = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
    return np.prod([K[i, j] for i, j in ahead]), np.prod([K[j, i] for i, j in ahead])


def assert_balanced(flow, K):
    """m_iK_ij = m_jK_ji to the mismatch that is stated, which is at most 1%."""
    assert isinstance(flow, GradientFlow)
    weighted = flow.metric[:, None] * K
    assert flow.mismatch <= 0.01
    np.testing.assert_allclose(weighted, weighted.T, rtol=np.expm1(flow.mismatch) + 1e-9)
    np.testing.assert_allclose(flow.coupling, (weighted + weighted.T) / 2, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12))
def test_symmetric_matrices_in_any_diagonal_metric_are_gradient_flows(seed, nodes):
    rng = np.random.default_rng(seed)
    S, m = symmetric(rng, nodes), rng.uniform(0.3, 3, nodes)
    flow = gradient_flow(S / m[:, None])
    assert_balanced(flow, S / m[:, None])
    assert flow.metric.min() == 1.0
    assert flow.mismatch < 1e-10 or (flow.metric == 1).sum() > 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 10), st.sampled_from([0.8, 1.15, 3.0]))
def test_one_perturbed_edge_on_a_cycle_is_caught(seed, nodes, factor):
    rng = np.random.default_rng(seed)
    K = symmetric(rng, nodes, 1.0) / rng.uniform(0.3, 3, nodes)[:, None]
    i, j = rng.choice(nodes, 2, replace=False)
    K[i, j] *= factor
    broken = gradient_flow(K)
    assert isinstance(broken, BrokenCycle)
    assert len(broken.nodes) == 3
    assert {i, j} <= set(broken.nodes)
    np.testing.assert_allclose((broken.forward, broken.backward), products(K, broken.nodes), rtol=1e-12)
    assert not np.isclose(broken.forward, broken.backward, rtol=0.05)


def test_the_shortest_of_several_broken_cycles_is_named():
    """A broken triangle 3, 4, 5 beside a broken pentagon 0, 1, 2, 3, 6."""
    K = np.zeros((7, 7))
    for i, j in [(0, 1), (1, 2), (2, 3), (3, 6), (6, 0), (3, 4), (4, 5), (5, 3)]:
        K[i, j] = K[j, i] = 1.0
    K[0, 1], K[4, 5] = 3.0, 2.0
    broken = gradient_flow(K)
    assert broken.nodes == (3, 4, 5)
    assert (broken.forward, broken.backward) == (2.0, 1.0)
    assert broken.reason == "on the cycle 3 → 4 → 5 → 3 the product of K is 2, backwards 1"
    K[4, 5] = 1.0
    assert gradient_flow(K).nodes == (0, 1, 2, 3, 6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12))
def test_trees_of_two_way_couplings_are_always_gradient_flows(seed, nodes):
    rng = np.random.default_rng(seed)
    K = np.zeros((nodes, nodes))
    for node in range(1, nodes):
        other, sign = rng.integers(node), rng.choice([-1, 1])
        K[node, other], K[other, node] = sign * rng.uniform(0.2, 3, 2)
    flow = gradient_flow(K)
    assert_balanced(flow, K)


def test_disconnected_parts_have_their_own_scale():
    K = np.zeros((6, 6))
    K[0, 1], K[1, 0] = 1.0, 2.0
    K[2, 3], K[3, 2] = 6.0, 1.5
    flow = gradient_flow(K)
    np.testing.assert_allclose(flow.metric, [2, 1, 1, 4, 1, 1])
    K[4, 5], K[5, 4] = 1.0, 1.004
    np.testing.assert_array_equal(gradient_flow(K).metric[4:], [1, 1])
    assert isinstance(gradient_flow(np.zeros((3, 3))), GradientFlow)


def test_a_one_way_coupling_and_the_directed_cycle_through_it():
    K = np.array([[0, 1, 0.0], [0, 0, 0], [0, 0, 0]])
    pair = gradient_flow(K)
    assert (pair.nodes, pair.forward, pair.backward) == ((0, 1), 1.0, 0.0)
    assert pair.reason == "K_0,1 = 1 but K_1,0 = 0: 0 → 1 → 0 does not balance"
    K[1, 2] = K[2, 0] = 2.0
    cycle = gradient_flow(K)
    assert (cycle.nodes, cycle.forward, cycle.backward) == ((0, 1, 2), 4.0, 0.0)
    assert set(cycle.pairs) == {(0, 1), (1, 2), (2, 0)}
    assert "no partner" in cycle.reason


def test_opposite_signs_do_not_balance():
    broken = gradient_flow([[0, 1.0], [-1.0, 0]])
    assert (broken.nodes, broken.forward, broken.backward) == ((0, 1), 1.0, -1.0)


def test_errors_widen_the_tolerance():
    K = np.array([[0, 1, 1.0], [1, 0, 1], [1.2, 1, 0]])
    assert isinstance(gradient_flow(K), BrokenCycle)
    assert isinstance(gradient_flow(K, 0.1 * np.ones((3, 3))), GradientFlow)
    K[2, 0] = 0.0
    errors = np.full((3, 3), 0.01)
    assert isinstance(gradient_flow(K, errors), BrokenCycle)
    errors[0, 2] = 0.5
    assert isinstance(gradient_flow(K, errors), GradientFlow)


def test_the_flow_descends_the_potential():
    """θ̇ = ω + ΣK sin(θ_j − θ_i) is −M⁻¹∂V, with V as a number and as text."""
    rng = np.random.default_rng(4)
    m = rng.uniform(0.5, 2, 6)
    K, omega, theta = symmetric(rng, 6) / m[:, None], rng.normal(size=6), 3 * rng.normal(size=6)
    flow = gradient_flow(K)
    velocity = omega + (K * np.sin(theta - theta[:, None])).sum(1)
    step = 1e-5 * np.eye(6)
    slope = (flow.potential(theta + step, omega) - flow.potential(theta - step, omega)) / 2e-5
    np.testing.assert_allclose(-slope / flow.metric, velocity, atol=1e-8)
    names = [f"theta_{i}" for i in range(6)]
    V = parse_expression(flow.potential_text(omega), names, ("t",))
    functions = V.atoms(AppliedUndef)
    value = float(V.subs({f: theta[int(f.name.removeprefix("theta_"))] for f in functions}))
    assert value == pytest.approx(flow.potential(theta, omega), abs=1e-10)


@pytest.mark.parametrize("name", ["kuramoto", "kuramoto_regular"])
def test_networks_of_the_data(name):
    truth = np.load(f"{DATA}/{name}_truth.npz")
    flow = gradient_flow(truth["coupling"])
    degree = (truth["coupling"] != 0).sum(1)
    np.testing.assert_allclose(flow.metric, degree / degree.min(), rtol=1e-12)


def test_the_directed_network_of_the_data_has_no_metric():
    K = np.load(f"{DATA}/kuramoto_directed_truth.npz")["coupling"]
    broken = gradient_flow(K)
    assert isinstance(broken, BrokenCycle)
    assert len(broken.nodes) >= 3
    np.testing.assert_allclose((broken.forward, broken.backward), products(K, broken.nodes))
    assert broken.forward != broken.backward


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"expected \(N, N\)"):
        gradient_flow(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="expected that of the coupling"):
        gradient_flow(np.zeros((2, 2)), np.zeros(2))
    with pytest.raises(ValueError, match="not finite"):
        gradient_flow([[0, np.nan], [1, 0]])
