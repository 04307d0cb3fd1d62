"""What the commands print: the Lagrangian, the equations, the verdict and the conservation table."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import sympy
from rich.console import Console
from rich.table import Table

from lagrangians import parse_expression, to_text
from lagrangians.printing import rounded

from ..conservation import ConservedCharge, LocalConservation
from ..demo import Comparison, DemoResult
from ..report.about import jets_of
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
    if discovery.extra.get("fitted_equations"):
        _print_regression(discovery)
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
        floor, tracked = fit.get("rollout_floor"), fit.get("rollout_tracked")
        print(
            f"  rollout     relative error {float(discovery.rollout_error[:, -1].max()):.2e} "
            f"at t = {last:.4g}"
            + (f", noise alone {floor:.2e}" if floor else "")
            + (f"; follows the data for {tracked:.3g} of {fit['rollout_duration']:.3g}" if tracked else "")
        )
        if fit.get("chaotic"):
            print(f"  chaos       Lyapunov time {fit['lyapunov_time']:.3g}")
    elif fit.get("rollout_stopped"):
        print(f"  rollout     {fit['rollout_stopped']}")
    _print_conservation(discovery)


def print_comparison(result: DemoResult) -> None:
    """Coefficients beside those that were simulated."""
    _print_truth("truth", result.comparison)
    if result.beside is not None and result.beside_comparison is not None:
        title = f"by weak regression, in {result.beside.fit['seconds']:.0f} s: {result.beside.verdict}"
        _print_truth(title, result.beside_comparison)


def _print_truth(title: str, comparison: Sequence[Comparison]) -> None:
    table = Table("quantity", "simulated", "found", "relative error", title=title, title_justify="left")
    for row in comparison:
        table.add_row(row.quantity, f"{row.truth:.6g}", f"{row.found:.6g}", f"{row.error:.1e}")
    CONSOLE.print(table)


def _short(equation: str, discovery: Discovery) -> str:
    left, _, right = equation.partition(" = ")
    jets = jets_of(discovery)
    expression = parse_expression(right, jets.fields, jets.coordinates)
    return f"{left} = {to_text(rounded(sympy.sympify(expression), 6))}"


def _print_regression(discovery: Discovery) -> None:
    """Relation to a potential, noise, families, 95% intervals, what the verdict rests on."""
    fit, extra, evidence = discovery.fit, discovery.extra, discovery.evidence
    if evidence.get("potential"):
        print(f"  potential   {evidence['potential']}")
    levels = ", ".join(f"{name} {100 * item['relative']:.2g}%" for name, item in extra["noise"].items())
    print(f"  noise       {levels} of the standard deviation, as estimated from the data")
    own = fit["tried"].get(fit["features"])
    others = ", ".join(
        f"{name} +{item['criterion'] - own['criterion']:.3g}"
        for name, item in (fit["tried"] if own else {}).items()
        if name != fit["features"]
    )
    print(f"  family      {fit['features']}" + (f"; criterion of the others {others}" if others else ""))
    for term in discovery.terms:
        if term.stderr:
            low, high = (term.coefficient + sign * 1.959964 * term.stderr for sign in (-1, 1))
            print(f"  95%         {term.term}: {low:.6g} … {high:.6g}")
    if evidence.get("failed"):
        print(f"  evidence    {evidence['failed']}")
    for key, label in (("rayleigh", "Rayleigh"), ("caldirola_kanai", "explicit t")):
        if evidence.get(key):
            print(f"  {label:<11} {_cut(str(evidence[key]))}")
    if extra.get("family"):
        print(f"  family      {len(extra['family'])} independent densities give these equations")
    for pair in extra.get("rivals", ())[:MANY]:
        print(f"  rivals      {', '.join(pair['kept'])} or {', '.join(pair['instead'])}")


def _cut(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"


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
    _print_audit(
        ("charge", "generator", "relative drift", "noise alone", "control drift", ""),
        [(c, c.relative_drift, c.noise_drift, c.control_drift) for c in audit.charges],
    )
    if audit.local:
        _print_audit(
            ("current", "generator", "‖∂J‖/‖∂_tJ⁰‖", "noise alone", "control", ""),
            [(item, item.residual, item.noise_residual, item.control_residual) for item in audit.local],
        )


def _print_audit(
    headings: Sequence[str], rows: Sequence[tuple[ConservedCharge | LocalConservation, float, float, float]]
) -> None:
    """Without the columns on noise where the data have none."""
    noisy = any(noise > 0 for _, _, noise, _ in rows)
    table = Table(title_justify="left")
    for n, heading in enumerate(headings):
        if noisy or n not in (3, 5):
            table.add_column(heading, overflow="fold")
    for item, figure, noise, control in rows:
        cells = [
            item.name,
            _generator(str(item.generator)),
            f"{figure:.1e}",
            f"{noise:.1e}",
            f"{control:.1e}",
        ]
        table.add_row(*cells, item.verdict) if noisy else table.add_row(*cells[:3], cells[4])
    CONSOLE.print(table)


def _generator(text: str) -> str:
    """With numbers to six digits, cut where it is long."""
    text = re.sub(r"\d+\.\d{5,}", lambda number: f"{float(number[0]):.6g}", text)
    return text if len(text) <= 40 else f"{text[:37]}…"
