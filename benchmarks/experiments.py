"""The paper's own experiments in full: `fieldnet reproduce` with five seeds in every setting."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from fieldnet.cli.experiments import reproduce

SEEDS = 5
SETTINGS: dict[str, dict[str, Any]] = {
    "translation": {"experiment": "translation"},
    **{
        f"rotation {grid}x{grid} {angle}": {"experiment": "rotation", "grid": grid, "angle": angle}
        for grid in (7, 20)
        for angle in ("fixed", "unknown")
    },
}


def measure() -> dict[str, Any]:
    """The results.json of every setting under its name, with its command. About half an hour on one core."""
    with tempfile.TemporaryDirectory() as folder:
        for number, options in enumerate(SETTINGS.values()):
            reproduce(out=Path(folder) / str(number), seeds=SEEDS, **options)
        return collected([Path(folder) / str(number) for number in range(len(SETTINGS))])


def collected(folders: list[Path]) -> dict[str, Any]:
    """The results.json of folders, in the order of SETTINGS."""
    found = {}
    for (name, options), folder in zip(SETTINGS.items(), folders, strict=True):
        content = json.loads((folder / "results.json").read_text("utf-8"))
        chosen = [f"--{key} {value}" for key, value in options.items() if key != "experiment"]
        command = " ".join(["fieldnet reproduce", options["experiment"], *chosen, f"--seeds {SEEDS}"])
        found[name] = {"command": f"{command} --out DIR", "seconds": content["seconds"], **content["result"]}
    return {"seconds": round(sum(row["seconds"] for row in found.values()), 1), "settings": found}
