"""Integrators of fixed step: the order they declare, their limits of stability, the choice among them."""

import math

import pytest
import torch

from simulations.integrators import (
    INTEGRATORS,
    RungeKutta,
    StochasticHeun,
    SymplecticComposition,
    SymplecticSplitting,
    blanes_moan4,
    blanes_moan6,
    default_integrator,
    dop853,
    dormand_prince5,
    gauss4,
    implicit_midpoint,
    integrator_named,
    rk4,
    stochastic_heun,
    stormer_verlet,
    triple_jump,
    yoshida4,
)

from .mechanical_systems import (
    Chain,
    CurvedMass,
    DampedForced,
    Driven,
    Falling,
    Forced,
    OrnsteinUhlenbeck,
    Oscillator,
    Pendulum,
    run,
    tensor,
)

euler = RungeKutta("euler", 1, (), (1.0,))
yoshida6 = SymplecticComposition("yoshida6", 6, triple_jump(6))
SPLITTINGS = [stormer_verlet, yoshida4, blanes_moan4, yoshida6, blanes_moan6]
IMPLICIT = [implicit_midpoint, gauss4]
OTHERS = [rk4, euler, stochastic_heun]
METHODS = [*SPLITTINGS, *IMPLICIT, rk4, stochastic_heun, dormand_prince5, dop853]
STEPS = {"euler": 512, "blanes_moan4": 4, "blanes_moan6": 6, "yoshida6": 16}


def name_of(method):
    return method.name


def observed_order(method, system, q, v, exact, duration=2.0, steps=None):
    steps = steps or STEPS.get(method.name, 16)
    results = [run(method, system, q, v, duration, steps * n)[0] for n in (1, 2)]
    errors = [float((result - exact).abs().max()) for result in results]
    assert errors[1] > 1e-13
    return math.log2(errors[0] / errors[1])


@pytest.mark.parametrize("method", SPLITTINGS + IMPLICIT + OTHERS, ids=name_of)
def test_order_on_a_chain_of_pendula(method):
    exact = run(blanes_moan6, Chain(), Chain.q0, Chain.v0, 2.0, 100)[0]
    finer = run(blanes_moan6, Chain(), Chain.q0, Chain.v0, 2.0, 200)[0]
    assert float((exact - finer).abs().max()) < 1e-13
    order = observed_order(method, Chain(), Chain.q0, Chain.v0, exact)
    assert order == pytest.approx(method.order, abs=0.2)


@pytest.mark.parametrize("method", SPLITTINGS + IMPLICIT + OTHERS, ids=name_of)
def test_order_with_explicit_time(method):
    order = observed_order(method, Forced(), 1.0, 0.0, math.cos(2.0), steps=STEPS.get(method.name, 16) * 2)
    assert order == pytest.approx(method.order, abs=0.2)


@pytest.mark.parametrize("method", IMPLICIT + OTHERS, ids=name_of)
def test_order_with_a_force_that_depends_on_the_velocity(method):
    order = observed_order(method, DampedForced(), 0.0, 2.0, 2 * math.sin(2.0))
    assert order == pytest.approx(method.order, abs=0.2)


@pytest.mark.parametrize("method", IMPLICIT + OTHERS, ids=name_of)
@pytest.mark.parametrize(
    "system, start, exact", [(Falling(), Falling.start, Falling().exact(2.0)), (Driven(), 0.0, math.sin(2.0))]
)
def test_order_of_first_order_systems(method, system, start, exact):
    assert observed_order(method, system, start, None, exact) == pytest.approx(method.order, abs=0.2)


# Coefficients against the order conditions for q̈ = a(q)


def nystroem_trees(order):
    """Rooted trees of an order: (number of velocity leaves, subtrees); a vertex is a force."""
    trees = []
    for leaves in range(order):
        trees += [(leaves, subtrees) for subtrees in forests(order - 1 - leaves)]
    return trees


def forests(size, first=(0, 0)):
    """Multisets of trees, each of order + 1, that add up to the size."""
    if size == 0:
        return [()]
    found = []
    for order in range(1, size):
        for index, tree in enumerate(nystroem_trees(order)):
            if (order, index) >= first:
                found += [(tree, *rest) for rest in forests(size - order - 1, (order, index))]
    return found


def order_of(tree):
    return 1 + tree[0] + sum(order_of(subtree) + 1 for subtree in tree[1])


def exact_weight(tree):
    """C of the elementary weight C s^{order − 1} of the exact flow."""
    product = 1.0
    for subtree in tree[1]:
        product *= exact_weight(subtree) / (order_of(subtree) * (order_of(subtree) + 1))
    return product


def weights_at_stages(tree, places, kicks):
    stages = range(len(kicks))
    result = [place ** tree[0] for place in places]
    for subtree in tree[1]:
        inner = weights_at_stages(subtree, places, kicks)
        sums = [sum(kicks[j] * (places[i] - places[j]) * inner[j] for j in range(i)) for i in stages]
        result = [a * b for a, b in zip(result, sums, strict=True)]
    return result


