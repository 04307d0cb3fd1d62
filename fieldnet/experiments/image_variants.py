"""The same images as they are, rotated, or rotated and scrambled; and their split into three parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .datasets import ImageData
from .images import resample

VARIANTS = ("as they are", "rotated", "rotated and scrambled")


def make_variant(images: Tensor, variant: str, seed: int = 0, largest_angle: float = 180.0) -> Tensor:
    """Every image turned by an angle of its own, uniform in ±`largest_angle` degrees, about the centre
    (bilinear, zero outside); then all pixels permuted, in the same way in every image.

    Angles and permutation depend on `seed` alone. shape: (count, channels, height, width), kept
    """
    if variant not in VARIANTS:
        raise ValueError(f"got the variant '{variant}', expected one of {', '.join(VARIANTS)}")
    if variant == VARIANTS[0]:
        return images
    turned = rotate(images, rotation_angles(len(images), seed, largest_angle))
    return (
        scramble(turned, pixel_permutation(images[0, 0].numel(), seed)) if variant == VARIANTS[2] else turned
    )


def rotation_angles(count: int, seed: int, largest_angle: float = 180.0) -> Tensor:
    """Uniform in ±largest_angle, in radians. shape: (count,)"""
    draw = np.random.default_rng([seed, 0])
    return torch.from_numpy(np.radians(draw.uniform(-largest_angle, largest_angle, count)))


def pixel_permutation(pixels: int, seed: int) -> Tensor:
    """One permutation of all pixels. shape: (pixels,)"""
    return torch.from_numpy(np.random.default_rng([seed, 1]).permutation(pixels))


def rotate(images: Tensor, angles: Tensor) -> Tensor:
    """Counter-clockwise by angles in radians. shape: (count, channels, H, W), (count,)"""
    height, width = images.shape[-2:]
    cosine, sine = torch.cos(angles), torch.sin(angles)
    ratio = height / width
    maps = torch.stack([cosine, -sine * ratio, sine / ratio, cosine], -1).reshape(-1, 2, 2)
    return resample(images, maps.to(images))


def scramble(images: Tensor, permutation: Tensor) -> Tensor:
    """Pixel p of the result is pixel permutation[p] of the image, in every channel."""
    return images.flatten(2)[:, :, permutation].reshape(images.shape)


@dataclass(frozen=True)
class Split:
    """Indices of three parts without overlap."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split(data: ImageData, validation: float = 0.15, test: float = 0.25, seed: int = 0) -> Split:
    """The test set of the files where they name one, else a part drawn by `seed`; validation from the rest.

    Each is drawn class by class. Raises ValueError for a class with too few images for three parts.
    """
    draw = np.random.default_rng([seed, 2])
    if data.test is None:
        rest, held = _drawn(np.arange(len(data.labels)), data.labels, test, draw)
    else:
        rest, held = np.flatnonzero(~data.test), np.flatnonzero(data.test)
    train, chosen = _drawn(rest, data.labels, validation, draw)
    return Split(train, chosen, held)


def _drawn(
    places: np.ndarray, labels: np.ndarray, part: float, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    kept, taken = [], []
    for label in np.unique(labels[places]):
        own = draw.permutation(places[labels[places] == label])
        count = max(1, round(part * len(own)))
        if count >= len(own):
            raise ValueError(f"got {len(own)} images of class {label}, expected enough for three parts")
        taken.append(own[:count])
        kept.append(own[count:])
    return np.sort(np.concatenate(kept)), np.sort(np.concatenate(taken))
