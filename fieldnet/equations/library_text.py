"""A library of density terms in one line of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import sympy

from lagrangians import ParseError, parse_expression, to_text
from lagrangians.jets import JetSpace
from lagrangians.parser import LATTICE_TOKEN, tokens_of

from .euler_map import euler_atoms
from .library import FEATURES

HIGHEST = 4
"""Derivatives along one coordinate that test functions take from the data."""


def parse_library(text: str, jets: JetSpace) -> tuple[tuple[str, ...], tuple[sympy.Expr, ...]]:
    """(families, terms) of one line such as `auto + cos(2.5*phi), phi_x**4`.

    Terms are separated by commas or by `+`, each with a coefficient of its own; a sum with fixed
    coefficients stands in parentheses, (phi_t**2 - phi_x**2). A family is `auto` or one of
    `FEATURES`. Raises `ParseError`, with the position, for anything outside of the allow-list of
    `parse_expression`, for explicit coordinates, for total divergences, and for more derivatives than the
    test functions have.
    """
    families: list[str] = []
    terms: list[sympy.Expr] = []
    for piece, start in _pieces(text):
        if piece in ("auto", *FEATURES) and piece not in jets.field_names:
            families.append(piece)
            continue
        try:
            term = jets.to_jets(parse_expression(piece, jets.fields, jets.coordinates))
            equations = euler_atoms(term, jets)
        except ParseError as error:
            raise ParseError(f"in the library: {error.reason}", start + error.position) from None
        except ValueError as error:
            raise ParseError(f"in the library: {error}", start) from None
        if not any(equations):
            raise ParseError(
                f"in the library: the term {piece} is a total divergence and gives no equation; leave it out",
                start,
            )
        order = max(n for equation in equations for atom in equation for n in atom.derivative)
        if order > HIGHEST:
            raise ParseError(
                f"in the library: the equation of {piece} has {order} derivatives along one coordinate, "
                f"expected at most {HIGHEST}; leave it out",
                start,
            )
        terms.append(term)
    return tuple(families), tuple(terms)


def require_finite(terms: Iterable[sympy.Expr], jets: JetSpace, values: Sequence[np.ndarray]) -> None:
    """Raise ValueError for a term whose equations are not finite on the data, as of log φ where φ < 0.

    Functions that hold derivatives of the data are not looked at. shape: values (…) of each field
    """
    symbols = [jets.symbol(a) for a in range(len(values))]
    for term in terms:
        functions = {atom.function for equation in euler_atoms(term, jets) for atom in equation}
        for function in functions:
            if jets.order(function):
                continue
            with np.errstate(all="ignore"):
                evaluated = sympy.lambdify(symbols, function, "numpy")(*values)
            if not np.isfinite(evaluated).all():
                raise ValueError(
                    f"in the library: the equation of {to_text(term)} is not finite on these data; "
                    "leave the term out, or shift or scale the field inside of it"
                )


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """(text of a term, where it starts), split at commas and at `+` outside of parentheses."""
    depth, start, before = 0, 0, ""
    try:
        tokens = list(tokens_of(text, LATTICE_TOKEN))
    except ParseError as error:
        raise ParseError(f"in the library: {error.reason}", error.position) from None
    for kind, token, position in tokens:
        separates = depth == 0 and (token == "," or (token == "+" and before not in ("", *"+-*/,", "**")))
        if depth == 0 and token == "-" and before not in ("", *"+-*/,", "**"):
            raise ParseError(
                "in the library: got a difference of terms, expected terms separated by ',' or '+', "
                "and parentheses around combinations with fixed coefficients",
                position,
            )
        if separates or kind == "end":
            piece = text[start:position]
            if not piece.strip():
                raise ParseError("in the library: expected a term", start)
            yield piece.strip(), start + len(piece) - len(piece.lstrip())
            start = position + 1
        depth += {"(": 1, ")": -1}.get(token, 0)
        before = "" if separates else token
