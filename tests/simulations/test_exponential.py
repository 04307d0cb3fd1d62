"""Exponential integrators: φ-functions to round-off, order 4 on stiff problems, gradients, batches."""

import math

import mpmath
import pytest
import torch

from lagrangians import catalogue
from simulations import FieldSystem, Grid, simulate
from simulations.integrators import rk4
from simulations.integrators.exponential import etdrk4, integrating_factor4
from simulations.integrators.mode_functions import StepCache, exponential, matrix_function

BOTH = pytest.mark.parametrize("method", [etdrk4, integrating_factor4], ids=lambda method: method.name)
POINTS = [0, 1e-9, 1e-3j, 0.5, 0.9999j, 1.0001, -30 + 2j, 1e3j, -1e4, 3 - 4j]


def phi(k: int, z: complex) -> complex:
    """φ_k(z) = ₁F₁(1; k + 1; z)/k! to 30 digits."""
    with mpmath.workdps(30):
        return complex(mpmath.hyp1f1(1, k + 1, mpmath.mpc(z)) / mpmath.factorial(k))


class Burgers:
    """u_t = νu_xx − ½(u²)_x + sin t on a ring of length 2π: stiff and dissipative, N depends on time."""

    time_order = 1
    separable = False

    def __init__(self, points: int, viscosity: float):
        self.points = points
        k = torch.fft.rfftfreq(points, 1 / points, dtype=torch.float64)
        self.k = torch.where(k == points // 2, 0.0, k)
        self.rates = (-viscosity * k**2 + 0j).reshape(-1, 1, 1)
        self.semilinear = self

    def to_modes(self, q):
        return torch.fft.rfft(q)[..., None]

    def from_modes(self, modes):
        return torch.fft.irfft(modes[..., 0], n=self.points)

    def nonlinear(self, modes, time):
        u = self.from_modes(modes)
        wave = -0.5j * self.k * torch.fft.rfft(u**2)
        return (wave + torch.fft.rfft(torch.full_like(u, math.sin(time))))[..., None]

    def velocity(self, q, time=0.0):
        modes = self.to_modes(q)
        return self.from_modes(self.rates[..., 0] * modes + self.nonlinear(modes, time))

    def largest_frequency(self, q, v=None, duration=0.0):
        return 10.0

    def x(self):
        return 2 * torch.pi * torch.arange(self.points, dtype=torch.float64) / self.points


def run(method, system, q, v, time: float, steps: int):
    for number in range(steps):
        q, v = method.step(system, q, v, number * time / steps, time / steps)
    return q, v


def slope(errors: list[float]) -> float:
    return math.log2(errors[-2] / errors[-1])


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_scalar_functions_to_round_off(k):
    z = torch.tensor(POINTS, dtype=torch.complex128)
    values = matrix_function(z.reshape(-1, 1, 1), 1.0, 3)[k].reshape(-1)
    for got, place in zip(values.tolist(), POINTS, strict=True):
        assert abs(got - phi(k, place)) <= 4e-15 * abs(phi(k, place)) + 1e-300


def test_direct_formulas_lose_all_digits_near_zero():
    """The control: (e^z − 1 − z − z²/2)/z³ at z = 1e-6 is not 1/6."""
    z = 1e-6
    assert abs((math.exp(z) - 1 - z - z**2 / 2) / z**3 - 1 / 6) > 1e-3


@pytest.mark.parametrize("gradients", [False, True])
def test_matrix_functions(gradients):
    """Normal, non-normal and defective matrices at once: φ_k of each against its Taylor series."""
    matrices = torch.tensor(
        [
            [[0, 1], [0, 0]],
            [[0, 3], [-3, 0]],
            [[-2, 1], [0, -2.0]],
            [[-1, 5], [0, -3]],
        ],
        dtype=torch.complex128,
    )
    rates = matrices.clone().requires_grad_(gradients)
    functions = matrix_function(rates, 0.5, 3)
    for k, values in enumerate(functions):
        for matrix, value in zip(matrices, values.detach(), strict=True):
            with mpmath.workdps(40):
                exact = mpmath.matrix(2, 2)
                power, factor = mpmath.eye(2), 1 / mpmath.factorial(k)
                for n in range(80):
                    exact += power * factor
                    power = power * mpmath.matrix(matrix.tolist()) * 0.5
                    factor = factor / (n + k + 1)
            rows = [[complex(exact[i, j]) for j in range(2)] for i in range(2)]
            expected = torch.tensor(rows, dtype=torch.complex128)
            assert torch.allclose(value, expected, rtol=1e-13, atol=1e-14)


def test_coefficients_are_kept_for_each_step_and_dropped_with_the_rates():
    calls = []
    cache = StepCache(lambda rates, step: calls.append(step) or exponential(rates, step))
    rates = torch.zeros(3, 1, 1, dtype=torch.complex128)
    for step in (0.1, 0.2, 0.1, 0.2):
        cache(rates, step)
    assert calls == [0.1, 0.2]
    cache(rates.clone().requires_grad_(), 0.1)
    cache(rates.clone().requires_grad_(), 0.1)
    assert calls == [0.1, 0.2, 0.1, 0.1]
    del rates
    assert len(cache._kept) == 0


@BOTH
def test_order_on_a_stiff_problem(method):
    """Burgers with νk²h up to 60, where the explicit method of the same order blows up."""
    system = Burgers(64, 0.05)
    q = torch.sin(system.x()) + 0.3 * torch.cos(2 * system.x())
    exact, _ = run(etdrk4, system, q, None, 1.0, 1280)
    errors = []
    for steps in (40, 80, 160):
        errors.append(float((run(method, system, q, None, 1.0, steps)[0] - exact).abs().max()))
    assert abs(slope(errors) - 4) < 0.2
    assert method.order == 4
    assert not method.symplectic
    stiff = Burgers(64, 2.0)
    assert float((-stiff.rates.real).max()) / 40 > 50
    assert bool(torch.isfinite(run(method, stiff, q, None, 1.0, 40)[0]).all())
    assert not float(run(rk4, stiff, q, None, 1.0, 40)[0].abs().max()) < 1e3


@BOTH
def test_order_on_korteweg_de_vries(method):
    """A soliton: u = (V/2) sech²(½√V (x − Vt)) for α = 6, β = 1; hω_max > 15."""
    grid = Grid(40.0, 128, origin=-20.0)
    system = FieldSystem(catalogue.korteweg_de_vries(), grid)
    x = grid.coordinates()[0]
    start = sum(0.5 / torch.cosh((x + 1 + 40 * n) / 2) ** 2 for n in (-1, 0, 1))
    exact = sum(0.5 / torch.cosh((x - 1 + 40 * n) / 2) ** 2 for n in (-1, 0, 1))
    steps = (100, 200)
    assert 2 / steps[0] * float(system.semilinear.rates.abs().max()) > 15
    errors = [float((run(method, system, start, None, 2.0, n)[0] - exact).abs().max()) for n in steps]
    assert errors[0] < 1e-6
    assert abs(slope(errors) - 4) < (0.2 if method is etdrk4 else 1.0)  # the other is not asymptotic yet


def test_second_order_in_time_and_the_linear_part_exactly():
    """A beam of any stiffness in one step; sine-Gordon with order 4."""
    grid = Grid(2 * math.pi, 32)
    x = grid.coordinates()[0]
    beam = FieldSystem(catalogue.euler_bernoulli_beam(B=100), grid)
    q, v = etdrk4.step(beam, torch.sin(3 * x), 0 * x, 0.0, 1.0)
    assert torch.allclose(q, math.cos(90) * torch.sin(3 * x), atol=1e-11)
    assert torch.allclose(v, -90 * math.sin(90) * torch.sin(3 * x), atol=1e-9)
    system = FieldSystem(catalogue.sine_gordon(), grid)
    start = 2 * torch.sin(x)
    exact = run(etdrk4, system, start, 0 * x, 2.0, 400)[0]
    errors = [float((run(etdrk4, system, start, 0 * x, 2.0, n)[0] - exact).abs().max()) for n in (20, 40)]
    assert abs(slope(errors) - 4) < 0.2


@BOTH
def test_a_batch_is_the_samples_one_by_one(method):
    system = FieldSystem(catalogue.nonlinear_schroedinger(g=-1), Grid(10.0, 16))
    q = torch.randn((3, 2, 16), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    together, _ = method.step(system, q, None, 0.0, 0.01)
    for sample, values in zip(q, together, strict=True):
        assert torch.allclose(method.step(system, sample, None, 0.0, 0.01)[0], values, atol=1e-14)


@BOTH
def test_it_is_differentiable(method):
    system = FieldSystem(catalogue.korteweg_de_vries(), Grid(10.0, 12))
    q = torch.sin(2 * torch.pi * torch.arange(12, dtype=torch.float64) / 12).requires_grad_()
    assert torch.autograd.gradcheck(lambda q: run(method, system, q, None, 0.02, 2)[0], (q,))


@BOTH
def test_single_precision_stays(method):
    system = FieldSystem(catalogue.korteweg_de_vries(), Grid(10.0, 12))
    q = torch.sin(2 * torch.pi * torch.arange(12, dtype=torch.float32) / 12)
    result, _ = method.step(system, q, None, 0.0, 0.01)
    assert result.dtype == torch.float32
    expected, _ = method.step(system, q.double(), None, 0.0, 0.01)
    assert torch.allclose(result.double(), expected, atol=1e-5)


@BOTH
def test_systems_without_a_linear_part_are_refused(method):
    system = FieldSystem(catalogue.nonlinear_schroedinger(), Grid(10.0, 16, "dirichlet"))
    with pytest.raises(
        ValueError, match=f"{method.name} needs a semilinear system.*use the integrator 'rk4'"
    ):
        method.check(system)
    with pytest.raises(ValueError, match="needs a semilinear system"):
        simulate(system, torch.zeros(2, 16, dtype=torch.float64), 1.0, integrator=method)


def test_steps_are_limited_by_the_nonlinear_part_alone():
    """Half for twice the amplitude and for twice the points, though the largest ω grows eightfold."""
    steps = {}
    for points in (128, 256):
        grid = Grid(40.0, points, origin=-20.0)
        system = FieldSystem(catalogue.korteweg_de_vries(), grid)
        q = 0.5 / torch.cosh(grid.coordinates()[0] / 2) ** 2
        steps[points] = etdrk4.largest_step(system, q)
        assert etdrk4.largest_step(system, 2 * q) == pytest.approx(steps[points] / 2, rel=0.02)
        assert etdrk4.proposed_step(system, q) < steps[points]
    assert steps[128] / steps[256] == pytest.approx(2, rel=0.2)
    assert etdrk4.largest_step(system, 0 * q) == math.inf
