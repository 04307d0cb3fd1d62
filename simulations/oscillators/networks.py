"""Networks as sparse matrices (row i: who acts on i), and kernels on a ring as dense ones."""

from __future__ import annotations

import numpy as np
import scipy.sparse


def ring(count: int, neighbours: int = 1, strength: float = 1.0) -> scipy.sparse.csr_array:
    """Everyone coupled to `neighbours` on either side, with K_ij = strength/(2 neighbours)."""
    _check_neighbours(count, neighbours)
    node = np.arange(count)
    steps = [step for step in range(-neighbours, neighbours + 1) if step]
    source = np.concatenate([(node + step) % count for step in steps])
    weights = np.full(len(source), strength / len(steps))
    return _matrix(np.tile(node, len(steps)), source, weights, count)


def cosine_ring(count: int, amplitude: float = 0.995, strength: float = 1.0) -> np.ndarray:
    """K_ij = (strength/N) (1 + A cos x_ij), x_ij = 2π(i − j)/N; dense, shape (N, N).

    The kernel (1 + A cos x)/2π of Abrams & Strogatz, Phys. Rev. Lett. 93 (2004) 174102, whose chimera has
    A = 0.995 and a phase lag of π/2 − 0.18.
    """
    return strength / count * (1 + amplitude * np.cos(_angles(count)))


def exponential_ring(count: int, decay: float = 4.0, strength: float = 1.0) -> np.ndarray:
    """K_ij ∝ exp(−decay·d_ij), d_ij ≤ ½ the distance on a ring of length 1, rows adding up to `strength`;
    dense.

    The kernel of Kuramoto & Battogtokh, Nonlinear Phenom. Complex Syst. 5 (2002) 380.
    """
    distance = np.abs(_angles(count)) / (2 * np.pi)
    kernel = np.exp(-decay * np.minimum(distance, 1 - distance))
    return strength * kernel / kernel.sum(1, keepdims=True)


def erdos_renyi(
    count: int, degree: float = 6.0, strength: float = 1.0, seed: int = 0, directed: bool = False
) -> scipy.sparse.csr_array:
    """Every pair linked with the same probability, `degree` links at a node on average; K_ij =
    strength/degree.
    """
    if not 0 < degree <= count - 1:
        raise ValueError(f"got degree {degree}, expected more than 0 and at most {count - 1}")
    draw = np.random.default_rng(seed)
    pairs = count * (count - 1) // (1 if directed else 2)
    chosen = draw.choice(pairs, draw.binomial(pairs, degree / (count - 1)), replace=False)
    if directed:
        i, j = np.divmod(chosen, count - 1)
        j = j + (j >= i)
        return _matrix(i, j, np.full(len(i), strength / degree), count)
    i = ((1 + np.sqrt(1 + 8 * chosen.astype(float))) // 2).astype(
        np.int64
    )  # pairs in the order 10, 20, 21, 30, …
    i += (i * (i + 1) // 2 <= chosen).astype(np.int64) - (i * (i - 1) // 2 > chosen)
    j = chosen - i * (i - 1) // 2
    return _both_ways(i, j, strength / degree, count)


def small_world(
    count: int, neighbours: int = 3, rewiring: float = 0.1, strength: float = 1.0, seed: int = 0
) -> scipy.sparse.csr_array:
    """A ring of `neighbours` on either side whose links move their far end to a random node with probability
    `rewiring` (Watts & Strogatz, Nature 393 (1998) 440); K_ij = strength/(2 neighbours).
    """
    _check_neighbours(count, neighbours)
    if not 0 <= rewiring <= 1:
        raise ValueError(f"got rewiring {rewiring}, expected a probability, 0 to 1")
    draw = np.random.default_rng(seed)
    links = {(i, (i + step) % count) for step in range(1, neighbours + 1) for i in range(count)}
    taken = {frozenset(link) for link in links}
    ends = []
    for i, j in sorted(links):
        if draw.random() < rewiring and 2 * neighbours < count - 1:
            other = int(draw.integers(count))
            while other == i or frozenset((i, other)) in taken:
                other = int(draw.integers(count))
            taken.remove(frozenset((i, j)))
            taken.add(frozenset((i, other)))
            j = other
        ends.append((i, j))
    i, j = np.array(ends).T
    return _both_ways(i, j, strength / (2 * neighbours), count)


def scale_free(count: int, links: int = 3, strength: float = 1.0, seed: int = 0) -> scipy.sparse.csr_array:
    """Nodes arrive one by one and link to `links` others, chosen in proportion to their degree (Barabási &
    Albert, Science 286 (1999) 509); K_ij = strength/(2 links).
    """
    if not 1 <= links < count:
        raise ValueError(f"got {links} links a node, expected 1 to {count - 1}")
    draw = np.random.default_rng(seed)
    ends: list[tuple[int, int]] = []
    for i in range(1, links + 1):  # the first ones are all linked
        ends += [(i, j) for j in range(i)]
    urn = [node for link in ends for node in link]  # every node once per link
    for i in range(links + 1, count):
        chosen: set[int] = set()
        while len(chosen) < links:
            chosen.add(urn[int(draw.integers(len(urn)))])
        ends += [(i, j) for j in sorted(chosen)]
        urn += [*sorted(chosen), *[i] * links]
    i, j = np.array(ends).T
    return _both_ways(i, j, strength / (2 * links), count)


def _matrix(i: np.ndarray, j: np.ndarray, weights: np.ndarray, count: int) -> scipy.sparse.csr_array:
    return scipy.sparse.coo_array((weights, (i, j)), shape=(count, count)).tocsr()


def _both_ways(i: np.ndarray, j: np.ndarray, weight: float, count: int) -> scipy.sparse.csr_array:
    weights = np.full(2 * len(i), weight)
    return _matrix(np.concatenate([i, j]), np.concatenate([j, i]), weights, count)


def _angles(count: int) -> np.ndarray:
    node = np.arange(count)
    return 2 * np.pi * (node[:, None] - node) / count


def _check_neighbours(count: int, neighbours: int) -> None:
    if not 1 <= neighbours <= (count - 1) // 2:
        raise ValueError(
            f"got {neighbours} neighbours on either side, expected 1 to {(count - 1) // 2} for {count} nodes"
        )
