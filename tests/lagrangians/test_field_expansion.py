"""The five-term density of the loss of one L-conv layer, on band-limited periodic fields; sine-Gordon."""

from dataclasses import dataclass

import numpy as np
import pytest
import sympy

from lagrangians import FieldExpansion, catalogue, expand_mse_loss, parse_lagrangian
from lagrangians.zero import is_zero

x, y = COORDINATES = sympy.symbols("x y")
SIZE = 12  # points an axis; ρL̂Φᵀs^iΦ has degree 4, the action density 5
AXIS = 2 * np.pi * np.arange(SIZE) / SIZE
GRID = np.meshgrid(AXIS, AXIS, indexing="ij")


def wave(draw: np.random.Generator, offset: float = 0.0) -> sympy.Expr:
    """An offset and two random waves of degree at most 1 in x and in y."""
    modes = draw.permutation([(1, 0), (0, 1), (1, 1), (1, -1)])[:2]
    parts = draw.uniform(0.3, 1, (2, 2))
    return sympy.Float(offset) + sympy.Add(
        *(
            float(a) * sympy.cos(int(k) * x + int(l) * y) + float(b) * sympy.sin(int(k) * x + int(l) * y)
            for (k, l), (a, b) in zip(modes, parts, strict=True)
        )
    )


def on_grid(expression: sympy.Expr) -> np.ndarray:
    values = sympy.lambdify(COORDINATES, expression, modules="numpy", cse=True)(*GRID)
    return np.broadcast_to(values, (SIZE, SIZE)).astype(float)


def spectral(field: np.ndarray, axis: int) -> np.ndarray:
    last = np.moveaxis(field, axis, -1)
    k = np.fft.fftfreq(SIZE, 1 / SIZE)
    return np.moveaxis(np.fft.ifft(1j * k * np.fft.fft(last)).real, -1, axis)


@dataclass
class Case:
    """A layer with vector fields that have divergence, a measure, and values for its fields and targets."""

    weight: np.ndarray
    vectors: list[list[sympy.Expr]]
    eta: np.ndarray
    measure: sympy.Expr
    target: bool
    stacked: list[sympy.Expr]

    @property
    def expansion(self) -> FieldExpansion:
        m_out = len(self.eta)
        arguments = (self.weight, self.vectors, m_out * self.target, self.eta, self.measure)
        expansion = expand_mse_loss(*arguments, coordinates=COORDINATES)
        assert isinstance(expansion, FieldExpansion)
        return expansion

    def loss(self) -> np.ndarray:
        """rᵀηr at each point of the grid, with spectral derivatives."""
        m_in = self.weight.shape[2]
        values = np.array([on_grid(z) for z in self.stacked])
        f, target = values[:m_in], values[m_in:]
        residual = np.einsum("ba,axy->bxy", self.weight[0], f)
        for W, vector in zip(self.weight[1:], self.vectors, strict=True):
            moved = sum(on_grid(part) * spectral(f, axis - 2) for axis, part in enumerate(vector))
            residual = residual + np.einsum("ba,axy->bxy", W, moved)
        if self.target:
            residual = residual - target
        return np.einsum("axy,ab,bxy->xy", residual, self.eta, residual)

    def on_fields(self, expression: sympy.Expr) -> np.ndarray:
        """A density with f_a, y_b replaced by their waves, on the grid."""
        rules = dict(zip(self.expansion.features, self.stacked, strict=True))
        return on_grid(expression.subs(rules).doit())


def random_case(seed: int, target: bool, n: int = 2, m_in: int = 2, m_out: int = 2) -> Case:
    draw = np.random.default_rng(seed)
    eta = draw.standard_normal((m_out, m_out))
    return Case(
        draw.standard_normal((n + 1, m_out, m_in)),
        [[wave(draw), wave(draw)] for _ in range(n)],
        eta + eta.T,
        wave(draw, offset=5.0),
        target,
        [wave(draw) for _ in range(m_in + m_out * target)],
    )


CASES = [(0, False), (1, True)]


