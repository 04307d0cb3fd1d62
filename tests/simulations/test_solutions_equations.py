"""Each exact solution solves the catalogue's Euler–Lagrange equations, by automatic differentiation.

Derivatives are exact (forward mode, nested), so what is left is round-off. Each with a control: the same
solution does not solve the theory with another parameter.
"""

from collections.abc import Callable, Sequence

import pytest
import sympy
import torch

from lagrangians import Lagrangian, catalogue
from lagrangians.lattice import field_space
from simulations import solutions

C, M = 1.3, 0.8
X = torch.linspace(-7, 7.5, 61, dtype=torch.float64)
T = torch.tensor([-1.7, 0.0, 0.9], dtype=torch.float64)[:, None]
Fields = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, ...]]


def derivative(function: Fields, axis: int) -> Fields:
    """∂_t (axis 0) or ∂_x (axis 1) of functions of (x, t), by forward differentiation."""

    def differentiated(x, t):
        tangents = (torch.zeros_like(x), torch.ones_like(t)) if axis == 0 else (torch.ones_like(x), t * 0)
        return torch.func.jvp(function, (x, t), tangents)[1]

    return differentiated


def residuals(lagrangians: Sequence[Lagrangian], fields: Fields, x=X, t=T) -> list[float]:
    """max |E_a| at all points, relative to the largest single term of E_a, for each theory."""
    x, t = (part.clone() for part in torch.broadcast_tensors(x, t))
    jets: dict = {}
    return [residual(lagrangian, fields, jets, x, t) for lagrangian in lagrangians]


def residual(lagrangian: Lagrangian, fields: Fields, known: dict, x: torch.Tensor, t: torch.Tensor) -> float:
    space = field_space(lagrangian.fields, lagrangian.coordinates)
    worst = 0.0
    for equation in lagrangian.euler_lagrange():
        plain = sympy.expand(space.to_jets(equation))
        jets = space.jets_in(plain)
        values = []
        for number, index in jets.values():
            field, place = space.site(number)
            if (index, place) not in known:
                function = fields
                for axis, count in enumerate(index):
                    for _ in range(count):
                        function = derivative(function, axis)
                known[index, place] = function(x + (place[0] if place else 0), t)
            values.append(known[index, place][field].numpy())
        terms = [sympy.lambdify(list(jets), term, "numpy")(*values) for term in plain.as_ordered_terms()]
        size = max(abs(term).max() for term in terms)
        worst = max(worst, float(abs(sum(terms)).max() / size))
    return worst


def real(function):
    return lambda x, t: (function(x, t).real.clone(), function(x, t).imag.clone())


def first(function):
    return lambda x, t: (function(x, t)[0],)


def schroedinger(g: float, m: float, mu: float) -> Lagrangian:
    return catalogue.nonlinear_schroedinger(g, m, mu).real_form()


