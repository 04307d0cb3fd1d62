"""Sine-Gordon on a grid: our back ends beside an in-place NumPy leapfrog, SciPy's DOP853 and py-pde."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.integrate import solve_ivp

from benchmarks.timing import fresh_process, in_turn, milliseconds, ratio, verdict
from lagrangians import catalogue
from simulations import FieldSystem, Grid, stormer_verlet
from simulations.backends import propagator
from simulations.integrators import INTEGRATORS

# points, threads, and how many times faster than NumPy each back end is to be (None: no target)
RATES: tuple[tuple[tuple[int, ...], int, dict[str, float | None]], ...] = (
    ((1024,), 1, {"kernel": 12, "torch": None}),
    ((16384,), 1, {"kernel": 9, "torch": None}),
    ((2**20,), 1, {"kernel": 12, "torch": 4.5}),
    ((512, 512), 2, {"kernel": 25, "torch": 14}),
)


def measure() -> dict[str, Any]:
    """Every figure as a ratio in one run, with its target."""
    with tempfile.TemporaryDirectory() as folder:  # compiled anew here: a first result is one
        return {
            "rates": {
                _name(points, threads): _rate(points, threads, goals) for points, threads, goals in RATES
            },
            "ensemble of 1024 samples of 1024 points, one thread": _ensemble(),
            "kink to t = 10, 1024 points, error 1.1e-3": _coarse_kink(),
            "kink to t = 10, error 1.2e-5": _fine_kink(),
            "first result in a fresh process": _first_result(folder),
            "peak memory beyond the saved states, in fields": _memory(),
        }


# Steps a second


def _name(points: tuple[int, ...], threads: int) -> str:
    return f"{'×'.join(map(str, points))} points, {threads} thread{'s' * (threads > 1)}"


def _rate(points: tuple[int, ...], threads: int, goals: dict[str, float | None]) -> dict[str, Any]:
    torch.set_num_threads(threads)
    spacing, step = 0.1, 0.02
    system = _sine_gordon(Grid([spacing * n for n in points], points), 2)
    q, v = _random(points)
    sites = math.prod(points)
    steps = max(64, 2**24 // sites)
    array, rate = q.numpy().copy(), v.numpy().copy()
    contestants: dict[str, Callable[[], object]] = {
        "NumPy in place": lambda: numpy_leapfrog(array, rate, step, spacing, steps)
    }
    for name in goals:
        contestants[name] = _runner(system, stormer_verlet, q, v, step, steps, name)
    seconds = in_turn(contestants)
    torch.set_num_threads(1)
    rates = {name: sites * steps / statistics.median(values) / 1e6 for name, values in seconds.items()}
    found: dict[str, Any] = {"million site-updates a second": {k: round(r, 1) for k, r in rates.items()}}
    for name, goal in goals.items():
        value = ratio(seconds, "NumPy in place", name)
        found[f"{name} to NumPy"] = {"ratio": round(value, 2)} if goal is None else verdict(value, goal)
    return found


def _ensemble() -> dict[str, Any]:
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    for name in ("kernel", "torch"):
        contestants = {}
        for label, batch, points in (("one field", (), 2**20), ("ensemble", (1024,), 1024)):
            system = _sine_gordon(Grid(0.1 * points, points), 2)
            q, v = _random((*batch, points))
            contestants[label] = _runner(system, stormer_verlet, q, v, 0.02, 64, name)
        seconds = in_turn(contestants)
        found[f"{name}: time a site over that of one field of 2**20"] = verdict(
            ratio(seconds, "ensemble", "one field"), 1.05, at_most=True
        )
    return found


def _sine_gordon(grid: Grid, order: Any) -> FieldSystem:
    return FieldSystem(catalogue.sine_gordon(dimension=grid.dimension), grid, order)


def _random(shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    q, v = (torch.randn(shape, dtype=torch.float64, generator=generator) for _ in range(2))
    return 2 * q, v


def _runner(
    system: FieldSystem, integrator: Any, q: torch.Tensor, v: torch.Tensor, step: float, steps: int, name: str
) -> Callable[[], Any]:
    advance = propagator(system, integrator, q, name)
    return lambda: advance(q, v, 0, step, steps)


def numpy_leapfrog(q: np.ndarray, v: np.ndarray, step: float, spacing: float, steps: int) -> None:
    """Leapfrog for φ_tt = ∇²φ − sin φ on a periodic grid, in place and with no temporary array."""
    force, sine = np.empty_like(q), np.empty_like(q)
    for _ in range(steps):
        np.multiply(q, -2 * q.ndim, out=force)
        for axis in range(q.ndim):
            _add_neighbours(force, q, axis)
        force *= 1 / spacing**2
        np.sin(q, out=sine)
        force -= sine
        force *= step
        v += force
        np.multiply(v, step, out=force)
        q += force


def _add_neighbours(force: np.ndarray, q: np.ndarray, axis: int) -> None:
    f, p = np.moveaxis(force, axis, 0), np.moveaxis(q, axis, 0)
    f[1:] += p[:-1]
    f[:-1] += p[1:]
    f[0] += p[-1]
    f[-1] += p[0]


# A kink of velocity ½ through the middle of a box of length 40

SPEED, LENGTH, DURATION = 0.5, 40.0, 10.0


def kink(x: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray]:
    """φ and φ_t of 4 arctan exp γ(x − vt)."""
    gamma = 1 / math.sqrt(1 - SPEED**2)
    phase = gamma * (x - SPEED * (time - DURATION / 2))
    return 4 * np.arctan(np.exp(phase)), -2 * gamma * SPEED / np.cosh(phase)


def _kink_run(points: int, order: int, integrator: str, steps: int, name: str) -> tuple[Callable, Callable]:
    """A run to the end, and the largest error of what it returns."""
    grid = Grid(LENGTH, points, "neumann", -LENGTH / 2)
    x = grid.coordinates()[0].numpy()
    q, v = (torch.as_tensor(part) for part in kink(x, 0.0))
    run = _runner(_sine_gordon(grid, order), INTEGRATORS[integrator], q, v, DURATION / steps, steps, name)
    return run, lambda: float(np.abs(run()[0].numpy() - kink(x, DURATION)[0]).max())


def _numpy_kink(points: int, steps: int) -> tuple[Callable[[], np.ndarray], Callable[[], float]]:
    """The leapfrog as one would write it for this problem: in place, one array more than the state."""
    spacing, step = LENGTH / (points - 1), DURATION / steps
    x = spacing * np.arange(points) - LENGTH / 2
    start, rate = kink(x, 0.0)

    def run() -> np.ndarray:
        padded, v = np.empty(points + 2), rate.copy()
        q, left, right = padded[1:-1], padded[:-2], padded[2:]
        force, sine = np.empty(points), np.empty(points)
        np.add(start, step / 2 * v, out=q)
        for number in range(steps):
            padded[0], padded[-1] = q[1], q[-2]
            np.add(left, right, out=force)
            force *= 1 / spacing**2
            np.multiply(q, 2 / spacing**2, out=sine)
            force -= sine
            np.sin(q, out=sine)
            force -= sine
            force *= step
            v += force
            np.multiply(v, step if number < steps - 1 else step / 2, out=force)
            q += force
        return q

    return run, lambda: float(np.abs(run() - kink(x, DURATION)[0]).max())


def _dop853(
    points: int, order: int, tolerance: float
) -> tuple[Callable[[], np.ndarray], Callable[[], float]]:
    spacing = LENGTH / (points - 1)
    x = spacing * np.arange(points) - LENGTH / 2
    start = np.concatenate(kink(x, 0.0))
    weights = {2: (-2.0, 1.0), 4: (-5 / 2, 4 / 3, -1 / 12)}[order]
    half = order // 2
    padded = np.empty(points + order)

    def rate(time: float, state: np.ndarray) -> np.ndarray:
        q = state[:points]
        padded[half : half + points] = q
        padded[:half] = q[half:0:-1]
        padded[half + points :] = q[-2 : -2 - half : -1]
        result = np.empty_like(state)
        result[:points] = state[points:]
        force = result[points:]
        np.multiply(q, weights[0], out=force)
        for j in range(1, half + 1):
            pair = padded[half + j : half + j + points] + padded[half - j : half - j + points]
            pair *= weights[j]
            force += pair
        force *= 1 / spacing**2
        force -= np.sin(q)
        return result

    def run() -> np.ndarray:
        solved = solve_ivp(
            rate, (0, DURATION), start, "DOP853", t_eval=[DURATION], rtol=tolerance, atol=tolerance
        )
        return solved.y[:points, -1]

    return run, lambda: float(np.abs(run() - kink(x, DURATION)[0]).max())


def _py_pde() -> tuple[Callable[[], Any], Callable[[], float]]:
    import pde  # a peer, imported where it is measured

    grid = pde.CartesianGrid([[-LENGTH / 2, LENGTH / 2]], 1024)
    x = grid.cell_coords[..., 0]
    state = pde.FieldCollection([pde.ScalarField(grid, part) for part in kink(x, 0.0)])
    equation = pde.PDE({"u": "v", "v": "laplace(u) - sin(u)"}, bc={"derivative": 0})
    step = DURATION / math.ceil(DURATION / (PY_PDE_STEP * LENGTH / 1024))
    solver = pde.solvers.RungeKuttaSolver(equation, adaptive=False, backend="numba")
    stepper = solver.make_stepper(state.copy(), step)

    def run() -> Any:
        present = state.copy()
        stepper(present, 0.0, DURATION)
        return present

    return run, lambda: float(np.abs(run()[0].data - kink(x, DURATION)[0]).max())


PY_PDE_STEP = 1.38  # in units of Δx; RK4 is stable up to 2√2/2 = 1.41
LEAPFROG_STEPS = 262  # 0.98 Δx


def _coarse_kink() -> dict[str, Any]:
    torch.set_num_threads(1)
    contestants, errors = {}, {}
    for name, (run, error) in {
        "kernel": _kink_run(1024, 2, "stormer_verlet", LEAPFROG_STEPS, "kernel"),
        "torch": _kink_run(1024, 2, "stormer_verlet", LEAPFROG_STEPS, "torch"),
        "NumPy in place": _numpy_kink(1024, LEAPFROG_STEPS),
        "DOP853": _dop853(1024, 2, 1e-4),
        "py-pde": _py_pde(),
    }.items():
        contestants[name] = run
        errors[name] = round(error(), 6)
    seconds = in_turn(contestants, rounds=15, repeats=5)
    return {
        "largest error": errors,
        "milliseconds a solve": milliseconds(seconds),
        "py-pde to kernel": verdict(ratio(seconds, "py-pde", "kernel"), 30),
        "DOP853 to kernel": verdict(ratio(seconds, "DOP853", "kernel"), 50),
        "NumPy to kernel": verdict(ratio(seconds, "NumPy in place", "kernel"), 12),
    }


def _fine_kink() -> dict[str, Any]:
    torch.set_num_threads(1)
    contestants, errors = {}, {}
    for name, (run, error) in {
        "kernel": _kink_run(192, 8, "blanes_moan4", 41, "kernel"),
        "kernel with differences of order 4": _kink_run(512, 4, "blanes_moan4", 115, "kernel"),
        "DOP853 with differences of order 4": _dop853(512, 4, 1e-6),
    }.items():
        contestants[name] = run
        errors[name] = float(f"{error():.3g}")
    seconds = in_turn(contestants, rounds=15, repeats=5)
    ours = "kernel"
    return {
        "largest error": errors,
        "milliseconds a solve": milliseconds(seconds),
        "DOP853 to kernel": verdict(ratio(seconds, "DOP853 with differences of order 4", ours), 8),
        "DOP853 to kernel, both of order 4": {
            "ratio": round(
                ratio(seconds, "DOP853 with differences of order 4", "kernel with differences of order 4"), 2
            )
        },
    }


# A first result, and memory

OURS = """
from benchmarks.fields import Grid, catalogue, FieldSystem, kink, LENGTH, DURATION
from simulations import simulate
import numpy, torch
grid = Grid(LENGTH, 1024, "neumann", -LENGTH / 2)
system = FieldSystem(catalogue.sine_gordon(), grid, 2)
x = grid.coordinates()[0].numpy()
initial = tuple(torch.as_tensor(part) for part in kink(x, 0.0))
found = simulate(system, initial, DURATION, save_every=DURATION, integrator="stormer_verlet"OPTIONS)
print(float(abs(found.phi.values[0, -1] - kink(x, DURATION)[0]).max()))
"""
THEIRS = """
import math, numpy, pde
L, T, s = 40.0, 10.0, 0.5
g = 1 / math.sqrt(1 - s**2)
grid = pde.CartesianGrid([[-L / 2, L / 2]], 1024)
x = grid.cell_coords[..., 0]
at = lambda t: g * (x - s * (t - T / 2))
u, v = 4 * numpy.arctan(numpy.exp(at(0))), -2 * g * s / numpy.cosh(at(0))
state = pde.FieldCollection([pde.ScalarField(grid, u), pde.ScalarField(grid, v)])
equation = pde.PDE({"u": "v", "v": "laplace(u) - sin(u)"}, bc={"derivative": 0})
step = T / math.ceil(T / (STEP * L / 1024))
found = equation.solve(state, T, dt=step, solver="runge-kutta", adaptive=False, tracker=None, backend="numba")
print(float(abs(found[0].data - 4 * numpy.arctan(numpy.exp(at(T)))).max()))
"""


def _first_result(folder: str) -> dict[str, Any]:
    runs: dict[str, tuple[str, dict[str, str]]] = {
        "ours": (OURS.replace("OPTIONS", ""), {}),
        "ours, backend='kernel'": (
            OURS.replace("OPTIONS", ", backend='kernel'"),
            {"XDG_CACHE_HOME": f"{folder}/empty"},
        ),
        "py-pde": (THEIRS.replace("STEP", str(PY_PDE_STEP)), {}),
    }
    seconds: dict[str, float] = {}
    errors: dict[str, float] = {}
    for name, (code, environment) in runs.items():
        seconds[name], printed = fresh_process(code, environment)
        errors[name] = round(float(printed), 6)
    name = "ours, backend='kernel'"
    seconds[f"{name}, a second time"], _ = fresh_process(*runs[name])
    return {
        "largest error": errors,
        "seconds": {key: round(value, 2) for key, value in seconds.items()},
        "ours to py-pde": verdict(seconds["ours"] / seconds["py-pde"], 1 / 3, at_most=True),
        "ours with the kernel to py-pde": verdict(seconds[name] / seconds["py-pde"], 1 / 3, at_most=True),
    }


MEMORY = """
import re, torch
from benchmarks.fields import _random, _runner, _sine_gordon, Grid, stormer_verlet
torch.set_num_threads(1)
resident = lambda name: 1024 * int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1])
for points in (2**16, 2**22):
    system = _sine_gordon(Grid(0.1 * points, points), 2)
    q, v = _random((points,))
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
    present = resident("VmRSS")
    saved = _runner(system, stormer_verlet, q, v, 0.02, STEPS, NAME)()
print((resident("VmHWM") - present) / (8 * points) - len(saved))
"""


def _memory() -> dict[str, Any]:
    """Beyond the state that is passed and the one that is returned."""
    found: dict[str, Any] = {}
    for name in ("kernel", "torch", "loop"):
        steps = "4" if name == "loop" else "400"
        _, printed = fresh_process(MEMORY.replace("NAME", repr(name)).replace("STEPS", steps))
        found[name] = verdict(float(printed), 4, at_most=True)
    return found
