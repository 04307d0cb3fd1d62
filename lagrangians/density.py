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

from lagrangians.conjugates import conjugate_pairs, in_real_fields, with_conjugates
from lagrangians.equations import solve_for_leading
from lagrangians.equivalence import proportional
from lagrangians.jets import JetSpace, jet_space, raised
from lagrangians.lattice import LatticeJets, field_space, finite_ring, lattice_labels
from lagrangians.lattice_noether import lattice_noether_current
from lagrangians.noether import energy_momentum, noether_current
from lagrangians.parser import parse_expression
from lagrangians.printing import term_order, to_latex, to_text
from lagrangians.variation import euler_operator, is_null, opposite, total_derivatives
from lagrangians.zero import floating

if TYPE_CHECKING:
    from lagrangians.charges import ConservedCharge
    from lagrangians.generators import Generator
    from lagrangians.hamiltonian import Hamiltonian

SCHEMA = "fieldnet/lagrangian/1"


@dataclass(frozen=True)
class Lagrangian:
    """A Lagrangian density ℒ(x, φ, ∂φ, …), immutable; equal where the contents are equal.

    `density` is written in applied functions and `Derivative`s of `fields` (such as φ(t, x)); the first
    coordinate is time. Symbols of the density that are neither coordinates nor listed in `parameters` join
    the parameters in alphabetic order.

    Complex fields: `conjugate(psi(t, x))`, inside or outside of derivatives, `Abs`, `re` and `im` become the
    independent field ψ̄ named `psi_bar`, which joins `fields` after ψ (see `conjugates` for what counts as
    real). Lattice fields: arguments of the fields that are no coordinates are labels, and the density may
    hold other sites, q(n + 1, t).

    Raises `ValueError` for fields that do not depend on the coordinates, for other arguments of the fields
    than declared, and for clashing names.
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
        if isinstance(self.density, str):
            raise ValueError("got text as the density, expected a SymPy expression; use parse_lagrangian")
        field_space(fields, coordinates)
        density, fields = with_conjugates(sympy.sympify(self.density), fields)
        jets = field_space(fields, coordinates)
        density = jets.to_functions(jets.to_jets(density))
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
    def lattice(self) -> tuple[sympy.Symbol, ...]:
        """The lattice labels: arguments of all fields that are no coordinates, n of q(n, t); or ()."""
        return lattice_labels(self.fields, self.coordinates)

    @cached_property
    def jets(self) -> JetSpace:
        """The jet space of the fields over the coordinates, at one site of a lattice."""
        return jet_space(self.fields, self.coordinates)

    @cached_property
    def jet_density(self) -> sympy.Expr:
        """The density in plain jet symbols `phi`, `phi_t`, …; raises `ValueError` where it couples sites."""
        return self.jets.to_jets(self.density)

    @cached_property
    def _space(self) -> JetSpace:
        return field_space(self.fields, self.coordinates)

    @cached_property
    def _plain(self) -> sympy.Expr:
        return self._space.to_jets(self.density)

    @cached_property
    def _euler_lagrange(self) -> tuple[sympy.Expr, ...]:
        return tuple(sympy.expand(e) for e in euler_operator(self._plain, self._space))

    def _functions(self, expressions: Sequence[sympy.Expr]) -> tuple[sympy.Expr, ...]:
        return tuple(self._space.to_functions(e) for e in expressions)

    def euler_lagrange(self) -> tuple[sympy.Expr, ...]:
        """E_a(ℒ) = Σ_J (−1)^|J| D_J ∂ℒ/∂φ^a_J in field order; the field equations are E_a = 0.

        A complex field gives E_ψ = δ/δψ and E_ψ̄ = δ/δψ̄. On a lattice E_a = Σ_k S^{−k} E_{q(n+k)}, the
        variation of Σ_n ℒ at the site n.
        """
        return self._functions(self._euler_lagrange)

    def equations_of_motion(self) -> dict[sympy.Expr, sympy.Expr]:
        """{highest time derivative: expression} for each field, from E_a = 0.

        The linear system in all highest time derivatives is solved at once (kinetic matrices need not be
        diagonal; a first-order theory gives φ_t). Raises `ValueError` naming the null direction of a
        degenerate theory, and where the kinetic term couples the sites of a lattice.
        """
        solved = solve_for_leading(self._euler_lagrange, self._space, self._plain)
        return {self._space.to_functions(s): self._space.to_functions(e) for s, e in solved.items()}

    def _momenta(self) -> tuple[sympy.Expr, ...]:
        result = [sympy.S.Zero for _ in self.fields]
        for symbol, (number, index) in self._space.jets_in(self._plain).items():
            if index[0] > 1:
                raise ValueError(f"momenta need at most first time derivatives, got {symbol}")
            if index[0] == 1:
                field, shift = self._space.site(number)
                spatial = raised(index, 0, -1)
                slope = self._space.shifted(sympy.diff(self._plain, symbol), opposite(shift))
                result[field] += (-1) ** sum(spatial) * total_derivatives(slope, spatial, self._space)
        return tuple(result)

    def momenta(self) -> tuple[sympy.Expr, ...]:
        """π_a = δℒ/δφ^a_t = Σ_I (−1)^|I| D_I ∂ℒ/∂φ^a_{tI} over spatial I, in field order.

        On a lattice Σ_{k,I} (−1)^|I| D_I S^{−k} ∂ℒ/∂q^a_{tI}(n + k). Raises `ValueError` for densities with
        higher time derivatives.
        """
        return self._functions(self._momenta())

    def hamiltonian_density(self) -> sympy.Expr:
        """ℋ = π_a φ^a_t − ℒ written in the velocities; its integral over space (its sum over the sites of a
        lattice) is the energy.
        """
        velocity = raised(self.jets.zero, 0)
        terms = [p * self.jets.symbol(a, velocity) for a, p in enumerate(self._momenta())]
        return self._space.to_functions(sympy.expand(sympy.Add(*terms) - self._plain))

    def energy_momentum_tensor(self) -> sympy.ImmutableMatrix:
        """Canonical tensor T^α_β = ∂ℒ/∂(∂_αφ^a) ∂_βφ^a − δ^α_β ℒ; rows α, columns β.

        On solutions ∂_αT^α_β = −∂ℒ/∂x^β (explicit dependence), so it is conserved where ℒ is translation
        invariant. Higher-order densities get the boundary current of the translation in place of the first
        term. Raises `ValueError` where sites of a lattice are coupled.
        """
        return energy_momentum(self.jet_density, self.jets).applyfunc(self.jets.to_functions)

    def noether_current(self, generator: Generator) -> tuple[sympy.Expr, ...]:
        """J^α = P^α(Q) + ξ^αℒ − K^α with ∂_αJ^α + Q^aE_a ≡ 0, for a variational symmetry.

        P^α = ∂ℒ/∂(∂_αφ^a) Q^a for first-order densities; K^α, with pr X(ℒ) + ℒ∂_αξ^α = ∂_αK^α, is found
        here. The identity is verified before the current is returned. Float coefficients are compared to a
        relative 1e-9. On a lattice the components along the coordinates are followed by one a label, with
        ∂_αJ^α + Σ_n (S_n − 1)J^n + Q^aE_a ≡ 0. Raises `ValueError` where X is not a variational symmetry.
        """
        if generator.coordinates != self.coordinates or generator.fields != self.fields:
            raise ValueError(
                f"got a generator on {(*generator.coordinates, *generator.fields)}, "
                f"expected one on {(*self.coordinates, *self.fields)}"
            )
        xi = [self.jets.to_jets(part) for part in generator.xi]
        eta = [self.jets.to_jets(part) for part in generator.eta]
        if isinstance(self._space, LatticeJets):
            return self._functions(lattice_noether_current(self._plain, xi, eta, self._space))
        return self._functions(noether_current(self.jet_density, xi, eta, self.jets))

    def ring(self, count: int | Sequence[int]) -> Lagrangian:
        """Σ_n ℒ over a periodic lattice of `count` sites, in ordinary fields q_0, …, q_{count−1}.

        With several labels `count` holds one number for each, and the fields are q_0_0, q_0_1, …; the label
        itself takes the values 0, …, count − 1. Every function of the package works on the result. Raises
        `ValueError` for theories without lattice labels and for counts that are no positive integers.
        """
        counts = (count,) * len(self.lattice) if isinstance(count, int) else tuple(count)
        if not isinstance(self._space, LatticeJets):
            raise ValueError("got no lattice: ring(count) needs fields that share a label, such as q(n, t)")
        if len(counts) != len(self.lattice) or not all(isinstance(n, int) and n > 0 for n in counts):
            labels = ", ".join(str(n) for n in self.lattice)
            raise ValueError(f"got the count {count}, expected a positive integer for each of ({labels})")
        density, fields = finite_ring(self.density, self._space, counts)
        return Lagrangian(density, fields, self.coordinates, self.parameters)

    def real_form(self, names: Mapping[str, tuple[str, str]] | None = None) -> Lagrangian:
        """The same theory in real fields: ψ = psi_re + i psi_im; names={"psi": ("u", "v")} for ψ = u + iv.

        E_u = E_ψ + E_ψ̄ and E_v = i(E_ψ − E_ψ̄). An imaginary part of the density that is a divergence is
        dropped. Raises `ValueError` where it is none: such an action is not real.
        """
        real, imaginary, fields = in_real_fields(self.density, self.fields, names)
        space = field_space(fields, self.coordinates)
        if not is_null(space.to_jets(imaginary), space):
            raise ValueError(
                "the action is not real: the imaginary part of the density is no divergence; "
                "add the complex conjugate of its terms"
            )
        return Lagrangian(real, fields, self.coordinates, self.parameters)

    def canonical_form(self, digits: int = 10) -> Lagrangian:
        """The representative of all equivalent densities; see `lagrangians.canonical_form`."""
        from lagrangians.canonical import canonical_form

        return canonical_form(self, digits)

    def conserved_charges(self, covectors: Sequence[Sequence[str]] = ()) -> tuple[ConservedCharge, ...]:
        """Energy, momenta, boosts, … that are conserved; see `lagrangians.conserved_charges`."""
        from lagrangians.charges import conserved_charges

        return tuple(conserved_charges(self, covectors))

    def symmetric_energy_momentum_tensor(
        self, metric: Any = None, covectors: Sequence[Sequence[str]] = ()
    ) -> sympy.ImmutableMatrix:
        """Belinfante's tensor; see `lagrangians.symmetric_energy_momentum_tensor`."""
        from lagrangians.energy_momentum import symmetric_energy_momentum_tensor

        return symmetric_energy_momentum_tensor(self, metric, covectors)

    def hamiltonian(self) -> Hamiltonian:
        """ℋ(φ, ∇φ, π) and Hamilton's equations; see `lagrangians.hamiltonian`."""
        from lagrangians.hamiltonian import hamiltonian

        return hamiltonian(self)

    def terms(self) -> list[tuple[sympy.Expr, sympy.Expr]]:
        """(term, coefficient) of the expanded density; coefficients hold numbers and parameters only.

        Order: kinetic, gradient, potential, constant.
        """
        dependent = (
            *self.fields,
            *self.lattice,
            *self.coordinates,
            *self.density.atoms(AppliedUndef, sympy.Derivative),
        )
        collected: dict[sympy.Expr, sympy.Expr] = {}
        for part in sympy.Add.make_args(sympy.expand(self.density)):
            coefficient, term = part.as_independent(*dependent, as_Add=False)
            if part != 0:
                collected[term] = collected.get(term, 0) + coefficient
        kept = ((t, c) for t, c in collected.items() if c != 0)
        return sorted(kept, key=lambda pair: term_order(pair[0], self.lattice))

    def expanded(self) -> Lagrangian:
        """The same density with its terms collected."""
        return self._with(sympy.Add(*(c * t for t, c in self.terms())))

    def without_null_terms(self) -> Lagrangian:
        """Drop each term that alone is a total divergence or free of the fields; the equations stay the
        same.
        """
        kept = [c * t for t, c in self.terms() if not is_null(self._space.to_jets(t), self._space)]
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

        Fields, lattice labels and coordinates are matched by name. With `tolerance` the relative residual of
        the best λ at random jet points decides (for densities with float coefficients); with 0 the identity
        must hold exactly.
        """
        if not isinstance(other, Lagrangian):
            raise ValueError(f"got {type(other).__name__}, expected a Lagrangian to compare with")
        if tolerance > 0 and conjugate_pairs(self.fields):
            if not conjugate_pairs(other.fields):
                return False
            return self.real_form().is_equivalent(other.real_form(), tolerance)
        if self.jets.field_names != other.jets.field_names:
            return False
        if self.jets.coordinate_names != other.jets.coordinate_names:
            return False
        if [n.name for n in self.lattice] != [n.name for n in other.lattice]:
            return False
        rename = dict(
            zip((*other.coordinates, *other.lattice), (*self.coordinates, *self.lattice), strict=True)
        )
        rename |= {p: q for p in other.parameters for q in self.parameters if p.name == q.name}
        mine, theirs = self._euler_lagrange, tuple(e.xreplace(rename) for e in other._euler_lagrange)
        for label in range(len(self.lattice)):
            # a factor λ(n) that varies from site to site is none: the next site must have the same
            step = tuple(int(i == label) for i in range(len(self.lattice)))
            mine, theirs = (
                (*system, *(self._space.shifted(e, step) for e in system)) for system in (mine, theirs)
            )
        return proportional(mine, theirs, self._space, tolerance)

    def jet_text(self) -> str:
        """The density in jet names, `phi_t**2/2 - phi_x**2/2 + cos(phi)`; `parse_lagrangian` reads it back
        exactly. Other sites of a lattice are written `q[n+1]`, `q_t[n-1]`.
        """
        return to_text(self.density, self.lattice)

    def latex(self, digits: int | None = None) -> str:
        r"""LaTeX of the density with jets as subscripts; floats rounded to `digits` significant digits."""
        return to_latex(self.density, digits, self.lattice)

    def __str__(self) -> str:
        return self.jet_text()

    def to_json(self) -> str:
        """JSON text of schema `fieldnet/lagrangian/1`; `from_json` gives back an equal Lagrangian.

        The key `lattice` holds the labels of lattice fields, which come before the coordinates among the
        arguments of the fields that are read.
        """
        try:
            solved = self.equations_of_motion()
            equations = [
                f"{to_text(left)} = {to_text(right, self.lattice)}" for left, right in solved.items()
            ]
        except ValueError:
            equations = []
        content = {
            "schema": SCHEMA,
            "coordinates": list(self.jets.coordinate_names),
            **({"lattice": [n.name for n in self.lattice]} if self.lattice else {}),
            "fields": list(self.jets.field_names),
            "parameters": [p.name for p in self.parameters],
            "density": self.jet_text(),
            "latex": self.latex(),
            "terms": [
                {"term": to_text(t, self.lattice), "coefficient": _json_number(c), "stderr": None}
                for t, c in self.terms()
            ],
            "equations_of_motion": equations,
        }
        return json.dumps(content, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, source: str | Path | Mapping[str, Any]) -> Lagrangian:
        """From a path, JSON text or a mapping with `coordinates`, `fields`, `density` and optionally
        `parameters` and `lattice`.

        Other keys are ignored. Strings go through the allow-list parser. Raises `ValueError` for other
        content, `OSError` for a path that cannot be read.
        """
        content = source if isinstance(source, Mapping) else _read_json(source)
        schema = content.get("schema", SCHEMA)
        if schema != SCHEMA:
            raise ValueError(f"got the schema {schema!r}, expected {SCHEMA!r}")
        lists = {key: content.get(key, []) for key in ("coordinates", "fields", "parameters", "lattice")}
        for key, names in lists.items():
            if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
                raise ValueError(f"expected {key!r} to be a list of names, got {names!r}")
        if not isinstance(content.get("density"), str):
            raise ValueError("expected 'density' to be a string in jet names")
        jets = jet_space(lists["fields"], lists["coordinates"], lists["lattice"])
        parameters = tuple(sympy.Symbol(name) for name in lists["parameters"])
        density = parse_expression(content["density"], jets.fields, jets.coordinates, parameters)
        return cls(density, jets.fields, jets.coordinates, parameters)


def _json_number(coefficient: sympy.Expr) -> float | str:
    real = coefficient.is_number and coefficient.is_real
    return float(coefficient) if real else to_text(floating(coefficient))


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
