"""Generators from pairs and from functions, on seeds that no choice in the code was made with."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch

from fieldnet.symmetry import tasks
from fieldnet.symmetry.ansatz import Ansatz, Matrices, PolynomialFields
from fieldnet.symmetry.equivariance import discover_function_symmetries
from fieldnet.symmetry.learned import LearnedGenerators
from fieldnet.symmetry.pairs import discover_generators
from fieldnet.symmetry.span import closure, match_structure

SEEDS = (100, 101, 102)
NOISES = (0.0, 0.01, 0.05)
RESAMPLES = 3
SIZE = 20
IMAGES = 24


@dataclass(frozen=True)
class Case:
    """Data of a noise and a seed, and how generators are sought in them.

    `truth`: the algebra. `controls`: seeds whose data are given with shuffled partners too.
    """

    make: Callable[[float, int], tasks.Pairs]
    find: Callable[[tasks.Pairs], LearnedGenerators]
    truth: str
    noises: tuple[float, ...] = NOISES
    controls: tuple[int, ...] = SEEDS


def _pairs(data: tasks.Pairs) -> LearnedGenerators:
    return discover_generators(data.x, data.y, resamples=RESAMPLES)


def _images(data: tasks.Pairs) -> LearnedGenerators:
    return discover_generators(data.x, data.y, ansatz=PolynomialFields((SIZE, SIZE), 2), resamples=RESAMPLES)


def _targets(data: tasks.Pairs) -> LearnedGenerators:
    return discover_function_symmetries(data.x, data.y, resamples=RESAMPLES)


def _states(data: tasks.Pairs) -> LearnedGenerators:
    return discover_function_symmetries(data.x, data.y, equivariant=True, resamples=RESAMPLES)


def _blocks(data: tasks.Pairs) -> LearnedGenerators:
    ansatz = tasks.block_ansatz(4)
    return discover_function_symmetries(data.x, data.y, equivariant=True, ansatz=ansatz, resamples=RESAMPLES)


def _moved(p: int, q: int, noise: float, seed: int) -> tasks.Pairs:
    generators = tasks.pseudo_orthogonal(p, q, tasks.random_basis(p + q, seed))
    return tasks.moved_vectors(generators, size=0.5 if q else 1.0, noise=noise, seed=seed)


def _invariant(p: int, q: int, noise: float, seed: int) -> tasks.Pairs:
    return tasks.invariant_targets(p, q, tasks.random_basis(p + q, seed), 2000, noise, seed)


def _generic_states(seed: int) -> tasks.Pairs:
    data = tasks.generic_map(outputs=3, seed=seed)
    return tasks.Pairs(data.x, data.x + 0.3 * data.y, data.truth)


CASES = {
    "SO(3), pairs": Case(lambda noise, seed: _moved(3, 0, noise, seed), _pairs, "so(3)"),
    "SO(3,1), pairs": Case(lambda noise, seed: _moved(3, 1, noise, seed), _pairs, "so(3,1)"),
    "affine images, near": Case(
        lambda noise, seed: tasks.affine_images(IMAGES, SIZE, 0.3, noise, seed),
        _images,
        "gl(2,R) ⋉ R^2",
        controls=SEEDS[:1],
    ),
    "affine images, far": Case(
        lambda noise, seed: tasks.affine_images(IMAGES, SIZE, 1.0, noise, seed),
        _images,
        "gl(2,R) ⋉ R^2",
        controls=SEEDS[:1],
    ),
    "SO(3), invariant targets": Case(lambda noise, seed: _invariant(3, 0, noise, seed), _targets, "so(3)"),
    "SO(3,1), invariant targets": Case(
        lambda noise, seed: _invariant(3, 1, noise, seed), _targets, "so(3,1)"
    ),
    "two bodies, block ansatz": Case(
        lambda noise, seed: tasks.two_bodies(noise=noise, seed=seed), _blocks, "R"
    ),
    "two bodies, all 64 entries": Case(
        lambda noise, seed: tasks.two_bodies(noise=noise, seed=seed), _states, "R"
    ),
    "unrelated pairs": Case(lambda _, seed: tasks.unrelated_vectors(seed=seed), _pairs, "none", (0.0,)),
    "y = x + noise": Case(lambda _, seed: tasks.scattered_vectors(seed=seed), _pairs, "none", (0.0,)),
    "generic function": Case(lambda _, seed: tasks.generic_map(seed=seed), _targets, "none", (0.0,)),
    "generic map of states": Case(lambda _, seed: _generic_states(seed), _states, "none", (0.0,)),
}


def measure() -> dict[str, Any]:
    """Every case at every noise and seed, beside the same data with shuffled partners. About 17 minutes on
    two cores that others used as well.
    """
    start = time.perf_counter()
    jobs = [
        (name, noise, seed) for name, case in CASES.items() for noise, seed in product(case.noises, SEEDS)
    ]
    torch.set_num_threads(1)
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        rows = list(pool.map(_measured, jobs))
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "seeds": list(SEEDS),
        "cases": {
            name: {
                "truth": case.truth,
                "runs": [row for row, job in zip(rows, jobs, strict=True) if job[0] == name],
            }
            for name, case in CASES.items()
        },
    }


def _measured(job: tuple[str, float, int]) -> dict[str, Any]:
    torch.set_num_threads(1)
    name, noise, seed = job
    case = CASES[name]
    data = case.make(noise, seed)
    start = time.perf_counter()
    found = case.find(data)
    seconds = time.perf_counter() - start
    clean = case.make(0.0, seed)
    wrong = case.find(data.shuffled(seed)) if seed in case.controls else None
    return {
        "noise": noise,
        "seed": seed,
        **scores(found, clean),
        "gap": _rounded(found.gap.ratio),
        "control gap": _rounded(found.gap.control_ratio),
        "shuffled dimension": wrong.dimension if wrong else None,
        "shuffled gap": _rounded(wrong.gap.ratio) if wrong else None,
        "seconds": round(seconds, 2),
    }


def scores(found: LearnedGenerators, clean: tasks.Pairs) -> dict[str, Any]:
    """What is said of a span; `clean` are the data without noise, with the truth.

    "angle": the largest principal angle to the truth in degrees. "structure": the largest deviation from the
    true structure constants after the best change of basis, as a fraction of the largest of them. "cosine":
    for one true generator, of the actions on the clean data. None where the figure has no meaning.
    """
    figures: dict[str, Any] = {
        "dimension": found.dimension,
        "true dimension": len(clean.truth),
        "name": found.name,
        "method": found.method,
        "angle": None,
        "cosine": None,
        "closure defect": None,
        "structure": None,
        "signature": None,
        "spread": None,
    }
    if not found.dimension:
        return figures
    figures["closure defect"] = _rounded(found.closure_defect)
    figures["signature"] = list(found.signature)
    figures["spread"] = _rounded(float(found.spread.max(initial=0.0)))
    count = len(clean.truth)
    if count == 1 and isinstance(found.ansatz, Matrices):
        n = found.ansatz.length
        figures["cosine"] = max(
            tasks.action_cosine(matrix, clean.truth.reshape(n, n), clean.x) for matrix in found.matrices
        )
    elif count:
        figures["angle"] = _rounded(float(found.angles(clean.truth).max()))
    if count > 1 and count == found.dimension:
        figures["structure"] = _rounded(structure_error(found, clean.truth, found.ansatz))
    return figures


def structure_error(found: LearnedGenerators, truth: np.ndarray, ansatz: Ansatz) -> float:
    """max |c' − c| / max |c| for the structure constants c of the truth and c' found, in the best basis."""
    assert found.structure is not None
    known = closure(truth, ansatz.bracket, orthonormal=False).structure_constants
    error = match_structure(found.structure.structure_constants, known)[1]
    return error / float(np.abs(known).max())


def _rounded(value: float) -> float:
    """To three digits."""
    return float(f"{value:.3g}")


HEAD = (
    "data",
    "noise",
    "generators",
    "named rightly",
    "angle or cosine",
    "closure defect",
    "structure constants",
    "Killing",
    "spread",
    "shuffled",
)


def table(content: Mapping[str, Any]) -> str:
    """Markdown, one row a case and noise, every seed in it: the worst of each figure over the seeds that
    have it, counts of all.
    """
    lines = [f"| {' | '.join(HEAD)} |", f"| {' | '.join('---' for _ in HEAD)} |"]
    for name, case in content["cases"].items():
        for noise in sorted({run["noise"] for run in case["runs"]}):
            runs = [run for run in case["runs"] if run["noise"] == noise]
            lines.append(f"| {' | '.join([name, f'{noise:.0%}', *_cells(runs, case['truth'])])} |")
    return "\n".join(lines)


def _cells(runs: Sequence[Mapping[str, Any]], truth: str) -> list[str]:
    def worst(key: str, unit: str = "") -> str:
        values = [run[key] for run in runs if run[key] is not None]
        return f"{max(values):.2g}{unit}" if values else "–"

    cosines = [run["cosine"] for run in runs if run["cosine"] is not None]
    dimensions = ", ".join(str(run["dimension"]) for run in runs)
    right = sum(
        (run["name"] or "none") == truth and (run["dimension"] > 0) == (truth != "none") for run in runs
    )
    signatures = sorted({str(tuple(run["signature"])) for run in runs if run["signature"] is not None})
    shuffled = [str(run["shuffled dimension"]) for run in runs if run["shuffled dimension"] is not None]
    return [
        f"{dimensions} of {runs[0]['true dimension']}",
        f"{right} of {len(runs)}",
        f"cos {min(cosines):.6f}" if cosines else worst("angle", "°"),
        worst("closure defect"),
        worst("structure"),
        ", ".join(signatures) or "–",
        worst("spread", "°"),
        ", ".join(shuffled) or "–",
    ]