def defect(method, order):
    """The largest violation of a condition of this order, for the velocity."""
    places = [math.fsum(method.drifts[: i + 1]) for i in range(len(method.kicks))]
    defects = []
    for tree in nystroem_trees(order):
        weights = weights_at_stages(tree, places, method.kicks)
        sums = math.fsum(kick * weight for kick, weight in zip(method.kicks, weights, strict=True))
        defects.append(abs(sums - exact_weight(tree) / order))
    return max(defects)


def test_the_trees_are_those_of_nystroem():
    assert [len(nystroem_trees(order)) for order in range(1, 7)] == [1, 1, 2, 3, 6, 10]


@pytest.mark.parametrize("method", SPLITTINGS, ids=name_of)
def test_coefficients_satisfy_the_order_conditions_to_round_off(method):
    """All Nyström trees: with b̄ = b(1 − c), of a splitting, the conditions for the place follow."""
    tolerance = 1e-12 if method is yoshida6 else 1e-14
    assert all(defect(method, order) < tolerance for order in range(1, method.order + 1))
    assert defect(method, method.order + 1) > 1e-7
    for coefficients in (method.drifts, method.kicks):
        assert coefficients == tuple(reversed(coefficients))
        assert math.fsum(coefficients) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    "better, worse, factor", [(blanes_moan4, yoshida4, 15), (blanes_moan6, yoshida6, 1e3)]
)
def test_blanes_moan_are_more_accurate_at_equal_cost(better, worse, factor):
    """The same number of forces, 252."""
    exact = run(blanes_moan6, Pendulum(), 1.5, 0.3, 10.0, 400)[0]
    errors = [
        abs(float(run(method, Pendulum(), 1.5, 0.3, 10.0, 252 // len(method.kicks))[0] - exact))
        for method in (better, worse)
    ]
    assert errors[1] > factor * errors[0]


# Stability


@pytest.mark.parametrize("method", SPLITTINGS, ids=name_of)
def test_stability_limit_of_splittings(method):
    """|trace| ≤ 2 of the one-step matrix of q̈ = −q up to the limit, and > 2 right after it."""

    def trace(phase):
        q, v = method.step(Oscillator(), tensor([1.0, 0.0]), tensor([0.0, 1.0]), 0.0, phase)
        return abs(float(q[0] + v[1]))

    assert all(
        trace(part * method.stability_limit) <= 2 + 1e-11 for part in torch.linspace(0.01, 1, 50).tolist()
    )
    assert trace(method.stability_limit + 0.0015) > 2 + 1e-8


def test_beyond_the_limit_oscillations_grow_and_below_they_do_not():
    for method, beyond in [(stormer_verlet, 2.01), (yoshida4, 1.6), (blanes_moan4, 3.145), (rk4, 2.9)]:
        inside = run(method, Oscillator(), 1.0, 0.0, 0.99 * method.stability_limit * 2000, 2000)[0]
        outside = run(method, Oscillator(), 1.0, 0.0, beyond * 2000, 2000)[0]
        assert abs(float(inside)) < 10
        assert not abs(float(outside)) < 1e3


def test_stability_limits_known_in_closed_form():
    assert stormer_verlet.stability_limit == pytest.approx(2, abs=2e-3)
    assert rk4.stability_limit == pytest.approx(2.785, abs=2e-3)
    assert euler.stability_limit == 0
    decay = OrnsteinUhlenbeck(noise_strength=0.0)
    assert abs(float(run(stochastic_heun, decay, 1.0, None, 1.98 * 500, 500)[0])) < 1
    assert abs(float(run(stochastic_heun, decay, 1.0, None, 2.02 * 500, 500)[0])) > 1e3


@pytest.mark.parametrize("method", IMPLICIT, ids=name_of)
def test_implicit_methods_are_stable_at_any_step(method):
    for phase in (0.5, 20.0, 1000.0):
        q, v = run(method, Oscillator(), 1.0, 0.5, 100 * phase, 100)
        assert float(q**2 + v**2) == pytest.approx(1.25, abs=1e-11)
    assert method.largest_step(Oscillator(), tensor(1.0)) == math.inf


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_steps_follow_from_the_frequency(method):
    """largest_step = 0.9·stability_limit/ω and proposed_step = proposed_phase/ω, well inside of it."""

    class Fast(Oscillator):
        def largest_frequency(self, q, v=None, duration=0.0):
            return 4.0

    largest, proposed = (
        choose(Fast(), tensor(1.0)) for choose in (method.largest_step, method.proposed_step)
    )
    assert largest == pytest.approx(0.9 * method.stability_limit / 4)
    assert proposed == pytest.approx(method.proposed_phase / 4)
    if not method.adaptive:
        assert 0 < proposed < largest


@pytest.mark.parametrize("method", [m for m in METHODS if not m.adaptive and not m.stochastic], ids=name_of)
def test_the_proposed_step_is_accurate_over_a_period(method):
    steps = math.ceil(2 * math.pi / method.proposed_phase)
    q, v = run(method, Oscillator(), 1.0, 0.0, 2 * math.pi, steps)
    assert math.hypot(float(q) - 1, float(v)) < (0.1 if method.order == 2 else 4e-3)


# Choice


def test_choice_and_rejection():
    assert integrator_named(None, Pendulum()) is default_integrator(Pendulum()) is blanes_moan4
    assert default_integrator(DampedForced()) is rk4
    assert default_integrator(Falling()) is rk4
    assert default_integrator(OrnsteinUhlenbeck()) is stochastic_heun
    assert default_integrator(OrnsteinUhlenbeck(tensor([0.0, 0.1]))) is stochastic_heun
    assert default_integrator(OrnsteinUhlenbeck(tensor([0.0, 0.0]))) is rk4
    assert default_integrator(OrnsteinUhlenbeck(None)) is rk4
    assert integrator_named("rk4", Pendulum()) is rk4
    assert all(INTEGRATORS[name].name == name for name in INTEGRATORS)
    with pytest.raises(ValueError, match=r"got integrator 'leapfrog', expected one of stormer_verlet, "):
        integrator_named("leapfrog", Pendulum())
    with pytest.raises(ValueError, match="got order 3, expected an even number"):
        triple_jump(3)
    with pytest.raises(ValueError, match="got 2 drifts and 2 kicks, expected one drift more"):
        SymplecticSplitting("bad", 1, (0.5, 0.5), (0.5, 0.5))


@pytest.mark.parametrize("method", SPLITTINGS, ids=name_of)
@pytest.mark.parametrize("system, v", [(DampedForced(), 2.0), (CurvedMass(), 1.0), (Falling(), None)])
def test_splittings_refuse_what_is_not_separable(method, system, v):
    with pytest.raises(
        ValueError, match="needs q̈ = a\\(q\\), which this system is not; use the integrator 'rk4'"
    ):
        method.check(system)
    with pytest.raises(ValueError, match="use the integrator 'rk4'"):
        run(method, system, 0.5, v, 1.0, 2)


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_deterministic_methods_refuse_noise(method):
    noisy, quiet = Pendulum(), Pendulum()
    noisy.noise_strength, quiet.noise_strength = tensor([0.0, 0.1]), tensor([0.0])
    method.check(quiet)
    if method.stochastic:
        assert isinstance(method, StochasticHeun)
        method.check(noisy)
    else:
        with pytest.raises(ValueError, match=f"white noise .*'{method.name}'.* use the .*'stochastic_heun'"):
            method.check(noisy)


# Tensors


@pytest.mark.parametrize("method", METHODS, ids=name_of)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_and_shape_are_kept_and_arguments_unchanged(method, dtype):
    q = tensor([[1.0, 0.5, 0.2], [-0.3, 0.2, 0.1]]).to(dtype)
    v = (q / 2).contiguous()
    before = q.clone(), v.clone()
    new = method.step(Chain(), q, v, 0.4, 0.05)
    assert torch.equal(q, before[0])
    assert torch.equal(v, before[1])
    for part in new:
        assert part.dtype == dtype
        assert part.shape == q.shape
    reference = run(blanes_moan6, Chain(), before[0], before[1], 0.05, 2)
    accuracy = 1e-4 if method.order == 2 else 1e-6
    assert torch.allclose(new[0].double(), reference[0], atol=accuracy)
    assert torch.allclose(new[1].double(), reference[1], atol=accuracy)


@pytest.mark.parametrize("method", [m for m in METHODS if m.name != "dop853"], ids=name_of)
def test_a_step_is_differentiable_in_state_and_parameters(method):
    class Sprung(Pendulum):
        def __init__(self, stiffness):
            self.stiffness = stiffness

        def acceleration(self, q, v=None, time=0.0):
            return -self.stiffness * torch.sin(q)

    def step(q, v, stiffness):
        return method.step(Sprung(stiffness), q, v, 0.0, 0.4)

    arguments = [tensor(values).requires_grad_() for values in ([1.1, -0.4], [0.3, 0.2], [1.3, 0.7])]
    assert torch.autograd.gradcheck(step, arguments)


@pytest.mark.parametrize("method", [m for m in METHODS if not m.adaptive], ids=name_of)
def test_samples_of_a_batch_do_not_mix(method):
    q, v = tensor([Chain.q0, Chain.v0]), tensor([Chain.v0, Chain.q0])
    together = method.step(Chain(), q, v, 0.0, 0.3)
    alone = method.step(Chain(), q[0], v[0], 0.0, 0.3)
    assert torch.allclose(together[0][0], alone[0], atol=1e-14)
    assert torch.allclose(together[1][0], alone[1], atol=1e-14)
