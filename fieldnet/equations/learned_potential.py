"""A potential that no library term expresses: learned as a smooth function, then distilled to symbols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from lagrangians import to_text
from lagrangians.jets import JetSpace, raised

from .atoms import Atom
from .distil import Distilled, distil
from .dynamics import Dynamics
from .estimate import Moments
from .projections import Projections
from .search import NEGLIGIBLE
from .selection import LOST, SYSTEMATIC, Criterion
from .splines import SplineBasis, SplineFit, fit_spline, with_errors
from .widths import Widths

WIDTHS = (1.0, 1.4, 2.0)
"""Half widths of the test functions: the first for the fit, which must explain the data on all."""
SERIES = 3
"""So many nonlinear functions in one equation may be the series of one that the library lacks."""
POINTS = 201
VISITED = 0.001
"""The range visited by the data leaves out this part of them at each end."""

Report = Callable[[str, float, float], None]


@dataclass(frozen=True)
class LearnedPotential:
    """V(φ) with V' = F in φ_tt + Σ θ·linear + F(φ) = 0, over the range [low, high] that the data visit.

    `fit` is the spline with its covariance, V(`origin`) = 0. `explained`: whether nothing but noise is left
    at all widths of the test functions. `distilled` is the same force in symbols, or None.
    """

    jets: JetSpace
    field: int
    fit: SplineFit
    low: float
    high: float
    origin: float
    explained: bool
    distilled: Distilled | None

    def values(self, phi: np.ndarray) -> np.ndarray:
        """V. shape: (n,) -> (n,)"""
        return self.fit.weights @ self.fit.basis.primitives(phi, self.origin)

    def force(self, phi: np.ndarray) -> np.ndarray:
        """F = V'. shape: (n,) -> (n,)"""
        return self.fit.weights @ self.fit.basis.values(phi)

    def standard_error(self, phi: np.ndarray, of: str = "potential") -> np.ndarray:
        """Of V, or with `of="force"` of F. shape: (n,) -> (n,)"""
        basis = self.fit.basis
        if of not in ("potential", "force"):
            raise ValueError(f"got the error of {of!r}, expected 'potential' or 'force'")
        functions = basis.values(phi) if of == "force" else basis.primitives(phi, self.origin)
        covariance = self.fit.covariance
        if covariance is None:
            raise ValueError("got a fit without covariance; make it with `with_errors`")
        own = covariance[len(self.fit.linear) :, len(self.fit.linear) :]
        return np.sqrt(np.einsum("kn,kl,ln->n", functions, own, functions).clip(0))

    @property
    def expression(self) -> sympy.Expr:
        """V in the field's symbol: a sum of waves and a parabola, which `parse_lagrangian` reads as text."""
        return self.fit.basis.potential([float(f"{w:.15g}") for w in self.fit.weights])

    @property
    def atom(self) -> Atom:
        """F as one atom, whose coefficient in the equation is 1."""
        return Atom(self.jets.zero, sympy.diff(self.expression, self.fit.basis.symbol))

    @property
    def density(self) -> sympy.Expr | None:
        """ℒ in jet symbols with E(ℒ) = −equation; None where a term with an odd derivative forbids one."""
        if self.fit.linear[0].derivative[0] != 2 or len(self.jets.fields) > 1:
            return None
        total = -self.expression
        for atom, coefficient in zip(self.fit.linear, self.fit.theta, strict=False):
            if sum(atom.derivative) % 2:
                return None
            total += sympy.Float(float(coefficient)) * _quadratic(self.jets, atom)
        return total

    def content(self) -> dict[str, object]:
        """For JSON: the table of V and F with standard errors, the spline's own numbers, and the symbols."""
        phi = np.linspace(self.low, self.high, POINTS)
        basis, errors = self.fit.basis, np.sqrt(np.diag(np.asarray(self.fit.covariance)).clip(0))
        density = self.density
        return {
            "field": self.jets.field_names[self.field],
            "explained": self.explained,
            "residual_ratio": self.fit.ratio,
            "misfit": self.fit.misfit,
            "freedom": self.fit.freedom,
            "linear": [
                {"term": atom.text(self.jets.coordinate_names), "coefficient": float(c), "stderr": float(e)}
                for atom, c, e in zip(self.fit.linear, self.fit.theta, errors, strict=False)
            ],
            "table": {
                "phi": phi.tolist(),
                "potential": self.values(phi).tolist(),
                "potential_stderr": self.standard_error(phi).tolist(),
                "force": self.force(phi).tolist(),
                "force_stderr": self.standard_error(phi, "force").tolist(),
            },
            "basis": {
                "functions": "1, phi, cos(rate*(phi - low))",
                "low": basis.low,
                "rates": basis.rates.tolist(),
                "weights": self.fit.weights.tolist(),
            },
            "potential": to_text(self.expression),
            "density": None if density is None else to_text(density),
            "distilled": None if self.distilled is None else self.distilled.content(),
        }


def needs_potential(dynamics: Dynamics) -> bool:
    """Whether the library may lack the function that the data follow.

    It does where no family explains them, and may where what was found leaves more than noise or is a sum of
    `SERIES` functions, as in the series of a function that the library lacks.
    """
    for fit in dynamics.fits:
        functions = [a for a in fit.atoms if not any(a.derivative) and not a.function.is_Symbol]
        if (fit.ratio > SYSTEMATIC and fit.misfit > NEGLIGIBLE) or len(functions) >= SERIES:
            return True
    return not dynamics.explained


