"""Generators L_i from pairs (x, y = exp(t^i L_i) x), t unknown, and from functions F(exp(tA)x) = exp(tA)F(x).

For each task the number of generators found and the true one, the gap of singular values beside that of the
controls, the largest principal angle to the truth, and the algebra. In full, with images and other seeds:
`python -m benchmarks pairs`, docs/pairs.md.

Runtime: about 20 s on one core.
Command: .venv/bin/python examples/generators_from_pairs.py
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fieldnet.symmetry import tasks
from fieldnet.symmetry.equivariance import discover_function_symmetries
from fieldnet.symmetry.learned import LearnedGenerators
from fieldnet.symmetry.pairs import discover_generators

Find = Callable[[tasks.Pairs], LearnedGenerators]
Make = Callable[[float, int], tasks.Pairs]


def from_pairs(data: tasks.Pairs) -> LearnedGenerators:
    return discover_generators(data.x, data.y, resamples=4)


def from_targets(data: tasks.Pairs) -> LearnedGenerators:
    return discover_function_symmetries(data.x, data.y, resamples=4)


def from_blocks(data: tasks.Pairs) -> LearnedGenerators:
    blocks = tasks.block_ansatz(4)
    return discover_function_symmetries(data.x, data.y, equivariant=True, ansatz=blocks, resamples=4)


def from_states(data: tasks.Pairs) -> LearnedGenerators:
    return discover_function_symmetries(data.x, data.y, equivariant=True, resamples=4)


def moved(p: int, q: int, noise: float, seed: int) -> tasks.Pairs:
    basis = tasks.random_basis(p + q, seed)
    size = 0.5 if q else 1.0
    return tasks.moved_vectors(tasks.pseudo_orthogonal(p, q, basis), size=size, noise=noise, seed=seed)


def targets(p: int, q: int, noise: float, seed: int) -> tasks.Pairs:
    return tasks.invariant_targets(p, q, tasks.random_basis(p + q, seed), 2500, noise, seed)


TASKS: dict[str, tuple[Make, Find]] = {
    "SO(3), pairs": (lambda noise, seed: moved(3, 0, noise, seed), from_pairs),
    "SO(3,1), pairs": (lambda noise, seed: moved(3, 1, noise, seed), from_pairs),
    "SO(3), invariant targets": (lambda noise, seed: targets(3, 0, noise, seed), from_targets),
    "SO(3,1), invariant targets": (lambda noise, seed: targets(3, 1, noise, seed), from_targets),
    "two bodies, block ansatz": (lambda noise, seed: tasks.two_bodies(noise=noise, seed=seed), from_blocks),
    "two bodies, all 64 entries": (lambda noise, seed: tasks.two_bodies(noise=noise, seed=seed), from_states),
    "generic function": (lambda noise, seed: tasks.generic_map(seed=seed), from_targets),
}


def line(name: str, noise: float, seed: int, data: tasks.Pairs, found: LearnedGenerators) -> str:
    text = (
        f"{name:28s} {noise:4.0%} {seed:4d}  {found.dimension} of {len(data.truth)}"
        f"  gap {found.gap.ratio:8.3g} (controls {found.gap.control_ratio:.2f})"
    )
    if not found.dimension:
        return f"{text}  none"
    clean = tasks.two_bodies(seed=seed) if name.startswith("two bodies") else None
    if clean is not None:
        cosine = tasks.action_cosine(found.matrices[0], tasks.rotation_of_vectors(4), clean.x)
        score = f"cosine of the action {cosine:.7f}"
    elif len(data.truth):
        score = f"angle {found.angles(data.truth).max():.2g}°"
    else:
        score = "but there is none"
    return (
        f"{text}  {found.name}, {score}, spread {found.spread.max():.2g}°, "
        f"closure {found.closure_defect:.1e}, Killing {found.signature}"
    )


def main() -> None:
    noise, seed = 0.01, 1
    for name, (make, find) in TASKS.items():
        data = make(noise, seed)
        print(line(name, noise, seed, data, find(data)), flush=True)
    random = np.random.default_rng(0).standard_normal((8, 8))
    control = tasks.action_cosine(random, tasks.rotation_of_vectors(4), tasks.two_bodies(orbits=50).x)
    print(f"control: a random matrix has cosine {control:.3f} with the rotation of the two bodies")


if __name__ == "__main__":
    main()
