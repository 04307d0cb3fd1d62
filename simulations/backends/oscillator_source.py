"""Source text of the compiled loops of Kuramoto oscillators: one pass over the nodes a stage.

Phases have shape (sample, node). A pass goes over blocks of nodes: it forms the torque from the sines and
cosines at hand and the sums over the network, moves the phases, and stores the sines and cosines of the new
phases in `new`, all while the block is in the cache. Sums of a block are added up block by block in a fixed
order, so that the number of threads does not change a bit.
"""

from __future__ import annotations

from .elementary import elementary_source

BLOCK = 1024

_COMMON = """
BLOCK = {block}


def total(x):
    result = real(0)
    for i in range(x.size):
        result += x[i]
    return result


def wave(theta, s, c):
    for i in range(theta.size):
        x = theta[i]
        s[i] = sine(x)
        c[i] = cosine(x)
"""

_SUMS = {
    "mean": """
def network(sines, cosines, s, c, partial, network_data, lag, low):
    weight, turn_cos, turn_sin = network_data[0], lag[0], lag[1]
    a, b = weight * total(partial[0]), weight * total(partial[1])
    for i in range(sines.size):
        sines[i] = a * turn_cos - b * turn_sin
        cosines[i] = b * turn_cos + a * turn_sin
""",
    "dense": """
def dots(row, s, c):
    a, b = real(0), real(0)
    for j in range(row.size):
        a += row[j] * s[j]
        b += row[j] * c[j]
    return a, b


def network(sines, cosines, s, c, partial, network_data, lag, low):
    turn_cos, turn_sin = lag[0], lag[1]
    for i in range(sines.size):
        a, b = dots(network_data[low + i], s, c)
        sines[i] = a * turn_cos - b * turn_sin
        cosines[i] = b * turn_cos + a * turn_sin
""",
    "sparse": """
def network(sines, cosines, s, c, partial, network_data, lag, low):
    rows, columns, weights = network_data
    turn_cos, turn_sin = lag[0], lag[1]
    for i in range(sines.size):
        a, b = real(0), real(0)
        for e in range(rows[low + i], rows[low + i + 1]):
            j = columns[e]
            a += weights[e] * s[j]
            b += weights[e] * c[j]
        sines[i] = a * turn_cos - b * turn_sin
        cosines[i] = b * turn_cos + a * turn_sin
""",
}

_MOVES = {
    "runge_kutta": """
def move(theta, other, omega, inertia, s, c, sines, cosines, y, one, two, three, kind):
    if kind == 0:
        for i in range(theta.size):
            k = omega[i] + c[i] * sines[i] - s[i] * cosines[i]
            other[i] = theta[i] + one * k
            y[i] = theta[i] + two * k
    elif kind == 1:
        for i in range(theta.size):
            k = omega[i] + c[i] * sines[i] - s[i] * cosines[i]
            other[i] = other[i] + one * k
            y[i] = theta[i] + two * k
    else:
        for i in range(theta.size):
            k = omega[i] + c[i] * sines[i] - s[i] * cosines[i]
            q = other[i] + one * k
            theta[i] = q
            y[i] = q


def coefficients(table, stage, step, last):
    stages = table.shape[1]
    kind = 0 if stage == 0 else 1
    if stage == stages - 1:
        kind = 2
    return real(table[0, stage] * step), real(table[1, stage] * step), real(0), kind
""",
    "splitting": """
def move(theta, other, omega, inertia, s, c, sines, cosines, y, one, two, three, kind):
    for i in range(theta.size):
        k = (omega[i] + c[i] * sines[i] - s[i] * cosines[i]) / inertia[i]
        u = other[i] + one * k
        q = (theta[i] + two * u) + three * u
        other[i] = u
        theta[i] = q
        y[i] = q


def coefficients(table, stage, step, last):
    stages = table.shape[1] - 1
    extra = table[1, 0] * step if stage == stages - 1 and not last else 0.0
    return real(table[0, stage] * step), real(table[1, stage + 1] * step), real(extra), 0
""",
}

_RUN = """
def begin(theta, other, waves, partial, drift):
    for sample in range(theta.shape[0]):
        for block in range(partial.shape[2]):
            low, high = block * BLOCK, min(theta.shape[1], (block + 1) * BLOCK)
            q, u = theta[sample, low:high], other[sample, low:high]
            if drift != 0:
                for i in range(q.size):
                    q[i] = q[i] + drift * u[i]
            s, c = waves[0, sample, low:high], waves[1, sample, low:high]
            wave(q, s, c)
            partial[sample, 0, block] = total(s)
            partial[sample, 1, block] = total(c)


def work(
    theta, other, omega, inertia, old, new, partial, fresh, network_data, lag, one, two, three, kind, piece
):
    sample, first, end = piece
    scratch = np.empty((3, BLOCK), real)
    for block in range(first, end):
        low, high = block * BLOCK, min(theta.shape[1], (block + 1) * BLOCK)
        sines, cosines, y = scratch[0, : high - low], scratch[1, : high - low], scratch[2, : high - low]
        network(sines, cosines, old[0, sample], old[1, sample], partial[sample], network_data, lag, low)
        move(
            theta[sample, low:high], other[sample, low:high], omega[low:high], inertia[low:high],
            old[0, sample, low:high], old[1, sample, low:high], sines, cosines, y, one, two, three, kind,
        )
        s, c = new[0, sample, low:high], new[1, sample, low:high]
        wave(y, s, c)
        fresh[sample, 0, block] = total(s)
        fresh[sample, 1, block] = total(c)


def propagate(
    theta, other, omega, inertia, old, new, partial, fresh, network_data, lag, table, stages, step, count,
    pieces,
):
    for number in range(count):
        for stage in range(stages):
            one, two, three, kind = coefficients(table, stage, step, number == count - 1)
            for piece in prange(len(pieces)):
                work(
                    theta, other, omega, inertia, old, new, partial, fresh, network_data, lag,
                    one, two, three, kind, pieces[piece],
                )
            old, new = new, old
            partial, fresh = fresh, partial
"""


def oscillator_source(network: str, method: str, dtype: str) -> str:
    """The text for a network "mean", "dense" or "sparse", and a method "runge_kutta" or "splitting".

    It defines `begin` and `propagate`. Of a mean field `old` and `new` may be the same array.
    """
    parts = [
        "import numpy as np",
        elementary_source(dtype),
        _COMMON.format(block=BLOCK),
        _SUMS[network],
        _MOVES[method],
        _RUN,
    ]
    return "\n\n\n".join(part.strip() for part in parts) + "\n"
