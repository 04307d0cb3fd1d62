"""How far an answer is from the truth: term by term, and by its stated errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from sympy.simplify.fu import TR8

from lagrangians import parse_equation, parse_lagrangian

from .theories import Theory

Coefficients = dict[sympy.Expr, float]


def coefficients(expression: sympy.Expr) -> Coefficients:
    """{term without its number: number}, products of sines as sums, sinh and cosh as exponentials."""
    plain = TR8(sympy.expand(expression))
    plain = sympy.expand(plain.rewrite((sympy.sinh, sympy.cosh), sympy.exp))
    found: Coefficients = {}
    for term in sympy.Add.make_args(plain):
        number, rest = term.as_coeff_Mul()
        found[rest] = found.get(rest, 0.0) + float(number)
    return {term: number for term, number in found.items() if number}


def sides(equations: Sequence[str], theory: Theory) -> dict[sympy.Expr, Coefficients]:
    """{left side: coefficients of the right side}; ParseError outside the allow-list."""
    pairs = (parse_equation(text, theory.fields, theory.coordinates) for text in equations)
    return {left: coefficients(right) for left, right in pairs}


def score_equations(equations: Sequence[str], theory: Theory) -> dict[str, Any]:
    """`error`: the largest |c/c_true − 1| over all true terms, where a missing one counts 1.

    `missing`, `spurious`: how many terms are not there, or should not be. All terms of an equation that is
    solved for something else are missing.
    """
    truth, answer = sides(theory.equations, theory), sides(equations, theory)
    worst, missing, spurious = 0.0, 0, 0
    for left, true in truth.items():
        found = answer.get(left, {})
        missing += len(true.keys() - found.keys())
        spurious += len(found.keys() - true.keys())
        worst = max(worst, *(abs(found.get(term, 0.0) / number - 1) for term, number in true.items()))
    return {"error": worst, "missing": missing, "spurious": spurious}


def score_intervals(content: Mapping[str, Any], theory: Theory) -> list[dict[str, Any]]:
    """For every term of the density that has a standard error: its `error`, `stderr`, and `z`, their ratio.

    Both are in units of the true coefficient, at the scale of the first term without error. Terms are
    compared by their Euler–Lagrange expressions, so that densities may differ by divergences; those that the
    truth lacks are left out.
    """
    names = theory.density_fields or theory.fields
    if theory.density is None or len(content["fields"]) != len(names):
        return []
    truth = _variation(theory.density, names, theory)
    found, parts = [], []
    for term in content["terms"]:
        varied = _variation(term["term"], content["fields"], theory)
        part = next((part for part in varied if part in truth), None)
        if part is not None and term["stderr"] is not None:
            unit = varied[part] / truth[part]
            found.append((term["term"], term["coefficient"] * unit, term["stderr"] * abs(unit)))
            parts.append(part)
    fixed = [(part, size) for part, (_, size, stderr) in zip(parts, found, strict=True) if stderr == 0]
    scale = sum(size for part, size in fixed if part == fixed[0][0])  # u_t v and −u v_t share theirs
    if not scale:
        return []
    scored = []
    for term, size, stderr in found:
        if stderr > 0:
            error, stated = size / scale - 1, stderr / abs(scale)
            scored.append({"term": term, "error": error, "stderr": stated, "z": error / stated})
    return scored


def _variation(density: str, names: Sequence[str], theory: Theory) -> dict[tuple[int, sympy.Expr], float]:
    """{(number of the field, term of its Euler–Lagrange expression): coefficient}, fields named by number."""
    lagrangian = parse_lagrangian(density, tuple(names), theory.coordinates)
    numbered = {
        field.func: sympy.Function(f"field{number}") for number, field in enumerate(lagrangian.fields)
    }
    found: dict[tuple[int, sympy.Expr], float] = {}
    for number, expression in enumerate(lagrangian.euler_lagrange()):
        for old, new in numbered.items():
            expression = expression.replace(old, new)
        found |= {(number, term): size for term, size in coefficients(expression).items()}
    return found
