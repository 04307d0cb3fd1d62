"""Light cones and characteristic speeds, of densities, of expanded losses, and of plain forms."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrangians import Lagrangian, catalogue, expand_mse_loss, parse_lagrangian
from lagrangians.light_cone import characteristic_speeds, light_cone
from lagrangians.zero import is_zero

TX = ("t", "x")
TXY = ("t", "x", "y")
x, y, c, m, a, b = sympy.symbols("x y c m a b")


def parse(text: str, fields: tuple = ("u",), coordinates: tuple = TX, parameters: tuple = ()) -> Lagrangian:
    return parse_lagrangian(text, fields, coordinates, parameters)


def test_the_speed_of_sine_gordon_is_c() -> None:
    theory = catalogue.sine_gordon("c", "m")
    cone = light_cone(theory)
    assert cone.form == sympy.diag(1, -(c**2)) / 2
    assert (cone.speeds, cone.drift) == ((c, -c), (0,))
    assert characteristic_speeds(theory) == (c, -c)


@given(st.integers(-4, 4), st.integers(1, 4), st.integers(-3, 3).filter(bool))
@settings(max_examples=25, deadline=None)
def test_a_moving_medium(drift: int, speed: int, scale: int) -> None:
    """ℒ = s[½(u_t + Uu_x)² − ½c²u_x²] has the speeds U ± c, and det(h^{αβ}k_αk_β) = 0 at k = (−speed, 1)."""
    theory = parse(f"{scale}*(1/2*(u_t + {drift}*u_x)**2 - 1/2*{speed}**2*u_x**2)")
    cone = light_cone(theory)
    assert cone.speeds == (drift + speed, drift - speed)
    assert cone.drift == (drift,)
    assert characteristic_speeds(theory) == cone.speeds
    for value in cone.speeds:
        k = sympy.Matrix([-value, 1])
        assert (k.T * cone.form * k)[0] == 0


def test_a_cross_term_without_a_rational_speed() -> None:
    assert characteristic_speeds(parse("1/2*u_t**2 + u_t*u_x - u_x**2")) == (
        1 + sympy.sqrt(3),
        1 - sympy.sqrt(3),
    )


def test_principal_speeds_and_axes() -> None:
    """S has the axes as orthonormal eigenvectors and the squared speeds as eigenvalues; a front with normal n
    has h(k, k) = 0 for k = (−c, n).
    """
    theory = parse("1/2*u_t**2 - 5/4*u_x**2 - 5/4*u_y**2 + 3/2*u_x*u_y + u_t*u_y", coordinates=TXY)
    cone = light_cone(theory)
    assert cone.drift == (0, 1)
    S, axes = sympy.Matrix(cone.squared_speeds), sympy.Matrix(cone.axes)
    assert all(is_zero(e) for e in axes * axes.T - sympy.eye(2))
    for speed, axis in zip(cone.speeds, cone.axes, strict=True):
        assert all(is_zero(e) for e in S * sympy.Matrix(axis) - speed**2 * sympy.Matrix(axis))
    assert float(cone.speeds[0]) > float(cone.speeds[1]) > 0
    for front in cone.front_speeds((3, 4)):
        k = sympy.Matrix([-front, sympy.Rational(3, 5), sympy.Rational(4, 5)])
        assert is_zero((k.T * cone.form * k)[0])
    with pytest.raises(ValueError, match="expected 2 components, not all 0"):
        cone.front_speeds((0, 0))


def test_three_dimensions_with_symbols() -> None:
    coordinates = ("t", "x", "y", "z")
    cone = light_cone(
        parse("1/2*u_t**2 - a**2*u_x**2 - b**2*u_y**2 - u_z**2", ("u",), coordinates, ("a", "b"))
    )
    root = sympy.sqrt(2)
    assert cone.speeds == (root * a, root * b, root)
    assert cone.axes == ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def test_speeds_may_depend_on_the_place() -> None:
    theory = parse("1/2*u_t**2 - 1/2*(1 + x**2)*u_x**2")
    assert light_cone(theory).speeds == (sympy.sqrt(1 + x**2), -sympy.sqrt(1 + x**2))


def test_the_cone_at_a_vacuum() -> None:
    """g(u)u_x² has the speed √g at the vacuum; Born–Infeld waves about rest have the speed 1."""
    theory = parse("1/2*u_t**2 - 1/2*(1 + u**2)*u_x**2 - (u**2 - 4)**2")
    assert light_cone(theory, vacuum=2).speeds == (sympy.sqrt(5), -sympy.sqrt(5))
    assert light_cone(theory, vacuum=0).speeds == (1, -1)
    assert light_cone(parse("-sqrt(1 - u_t**2 + u_x**2)"), vacuum=0).speeds == (1, -1)
    with pytest.raises(ValueError, match="got 2 vacuum values, expected 1"):
        light_cone(theory, vacuum=(1, 2))


def test_divergences_do_not_move_the_cone() -> None:
    first, second = parse("1/2*u_t**2 - 2*u_x**2 - u**4"), parse("-1/2*u*u_tt + 2*u*u_xx - u**4 + u_t*u*x")
    assert light_cone(first).form == light_cone(second).form


def test_coupled_and_separate_channels() -> None:
    separate = parse("1/2*u_t**2 - 1/2*u_x**2 + 1/2*v_t**2 - 2*v_x**2", ("u", "v"))
    assert characteristic_speeds(separate) == (2, 1, -1, -2)
    assert light_cone(separate, channel=1).speeds == (2, -2)
    with pytest.raises(ValueError, match="different cones"):
        light_cone(separate)
    with pytest.raises(ValueError, match="got channel 2, expected 0 to 1"):
        light_cone(separate, channel=2)
    coupled = parse("u_t*v_t - 9*u_x*v_x + u_t**2 - 9*u_x**2 - u*v", ("u", "v"))
    assert light_cone(coupled).speeds == (3, -3)
    assert characteristic_speeds(coupled) == (3, 3, -3, -3)
    through_gradients = parse("1/2*u_t**2 + 1/2*v_t**2 - u_x**2 - v_x**2 - u_x*v_x", ("u", "v"))
    expected = (sympy.sqrt(3), 1, -1, -sympy.sqrt(3))
    assert characteristic_speeds(through_gradients) == expected


def test_characteristics_of_light_cone_coordinates() -> None:
    """u_tu_x: one characteristic is t = const."""
    assert characteristic_speeds(parse("1/2*u_t*u_x + exp(u)")) == (sympy.oo, 0)


@pytest.mark.parametrize(
    "form, message",
    [
        ([[1, 0], [0, 2]], "elliptic"),
        ([[-1, 0, 0], [0, -1, 0], [0, 0, -3]], "elliptic"),
        ([[1, 0], [0, 0]], "degenerate"),
        ([[0, 1], [1, 0]], "time axis lies on the cone"),
        ([[0, 0], [0, 0]], "the form h vanishes"),
        ([[1, 0, 0], [0, 1, 0], [0, 0, -1]], "time-like direction of h is not the time axis"),
        ([[1, 2], [3, 4]], "expected a symmetric matrix"),
        ([[1, 0], [0, 1], [0, 0]], "expected a symmetric matrix"),
    ],
)
def test_what_has_no_cone_is_refused(form: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        light_cone(form)


@pytest.mark.parametrize(
    "text, message",
    [
        ("1/2*u_t**2 + 1/2*u_x**2", "elliptic"),
        ("1/2*u_t**2 - 1/2*u_xx**2", "field equations of order 4, expected 2"),
        ("u**2", "field equations of order 0, expected 2"),
    ],
)
def test_densities_without_a_cone_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        light_cone(parse(text))
    with pytest.raises(ValueError, match=message):
        characteristic_speeds(parse(text))


def test_mechanics_has_no_cone() -> None:
    with pytest.raises(ValueError, match="no space coordinate"):
        characteristic_speeds(parse("q_t**2", ("q",), ("t",)))


def weights(rows: dict[tuple[int, int, int], float], shape: tuple[int, int, int]) -> np.ndarray:
    W = np.zeros(shape)
    for place, value in rows.items():
        W[place] = value
    return W


def test_the_cone_of_a_loss_with_a_lorentzian_output_metric() -> None:
    """r = (f_t, 1.5(1 + x²)f_x) with η = diag(1, −1): speed 1.5(1 + x²); with η = I it is elliptic."""
    W = weights({(1, 0, 0): 1, (2, 1, 0): 1.5}, (3, 2, 1))
    vectors = [[1, 0], [0, 1 + x**2]]
    expansion = expand_mse_loss(W, vectors, output_metric=np.diag([1.0, -1.0]), coordinates=TX, target=2)
    plus, minus = expansion.light_cone().speeds
    assert is_zero(plus - sympy.Rational(3, 2) * (1 + x**2))
    assert plus == -minus
    assert set(expansion.characteristic_speeds()) == {plus, minus}
    with pytest.raises(ValueError, match="elliptic"):
        expand_mse_loss(W, vectors, coordinates=TX).light_cone()


def test_the_cone_of_a_loss_beside_a_kinetic_term() -> None:
    """½φ_t² − ½|Q|² with Q = 3φ_x: speed 3."""
    phi = sympy.Function("phi")(*sympy.symbols(TX))
    kinetic = phi.diff(sympy.Symbol("t")) ** 2 / 2
    W = weights({(0, 0, 0): 1, (1, 1, 0): 3}, (2, 2, 1))
    expansion = expand_mse_loss(W, [[0, 1]], coordinates=TX, fields=(phi,), kinetic=kinetic)
    assert expansion.light_cone().speeds == (3, -3)


def test_symbolic_weights_of_two_channels() -> None:
    """r = (f_t, c f_x) for two channels with unlike speeds c and m."""
    W = np.full((3, 4, 2), sympy.S.Zero, dtype=object)
    W[1, 0, 0] = W[1, 1, 1] = sympy.S.One
    W[2, 2, 0], W[2, 3, 1] = c, m
    eta = np.diag([1, 1, -1, -1])
    expansion = expand_mse_loss(W, [[1, 0], [0, 1]], output_metric=eta, coordinates=TX)
    assert expansion.light_cone(channel=0).speeds == (c, -c)
    assert expansion.light_cone(channel=1).speeds == (m, -m)
    assert set(expansion.characteristic_speeds()) == {c, -c, m, -m}
    assert expansion.signature == (2, 2, 0)
