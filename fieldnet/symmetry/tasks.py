"""Data with known symmetries, and without any: what `discover_generators` and its kin are scored on.

The truths are used for scoring alone. `noise` is always a fraction of the standard deviation of what it is
added to. Every function takes a seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import expm

from lagrangians import catalogue
from simulations import FieldSystem, simulate


@dataclass(frozen=True)
class Pairs:
    """x and y, (pairs, *shape); `truth`: coefficients of the true generators in the ansatz, one a row,
    (0, size) for none.
    """

    x: np.ndarray
    y: np.ndarray
    truth: np.ndarray

    def shuffled(self, seed: int = 0) -> Pairs:
        """The control: every x with another one's y."""
        return Pairs(self.x, self.y[np.random.default_rng(seed).permutation(len(self.y))], self.truth[:0])


def pseudo_orthogonal(p: int, q: int, basis: np.ndarray | None = None) -> np.ndarray:
    """so(p, q): all A with Aᵀη + ηA = 0, η = diag(1 p times, −1 q times); in other coordinates x' = Sx, S =
    `basis`, all SAS⁻¹. shape: (n(n − 1)/2, n, n)
    """
    n = p + q
    eta = np.diag([1.0] * p + [-1.0] * q)
    antisymmetric = [np.eye(n)[[i]].T @ np.eye(n)[[j]] for i in range(n) for j in range(i)]
    s = np.eye(n) if basis is None else basis
    return np.array([s @ eta @ (E - E.T) @ np.linalg.inv(s) for E in antisymmetric])


def random_basis(n: int, seed: int) -> np.ndarray:
    """Coordinates in which nothing is orthogonal: S = 1 + 0.3 times standard normal numbers. shape: (n, n)"""
    return np.eye(n) + 0.3 * np.random.default_rng(seed).standard_normal((n, n))


def moved_vectors(
    generators: np.ndarray,
    pairs: int = 300,
    size: float = 1.0,
    noise: float = 0.0,
    seed: int = 0,
    vectors: int = 1,
) -> Pairs:
    """y = exp(t^i L_i) x with x and t standard normal, t times `size`; several vectors share one t in a
    row where `vectors` > 1. shape of x: (pairs · vectors, n)
    """
    draw = np.random.default_rng(seed)
    count, n = generators.shape[:2]
    x = draw.standard_normal((pairs, vectors, n))
    t = size * draw.standard_normal((pairs, count))
    y = np.array([points @ expm(np.tensordot(u, generators, 1)).T for u, points in zip(t, x, strict=True)])
    x, y = x.reshape(-1, n), y.reshape(-1, n)
    return Pairs(
        x + noise * x.std() * draw.standard_normal(x.shape),
        y + noise * x.std() * draw.standard_normal(y.shape),
        generators.reshape(count, -1),
    )


def invariant_targets(
    p: int, q: int, basis: np.ndarray | None = None, samples: int = 1000, noise: float = 0.0, seed: int = 0
) -> Pairs:
    """y = exp(−s/2) + s/3, s = xᵀηx in coordinates S⁻¹x, η of signature (p, q), x uniform in [−1, 1]ⁿ: a
    function of the invariant mass (or of the radius). y has shape (samples, 1).
    """
    draw = np.random.default_rng(seed)
    n = p + q
    x = draw.uniform(-1, 1, (samples, n))
    straight = x if basis is None else x @ np.linalg.inv(basis).T
    s = (straight**2 * np.array([1.0] * p + [-1.0] * q)).sum(1)
    y = np.exp(-s / 2) + s / 3
    y = y + noise * y.std() * draw.standard_normal(samples)
    return Pairs(x, y[:, None], pseudo_orthogonal(p, q, basis).reshape(-1, n * n))


def affine_images(
    pairs: int = 60, size: int = 20, reach: float = 1.0, noise: float = 0.0, seed: int = 0, degree: int = 2
) -> Pairs:
    """Random smooth images f and f∘g, g random affine maps of the plane, exactly: no interpolation.

    f is a sum of six Gaussians of widths 0.14 to 0.2 with centres within 0.4 of the middle of [−1, 1]², so
    that it is band-limited on the grid and small at the edge. g = exp(−X), with the six coefficients of X
    uniform in ±0.15 · `reach` (shifts) and ±0.5 · `reach` (matrix). Truth: the fields of degree ≤ 1 among
    those of degree ≤ `degree`, coefficients as in `PolynomialFields`. shape of x: (pairs, size, size)
    """
    draw = np.random.default_rng(seed)
    line = np.linspace(-1, 1, size)
    places = np.stack(np.meshgrid(line, line, indexing="ij"), -1)
    x: list[np.ndarray] = []
    y: list[np.ndarray] = []
    for _ in range(pairs):
        radius, angle = 0.4 * np.sqrt(draw.random(6)), 2 * np.pi * draw.random(6)
        centres = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
        widths, heights = draw.uniform(0.14, 0.2, 6), draw.standard_normal(6)
        X = np.zeros((3, 3))
        X[:2, 2] = 0.15 * reach * draw.uniform(-1, 1, 2)
        X[:2, :2] = 0.5 * reach * draw.uniform(-1, 1, (2, 2))
        g = expm(-X)
        for images, where in ((x, places), (y, places @ g[:2, :2].T + g[:2, 2])):
            squares = ((where[:, :, None] - centres) ** 2).sum(-1)
            images.append((heights * np.exp(-squares / (2 * widths**2))).sum(-1))
    first, second = np.array(x), np.array(y)
    scale = noise * first.std()
    count = (degree + 1) * (degree + 2)
    return Pairs(
        first + scale * draw.standard_normal(first.shape),
        second + scale * draw.standard_normal(second.shape),
        np.eye(count)[:6],
    )


