"""The theories of the ladder: equations of motion as they are to be found, and one trajectory a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from lagrangians import Lagrangian, catalogue, parse_lagrangian
from simulations import FieldSystem, Grid, simulate, solutions

Fields = dict[str, np.ndarray]
Axes = dict[str, np.ndarray]

POINTS = 256
BOX = 25.6
KINK_BOX = 30.0
STEP = 0.02
FIRST_ORDER_STEP = 0.005
"""With half of them on a grid twice as fine no sample changes by more than 1e-6 of the field's deviation."""


@dataclass(frozen=True)
class Theory:
    """Truth and data of one rung.

    `equations` hold numbers and jets only, one a field, solved for the highest time derivative. `density` is
    in jets of `density_fields`, which are the fields but for potentials of them; None where there is none.
    `make(seed, refine)` gives coordinates and clean fields (t, x[, y]); `refine` divides the simulation's
    steps in time and space, not the samples.

    What competitors are told: `functions`, those of the fields in the equations, `order`, the highest space
    derivative, and `window`, the half-width of a window over the length of an axis, chosen by hand on seeds
    that are not scored.
    """

    name: str
    title: str
    equations: tuple[str, ...]
    density: str | None
    make: Callable[[int, int], tuple[Axes, Fields]]
    functions: tuple[str, ...]
    order: int = 2
    time_order: int = 2
    window: float = 0.1
    density_fields: tuple[str, ...] | None = None
    verdict: str = "variational"

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(equation.split("_t", 1)[0] for equation in self.equations)

    @property
    def coordinates(self) -> tuple[str, ...]:
        return ("t", "x", "y") if "yy" in self.equations[0] else ("t", "x")


def _scaled(grid: Grid, size: float, seed: int, length: float = BOX / 10) -> torch.Tensor:
    """A smooth random field of mean 0 whose root mean square is `size`."""
    field = solutions.random_smooth(grid, 1, 1.0, length, seed=seed)[0]
    field = field - field.mean()
    return field * (size / field.square().mean().sqrt())


def _waves(
    system: Callable[[Grid], FieldSystem],
    sizes: tuple[float, ...],
    names: tuple[str, ...],
    seed: int,
    refine: int,
    points: int = POINTS,
    box: tuple[float, ...] = (BOX,),
    duration: float = BOX,
    length: float = BOX / 10,
) -> tuple[Axes, Fields]:
    """A periodic box that starts from smooth random fields, with random velocities of 0.6 times their size.

    `points` samples of each axis; t includes both ends. The simulation is twice as fine in one dimension.
    """
    fine = refine * (2 if len(box) == 1 else 1)
    grid = Grid(box, (points * fine,) * len(box))
    field = system(grid)
    count = len(sizes)
    parts = [_scaled(grid, size, 10 * seed + n, length) for n, size in enumerate(sizes)]
    speeds = [_scaled(grid, 0.6 * size, 10 * seed + 5 + n, length) for n, size in enumerate(sizes)]
    q, v = (torch.stack(each) if count > 1 else each[0] for each in (parts, speeds))
    if field.time_order == 1:
        data = simulate(
            field, q, duration, save_every=duration / (points - 1), step=FIRST_ORDER_STEP / refine
        )
    else:
        data = simulate(
            field,
            (q, v),
            duration,
            save_every=duration / (points - 1),
            step=STEP / refine,
            integrator="blanes_moan6" if field.separable else "rk4",
        )
    every: tuple[int | slice, ...] = (0, slice(None), *(slice(None, None, fine),) * len(box))
    axes = {"t": data["time"].values} | {axis: data[axis].values[::fine] for axis in grid.axes}
    return axes, {name: data[old].values[every] for name, old in zip(names, field.fields, strict=True)}


def _of(lagrangian: Lagrangian) -> Callable[[Grid], FieldSystem]:
    return lambda grid: FieldSystem(lagrangian, grid)


def _from(density: str) -> Callable[[Grid], FieldSystem]:
    return _of(parse_lagrangian(density, ("phi", "chi"), ("t", "x")))


