"""Exact solutions: limits, ends, boosts and collisions; random fields. Equations have a file of their own."""

import math

import pytest
import torch

from simulations import Grid, solutions

C, M = 1.3, 0.8
X = torch.linspace(-6, 7, 41, dtype=torch.float64)
T = torch.tensor([-1.7, 0.0, 0.9], dtype=torch.float64)[:, None]

BOOSTED = {  # name: function (x, t, velocity)
    "kink": lambda x, t, v: solutions.kink(x, t, v, C, M),
    "antikink": lambda x, t, v: solutions.antikink(x, t, v, C, M),
    "kink-antikink": lambda x, t, v: solutions.kink_antikink(x, t, 0.6, C, M, boost=v),
    "kink-kink": lambda x, t, v: solutions.kink_kink(x, t, 0.6, C, M, boost=v),
    "breather": lambda x, t, v: solutions.breather(x, t, 0.3, v, C, M),
    "φ⁴ kink": lambda x, t, v: solutions.phi4_kink(x, t, v, C, 0.7, 1.4),
    "φ⁴ antikink": lambda x, t, v: solutions.phi4_antikink(x, t, v, C, 0.7, 1.4),
    "double Sine-Gordon kink": lambda x, t, v: solutions.double_sine_gordon_kink(x, t, v, C, M, 0.4),
    "Liouville bounce": lambda x, t, v: solutions.liouville_bounce(x, t, 0.6, v, C, M, 1.7),
}


@pytest.mark.parametrize("name", BOOSTED)
def test_boosts_are_lorentz_transformations(name):
    """φ_v(x, t) = φ_0(γ(x − vt), γ(t − vx/c²)), and not its Galilean counterpart φ_0(x − vt, t)."""
    v = 0.5
    gamma = 1 / (1 - (v / C) ** 2) ** 0.5
    moving = BOOSTED[name](X, T, v)[0]
    rest = BOOSTED[name](gamma * (X - v * T), gamma * (T - v * X / C**2), 0.0)[0]
    assert torch.allclose(moving, rest, rtol=0, atol=1e-13)
    assert (moving - BOOSTED[name](X - v * T, T, 0.0)[0]).abs().max() > 1e-2


def test_boosts_of_a_plane_wave():
    """In a frame of velocity −v the wave of k has k' = γ(k + vω/c²)."""
    k, v = 1.7, 0.5
    gamma, frequency = 1 / (1 - (v / C) ** 2) ** 0.5, (C**2 * k**2 + M**2) ** 0.5
    rest = solutions.plane_wave(gamma * (X - v * T), gamma * (T - v * X / C**2), k, 0.4, C, M)[0]
    moving = solutions.plane_wave(X + 0 * T, T, gamma * (k + v * frequency / C**2), 0.4, C, M)[0]
    assert torch.allclose(rest, moving, rtol=0, atol=1e-12)


