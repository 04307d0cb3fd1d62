"""pysindy's weak PDE library, given the true functions and the time derivative, as its users would."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from lagrangians import parse_expression

from .files import read
from .theories import Theory

WINDOWS = 300
THRESHOLD = 0.1
"""Below it coefficients are dropped: half of the smallest true one."""


def pysindy_default(path: Path, theory: Theory) -> list[str]:
    """100 windows of a tenth of each axis."""
    return pysindy_weak(path, theory, {})


def pysindy_chosen(path: Path, theory: Theory) -> list[str]:
    """Three times as many windows, of a size chosen by hand, and its own differences of fourth order."""
    axes, _ = read(path)
    sizes = [theory.window * float(np.ptp(axes[name])) for name in (*theory.coordinates[1:], "t")]
    return pysindy_weak(path, theory, {"H_xt": sizes, "K": WINDOWS, "diff_kwargs": {"order": 4}})


def pysindy_weak(path: Path, theory: Theory, options: dict[str, Any]) -> list[str]:
    """Equations as text. For φ_tt the state is (φ, φ_t) with φ_t by fourth-order differences,
    which did better than smoothed ones, and the equation is the one that is found for the second.
    """
    import pysindy

    warnings.filterwarnings("ignore")
    np.random.seed(0)  # noqa: NPY002  # pysindy draws its windows from the global generator
    axes, fields = read(path)
    state = {name: np.moveaxis(fields[name], 0, -1) for name in theory.fields}
    if theory.time_order == 2:
        derivative = pysindy.FiniteDifference(order=4, axis=len(axes) - 1)
        for name in theory.fields:
            rate = derivative._differentiate(state[name][..., None], axes["t"])
            state[f"{name}_t"] = np.asarray(rate)[..., 0]
    grid = np.stack(np.meshgrid(*(axes[n] for n in (*theory.coordinates[1:], "t")), indexing="ij"), -1)
    functions = [*(name for name in state if name.endswith("_t")), *theory.functions]
    products = theory.order == 3
    if products:
        functions = [*theory.fields]
    library = pysindy.WeakPDELibrary(
        pysindy.CustomLibrary(
            [_function(text, list(state), theory) for text in functions],
            [_named(f"{text}*") for text in functions],
        ),
        derivative_order=theory.order,
        spatiotemporal_grid=grid,
        include_interaction=products,
        **options,
    )
    optimizer = pysindy.STLSQ(threshold=THRESHOLD, alpha=1e-12)
    model = pysindy.SINDy(feature_library=library, optimizer=optimizer)
    model.fit(np.stack(list(state.values()), -1), t=axes["t"], feature_names=list(state))
    names = [_term(name) for name in model.get_feature_names()]
    rows = model.coefficients()[-len(theory.fields) :]
    left = "_tt" if theory.time_order == 2 else "_t"
    return [f"{field}{left} = {_sum(row, names)}" for field, row in zip(theory.fields, rows, strict=True)]


def _sum(numbers: np.ndarray, names: list[str]) -> str:
    terms = [f"({float(c)!r})*{name}" for c, name in zip(numbers, names, strict=True) if c]
    return " + ".join(terms) or "0"


def _function(text: str, names: list[str], theory: Theory) -> Callable[..., Any]:
    """The function of all components of the state, in their order."""
    expression = parse_expression(text, theory.fields, theory.coordinates)
    plain = {sympy.Symbol("t"): sympy.Symbol("t")}
    for name in names:
        plain[parse_expression(name, theory.fields, theory.coordinates)] = sympy.Symbol(f"state_{name}")
    ordered = sorted(plain.items(), key=lambda pair: -sympy.count_ops(pair[0]))
    return sympy.lambdify([sympy.Symbol(f"state_{n}") for n in names], expression.subs(ordered))


def _named(text: str) -> Callable[..., str]:
    return lambda *_: text


def _term(name: str) -> str:
    """A feature's name in jets: `phi_t_11` is φ_txx, `u*u_1` is u u_x, `sin(phi)*` is sin φ."""

    def jet(match: re.Match[str]) -> str:
        field, time, places = match.groups()
        return f"{field}_{time or ''}{places.replace('1', 'x').replace('2', 'y')}"

    return re.sub(r"([a-z]+)(?:_(t))?_([12]+)", jet, name).rstrip("*")
