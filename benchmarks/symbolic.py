"""The symbolic ground floor: each job in fresh processes, medians, SymPy's own calls beside ours."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

RUNS = 5
IMPORT_RUNS = 11

FIELD = "import sympy; t, x = sympy.symbols('t x'); u = sympy.Function('u')(t, x)"
HIGGS = """
import sympy
x = sympy.symbols('t x y z')
phi = [sympy.Function(f'phi_{a}')(*x) for a in range(4)]
lam, v = sympy.symbols('lambda_ v')
kinetic = sum(f.diff(x[0])**2 - sum(f.diff(y)**2 for y in x[1:]) for f in phi) / 2
density = kinetic - lam * (sum(f**2 for f in phi) - v**2)**2
"""
JOBS = {
    "symmetries of Sine-Gordon": (
        "from lagrangians import catalogue, find_symmetries",
        "a = find_symmetries(catalogue.sine_gordon()); a.name",
        2.0,
    ),
    "symmetries of Korteweg–de Vries": (
        f"{FIELD}; from lagrangians import find_symmetries",
        "a = find_symmetries(u.diff(t) + 6*u*u.diff(x) + u.diff(x, 3)); a.name",
        20.0,
    ),
    "symmetries of cubic Schrödinger, degree 1": (
        "from lagrangians import catalogue, find_symmetries",
        "a = find_symmetries(catalogue.nonlinear_schroedinger()); a.name",
        20.0,
    ),
    "symmetries of cubic Schrödinger, degree 2": (
        "from lagrangians import catalogue, find_symmetries",
        "a = find_symmetries(catalogue.nonlinear_schroedinger(), degree=2); a.name",
        20.0,
    ),
    "Euler–Lagrange of a Higgs quartet in 3+1": (
        f"{HIGGS}\nfrom lagrangians import Lagrangian",
        "Lagrangian(density, tuple(phi), x).euler_lagrange()",
        1.0,
    ),
    "the same by SymPy's euler_equations": (
        f"{HIGGS}\nfrom sympy.calculus.euler import euler_equations",
        "euler_equations(density, phi, x)",
        None,
    ),
}


def measure() -> dict[str, Any]:
    """{job: median seconds and target}, and the ratio of import times."""
    times: dict[str, list[float]] = {name: [] for name in JOBS}
    for _ in range(RUNS):
        for name, (preparation, statement, _) in JOBS.items():
            times[name].append(_timed(preparation, statement))
    jobs = {
        name: {"seconds": round(statistics.median(times[name]), 3), "target": JOBS[name][2]} for name in JOBS
    }
    imports: dict[str, list[float]] = {"sympy": [], "lagrangians": []}
    for _ in range(IMPORT_RUNS):
        for module in imports:
            imports[module].append(_timed("", f"import {module}"))
    medians = {module: statistics.median(values) for module, values in imports.items()}
    return {
        "runs": RUNS,
        "jobs": jobs,
        "import": {
            **{f"{module} seconds": round(value, 3) for module, value in medians.items()},
            "ratio": round(medians["lagrangians"] / medians["sympy"], 3),
            "target": 1.2,
        },
    }


def _timed(preparation: str, statement: str) -> float:
    """Seconds for a statement in a fresh interpreter, after the preparation."""
    clock = "import time\nstart = time.perf_counter()"
    code = "\n".join([preparation, clock, statement, "print(time.perf_counter() - start)"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])
