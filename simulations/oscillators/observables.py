"""What one measures on phase oscillators. Phases have shape (…, node)."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def order_parameter(theta: torch.Tensor, harmonic: int = 1) -> torch.Tensor:
    """z_n = (1/N) Σ_j e^{inθ_j}, complex, shape (…).

    |z_1| = 1 in synchrony, |z_2| = 1 also for two clusters in antiphase.
    """
    phase = theta if harmonic == 1 else harmonic * theta
    return torch.complex(torch.cos(phase).mean(-1), torch.sin(phase).mean(-1))


def local_order_parameter(theta: torch.Tensor, coupling: torch.Tensor) -> torch.Tensor:
    """Σ_j |K_ij| e^{iθ_j} / Σ_j |K_ij|, complex, shape (…, node); 0 where nothing acts.

    `coupling`: N × N, dense or sparse, or a number for all-to-all, where it is z_1 at every node.
    """
    sine, cosine = torch.sin(theta), torch.cos(theta)
    if coupling.ndim == 0:
        return order_parameter(theta)[..., None].expand(theta.shape).clone()
    matrix = coupling.detach().to(theta).abs()
    columns = torch.stack([sine, cosine, torch.ones_like(theta)]).reshape(-1, theta.shape[-1]).mT
    real_imaginary_total = (matrix @ columns).mT.reshape(3, *theta.shape)
    total = real_imaginary_total[2]
    total = torch.where(total > 0, total, torch.ones_like(total))
    return torch.complex(real_imaginary_total[1] / total, real_imaginary_total[0] / total)


def effective_frequencies(theta: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """Mean velocity (θ(t_end) − θ(t_0))/(t_end − t_0) of every oscillator.

    `theta`: unwrapped phases, shape (…, time, node); `time`: shape (time,). Returns shape (…, node).
    ValueError if the times do not fit.
    """
    if time.ndim != 1 or len(time) < 2 or theta.ndim < 2 or theta.shape[-2] != len(time):
        raise ValueError(
            f"got phases of shape {tuple(theta.shape)} at times of shape {tuple(time.shape)}, expected "
            "(…, time, node) and (time,) with two times or more"
        )
    return (theta[..., -1, :] - theta[..., 0, :]) / (time[-1] - time[0])


def cross_ratio(theta: torch.Tensor, nodes: Sequence[int] = (0, 1, 2, 3)) -> torch.Tensor:
    """(z_1 − z_3)(z_2 − z_4) / ((z_1 − z_4)(z_2 − z_3)) of z = e^{iθ} at four different nodes; real, shape
    (…).

    On the circle it is sin(½θ_13) sin(½θ_24) / (sin(½θ_14) sin(½θ_23)). Conserved for identical oscillators
    that feel one common field of the first harmonic, as all-to-all ones do: they move under the Möbius group
    (Marvel, Mirollo & Strogatz, Chaos 19 (2009) 043104). Infinite where the first and fourth, or second and
    third, meet.
    """
    if len(nodes) != 4 or len(set(nodes)) != 4:
        raise ValueError(f"got nodes {tuple(nodes)}, expected four different ones")
    a, b, c, d = (theta[..., node] for node in nodes)
    return _half_sine(a, c) * _half_sine(b, d) / (_half_sine(a, d) * _half_sine(b, c))


def cross_ratios(theta: torch.Tensor) -> torch.Tensor:
    """The N − 3 independent cross-ratios, of nodes 0, 1, 2 and j for j = 3 …; shape (…, node − 3)."""
    if theta.shape[-1] < 4:
        raise ValueError(f"got {theta.shape[-1]} oscillators, expected four or more for a cross-ratio")
    a, b, c, d = theta[..., :1], theta[..., 1:2], theta[..., 2:3], theta[..., 3:]
    return _half_sine(a, c) * _half_sine(b, d) / (_half_sine(a, d) * _half_sine(b, c))


def _half_sine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return torch.sin((first - second) / 2)
