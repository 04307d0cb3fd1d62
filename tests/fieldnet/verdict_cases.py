"""Fitted equations with synthetic errors: variational theories, and others by the reason to refuse them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import sympy

from fieldnet.equations.atoms import Atom
from fieldnet.equations.fitted import FittedEquations
from lagrangians.jets import JetSpace, jet_space

Equations = Sequence[Mapping[str, float]]
FIELDS = ("phi", "chi")


def atom(text: str, jets: JetSpace) -> Atom:
    """`phi**2|x` is (φ²)_x."""
    function, _, letters = text.partition("|")
    names = {s: sympy.Symbol(s) for s in ("phi", "chi", "u", "v", "w", "phi_x", "phi_t")}
    return Atom(tuple(letters.count(x) for x in jets.coordinate_names), sympy.sympify(function, names))


def fitted(
    fields: Sequence[str], equations: Equations, error: float = 0.01, seed: int | None = None
) -> FittedEquations:
    """Equations Σ c · atom = 0, the target first, every other coefficient ± `error`; see `drawn` for `seed`.

    Errors are correlated by one half, within and across equations, as those of shared data are.
    """
    jets = jet_space(fields, ("t", "x"))
    names = list(dict.fromkeys(name for equation in equations for name in equation))
    c, errors = np.zeros((len(fields), len(names))), np.zeros((len(fields), len(names)))
    targets = []
    for a, equation in enumerate(equations):
        targets.append(names.index(next(iter(equation))))
        for name, value in equation.items():
            c[a, names.index(name)], errors[a, names.index(name)] = value, error
        errors[a, targets[a]] = 0.0
    flat = errors.ravel()
    covariance = 0.5 * np.outer(flat, flat) + 0.5 * np.diag(flat**2)
    atoms = tuple(atom(name, jets) for name in names)
    case = FittedEquations(jets, atoms, tuple(targets), c, covariance, c != 0, np.ones(len(fields)))
    return case if seed is None else drawn(case, seed)


def drawn(case: FittedEquations, seed: int) -> FittedEquations:
    """The same with its coefficients drawn from their distribution."""
    draw = np.random.default_rng(seed)
    noise = np.sqrt(0.5) * (draw.normal(size=case.coefficients.shape) + draw.normal())
    return replace(case, coefficients=case.coefficients + case.standard_errors() * noise)


def largest(expression: sympy.Expr) -> float:
    """The largest coefficient of the expanded expression."""
    return max((abs(float(v)) for v in sympy.expand(expression).as_coefficients_dict().values()), default=0.0)


def wave(field: str, speed: float = 1.0, **terms: float) -> dict[str, float]:
    return {f"{field}|tt": 1.0, f"{field}|xx": -(speed**2), **terms}


def coupled(one: float, two: float) -> Equations:
    """φ_tt − φ_xx + φ + one·χ = 0 and χ_tt − 2χ_xx + 3χ + two·φ = 0, unequal in speed and mass."""
    return (
        {"phi|tt": 1.0, "phi|xx": -1.0, "phi": 1.0, "chi": one},
        {"chi|tt": 1.0, "chi|xx": -2.0, "chi": 3.0, "phi": two},
    )


def activator_and_inhibitor(back: float) -> Equations:
    """u_t = 0.3u_xx + u − u³ − v and v_t = v_xx − 0.4v − back·u: a gradient flow for back > 0."""
    return (
        {"u|t": 1.0, "u|xx": -0.3, "u": -1.0, "u**3": 1.0, "v": 1.0},
        {"v|t": 1.0, "v|xx": -1.0, "v": 0.4, **({"u": back} if back else {})},
    )


SINE_GORDON = (wave("phi", **{"sin(phi)": 1.0}),)
SCHROEDINGER = (
    {"u|t": 1.0, "v|xx": 0.5, "u**2*v": 1.0, "v**3": 1.0},
    {"v|t": 1.0, "u|xx": -0.5, "u*v**2": -1.0, "u**3": -1.0},
)
DECOUPLED = (
    {"phi|tt": 1.0, "phi|xx": -1.0, "sin(phi)": 1.0},
    {"chi|tt": 1.0, "chi|xx": -2.0, "chi": 3.0},
)

ONE_WAY = (coupled(0.3, 1.0)[0], wave("chi", 1.4, chi=3.0))

VARIATIONAL = {
    "sine-Gordon": (("phi",), SINE_GORDON, ("phi",), "phi_t**2/2 - phi_x**2/2 + cos(phi)"),
    "cross term and beam": (
        ("phi",),
        ({"phi|tt": 1.0, "phi|tx": 0.6, "phi|xxxx": 0.4, "phi**3": 2.0},),
        ("phi",),
        "phi_t**2/2 + 0.3*phi_t*phi_x - 0.2*phi_xx**2 - phi**4/2",
    ),
    "two fields": (
        FIELDS,
        coupled(0.3, 0.3),
        FIELDS,
        "phi_t**2/2 + chi_t**2/2 - phi_x**2/2 - chi_x**2 - phi**2/2 - 1.5*chi**2 - 0.3*phi*chi",
    ),
    "indefinite metric": (
        FIELDS,
        coupled(0.3, -0.3),
        FIELDS,
        "phi_t**2/2 - chi_t**2/2 - phi_x**2/2 + chi_x**2 - phi**2/2 + 1.5*chi**2 - 0.3*phi*chi",
    ),
    "unequal weights": (
        FIELDS,
        coupled(0.3, 0.6),
        FIELDS,
        "phi_t**2/2 + chi_t**2/4 - phi_x**2/2 - chi_x**2/2 - phi**2/2 - 0.75*chi**2 - 0.3*phi*chi",
    ),
    "one-way coupling of equal fields": (
        FIELDS,
        (wave("phi", phi=1.0, chi=0.3), wave("chi", chi=1.0)),
        FIELDS,
        "phi_t*chi_t - phi_x*chi_x - phi*chi - 0.15*chi**2",
    ),
    "gyroscopic": (
        FIELDS,
        (wave("phi", phi=1.0, **{"chi|t": 0.3}), wave("chi", chi=2.0, **{"phi|t": -0.3})),
        FIELDS,
        "phi_t**2/2 + chi_t**2/2 + 0.3*chi*phi_t - phi_x**2/2 - chi_x**2/2 - phi**2/2 - chi**2",
    ),
    "cubic Schrödinger": (
        ("u", "v"),
        SCHROEDINGER,
        ("u", "v"),
        "(v*u_t - u*v_t)/2 - (u_x**2 + v_x**2)/4 + (u**2 + v**2)**2/4",
    ),
    "Korteweg–de Vries": (
        ("u",),
        ({"u|t": 1.0, "u**2|x": 3.0, "u|xxx": 1.0},),
        ("phi",),
        "phi_t*phi_x/2 + phi_x**3 - phi_xx**2/2",
    ),
    "Boussinesq": (
        ("u",),
        ({"u|tt": 1.0, "u|xx": -1.0, "u**2|xx": -1.0, "u|xxxx": 0.3},),
        ("phi",),
        "phi_t**2/2 - phi_x**2/2 - phi_x**3/3 - 0.15*phi_xx**2",
    ),
}

REFUSED = {
    "dissipative": [
        (("phi",), ({**SINE_GORDON[0], "phi|t": 0.1},)),
        (("phi",), (wave("phi", phi=1.0, **{"phi|txx": -0.1}),)),
        (FIELDS, ({**coupled(0.3, 0.3)[0], "phi|t": 0.1}, {**coupled(0.3, 0.3)[1], "chi|t": 0.2})),
        (("u", "v"), ({**SCHROEDINGER[0], "u": 0.1}, {**SCHROEDINGER[1], "v": 0.1})),
        (("u", "v"), ({**SCHROEDINGER[0], "u**3": 0.2}, {**SCHROEDINGER[1], "v**3": 0.2, "v|xx": -0.3})),
        (("u",), ({"u|t": 1.0, "u**2|x": 3.0, "u|xxx": 1.0, "u|xx": -0.1},)),
        (("u",), ({"u|t": 1.0, "u**2|x": 0.5, "u|xx": -0.3},)),
    ],
    "gradient flow": [
        (("u",), ({"u|t": 1.0, "u|xx": -0.3},)),
        (("u",), ({"u|t": 1.0, "u|xx": -0.3, "u": -1.0, "u**3": 1.0},)),
        (("u", "v"), ({"u|t": 1.0, "u|xx": -0.3, "v": 0.4}, {"v|t": 1.0, "v|xx": -0.5, "u": 0.8})),
        (("u", "v"), activator_and_inhibitor(0.5)),
        (("u", "v"), ({"u|t": 1.0, "u": 3.0, "v": 1.0}, {"v|t": 1.0, "v": 1.0, "u": -0.5})),
    ],
    "non-reciprocal": [
        (FIELDS, ONE_WAY),
        (FIELDS, ({**coupled(0.3, 0.3)[0], "chi**2": 0.2}, {**coupled(0.3, 0.3)[1], "phi*chi": -0.4})),
    ],
    "odd derivatives in space": [
        (("phi",), (wave("phi", phi=1.0, **{"phi|x": 0.1}),)),
        (("phi",), (wave("phi", phi=1.0, **{"phi|xxx": 0.1}),)),
    ],
    "no density gives phi_x**2": [(("phi",), (wave("phi", phi=1.0, **{"phi_x**2": 0.2}),))],
    "no density gives phi_t**2": [(("phi",), (wave("phi", phi=1.0, **{"phi_t**2": 0.2}),))],
    "no gradient flow": [
        (("u", "v", "w"), ({"u|t": 1.0, "v": 1.0}, {"v|t": 1.0, "w": 1.0}, {"w|t": 1.0, "u": 0.5, "v": 1.0})),
        (("u", "v"), activator_and_inhibitor(-0.5)),
        (("u", "v"), activator_and_inhibitor(0.0)),
        (
            ("u", "v"),
            (
                {"u|t": 1.0, "u|xx": -0.3, "u": 3.0, "u**2*v": -1.0, "1": -1.0},
                {"v|t": 1.0, "v|xx": -0.5, "u": -2.0, "u**2*v": 1.0},
            ),
        ),
    ],
    "dissipative and non-reciprocal": [(FIELDS, ({**ONE_WAY[0], "phi|t": 0.1}, ONE_WAY[1]))],
}
