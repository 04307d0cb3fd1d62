"""Dispersive waves, mostly for a potential w whose slope w_x = u is the observed wave."""

from __future__ import annotations

from typing import Any

import sympy

from lagrangians.catalogue.arguments import constant, coordinates_of
from lagrangians.catalogue.registry import theory
from lagrangians.density import Lagrangian

FAMILY = "Dispersive waves"
HALF = sympy.Rational(1, 2)


def _potential_wave(dimension: int = 1) -> tuple[tuple[sympy.Symbol, ...], sympy.Expr, sympy.Expr]:
    """(coordinates, w, w_x)."""
    coordinates = coordinates_of(dimension)
    w = sympy.Function("w")(*coordinates)
    return coordinates, w, w.diff(coordinates[1])


@theory(
    family=FAMILY,
    title="Korteweg–de Vries equation, potential form",
    parameters={
        "alpha": ("nonlinearity (6 is the standard form)", "1 / field"),
        "beta": ("dispersion", "length³ / time"),
    },
    reference="Korteweg & de Vries, Phil. Mag. 39 (1895) 422; Gardner, J. Math. Phys. 12 (1971) 1548",
    note="u = w_x solves u_t + αuu_x + βu_xxx = 0, whose soliton is (3V/α) sech²(½√(V/β)(x − Vt)).",
)
def korteweg_de_vries(alpha: Any = 6, beta: Any = 1) -> Lagrangian:
    """ℒ = ½w_tw_x + (α/6)w_x³ − ½βw_xx², so w_tx = −αw_xw_xx − βw_xxxx: u = w_x solves u_t + αuu_x +
    βu_xxx = 0.

    ω = −βk³ about u = 0. Korteweg & de Vries, Phil. Mag. 39 (1895) 422.
    """
    (t, x), w, u = _potential_wave()
    density = HALF * w.diff(t) * u + constant(alpha) * u**3 / 6 - HALF * constant(beta) * u.diff(x) ** 2
    return Lagrangian(density, (w,), (t, x))


@theory(
    family=FAMILY,
    title="Modified Korteweg–de Vries equation, potential form",
    parameters={
        "alpha": ("nonlinearity; 6 focusing, −6 defocusing in the standard forms", "1 / field²"),
        "beta": ("dispersion", "length³ / time"),
    },
    reference="Miura, J. Math. Phys. 9 (1968) 1202",
    note="u = w_x solves u_t + αu²u_x + βu_xxx = 0.",
)
def modified_korteweg_de_vries(alpha: Any = 6, beta: Any = 1) -> Lagrangian:
    """ℒ = ½w_tw_x + (α/12)w_x⁴ − ½βw_xx², so u = w_x solves u_t + αu²u_x + βu_xxx = 0; ω = −βk³.

    Miura, J. Math. Phys. 9 (1968) 1202.
    """
    (t, x), w, u = _potential_wave()
    density = HALF * w.diff(t) * u + constant(alpha) * u**4 / 12 - HALF * constant(beta) * u.diff(x) ** 2
    return Lagrangian(density, (w,), (t, x))


@theory(
    family=FAMILY,
    title="Kadomtsev–Petviashvili equation, potential form",
    parameters={
        "alpha": ("nonlinearity (6 is the standard form)", "1 / field"),
        "beta": ("dispersion", "length³ / time"),
        "sigma": ("transverse coefficient: 3 is KP II, −3 is KP I", "length / time"),
    },
    reference="Kadomtsev & Petviashvili, Sov. Phys. Dokl. 15 (1970) 539",
    note="u = w_x solves (u_t + αuu_x + βu_xxx)_x + σu_yy = 0.",
)
def kadomtsev_petviashvili(alpha: Any = 6, beta: Any = 1, sigma: Any = 3) -> Lagrangian:
    """ℒ = ½w_tw_x + (α/6)w_x³ − ½βw_xx² + ½σw_y², so w_tx + αw_xw_xx + βw_xxxx + σw_yy = 0.

    ω = σk_y²/k_x − βk_x³. Kadomtsev & Petviashvili, Sov. Phys. Dokl. 15 (1970) 539.
    """
    (t, x, y), w, u = _potential_wave(2)
    density = HALF * w.diff(t) * u + constant(alpha) * u**3 / 6
    density += HALF * constant(sigma) * w.diff(y) ** 2 - HALF * constant(beta) * u.diff(x) ** 2
    return Lagrangian(density, (w,), (t, x, y))


