"""The quadratic loss of one L-conv layer, expanded as a Lagrangian: m₂, h, v = s + a.

With input and target stacked, Φ = [f | y], a layer with weights (W⁰, W^i) and generators L̂_i has the
residual r = 𝒲⁰Φ + 𝒲^i L̂_iΦ, 𝒲⁰ = [W⁰, −I], 𝒲^i = [W^i, 0], and the loss ℒ = rᵀηr (convention: no factor
½). arXiv:2109.07103 gives the terms m₂, h and the boundary term for its case of symmetric v and
divergence-free generators; here nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from sympy.core.function import AppliedUndef

from lagrangians.density import Lagrangian
from lagrangians.factor import generic_signature, signature
from lagrangians.jets import JetSpace, jet_space
from lagrangians.light_cone import LightCone, characteristic_speeds, light_cone
from lagrangians.trigonometry import multiple_angles
from lagrangians.variation import divergence, total_derivative
from lagrangians.zero import drop_round_off, has_floats

NEGLIGIBLE = 1e-12  # coefficients below this part of the largest are round-off of the weights' products


@dataclass(frozen=True, eq=False)
class LossExpansion:
    """Forms of ℒ = rᵀηr that need no generator.

    `weight`: 𝒲, shape (n_L + 1, m_out, c) with c = m_in (+ m_out with a target); `output_metric`: η, shape
    (m_out, m_out). Arrays are float64, or hold SymPy expressions (dtype object).
    """

    weight: np.ndarray
    output_metric: np.ndarray

    @property
    def channels(self) -> int:
        """c, the number of channels of Φ."""
        return self.weight.shape[2]

    @cached_property
    def m2(self) -> np.ndarray:
        """m₂ = 𝒲⁰ᵀη𝒲⁰, shape (c, c), symmetric."""
        return self._form(0, 0)

    @cached_property
    def gram(self) -> np.ndarray:
        """𝒲^iᵀη𝒲^j, shape (n_L, n_L, c, c)."""
        n = len(self.weight)
        c = self.channels
        blocks = [[self._form(i, j) for j in range(1, n)] for i in range(1, n)]
        return np.array(blocks, dtype=self.weight.dtype).reshape(n - 1, n - 1, c, c)

    @cached_property
    def v(self) -> np.ndarray:
        """v^i = 𝒲⁰ᵀη𝒲^i = s^i + a^i, shape (n_L, c, c)."""
        forms = [self._form(0, i) for i in range(1, len(self.weight))]
        return np.array(forms, dtype=self.weight.dtype).reshape(-1, self.channels, self.channels)

    @cached_property
    def s(self) -> np.ndarray:
        """s^i = (v^i + v^iᵀ)/2, shape (n_L, c, c)."""
        return (self.v + self.v.transpose(0, 2, 1)) / 2

    @cached_property
    def a(self) -> np.ndarray:
        """a^i = (v^i − v^iᵀ)/2, shape (n_L, c, c); it survives into the equations of motion."""
        return (self.v - self.v.transpose(0, 2, 1)) / 2

    @property
    def signature(self) -> tuple[int, int, int]:
        """(positive, negative, zero) eigenvalues of 𝒲^iᵀη𝒲^j as one matrix over (i, a), (j, b).

        Symbolic weights: exact, for generic real values of the symbols; see `generic_signature`.
        """
        if self.weight.dtype == object and len(self.weight) > 1:
            stacked = np.concatenate(list(self.weight[1:]), axis=1)
            return generic_signature(_matrix(stacked), _matrix(self.output_metric))
        size = self.gram.shape[0] * self.channels
        return signature(self.gram.transpose(0, 2, 1, 3).reshape(size, size))

    def _form(self, i: int, j: int) -> np.ndarray:
        return self.weight[i].T @ self.output_metric @ self.weight[j]


@dataclass(frozen=True, eq=False)
class NodeExpansion(LossExpansion):
    """ℒ summed over d nodes for generators that are any d × d matrices.

    Features are channels-first, Φ of shape (..., c, d). With node weights ρ (`measure`, shape (d,)) and R_i
    = ρL̂_i,

        Σρℒ = ⟨Φ, ρm₂Φ⟩ + ⟨L̂_iΦ, ρ h^{ij}L̂_jΦ⟩ + ⟨Φ, a^i ⊗ (R_i − R_iᵀ)Φ⟩ + ⟨Φ, s^i ⊗ (R_i + R_iᵀ)Φ⟩.
    """

    generators: np.ndarray
    measure: np.ndarray

    @property
    def h(self) -> np.ndarray:
        """h^{ij} = 𝒲^iᵀη𝒲^j, shape (n_L, n_L, c, c)."""
        return self.gram

    def value(self, features: np.ndarray) -> np.ndarray:
        """The matrix form above, one number for each leading index; equals Σ_ν ρ_ν r_νᵀηr_ν."""
        features = self._checked(features)
        return np.sum(features * self._half_gradient(features), axis=(-2, -1))

    def euler_lagrange(self, features: np.ndarray) -> np.ndarray:
        """2 D†ηDΦ = ∂(Σρℒ)/∂Φ, shape (..., c, d); its first m_in channels hold at fixed target."""
        return 2 * self._half_gradient(self._checked(features))

    def _half_gradient(self, features: np.ndarray) -> np.ndarray:
        moved = [features @ L.T for L in self.generators]
        total = (self.m2 @ features) * self.measure
        for i, L in enumerate(self.generators):
            mixed = sum(self.gram[i, j] @ moved[j] for j in range(len(moved)))
            R = self.measure[:, None] * L
            forward, backward = features @ R.T, features @ R
            total = total + (mixed * self.measure) @ L
            total = total + self.a[i] @ (forward - backward) + self.s[i] @ (forward + backward)
        return total

    def _checked(self, features: np.ndarray) -> np.ndarray:
        features = np.asarray(features)
        expected = (self.channels, self.generators.shape[-1])
        if features.shape[-2:] != expected:
            raise ValueError(
                f"got features of shape {features.shape}, expected (..., {expected[0]}, {expected[1]})"
            )
        return features


@dataclass(frozen=True, eq=False)
class FieldExpansion(LossExpansion):
    """ℒ as a density for generators that are vector fields L̂_i = L̂_i^α(x)∂_α, with a measure ρ(x):

        ℒ = Φᵀm₂Φ + ∂_αΦᵀh^{αβ}∂_βΦ + 2Φᵀa^iL̂_iΦ − (div L̂_i)Φᵀs^iΦ + ρ⁻¹∂_α(ρL̂_i^αΦᵀs^iΦ),

    h^{αβ} = L̂_i^αL̂_j^β 𝒲^iᵀη𝒲^j and div L̂_i = ρ⁻¹∂_α(ρL̂_i^α). `features` are the c channels Φ as
    expressions in `fields` (applied functions), coordinates and constants.
    """

    generators: tuple[tuple[sympy.Expr, ...], ...]
    measure: sympy.Expr
    features: tuple[sympy.Expr, ...]
    coordinates: tuple[sympy.Symbol, ...]
    fields: tuple[AppliedUndef, ...]
    kinetic: sympy.Expr | None = None

    @cached_property
    def _jets(self) -> JetSpace:
        return jet_space(self.fields, self.coordinates)

    @cached_property
    def _phi(self) -> sympy.Matrix:
        return sympy.Matrix([self._jets.to_jets(z) for z in self.features])

    @cached_property
    def _gradients(self) -> list[sympy.Matrix]:
        return [
            self._phi.applyfunc(lambda z, alpha=alpha: total_derivative(z, alpha, self._jets))
            for alpha in range(len(self.coordinates))
        ]

    @cached_property
    def h(self) -> np.ndarray:
        """h^{αβ}(x), shape (coordinates, coordinates, c, c); numbers where the vector fields are constant."""
        fields = np.array(self.generators, dtype=object)
        if self.weight.dtype != object and all(part.is_number for row in self.generators for part in row):
            fields = fields.astype(float)
        size = len(self.coordinates)
        result = np.zeros((size, size, self.channels, self.channels), dtype=fields.dtype)
        for i, j in np.ndindex(*self.gram.shape[:2]):
            for alpha, beta in np.ndindex(size, size):
                result[alpha, beta] = (
                    result[alpha, beta] + fields[i, alpha] * fields[j, beta] * self.gram[i, j]
                )
        return result

    @cached_property
    def divergences(self) -> tuple[sympy.Expr, ...]:
        """div L̂_i = ρ⁻¹∂_α(ρL̂_i^α) = ∂_αL̂_i^α + L̂_i^α∂_αρ/ρ, one expression a generator."""
        rho, coordinates = self.measure, self.coordinates
        slopes = [sympy.diff(rho, x) / rho for x in coordinates]
        return tuple(
            sympy.Add(*(sympy.diff(p, x) + p * q for p, x, q in zip(row, coordinates, slopes, strict=True)))
            for row in self.generators
        )

    def light_cone(self, channel: int | None = None) -> LightCone:
        """The cone of h^{αβ} (with `kinetic`, of the Lagrangian) for one channel, or the common one; see
        `lagrangians.light_cone`.
        """
        return light_cone(self, channel)

    def characteristic_speeds(self) -> tuple[sympy.Expr, ...]:
        """The speeds c with det(h^{αβ}k_αk_β) = 0; see `lagrangians.characteristic_speeds`."""
        return characteristic_speeds(self)

    def _squares(self) -> list[sympy.Expr]:
        """Φᵀs^iΦ, plain jet symbols."""
        return [(self._phi.T * _matrix(s) * self._phi)[0] for s in self.s]

    def _boundary(self) -> tuple[sympy.Expr, ...]:
        squares = self._squares()
        return tuple(
            self.measure
            * sympy.Add(*(row[alpha] * q for row, q in zip(self.generators, squares, strict=True)))
            for alpha in range(len(self.coordinates))
        )

    @property
    def boundary_current(self) -> tuple[sympy.Expr, ...]:
        """ρL̂_i^αΦᵀs^iΦ, one component a coordinate; ∂_α of it is the density that drops out of the action."""
        return tuple(self._jets.to_functions(part) for part in self._boundary())

    def _local(self) -> list[sympy.Expr]:
        """Mass, gradient and antisymmetric term."""
        moved = [
            sum((p * d for p, d in zip(row, self._gradients, strict=True)), sympy.zeros(self.channels, 1))
            for row in self.generators
        ]
        phi = self._phi
        pairs = np.ndindex(*self.gram.shape[:2])
        return [
            (phi.T * _matrix(self.m2) * phi)[0],
            sympy.Add(*((moved[i].T * _matrix(self.gram[i, j]) * moved[j])[0] for i, j in pairs)),
            sympy.Add(*(2 * (phi.T * _matrix(a) * m)[0] for a, m in zip(self.a, moved, strict=True))),
        ]

    def _shift(self, divergences: Sequence[sympy.Expr]) -> sympy.Expr:
        return sympy.Add(*(-d * q for d, q in zip(divergences, self._squares(), strict=True)))

    @property
    def five_terms(self) -> tuple[sympy.Expr, ...]:
        """The five terms of ℒ in the order above: mass, gradient, antisymmetric, divergence shift,
        boundary.
        """
        boundary = divergence(self._boundary(), self._jets) / self.measure
        parts = (*self._local(), self._shift(self.divergences), boundary)
        return tuple(self._jets.to_functions(part) for part in parts)

    @cached_property
    def lagrangian(self) -> Lagrangian:
        """Action density ρℒ without the boundary term; with `kinetic`, kinetic − ½ of it.

        Products of sines and cosines become multiple angles; float coefficients below 1e-12 of the largest
        are dropped as round-off.
        """
        flows = [
            sympy.Add(*(sympy.diff(self.measure * p, x) for p, x in zip(row, self.coordinates, strict=True)))
            for row in self.generators
        ]
        density = tidy(self.measure * sympy.Add(*self._local()) + self._shift(flows))
        if self.kinetic is not None:
            density = tidy(self._jets.to_jets(self.kinetic) - density / 2)
        return Lagrangian(self._jets.to_functions(density), self.fields, self.coordinates)


def tidy(density: sympy.Expr) -> sympy.Expr:
    """Expand, turn products of sines and cosines into multiple angles, drop the round-off of floats."""
    density = multiple_angles(density)
    return drop_round_off(density, tolerance=NEGLIGIBLE) if has_floats(density) else density


def _matrix(array: np.ndarray) -> sympy.Matrix:
    if array.dtype == object:
        return sympy.Matrix(array)
    return sympy.Matrix([[sympy.Float(float(x)) if x else sympy.S.Zero for x in row] for row in array])


def expand_mse_loss(
    weight: Any,
    generators: Any,
    target: int = 0,
    output_metric: Any = None,
    measure: Any = 1,
    features: Sequence[Any] | None = None,
    coordinates: Sequence[str | sympy.Symbol] | None = None,
    fields: Sequence[str | AppliedUndef] | None = None,
    kinetic: sympy.Expr | None = None,
) -> NodeExpansion | FieldExpansion:
    """Expand the loss rᵀηr of one L-conv layer into m₂, h, v (symmetric s, antisymmetric a).

    `weight`: (n_L + 1, m_out, m_in), `weight[0]` = W⁰; numbers or SymPy expressions. `target`: 0, or m_out
    where Φ = [f | y] carries target channels. `output_metric`: η, symmetric (m_out, m_out), default I.

    Without `coordinates`: `generators` are n_L matrices of shape (d, d), `measure` a number or d node
    weights; the answer is a `NodeExpansion`. With `coordinates`: `generators` are n_L vector fields, each
    with one expression a coordinate, `measure` is ρ(x), and the answer is a `FieldExpansion` whose
    `.lagrangian` is written in `features` (expressions z_A(φ) of `fields`, one a channel of Φ; the constant
    1 is a feature too), in `fields` themselves where no features are given, or in default fields f_0, f_1,
    … and given functions y_0, y_1, ….

    Raises `ValueError` for shapes that do not fit.
    """
    W = _array(weight)
    if W.ndim != 3:
        raise ValueError(f"got a weight of shape {W.shape}, expected (n_L + 1, m_out, m_in)")
    n, m_out, m_in = W.shape
    if target not in (0, m_out):
        raise ValueError(f"got {target} target channels, expected 0 or the number of outputs {m_out}")
    eta = np.eye(m_out) if output_metric is None else _array(output_metric)
    if eta.shape != (m_out, m_out) or not np.all(eta == eta.T):
        raise ValueError(
            f"expected a symmetric output metric of shape ({m_out}, {m_out}), got {eta.tolist()}"
        )
    if object in (W.dtype, eta.dtype):
        W, eta = (np.vectorize(_exact_integers, otypes=[object])(array) for array in (W, eta))
    if target:
        stacked = np.zeros((n, m_out, m_in + m_out), dtype=W.dtype)
        stacked[:, :, :m_in] = W
        stacked[0, :, m_in:] = -np.eye(m_out, dtype=int)
        W = stacked
    if coordinates is None:
        return NodeExpansion(W, eta, *_node_generators(generators, measure, n - 1))
    jets_fields, channels, symbols = _channels(W.shape[2], m_in, features, coordinates, fields)
    vectors = _vector_fields(generators, n - 1, symbols)
    rho = sympy.sympify(measure)
    kinetic = None if kinetic is None else sympy.sympify(kinetic)
    return FieldExpansion(W, eta, vectors, rho, channels, symbols, jets_fields, kinetic)


def _array(values: Any) -> np.ndarray:
    array = np.asarray(values.tolist() if isinstance(values, sympy.MatrixBase) else values)
    if array.dtype == object and not any(isinstance(x, sympy.Basic) for x in array.flat):
        raise ValueError("expected a rectangular array of numbers or SymPy expressions")
    if array.dtype == object:
        return array
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise ValueError("expected finite numbers, got nan or infinity")
    return array


def _exact_integers(value: Any) -> sympy.Expr:
    whole = isinstance(value, float) and value.is_integer()
    return sympy.Integer(int(value)) if whole else sympy.sympify(value)


def _node_generators(generators: Any, measure: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    matrices = np.asarray(generators, dtype=float)
    if matrices.ndim != 3 or matrices.shape[0] != count or matrices.shape[1] != matrices.shape[2]:
        raise ValueError(
            f"got generators of shape {matrices.shape}, expected ({count}, d, d); "
            "for vector fields pass coordinates=..."
        )
    nodes = matrices.shape[1]
    weights = np.asarray(measure, dtype=float)
    if weights.shape not in ((), (nodes,)):
        raise ValueError(f"got a measure of shape {weights.shape}, expected a number or {nodes} node weights")
    return matrices, np.broadcast_to(weights, (nodes,))


def _vector_fields(
    generators: Any, count: int, coordinates: tuple[sympy.Symbol, ...]
) -> tuple[tuple[sympy.Expr, ...], ...]:
    vectors = tuple(tuple(sympy.sympify(part) for part in row) for row in generators)
    if len(vectors) != count or any(len(row) != len(coordinates) for row in vectors):
        raise ValueError(
            f"got vector fields with {[len(row) for row in vectors]} components, "
            f"expected {count} of {len(coordinates)} each"
        )
    return vectors


def _channels(
    count: int,
    inputs: int,
    features: Sequence[Any] | None,
    coordinates: Sequence[str | sympy.Symbol],
    fields: Sequence[str | AppliedUndef] | None,
) -> tuple[tuple[AppliedUndef, ...], tuple[sympy.Expr, ...], tuple[sympy.Symbol, ...]]:
    """(fields, channels Φ, coordinates) with defaults filled in."""
    fields = tuple(f"f_{i}" for i in range(inputs)) if fields is None else fields
    jets = jet_space(fields, coordinates)
    channels = jets.fields if features is None else tuple(sympy.sympify(z) for z in features)
    if features is None and len(channels) == inputs < count:
        targets = (sympy.Function(f"y_{i}")(*jets.coordinates) for i in range(count - inputs))
        channels = (*channels, *targets)
    if len(channels) != count:
        raise ValueError(f"got {len(channels)} features, expected {count}, one for each channel of Φ")
    return jets.fields, channels, jets.coordinates
