"""A library of density terms in one line of text."""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from lagrangians import ParseError, parse_expression
from lagrangians.jets import JetSpace
from lagrangians.parser import LATTICE_TOKEN, tokens_of

from .euler_map import euler_atoms
from .library import FEATURES


def parse_library(text: str, jets: JetSpace) -> tuple[tuple[str, ...], tuple[sympy.Expr, ...]]:
    """(families, terms) of one line such as `auto + cos(2.5*phi), phi_x**4`.

    Terms are separated by commas or by `+`, each with a coefficient of its own; a sum with fixed
    coefficients stands in parentheses, (phi_t**2 - phi_x**2). A family is `auto` or one of
    `FEATURES`. Raises `ParseError`, with the position, for anything outside of the allow-list of
    `parse_expression`, for explicit coordinates and for total divergences.
    """
    families: list[str] = []
    terms: list[sympy.Expr] = []
    for piece, start in _pieces(text):
        if piece in ("auto", *FEATURES) and piece not in jets.field_names:
            families.append(piece)
            continue
        try:
            term = jets.to_jets(parse_expression(piece, jets.fields, jets.coordinates))
            gives_equation = any(euler_atoms(term, jets))
        except ParseError as error:
            raise ParseError(f"in the library: {error.reason}", start + error.position) from None
        except ValueError as error:
            raise ParseError(f"in the library: {error}", start) from None
        if not gives_equation:
            raise ParseError(
                f"in the library: the term {piece} is a total divergence and gives no equation; leave it out",
                start,
            )
        terms.append(term)
    return tuple(families), tuple(terms)


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """(text of a term, where it starts), split at commas and at `+` outside of parentheses."""
    depth, start, before = 0, 0, ""
    for kind, token, position in tokens_of(text, LATTICE_TOKEN):
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