SECOND_ORDER = {  # name: (function (x, t) → (φ, φ_t), theory, theory with another parameter)
    "kink": (
        lambda x, t: solutions.kink(x, t, 0.5, C, M),
        catalogue.sine_gordon(C, M),
        catalogue.sine_gordon(C, 1.1 * M),
    ),
    "antikink": (
        lambda x, t: solutions.antikink(x, t, -0.7, C, M),
        catalogue.sine_gordon(C, M),
        catalogue.sine_gordon(1.1 * C, M),
    ),
    "kink-antikink": (
        lambda x, t: solutions.kink_antikink(x, t, 0.6, C, M),
        catalogue.sine_gordon(C, M),
        catalogue.sine_gordon(C, 1.1 * M),
    ),
    "moving kink-antikink": (
        lambda x, t: solutions.kink_antikink(x, t, 0.6, C, M, boost=-0.4),
        catalogue.sine_gordon(C, M),
        catalogue.sine_gordon(C, 1.1 * M),
    ),
    "kink-kink": (
        lambda x, t: solutions.kink_kink(x, t, 0.6, C, M),
        catalogue.sine_gordon(C, M),
        catalogue.sine_gordon(C, 1.1 * M),
    ),
    "moving kink-kink": (
        lambda x, t: solutions.kink_kink(x, t, -0.3, C, M, boost=0.7),
        catalogue.sine_gordon(C, M),
        catalogue.sine_gordon(C, 1.1 * M),
    ),
    "breather": (
        lambda x, t: solutions.breather(x, t, 0.3, 0.0, C, M),
        catalogue.sine_gordon(C, M),
        catalogue.sine_gordon(C, 1.1 * M),
    ),
    "moving breather": (
        lambda x, t: solutions.breather(x, t, 0.5, -0.4, C, M),
        catalogue.sine_gordon(C, M),
        catalogue.sine_gordon(C, 1.1 * M),
    ),
    "φ⁴ kink": (
        lambda x, t: solutions.phi4_kink(x, t, 0.5, C, 0.7, 1.4),
        catalogue.phi4(C, 0.7, 1.4),
        catalogue.phi4(C, 0.8, 1.4),
    ),
    "φ⁴ antikink": (
        lambda x, t: solutions.phi4_antikink(x, t, -0.5, C, 0.7, 1.4),
        catalogue.phi4(C, 0.7, 1.4),
        catalogue.phi4(C, 0.7, 1.5),
    ),
    "double Sine-Gordon kink": (
        lambda x, t: solutions.double_sine_gordon_kink(x, t, 0.5, C, M, 0.4),
        catalogue.double_sine_gordon(C, M, 0.4),
        catalogue.double_sine_gordon(C, M, 0.5),
    ),
    "Liouville bounce": (
        lambda x, t: solutions.liouville_bounce(x, t, 0.6, 0.5, C, M, 1.7),
        catalogue.liouville(C, M, 1.7),
        catalogue.liouville(C, 1.1 * M, 1.7),
    ),
    "Klein-Gordon wave": (
        lambda x, t: solutions.plane_wave(x, t, 1.7, 0.4, C, M),
        catalogue.klein_gordon(C, M),
        catalogue.klein_gordon(C, 1.1 * M),
    ),
    "Boussinesq soliton": (
        lambda x, t: solutions.boussinesq_soliton(x, t, 0.7, C, 0.6, 0.9),
        catalogue.boussinesq(C, 0.6, 0.9),
        catalogue.boussinesq(C, 0.6, 1.0),
    ),
}
FIRST_ORDER = {  # name: (function (x, t) → fields, theory, theory with another parameter)
    "bright soliton": (
        real(lambda x, t: solutions.bright_soliton(x, t, 0.8, 0.5, -0.7, 1.3, 0.2)),
        schroedinger(-0.7, 1.3, 0.2),
        schroedinger(-0.7, 1.3, 0.3),
    ),
    "dark soliton": (
        real(lambda x, t: solutions.dark_soliton(x, t, 1.2, 0.5, 0.7, 1.3, 0.2)),
        schroedinger(0.7, 1.3, 0.2),
        schroedinger(0.8, 1.3, 0.2),
    ),
    "condensate": (
        real(lambda x, t: solutions.condensate_wave(x, t, 1.1, 1.2, -0.7, 1.3, 0.2)),
        schroedinger(-0.7, 1.3, 0.2),
        schroedinger(-0.7, 1.4, 0.2),
    ),
    "KdV soliton": (
        first(lambda x, t: solutions.korteweg_de_vries_solitons(x, t, (0.9,), (0.4,), 3.0, 0.8)),
        catalogue.korteweg_de_vries(3.0, 0.8),
        catalogue.korteweg_de_vries(3.0, 0.9),
    ),
    "two KdV solitons": (
        first(lambda x, t: solutions.korteweg_de_vries_solitons(x, t, (0.4, 1.1), (0.7, -1.0), 3.0, 0.8)),
        catalogue.korteweg_de_vries(3.0, 0.8),
        catalogue.korteweg_de_vries(3.3, 0.8),
    ),
    "three KdV solitons": (
        first(
            lambda x, t: solutions.korteweg_de_vries_solitons(x, t, (-0.4, -1.1, -1.9), (1, -1, 0), 3, -0.8)
        ),
        catalogue.korteweg_de_vries(3, -0.8),
        catalogue.korteweg_de_vries(3, -0.9),
    ),
    "modified KdV soliton": (
        first(lambda x, t: solutions.modified_korteweg_de_vries_soliton(x, t, 0.9, 3.0, 0.8)),
        catalogue.modified_korteweg_de_vries(3.0, 0.8),
        catalogue.modified_korteweg_de_vries(3.3, 0.8),
    ),
    "modified KdV breather": (
        first(lambda x, t: solutions.modified_korteweg_de_vries_breather(x, t, 0.9, 0.6, 3.0, 0.8)),
        catalogue.modified_korteweg_de_vries(3.0, 0.8),
        catalogue.modified_korteweg_de_vries(3.0, 0.9),
    ),
}
TODA = catalogue.toda_lattice(1.2, 0.7, 0.9)
KAPPAS = {
    "right": (0.8,),
    "left": (-0.8,),
    "overtaking": (1.1, 0.5),
    "head-on": (0.9, -0.6),
    "three": (1, 0.6, -0.7),
}


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_second_order_solutions(name):
    """|E| ≤ 1e-10 of its largest term, and the second of the pair is the time derivative of the first."""
    function, theory, wrong = SECOND_ORDER[name]
    right, control = residuals((theory, wrong), first(function))
    assert right < 1e-10
    assert control > 1e-3
    x, t = (part.clone() for part in torch.broadcast_tensors(X, T))
    rate = derivative(function, 0)(x, t)[0]
    assert torch.allclose(function(X, T)[1], rate, rtol=0, atol=1e-12 * max(1.0, float(rate.abs().max())))


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_first_order_solutions(name):
    function, theory, wrong = FIRST_ORDER[name]
    right, control = residuals((theory, wrong), function)
    assert right < 1e-10
    assert control > 1e-3