def _kinks(seed: int, refine: int) -> tuple[Axes, Fields]:
    """Exact: a kink and an antikink of random velocities meet at a random place and time near the middle."""
    rng = np.random.default_rng(seed)
    speed, boost = rng.uniform(0.3, 0.7), rng.uniform(-0.2, 0.2)
    place, time = KINK_BOX / 2 + rng.uniform(-2.4, 2.4, 2)
    t = np.linspace(0, KINK_BOX, POINTS)
    x = np.arange(POINTS) * (KINK_BOX / POINTS)
    at, when = torch.as_tensor(x - place)[None], torch.as_tensor(t - time)[:, None]
    field, _ = solutions.kink_antikink(at, when, speed, boost=boost)
    return {"t": t, "x": x}, {"phi": field.numpy()}


def _korteweg_de_vries(seed: int, refine: int) -> tuple[Axes, Fields]:
    """A soliton of random height on smooth random waves, u = w_x."""
    rng = np.random.default_rng(seed)
    fine = 2 * refine
    grid = Grid(40.0, POINTS * fine)
    system = FieldSystem(catalogue.korteweg_de_vries(), grid)
    (x,) = grid.coordinates()
    rate = rng.uniform(0.5, 0.7)  # u = 2k² sech²(k(x − 4k²t))
    from_top = x - rng.uniform(8, 16) + 40.0 * torch.arange(-2, 3)[:, None]  # with its periodic images
    soliton = (2 * rate**2 / torch.cosh(rate * from_top) ** 2).sum(0)
    waves = _scaled(grid, 0.15, seed, 2.5)
    start = soliton + waves
    data = simulate(system, start, 20.0, save_every=20 / (POINTS - 1), step=FIRST_ORDER_STEP / 2 / refine)
    return {"t": data["time"].values, "x": data["x"].values[::fine]}, {"u": data["w_x"].values[0, :, ::fine]}


def _damped(grid: Grid) -> FieldSystem:
    return FieldSystem.from_equations(DAMPED, ("phi",), ("t", "x"), grid)


DAMPED = ("phi_tt = 1.44*phi_xx - 0.81*sin(phi) - 0.2*phi_t",)
TWO = "phi_t**2/2 - phi_x**2/2 - 0.5*phi**2 + chi_t**2/2 - 0.72*chi_x**2 - 0.3*chi**2 - 0.4*phi**2*chi**2"
INDEFINITE = (
    "phi_t**2/2 - phi_x**2/2 - 0.72*phi**2 - chi_t**2/2 + 0.72*chi_x**2 + 0.25*chi**2 - 0.35*phi*chi"
    " - 0.1*phi**2*chi**2"
)

