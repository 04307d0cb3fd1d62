"""Every theory of the catalogue runs, conserves its energy, and has waves with its dispersion relation."""

import inspect
import math

import numpy as np
import pytest
import sympy
import torch

from lagrangians import Lagrangian, catalogue
from lagrangians.conjugates import conjugate_pairs
from lagrangians.dispersion import plane_waves
from simulations import FieldSystem, Grid
from simulations.chain import Chain
from simulations.integrators import integrator_named, rk4

REFUSED: dict[str, str] = {}  # {name: message}; none at present
SAME_ENERGY = {  # other values of the parameters leave the energy the same, or only its scale
    "free_particle",
    "maxwell_chern_simons",  # the topological term has no energy
}
VALUES = {"c": 1.2, "m": 0.9, "g": 0.7, "beta": 0.3, "alpha": 0.8, "mu": 0.4, "sigma": 0.5}
LENGTH = 2 * math.pi


def theory(name: str, **arguments) -> tuple[Lagrangian, dict[str, float]]:
    lagrangian = catalogue.describe(name, **arguments).lagrangian
    return lagrangian, {p.name: VALUES.get(p.name, 1.1) for p in lagrangian.parameters}


def system_of(lagrangian: Lagrangian, values: dict[str, float], coarse: bool = False):
    if lagrangian.lattice:
        return Chain(lagrangian, 16, parameters=values)
    dimension = len(lagrangian.coordinates) - 1
    points = {0: None, 1: (10,) if coarse else (32,), 2: (10, 7) if coarse else (16, 18), 3: (8, 7, 6)}[
        dimension
    ]
    grid = None if points is None else Grid((LENGTH,) * dimension, points)
    return FieldSystem(lagrangian, grid, parameters=values)


def smooth_data(system, seed: int = 0, size: float = 0.2) -> torch.Tensor:
    """Random Fourier modes with |k| ≤ 2 on each axis, mean 0; numbers for mechanics."""
    generator = np.random.default_rng(seed)
    shape = system.state_shape()
    points = system.points
    if not points:
        return torch.tensor(generator.normal(1.0, 0.2, shape))
    values = np.zeros(shape)
    axes = [2 * np.pi * np.arange(n) / n for n in points]
    mesh = np.meshgrid(*axes, indexing="ij")
    for field in np.ndindex(*shape[: len(shape) - len(points)]):
        for _ in range(4):
            k = generator.integers(1, 3, len(points)) * generator.choice([-1, 1], len(points))
            phase = sum(k_i * x_i for k_i, x_i in zip(k, mesh, strict=True))
            values[field] += size / 2 * generator.normal() * np.cos(phase + generator.uniform(0, 6))
    return torch.tensor(values)


def initial_data(name: str, system) -> tuple[torch.Tensor, torch.Tensor | None]:
    q = smooth_data(system, 1)
    v = smooth_data(system, 2) if system.time_order == 2 else None
    if name == "sigma_model":  # |n| = 1 and n·n_t = 0
        q = q + torch.tensor([0.0, 0.0, 1.0], dtype=q.dtype)[:, None]
        q = q / q.norm(dim=0, keepdim=True)
        v = v - q * (q * v).sum(0, keepdim=True)
    return q, v


def largest_drift(system, q, v, time: float, steps: int) -> float:
    """max_n |E_n − E_0| along a run with the classical Runge–Kutta method."""
    start = system.energy(q, v)
    drift = 0.0
    for number in range(steps):
        q, v = rk4.step(system, q, v, number * time / steps, time / steps)
        drift = max(drift, float((system.energy(q, v) - start).abs()))
    return drift


@pytest.mark.parametrize("name", catalogue.entries())
def test_energy_is_conserved_to_the_order_of_the_integrator(name):
    lagrangian, values = theory(name)
    if name in REFUSED:
        with pytest.raises(ValueError, match=REFUSED[name]):
            system_of(lagrangian, values)
        return
    system = system_of(lagrangian, values)
    q, v = initial_data(name, system)
    frequency = max(system.largest_frequency(q, v), 1.0)
    step = min(0.4 / frequency, 0.05)
    coarse = largest_drift(system, q, v, 8 * step, 16)
    fine = largest_drift(system, q, v, 8 * step, 32)
    scale = float(system.energy(q, v).abs()) + float((q**2).sum())
    assert fine <= coarse / 2**3.5 or coarse <= 1e-12 * scale


@pytest.mark.parametrize("name", catalogue.entries())
def test_energy_of_other_equations_is_not_conserved(name):
    """The control: what is conserved is the energy of this theory, not that of any."""
    if name in REFUSED or name in SAME_ENERGY:
        return
    lagrangian, values = theory(name)
    changed = {p: (1.3 + 0.2 * number) * value for number, (p, value) in enumerate(values.items())}
    system, other = system_of(lagrangian, values), system_of(lagrangian, changed)
    q, v = initial_data(name, system)
    start, after = system.energy(q, v), (q, v)
    step = min(0.8 / max(other.largest_frequency(q, v), 1.0), 0.1)
    for number in range(8):
        after = rk4.step(other, *after, number * step, step)
    assert float((system.energy(*after) - start).abs()) > 10 * largest_drift(system, q, v, 8 * step, 8)


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize(
    "name",
    [
        name
        for name in catalogue.entries()
        if "dimension" in inspect.signature(getattr(catalogue, name)).parameters
    ],
)
def test_one_to_three_dimensions(name, dimension):
    lagrangian, values = theory(name, dimension=dimension)
    system = system_of(lagrangian, values)
    assert len(system.axes) == dimension
    q = smooth_data(system, 1)
    if system.time_order == 2:
        rate = system.acceleration(q, smooth_data(system, 2))
    else:
        rate = system.velocity(q)
    assert rate.shape == q.shape
    assert bool(torch.isfinite(rate).all())


