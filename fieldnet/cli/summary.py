"""What the commands print: the Lagrangian, the equations, the verdict and the conservation table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy
from rich.console import Console
from rich.table import Table

from lagrangians import Generator, parse_expression, to_text
from lagrangians.printing import rounded

from ..demo import DemoResult
from ..results import Discovery

CONSOLE = Console(highlight=False, soft_wrap=True)
MANY = 4  # oscillators above which the sum is written instead of its terms
POTENTIAL_FORM = "V = −Σ m_iω_iθ_i + Σ_{i<j} m_iK_ij (1 − cos(θ_i − θ_j))"


def print_summary(discovery: Discovery) -> None:
    """The outcome on standard output."""
    fit = discovery.fit
    CONSOLE.print(f"[bold]{discovery.name}[/bold]: {discovery.verdict}", markup=True)
    if discovery.network is None:
        print(f"  Lagrangian  {to_text(rounded(discovery.lagrangian.density, 6))}")
        for equation in discovery.equations:
            print(f"  equation    {_short(equation, discovery)}")
    else:
        _print_network(discovery)
    print(
        f"  residual    {fit['residual']:.2e} training, {fit['held_out_residual']:.2e} held out"
        + (f"; {fit['explanation']}" if fit.get("explanation") else "")
    )
    for generator in discovery.generators:
        print(
            f"  generator   cosine with ∂_{generator.axis} {generator.cosine:.7f}, symbol within "
            f"{generator.symbol_error:.1e} of k up to k = {generator.band_edge:.3g}"
        )
    if discovery.rollout_error is not None:
        last = float(discovery.held_out["time"][-1])
        print(
            f"  rollout     relative error {float(discovery.rollout_error[:, -1].max()):.2e} "
            f"at t = {last:.4g}"
        )
    elif fit.get("rollout_stopped"):
        print(f"  rollout     {fit['rollout_stopped']}")
    _print_conservation(discovery)


def print_comparison(result: DemoResult) -> None:
    """Coefficients beside those that were simulated."""
    table = Table("quantity", "simulated", "found", "relative error", title="truth", title_justify="left")
    for row in result.comparison:
        table.add_row(row.quantity, f"{row.truth:.6g}", f"{row.found:.6g}", f"{row.error:.1e}")
    CONSOLE.print(table)


def _short(equation: str, discovery: Discovery) -> str:
    left, _, right = equation.partition(" = ")
    jets = discovery.lagrangian.jets
    expression = parse_expression(right, jets.fields, jets.coordinates)
    return f"{left} = {to_text(rounded(sympy.sympify(expression), 6))}"


def _print_network(discovery: Discovery) -> None:
    network = discovery.network
    if network is None:
        return
    edges = int(np.count_nonzero(network.coupling))
    weights = network.coupling[network.coupling != 0]
    span = f"{weights.min():.4g} … {weights.max():.4g}" if len(weights) else "none"
    order = "θ̈_i + γ_iθ̇_i" if network.inertia is not None else "θ̇_i"
    print(f"  equation    {order} = ω_i + Σ_j K_ij sin(θ_j − θ_i), {len(network.coupling)} oscillators")
    print(f"  coupling    {edges} directed edges, K_ij in {span}")
    print(f"  frequencies {network.frequencies.min():.4g} … {network.frequencies.max():.4g}")
    if network.metric is not None:
        print(f"  metric      m_i in {network.metric.min():.4g} … {network.metric.max():.4g}")
    if network.potential is not None:
        print(f"  potential   {network.potential if len(network.coupling) <= MANY else POTENTIAL_FORM}")
    if network.cycle is not None:
        print(f"  cycle       {network.cycle}")


def _print_conservation(discovery: Discovery) -> None:
    audit = discovery.conservation
    if not audit.charges and not audit.local:
        return
    charges = [(c.name, c.generator, c.relative_drift, c.control_drift) for c in audit.charges]
    _print_audit(("charge", "generator", "relative drift", "control drift"), charges)
    if audit.local:
        local = [(item.name, item.generator, item.residual, item.control_residual) for item in audit.local]
        _print_audit(("current", "generator", "‖∂J‖/‖∂_tJ⁰‖", "control"), local)


def _print_audit(headings: Sequence[str], rows: Sequence[tuple[str, Generator, float, float]]) -> None:
    table = Table(*headings, title_justify="left")
    for name, generator, figure, control in rows:
        table.add_row(name, _generator(str(generator)), f"{figure:.1e}", f"{control:.1e}")
    CONSOLE.print(table)


def _generator(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}…"
