"""`python -m benchmarks`: run every benchmark, print its figures, write benchmarks/results/NAME.json."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import symbolic

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    for name, measure in (("lagrangians", symbolic.measure),):
        content = {"command": "python -m benchmarks", **_origin(), **measure()}
        RESULTS.mkdir(exist_ok=True)
        target = RESULTS / f"{name}.json"
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
        partial.replace(target)
        print(partial.with_suffix(".json").read_text("utf-8"), end="")


def _origin() -> dict[str, Any]:
    """Which code was timed, on what; `changed files` are tracked files that differ from the commit."""
    changed = _git("diff", "--name-only", "HEAD", "--", "lagrangians", "benchmarks/*.py")
    return {
        "commit": _git("rev-parse", "HEAD") or "unknown",
        "changed files": changed.splitlines(),
        "versions": {
            "python": platform.python_version(),
            "sympy": version("sympy"),
            "numpy": version("numpy"),
        },
        "cores": os.cpu_count(),
        "load average at the start": round(os.getloadavg()[0], 2),
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
