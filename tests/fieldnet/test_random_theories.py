"""Random variational theories: draw one, simulate it, add noise, recover it, compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from sympy.simplify.fu import TR8

from fieldnet import Discovery, discover_lagrangian
from lagrangians import parse_equation

from .theories_at_random import RandomTheory, one_field, theories

ACCURACY = 1e-4
"""No coefficient is claimed to a better relative accuracy."""
SIGMAS = 5.0
Coefficients = dict[sympy.Expr, float]


def drawn(examples: int) -> settings:
    phases, every = (Phase.generate,), list(HealthCheck)
    return settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, phases=phases, suppress_health_check=every
    )


def coefficients(expression: sympy.Expr) -> Coefficients:
    """{term without its number: number}; sinh and cosh as exponentials, products of sines as sums."""
    half = sympy.Rational(1, 2)
    plain = expression.replace(sympy.cosh, lambda a: half * (sympy.exp(a) + sympy.exp(-a)))
    plain = plain.replace(sympy.sinh, lambda a: half * (sympy.exp(a) - sympy.exp(-a)))
    found: Coefficients = {}
    for term in sympy.Add.make_args(sympy.expand(TR8(sympy.expand(plain)))):
        number, rest = term.as_coeff_Mul()
        found[rest] = found.get(rest, 0.0) + float(number)
    return {term: number for term, number in found.items() if abs(number) > 1e-12}


def truth(theory: RandomTheory) -> dict[str, Coefficients]:
    solved = theory.lagrangian().equations_of_motion()
    return {str(left.expr.func): coefficients(right) for left, right in solved.items()}


def deviations(content: Mapping, theory: RandomTheory) -> tuple[list[float], list[str]]:
    """((found − true)/stated error of every fitted coefficient, true terms that are not among them)."""
    z, missing = [], []
    for field, expected in truth(theory).items():
        left = dict(expected)
        for row in content["fitted_equations"][field]:
            if row["stderr"] == 0:  # the target
                continue
            try:
                ((term, unit),) = coefficients(
                    parse_equation(f"{field}_tt = {row['atom']}", theory.fields, ("t", "x"))[1]
                ).items()
            except ValueError:  # D_α of a function
                term, unit = sympy.Symbol(row["atom"]), 1.0
            error = np.hypot(row["stderr"], ACCURACY * row["coefficient"])
            z.append((-row["coefficient"] * unit - left.pop(term, 0.0)) / (error * abs(unit)))
        missing += [f"{field}: {term}" for term in left]
    return z, missing


def outcome(answer: Discovery, theory: RandomTheory) -> str:
    """`right`, `undetermined`, or `wrong: …`."""
    if answer.verdict.startswith("undetermined: "):
        return "undetermined"
    if answer.verdict != "variational":
        return f"wrong: {answer.verdict}"
    content = answer.content()
    z, missing = deviations(content, theory)
    if missing:
        return f"wrong: no {', '.join(missing)}, got {'; '.join(answer.equations)}"
    if max(map(abs, z)) > SIGMAS:
        return f"wrong: {max(map(abs, z)):.3g} standard errors, got {'; '.join(answer.equations)}"
    same = answer.lagrangian.is_equivalent(theory.lagrangian(), tolerance=2e-3 + theory.noise)
    return "right" if same or content["family"] else f"wrong: density {answer.lagrangian.jet_text()}"


@pytest.fixture(scope="module")
def counts() -> Counter:
    return Counter()


@given(one_field())
@drawn(3)
def test_drawn_theories_are_recovered(theory: RandomTheory) -> None:
    data = theory.data()
    assume(data is not None)
    assert outcome(discover_lagrangian(data, closing=False), theory) == "right"


SINE_GORDON = RandomTheory("", ("phi",), "phi_t**2/2 - 0.6*phi_x**2 + cos(phi)", False, 0.02, 1)


def test_other_theories_do_not_pass() -> None:
    """The controls: a coefficient, a term or the kinetic sign changed."""
    answer = discover_lagrangian(SINE_GORDON.data(), closing=False)
    assert outcome(answer, SINE_GORDON) == "right"
    for density in (
        "phi_t**2/2 - 0.6*phi_x**2 + 1.03*cos(phi)",
        "phi_t**2/2 - 0.6*phi_x**2 - phi**2/2",
        "phi_t**2/2 + 0.6*phi_x**2 + cos(phi)",
    ):
        assert outcome(answer, replace(SINE_GORDON, density=density)).startswith("wrong: ")


ROUNDS = 6


@pytest.mark.slow
@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_sixty_drawn_theories(round_number: int, counts: Counter, record_property) -> None:
    """Ten draws a round. Nothing wrong; what is left open is said, and is rare."""
    stated: list[float] = []

    @drawn(10)
    @given(theories, st.just(round_number))
    def each(theory: RandomTheory, _: int) -> None:
        theory = replace(theory, seed=theory.seed + round_number)
        data = theory.data()
        assume(data is not None)
        answer = discover_lagrangian(data, closing=False)
        result = outcome(answer, theory)
        counts[result.split(":")[0]] += 1
        if result == "right" and theory.noise:
            stated.extend(deviations(answer.content(), theory)[0])
        assert not result.startswith("wrong"), f"{theory}: {result}"

    each()
    record_property("outcomes", dict(counts))
