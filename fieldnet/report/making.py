"""The sections on how it was made: training, models tried, settings, versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..results import Discovery
from .about import by_regression
from .charts import draw_losses
from .drawing import inline
from .page import Section, details, figure, paragraph, record
from .tables import table
from .wording import DASH, html, sentence, short, symbols

Entry = tuple[str, str]


def training_section(discovery: Discovery) -> Section | None:
    """Loss curves and the table of models tried."""
    histories = {name: h for name, h in discovery.histories.items() if h.train}
    tried = discovery.fit.get("tried") or {}
    body = ""
    if histories:
        drawing = draw_losses(histories, discovery.chosen)
        caption = (
            "Training losses (solid) and held-out losses (dashed) of each model; 1 is no better than nothing."
        )
        body += figure(inline(drawing, "losses", "Loss curves of each model"), caption)
    if isinstance(tried, Mapping) and tried:
        body += _tried(tried, discovery)
    explanation = discovery.fit.get("explanation")
    if explanation:
        body += paragraph(
            f"<strong>Held out against training.</strong> {html(sentence(explanation))}", note=True
        )
    title = "Families tried" if by_regression(discovery) else "Training"
    return Section("training", title, body) if body else None


def method_section(discovery: Discovery) -> Section:
    """Method, settings, versions, time, and the path of the selection."""
    fit = discovery.fit
    entries: list[Entry] = []
    _add(entries, "Method", fit.get("method"))
    _add(entries, "Features", fit.get("features"))
    _add(
        entries,
        "Not tried, as its functions overflow on these data",
        ", ".join(fit.get("left_out") or ()) or None,
    )
    _add(entries, "Boundary", fit.get("boundary"))
    _add(entries, "Order", fit.get("order"))
    if fit.get("half_points"):
        widths = ", ".join(str(n) for n in fit["half_points"])
        entries.append(("Half widths of the test functions", html(f"{widths} grid steps along t, x, …")))
    for key, name in (
        ("residual", "Residual, training"),
        ("held_out_residual", "Residual, held out"),
        ("held_out_residual_with_derivative", "the same with ∂ in place of L̂"),
    ):
        if fit.get(key) is not None:
            entries.append((name, short(float(fit[key]))))
    if fit.get("rollout_error") is not None:
        entries.append(("Rollout error at the end", short(float(fit["rollout_error"]))))
    _add(entries, "Rollout stopped", fit.get("rollout_stopped"))
    if fit.get("lyapunov_exponent") is not None:
        exponent = f"{fit['lyapunov_exponent']:.2g} ± {fit['lyapunov_stderr']:.1g}"
        time = f", Lyapunov time {fit['lyapunov_time']:.3g}" if fit.get("chaotic") else ", no chaos shown"
        entries.append(("Largest Lyapunov exponent", html(exponent + time)))
    _add(entries, "No Lyapunov time", fit.get("lyapunov_stopped"))
    _add(entries, "No audit", fit.get("audit_stopped"))
    options = fit.get("options")
    if isinstance(options, Mapping):
        chosen = "; ".join(f"{k} = {v}" for k, v in options.items() if v is not None)
        entries.append(("Options", html(chosen)))
    _add(entries, "Seed", fit.get("seed"))
    versions = fit.get("versions")
    if isinstance(versions, Mapping):
        entries.append(("Versions", html(", ".join(f"{name} {v}" for name, v in versions.items()))))
    if fit.get("seconds") is not None:
        entries.append(("Time taken", f"{float(fit['seconds']):.0f} s"))
    return Section("method", "How it was made", record(entries) + _elimination(fit.get("elimination")))


def _add(entries: list[Entry], name: str, value: Any) -> None:
    if value is not None:
        entries.append((name, html(value)))


def _tried(tried: Mapping[str, Any], discovery: Discovery) -> str:
    columns = [
        (key, name)
        for key, name in (
            ("residual", "residual, training"),
            ("held_out_residual", "residual, held out"),
            ("terms", "terms kept"),
            ("criterion", "criterion"),
            ("train_loss", "loss, training"),
            ("held_out_loss", "loss, held out"),
        )
        if any(key in entry for entry in tried.values())
    ]
    rows = []
    for name, entry in tried.items():
        cells = [_cell(entry.get(key)) for key, _ in columns]
        rows.append([html(symbols(str(name))), *cells])
    names = list(tried)
    chosen = next((n for n, name in enumerate(names) if discovery.chosen in (name, f"{name} features")), None)
    caption = (
        "Models tried; the chosen one is bold. The held-out residual chooses, among equals the fewest terms"
    )
    if by_regression(discovery):
        caption = (
            "Families of potentials tried; the chosen one is bold. The extended Bayesian information "
            "criterion chooses, the smaller the better"
        )
    header = ["model", *(name for _, name in columns)]
    return table(caption, header, rows, numeric=range(1, len(header)), chosen=chosen)


def _cell(value: Any) -> str:
    if value is None:
        return DASH
    return str(value) if isinstance(value, int) else short(float(value))


def _elimination(steps: Any) -> str:
    if not steps:
        return ""
    rows = [
        [
            f"<code>{html(step.get('dropped'))}</code>",
            short(step.get("residual")),
            short(step.get("standard_error")),
        ]
        for step in steps
    ]
    caption = "Terms in the order in which they were dropped, and the cross-validated residual without them"
    header = ["dropped", "residual", "standard error"]
    return details("Path of the selection", table(caption, header, rows, numeric=(1, 2)))
