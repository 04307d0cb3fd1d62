"""`python -m benchmarks [NAME …]`: run all benchmarks or some, write benchmarks/results/NAME.json."""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
MODULES = {
    "lagrangians": "benchmarks.symbolic",
    "fields": "benchmarks.fields",
    "oscillators": "benchmarks.oscillators",
    "lconv": "benchmarks.lconv",
    "experiments": "benchmarks.experiments",
    "pairs": "benchmarks.pairs",
}
PACKAGES = ("sympy", "numpy", "scipy", "torch", "numba", "py-pde", "kuramoto")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        print(f"error: got {', '.join(unknown)}, expected some of {', '.join(MODULES)}", file=sys.stderr)
        return 2
    for name in names or list(MODULES):
        origin = _origin()
        measure = importlib.import_module(MODULES[name]).measure
        content = {"command": f"python -m benchmarks {name}", **origin, **measure()}
        RESULTS.mkdir(exist_ok=True)
        target = RESULTS / f"{name}.json"
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
        partial.replace(target)
        print(target.read_text("utf-8"), end="", flush=True)
    return 0


def _origin() -> dict[str, Any]:
    """Which code was timed, on what; `changed files` are tracked files that differ from the commit."""
    changed = _git(
        "diff", "--name-only", "HEAD", "--", "lagrangians", "simulations", "fieldnet", "benchmarks/*.py"
    )
    return {
        "commit": _git("rev-parse", "HEAD") or "unknown",
        "changed files": changed.splitlines(),
        "versions": {"python": platform.python_version(), **_versions()},
        "cores": os.cpu_count(),
        "load average at the start": round(os.getloadavg()[0], 2),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