ENDS = {  # name: (function of x, left end, right end)
    "kink": (lambda x: solutions.kink(x, 0.4, 0.5, C, M), 0, 2 * math.pi),
    "antikink": (lambda x: solutions.antikink(x, 0.4, 0.5, C, M), 2 * math.pi, 0),
    "kink-antikink": (lambda x: solutions.kink_antikink(x, 3.0, 0.5, C, M), 0, 0),
    "moving kink-antikink": (lambda x: solutions.kink_antikink(x, 3.0, 0.5, C, M, 0.3), 0, 0),
    "kink-kink": (lambda x: solutions.kink_kink(x, 3.0, 0.5, C, M, -0.3), -2 * math.pi, 2 * math.pi),
    "breather": (lambda x: solutions.breather(x, 3.0, 0.4, 0.3, C, M), 0, 0),
    "φ⁴ kink": (lambda x: solutions.phi4_kink(x, 3.0, 0.5, C, 0.7, 1.4), -1.4, 1.4),
    "φ⁴ antikink": (lambda x: solutions.phi4_antikink(x, 3.0, 0.5, C, 0.7, 1.4), 1.4, -1.4),
    "double kink": (lambda x: solutions.double_sine_gordon_kink(x, 3.0, 0.5, C, M, 2.0), 0, 2 * math.pi),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("distance", [60.0, 3000.0])
def test_ends(name, distance):
    """The vacua at both ends, at rest, without overflow however far."""
    function, left, right = ENDS[name]
    phi, velocity = function(torch.tensor([-distance, distance]))
    assert phi.tolist() == pytest.approx([left, right], abs=1e-6 if distance < 100 else 1e-12)
    assert velocity.tolist() == pytest.approx([0, 0], abs=1e-6 if distance < 100 else 1e-12)


def test_late_and_early_times_stay_finite():
    for t in (-4000.0, 4000.0):
        for pair in (
            solutions.kink_antikink(X, t, 0.5, C, M),
            solutions.kink_kink(X, t, 0.5, C, M),
            solutions.liouville_bounce(X, t, 0.6, 0.3, C, M),
        ):
            assert all(bool(torch.isfinite(part).all()) for part in pair)


def test_shapes_and_types():
    far = torch.tensor([-800.0, 800.0])
    assert solutions.kink(far)[0].dtype == torch.float64
    times = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    for function in (solutions.breather, solutions.kink, solutions.phi4_kink, solutions.boussinesq_soliton):
        for part in function(X, times):
            assert part.shape == (5, 41)
            assert part.dtype == torch.float64
    for function in (solutions.kink_antikink, solutions.kink_kink):
        for part in function(X, times, 0.5):
            assert part.shape == (5, 41)
    assert solutions.bright_soliton(X, times).shape == (5, 41)
    assert solutions.korteweg_de_vries_solitons(X, times, (1.0, 0.3))[1].shape == (5, 41)


def test_gradients_reach_the_places():
    x = X.clone().requires_grad_()
    solutions.kink_antikink(x, 1.0, 0.5, C, M)[0].sum().backward()
    assert bool(torch.isfinite(x.grad).all())
    assert x.grad.abs().max() > 0.1


def test_a_double_sine_gordon_kink_without_second_harmonic_is_a_kink():
    for one, other in zip(
        solutions.double_sine_gordon_kink(X, 0.3, 0.5, C, M, 0.0),
        solutions.kink(X, 0.3, 0.5, C, M),
        strict=True,
    ):
        assert torch.allclose(one, other, rtol=0, atol=1e-13)


def test_a_breather_is_a_pair_of_imaginary_velocity():
    """ω = 0.6m is kink and antikink with v = ic√(m² − ω²)…: the same formula, continued; at ωt = π/2 the
    centre is highest, φ = 4 arctan(√(m² − ω²)/ω).
    """
    frequency = 0.6 * M
    phi, rate = solutions.breather(torch.tensor(0.0), math.pi / 2 / frequency, frequency, 0.0, C, M)
    assert float(phi) == pytest.approx(4 * math.atan(0.8 / 0.6))
    assert float(rate) == pytest.approx(0, abs=1e-14)


def test_a_pair_comes_in_as_free_kinks():
    """Before the collision there is an antikink at vt − Δ, Δ = (1/κ) ln(c/v), κ = γm/c, and after it one at
    vt + Δ: it is put forward by 2Δ. Two kinks repel: the left one comes in at vt − Δ too.
    """
    v = 0.6
    shift = C / M * (1 - (v / C) ** 2) ** 0.5 * math.log(C / v)
    for t, where in ((-25.0, -shift), (25.0, shift)):
        x = X + v * t
        pair, alone = solutions.kink_antikink(x, t, v, C, M), solutions.antikink(x - where, t, v, C, M)
        level = -2 * math.pi if t < 0 else 0.0
        assert torch.allclose(pair[0], alone[0] + level, rtol=0, atol=1e-6)
        assert torch.allclose(pair[1], alone[1], rtol=0, atol=1e-6)
    x = X - v * 25.0
    pair, alone = solutions.kink_kink(x, -25.0, v, C, M), solutions.kink(x + shift, -25.0, v, C, M)
    assert torch.allclose(pair[0], alone[0] - 2 * math.pi, rtol=0, atol=1e-6)


def test_one_korteweg_de_vries_soliton_is_the_textbook_one():
    u = solutions.korteweg_de_vries_solitons(X, T, (0.9,), (0.4,), 3.0, 0.8)[1]
    expected = 3 * 0.9 / 3.0 / torch.cosh(0.5 * (0.9 / 0.8) ** 0.5 * (X - 0.4 - 0.9 * T)) ** 2
    assert torch.allclose(u, expected, rtol=0, atol=1e-13)


def test_korteweg_de_vries_solitons_pass_with_a_shift():
    """The fast one is put forward by ln(1/A)/k₁, the slow one back by ln(1/A)/k₂."""
    fast, slow, t = 1.0, 0.25, 60.0
    delay = 2 * math.log((1 + 0.5) / (1 - 0.5))  # ln(1/A)
    for sign in (-1, 1):
        for velocity, number, shift in ((fast, 1.0, delay * (sign > 0)), (slow, 0.5, delay * (sign < 0))):
            x = velocity * sign * t + shift / number + torch.linspace(-5, 5, 41, dtype=torch.float64)
            u = solutions.korteweg_de_vries_solitons(x, sign * t, (fast, slow))[1]
            alone = velocity / 2 / torch.cosh(number / 2 * (x - velocity * sign * t - shift / number)) ** 2
            assert torch.allclose(u, alone, rtol=0, atol=1e-6)


def test_schroedinger_solitons():
    psi = solutions.bright_soliton(X, T, 0.8, 0.5, -1.0, 1.0, 0.0)
    at_rest = solutions.bright_soliton(X - 0.5 * T, T, 0.8, 0.0, -1.0, 1.0, 0.0)
    boost = torch.polar(torch.ones_like(X + T), 0.5 * X - 0.125 * T)  # Galilei's transformation
    assert torch.allclose(psi, at_rest * boost, rtol=0, atol=1e-13)
    black = solutions.dark_soliton(torch.tensor([-60.0, 0.0, 60.0]), 0.3, 1.2, 0.0, 0.7, 1.3)
    assert black.abs().tolist() == pytest.approx([1.2**0.5, 0.0, 1.2**0.5])
    grey = solutions.dark_soliton(torch.tensor([0.5 * 0.3]), 0.3, 1.2, 0.5, 0.7, 1.3)
    assert float(grey.abs() ** 2) == pytest.approx(1.2 * 0.25 / (0.7 * 1.2 / 1.3))


# Klein-Gordon packets


def test_a_packet_moves_with_the_group_velocity():
    grid = Grid(80.0, 512, origin=-40.0)
    k, duration = 2.0, 12.0
    x = grid.coordinates()[0]
    frequency = (C**2 * k**2 + M**2) ** 0.5
    places = []
    for t in (0.0, duration):
        phi, rate = solutions.wave_packet(grid, k, 3.0, t, 0.5, (-12.0,), C, M)
        energy = rate**2 / 2 + M**2 * phi**2 / 2
        places.append(float((x * energy).sum() / energy.sum()))
    group, phase = C**2 * k / frequency, frequency / k
    assert places[0] == pytest.approx(-12.0, abs=0.05)
    assert (places[1] - places[0]) / duration == pytest.approx(group, rel=0.01)
    assert abs((places[1] - places[0]) / duration - phase) > 0.1
    assert float(solutions.wave_packet(grid, k, 3.0, 0.0, 0.5, None, C, M)[0][256]) == pytest.approx(0.5)


@pytest.mark.parametrize("dimension", [1, 2])
def test_packets_solve_the_equation(dimension):
    """φ_tt from three times, ∇²φ from the modes; a wrong mass does not fit."""
    grid = Grid((30.0,) * dimension, (96,) * dimension)
    numbers, step = (1.5, -1.0)[:dimension], 1e-3
    before, now, after = (
        solutions.wave_packet(grid, numbers, 2.5, 0.7 + s, 1.0, None, C, M) for s in (-step, 0.0, step)
    )
    acceleration = (after[1] - before[1]) / (2 * step)
    square = sum(torch.meshgrid(*[grid.wavenumbers(a) ** 2 for a in range(dimension)], indexing="ij"))
    laplacian = -torch.fft.ifftn(square * torch.fft.fftn(now[0])).real
    assert torch.allclose((after[0] - before[0]) / (2 * step), now[1], atol=1e-5)
    assert (acceleration - C**2 * laplacian + M**2 * now[0]).abs().max() < 1e-4
    assert (acceleration - C**2 * laplacian + 1.1 * M**2 * now[0]).abs().max() > 1e-2


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: solutions.kink(X, 0, 1.3, 1.3), r"\|v\| < c"),
        (lambda: solutions.kink_antikink(X, 0.0, 0.0), "v = 0"),
        (lambda: solutions.breather(X, 0, 1.0), "0 < frequency < m"),
        (lambda: solutions.kink_kink(X, 0.0, 0.0), "v = 0"),
        (lambda: solutions.kink_kink(X, 0.0, 0.5, boost=-1.0), r"\|v\| < c"),
        (lambda: solutions.phi4_kink(X, 0.0, 1.0), r"\|v\| < c"),
        (lambda: solutions.double_sine_gordon_kink(X, 0.0, m=0.0), "m > 0"),
        (lambda: solutions.liouville_bounce(X, 0.0, 0.0), "rate = 0"),
        (lambda: solutions.plane_wave((X, X), 0, 1.0), "expected one for each"),
        (lambda: solutions.wave_packet(Grid(9.0, 16), (1.0, 1.0), 3.0), "expected 1, one for each"),
        (lambda: solutions.wave_packet(Grid(9.0, 16), 1.0, 0.1), "take more points or a wider packet"),
        (lambda: solutions.wave_packet(Grid(9.0, 16, "neumann"), 1.0, 3.0), "expected a periodic one"),
        (lambda: solutions.bright_soliton(X, g=1.0), "g < 0"),
        (lambda: solutions.dark_soliton(X, g=-1.0), "both positive"),
        (lambda: solutions.dark_soliton(X, v=1.0), "speed of sound"),
        (lambda: solutions.korteweg_de_vries_solitons(X, 0.0, (-1.0,)), "of the sign of β"),
        (lambda: solutions.korteweg_de_vries_solitons(X, 0.0, (1.0, 1.0)), "different ones"),
        (lambda: solutions.korteweg_de_vries_solitons(X, 0.0, (1.0,), (0.0, 1.0)), "one for each"),
        (lambda: solutions.modified_korteweg_de_vries_soliton(X, alpha=-6.0), "the focusing equation"),
        (lambda: solutions.modified_korteweg_de_vries_soliton(X, v=-1.0), "of the sign of β"),
        (lambda: solutions.modified_korteweg_de_vries_breather(X, a=0.0), "other than 0"),
        (lambda: solutions.boussinesq_soliton(X, v=2.0), "expected"),
        (lambda: solutions.toda_solitons(X, kappas=(0.0,)), "other than 0"),
        (lambda: solutions.toda_solitons(X, kappas=(1.0,), places=()), "one for each"),
        (lambda: solutions.random_smooth(Grid(1.0, 8), 0), "expected at least 1"),
        (lambda: solutions.random_smooth(Grid(1.0, 8), 1, 1.0, 0.1), "more than the spacing"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("boundary", ["periodic", "neumann"])
def test_random_fields_have_the_stated_covariance(boundary):
    grid = Grid(20.0, 64, boundary)
    field = solutions.random_smooth(grid, 4000, 1.5, 1.2, seed=3)
    variance = (field.square().mean(0) * grid.weights()).sum() / 20
    assert float(variance) == pytest.approx(1.5**2, rel=0.03)
    if boundary == "periodic":
        lag = 4
        distance = lag * grid.spacing[0]
        correlation = (field * field.roll(lag, -1)).mean() / field.square().mean()
        expected = float(torch.exp(torch.tensor(-(distance**2) / (2 * 1.2**2))))
        assert float(correlation) == pytest.approx(expected, abs=0.02)


def test_random_fields_obey_the_boundary():
    wall = solutions.random_smooth(Grid(5.0, 65, "dirichlet"), 3)
    assert wall[:, [0, -1]].abs().max() < 1e-12
    assert wall.abs().max() > 0.5
    closed = solutions.random_smooth(Grid(5.0, 64), 3)
    seam = (closed[:, 0] - closed[:, -1]).abs().max()
    assert seam < 2 * (closed[:, 1:] - closed[:, :-1]).abs().max()


def test_random_fields_repeat_with_the_seed_and_refine_with_the_grid():
    coarse = solutions.random_smooth(Grid(10.0, 64), 2, seed=5)
    assert torch.equal(coarse, solutions.random_smooth(Grid(10.0, 64), 2, seed=5))
    assert not torch.allclose(coarse, solutions.random_smooth(Grid(10.0, 64), 2, seed=6))
    fine = solutions.random_smooth(Grid(10.0, 128), 2, seed=5)
    assert torch.allclose(fine[:, ::2], coarse, atol=1e-10)
    assert solutions.random_smooth(Grid((10.0, 8.0), (32, 24)), 2).shape == (2, 32, 24)
