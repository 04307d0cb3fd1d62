"""The matrix form of the loss of one L-conv layer on nodes, against the loss itself; any matrices."""

from copy import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import NodeExpansion, expand_mse_loss


class Layer:
    """A random layer with generators, metric, measure, input f and target y (zeros where there is none)."""

    def __init__(
        self, n: int, m_in: int, m_out: int, d: int, target: bool, seed: int, batch: tuple = ()
    ) -> None:
        draw = np.random.default_rng(seed)
        eta = draw.standard_normal((m_out, m_out))
        self.weight = draw.standard_normal((n + 1, m_out, m_in))
        self.generators = draw.standard_normal((n, d, d))
        self.eta = eta + eta.T
        self.measure = draw.uniform(-1, 2, d)
        self.f = draw.standard_normal((*batch, m_in, d))
        self.y = draw.standard_normal((*batch, m_out, d)) * target
        self.target = m_out * target

    def expansion(self) -> NodeExpansion:
        arguments = (self.weight, self.generators, self.target, self.eta, self.measure)
        expansion = expand_mse_loss(*arguments)
        assert isinstance(expansion, NodeExpansion)
        return expansion

    def stacked(self) -> np.ndarray:
        return np.concatenate([self.f, self.y], axis=-2) if self.target else self.f

    def loss(self, stacked: np.ndarray) -> np.ndarray:
        """Σ_ν ρ_ν r_νᵀ η r_ν with r = W⁰f + W^i f L̂_iᵀ − y."""
        m_in = self.weight.shape[2]
        f, y = stacked[..., :m_in, :], stacked[..., m_in:, :]
        residual = self.weight[0] @ f
        for W, L in zip(self.weight[1:], self.generators, strict=True):
            residual = residual + W @ f @ L.T
        if self.target:
            residual = residual - y
        return np.einsum("...ad,ab,...bd,d->...", residual, self.eta, residual, self.measure)

    def magnitude(self, stacked: np.ndarray) -> np.ndarray:
        """The loss with the absolute value of every number: the size of what may cancel."""
        positive = copy(self)
        for name in ("weight", "generators", "eta", "measure"):
            setattr(positive, name, np.abs(getattr(self, name)))
        signs = np.repeat([1.0, -1.0], [self.weight.shape[2], self.target])
        return positive.loss(np.abs(stacked) * signs[:, None])


layers = st.builds(
    Layer,
    n=st.integers(0, 3),
    m_in=st.integers(1, 3),
    m_out=st.integers(1, 3),
    d=st.integers(1, 6),
    target=st.booleans(),
    seed=st.integers(0, 10**6),
    batch=st.sampled_from([(), (2,), (2, 3)]),
)


@given(layers)
@settings(deadline=None)
def test_matrix_form_equals_the_loss(layer: Layer) -> None:
    stacked = layer.stacked()
    error = np.abs(layer.expansion().value(stacked) - layer.loss(stacked))
    assert np.all(error <= 1e-14 * layer.magnitude(stacked))


@given(layers)
@settings(max_examples=30, deadline=None)
def test_euler_lagrange_is_the_gradient_of_the_loss(layer: Layer) -> None:
    """ΔI = ⟨EL(Φ), δ⟩ exactly, for ΔI = (I(Φ + δ) − I(Φ − δ))/2 of the quadratic form I."""
    stacked = layer.stacked()
    gradient = layer.expansion().euler_lagrange(stacked)
    assert gradient.shape == stacked.shape
    directions = np.random.default_rng(1).standard_normal((4, *stacked.shape))
    for direction in directions:
        change = (layer.loss(stacked + direction) - layer.loss(stacked - direction)) / 2
        predicted = np.sum(gradient * direction, axis=(-2, -1))
        size = layer.magnitude(np.abs(stacked) + np.abs(direction))
        assert np.all(np.abs(predicted - change) <= 1e-14 * size)


def paper_form(expansion: NodeExpansion, stacked: np.ndarray, kept: str) -> float:
    """m₂ and h terms, and of v^i only the antisymmetric or only the symmetric part."""
    moved = [stacked @ L.T for L in expansion.generators]
    total = np.sum(stacked * (expansion.m2 @ stacked) * expansion.measure)
    for i, j in np.ndindex(*expansion.h.shape[:2]):
        total += np.sum(moved[i] * (expansion.h[i, j] @ moved[j]) * expansion.measure)
    for i, L in enumerate(expansion.generators):
        R = expansion.measure[:, None] * L
        if "a" in kept:
            total += np.sum(stacked * (expansion.a[i] @ stacked @ (R.T - R)))
        if "s" in kept:
            total += np.sum(stacked * (expansion.s[i] @ stacked @ (R.T + R)))
    return float(total)


def test_each_part_of_v_is_needed() -> None:
    layer = Layer(n=2, m_in=2, m_out=2, d=5, target=True, seed=3)
    stacked, expansion = layer.stacked(), layer.expansion()
    loss = float(layer.loss(stacked))
    assert paper_form(expansion, stacked, kept="as") == pytest.approx(loss, rel=1e-12)
    for kept in ("a", "s", ""):
        assert paper_form(expansion, stacked, kept) != pytest.approx(loss, rel=1e-2)


def test_the_symmetric_part_drops_out_for_antisymmetric_generators() -> None:
    """L̂ᵀ = −L̂ and ρ = 1: the loss needs m₂, h and a alone."""
    layer = Layer(n=2, m_in=3, m_out=2, d=5, target=False, seed=4)
    layer.generators = layer.generators - layer.generators.transpose(0, 2, 1)
    layer.measure = np.ones(5)
    stacked = layer.stacked()
    value = paper_form(layer.expansion(), stacked, kept="a")
    assert value == pytest.approx(float(layer.loss(stacked)), rel=1e-12)


def test_kuramoto_energy_is_the_loss_of_an_incidence_matrix() -> None:
    """K Σ_edges A(1 − cos(θ_i − θ_j)) = ½K Σ_edges A|z_i − z_j|² on a ring with unequal edges."""
    draw = np.random.default_rng(5)
    count, K = 7, 1.3
    theta, edges = draw.uniform(-4, 4, count), draw.uniform(0.2, 2, count)
    incidence = np.roll(np.eye(count), 1, axis=1) - np.eye(count)
    weight = np.stack([np.zeros((2, 2)), np.eye(2)])
    expansion = expand_mse_loss(weight, incidence[None], measure=K * edges / 2)
    value = expansion.value(np.stack([np.cos(theta), np.sin(theta)]))
    energy = K * np.sum(edges * (1 - np.cos(np.roll(theta, -1) - theta)))
    assert value == pytest.approx(energy, rel=1e-13)
