"""Whether a run has the memory and the disk that it needs, before it begins."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

from .run import Run

GIGABYTE = 1e9


def physical_memory() -> float:
    """Bytes of memory of this machine, inf where the system does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return math.inf


def check_room(run: Run, out: str | os.PathLike | None) -> None:
    """ValueError unless the saved states fit into memory, or where they are streamed on the disk, twice."""
    states = (run.saves + 1) * run.q.numel() * run.q.element_size()
    what = f"got {run.saves + 1} saved states, which take {states / GIGABYTE:.3g} GB"
    if out is None:
        if states > physical_memory():
            raise ValueError(
                f"{what}, expected at most the {physical_memory() / GIGABYTE:.3g} GB of memory; "
                "save less often, or stream to a file with out="
            )
        return
    free = shutil.disk_usage(Path(out).absolute().parent).free
    if 2 * states > free:
        raise ValueError(
            f"{what} and for a moment twice that on the disk, expected at most {free / GIGABYTE:.3g} GB; "
            "save less often, or take fewer points or samples"
        )
