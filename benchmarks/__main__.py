"""`python -m benchmarks`: run every benchmark, print its figures, write benchmarks/results/NAME.json."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks import symbolic

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    for name, measure in (("lagrangians", symbolic.measure),):
        content = {
            "command": "python -m benchmarks",
            "commit": _commit(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            **measure(),
        }
        RESULTS.mkdir(exist_ok=True)
        target = RESULTS / f"{name}.json"
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        partial.replace(target)
        print(json.dumps(content, indent=2))


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
