"""Random images, the maps that move them, and how an image is read between its pixels.

Points are in scaled coordinates s^α = (x^α − (size − 1)/2)/R, R = (size − 1)/2, so that the pixels of an axis
fill [−1, 1]; axis 0 is the row y, axis 1 the column x. Images are square, `(..., d, d)`, and zero outside.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as functional
from torch import Tensor

KERNELS = ("bilinear", "cubic", "spectral")


def random_images(count: int, size: int, seed: int) -> Tensor:
    """Independent standard normal pixels. shape: (count, size, size)"""
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, size, size, generator=draw, dtype=torch.float64)


def smooth_images(count: int, size: int, seed: int, width: float = 0.25, modes: int = 3) -> Tensor:
    """Images without high frequencies that fade towards the border. shape: (count, size, size)

    A random polynomial of degree < `modes` in each coordinate times exp(−s²/(2 width²)), whose spectrum falls
    like a Gaussian.
    """
    draw = torch.Generator().manual_seed(seed)
    s = torch.linspace(-1, 1, size, dtype=torch.float64) / width
    basis = torch.stack([s**n * torch.exp(-s * s / 2) / math.sqrt(math.factorial(n)) for n in range(modes)])
    weights = torch.randn(count, modes, modes, generator=draw, dtype=torch.float64)
    return torch.einsum("nab,ai,bj->nij", weights, basis, basis)


def rotate(images: Tensor, angles: Tensor) -> Tensor:
    """y(p) = x(R_θ p), bilinear, zero outside: `affine_grid` and `grid_sample` with torch's defaults.

    Their origin is the centre of the image, (d − 1)/2 in pixels, with either `align_corners`; p = (x, y) and
    R_θ p = (x cos θ − y sin θ, x sin θ + y cos θ), hence y = exp(θ (x∂_y − y∂_x)) x but for interpolation.
    shape: (n, d, d), (n,) -> (n, d, d)
    """
    cosine, sine = torch.cos(angles), torch.sin(angles)
    maps = torch.stack([cosine, -sine, sine, cosine], -1).reshape(-1, 2, 2)
    return resample(images[:, None], maps)[:, 0]


def rescale(images: Tensor, logarithms: Tensor) -> Tensor:
    """y(p) = x(e^λ p), bilinear, zero outside: not a rotation. shape: (n, d, d), (n,) -> (n, d, d)"""
    factors = torch.exp(logarithms)[:, None, None]
    return resample(images[:, None], factors * torch.eye(2, dtype=images.dtype))[:, 0]


def resample(images: Tensor, maps: Tensor) -> Tensor:
    """y(p) = x(Ap), p = (x, y) with each axis scaled to [−1, 1] about the centre, bilinear, zero outside.

    shape: (n, channels, H, W), (n, 2, 2) -> (n, channels, H, W)
    """
    grid = functional.affine_grid(functional.pad(maps, (0, 1)), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def sampling_weights(places: Tensor, size: int, kernel: str) -> tuple[Tensor, Tensor]:
    """(w, w'): x(p) = Σ_k w_k x_k along an axis of `size` pixels, and the derivative by p, in pixels.

    "bilinear": w(r) = max(0, 1 − |r|), r = p − k; "cubic": Keys' convolution with a = −1/2; "spectral": the
    periodic sinc of period 2·size, sin(πr)/(2d tan(πr/2d)), whose interpolation `VectorField`'s derivative is
    exact for. shape: (...) -> (..., size) twice
    """
    r = places[..., None] - torch.arange(size, dtype=places.dtype)
    distance, sign = r.abs(), torch.sign(r)
    if kernel == "bilinear":
        inside = (distance < 1).to(r.dtype)
        return (1 - distance) * inside, -sign * inside
    if kernel == "cubic":
        near, far = distance < 1, (distance >= 1) & (distance < 2)
        inner = (1.5 * distance - 2.5) * distance**2 + 1
        outer = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
        inner_slope = (4.5 * distance - 5) * distance
        outer_slope = (-1.5 * distance + 5) * distance - 4
        return near * inner + far * outer, sign * (near * inner_slope + far * outer_slope)
    if kernel == "spectral":
        period = 2 * size
        r = torch.where(distance < 1e-6, 1e-6, r)
        angle = math.pi * r / period
        weight = torch.sin(math.pi * r) / (period * torch.tan(angle))
        slope = math.pi * torch.cos(math.pi * r) / (period * torch.tan(angle))
        return weight, slope - math.pi * torch.sin(math.pi * r) / (period * torch.sin(angle)) ** 2
    raise ValueError(f"got the kernel {kernel!r}, expected one of {', '.join(KERNELS)}")


def blur_matrix(size: int, width: float) -> Tensor:
    """Gaussian of standard deviation `width` pixels along an axis, zero outside. shape: (size, size)"""
    if width <= 0:
        return torch.eye(size, dtype=torch.float64)
    steps = torch.arange(size, dtype=torch.float64)
    weights = torch.exp(-((steps[:, None] - steps) ** 2) / (2 * width**2))
    return weights / weights.sum(1).max()


def blur(images: Tensor, matrix: Tensor) -> Tensor:
    """Both axes by one matrix. shape: (..., d, d) -> (..., d, d)"""
    return matrix @ images @ matrix.T


def exponential_action(
    generator: Tensor, images: Tensor, t: Tensor, substeps: int = 16, terms: int = 20
) -> Tensor:
    """y_n = exp(t_n L) x_n for a d²×d² matrix L, by Taylor's series in substeps, to round-off.

    `substeps` of norm |t|‖L‖/substeps ≲ 3 with 20 terms. shape: (d², d²), (n, d, d), (n,) -> (n, d, d)
    """
    state = images.flatten(1)
    scaled = (t / substeps)[:, None]
    for _ in range(substeps):
        term, total = state, state
        for k in range(1, terms + 1):
            term = scaled * (term @ generator.T) / k
            total = total + term
        state = total
    return state.reshape(images.shape)