@pytest.mark.parametrize("seed, target", CASES)
def test_five_terms_are_the_loss_at_each_point(seed: int, target: bool) -> None:
    case = random_case(seed, target)
    parts = [case.on_fields(part) for part in case.expansion.five_terms]
    loss = case.loss()
    size = np.max(np.abs(loss))
    assert np.max(np.abs(sum(parts) - loss)) < 1e-12 * size
    for left_out in range(5):
        rest = sum(part for i, part in enumerate(parts) if i != left_out)
        assert np.max(np.abs(rest - loss)) > 1e-3 * size


@pytest.mark.parametrize("seed, target", CASES)
def test_four_terms_have_the_integral_of_the_loss(seed: int, target: bool) -> None:
    """∫ρ(four terms) = ∫ρ rᵀηr; without the antisymmetric part or the divergence shift it is not."""
    case = random_case(seed, target)
    rho = on_grid(case.measure)
    mass, gradient, antisymmetric, shift, boundary = (
        np.mean(rho * case.on_fields(part)) for part in case.expansion.five_terms
    )
    action = np.mean(rho * case.loss())
    size = sum(map(abs, (mass, gradient, antisymmetric, shift)))
    assert abs(mass + gradient + antisymmetric + shift - action) < 1e-12 * size
    assert abs(boundary) < 1e-12 * size
    assert abs(mass + gradient + antisymmetric - action) > 1e-3 * size
    assert abs(mass + gradient + shift - action) > 1e-3 * size


def test_the_lagrangian_is_the_weighted_sum_of_the_four_terms() -> None:
    case = random_case(6, target=True, n=1, m_in=1, m_out=1)
    four = sum(case.on_fields(part) for part in case.expansion.five_terms[:4])
    density = case.on_fields(case.expansion.lagrangian.density)
    expected = on_grid(case.measure) * four
    np.testing.assert_allclose(density, expected, atol=1e-11 * np.max(np.abs(expected)))


def test_the_boundary_term_is_the_divergence_of_its_current() -> None:
    case = random_case(2, target=False)
    current = [case.on_fields(part) for part in case.expansion.boundary_current]
    flow = sum(spectral(part, axis) for axis, part in enumerate(current)) / on_grid(case.measure)
    boundary = case.on_fields(case.expansion.five_terms[-1])
    np.testing.assert_allclose(flow, boundary, atol=1e-11 * np.max(np.abs(boundary)))


def test_on_nodes_the_matrix_form_gives_the_same_action() -> None:
    """L̂_i = L̂_i^α(x) D_α with spectral derivatives D_α, node weights ρ: Σρℒ is the sum of ρ(four terms)."""
    case = random_case(3, target=True)
    eye = np.eye(SIZE)
    D = spectral(eye, axis=0)
    derivatives = (np.kron(D, eye), np.kron(eye, D))
    generators = [
        sum(on_grid(part).reshape(-1, 1) * d for part, d in zip(vector, derivatives, strict=True))
        for vector in case.vectors
    ]
    measure = on_grid(case.measure).ravel()
    nodes = expand_mse_loss(case.weight, np.array(generators), len(case.eta), case.eta, measure)
    stacked = np.array([on_grid(z).ravel() for z in case.stacked])
    density = on_grid(case.measure) * sum(case.on_fields(part) for part in case.expansion.five_terms[:4])
    assert nodes.value(stacked) == pytest.approx(density.sum(), rel=1e-10)


