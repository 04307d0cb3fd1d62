"""The forms m₂, h, v = s + a of an L-conv layer: shapes, symbolic weights, refused input."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from lagrangians import FieldExpansion, NodeExpansion, expand_mse_loss, signature

sizes = st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3))


@given(sizes, st.booleans(), st.integers(0, 10**6))
def test_shapes_and_symmetries_of_the_forms(size: tuple[int, int, int], target: bool, seed: int) -> None:
    """m₂ = m₂ᵀ, h^{ij} = h^{ji}ᵀ, s = sᵀ, a = −aᵀ, and (rᵀηr) is their sum for independent Φ, L̂_iΦ."""
    n, m_out, m_in = size
    draw = np.random.default_rng(seed)
    eta = draw.standard_normal((m_out, m_out))
    form = expand_mse_loss(
        draw.standard_normal((n + 1, m_out, m_in)),
        np.zeros((n, 2, 2)),
        target=m_out * target,
        output_metric=eta + eta.T,
    )
    c = m_in + m_out * target
    assert form.channels == c
    assert form.m2.shape == (c, c)
    assert form.h.shape == (n, n, c, c)
    assert form.v.shape == form.s.shape == form.a.shape == (n, c, c)
    np.testing.assert_allclose(form.m2, form.m2.T, atol=1e-12)
    np.testing.assert_allclose(form.h, form.h.transpose(1, 0, 3, 2), atol=1e-12)
    np.testing.assert_allclose(form.s, form.s.transpose(0, 2, 1), atol=1e-12)
    np.testing.assert_allclose(form.a, -form.a.transpose(0, 2, 1), atol=1e-12)
    phi, moved = draw.standard_normal(c), draw.standard_normal((n, c))
    residual = form.weight[0] @ phi + sum(form.weight[i + 1] @ moved[i] for i in range(n))
    expanded = phi @ form.m2 @ phi + 2 * sum(phi @ (form.s + form.a)[i] @ moved[i] for i in range(n))
    expanded += sum(moved[i] @ form.h[i, j] @ moved[j] for i in range(n) for j in range(n))
    assert expanded == pytest.approx(residual @ (eta + eta.T) @ residual, rel=1e-10, abs=1e-10)


def test_the_target_enters_as_minus_the_identity() -> None:
    """𝒲⁰ = [W⁰, −I], 𝒲^i = [W^i, 0]."""
    weight = np.arange(12.0).reshape(2, 2, 3)
    stacked = expand_mse_loss(weight, np.zeros((1, 4, 4)), target=2).weight
    np.testing.assert_array_equal(stacked[0], np.hstack([weight[0], -np.eye(2)]))
    np.testing.assert_array_equal(stacked[1], np.hstack([weight[1], np.zeros((2, 2))]))


def test_symbolic_weights_agree_with_numbers_put_in_later() -> None:
    names = sympy.symbols("a:12")
    weight = np.array(names, dtype=object).reshape(3, 2, 2)
    numbers = np.random.default_rng(0).standard_normal(12)
    values = dict(zip(names, numbers, strict=True))
    eta = np.diag([1.0, -1.0])
    symbolic = expand_mse_loss(weight, np.zeros((2, 1, 1)), output_metric=eta)
    numeric = expand_mse_loss(numbers.reshape(3, 2, 2), np.zeros((2, 1, 1)), output_metric=eta)
    assert symbolic.m2[0, 0] == names[0] ** 2 - names[2] ** 2
    for name in ("m2", "h", "v", "s", "a"):
        array = getattr(symbolic, name)
        filled = np.array([float(sympy.sympify(e).subs(values)) for e in array.flat]).reshape(array.shape)
        np.testing.assert_allclose(filled, getattr(numeric, name), atol=1e-12)


def test_signature_is_that_of_the_output_metric() -> None:
    """Sylvester: 𝒲^iᵀη𝒲^j as one matrix has the signs of η, and zeros for the rest."""
    weight = np.random.default_rng(1).standard_normal((3, 3, 2))
    form = expand_mse_loss(weight, np.zeros((2, 1, 1)), output_metric=np.diag([1.0, -1.0, -1.0]))
    assert form.signature == (1, 2, 1)
    assert signature(form.m2)[0] <= 1


def test_h_with_coordinates_carries_the_vector_fields() -> None:
    """h^{αβ} = L̂_i^α L̂_j^β 𝒲^iᵀη𝒲^j; numbers for constant fields, expressions otherwise."""
    weight = np.random.default_rng(2).standard_normal((3, 2, 2))
    fields = np.array([[1.0, 2.0], [0.5, -1.0]])
    constant = expand_mse_loss(weight, fields.tolist(), coordinates=("t", "x"))
    assert constant.h.dtype == float
    expected = np.einsum("ia,jb,ijcd->abcd", fields, fields, constant.gram)
    np.testing.assert_allclose(constant.h, expected, atol=1e-12)
    x = sympy.Symbol("x")
    varying = expand_mse_loss(weight[:2], [[0, sympy.cos(x)]], coordinates=("t", "x"))
    assert varying.h.shape == (2, 2, 2, 2)
    assert varying.h[0, 1, 0, 0] == 0
    ratio = varying.h[1, 1, 0, 0] / varying.gram[0, 0, 0, 0]
    assert sympy.simplify(ratio - sympy.cos(x) ** 2) == 0


def test_the_kind_of_the_generators_decides_the_kind_of_the_expansion() -> None:
    weight = np.ones((2, 1, 1))
    assert isinstance(expand_mse_loss(weight, np.zeros((1, 3, 3))), NodeExpansion)
    assert isinstance(expand_mse_loss(weight, [[1]], coordinates=("x",)), FieldExpansion)


W = np.ones((2, 2, 3))
L = np.zeros((1, 4, 4))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"weight": np.ones((2, 3))}, r"weight of shape \(2, 3\), expected \(n_L \+ 1, m_out, m_in\)"),
        ({"weight": [[[1, 2], [3]]]}, "rectangular|inhomogeneous"),
        ({"weight": [[["a", "b"]]]}, "rectangular|could not convert"),
        ({"weight": np.full((2, 2, 3), np.nan)}, "expected finite numbers"),
        ({"target": 1}, "got 1 target channels, expected 0 or the number of outputs 2"),
        ({"output_metric": [[1, 2], [3, 4]]}, r"symmetric output metric of shape \(2, 2\)"),
        ({"output_metric": np.eye(3)}, r"symmetric output metric of shape \(2, 2\)"),
        ({"generators": np.zeros((2, 4, 4))}, r"expected \(1, d, d\)"),
        ({"generators": np.zeros((1, 4, 5))}, r"expected \(1, d, d\)"),
        ({"generators": np.zeros((1, 2))}, "for vector fields pass coordinates="),
        ({"measure": np.ones(5)}, r"measure of shape \(5,\), expected a number or 4 node weights"),
        ({"generators": [[1]], "coordinates": ("t", "x")}, "expected 1 of 2 each"),
        ({"generators": [[1], [1]], "coordinates": ("x",)}, "expected 1 of 1 each"),
        (
            {"generators": [[1]], "coordinates": ("x",), "fields": ("u",), "features": [sympy.Symbol("u")]},
            "got 1 features, expected 3",
        ),
        ({"generators": [[1]], "coordinates": ("x",), "fields": ("u",)}, "got 1 features, expected 3"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expand_mse_loss(**({"weight": W, "generators": L} | arguments))


def test_features_of_another_shape_are_refused() -> None:
    form = expand_mse_loss(W, L)
    with pytest.raises(ValueError, match=r"features of shape \(2, 4\), expected \(..., 3, 4\)"):
        form.value(np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"features of shape \(3, 5\), expected \(..., 3, 4\)"):
        form.euler_lagrange(np.zeros((3, 5)))
