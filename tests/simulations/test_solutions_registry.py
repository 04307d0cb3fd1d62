"""Initial data by name: the layout of each, parameters read off the theory, waves of any theory, errors."""

import math
from functools import cache

import pytest
import torch

from lagrangians import catalogue, parse_lagrangian
from lagrangians.catalogue.registry import ENTRIES
from simulations import FieldSystem, Grid, solutions
from simulations.chain import Chain
from simulations.grids import BOUNDARIES

THEORIES = {
    "sine_gordon": catalogue.sine_gordon(1.2, 0.9),
    "phi4": catalogue.phi4(1.2, 0.7, 1.4),
    "double_sine_gordon": catalogue.double_sine_gordon(1.2, 0.9, 0.4),
    "liouville": catalogue.liouville(1.2, 0.9, 1.5),
    "klein_gordon": catalogue.klein_gordon(1.2, 0.9),
    "nonlinear_schroedinger": catalogue.nonlinear_schroedinger(-1.1, 1.3, 0.2),
    "korteweg_de_vries": catalogue.korteweg_de_vries(3.0, 0.8),
    "modified_korteweg_de_vries": catalogue.modified_korteweg_de_vries(3.0, 0.8),
    "toda_lattice": catalogue.toda_lattice(1.2, 0.7, 0.9),
    "frenkel_kontorova": catalogue.frenkel_kontorova(1.2, 4.0, 0.01),  # kinks 20 sites wide
}
TURNS = {"kink": 1, "antikink": -1}
ALL = [(theory, name) for theory, entries in solutions.SOLUTIONS.items() for name in entries]


@cache
def system_of(theory, name=None, points=64, length=30.0, **options):
    lagrangian = THEORIES[theory]
    if name == "dark-soliton":
        lagrangian = catalogue.nonlinear_schroedinger(1.1, 1.3, 0.2)
    if ENTRIES[theory].family == "Chains":
        return Chain(lagrangian, points, **{"rise": 2 * math.pi * TURNS.get(name, 0), **options})
    boundary = "periodic" if name is None else solutions.SOLUTIONS[theory][name].boundary
    return FieldSystem(lagrangian, Grid(length, points, boundary, origin=-length / 2), **options)


