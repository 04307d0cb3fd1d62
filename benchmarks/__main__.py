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
    "discovery": "benchmarks.discovery",
    "information": "benchmarks.discovery.information",
    "robustness": "benchmarks.robustness",
    "networks": "benchmarks.networks",
    "scale": "benchmarks.scale",
}
PACKAGES = ("sympy", "numpy", "scipy", "torch", "numba", "py-pde", "kuramoto", "pysindy")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        print(f"error: got {', '.join(unknown)}, expected some of {', '.join(MODULES)}", file=sys.stderr)
        return 2
    for name in names or list(MODULES):
        code = origin()
        module = importlib.import_module(MODULES[name])
        content = {"command": f"python -m benchmarks {name}", **code, **module.measure()}
        text = getattr(module, "as_text", as_text)(content)
        replace(RESULTS / f"{name}.json", text)
        print(text, end="", flush=True)
    return 0


def as_text(content: dict[str, Any]) -> str:
    """The JSON of a benchmark that has no layout of its own."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def replace(target: Path, text: str) -> None:
    """Write a file: all of it or nothing."""
    target.parent.mkdir(exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_text(text, "utf-8")
    partial.replace(target)


def origin() -> dict[str, Any]:
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