_EVERY = (
    Theory(
        "sine_gordon",
        "Sine-Gordon",
        ("phi_tt = 1.44*phi_xx - 0.81*sin(phi)",),
        "phi_t**2/2 - 0.72*phi_x**2 + 0.81*cos(phi)",
        partial(_waves, _of(catalogue.sine_gordon(c=1.2, m=0.9)), (1.6,), ("phi",)),
        ("sin(phi)",),
    ),
    Theory(
        "sine_gordon_kinks",
        "Sine-Gordon, kink–antikink",
        ("phi_tt = phi_xx - sin(phi)",),
        "phi_t**2/2 - phi_x**2/2 + cos(phi)",
        _kinks,
        ("sin(phi)",),
        window=0.13,
    ),
    Theory(
        "klein_gordon",
        "Klein–Gordon",
        ("phi_tt = 1.44*phi_xx - 0.81*phi",),
        "phi_t**2/2 - 0.72*phi_x**2 - 0.405*phi**2",
        partial(_waves, _of(catalogue.klein_gordon(c=1.2, m=0.9)), (1.0,), ("phi",)),
        ("phi",),
    ),
    Theory(
        "phi4",
        "φ⁴",
        ("phi_tt = 1.21*phi_xx + 1.2*phi - 0.8*phi**3",),
        "phi_t**2/2 - 0.605*phi_x**2 + 0.6*phi**2 - 0.2*phi**4",
        partial(_waves, _of(catalogue.phi4(c=1.1, g=0.8, v=1.5**0.5)), (1.2,), ("phi",)),
        ("phi", "phi**3"),
    ),
    Theory(
        "double_sine_gordon",
        "double Sine-Gordon",
        ("phi_tt = 1.44*phi_xx - 0.81*sin(phi) - 0.72*sin(2*phi)",),
        "phi_t**2/2 - 0.72*phi_x**2 + 0.81*cos(phi) + 0.36*cos(2*phi)",
        partial(_waves, _of(catalogue.double_sine_gordon(c=1.2, m=0.9, mu=0.6)), (1.8,), ("phi",)),
        ("sin(phi)", "sin(2*phi)"),
    ),
    Theory(
        "sinh_gordon",
        "sinh-Gordon",
        ("phi_tt = 1.44*phi_xx - 0.81*sinh(phi)",),
        "phi_t**2/2 - 0.72*phi_x**2 - 0.81*cosh(phi)",
        partial(_waves, _of(catalogue.sinh_gordon(c=1.2, m=0.9)), (1.2,), ("phi",)),
        ("sinh(phi)",),
    ),
    Theory(
        "two_fields",
        "two fields, φ²χ²",
        (
            "phi_tt = phi_xx - phi - 0.8*phi*chi**2",
            "chi_tt = 1.44*chi_xx - 0.6*chi - 0.8*phi**2*chi",
        ),
        TWO,
        partial(_waves, _from(TWO), (1.0, 1.0), ("phi", "chi")),
        ("phi", "chi", "phi*chi**2", "phi**2*chi"),
    ),
    Theory(
        "indefinite_metric",
        "two fields, indefinite kinetic metric",
        (
            "phi_tt = phi_xx - 1.44*phi - 0.35*chi - 0.2*phi*chi**2",
            "chi_tt = 1.44*chi_xx - 0.5*chi + 0.35*phi + 0.2*phi**2*chi",
        ),
        INDEFINITE,
        partial(_waves, _from(INDEFINITE), (1.0, 1.0), ("phi", "chi")),
        ("phi", "chi", "phi*chi**2", "phi**2*chi"),
    ),
    Theory(
        "sine_gordon_2d",
        "2+1 Sine-Gordon",
        ("phi_tt = 1.44*phi_xx + 1.44*phi_yy - 0.81*sin(phi)",),
        "phi_t**2/2 - 0.72*phi_x**2 - 0.72*phi_y**2 + 0.81*cos(phi)",
        partial(
            _waves,
            _of(catalogue.sine_gordon(c=1.2, m=0.9, dimension=2)),
            (1.6,),
            ("phi",),
            points=96,
            box=(19.2, 19.2),
            duration=19.2,
        ),
        ("sin(phi)",),
    ),
    Theory(
        "schroedinger",
        "cubic Schrödinger",
        (
            "u_t = -0.5*v_xx + 0.9*u**2*v + 0.9*v**3",
            "v_t = 0.5*u_xx - 0.9*u**3 - 0.9*u*v**2",
        ),
        "v*u_t - u*v_t - u_x**2/2 - v_x**2/2 - 0.45*u**4 - 0.9*u**2*v**2 - 0.45*v**4",
        partial(_waves, _of(catalogue.nonlinear_schroedinger(g=0.9)), (0.8, 0.8), ("u", "v"), duration=12.8),
        ("u**3", "u**2*v", "u*v**2", "v**3"),
        window=0.08,
        time_order=1,
    ),
    Theory(
        "korteweg_de_vries",
        "Korteweg–de Vries",
        ("u_t = -6*u*u_x - u_xxx",),
        "w_t*w_x/2 + w_x**3 - w_xx**2/2",
        _korteweg_de_vries,
        ("u", "u**2"),
        window=0.08,
        order=3,
        time_order=1,
        density_fields=("w",),
    ),
    Theory(
        "damped_sine_gordon",
        "damped Sine-Gordon",
        DAMPED,
        None,
        partial(_waves, _damped, (2.0,), ("phi",)),
        ("sin(phi)",),
        verdict="not variational: dissipative",
    ),
)
THEORIES = {theory.name: theory for theory in _EVERY}