def test_euler_lagrange_with_divergence_and_measure() -> None:
    """E(ρℒ) = 2ρ D†ηDΦ with D = 𝒲⁰ + 𝒲^iL̂_i, L̂† = −L̂ − div L̂; the plain adjoint −L̂ is not enough."""
    draw = np.random.default_rng(4)
    weight = draw.integers(-3, 4, (3, 2, 2))
    vectors = [[sympy.sin(x), sympy.Integer(1)], [y * x, sympy.Integer(0)]]
    rho, eta = 2 + sympy.cos(x), sympy.diag(1, -2)
    expansion = expand_mse_loss(
        np.vectorize(sympy.Integer, otypes=[object])(weight),
        vectors,
        output_metric=np.array(eta.tolist()),
        measure=rho,
        coordinates=COORDINATES,
    )
    W = [sympy.Matrix(w.tolist()) for w in weight]

    def moved(vector: list, field: sympy.Matrix) -> sympy.Matrix:
        return sum((part * field.diff(z) for part, z in zip(vector, COORDINATES, strict=True)), 0 * field)

    phi = sympy.Matrix(expansion.features)
    residual = W[0] * phi + sum((w * moved(L, phi) for w, L in zip(W[1:], vectors, strict=True)), 0 * phi)
    naive, shift = W[0].T * eta * residual, 0 * phi
    for w, L, spread in zip(W[1:], vectors, expansion.divergences, strict=True):
        naive -= moved(L, w.T * eta * residual)
        shift -= spread * w.T * eta * residual
    for ours, plain, extra in zip(expansion.lagrangian.euler_lagrange(), naive, shift, strict=True):
        assert is_zero((ours - 2 * rho * (plain + extra)).doit())
        assert not is_zero((ours - 2 * rho * plain).doit())


def test_euler_lagrange_with_constant_coefficients() -> None:
    """½E = m₂Φ + 2a^iL̂_iΦ − h^{αβ}∂_α∂_βΦ; s does not matter, a does."""
    draw = np.random.default_rng(7)
    weight = draw.integers(-3, 4, (2, 3, 2))
    vector = (2, -1)
    expansion = expand_mse_loss(weight, [vector], coordinates=COORDINATES)
    phi = sympy.Matrix(expansion.features)
    moved = sum((v * phi.diff(z) for v, z in zip(vector, COORDINATES, strict=True)), sympy.zeros(2, 1))
    expected = sympy.Matrix(expansion.m2) * phi
    for alpha, beta in np.ndindex(2, 2):
        second = phi.diff(COORDINATES[alpha], COORDINATES[beta])
        expected -= sympy.Matrix(expansion.h[alpha, beta]) * second
    drift = 2 * sympy.Matrix(expansion.a[0]) * moved
    assert drift != 0 * drift
    ours = sympy.Matrix(expansion.lagrangian.euler_lagrange()) / 2
    assert all(is_zero(e) for e in ours - expected - drift)
    assert not all(is_zero(e) for e in ours - expected)


t = sympy.Symbol("t")
c, m = sympy.symbols("c m")
PHI = sympy.Function("phi")(t, x)
CIRCLE = (sympy.cos(PHI), sympy.sin(PHI))


def test_sine_gordon_is_a_free_field_on_the_circle() -> None:
    """½φ_t² − ½|Q|² with Q = (m(z − y), c z_x), z = (cos φ, sin φ), y = (1, 0) is the textbook density."""
    weight = np.zeros((2, 4, 3), dtype=object)
    weight[0, 0], weight[0, 1] = (m, 0, -m), (0, m, 0)
    weight[1, 2], weight[1, 3] = (c, 0, 0), (0, c, 0)
    expansion = expand_mse_loss(
        weight,
        [[0, 1]],
        features=(*CIRCLE, 1),
        coordinates=(t, x),
        fields=(PHI,),
        kinetic=PHI.diff(t) ** 2 / 2,
    )
    textbook = catalogue.sine_gordon("c", "m")
    assert sympy.expand(expansion.lagrangian.density - textbook.density) == 0
    assert expansion.lagrangian.expanded().density == textbook.expanded().density


def test_sine_gordon_from_a_lorentzian_output_metric() -> None:
    """η = diag(1, 1, −1, −1, −1, −1) on (z_t, c z_x, m(z − y)), the target y as the second half of Φ."""
    weight = np.zeros((3, 6, 2))
    weight[1, 0, 0] = weight[1, 1, 1] = 1
    weight[2, 2, 0] = weight[2, 3, 1] = 2
    weight[0, 4, 0] = weight[0, 5, 1] = 3
    target = (0, 0, 0, 0, 3, 0)
    eta = np.diag([1.0, 1, -1, -1, -1, -1])
    expansion = expand_mse_loss(
        weight, [[1, 0], [0, 1]], 6, eta, features=(*CIRCLE, *target), coordinates=(t, x), fields=(PHI,)
    )
    theory = expansion.lagrangian
    assert theory.is_equivalent(catalogue.sine_gordon(c=2, m=3))
    assert not theory.is_equivalent(catalogue.sine_gordon(c=2, m=4))
    assert not theory.is_equivalent(catalogue.klein_gordon(c=2, m=3))


