"""The verdict on fitted equations from the Helmholtz conditions within their errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import sympy
from scipy.stats import norm

from lagrangians import Lagrangian
from lagrangians.jets import JetSpace

from .constrained import HelmholtzTest, MultiplierFit, flattened
from .densities import Density, atom_expressions, density_of, short_number
from .dissipation import (
    caldirola_kanai_rate,
    expression_of,
    is_odd,
    rayleigh_function,
    text_of,
    without_density,
)
from .fitted import FittedEquations
from .helmholtz import Condition, HelmholtzMatrix, helmholtz_matrix, in_potential, potential_space
from .verdict import FamilyMember, Verdict

LEVEL = 1e-3
"""The conditions are refused where χ² of all of them, or the worst one times their number, is less probable."""
ACCURACY = 1e-4
"""No coefficient is trusted to a better relative accuracy: see `trusted_covariance`."""
NO_DENSITY = "no density gives"
TIME_OR_SPACE = {"dissipative", "odd derivatives in space"}
"""Reasons that are told at the multiplier of the rest, others at the one that is refused least."""
SIGNIFICANT = 3.0
"""Standard errors that a term needs to belong to the conservative part of equations that are not variational."""
SHOWN = 6
"""Conditions that are listed in the evidence, the worst first."""
SEARCHED = "constant regular matrices g with gE self-adjoint, autonomous densities"


def judge(
    equations: FittedEquations,
    library: Sequence[sympy.Expr] = (),
    accuracy: float = ACCURACY,
    level: float = LEVEL,
) -> Verdict:
    """Whether the fitted equations have a Lagrangian, within their errors.

    A constant multiplier g is sought that satisfies the Helmholtz conditions: the simplest that fits, signs
    before weights before full matrices, so that an indefinite or non-diagonal kinetic metric is found before a
    coupling is called non-reciprocal. Then in turn: the potential form u = φ_x and a gradient flow for
    equations of first order in time; and what must be set free for a multiplier to exist, velocities
    (dissipative), odd derivatives in space, or the rest (non-reciprocal).

    `library`: density terms in plain jet symbols, preferred in the density. Raises `ValueError` where the
    coefficients, covariance and support do not fit together.
    """
    return _Judge(equations, tuple(library), accuracy, level).verdict()


def trusted_covariance(equations: FittedEquations, accuracy: float = ACCURACY) -> np.ndarray:
    """The covariance with errors of discretisation and of a model that is not quite complete.

    That of equation a times max(1, χ²_a) (1 + (accuracy · t_a)²), t_a its best-determined coefficient in
    standard errors: what noise does not explain counts as noise, and the best coefficient is never trusted to
    a better relative accuracy than `accuracy`, others in proportion. On clean data a damping of less than a few
    times `accuracy` of the main terms is therefore no evidence. shape: (n·atoms, n·atoms)
    """
    count = len(equations.atoms)
    chi = np.nan_to_num(np.asarray(equations.chi_square, dtype=float), nan=1.0, posinf=1.0)
    scale = np.sqrt(np.maximum(chi, 1.0))
    errors = equations.standard_errors() * scale[:, None]
    sizes = np.divide(np.abs(equations.coefficients), errors, out=np.zeros(errors.shape), where=errors > 0)
    scale = scale * np.sqrt(1 + (accuracy * sizes.max(axis=1, initial=0.0)) ** 2)
    every = np.repeat(scale, count)
    return equations.covariance * np.outer(every, every)


@dataclass(frozen=True)
class Reading:
    """How the equations are read: the conditions, and the atoms in the plain jets of `space`.

    `relation` is `u = phi_x` where they are read as those of a potential.
    """

    conditions: HelmholtzMatrix
    space: JetSpace
    expressions: tuple[sympy.Expr, ...]
    relation: str | None = None


class _Judge:
    def __init__(
        self, equations: FittedEquations, library: tuple[sympy.Expr, ...], accuracy: float, level: float
    ):
        _check(equations)
        self.equations, self.library, self.level = equations, library, level
        self.jets: JetSpace = equations.jets
        self.active = np.flatnonzero(equations.support.any(axis=0))
        self.atoms = tuple(equations.atoms[k] for k in self.active)
        self.targets = [int(np.flatnonzero(self.active == k)[0]) for k in equations.targets]
        self.places = (np.arange(self.size)[:, None] * len(equations.atoms) + self.active).ravel()
        self.covariance = trusted_covariance(equations, accuracy)[np.ix_(self.places, self.places)]
        self.coefficients = equations.coefficients[:, self.active]
        self.order = max(self.atoms[k].derivative[0] for k in self.targets)
        plain = tuple(atom_expressions(self.atoms, self.jets))
        self.plain = Reading(helmholtz_matrix(self.atoms, self.jets), self.jets, plain)

    @property
    def size(self) -> int:
        return len(self.jets.fields)

    def test(self, reading: Reading) -> HelmholtzTest:
        return HelmholtzTest(self.coefficients, self.covariance, reading.conditions.matrix)

    def verdict(self) -> Verdict:
        readings = [self.plain, *self.potentials()]
        for reading in readings:
            test = self.test(reading)
            fit = test.search()
            if fit is not None and self.passes(test, fit):
                return self.variational(test, fit, reading)
        flow = self.gradient_flow() if self.order == 1 else None
        return flow or self.repaired(readings[min(1, len(readings) - 1)])

    def potentials(self) -> Iterator[Reading]:
        """For one field u of first order in time: the equation as that of φ with u = φ_x, by axis."""
        if self.size != 1 or self.order != 1:
            return
        space = potential_space(self.jets)
        for axis, x in enumerate(self.jets.coordinate_names[1:], start=1):
            expressions = tuple(in_potential(e, self.jets, space, axis) for e in self.plain.expressions)
            relation = f"{self.jets.field_names[0]} = {space.field_names[0]}_{x}"
            yield Reading(helmholtz_matrix(self.atoms, self.jets, axis), space, expressions, relation)

    def passes(self, test: HelmholtzTest, fit: MultiplierFit) -> bool:
        """Neither χ² of all conditions nor the worst single one, times their number, is improbable."""
        values, errors = test.evaluated(fit.multiplier)
        free = errors > 0
        worst = float(np.max(np.abs(values[free]) / errors[free], initial=0.0))
        single = 2 * norm.sf(worst) * max(int(free.sum()), 1)
        return bool(fit.p_value > self.level and single > self.level)

    def variational(self, test: HelmholtzTest, fit: MultiplierFit, reading: Reading) -> Verdict:
        density = self.density(fit, reading)
        family = self.family(test, fit, reading)
        evidence = {} if reading.relation is None else {"potential": reading.relation}
        evidence |= self.figures(test, fit, reading.conditions)
        if family:
            evidence["family"] = {
                "statement": f"{len(family)} independent densities give these equations, each with any weight "
                "as long as the kinetic form stays regular",
                "densities": [member.density for member in family],
                "multipliers": [member.multiplier.tolist() for member in family],
            }
        return Verdict(
            "variational",
            evidence,
            density.lagrangian,
            density.terms,
            density.covariance,
            fit.multiplier,
            self.multiplier_errors(fit),
            family,
            self.constrained(fit),
        )

    def density(self, fit: MultiplierFit, reading: Reading, projector: np.ndarray | None = None) -> Density:
        """That of p = gc, or of the part of it that a projector leaves."""
        response, p = fit.combinations_response, fit.combinations
        if projector is not None:
            response, p = projector @ response, (projector @ p.ravel()).reshape(p.shape)
        covariance = response @ self.covariance @ response.T
        return self._density(p, covariance, reading)

    def _density(self, p: np.ndarray, covariance: np.ndarray, reading: Reading) -> Density:
        return density_of(p, covariance, reading.conditions, reading.space, reading.expressions, self.library)

    def family(self, test: HelmholtzTest, fit: MultiplierFit, reading: Reading) -> tuple[FamilyMember, ...]:
        """Every g that the constrained equations allow, where there are several."""
        directions = test.free_directions(fit)
        if len(directions) < 2:
            return ()
        none = np.zeros_like(self.covariance)
        densities = [self._density(g @ fit.coefficients, none, reading) for g in directions]
        return tuple(
            FamilyMember(g, d.lagrangian.jet_text()) for g, d in zip(directions, densities, strict=True)
        )

    def constrained(self, fit: MultiplierFit) -> FittedEquations:
        """The fitted equations with the coefficients that meet the conditions."""
        given = self.equations
        coefficients = np.zeros_like(given.coefficients)
        coefficients[:, self.active] = fit.coefficients
        size = np.abs(given.coefficients).max(initial=0.0)
        coefficients[np.abs(coefficients) < 1e-12 * size] = 0.0
        covariance = np.zeros_like(given.covariance)
        covariance[np.ix_(self.places, self.places)] = fit.response @ self.covariance @ fit.response.T
        return replace(given, coefficients=coefficients, covariance=covariance, support=coefficients != 0)

    def multiplier_errors(self, fit: MultiplierFit) -> np.ndarray:
        variance = np.diag(fit.multiplier_covariance(self.covariance)).clip(0)
        return np.sqrt(variance).reshape(fit.multiplier.shape)

    def figures(
        self, test: HelmholtzTest, fit: MultiplierFit | None, conditions: HelmholtzMatrix
    ) -> dict[str, Any]:
        """χ² of the conditions and the worst of them, as JSON values."""
        evidence: dict[str, Any] = {"searched": SEARCHED, "level": self.level}
        g = np.eye(self.size) if fit is None else fit.multiplier
        if fit is not None:
            evidence |= {
                "chi_square": fit.statistic,
                "degrees_of_freedom": fit.degrees,
                "p_value": fit.p_value,
                "multiplier": g.tolist(),
                "multiplier_stderr": self.multiplier_errors(fit).tolist(),
            }
        values, errors = test.evaluated(g)
        free = np.flatnonzero(errors > 0)
        z = np.abs(values[free]) / errors[free]
        listed: dict[str, dict[str, Any]] = {}
        for n in np.argsort(-z):
            text = conditions.text(int(free[n]))
            figures = {"value": float(values[free[n]]), "stderr": float(errors[free[n]])}
            listed.setdefault(text, {"condition": text, **figures, "standard_errors": float(z[n])})
        return evidence | {"conditions": list(listed.values())[:SHOWN]}

    def gradient_flow(self) -> Verdict | None:
        """φ^a_t = −(g⁻¹)_ab δV/δφ^b with a positive metric g."""
        reading = replace(self.plain, conditions=self.at_rest())
        test = self.test(reading)
        fit = test.search()
        if fit is None or not self.passes(test, fit) or np.linalg.eigvalsh(fit.multiplier).min() <= 0:
            return None
        still = np.ones(self.coefficients.shape)
        still[:, self.targets] = 0.0
        density = self.density(fit, reading, np.diag(still.ravel()))
        evidence = {
            "failed": self.first_order(),
            "functional": text_of(-density.lagrangian.jet_density, self.jets),
            "functional_terms": [
                {"term": t.term, "coefficient": -t.coefficient, "stderr": t.standard_error}
                for t in density.terms
            ],
            "metric": fit.multiplier.tolist(),
            **self.figures(test, fit, reading.conditions),
        }
        return Verdict(
            "not variational: gradient flow",
            evidence,
            self.freidlin_wentzell(fit.coefficients, fit.multiplier),
            multiplier=fit.multiplier,
            multiplier_errors=self.multiplier_errors(fit),
            equations=self.constrained(fit),
        )

    def at_rest(self) -> HelmholtzMatrix:
        """The conditions without the velocities, and that g itself be symmetric."""
        whole = self.plain.conditions
        matrix = whole.matrix.copy()
        matrix[:, :, self.targets] = 0.0
        kept = np.abs(matrix).max(axis=(1, 2), initial=0.0) > 0
        rows, symmetric = [], []
        for a, b in combinations(range(self.size), 2):
            row = np.zeros(matrix.shape[1:])
            row[a, self.targets[b]], row[b, self.targets[a]] = 1.0, -1.0
            rows.append(row)
            symmetric.append(Condition(a, b, self.jets.zero, sympy.S.One))
        listed = (c for c, k in zip(whole.conditions, kept, strict=True) if k)
        stacked = np.concatenate([matrix[kept], np.array(rows).reshape(-1, *matrix.shape[1:])])
        return replace(whole, conditions=(*listed, *symmetric), matrix=stacked)

    def first_order(self) -> str:
        names = [self.plain.conditions.atom_text(a, k) for a, k in enumerate(self.targets)]
        return f"self-adjoint equations have no symmetric part of first order in time, got {', '.join(names)}"

    def freidlin_wentzell(self, coefficients: np.ndarray, g: np.ndarray) -> Lagrangian:
        """½ g_ab (φ^a_t − F^a)(φ^b_t − F^b): its least action is the most probable path under weak noise."""
        residuals = [expression_of(row, self.plain.expressions) for row in coefficients]
        pairs = [(a, b) for a in range(self.size) for b in range(self.size) if g[a, b]]
        total = sympy.Add(*(short_number(g[a, b] / 2) * residuals[a] * residuals[b] for a, b in pairs))
        return Lagrangian(self.jets.to_functions(total), self.jets.fields, self.jets.coordinates)

    def repaired(self, reading: Reading) -> Verdict:
        """The smallest choice of groups of terms without which the conditions hold names the reason."""
        test = self.test(reading)
        fit = test.search()
        for reasons, group in self.groups():
            rest = test.without(group)
            found = rest.search()
            if found is not None and self.passes(rest, found):
                return self.beside(test, fit, found, reasons, group, reading)
        evidence = {"failed": self.first_order(), **self.figures(test, fit, reading.conditions)}
        theory = None
        if self.order == 1:
            theory = self.freidlin_wentzell(self.coefficients, np.eye(self.size))
        return Verdict("not variational: no gradient flow", evidence, theory, equations=self.equations)

    def groups(self) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
        """(reasons, atoms set free), the fewest first."""
        moving = np.ones(len(self.atoms), dtype=bool)
        moving[self.targets] = False
        if self.order == 1:
            yield from self.losses(moving)
            return
        axes = range(1, len(self.jets.coordinates))
        late = np.array([is_odd(atom, 0, self.jets) for atom in self.atoms]) & moving
        odd = (
            np.array([any(is_odd(atom, i, self.jets) for i in axes) for atom in self.atoms]) & moving & ~late
        )
        rest = "non-reciprocal" if self.size > 1 else NO_DENSITY
        named = {"dissipative": late, "odd derivatives in space": odd, rest: moving & ~late & ~odd}
        present = [name for name, group in named.items() if group.any()]
        for count in range(1, len(present) + 1):
            for chosen in combinations(present, count):
                yield chosen, np.any([named[name] for name in chosen], axis=0)

    def losses(self, moving: np.ndarray) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
        """What may be lost in equations of first order: amplitudes, then diffusion, then anything."""
        linear = np.array([atom.function.is_Symbol for atom in self.atoms]) & moving
        local = linear & np.array([not any(atom.derivative) for atom in self.atoms])
        even = linear & np.array([sum(atom.derivative) % 2 == 0 for atom in self.atoms])
        for group in (local, even, moving):
            if group.any():
                yield ("dissipative",), group

    def beside(
        self,
        test: HelmholtzTest,
        fit: MultiplierFit | None,
        found: MultiplierFit,
        reasons: tuple[str, ...],
        group: np.ndarray,
        reading: Reading,
    ) -> Verdict:
        """The part that has a Lagrangian, and the terms beside it with their errors."""
        matrix, linear = reading.conditions.matrix, np.array([a.function.is_Symbol for a in self.atoms])
        projector = without_density(found.combinations, matrix, group, linear)
        density = self.density(found, reading, np.eye(len(projector)) - projector)
        extra, covariance = self.in_equations(found, projector)
        worst = self.terms_beside(extra, covariance)
        at = found if fit is None or set(reasons) <= TIME_OR_SPACE else fit
        evidence: dict[str, Any] = {"failed": self.failed(test, at, reading)}
        if worst:
            evidence["standard_errors"] = worst[0]["standard_errors"]
        if reasons == ("dissipative",):
            evidence |= self.damping(found, density, extra, covariance, worst, projector, reading)
        evidence["terms_without_density"] = worst
        if reading.relation is not None:
            evidence["potential"] = reading.relation
        evidence |= self.figures(test, test.fixed(at.multiplier), reading.conditions)
        reason = " and ".join(reasons)
        if NO_DENSITY in reasons:
            reason += " " + ", ".join(dict.fromkeys(str(item["term"]) for item in worst))
        return Verdict(
            f"not variational: {reason}",
            evidence,
            density.lagrangian,
            density.terms,
            density.covariance,
            found.multiplier,
            self.multiplier_errors(found),
            equations=self.constrained(found),
        )

    def in_equations(self, found: MultiplierFit, projector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """c = g⁻¹p of the part p that a projector takes, and its covariance."""
        shape = found.coefficients.shape
        inverse = np.linalg.inv(found.multiplier)
        extra = inverse @ (projector @ found.combinations.ravel()).reshape(shape)
        through_g = flattened(found.directions @ extra).T @ found.g_response
        response = np.kron(inverse, np.eye(shape[1])) @ (projector @ found.combinations_response - through_g)
        return extra, response @ self.covariance @ response.T

    def terms_beside(self, extra: np.ndarray, covariance: np.ndarray) -> list[dict[str, Any]]:
        """The terms of the equations that no density gives, the most significant first."""
        errors = np.sqrt(np.diag(covariance).clip(0)).reshape(extra.shape)
        size = np.abs(extra).max(initial=0.0)
        found = [
            {
                "equation": self.jets.field_names[a],
                "term": self.atoms[k].text(self.jets.coordinate_names),
                "coefficient": float(extra[a, k]),
                "stderr": float(errors[a, k]),
                "standard_errors": float(abs(extra[a, k]) / max(errors[a, k], 1e-300)),
            }
            for a, k in zip(*np.nonzero(np.abs(extra) > 1e-9 * size), strict=True)
        ]
        return sorted(found, key=lambda item: -item["standard_errors"])

    def failed(self, test: HelmholtzTest, fit: MultiplierFit, reading: Reading) -> str:
        """One line: the condition that fails most, and by how many standard errors."""
        listed = self.figures(test, fit, reading.conditions)["conditions"]
        where = "" if reading.relation is None else f" (with {reading.relation})"
        if not listed:
            return self.first_order()
        first = listed[0]
        return f"{first['condition']} fails by {first['standard_errors']:.3g} standard errors{where}"

    def damping(
        self,
        found: MultiplierFit,
        density: Density,
        extra: np.ndarray,
        covariance: np.ndarray,
        worst: list[dict[str, Any]],
        projector: np.ndarray,
        reading: Reading,
    ) -> dict[str, Any]:
        """Damping coefficients, Rayleigh's function and Caldirola and Kanai's form."""
        single = len(worst) == 1
        evidence: dict[str, Any] = {
            "damping": worst[0]["coefficient"] if single else [item["coefficient"] for item in worst],
            "damping_stderr": worst[0]["stderr"] if single else [item["stderr"] for item in worst],
        }
        if self.size == 1:
            evidence["damping_terms"] = [item["term"] for item in worst]
        else:
            evidence["damping_terms"] = [
                f"{item['term']} in the equation of {item['equation']}" for item in worst
            ]
        forces = (projector @ found.combinations.ravel()).reshape(extra.shape)
        if self.order > 1:
            rows = [expression_of(row, reading.expressions) for row in forces]
            evidence["rayleigh"] = text_of(rayleigh_function(rows, self.jets), self.jets)
        if reading.relation is None:
            response = projector @ found.combinations_response
            spread = response @ self.covariance @ response.T
            rate = caldirola_kanai_rate(density, forces, spread, self.atoms, self.jets)
            if rate is not None:
                evidence["caldirola_kanai"] = f"exp({rate!r}*t)*({density.lagrangian.jet_text()})"
        return evidence


def _check(equations: FittedEquations) -> None:
    shape = (len(equations.fields), len(equations.atoms))
    size = shape[0] * shape[1]
    for name, array, expected in (
        ("coefficients", equations.coefficients, shape),
        ("support", equations.support, shape),
        ("covariance", equations.covariance, (size, size)),
    ):
        if np.shape(array) != expected:
            raise ValueError(f"got {name} of shape {np.shape(array)}, expected {expected}: (fields, atoms)")
    if not (np.isfinite(equations.coefficients).all() and np.isfinite(equations.covariance).all()):
        raise ValueError("got coefficients or covariances that are not finite; fit the equations again")
    if len(equations.targets) != shape[0]:
        raise ValueError(f"got {len(equations.targets)} targets, expected {shape[0]}, one a field")