@theory(
    family=FAMILY,
    title="Benjamin–Bona–Mahony equation, potential form",
    parameters={
        "c": ("speed of long waves", "length / time"),
        "alpha": ("nonlinearity", "1 / field"),
        "beta": ("dispersion", "length²"),
    },
    reference="Benjamin, Bona & Mahony, Phil. Trans. R. Soc. A 272 (1972) 47",
    note="u = w_x solves u_t + cu_x + αuu_x − βu_txx = 0, the regularised long-wave equation.",
)
def benjamin_bona_mahony(c: Any = 1, alpha: Any = 1, beta: Any = 1) -> Lagrangian:
    """ℒ = ½w_tw_x + ½cw_x² + (α/6)w_x³ + ½βw_txw_xx, so u = w_x solves u_t + cu_x + αuu_x − βu_txx = 0.

    ω = ck/(1 + βk²). Benjamin, Bona & Mahony, Phil. Trans. R. Soc. A 272 (1972) 47.
    """
    (t, x), w, u = _potential_wave()
    density = HALF * w.diff(t) * u + HALF * constant(c) * u**2 + constant(alpha) * u**3 / 6
    density += HALF * constant(beta) * u.diff(t) * u.diff(x)
    return Lagrangian(density, (w,), (t, x))


@theory(
    family=FAMILY,
    title="Boussinesq equation, potential form",
    parameters={
        "c": ("speed of long waves", "length / time"),
        "alpha": ("nonlinearity", "length² / (time² field)"),
        "beta": (
            "dispersion; β > 0 is the well-posed equation, β < 0 Boussinesq's own, ill-posed one",
            "length⁴ / time²",
        ),
    },
    reference="Whitham, *Linear and Nonlinear Waves*, §13.11; Bona & Sachs, Commun. Math. Phys. 118 (1988) "
    "15",
    note="u = w_x solves u_tt = c²u_xx + α(u²)_xx − βu_xxxx.",
)
def boussinesq(c: Any = 1, alpha: Any = 1, beta: Any = 1) -> Lagrangian:
    """ℒ = ½w_t² − ½c²w_x² − (α/3)w_x³ − ½βw_xx², so u = w_x solves u_tt = c²u_xx + α(u²)_xx − βu_xxxx.

    ω² = c²k² + βk⁴ about u = 0. Whitham, *Linear and Nonlinear Waves*, §13.11 (there β < 0).
    """
    (t, x), w, u = _potential_wave()
    density = HALF * w.diff(t) ** 2 - HALF * constant(c) ** 2 * u**2 - constant(alpha) * u**3 / 3
    return Lagrangian(density - HALF * constant(beta) * u.diff(x) ** 2, (w,), (t, x))


@theory(
    family=FAMILY,
    title="Euler–Bernoulli beam",
    parameters={
        "rho": ("mass of unit length", "mass / length"),
        "B": ("bending stiffness, Young's modulus times the second moment of area", "force length²"),
    },
    reference="Landau & Lifshitz, *Theory of Elasticity*, §25",
    note="w(t, x) is the deflection itself. Second derivatives in the density.",
)
def euler_bernoulli_beam(rho: Any = 1, B: Any = 1) -> Lagrangian:
    """ℒ = ½ρw_t² − ½Bw_xx², so ρw_tt = −Bw_xxxx and ω² = (B/ρ)k⁴.

    Landau & Lifshitz, *Theory of Elasticity*, §25.
    """
    (t, x), w, _ = _potential_wave()
    density = HALF * constant(rho) * w.diff(t) ** 2 - HALF * constant(B) * w.diff(x, 2) ** 2
    return Lagrangian(density, (w,), (t, x))