def two_bodies(
    orbits: int = 1000,
    times: int = 3,
    later: float = 0.3,
    kick: float = 0.05,
    noise: float = 0.0,
    seed: int = 0,
) -> Pairs:
    """Two equal masses in Kepler orbits about their centre of mass: states (q1, p1, q2, p2) and the states a
    time `later`. shape: (orbits · times, 8)

    Simulated from ℒ = ½μṙ² + 1/|r| (`catalogue.kepler`, μ = ½), r = q1 − q2, q1 = −q2 = r/2, p1 = −p2 = μṙ.
    Nearly circular orbits, as in the literature: distances uniform in [0.8, 1.4], velocities those of the
    circle, all the same way round, times 1 + `kick` · normal, and a radial part `kick` · normal. Truth: the
    rotation of all four 2-vectors together. It is the only linear symmetry at fixed time: scaling changes the
    period, and the Runge–Lenz vector's flow is not linear.
    """
    draw = np.random.default_rng(seed)
    mass = 0.5
    distance, angle = draw.uniform(0.8, 1.4, orbits), draw.uniform(0, 2 * np.pi, orbits)
    outward = np.stack([np.cos(angle), np.sin(angle)], 1)
    around = np.stack([-np.sin(angle), np.cos(angle)], 1)
    speed = np.sqrt(1 / (mass * distance))[:, None]
    kicks = kick * draw.standard_normal((2, orbits, 1))
    r = distance[:, None] * outward
    v = speed * ((1 + kicks[0]) * around + kicks[1] * outward)
    system = FieldSystem(catalogue.kepler(m=mass, alpha=1), None)
    run, rates = simulate(
        system,
        (torch.tensor(r), torch.tensor(v)),
        times * later,
        save_every=later,
        velocities=True,
        integrator="dop853",
    )
    separation, velocity = (np.stack([data[name].values for name in ("x", "y")], -1) for data in (run, rates))
    q, momentum = separation / 2, mass * velocity
    states = np.concatenate([q, momentum, -q, -momentum], -1)
    states = states + noise * states.std() * draw.standard_normal(states.shape)
    return Pairs(
        states[:, :-1].reshape(-1, 8), states[:, 1:].reshape(-1, 8), rotation_of_vectors(4).reshape(1, -1)
    )


def rotation_of_vectors(count: int) -> np.ndarray:
    """diag(J, …, J), J = [[0, −1], [1, 0]]. shape: (2 count, 2 count)"""
    return np.kron(np.eye(count), np.array([[0.0, -1.0], [1.0, 0.0]]))


def block_ansatz(count: int) -> np.ndarray:
    """All matrices of 2×2 blocks on the diagonal. shape: (4 count, 2 count, 2 count)"""
    blocks = np.zeros((4 * count, 2 * count, 2 * count))
    for block in range(count):
        for place in range(4):
            blocks[4 * block + place, 2 * block + place // 2, 2 * block + place % 2] = 1.0
    return blocks


def unrelated_vectors(n: int = 3, pairs: int = 300, seed: int = 0) -> Pairs:
    """No symmetry: x and y drawn independently."""
    draw = np.random.default_rng(seed)
    return Pairs(draw.standard_normal((pairs, n)), draw.standard_normal((pairs, n)), np.zeros((0, n * n)))


def scattered_vectors(n: int = 3, pairs: int = 300, seed: int = 0) -> Pairs:
    """No symmetry: y = x + noise of a tenth."""
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((pairs, n))
    return Pairs(x, x + 0.1 * draw.standard_normal(x.shape), np.zeros((0, n * n)))


def generic_map(n: int = 3, pairs: int = 600, outputs: int = 1, seed: int = 0) -> Pairs:
    """No symmetry: y = Σ a tanh(w·x + b), with 12 units of normal weights, x uniform in [−1, 1]ⁿ."""
    draw = np.random.default_rng(seed)
    x = draw.uniform(-1, 1, (pairs, n))
    hidden = np.tanh(x @ draw.standard_normal((n, 12)) + draw.standard_normal(12))
    return Pairs(x, hidden @ draw.standard_normal((12, outputs)) / 3, np.zeros((0, n * n)))


def action_cosine(generator: np.ndarray, truth: np.ndarray, x: np.ndarray) -> float:
    """|⟨Ax, Lx⟩| / (‖Ax‖ ‖Lx‖) over the data: the cosine of the two matrices' actions."""
    first, second = x @ generator.T, x @ truth.T
    return float(abs((first * second).sum()) / (np.linalg.norm(first) * np.linalg.norm(second)))


def matrix_cosine(generator: np.ndarray, truth: np.ndarray) -> float:
    """|⟨A, L⟩| / (‖A‖ ‖L‖)"""
    return float(abs((generator * truth).sum()) / (np.linalg.norm(generator) * np.linalg.norm(truth)))
