"""The equations of implicit methods: solved to round-off by either solver, differentiated, or refused."""

import pytest
import torch

from lagrangians import catalogue
from simulations import FieldSystem, Grid
from simulations.errors import BlowUpError
from simulations.integrators import fixed_points, gauss4, implicit_midpoint
from simulations.integrators.fixed_points import NotConvergedError, fixed_point, gmres

from .mechanical_systems import Canonical, Chain, FirstOrder, run, tensor

IMPLICIT = [implicit_midpoint, gauss4]


def name_of(method):
    return method.name


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


class Counted:
    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, z):
        self.calls += 1
        return self.function(z)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_gmres_solves_any_regular_system(size):
    matrix, right = random(size, size), random(size, seed=1)
    found = gmres(lambda u: matrix @ u, right, 1e-13)
    assert torch.allclose(matrix @ found, right, atol=1e-10)
    assert torch.equal(gmres(lambda u: matrix @ u, 0 * right, 1e-13), 0 * right)


def test_gmres_refuses_singular_and_infinite_matrices():
    with pytest.raises(NotConvergedError):
        gmres(lambda u: 0 * u, tensor([1.0, 2.0]), 1e-10)
    with pytest.raises(NotConvergedError):
        gmres(lambda u: u / 0, tensor([1.0, 2.0]), 1e-10)


@pytest.mark.parametrize("strength, newton", [(0.1, False), (3.0, True), (-1000.0, True)])
def test_fixed_points_to_round_off_by_iteration_and_by_newton(strength, newton, monkeypatch):
    """z = strength·A z + cos(z)/10 + b, A antisymmetric: a contraction for small strength only."""
    matrix, shift = random(5, 5), random(5, seed=1)
    matrix = (matrix - matrix.T) / 5
    called = []
    solver = fixed_points._newton
    monkeypatch.setattr(fixed_points, "_newton", lambda *given: called.append(1) or solver(*given))

    def function(z):
        return strength * matrix @ z + torch.cos(z) / 10 + shift

    found = fixed_point(function, shift, 1.0, 1.0)
    residual = function(found) - found
    assert float(residual.abs().max()) < 1e-13 * max(1, abs(strength))
    assert bool(called) == newton


def test_newton_takes_few_evaluations_where_the_iteration_contracts_fast():
    counted = Counted(lambda z: 0.01 * torch.cos(z))
    fixed_point(counted, tensor([0.0]), 1.0, 1.0)
    assert counted.calls < 12


def test_a_map_without_fixed_point_is_refused():
    with pytest.raises(NotConvergedError):
        fixed_point(lambda z: z + 1 + z**2, tensor([0.3, -0.2]), 1.0, 1.0)


@pytest.mark.parametrize("strength", [0.1, 3.0])
def test_gradient_of_a_fixed_point(strength):
    matrix = random(4, 4) / 4

    def solve(matrix, shift):
        return fixed_point(lambda z: strength * matrix @ torch.cos(z) + shift, shift.detach(), 1.0, 1.0)

    arguments = [matrix.requires_grad_(), random(4, seed=1).requires_grad_()]
    assert torch.autograd.gradcheck(solve, arguments)


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
@pytest.mark.parametrize("step", [0.2, 3.0])
def test_the_equations_of_the_method_hold_to_round_off(method, step):
    """y₁ − y − h·f((y + y₁)/2) of the midpoint rule, by either solver; of both, time-reversal symmetry."""
    q = tensor([0.4, -0.7, 0.5, 0.9])
    new, _ = method.step(Canonical(), q, None, 0.0, step)
    back, _ = method.step(Canonical(), new, None, step, -step)
    assert float((back - q).abs().max()) < 1e-12
    if method is implicit_midpoint:
        defect = new - q - step * Canonical().velocity((q + new) / 2)
        assert float(defect.abs().max()) < 1e-13


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
@pytest.mark.parametrize("step", [0.3, 4.0])
def test_gradients_through_several_steps(method, step):
    def flow(q):
        for number in range(3):
            q, _ = method.step(Canonical(), q, None, number * step, step)
        return q

    assert torch.autograd.gradcheck(flow, tensor([0.4, -0.7, 0.5, 0.9]).requires_grad_(), atol=1e-6)


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_large_steps_of_a_stiff_field(method):
    """Schrödinger's norm at ten times the largest frequency's inverse, where the iteration diverges."""
    system = FieldSystem(catalogue.nonlinear_schroedinger(), Grid(20.0, 32))
    (x,) = system.grid.coordinates()
    q = torch.stack([1 / torch.cosh(x - x.mean()), 0 * x])
    step = 10 / system.largest_frequency(q)
    end, _ = run(method, system, q, None, 5 * step, 5)
    assert float((end**2).sum() / (q**2).sum()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_float32_converges_to_its_own_round_off(method):
    q, v = tensor(Chain.q0).float(), tensor(Chain.v0).float()
    for number in range(50):
        q, v = method.step(Chain(), q, v, number * 0.4, 0.4)
    exact = run(method, Chain(), Chain.q0, Chain.v0, 20.0, 50)
    assert q.dtype == torch.float32
    assert torch.allclose(q.double(), exact[0], atol=1e-4)


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_a_step_without_solution_is_refused_with_a_smaller_one(method):
    class Growth(FirstOrder):
        def velocity(self, q, time=0.0):
            return 1 + q**2

    with pytest.raises(BlowUpError, match=r"got the step 8 .*t = 2, expected a smaller one; try 2$"):
        method.step(Growth(), tensor([0.5]), None, 2.0, 8.0)


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_a_sample_that_is_not_finite_stays_so(method):
    """The loop that runs the steps reports it, with the place."""
    q, v = tensor([[1.0, float("nan"), 0.0], Chain.q0]), tensor([Chain.v0, Chain.v0])
    new, rate = method.step(Chain(), q, v, 0.0, 0.1)
    assert bool(new[0].isnan().any())
    assert bool(rate[0].isnan().any())
    assert bool(new[1].isfinite().all())


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_the_result_depends_on_the_state_alone(method):
    """Bit for bit, whatever was solved before."""
    first = method.step(Chain(), tensor(Chain.q0), tensor(Chain.v0), 0.0, 1.9)
    run(method, Chain(), Chain.v0, Chain.q0, 3.0, 10)
    again = method.step(Chain(), tensor(Chain.q0), tensor(Chain.v0), 0.0, 1.9)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