def learn_potential(dynamics: Dynamics, progress: Report | None = None, field: int = 0) -> LearnedPotential:
    """The force F(φ) of one field as a spline, beside the linear terms that matter, and in symbols.

    First order in time is tried, then second; the first that explains the data is taken, or the last one.
    The linear terms come by backward elimination with the extended Bayesian criterion. With several fields
    the others may enter linearly: raises `ValueError` where that leaves more than noise, since their
    coupling is no potential of one field.
    """
    jets = dynamics.widths.measured.jets
    learned = None
    for n, order in enumerate((1, 2)):
        learned = _learned(dynamics.widths, field, order, progress, n / 2)
        if learned.explained:
            break
    if learned is None or (len(jets.fields) > 1 and not learned.explained):
        raise ValueError(
            f"got {jets.field_names[field]}, whose force is no function of it and linear terms, "
            "expected a sum of potentials of one field each; add the couplings to the library"
        )
    if progress is not None:
        progress("potential, done", 1.0, learned.fit.misfit)
    return learned


def _learned(
    widths: Widths, field: int, order: int, progress: Report | None, begin: float
) -> LearnedPotential:
    measured = widths.measured
    jets, values = measured.jets, measured.values[field]
    basis = SplineBasis.of_data(jets.symbol(field), values, measured.deviations[field])
    projections = widths.projections(WIDTHS[0])
    if progress is not None:
        progress(f"potential, order {order} in time", begin, 1.0)
    candidates = linear_atoms(jets, field, order)
    functions = basis.atoms(jets)
    parts = projections.moments([*candidates, *functions])
    full = fit_spline(projections, candidates, basis, parts)
    kept = _needed(projections, candidates, basis, parts, full) if full.explained else range(len(candidates))
    chosen = parts.of([*kept, *range(len(candidates), len(parts.gram))])
    linear = [candidates[n] for n in kept]
    fit = fit_spline(projections, linear, basis, chosen)
    moments = [(chosen, fit.effective_rows)]
    explained = full.explained and fit.explained
    for width in WIDTHS[1:]:
        if not explained:
            break
        wider = widths.projections(width)
        again = wider.moments([*linear, *functions])
        refit = fit_spline(wider, linear, basis, again)
        moments.append((again, refit.effective_rows))
        explained = refit.explained
    fit = with_errors(projections, fit, chosen)
    low, high = (float(q) for q in np.quantile(values, [VISITED, 1 - VISITED]))
    found = distil(projections, fit, moments, jets) if explained else None
    origin = 0.0 if low < 0 < high else float(np.median(values))
    return LearnedPotential(jets, field, fit, low, high, origin, explained, found)


def linear_atoms(jets: JetSpace, field: int, order: int) -> tuple[Atom, ...]:
    """The target, ∂_t^order φ, and linear terms that may stand beside F(φ).

    They are derivatives of all fields up to the second, fourth ones in space, and other fields themselves.
    """
    axes = range(len(jets.coordinates))
    target = raised(jets.zero, 0, order)
    indices = [raised(jets.zero, n) for n in axes]
    indices += [raised(raised(jets.zero, n), m) for n in axes for m in axes if n <= m]
    indices += [raised(jets.zero, n, 4) for n in axes if n > 0]
    atoms = [Atom(target, jets.symbol(field))]
    for a in range(len(jets.fields)):
        symbol = jets.symbol(a)
        if a != field:
            atoms.append(Atom(jets.zero, symbol))
        atoms += [Atom(index, symbol) for index in indices if index[0] < order]
    return tuple(atoms)


def _needed(
    projections: Projections, candidates: Sequence[Atom], basis: SplineBasis, parts: Moments, full: SplineFit
) -> list[int]:
    """Numbers of the candidates that are needed beside the spline, the target first.

    Backward elimination at the smoothness of the full fit.
    """
    waves = range(len(candidates), len(parts.gram))
    criterion = Criterion(full.effective_rows, len(candidates))

    def fitted(kept: Sequence[int]) -> SplineFit:
        return fit_spline(
            projections, [candidates[n] for n in kept], basis, parts.of([*kept, *waves]), like=full
        )

    size = np.sqrt(np.diag(parts.gram))
    kept = [n for n in range(len(candidates)) if n == 0 or parts.gram[n, n] > LOST * parts.noise[n, n]]
    fit = fitted(kept)
    while len(kept) > 1:
        without = [(fitted([m for m in kept if m != n]), n) for n in kept[1:]]
        smaller, worst = min(without, key=lambda item: item[0].ratio)
        gain = criterion.of(smaller.ratio, 0) - criterion.of(fit.ratio, 1)
        share = abs(fit.theta[kept.index(worst)]) * size[worst] / size[0]
        if gain > 0 and share > NEGLIGIBLE:
            break
        kept.remove(worst)
        fit = smaller
    return kept


def _quadratic(jets: JetSpace, atom: Atom) -> sympy.Expr:
    """T with E(T) = −atom, for a linear atom of even order: ½φ_t² for φ_tt, −½φ_xx² for φ_xxxx."""
    left = list(atom.derivative)
    half = list(jets.zero)
    for _ in range(sum(left) // 2):
        n = next(n for n, times in enumerate(left) if times)
        left[n] -= 1
        half[n] += 1
    sign = (-1) ** (1 + sum(half))
    return sympy.Rational(sign, 2) * jets.symbol(0, tuple(half)) * jets.symbol(0, tuple(left))
