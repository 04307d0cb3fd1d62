"""Symmetries with an arbitrary function, which make the full algebra infinite-dimensional."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sympy

from lagrangians.jets import JetSpace
from lagrangians.symmetries.ansatz import Ansatz, variables
from lagrangians.symmetries.determining import symmetry_conditions
from lagrangians.symmetries.solved_form import SolvedForm


@dataclass(frozen=True)
class Argument:
    """What an arbitrary function may depend on: expressions s_i with symbols λ_i; f is any exp(Σλ_i s_i)."""

    arguments: tuple[sympy.Expr, ...]
    weights: tuple[sympy.Symbol, ...]

    @property
    def wave(self) -> sympy.Expr:
        return sympy.exp(sympy.Add(*(w * s for w, s in zip(self.weights, self.arguments, strict=True))))

    @property
    def text(self) -> str:
        names = [str(s) for s in self.arguments]
        return names[0] if len(names) == 1 else f"({', '.join(names)})"


def arbitrary_functions(equations: Sequence[sympy.Expr], form: SolvedForm, linear: bool) -> tuple[str, ...]:
    """Families of symmetries that hold for every function f of the stated argument, as sentences.

    Tried: f of all coordinates, of one of them, of a null direction of two coordinates, and of one field;
    with components f, ∂f and φf. Exponentials exp(λ·s) for every λ stand for all f (they span the
    functions, and the conditions are linear), powers of λ for the derivatives of f. Linear equations in
    two or more coordinates have the superposition of solutions besides. An empty answer says that none of
    these was found, not that the full algebra is finite. Determined ordinary equations have none, nothing is
    tried for them.
    """
    jets = form.jets
    if len(jets.coordinates) == 1 and len(form.rules) == len(jets.fields):
        return ()
    found = []
    if linear and len(jets.coordinates) > 1:
        found.append("infinite: the superposition of any solution of these linear equations")
    for argument in _arguments(equations, jets):
        if _family(equations, form, argument):
            found.append(f"infinite: an arbitrary function of {argument.text}")
            if len(argument.arguments) > 1:
                break
    return tuple(found)


def _arguments(equations: Sequence[sympy.Expr], jets: JetSpace) -> Iterator[Argument]:
    plain = variables(jets)
    size = len(jets.coordinates)
    if size > 1:
        yield Argument(tuple(plain[:size]), tuple(sympy.Dummy(f"lambda_{x}") for x in jets.coordinate_names))
    for s in (*plain, *_null_directions(equations, jets)):
        yield Argument((s,), (sympy.Dummy("lambda"),))


def _null_directions(equations: Sequence[sympy.Expr], jets: JetSpace) -> list[sympy.Expr]:
    """x + κt with κ a constant root of the characteristic polynomial of one equation in two coordinates."""
    if len(jets.coordinates) != 2 or len(equations) != 1 or len(jets.fields) != 1:
        return []
    present = jets.jets_in(equations[0])
    order = jets.order(equations[0])
    kappa = sympy.Dummy("kappa")
    symbol = sympy.expand(
        sympy.Add(
            *(
                sympy.diff(equations[0], s) * kappa ** index[0]
                for s, (_, index) in present.items()
                if sum(index) == order
            )
        )
    )
    if jets.jets_in(symbol) or symbol.has(*jets.coordinates) or not symbol.has(kappa):
        return []
    t, x = jets.coordinates
    roots = sympy.roots(sympy.Poly(symbol, kappa))
    return [x + root * t for root in roots if root != 0 and root.is_real is not False]


def _family(equations: Sequence[sympy.Expr], form: SolvedForm, argument: Argument) -> bool:
    jets = form.jets
    plain = variables(jets)
    size = len(jets.coordinates)
    wave = argument.wave
    derivatives = [wave, *(w * wave for w in argument.weights)]
    fields = plain[size:]
    directions = [(component, wave) for component in range(size)]
    directions += [
        (component, f * factor)
        for component in range(size, len(plain))
        for f in derivatives
        for factor in (sympy.S.One, *fields)
    ]
    return bool(
        symmetry_conditions(equations, form, Ansatz(jets, tuple(directions)), argument.weights).solutions()
    )