@pytest.mark.parametrize(
    "function",
    [
        lambda x, t: solutions.korteweg_de_vries_solitons(x, t, (0.4, 1.1), (0.7, -1.0), 3.0, 0.8),
        lambda x, t: solutions.modified_korteweg_de_vries_soliton(x, t, 0.9, 3.0, 0.8),
        lambda x, t: solutions.modified_korteweg_de_vries_breather(x, t, 0.9, 0.6, 3.0, 0.8),
    ],
)
def test_the_wave_is_the_slope_of_its_potential(function):
    x, t = (part.clone() for part in torch.broadcast_tensors(X, T))
    slope = derivative(function, 1)(x, t)[0]
    assert torch.allclose(function(X, T)[1], slope, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", KAPPAS)
def test_toda_solitons(name):
    kappas = KAPPAS[name]
    places = [0.3 - 1.5 * i for i in range(len(kappas))]

    def chain(n, t):
        return solutions.toda_solitons(n, t, kappas, places, 1.2, 0.7, 0.9)

    n = torch.arange(-12.0, 13.0, dtype=torch.float64)
    right, control = residuals((TODA, catalogue.toda_lattice(1.2, 0.8, 0.9)), first(chain), n, T)
    assert right < 1e-10
    assert control > 1e-3
    x, t = (part.clone() for part in torch.broadcast_tensors(n, T))
    assert torch.allclose(chain(n, T)[1], derivative(chain, 0)(x, t)[0], rtol=0, atol=1e-12)
    far = torch.tensor([-200.0, 200.0], dtype=torch.float64)
    left, right = chain(far, 0.0)[0].tolist()
    assert right - left == pytest.approx(-2 * sum(map(abs, kappas)) / 0.9, abs=1e-12)


def test_one_toda_soliton_is_the_textbook_one():
    kappa, t = 0.8, 0.7
    n = torch.arange(-8.0, 9.0, dtype=torch.float64)
    q, _ = solutions.toda_solitons(n, t, (kappa,), (0.4,), 1.2, 0.7, 0.9)
    force = torch.exp(-0.9 * (q[1:] - q[:-1])) - 1
    frequency = (0.7 * 0.9 / 1.2) ** 0.5 * torch.sinh(torch.tensor(kappa)).double()
    textbook = torch.sinh(torch.tensor(kappa).double()) ** 2
    textbook = textbook / torch.cosh(kappa * (n[:-1] - 0.4) - frequency * t) ** 2
    assert torch.allclose(force, textbook, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("dimension, numbers", [(1, (2.0,)), (2, (1.0, -2.0)), (3, (1.0, 0.5, -0.7))])
def test_plane_waves_in_one_to_three_dimensions(dimension, numbers):
    (equation,) = catalogue.klein_gordon(C, M, dimension).euler_lagrange()
    lagrangian = catalogue.klein_gordon(C, M, dimension)
    places = torch.rand(dimension, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def wave(*coordinates):
        return solutions.plane_wave(list(coordinates[1:]), coordinates[0], list(numbers), 0.7, C, M)[0]

    points = (torch.linspace(0, 3, 50, dtype=torch.float64), *places)

    def second(axis):
        ones = tuple(torch.ones_like(p) if i == axis else torch.zeros_like(p) for i, p in enumerate(points))

        def once(*args):
            return torch.func.jvp(wave, args, ones)[1]

        return torch.func.jvp(once, points, ones)[1]

    jets = lagrangian.jets
    plain = jets.to_jets(equation)
    values = {
        symbol: wave(*points) if not any(index) else second(index.index(2))
        for symbol, (_, index) in jets.jets_in(plain).items()
    }
    left = sympy.lambdify(list(values), plain, "numpy")(*[v.numpy() for v in values.values()])
    assert abs(left).max() < 1e-11
    rate = torch.func.jvp(lambda t: wave(t, *places), (points[0],), (torch.ones_like(points[0]),))[1]
    velocity = solutions.plane_wave(list(places), points[0], list(numbers), 0.7, C, M)[1]
    assert torch.allclose(rate, velocity, atol=1e-12)