# Waves


def numeric(expression: sympy.Expr, rules: dict) -> complex:
    return complex(sympy.N(sympy.sympify(expression).subs(rules)))


def polarisation(matrix: np.ndarray, kept: list[int]) -> np.ndarray | None:
    """A vector with M v = 0 and components among `kept` only."""
    part = matrix[:, kept]
    _, sizes, right = np.linalg.svd(part)
    padded = np.zeros(len(kept))
    padded[: len(sizes)] = sizes
    if padded[-1] > 1e-9 * max(1.0, np.abs(matrix).max()):
        return None
    return right[-1].conj()


def wave_cases() -> list[tuple[str, int]]:
    cases = []
    for name in catalogue.entries():
        theory_ = catalogue.describe(name)
        if len(theory_.lagrangian.coordinates) > 1 or theory_.lagrangian.lattice:
            cases += [(name, number) for number in range(len(theory_.vacua))]
    return cases


@pytest.mark.parametrize(("name", "vacuum"), wave_cases())
def test_small_waves_have_the_frequencies_of_the_dispersion_relation(name, vacuum):
    """ε Re(v e^{i(k·x − ωt)}) for every ω(k) and a v in the kernel of the linearised equations."""
    lagrangian, values = theory(name)
    stated = catalogue.describe(name).vacua[vacuum].values
    system = system_of(lagrangian, values, coarse=True)
    if conjugate_pairs(lagrangian.fields):
        pairs = {field.func.__name__ for field in lagrangian.fields}
        lagrangian = lagrangian.real_form()
        stated = {
            f"{f}_re" if f"{f}_bar" in pairs else f: value
            for f, value in stated.items()
            if not f.endswith("_bar")
        }
    numbers = {p: values[p.name] for p in lagrangian.parameters}
    waves = plane_waves(lagrangian, stated)
    k = {symbol: 2.0 if number == 0 else 1.0 for number, symbol in enumerate(waves.wavenumbers)}
    if lagrangian.lattice:
        k = dict.fromkeys(k, 2 * math.pi * 3 / 16)
    names = [field.func.__name__ for field in lagrangian.fields]
    index = getattr(system, "base", (0,))
    kept = [names.index(field) for field in _moving_fields(system)]
    rest = np.array([numeric(waves.vacuum[a], numbers).real for a in kept])
    phase, factor = _phase(system, list(k.values()), index)
    frequencies = [w for root in waves.frequencies if abs(w := numeric(root, {**numbers, **k})) > 1e-9]
    assert frequencies
    checked = 0
    for omega in frequencies:
        if abs(omega.imag) > 1e-9:
            continue
        rules = {**numbers, **k, waves.omega: omega.real}
        matrix = np.array([[numeric(entry, rules) for entry in row] for row in waves.matrix.tolist()])
        vector = polarisation(matrix, kept)
        if vector is None:
            continue
        checked += 1
        vector = torch.tensor(factor * vector / abs(factor))
        _check_wave(system, vector, omega.real, phase, torch.tensor(rest))
    assert checked or not any(abs(w.imag) <= 1e-9 for w in frequencies)


def _moving_fields(system) -> list[str]:
    if isinstance(system, Chain):
        return list(system.fields)
    return [system.jets.field_names[a] for a in system.components]


def _phase(system, k: list[float], index: tuple[int, ...]) -> tuple[torch.Tensor, complex]:
    """k·x on the grid, and (ik)^J for the jet J that is the state."""
    if isinstance(system, Chain):
        return k[0] * torch.arange(system.points[0], dtype=torch.float64), 1.0
    mesh = system.grid.mesh()
    factor = np.prod([(1j * k_i) ** n for k_i, n in zip(k, index[1:], strict=True)])
    return sum(k_i * x for k_i, x in zip(k, mesh, strict=True)), complex(factor)


def _check_wave(system, vector, omega, phase, rest) -> None:
    several = len(system.fields) > 1
    size = 1e-6

    def fields(amplitude: torch.Tensor, time: float) -> torch.Tensor:
        wave = torch.exp(1j * (phase - omega * time))
        values = torch.stack([(a * wave).real for a in amplitude])
        return values if several else values[0]

    constant = rest.reshape(-1, *[1] * phase.ndim) if several else rest[0]
    q = constant + size * fields(vector, 0.0)
    v = size * fields(-1j * omega * vector, 0.0) if system.time_order == 2 else None
    frequency = max(system.largest_frequency(q, v), abs(omega))
    time = 1.0 / abs(omega)
    steps = math.ceil(time * frequency / 0.3)
    for number in range(steps):
        q, v = rk4.step(system, q, v, number * time / steps, time / steps)
    exact = constant + size * fields(vector, time)
    wrong = constant + size * fields(vector, 1.05 * time)
    assert float((q - exact).abs().max()) < 2e-3 * size < float((q - wrong).abs().max())


@pytest.mark.parametrize(
    ("lagrangian", "expected"),
    [
        (catalogue.nonlinear_schroedinger(), "splitting4"),
        (catalogue.thirring(g=1), "splitting4"),
        (catalogue.korteweg_de_vries(), "etdrk4"),
        (catalogue.benjamin_bona_mahony(), "etdrk4"),
        (catalogue.sine_gordon(), "blanes_moan4"),
    ],
)
def test_the_integrator_that_is_taken_by_default(lagrangian, expected):
    system = FieldSystem(lagrangian, Grid(LENGTH, 16))
    assert integrator_named(None, system).name == expected
