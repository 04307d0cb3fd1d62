"""Running waves of small amplitude in any theory, from the linearised equations of motion on the grid."""

from __future__ import annotations

from typing import Any

import torch


def running_wave(
    system: Any, background: torch.Tensor, wavenumbers: list[float], amplitude: float, branch: int
) -> tuple[torch.Tensor, torch.Tensor | None, complex]:
    """(q, v, ω) of background + Re[Y exp(ik·x − iωt)] at t = 0, exact for infinitesimal amplitude.

    With y = (q, v), or q for theories of first order in time, the system's own rate of change is
    differentiated at the background in the direction of e_a cos(k·x) for each component; that gives the
    matrix of ẏ = M(k) y, and Y is an eigenvector to the eigenvalue −iω. Its largest component of q has size
    `amplitude`. Branches are numbered from the slowest wave with Re ω > 0; where no eigenvalue has Re ω > 0,
    all are counted. v is None for theories of first order in time. ValueError for a branch beyond the last,
    and for a background that is not constant in time.
    """
    components, points = len(system.fields), system.points
    phase = torch.zeros(points, dtype=torch.float64)
    for k, x, start in zip(wavenumbers, system.grid.mesh(), system.grid.origin, strict=True):
        phase = phase + k * (x - start)
    wave = torch.polar(torch.ones_like(phase), phase)
    second = system.time_order == 2
    zero = torch.zeros_like(background)

    def rate(q: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return system.acceleration(q, v) if second else system.velocity(q)

    drift = float(rate(background, zero).abs().max())
    if not drift <= 1e-8:
        raise ValueError(
            f"got a background that changes at the rate {drift:.3g}, expected a vacuum; pass vacuum=VALUE"
        )
    size = components * (2 if second else 1)
    matrix = torch.zeros(size, size, dtype=torch.complex128)
    for column in range(size):
        push = torch.zeros(components, *points, dtype=torch.float64)
        push[column % components] = wave.real
        push = push.reshape(background.shape)
        moved = (push, zero) if column < components else (zero, push)
        response = torch.func.jvp(rate, (background, zero), moved)[1].reshape(components, *points)
        amplitudes = 2 * (response * wave.conj()).flatten(1).mean(1)
        if not any(wavenumbers):
            amplitudes = amplitudes / 2
        matrix[size - components :, column] = amplitudes
    if second:
        matrix[:components, components:] = torch.eye(components, dtype=torch.complex128)
    eigenvalues, vectors = torch.linalg.eig(matrix)
    frequencies = 1j * eigenvalues
    tolerance = 1e-9 * float(frequencies.abs().max())
    order = sorted(range(size), key=lambda i: float(frequencies[i].real))
    forward = [i for i in order if float(frequencies[i].real) > tolerance] or order
    if not 0 <= branch < len(forward):
        raise ValueError(f"got branch {branch}, expected 0 to {len(forward) - 1} for this theory")
    chosen = vectors[:, forward[branch]]
    largest = chosen[:components][chosen[:components].abs().argmax()]
    state = amplitude * chosen / largest
    shape = (-1, *[1] * len(points))
    waves = (state.reshape(shape) * wave).real
    q = background + waves[:components].reshape(background.shape)
    v = waves[components:].reshape(background.shape) if second else None
    return q, v, complex(frequencies[forward[branch]])
