"""What `fieldnet simulate --list` shows: all systems, or the initial data and parameters of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lagrangians import to_text
from lagrangians.catalogue import describe
from lagrangians.catalogue.registry import ENTRIES, FAMILIES
from simulations import solutions
from simulations.integrators import INTEGRATORS
from simulations.names import unknown
from simulations.oscillators import FREQUENCIES, INITIAL_PHASES, NETWORKS

from ..systems.defaults import Default, default_of
from ..systems.options import Options
from ..systems.oscillators import COUNT, COUPLING, OSCILLATORS, TRIPLETS
from ..systems.oscillators import DURATION as OSCILLATOR_DURATION
from ..systems.oscillators import FREQUENCIES as DEFAULT_FREQUENCIES
from ..systems.prepare import prepare, system_names
from ..systems.stirring import STIRRINGS
from ..systems.theory import MEANINGS, theory_parameters
from ..systems.turbulence import DURATION as FLOW_DURATION
from ..systems.turbulence import FLOWS, INITIAL
from ..systems.turbulence import NAME as FLOW
from ..systems.turbulence import PARAMETERS as FLOW_PARAMETERS
from ..systems.turbulence import POINTS as FLOW_POINTS

CONSOLE = Console(highlight=False)
if not CONSOLE.is_terminal:
    CONSOLE.width = 132
TITLES = {
    "kuramoto": ("Oscillators on networks", "Kuramoto oscillators of first order, or with --inertia"),
    FLOW: ("Flows", "Navier–Stokes and Euler in two dimensions: dissipative unless --viscosity 0"),
}


def print_systems() -> None:
    """A table of each family: names, titles, parameters with defaults, and what a bare run does."""
    families = [*FAMILIES, "Oscillators on networks", "Flows"]
    for family in families:
        table = _table("system", "", "parameters", "initial data", "t", title=family)
        for name in system_names():
            if _family(name) == family:
                table.add_row(name, _title(name), _parameters(name), *_run(name))
        if table.row_count:
            CONSOLE.print(table)
    _print_meanings("initial data of every field", _meanings(solutions.GENERAL))
    CONSOLE.print("or expressions, as --initial 'phi=exp(-x**2),phi_t=0'; or a field file", markup=False)
    CONSOLE.print(f"Integrators: {', '.join(INTEGRATORS)}")
    CONSOLE.print("fieldnet simulate SYSTEM --list shows what a system's parameters and initial data mean.")


def print_system(name: str) -> None:
    """The equations, parameters and initial data of one system. ValueError for an unknown name."""
    if name not in system_names():
        raise ValueError(unknown("system", name, system_names()))
    CONSOLE.print(f"[bold]{name}[/bold]: {_title(name)}")
    if name in ENTRIES:
        theory = describe(name)
        CONSOLE.print(f"density: {theory.lagrangian.jet_text()}", markup=False)
        for left, right in theory.equations_of_motion.items():
            CONSOLE.print(f"equation: {_text(left, theory)} = {_text(right, theory)}", markup=False)
    if name in OSCILLATORS:
        _print_oscillators()
    elif name == FLOW:
        _print_defaults("parameter", {"viscosity": (2e-3, "ν, set by --viscosity"), **FLOW_PARAMETERS})
        _print_meanings("initial data", {k: (v.meaning, v.parameters) for k, v in FLOWS.items()})
        _print_meanings("--forcing", {k: (v.meaning, v.parameters) for k, v in STIRRINGS.items()})
    else:
        _print_theory(name)
    initial, duration = _run(name)
    CONSOLE.print(f"without options: --initial {initial} --t-end {duration}{_size(name)}", markup=False)


def _print_theory(name: str) -> None:
    meanings = {key: parameter.meaning for key, parameter in ENTRIES[name].parameters.items()}
    defaults = {**theory_parameters(name), **default_of(name).parameters}
    rows = {key: (value, meanings.get(key, MEANINGS.get(key, ""))) for key, value in defaults.items()}
    _print_defaults("parameter", rows)
    if default_of(name).dimension is not None:
        _print_meanings("initial data", _meanings(solutions.available(prepare(Options(name)).system)))
        CONSOLE.print("or expressions, as below; or a field file")
    else:
        CONSOLE.print("initial data: a value for each variable and its time derivative, as below")


def _meanings(kinds: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, tuple[Any, str]]]]:
    """{name: (meaning, {parameter: (default, meaning)})} of the registered initial data."""
    return {
        name: (
            f"{kind.meaning} (exact)" if getattr(kind, "exact", False) else kind.meaning,
            {key: (one.default, one.meaning) for key, one in kind.parameters.items()},
        )
        for name, kind in kinds.items()
    }


def _print_oscillators() -> None:
    for heading, named in (
        ("--initial", INITIAL_PHASES),
        ("--network", NETWORKS),
        ("--frequencies", FREQUENCIES),
    ):
        _print_meanings(
            heading,
            {
                key: (
                    one.meaning,
                    {
                        p: (one.default(p) if key != "all-to-all" else 1.0, m)
                        for p, m in one.parameters.items()
                    },
                )
                for key, one in named.items()
            },
        )
    _print_meanings("--triplets", {key: (one.meaning, one.parameters) for key, one in TRIPLETS.items()})
    CONSOLE.print(
        f"{COUNT} oscillators, --coupling {COUPLING}, --frequencies {DEFAULT_FREQUENCIES} by default; "
        "frequencies take seed=S for random draws; also --harmonics a_1,a_2,…, --phase-lag, --noise-strength",
        markup=False,
    )


def _print_defaults(heading: str, rows: Mapping[str, tuple[Any, str]]) -> None:
    if not rows:
        return
    table = _table(heading, "default", "meaning")
    for key, (default, meaning) in rows.items():
        table.add_row(key, str(default), meaning)
    CONSOLE.print(table)


def _print_meanings(heading: str, kinds: Mapping[str, tuple[str, Mapping[str, tuple[Any, str]]]]) -> None:
    table = _table(heading, "meaning", "key", "default", "")
    for name, (meaning, parameters) in kinds.items():
        rows: Iterable = parameters.items() or [("", ("", ""))]
        for number, (key, (default, words)) in enumerate(rows):
            shown = "" if default in (None, "") else f"{default:.6g}"
            table.add_row(*((name, meaning) if number == 0 else ("", "")), key, shown, words)
    CONSOLE.print(table)


def _table(*headings: str, title: str | None = None) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0)
    return table


def _family(name: str) -> str:
    return ENTRIES[name].family if name in ENTRIES else TITLES[name][0]


def _title(name: str) -> str:
    return ENTRIES[name].title if name in ENTRIES else TITLES[name][1]


def _parameters(name: str) -> str:
    if name in OSCILLATORS:
        return "see options"
    if name == FLOW:
        return "viscosity=0.002"
    values = {**theory_parameters(name), **default_of(name).parameters}
    return " ".join(f"{key}={value}" for key, value in values.items())


def _run(name: str) -> tuple[str, str]:
    if name in OSCILLATORS:
        return "random", f"{OSCILLATOR_DURATION:g}"
    if name == FLOW:
        return INITIAL, f"{FLOW_DURATION:g}"
    return default_of(name).initial, f"{default_of(name).t_end:g}"


def _size(name: str) -> str:
    if name in OSCILLATORS:
        return f" --oscillators {COUNT}"
    default = Default("", 1, 1, 6.2832, FLOW_POINTS, 2) if name == FLOW else default_of(name)
    if default.dimension is None:
        return ""
    return f" --dimension {default.dimension} --length {default.length:g} --points {default.points}"


def _text(expression, theory) -> str:
    return to_text(expression, theory.lagrangian.lattice)