def parts(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("theory, name", ALL)
def test_every_solution_is_described_and_fits_its_system(theory, name):
    entry = solutions.SOLUTIONS[theory][name]
    assert theory in ENTRIES
    assert entry.boundary in BOUNDARIES
    assert all([entry.meaning, entry.reference, *(p.meaning for p in entry.parameters.values())])
    system = system_of(theory, name)
    assert name in solutions.available(system)
    state = parts(solutions.initial(name, system))
    assert len(state) == system.time_order
    for part in state:
        assert tuple(part.shape) == system.state_shape()
        assert part.dtype == torch.float64
        assert bool(torch.isfinite(part).all())
    later = parts(solutions.initial(name, system, time=0.7))
    if "v" not in entry.parameters or entry.parameters["v"].default != 0:
        assert (later[0] - state[0]).abs().max() > 1e-3


@pytest.mark.parametrize("theory, name", ALL)
def test_the_rate_at_the_start_is_the_systems(theory, name):
    """q̇ of the solution (a central difference in its own time) is the system's velocity, v̇ its acceleration,
    which no other amplitude has.
    """
    system = system_of(theory, name, 641, length=110.0)
    step = 1e-4
    state = parts(solutions.initial(name, system))
    before, after = (parts(solutions.initial(name, system, time=s)) for s in (-step, step))
    rates = [(b - a) / (2 * step) for a, b in zip(before, after, strict=True)]
    if system.time_order == 2:
        assert torch.allclose(rates[0], state[1], rtol=0, atol=1e-6)
        expected, found = system.acceleration(*state), rates[1]
        other = system.acceleration(0.9 * state[0], state[1])
    else:
        expected, found = system.velocity(state[0]), rates[0]
        other = system.velocity(0.9 * state[0])
    assert (expected - found).abs().max() < 1e-5
    if theory != "klein_gordon":  # which is linear
        assert (other - found).abs().max() > 1e-3


def test_parameters_come_from_the_lagrangian_whatever_its_form():
    grid = Grid(30.0, 64, "winding", origin=-15.0)
    x = grid.coordinates()[0]
    expected = solutions.kink(x, 0.0, 0.3, 1.2, 0.9)
    learned = parse_lagrangian("2.5*u_t**2 - 3.6*u_x**2 + 4.05*cos(u)", ("u",), ("t", "x"))
    free = catalogue.sine_gordon("c", "m")
    gradients = {"c": torch.tensor(1.2, dtype=torch.float64, requires_grad=True), "m": 0.9}
    for system in (
        FieldSystem(THEORIES["sine_gordon"], grid),
        FieldSystem(learned, grid),
        FieldSystem(free, grid, parameters={"c": 1.2, "m": 0.9}),
        FieldSystem(free, grid, parameters=gradients),
    ):
        for one, other in zip(solutions.initial("kink:v=0.3", system), expected, strict=True):
            assert torch.allclose(one, other, rtol=0, atol=1e-12)
    varied = {"c": 1.2, "m": 0.9 + 0.1 * torch.cos(x)}
    assert "kink" not in solutions.available(FieldSystem(free, grid, parameters=varied))


@pytest.mark.parametrize(
    "lagrangian, theory, expected",
    [
        (catalogue.sine_gordon(1.3, 0.8), "sine_gordon", {"c": 1.3, "m": 0.8}),
        (catalogue.phi4(1.2, 0.7, 1.4), "phi4", {"c": 1.2, "g": 0.7, "v": 1.4}),
        (catalogue.phi4(1.2, 0.7, 1.4), "klein_gordon", None),
        (catalogue.phi4(1.2, 0.7, 1.4), "sine_gordon", None),
        (catalogue.klein_gordon(1.2, 0.0), "klein_gordon", {"c": 1.2, "m": 0.0}),
        (catalogue.klein_gordon(1.2, 0.0), "sine_gordon", None),
        (catalogue.klein_gordon(1.2, 0.9, 3), "klein_gordon", {"c": 1.2, "m": 0.9}),
        (catalogue.double_sine_gordon(1, 0.9, 0.4), "double_sine_gordon", {"c": 1, "m": 0.9, "mu": 0.4}),
        (catalogue.double_sine_gordon(1, 0.9, 0.4), "sine_gordon", None),
        (catalogue.liouville(1.2, 0.7, 2.0), "liouville", {"c": 1.2, "m": 0.7, "beta": 2.0}),
        (catalogue.korteweg_de_vries(3.0, -0.5), "korteweg_de_vries", {"alpha": 3.0, "beta": -0.5}),
        (catalogue.korteweg_de_vries(3.0, -0.5), "modified_korteweg_de_vries", None),
        (catalogue.toda_lattice(1.2, 0.7, 2.0), "toda_lattice", {"m": 1.2, "a": 0.7, "b": 2.0}),
        (catalogue.toda_lattice(1.2, 0.7, 2.0), "fermi_pasta_ulam_tsingou", None),
        (THEORIES["nonlinear_schroedinger"], "nonlinear_schroedinger", {"g": -1.1, "m": 1.3, "mu": 0.2}),
        (catalogue.sine_gordon("c", 0.8), "sine_gordon", None),
        (catalogue.harmonic_oscillator(1.0), "sine_gordon", None),
    ],
)
def test_theories_are_recognised_by_their_equations(lagrangian, theory, expected):
    found = solutions.theory_parameters(lagrangian, theory)
    assert (found is None) == (expected is None)
    assert found is None or found == pytest.approx(expected, rel=1e-12)


def test_the_boundary_that_initial_data_need():
    assert solutions.required_boundary("kink:v=0.3", THEORIES["sine_gordon"]) == "winding"
    assert solutions.required_boundary("kink", THEORIES["phi4"]) == "neumann"
    assert solutions.required_boundary("soliton", THEORIES["nonlinear_schroedinger"]) == "periodic"
    assert solutions.required_boundary("gaussian", THEORIES["phi4"]) is None
    assert solutions.required_boundary("kink", THEORIES["klein_gordon"]) is None


def test_a_special_case_has_the_solutions_of_the_narrower_theory():
    """Double Sine-Gordon with μ = 0 is Sine-Gordon, whose pair is exact."""
    grid = Grid(30.0, 64, origin=-15.0)
    special = FieldSystem(catalogue.double_sine_gordon(1.2, 0.9, 0.0), grid)
    assert solutions.available(special)["kink-antikink"].theory == "sine_gordon"
    general = FieldSystem(THEORIES["double_sine_gordon"], grid)
    assert solutions.available(general)["kink-antikink"].theory == "double_sine_gordon"


def test_pairs_start_as_far_apart_as_asked():
    system = system_of("sine_gordon", "kink-antikink", 2048)
    x = system.grid.coordinates()[0]
    phi, _ = solutions.initial("kink-antikink:v=0.6,separation=12,centre=1", system)
    slope = (phi[1:] - phi[:-1]).abs()
    left, right = slope.clone(), slope.clone()
    left[x[1:] > 1], right[x[1:] < 1] = 0, 0
    shift = 1.2 / 0.9 * (1 - 0.25) ** 0.5 * math.log(2)
    places = [float(x[int(side.argmax())]) for side in (left, right)]
    assert places == pytest.approx([1 - 6 - shift, 1 + 6 + shift], abs=0.05)


def test_a_ring_takes_its_own_rise():
    """Stretched so that q_{n+N} = q_n + rise; the acceleration is right across the seam too."""
    for rise in (0.0, -1.5, 2.0):
        ring = system_of("toda_lattice", points=80, rise=rise)
        q, v = solutions.initial("two-solitons:kappa1=0.8,kappa2=-0.5,separation=30", ring)
        later = solutions.initial("two-solitons:kappa1=0.8,kappa2=-0.5,separation=30", ring, time=1e-4)
        assert (later[1] - v - 1e-4 * ring.acceleration(q, v)).abs().max() < 1e-7


# General data


@pytest.mark.parametrize("theory", ["sine_gordon", "nonlinear_schroedinger", "korteweg_de_vries"])
def test_general_data_suit_any_field(theory):
    system = system_of(theory)
    for name in ("random", "gaussian", "vacuum+noise"):
        state = parts(solutions.initial(name, system))
        assert len(state) == system.time_order
        assert all(tuple(part.shape) == system.state_shape() for part in state)
    batch = parts(solutions.initial("random:samples=3,seed=2,speed=1", system))
    assert all(tuple(part.shape) == (3, *system.state_shape()) for part in batch)
    again = parts(solutions.initial("random:samples=3,seed=2,speed=1", system))
    assert all(torch.equal(one, other) for one, other in zip(batch, again, strict=True))
    assert not torch.equal(batch[0], parts(solutions.initial("random:samples=3,seed=3", system))[0])


def test_general_data_sit_on_the_vacuum():
    system = system_of("phi4")
    q, v = solutions.initial("gaussian:amplitude=0.2,centre=3,width=1", system)
    x = system.grid.coordinates()[0]
    assert torch.allclose(q, 1.4 + 0.2 * torch.exp(-((x - 3) ** 2) / 2))
    assert v.abs().max() == 0
    noise = solutions.initial("vacuum+noise:amplitude=0.01,samples=400", system)[0]
    assert float(noise.mean()) == pytest.approx(1.4, abs=1e-3)
    assert float(noise.std()) == pytest.approx(0.01, rel=0.02)
    assert float(solutions.initial("gaussian:vacuum=-1.4,amplitude=0", system)[0].mean()) == -1.4


@pytest.mark.parametrize(
    "lagrangian, n, branch, frequency",
    [
        (catalogue.sine_gordon(1.2, 0.9), 3, 0, lambda k: (1.44 * k**2 + 0.81) ** 0.5),
        (catalogue.phi4(1.2, 0.7, 1.4), 3, 0, lambda k: (1.44 * k**2 + 2 * 0.7 * 1.96) ** 0.5),
        (catalogue.boussinesq(1.2, 0.7, 0.4), 2, 0, lambda k: (1.44 * k**2 + 0.4 * k**4) ** 0.5),
        (catalogue.korteweg_de_vries(6, 0.8), 2, 0, lambda k: -0.8 * k**3),
        (catalogue.nonlinear_schroedinger(-1.0, 1.3, 0.2), 4, 0, lambda k: k**2 / 2.6 - 0.2),
        (catalogue.thirring(0.9), 2, 1, lambda k: (k**2 + 0.81) ** 0.5),
    ],
)
def test_running_waves_have_the_dispersion_relation(lagrangian, n, branch, frequency):
    """ω(k), and a wave that turns by ω in its own phase: q(x, dt) = q(x − ω dt/k, 0)."""
    system = FieldSystem(lagrangian, Grid(20.0, 32, origin=-10.0))
    k = 2 * math.pi * n / 20
    background = solutions.general.vacuum_of(system)
    q, v, omega = solutions.running_wave(system, background, [k], 1e-6, branch)
    assert omega.real == pytest.approx(frequency(k), rel=1e-9)
    assert abs(omega.imag) < 1e-9
    rate = system.velocity(q) if v is None else v
    slope = torch.stack([system.derivative.field(part, 0) for part in system.split(q)])
    expected = (-omega.real / k * slope).reshape(q.shape)
    assert (rate - expected).abs().max() < 1e-4 * rate.abs().max()
    if v is not None:
        assert (system.acceleration(q, v) + omega.real**2 * (q - background)).abs().max() < 1e-9
    assert (q - background).abs().max() == pytest.approx(1e-6, rel=0.02)


@pytest.mark.parametrize(
    "text, message",
    [
        ("kinck", "did you mean 'kink'"),
        ("soliton", "which solve korteweg_de_vries, .* expected one of kink"),
        ("kink:w=0.3", "unknown parameter of kink 'w', expected one of v, centre"),
        ("kink:v", "got 'v' in 'kink:v', expected key=value"),
        ("kink:", "expected NAME or NAME:key=value"),
        (":v=1", "expected NAME or NAME:key=value"),
        ("kink:v=0.1,v=0.2", "got v twice"),
        ("kink:v=fast", "got v = fast, expected a number"),
        ("kink:v=nan", "expected a finite number"),
        ("kink:v=1.3", r"\|v\| < c = 1.2"),
        ("kink-antikink:v=0", "v = 0"),
        ("breather:frequency=1.2", "between 0 and 1"),
        ("plane-wave:ny=1", "waves along 3 axes, expected 1"),
        ("plane-wave:branch=7", "got branch 7, expected 0 to 0"),
        ("plane-wave:vacuum=1", "got a background that changes"),
    ],
)
def test_errors(text, message):
    with pytest.raises(ValueError, match=message):
        solutions.initial(text, system_of("sine_gordon"))


def test_parameters_beside_the_text_stand_above_it():
    system = system_of("sine_gordon", "kink")
    one = solutions.initial("kink:v=0.1", system, v=0.5)
    assert torch.equal(one[0], solutions.initial("kink:v=0.5", system)[0])


def test_a_registry_that_grows():
    """A user's own solution is found by its theory, and general data by what they apply to."""

    @solutions.register_solution(
        "static-kink", "sine_gordon", "kink at rest", {"centre": ("place", 0.0)}, "mine", boundary="winding"
    )
    def static(grid, time, theory, centre):
        return solutions.kink(grid.mesh()[0] - centre, time, 0.0, **theory)

    @solutions.register_general(
        "ones", "all ones", {"height": ("of them", 1.0)}, lambda s: hasattr(s, "fields")
    )
    def ones(system, height):
        return torch.full(system.state_shape(), height, dtype=torch.float64)

    try:
        system = system_of("sine_gordon", "kink")
        found = solutions.initial("static-kink:centre=2", system)[0]
        assert torch.equal(found, solutions.initial("kink:centre=2", system)[0])
        assert float(solutions.initial("ones:height=3", system_of("korteweg_de_vries")).mean()) == 3
        assert "static-kink" not in solutions.available(system_of("phi4"))
    finally:
        del solutions.SOLUTIONS["sine_gordon"]["static-kink"], solutions.GENERAL["ones"]
