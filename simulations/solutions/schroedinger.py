"""Solutions of iψ_t = −ψ_xx/(2m) + g|ψ|²ψ − μψ, as complex tensors.

C. Sulem and P.-L. Sulem, *The Nonlinear Schrödinger Equation*, ch. 1 (bright soliton); L. Pitaevskii and
S. Stringari, *Bose–Einstein Condensation*, §5.5 (dark soliton).
"""

from __future__ import annotations

import torch

from .moving import Place, coordinates, sech


def bright_soliton(
    x: Place,
    t: Place = 0.0,
    amplitude: float = 1.0,
    v: float = 0.0,
    g: float = -1.0,
    m: float = 1.0,
    mu: float = 0.0,
) -> torch.Tensor:
    """ψ = A sech(κ(x − vt)) exp(i(mvx − ωt)),   κ² = m|g|A²,   ω = ½mv² − ½|g|A² − μ,   for g < 0.

    Number of particles ∫|ψ|² = 2A²/κ. ValueError for g ≥ 0.
    """
    if not g < 0:
        raise ValueError(f"got g = {g}, expected g < 0: bright solitons need attraction; see dark_soliton")
    x, t = coordinates(x, t)
    width = (m * -g) ** 0.5 * abs(amplitude)
    frequency = m * v**2 / 2 + g * amplitude**2 / 2 - mu
    return torch.polar(torch.ones_like(x + t), m * v * x - frequency * t) * (
        amplitude * sech(width * (x - v * t))
    )


def dark_soliton(
    x: Place,
    t: Place = 0.0,
    density: float = 1.0,
    v: float = 0.0,
    g: float = 1.0,
    m: float = 1.0,
    mu: float = 0.0,
) -> torch.Tensor:
    """ψ = √n [B tanh(κ(x − vt)) + iv/s] exp(−i(gn − μ)t),   s² = gn/m,   B² = 1 − v²/s²,   κ = msB.

    For g > 0. The density n is dented to n v²/s², and the phase jumps by 2 arccos(v/s). ValueError for g ≤ 0
    or |v| ≥ s, the speed of sound.
    """
    if not (g > 0 and density > 0):
        raise ValueError(
            f"got g = {g}, density = {density}, expected both positive: dark solitons need repulsion"
        )
    sound = (g * density / m) ** 0.5
    if not abs(v) < sound:
        raise ValueError(f"got velocity {v}, expected less than the speed of sound {sound:.4g}")
    x, t = coordinates(x, t)
    depth = (1 - (v / sound) ** 2) ** 0.5
    profile = depth * torch.tanh(m * sound * depth * (x - v * t))
    turned = torch.complex(profile, torch.full_like(profile, v / sound))
    return density**0.5 * turned * torch.polar(torch.ones_like(t), -(g * density - mu) * t)


def condensate_wave(
    x: Place,
    t: Place = 0.0,
    wavenumber: float = 1.0,
    density: float = 1.0,
    g: float = 1.0,
    m: float = 1.0,
    mu: float = 0.0,
) -> torch.Tensor:
    """ψ = √n exp(i(kx − ωt)),   ω = k²/(2m) + gn − μ: a stream of density n and velocity k/m.

    For g < 0 it is unstable to long waves.
    """
    x, t = coordinates(x, t)
    frequency = wavenumber**2 / (2 * m) + g * density - mu
    angle = wavenumber * x - frequency * t
    return density**0.5 * torch.polar(torch.ones_like(angle), angle)
