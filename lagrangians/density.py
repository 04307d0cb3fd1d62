"""`Lagrangian`: a density and everything that the calculus of variations derives from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.equations import solve_for_leading
from lagrangians.equivalence import proportional
from lagrangians.jets import JetSpace, jet_space, raised
from lagrangians.noether import energy_momentum, noether_current
from lagrangians.parser import parse_expression
from lagrangians.printing import term_order, to_latex, to_text
from lagrangians.variation import euler_operator, is_null, total_derivatives
from lagrangians.zero import floating

if TYPE_CHECKING:
    from lagrangians.generators import Generator

SCHEMA = "fieldnet/lagrangian/1"


@dataclass(frozen=True)
class Lagrangian:
    """A Lagrangian density ℒ(x, φ, ∂φ, …), immutable; equal where the contents are equal.

    `density` is written in applied functions and `Derivative`s of `fields` (such as φ(t, x)); the first
    coordinate is time. Symbols of the density that are neither coordinates nor listed in `parameters` join
    the parameters in alphabetic order. Raises `ValueError` for fields that do not depend on the coordinates
    and for clashing names.
    """

    density: sympy.Expr
    fields: tuple[AppliedUndef, ...]
    coordinates: tuple[sympy.Symbol, ...]
    parameters: tuple[sympy.Symbol, ...] = ()

    def __post_init__(self) -> None:
        fields, coordinates = (
            tuple(given) if isinstance(given, Sequence | sympy.Tuple) else (given,)
            for given in (self.fields, self.coordinates)
        )
        if not fields or not coordinates:
            raise ValueError("expected at least one field and one coordinate")
        jets = jet_space(fields, coordinates)
        density = jets.to_functions(jets.to_jets(sympy.sympify(self.density)))
        labels = {s for field in fields for s in field.free_symbols}
        declared = tuple(sympy.Symbol(p) if isinstance(p, str) else p for p in self.parameters)
        free = density.free_symbols - labels - set(declared)
        parameters = declared + tuple(sorted(free, key=lambda s: s.name))
        if len({p.name for p in parameters}) < len(parameters):
            names = ", ".join(p.name for p in parameters)
            raise ValueError(f"parameters must have distinct names, got {names}")
        for parameter in parameters:
            if parameter.name in jets.coordinate_names or jets.parse(parameter.name):
                raise ValueError(
                    f"the parameter {parameter} has the name of a coordinate or a jet; rename it"
                )
        for name, value in zip(
            ("density", "fields", "coordinates", "parameters"),
            (density, fields, coordinates, parameters),
            strict=True,
        ):
            object.__setattr__(self, name, value)

    @cached_property
    def jets(self) -> JetSpace:
        """The jet space of the fields over the coordinates."""
        return jet_space(self.fields, self.coordinates)

    @cached_property
    def jet_density(self) -> sympy.Expr:
        """The density in plain jet symbols `phi`, `phi_t`, …"""
        return self.jets.to_jets(self.density)

    @cached_property
    def _euler_lagrange(self) -> tuple[sympy.Expr, ...]:
        return tuple(sympy.expand(e) for e in euler_operator(self.jet_density, self.jets))

    def _functions(self, expressions: Sequence[sympy.Expr]) -> tuple[sympy.Expr, ...]:
        return tuple(self.jets.to_functions(e) for e in expressions)

    def euler_lagrange(self) -> tuple[sympy.Expr, ...]:
        """E_a(ℒ) = Σ_J (−1)^|J| D_J ∂ℒ/∂φ^a_J in field order; the field equations are E_a = 0."""
        return self._functions(self._euler_lagrange)

    def equations_of_motion(self) -> dict[sympy.Expr, sympy.Expr]:
        """{highest time derivative: expression} for each field, from E_a = 0.

        The linear system in all highest time derivatives is solved at once (kinetic matrices need not be
        diagonal; a first-order theory gives φ_t). Raises `ValueError` naming the null direction of a
        degenerate theory.
        """
        solved = solve_for_leading(self._euler_lagrange, self.jets, self.jet_density)
        return {self.jets.to_functions(s): self.jets.to_functions(e) for s, e in solved.items()}

    def _momenta(self) -> tuple[sympy.Expr, ...]:
        result = [sympy.S.Zero for _ in self.fields]
        for symbol, (field, index) in self.jets.jets_in(self.jet_density).items():
            if index[0] > 1:
                raise ValueError(f"momenta need at most first time derivatives, got {symbol}")
            if index[0] == 1:
                spatial = raised(index, 0, -1)
                term = total_derivatives(sympy.diff(self.jet_density, symbol), spatial, self.jets)
                result[field] += (-1) ** sum(spatial) * term
        return tuple(result)

    def momenta(self) -> tuple[sympy.Expr, ...]:
        """π_a = δℒ/δφ^a_t = Σ_I (−1)^|I| D_I ∂ℒ/∂φ^a_{tI} over spatial I, in field order.

        Raises `ValueError` for densities with higher time derivatives.
        """
        return self._functions(self._momenta())

    def hamiltonian_density(self) -> sympy.Expr:
        """ℋ = π_a φ^a_t − ℒ written in the velocities; its integral over space is the energy."""
        velocity = raised(self.jets.zero, 0)
        terms = [p * self.jets.symbol(a, velocity) for a, p in enumerate(self._momenta())]
        return self.jets.to_functions(sympy.expand(sympy.Add(*terms) - self.jet_density))

    def energy_momentum_tensor(self) -> sympy.ImmutableMatrix:
        """Canonical tensor T^α_β = ∂ℒ/∂(∂_αφ^a) ∂_βφ^a − δ^α_β ℒ; rows α, columns β.

        On solutions ∂_αT^α_β = −∂ℒ/∂x^β (explicit dependence), so it is conserved where ℒ is translation
        invariant. Higher-order densities get the boundary current of the translation in place of the first
        term.
        """
        return energy_momentum(self.jet_density, self.jets).applyfunc(self.jets.to_functions)

    def noether_current(self, generator: Generator) -> tuple[sympy.Expr, ...]:
        """J^α = P^α(Q) + ξ^αℒ − K^α with ∂_αJ^α + Q^aE_a ≡ 0, for a variational symmetry.

        P^α = ∂ℒ/∂(∂_αφ^a) Q^a for first-order densities; K^α, with pr X(ℒ) + ℒ∂_αξ^α = ∂_αK^α, is found
        here. The identity is verified before the current is returned. Float coefficients are compared to a
        relative 1e-9. Raises `ValueError` where X is not a variational symmetry.
        """
        if generator.coordinates != self.coordinates or generator.fields != self.fields:
            raise ValueError(
                f"got a generator on {(*generator.coordinates, *generator.fields)}, "
                f"expected one on {(*self.coordinates, *self.fields)}"
            )
        xi = [self.jets.to_jets(part) for part in generator.xi]
        eta = [self.jets.to_jets(part) for part in generator.eta]
        return self._functions(noether_current(self.jet_density, xi, eta, self.jets))

    def terms(self) -> list[tuple[sympy.Expr, sympy.Expr]]:
        """(term, coefficient) of the expanded density; coefficients hold numbers and parameters only.

        Order: kinetic, gradient, potential, constant.
        """
        dependent = (*self.fields, *self.coordinates, *self.density.atoms(AppliedUndef, sympy.Derivative))
        collected: dict[sympy.Expr, sympy.Expr] = {}
        for part in sympy.Add.make_args(sympy.expand(self.density)):
            coefficient, term = part.as_independent(*dependent, as_Add=False)
            if part != 0:
                collected[term] = collected.get(term, 0) + coefficient
        return sorted(((t, c) for t, c in collected.items() if c != 0), key=lambda pair: term_order(pair[0]))

    def expanded(self) -> Lagrangian:
        """The same density with its terms collected."""
        return self._with(sympy.Add(*(c * t for t, c in self.terms())))

    def without_null_terms(self) -> Lagrangian:
        """Drop each term that alone is a total divergence or free of the fields; the equations stay the
        same.
        """
        kept = [c * t for t, c in self.terms() if not is_null(self.jets.to_jets(t), self.jets)]
        return self._with(sympy.Add(*kept))

    def _with(self, density: sympy.Expr) -> Lagrangian:
        return Lagrangian(density, self.fields, self.coordinates, self.parameters)

    def substitute(self, values: Mapping[Any, Any]) -> Lagrangian:
        """Parameters (symbols or their names) replaced by numbers or expressions in new parameters."""
        names = {p.name: p for p in self.parameters}
        rules = {}
        for key, value in values.items():
            if str(key) not in names:
                known = ", ".join(names) or "none"
                raise ValueError(f"got the parameter {key}, expected one of: {known}")
            rules[names[str(key)]] = sympy.sympify(value)
        kept = tuple(p for p in self.parameters if p not in rules)
        return Lagrangian(self.density.subs(rules, simultaneous=True), self.fields, self.coordinates, kept)

    def is_equivalent(self, other: Lagrangian, tolerance: float = 0.0) -> bool:
        """Whether E_a(ℒ₁) = λ E_a(ℒ₂) with one constant λ ≠ 0: equal modulo scale, divergences and constants.

        Fields and coordinates are matched by name. With `tolerance` the relative residual of the best λ at
        random jet points decides (for densities with float coefficients); with 0 the identity must hold
        exactly.
        """
        if self.jets.field_names != other.jets.field_names:
            return False
        if self.jets.coordinate_names != other.jets.coordinate_names:
            return False
        rename = dict(zip(other.coordinates, self.coordinates, strict=True))
        rename |= {p: q for p in other.parameters for q in self.parameters if p.name == q.name}
        theirs = tuple(e.xreplace(rename) for e in other._euler_lagrange)
        return proportional(self._euler_lagrange, theirs, self.jets, tolerance)

    def jet_text(self) -> str:
        """The density in jet names, `phi_t**2/2 - phi_x**2/2 + cos(phi)`; `parse_lagrangian` reads it back
        exactly.
        """
        return to_text(self.density)

    def latex(self, digits: int | None = None) -> str:
        r"""LaTeX of the density with jets as subscripts; floats rounded to `digits` significant digits."""
        return to_latex(self.density, digits)

    def __str__(self) -> str:
        return self.jet_text()

    def to_json(self) -> str:
        """JSON text of schema `fieldnet/lagrangian/1`; `from_json` gives back an equal Lagrangian."""
        try:
            solved = self.equations_of_motion()
            equations = [f"{to_text(left)} = {to_text(right)}" for left, right in solved.items()]
        except ValueError:
            equations = []
        content = {
            "schema": SCHEMA,
            "coordinates": list(self.jets.coordinate_names),
            "fields": list(self.jets.field_names),
            "parameters": [p.name for p in self.parameters],
            "density": self.jet_text(),
            "latex": self.latex(),
            "terms": [
                {"term": to_text(t), "coefficient": _json_number(c), "stderr": None} for t, c in self.terms()
            ],
            "equations_of_motion": equations,
        }
        return json.dumps(content, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, source: str | Path | Mapping[str, Any]) -> Lagrangian:
        """From a path, JSON text or a mapping with `coordinates`, `fields`, `density` and optionally
        `parameters`.

        Other keys are ignored. Strings go through the allow-list parser. Raises `ValueError` for other
        content, `OSError` for a path that cannot be read.
        """
        content = source if isinstance(source, Mapping) else _read_json(source)
        schema = content.get("schema", SCHEMA)
        if schema != SCHEMA:
            raise ValueError(f"got the schema {schema!r}, expected {SCHEMA!r}")
        lists = {key: content.get(key, []) for key in ("coordinates", "fields", "parameters")}
        for key, names in lists.items():
            if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
                raise ValueError(f"expected {key!r} to be a list of names, got {names!r}")
        if not isinstance(content.get("density"), str):
            raise ValueError("expected 'density' to be a string in jet names")
        jets = jet_space(lists["fields"], lists["coordinates"])
        parameters = tuple(sympy.Symbol(name) for name in lists["parameters"])
        density = parse_expression(content["density"], jets.fields, jets.coordinates, parameters)
        return cls(density, jets.fields, jets.coordinates, parameters)


def _json_number(coefficient: sympy.Expr) -> float | str:
    return float(coefficient) if coefficient.is_number else to_text(floating(coefficient))


def _read_json(source: str | Path) -> Mapping[str, Any]:
    text = (
        source
        if isinstance(source, str) and source.lstrip().startswith("{")
        else Path(source).read_text("utf-8")
    )
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(content, Mapping):
        raise ValueError(f"expected a JSON object, got {type(content).__name__}")
    return content
