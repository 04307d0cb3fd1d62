"""The symbolic ground floor: each job in fresh processes, medians, SymPy's own calls beside ours."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
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


OURS, THEIRS = "Euler–Lagrange of a Higgs quartet in 3+1", "the same by SymPy's euler_equations"
SAME = f"""{HIGGS}
from sympy.calculus.euler import euler_equations
from lagrangians import Lagrangian
ours = Lagrangian(density, tuple(phi), x).euler_lagrange()
theirs = euler_equations(density, phi, x)
print(all(sympy.expand(a - b.lhs + b.rhs) == 0 for a, b in zip(ours, theirs, strict=True)))
"""


def measure() -> dict[str, Any]:
    """{job: median seconds, all runs, target}, the ratio to SymPy's `euler_equations` and that of imports.

    Raises `RuntimeError` where ours and SymPy's equations differ: then their times say nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(folder)
        if _output(SAME, environment) != "True":
            raise RuntimeError("the equations differ from those of SymPy's euler_equations")
        for preparation, _, _ in JOBS.values():
            _output(preparation, environment)
        times: dict[str, list[float]] = {name: [] for name in JOBS}
        for _ in range(RUNS):
            for name, (preparation, statement, _) in JOBS.items():
                times[name].append(_timed(preparation, statement, environment))
        imports: dict[str, list[float]] = {"sympy": [], "lagrangians": []}
        for _ in range(IMPORT_RUNS):
            for module in imports:
                imports[module].append(_timed("", f"import {module}", environment))
    jobs = {name: {"timed": JOBS[name][1], **_figures(times[name], JOBS[name][2])} for name in JOBS}
    jobs[OURS]["ratio to SymPy's"] = round(
        statistics.median(times[OURS]) / statistics.median(times[THEIRS]), 3
    )
    ratio = statistics.median(imports["lagrangians"]) / statistics.median(imports["sympy"])
    return {
        "runs": RUNS,
        "jobs": jobs,
        "import": {
            "runs": IMPORT_RUNS,
            **{module: _figures(values, None) for module, values in imports.items()},
            "ratio": round(ratio, 3),
            "target": 1.2,
            "met": ratio <= 1.2,
        },
    }


def _figures(times: list[float], target: float | None) -> dict[str, Any]:
    median = statistics.median(times)
    figures: dict[str, Any] = {"seconds": round(median, 3), "all": [round(t, 3) for t in times]}
    return figures if target is None else {**figures, "target": target, "met": median <= target}


def _environment(folder: str) -> dict[str, str]:
    """One thread, and bytecode kept in `folder`: else a package without cached bytecode is compiled anew
    in each process, and the one beside it not.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": folder, "OMP_NUM_THREADS": "1"}


def _output(code: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"a benchmark failed:\n{done.stderr}")
    return done.stdout.strip()


def _timed(preparation: str, statement: str, environment: dict[str, str]) -> float:
    """Seconds for a statement in a fresh interpreter, after the preparation."""
    clock = "import time\nstart = time.perf_counter()"
    code = "\n".join([preparation, clock, statement, "print(time.perf_counter() - start)"])
    return float(_output(code, environment).splitlines()[-1])
