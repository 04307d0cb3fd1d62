"""A learned force in symbols: functions of few parameters, fitted through the same weak projections.

Each candidate f_β is written in the spline's basis, f_β = Σ_k u_k(β) f_k, so that moments and the noise's
bias and covariance follow from those of the basis: no candidate is fitted to the learned curve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import sympy
from scipy.optimize import minimize_scalar

from lagrangians import to_text
from lagrangians.jets import JetSpace

from .atoms import Atom
from .estimate import Moments, inverse_curvature, score_fields, solved_for
from .projections import Projections
from .search import EXPLAINED, RIVAL
from .selection import Criterion
from .splines import FLUCTUATION, SplineFit, quadrature_variance

GRID = 80
UNRESOLVED = 1e30
RELATED = 1e-6
LAST = 0.05
"""Part of a step of the grid within which λ chooses β."""
RESOLVED = 3e-4
"""Candidates that the basis does not resolve to this part of their size are left out, and a residual below it
in units of the target is no evidence against one."""


@dataclass(frozen=True)
class Family:
    """Forces Σ A_i f_i(β, φ) and their potentials; `low`, `high`: β over (size of the field)^`power`.

    Every function is of a variable φ and a number β, in SymPy; `positive`: only where φ > 0.
    """

    name: str
    forces: Callable[[sympy.Symbol, sympy.Expr], tuple[sympy.Expr, ...]]
    potentials: Callable[[sympy.Symbol, sympy.Expr], tuple[sympy.Expr, ...]]
    low: float
    high: float
    power: float = 1
    positive: bool = False


def _root(u: sympy.Symbol, b: sympy.Expr) -> sympy.Expr:
    return sympy.sqrt(1 + b * u**2)


FAMILIES = (
    Family("sine", lambda u, b: (sympy.sin(b * u),), lambda u, b: (-sympy.cos(b * u) / b,), 0.3, 60),
    Family(
        "wave with a phase",
        lambda u, b: (sympy.sin(b * u), sympy.cos(b * u)),
        lambda u, b: (-sympy.cos(b * u) / b, sympy.sin(b * u) / b),
        0.3,
        60,
    ),
    Family("exponential", lambda u, b: (sympy.exp(b * u),), lambda u, b: (sympy.exp(b * u) / b,), 0.1, 4),
    Family("decay", lambda u, b: (sympy.exp(-b * u),), lambda u, b: (-sympy.exp(-b * u) / b,), 0.1, 4),
    Family("sinh", lambda u, b: (sympy.sinh(b * u),), lambda u, b: (sympy.cosh(b * u) / b,), 0.2, 4),
    Family(
        "tanh", lambda u, b: (sympy.tanh(b * u),), lambda u, b: (sympy.log(sympy.cosh(b * u)) / b,), 0.2, 60
    ),
    Family(
        "arctangent",
        lambda u, b: (sympy.atan(b * u),),
        lambda u, b: (u * sympy.atan(b * u) - sympy.log(1 + b**2 * u**2) / (2 * b),),
        0.2,
        60,
    ),
    Family(
        "rational",
        lambda u, b: (u / (1 + b * u**2),),
        lambda u, b: (sympy.log(1 + b * u**2) / (2 * b),),
        0.05,
        1000,
        2,
    ),
    Family("root", lambda u, b: (u / _root(u, b),), lambda u, b: (_root(u, b) / b,), 0.05, 1000, 2),
    Family(
        "Gaussian",
        lambda u, b: (u * sympy.exp(-b * u**2),),
        lambda u, b: (-sympy.exp(-b * u**2) / (2 * b),),
        0.05,
        1000,
        2,
    ),
    Family("power", lambda u, b: (u**b,), lambda u, b: (u ** (b + 1) / (b + 1),), 0.2, 6, 0, True),
    Family(
        "logarithm",
        lambda u, b: (sympy.log(b * u),),
        lambda u, b: (u * sympy.log(b * u) - u,),
        0.05,
        20,
        1,
        True,
    ),
)


@dataclass(frozen=True)
class Distilled:
    """F(φ) in symbols: what to put in place of the learned force.

    `parameters` are β and the amplitudes, with standard errors; `difference` the criterion of the spline
    less that of the symbols; `rivals` families that the data cannot tell from it; `atoms`, `terms`:
    functions of F as atoms of the equation, and the density terms that they come of, with amplitude 1.
    """

    family: str
    expression: sympy.Expr
    potential: sympy.Expr
    parameters: dict[str, tuple[float, float]]
    atoms: tuple[Atom, ...]
    terms: tuple[sympy.Expr, ...]
    ratio: float
    misfit: float
    difference: float
    rivals: tuple[str, ...] = ()

    def content(self) -> dict[str, object]:
        return {
            "family": self.family,
            "force": to_text(self.expression),
            "potential": to_text(self.potential),
            "parameters": {
                name: {"value": value, "stderr": error} for name, (value, error) in self.parameters.items()
            },
            "terms": [to_text(term) for term in self.terms],
            "residual_ratio": self.ratio,
            "misfit": self.misfit,
            "criterion_difference": self.difference,
            "rivals": list(self.rivals),
        }


@dataclass(frozen=True)
class _Trial:
    family: Family
    plain: tuple[int, ...]
    beta: float
    ratio: float
    misfit: float
    criterion: float


class _Candidates:
    """Moments of the linear atoms and the functions of one family at one β, from those of the basis."""

    def __init__(self, fit: SplineFit):
        self.fit = fit
        self.count = len(fit.linear)
        self.phi = np.linspace(*fit.basis.inner, 401)
        self.basis = fit.basis.values(self.phi)
        scale = np.linalg.norm(self.basis, axis=1)
        self._inverse = np.linalg.pinv((self.basis / scale[:, None]).T, rcond=1e-9) / scale[:, None]
        self._compiled: dict[str, Callable] = {}

    def columns(self, family: Family, beta: float, plain: Sequence[int]) -> np.ndarray | None:
        """T with (linear, f_1, …, plain) = (linear, basis) T; None where the basis does not resolve f.
        shape: (atoms, few)"""
        if family.name not in self._compiled:
            phi, b = sympy.symbols("u b", real=True)
            self._compiled[family.name] = sympy.lambdify((phi, b), family.forces(phi, b))
        with np.errstate(all="ignore"):
            forces = self._compiled[family.name](self.phi, beta)
        vectors = []
        for force in forces:
            own = self.resolved(np.asarray(force, dtype=float))
            if own is None:
                return None
            vectors.append(own)
        vectors += [np.eye(len(self.basis))[n] for n in plain]
        out = np.zeros((self.count + len(self.basis), self.count + len(vectors)))
        out[: self.count, : self.count] = np.eye(self.count)
        out[self.count :, self.count :] = np.array(vectors).T
        return out

    def resolved(self, values: np.ndarray) -> np.ndarray | None:
        size = np.linalg.norm(values)
        if not np.isfinite(size) or size == 0:
            return None
        weights = self._inverse @ values
        return weights if np.linalg.norm(weights @ self.basis - values) < RESOLVED * size else None


def reduced(parts: Moments, columns: np.ndarray) -> Moments:
    return Moments(columns.T @ parts.gram @ columns, columns.T @ parts.noise @ columns)


def distil(
    projections: Projections,
    fit: SplineFit,
    moments: Sequence[tuple[Moments, float]],
    jets: JetSpace,
) -> Distilled | None:
    """The family of least criterion if it explains the data at all widths and beats the spline by `RIVAL`.

    n log λ + (free numbers) · penalty, with the same n and penalty for the spline's freedom. `moments`:
    those of the spline's atoms with the effective rows at each width, the first at the width of `fit`.
    """
    table = _Candidates(fit)
    criterion = Criterion(fit.effective_rows, len(FAMILIES))
    found = []
    for family in FAMILIES:
        if family.positive and fit.basis.inner[0] <= 0:
            continue
        for plain in (p for n in range(3) for p in combinations(range(2), n)):
            trial = _trial(table, family, plain, moments[0][0], criterion)
            if trial is not None and _explained(table, trial, moments):
                found.append(trial)
    own = criterion.of(fit.ratio, 0) + fit.freedom * criterion.penalty
    found.sort(key=lambda trial: trial.criterion)
    if not found or own - found[0].criterion < RIVAL:
        return None
    best = found[0]
    names = [t.family.name for t in found[1:] if t.criterion - best.criterion < RIVAL]
    rivals = tuple(dict.fromkeys(name for name in names if name != best.family.name))
    return _distilled(projections, table, best, moments[0][0], own - best.criterion, rivals, jets)


def _trial(
    table: _Candidates, family: Family, plain: tuple[int, ...], parts: Moments, criterion: Criterion
) -> _Trial | None:
    """The family at its best β.

    β is sought by the residual of corrected least squares, which is smooth in it; λ, whose well is narrower
    than any grid where there is little noise, has the last word.
    """
    size = float(np.abs(table.phi).max())

    def value(logarithm: float, of: Callable[[Moments], float]) -> float:
        columns = table.columns(family, float(np.exp(logarithm)), plain)
        return UNRESOLVED if columns is None else of(reduced(parts, columns))

    edges = np.log(np.array([family.low, family.high]) / size**family.power)
    grid, step = np.linspace(edges[0], edges[1], GRID, retstep=True)
    values = [value(g, _corrected_residual) for g in grid]
    logarithm = float(grid[int(np.argmin(values))])
    if min(values) == UNRESOLVED:
        return None
    for of, reach in ((_corrected_residual, float(step)), (_ratio, LAST * float(step))):
        ends = logarithm - reach, logarithm + reach
        refined = minimize_scalar(value, bounds=ends, args=(of,), method="bounded", options={"xatol": 1e-9})
        if refined.fun < value(logarithm, of):
            logarithm = float(refined.x)
    beta = float(np.exp(logarithm))
    columns = table.columns(family, beta, plain)
    if columns is None:
        return None
    ratio, misfit = _residual(reduced(parts, columns))
    terms = columns.shape[1]  # the target has no coefficient of its own, β is one more
    return _Trial(
        family,
        plain,
        beta,
        ratio,
        misfit,
        criterion.of(min(ratio, 1.0) if misfit < RESOLVED else ratio, terms),
    )


def _ratio(parts: Moments) -> float:
    return solved_for(parts, 0)[1]


def _corrected_residual(parts: Moments) -> float:
    """min_θ θᵀ(G − N)θ with θ_0 = 1, in units of the target: that of least squares without the noise."""
    clean = (parts.gram - parts.noise) / parts.gram[0, 0]
    size = np.sqrt(np.diag(parts.gram)[1:] / parts.gram[0, 0])
    values, vectors = np.linalg.eigh(clean[1:, 1:] / np.outer(size, size))
    kept = values > RELATED * values[-1]
    moved = vectors[:, kept].T @ (clean[1:, 0] / size)
    return float(clean[0, 0] - np.sum(moved**2 / values[kept]))


def _residual(parts: Moments) -> tuple[float, float]:
    theta, ratio = solved_for(parts, 0)
    if not np.all(np.isfinite(theta)):
        return ratio, np.inf
    excess = max(theta @ parts.gram @ theta - theta @ parts.noise @ theta, 0.0)
    return ratio, float(np.sqrt(excess / max(parts.gram[0, 0] - parts.noise[0, 0], 1e-300)))


def _explained(table: _Candidates, trial: _Trial, moments: Sequence[tuple[Moments, float]]) -> bool:
    columns = table.columns(trial.family, trial.beta, trial.plain)
    if columns is None:
        return False
    for parts, rows in moments:
        ratio, misfit = _residual(reduced(parts, columns))
        if ratio > 1 + FLUCTUATION * np.sqrt(2 / rows) and misfit > EXPLAINED:
            return False
    return True


def _distilled(
    projections: Projections,
    table: _Candidates,
    trial: _Trial,
    parts: Moments,
    difference: float,
    rivals: tuple[str, ...],
    jets: JetSpace,
) -> Distilled | None:
    family, beta, count = trial.family, trial.beta, table.count
    columns = table.columns(family, beta, trial.plain)
    phi, b = sympy.symbols("u b", real=True)
    forces = family.forces(phi, b)
    if columns is None:
        return None
    theta, ratio = solved_for(reduced(parts, columns), 0)
    amplitudes = theta[count : count + len(forces)]
    # the response to β is a further function with coefficient 0
    slope = sympy.Add(*(a * sympy.diff(f, b) for a, f in zip(amplitudes, forces, strict=True)))
    moved = table.resolved(
        np.broadcast_to(np.asarray(sympy.lambdify((phi, b), slope)(table.phi, beta)), table.phi.shape)
    )
    if moved is None:
        return None
    wide = np.column_stack([columns, np.concatenate([np.zeros(count), moved])])
    small = reduced(parts, wide)
    score = score_fields(projections, table.fit.atoms, columns @ theta, ratio, parts)
    q = wide.T @ score.reshape(len(columns), -1)
    inverse = inverse_curvature(small, ratio, 0)
    sensitivity, curvature = q @ q.T, small.gram - ratio * small.noise
    unit = np.trace(inverse @ sensitivity) / np.trace(inverse @ curvature)
    least = quadrature_variance(theta, reduced(parts, columns)) / table.fit.effective_rows
    covariance = inverse @ sensitivity @ inverse * max(1.0, ratio) * max(1.0, float(least / unit))
    errors = np.sqrt(np.diag(covariance).clip(0))
    symbol = table.fit.basis.symbol
    number = sympy.Float(beta)
    own = [*family.forces(symbol, number), *((sympy.S.One, symbol)[n] for n in trial.plain)]
    primitives = [*family.potentials(symbol, number), *((symbol, symbol**2 / 2)[n] for n in trial.plain)]
    names = [*("A", "B")[: len(forces)], *(("constant", "linear")[n] for n in trial.plain)]
    values = theta[count:]
    parameters = {"beta": (beta, float(errors[-1]))}
    parameters |= {n: (float(v), float(e)) for n, v, e in zip(names, values, errors[count:], strict=False)}
    return Distilled(
        family=family.name,
        expression=sympy.Add(*(v * f for v, f in zip(values, own, strict=True))),
        potential=sympy.Add(*(v * f for v, f in zip(values, primitives, strict=True))),
        parameters=parameters,
        atoms=tuple(Atom(jets.zero, f) for f in own),
        terms=tuple(primitives),
        ratio=ratio,
        misfit=trial.misfit,
        difference=float(difference),
        rivals=rivals,
    )
