"""Densities and equations of oscillators typeset as sums over nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..results import Discovery, Network
from .wording import html, symbol


@dataclass(frozen=True)
class Form:
    """A formula as MathML (inside `<mrow>`) and as LaTeX."""

    mathml: str
    latex: str


def potential_form(discovery: Discovery) -> Form:
    """V(θ) and the gradient flow that it drives."""
    theta = _Letter(discovery)
    mathml = (
        f"<mi>V</mi><mo>=</mo><mo>−</mo>{_sum('i')}{_sub('m', 'i')}{_sub('ω', 'i')}{theta.at('i')}<mo>+</mo>"
        f"{_sum('i<j')}{_sub('m', 'i')}{_bond(theta)}"
    )
    latex = (
        rf"V = -\sum_i m_i\omega_i{theta.latex}_i"
        rf" + \sum_{{i<j}} m_iK_{{ij}}\left(1 - \cos({theta.latex}_i - {theta.latex}_j)\right)"
    )
    return Form(mathml, latex)


def flow_form(discovery: Discovery) -> Form:
    """m_iθ̇_i = −∂V/∂θ_i."""
    theta = _Letter(discovery)
    mathml = (
        f"{_sub('m', 'i')}{theta.dotted('i', 1)}<mo>=</mo><mo>−</mo>"
        f"<mfrac><mrow><mi>∂</mi><mi>V</mi></mrow><mrow><mi>∂</mi>{theta.at('i')}</mrow></mfrac>"
    )
    return Form(mathml, rf"m_i\dot{{{theta.latex}}}_i = -\frac{{\partial V}}{{\partial {theta.latex}_i}}")


def dissipation_form(discovery: Discovery) -> Form:
    """𝓡 = ½Σ_i γ_iθ̇_i²."""
    theta = _Letter(discovery)
    mathml = f"<mi>𝓡</mi><mo>=</mo>{_half()}{_sum('i')}{_sub('γ', 'i')}{theta.squared_velocity()}"
    return Form(mathml, rf"\mathcal{{R}} = \tfrac12\sum_i \gamma_i{theta.dotted_latex(1)}^2")


class _Letter:
    """The letter of the phases, from the name of the field."""

    def __init__(self, discovery: Discovery):
        name = str(discovery.model.field)
        self.mathml = f"<mi>{html(symbol(name))}</mi>"
        self.latex = rf"\{name}" if symbol(name) != name else rf"\mathit{{{name.replace('_', '')}}}"

    def at(self, index: str) -> str:
        return f"<msub>{self.mathml}<mi>{index}</mi></msub>"

    def dotted(self, index: str, order: int) -> str:
        dots = "˙" if order == 1 else "¨"
        return f"<msub><mover>{self.mathml}<mo>{dots}</mo></mover><mi>{index}</mi></msub>"

    def squared_velocity(self) -> str:
        dotted = f"<mover>{self.mathml}<mo>˙</mo></mover>"
        return f"<msubsup>{dotted}<mi>i</mi><mn>2</mn></msubsup>"

    def dotted_latex(self, order: int) -> str:
        return rf"\{'d' * order}ot{{{self.latex}}}_i"


def _sub(letter: str, index: str) -> str:
    letters = "".join(f"<mi>{i}</mi>" for i in index)
    return f"<msub><mi>{letter}</mi><mrow>{letters}</mrow></msub>"


def _sum(index: str) -> str:
    shown = "".join("<mo>&lt;</mo>" if i == "<" else f"<mi>{i}</mi>" for i in index)
    return f"<munder><mo>∑</mo><mrow>{shown}</mrow></munder>"


def _half() -> str:
    return "<mfrac><mn>1</mn><mn>2</mn></mfrac>"


def _bond(theta: _Letter) -> str:
    """K_ij (1 − cos(θ_i − θ_j))."""
    cosine = f"<mi>cos</mi><mo>(</mo>{theta.at('i')}<mo>−</mo>{theta.at('j')}<mo>)</mo>"
    return f"{_sub('K', 'ij')}<mo>(</mo><mn>1</mn><mo>−</mo>{cosine}<mo>)</mo>"


def _pull(discovery: Discovery, network: Network, sign: str) -> tuple[str, str]:
    """± ω_i ± Σ_j K_ij sin(θ_j − θ_i − α) as MathML and LaTeX, with a leading sign only for minus."""
    theta = _Letter(discovery)
    lag, lag_latex = ("<mo>−</mo><mi>α</mi>", r" - \alpha") if network.phase_lag else ("", "")
    first = "<mo>−</mo>" if sign == "−" else ""
    mathml = (
        f"{first}{_sub('ω', 'i')}<mo>{sign}</mo>{_sum('j')}{_sub('K', 'ij')}"
        f"<mi>sin</mi><mo>(</mo>{theta.at('j')}<mo>−</mo>{theta.at('i')}{lag}<mo>)</mo>"
    )
    s = "-" if sign == "−" else "+"
    latex = (
        rf"{'- ' if s == '-' else ''}\omega_i {s} \sum_j K_{{ij}}"
        rf"\sin({theta.latex}_j - {theta.latex}_i{lag_latex})"
    )
    return mathml, latex


def _left(discovery: Discovery, network: Network) -> tuple[str, str]:
    """θ̇_i, θ̈_i or θ̈_i + γ_iθ̇_i."""
    theta = _Letter(discovery)
    if network.inertia is None:
        return theta.dotted("i", 1), theta.dotted_latex(1)
    if network.damping is None or not np.any(network.damping):
        return theta.dotted("i", 2), theta.dotted_latex(2)
    friction = f"{theta.dotted('i', 2)}<mo>+</mo>{_sub('γ', 'i')}{theta.dotted('i', 1)}"
    return friction, rf"{theta.dotted_latex(2)} + \gamma_i{theta.dotted_latex(1)}"


def motion(discovery: Discovery, network: Network) -> Form:
    left, left_latex = _left(discovery, network)
    right, right_latex = _pull(discovery, network, "+")
    return Form(f"{left}<mo>=</mo>{right}", f"{left_latex} = {right_latex}")


def squares(discovery: Discovery, network: Network) -> Form:
    left, left_latex = _left(discovery, network)
    pull, pull_latex = _pull(discovery, network, "−")
    inner = f"<msup><mrow><mo>(</mo>{left}{pull}<mo>)</mo></mrow><mn>2</mn></msup>"
    return Form(
        f"<mi>ℒ</mi><mo>=</mo>{_half()}{_sum('i')}{inner}",
        rf"\mathcal{{L}} = \tfrac12\sum_i\Big({left_latex} {pull_latex}\Big)^2",
    )


def energy(discovery: Discovery, weight: np.ndarray) -> Form:
    theta = _Letter(discovery)
    heavy = not np.all(weight == 1)
    m, m_latex = (_sub("m", "i"), "m_i") if heavy else ("", "")
    mathml = (
        f"<mi>ℒ</mi><mo>=</mo>{_half()}{_sum('i')}{m}{theta.squared_velocity()}"
        f"<mo>+</mo>{_sum('i')}{m}{_sub('ω', 'i')}{theta.at('i')}<mo>−</mo>{_sum('i<j')}{m}{_bond(theta)}"
    )
    latex = (
        rf"\mathcal{{L}} = \tfrac12\sum_i {m_latex}{theta.dotted_latex(1)}^2"
        rf" + \sum_i {m_latex}\omega_i{theta.latex}_i"
        rf" - \sum_{{i<j}} {m_latex}K_{{ij}}\left(1 - \cos({theta.latex}_i - {theta.latex}_j)\right)"
    )
    return Form(mathml, latex)
