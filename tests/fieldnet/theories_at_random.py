"""Random variational theories in 1+1 dimensions and their noisy data: strategies for property tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from hypothesis import strategies as st

from fieldnet.measured.noise import noise_level
from lagrangians import Lagrangian, parse_lagrangian
from simulations import FieldSystem, Grid, simulate, solutions

FIELDS = ("phi", "chi")
BOUND = 10.0
"""Larger fields are taken for runaway ones."""
RESOLVED = 1e-3
"""Differences of high order, over the field, above which the grid of the data does not hold it: coefficients
are then wrong by more than any error that noise has.
"""


@dataclass(frozen=True)
class RandomTheory:
    """A density as text with numbers, and how its data are made. `kind` says what it was drawn as."""

    kind: str
    fields: tuple[str, ...]
    density: str
    first_order: bool
    noise: float
    seed: int
    points: int = 128
    duration: float = 14.0

    def lagrangian(self) -> Lagrangian:
        return parse_lagrangian(self.density, self.fields, ("t", "x"))

    def data(self) -> xr.Dataset | None:
        """Three samples with noise; None where a field exceeds `BOUND` or is not `RESOLVED`."""
        grid = Grid(24.0, self.points)
        system = FieldSystem(self.lagrangian(), grid)
        states = [
            torch.stack(
                [smooth(grid, amplitude, self.seed + 1000 * part + 100 * a) for a in range(self.count)], 1
            )
            for part, amplitude in enumerate((1.2, 0.7))
        ]
        q, v = (state if self.count > 1 else state[:, 0] for state in states)
        try:
            clean = simulate(system, q if self.first_order else (q, v), self.duration, save_every=0.1)
        except ValueError:  # it ran away
            return None
        if max(float(abs(clean[name]).max()) for name in self.fields) > BOUND:
            return None
        if max(noise_level(clean[name].values, axis) for name in self.fields for axis in (1, 2)) > RESOLVED:
            return None
        draw = np.random.default_rng(self.seed)
        noisy = {
            name: clean[name]
            + self.noise * float(clean[name].std()) * draw.standard_normal(clean[name].shape)
            for name in self.fields
        }
        return clean.assign(noisy).drop_attrs(deep=False).assign_attrs(boundary="periodic")

    @property
    def count(self) -> int:
        return len(self.fields)


def smooth(grid: Grid, amplitude: float, seed: int) -> torch.Tensor:
    return solutions.random_smooth(grid, 3, amplitude=amplitude, correlation_length=2.0, seed=seed)


def number(least: float, most: float) -> st.SearchStrategy[float]:
    """Numbers of two digits after the point."""
    return st.integers(round(100 * least), round(100 * most)).map(lambda n: n / 100)


def text(template: str, **numbers: st.SearchStrategy[float]) -> st.SearchStrategy[str]:
    """`template` with f for the field left in place and its numbers drawn."""
    return st.fixed_dictionaries(numbers).map(lambda drawn: template.format(f="{f}", **drawn))


POTENTIALS = {
    "polynomial": st.one_of(
        text("{m}*{f}**2/2", m=number(0.3, 1.5)),
        text("{m}*{f}**2/2 + {g}*{f}**4/4", m=number(0.3, 1.5), g=number(0.3, 1)),
        text("-{m}*{f}**2/2 + {g}*{f}**4/4", m=number(0.5, 1), g=number(0.5, 1)),
        text(
            "{m}*{f}**2/2 + {a}*{f}**3/3 + {g}*{f}**4/4",
            m=number(0.8, 1.5),
            a=number(0.3, 0.6),
            g=number(0.3, 0.6),
        ),
        text("{m}*{f}**2/2 + {g}*{f}**6/6", m=number(0.3, 1.5), g=number(0.2, 0.5)),
    ),
    "trigonometric": st.one_of(
        text("-{a}*cos({f})", a=number(0.5, 1.5)),
        text("-{a}*cos({f}) - {b}*cos(2*{f})", a=number(0.5, 1.5), b=number(0.2, 0.6)),
        text("-{a}*cos({f}) + {b}*sin({f})", a=number(0.5, 1.5), b=number(0.2, 0.6)),
        text("-{a}*cos(2*{f})", a=number(0.3, 0.8)),
        text("{m}*{f}**2/2 - {a}*cos({f})", m=number(0.3, 1), a=number(0.5, 1.5)),
    ),
    "exponential": st.one_of(
        text("{a}*cosh({f})", a=number(0.4, 1)),
        text("{a}*exp({f}) - {a}*{f}", a=number(0.4, 1)),
        text("{a}*exp({f}) + {b}*exp(-{f})", a=number(0.4, 1), b=number(0.4, 1)),
        text("{a}*exp({f}) + {b}*exp(-2*{f})", a=number(0.4, 1), b=number(0.2, 0.5)),
    ),
}
"""Potentials V(f), bounded from below."""

COUPLINGS = st.one_of(
    text("{k}*phi*chi", k=number(0.15, 0.3)),
    text("{k}*phi**2*chi**2/2", k=number(0.3, 1)),
    text("{k}*phi**2*chi", k=number(0.1, 0.2)),
    text("-{k}*cos(phi - chi)", k=number(0.3, 0.8)),
    text("{k}*cosh(phi - chi)", k=number(0.2, 0.5)),
    text("{k}*(phi*chi_t - chi*phi_t)", k=number(0.2, 0.6)),
    text("{k}*(phi*chi_x - chi*phi_x)", k=number(0.1, 0.3)),
)
EXTRAS = st.one_of(
    st.just(""),
    st.just(""),
    text(" + {a}*phi_t*phi_x", a=number(0.1, 0.4)),
    text(" - {b}*phi_xx**2/2", b=number(0.1, 0.4)),
)
NOISES = st.sampled_from((0.0, 0.01, 0.02, 0.05))
SEEDS = st.integers(0, 10**6)


@st.composite
def one_field(draw: st.DrawFn) -> RandomTheory:
    """½φ_t² − ½c²φ_x² − V(φ), perhaps with φ_tφ_x or φ_xx²."""
    family = draw(st.sampled_from(sorted(POTENTIALS)))
    potential = draw(POTENTIALS[family]).format(f="phi")
    extra = draw(EXTRAS)
    density = f"phi_t**2/2 - {draw(number(0.5, 2))}*phi_x**2/2 - ({potential}){extra}"
    return RandomTheory(f"one field, {family}", ("phi",), density, False, draw(NOISES), draw(SEEDS))


@st.composite
def two_fields(draw: st.DrawFn) -> RandomTheory:
    """½φ_t² + ½gχ_t² + bφ_tχ_t, g of either sign, less gradients, two potentials and perhaps a coupling."""
    metric = draw(st.sampled_from(("definite", "indefinite", "non-diagonal")))
    families = [draw(st.sampled_from(sorted(POTENTIALS)))] * 2
    if draw(st.integers(0, 3)) == 0:
        families[1] = draw(st.sampled_from(sorted(POTENTIALS)))
    one, two = (draw(POTENTIALS[f]).format(f=name) for f, name in zip(families, FIELDS, strict=True))
    g = draw(number(0.6, 1.6)) * (-1 if metric == "indefinite" else 1)
    mixed = f" + {draw(number(0.15, 0.4))}*phi_t*chi_t" if metric == "non-diagonal" else ""
    c, d = draw(number(0.5, 2)), draw(number(0.5, 2))
    coupling = draw(COUPLINGS) if draw(st.integers(0, 4)) else "0"
    density = (
        f"phi_t**2/2 + {g}*chi_t**2/2{mixed} - {c}*phi_x**2/2 - {g}*{d}*chi_x**2/2"
        f" - ({one}) - {g}*({two}) - {0.4 if metric == 'indefinite' else 1}*({coupling})"
    )
    kind = f"two fields, {metric}, {' and '.join(dict.fromkeys(families))}"
    return RandomTheory(kind, FIELDS, density, False, draw(NOISES), draw(SEEDS))


@st.composite
def light_cone(draw: st.DrawFn) -> RandomTheory:
    """φ_tχ_t − c²φ_xχ_x − V(φ, χ): a kinetic form without diagonal."""
    c, m, k, g = draw(number(0.5, 2)), draw(number(0.3, 1)), draw(number(0.1, 0.3)), draw(number(0.1, 0.3))
    density = f"phi_t*chi_t - {c}*phi_x*chi_x - {m}*phi*chi - {k}*chi**2/2 - {g}*chi**4/4"
    return RandomTheory(
        "two fields, light-cone metric", FIELDS, density, False, draw(NOISES), draw(SEEDS), duration=8.0
    )


@st.composite
def schroedinger(draw: st.DrawFn) -> RandomTheory:
    """½(vu_t − uv_t) − ½(au_x² + bv_x²) − V(u, v)."""
    a = draw(number(0.4, 1))
    b = draw(st.one_of(st.just(a), number(0.4, 1)))
    potential = draw(
        st.one_of(
            text("{g}*(u**2 + v**2)**2/4", g=number(0.3, 1)),
            text("-{g}*(u**2 + v**2)**2/4", g=number(0.3, 0.6)),
            text("{m}*u**2/2 + {n}*v**2/2", m=number(0.2, 1), n=number(0.2, 1)),
            text("{m}*u**2/2 + {g}*(u**2 + v**2)**2/4", m=number(0.2, 1), g=number(0.3, 1)),
            text("{g}*u**2*v**2/2 + {m}*(u**2 + v**2)/2", m=number(0.2, 1), g=number(0.3, 0.6)),
        )
    )
    density = f"(v*u_t - u*v_t)/2 - {a}*u_x**2/2 - {b}*v_x**2/2 - ({potential})"
    return RandomTheory("first order", ("u", "v"), density, True, draw(NOISES), draw(SEEDS), duration=8.0)


theories = st.one_of(one_field(), one_field(), two_fields(), two_fields(), light_cone(), schroedinger())