def test_round_off_of_the_weights_leaves_no_terms() -> None:
    """A rotated frame of outputs changes nothing: QᵀQ has cos² + sin², which cancel only to round-off."""
    rotation = np.linalg.qr(np.random.default_rng(6).standard_normal((4, 4)))[0]
    weight = np.zeros((2, 4, 3))
    weight[0, 0], weight[0, 1], weight[1, 2, 0], weight[1, 3, 1] = (1, 0, -1), (0, 1, 0), 1, 1
    expansion = expand_mse_loss(
        rotation @ weight,
        [[0, 1]],
        features=(*CIRCLE, 1),
        coordinates=(t, x),
        fields=(PHI,),
        kinetic=PHI.diff(t) ** 2 / 2,
    )
    assert len(expansion.lagrangian.terms()) == 4
    assert expansion.lagrangian.is_equivalent(catalogue.sine_gordon(), tolerance=1e-12)


def test_identity_features_give_the_fields_their_default_names() -> None:
    expansion = expand_mse_loss([[[1]], [[2]]], [[0, 1]], coordinates=("t", "x"))
    expected = parse_lagrangian("f_0**2 + 4*f_0_x**2", ("f_0",), ("t", "x"))
    assert expansion.lagrangian.is_equivalent(expected)
    with_target = expand_mse_loss([[[1]], [[2]]], [[0, 1]], target=1, coordinates=("t", "x"))
    assert [str(z) for z in with_target.features] == ["f_0(t, x)", "y_0(t, x)"]


def test_five_terms_are_the_loss_identically_for_symbolic_weights() -> None:
    """rᵀηr of a nonlinear feature map, with symbolic weights and η, a target, vector fields that depend on
    the place, and a measure; and E(ρℒ) = 2ρ(∂Φ/∂φ)ᵀD†ηDΦ.
    """
    p, q, s, g, w = sympy.symbols("p q s g w")
    W = [sympy.Matrix([[p, q], [0, 1]]), sympy.Matrix([[1, s], [w, 2]])]
    eta, rho = sympy.Matrix([[1, g], [g, -1]]), sympy.exp(x)
    vector = (x * t, 1 + x**2)
    channels = (PHI**2, sympy.sin(PHI), x, PHI)
    weight = np.array([w.tolist() for w in W], dtype=object)
    expansion = expand_mse_loss(
        weight, [vector], 2, np.array(eta.tolist()), rho, channels, coordinates=(t, x), fields=(PHI,)
    )

    def moved(field: sympy.Matrix) -> sympy.Matrix:
        return vector[0] * field.diff(t) + vector[1] * field.diff(x)

    f, target = sympy.Matrix(channels[:2]), sympy.Matrix(channels[2:])
    residual = W[0] * f + W[1] * moved(f) - target
    loss = (residual.T * eta * residual)[0]
    assert is_zero(sum(expansion.five_terms) - loss)
    for left_out in range(5):
        rest = sum(part for i, part in enumerate(expansion.five_terms) if i != left_out)
        assert not is_zero(rest - loss)
    (spread,) = expansion.divergences
    weighted = eta * residual
    adjoint = W[0].T * weighted - moved(W[1].T * weighted) - spread * W[1].T * weighted
    slope = sympy.Matrix([2 * PHI, sympy.cos(PHI)])
    (equation,) = expansion.lagrangian.euler_lagrange()
    expected = 2 * rho * ((slope.T * adjoint)[0] - weighted[1])
    assert is_zero(expansion.lagrangian.jets.to_jets((equation - expected).doit()))
    assert expansion.signature == (1, 1, 2)
