"""L-conv f ↦ W⁰f + W^i L̂_i f with learned L̂_i, against a CNN, a fully connected net and a circular CNN of
equal parameter count, on images as they are, rotated, and rotated and scrambled.

Runtime: about 3 min on one core for 1797 images of 8 × 8 pixels.
Command: .venv/bin/python examples/classify_images.py tests/data/digits.npz --out classification.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch

from fieldnet.experiments.classification import Protocol, accuracy_table, compare_classifiers
from fieldnet.experiments.datasets import load_images
from simulations.files.places import check_place, replacing


def main() -> int:
    defaults = Protocol()
    parser = argparse.ArgumentParser(description="Compare an L-conv layer with others on images.")
    parser.add_argument("data", help="folder of IDX files, NPZ file, or folder of class sub-folders")
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--width", type=int, default=defaults.width, help="channels of the L-conv layer")
    parser.add_argument("--seeds", type=int, default=len(defaults.seeds), help="how many")
    parser.add_argument("--batch", type=int, default=defaults.batch)
    options = parser.parse_args()
    try:
        if min(options.epochs, options.width, options.seeds, options.batch) < 1:
            raise ValueError("got a number below 1, expected whole numbers from 1 on")
        if options.out is not None:
            check_place(options.out, (".json",), "choose another --out")
        data = load_images(options.data)
        protocol = Protocol(
            width=options.width,
            epochs=options.epochs,
            batch=options.batch,
            seeds=tuple(range(options.seeds)),
        )
        start = time.perf_counter()
        found = compare_classifiers(data, protocol, progress)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(accuracy_table(found))
    if options.out is not None:
        origin = {
            "command": " ".join(["python", *sys.argv]),
            "commit": git("rev-parse", "HEAD") or "unknown",
            "changed files": git("status", "--porcelain", "--", "fieldnet", "examples").splitlines(),
            "seconds": round(time.perf_counter() - start, 1),
            "threads": torch.get_num_threads(),
            "cores": os.cpu_count(),
            "torch": version("torch"),
        }
        with replacing(options.out) as partial:
            partial.write_text(json.dumps(origin | found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0


def progress(stage: str, fraction: float, accuracy: float) -> None:
    print(f"{fraction:4.0%}  {stage}: {accuracy:.1f}% of the test images", file=sys.stderr, flush=True)


def git(*arguments: str) -> str:
    """What git says of this file's repository; nothing where there is no git."""
    here = ["git", "-C", str(Path(__file__).parents[1])]
    try:
        done = subprocess.run([*here, *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
