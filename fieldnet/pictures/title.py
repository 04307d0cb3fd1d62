"""The theory of a file, from its attributes, as the title of a picture."""

from __future__ import annotations

import re

from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text

from lagrangians import Lagrangian, ParseError, parse_equation, parse_lagrangian, to_latex
from simulations.files.conventions import field_names

from ..report.wording import one_line, symbols
from .shown import Shown

SIZES = (11.0, 10.0, 9.0, 8.0, 7.0)
"""Points; the largest that fits the width is taken."""
DIGITS = 5
CHAIN_LABEL = "n"
"""Of the sites, as in q[n+1]; the catalogue's chains have it."""
LONGEST = 110
"""Characters of a title that cannot be typeset."""


def theory_of(shown: Shown) -> Lagrangian | None:
    """The attribute `density` as a Lagrangian, by the allow-list parser; None for what it does not read."""
    text = shown.dataset.attrs.get("density")
    if not isinstance(text, str):
        return None
    try:
        return parse_lagrangian(text, field_names(shown.dataset), _coordinates(shown), (), _labels(shown))
    except (ValueError, RecursionError):
        return None


def formulas(shown: Shown) -> list[str]:
    """LaTeX without dollars, the best first: the density, the equations; empty where none can be read."""
    theory = theory_of(shown)
    found = [] if theory is None else [rf"\mathcal{{L}} = {_latex(theory.density)}"]
    text = shown.dataset.attrs.get("equation")
    if isinstance(text, str):
        names = list(field_names(shown.dataset))
        if shown.flow:
            text, names = text.replace("vorticity", "omega"), ["omega", "psi"]
        try:
            sides = [
                parse_equation(
                    part, names, _coordinates(shown), ("f",) if "f" not in names else (), _labels(shown)
                )
                for part in text.split(";")
            ]
        except (ParseError, ValueError, RecursionError):
            return found
        found.append(r",\quad ".join(f"{_latex(left)} = {_latex(right)}" for left, right in sides))
    return found


def add_title(figure: Figure, shown: Shown, *, width: float | None = None) -> Text:
    """Put the theory above the figure, and the sample and field where there are several."""
    note = _note(shown)
    width = (width or figure.get_figwidth()) * 72 * 0.96
    parser = MathTextParser("path")
    for formula in formulas(shown):
        math = f"${formula}$" + (f"    {note}" if note else "")
        try:
            natural = parser.parse(math.replace("    ", r"\ "), dpi=72).width / 10  # at 10 points
        except ValueError:
            continue
        fitting = [size for size in SIZES if natural * size <= width]
        if fitting:
            title = figure.suptitle(math, fontsize=fitting[0])
            title.set_parse_math(True)
            return title
    text = shown.dataset.attrs.get("equation", shown.dataset.attrs.get("density", shown.field))
    plain = symbols(_by_hand(one_line(text), shown))
    plain = plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
    return figure.suptitle(plain + (f"    {note}" if note else ""), fontsize=10)


def _by_hand(equation: str, shown: Shown) -> str:
    """Of oscillators time derivatives of a node as dots, sums as Σ; of a flow ω, and powers of ∇²."""
    letters: tuple[tuple[str, str], ...] = ()
    if shown.oscillators:
        letters = (("theta_i_tt", "θ̈_i"), ("theta_i_t", "θ̇_i"), ("sum_j ", "Σ_j\u2009"))
    if shown.flow:
        letters = (("vorticity", "ω"), ("(-laplacian)", "(−∇²)"))
        equation = re.sub(r"\*\*(\d)", lambda power: "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(power[1])], equation)
    for name, letter in letters:
        equation = equation.replace(name, letter)
    return equation


def _note(shown: Shown) -> str:
    count, several = shown.dataset.sizes["sample"], len(field_names(shown.dataset)) > 1
    parts = [f"sample {shown.sample} of {count}"] if count > 1 else []
    return ", ".join([f"field {one_line(shown.field)}", *parts] if several else parts)


def _latex(expression) -> str:
    return re.sub(r"\\operatorname\{(\w+)\}", r"\\mathrm{\1}", to_latex(expression, DIGITS))


def _coordinates(shown: Shown) -> tuple[str, ...]:
    return ("t", *(axis for axis in shown.axes if axis != "node"))


def _labels(shown: Shown) -> tuple[str, ...]:
    return (CHAIN_LABEL,) if shown.chain else ()
