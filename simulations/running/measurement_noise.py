"""Gaussian noise of a measurement, frame by frame, the same in memory and on disk."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def standard_deviation(frames: Iterable[np.ndarray]) -> float:
    """That of all values of all frames, merged one frame at a time.

    T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for computing the sample variance, The American
    Statistician 37 (1983) 242, eq. 2.1. Frames must be contiguous: their sums depend on the layout, in the
    last place.
    """
    count, mean, squares = 0, 0.0, 0.0
    for frame in frames:
        number = frame.size
        centre = float(frame.mean(dtype=np.float64))
        spread = float(np.square(np.subtract(frame, centre, dtype=np.float64)).sum())
        shift = centre - mean
        squares += spread + shift**2 * count * number / (count + number)
        mean += shift * number / (count + number)
        count += number
    return float(np.sqrt(squares / count))


def with_noise(frame: np.ndarray, deviation: float, seed: int, field: int, number: int) -> np.ndarray:
    """The frame with noise of this standard deviation, drawn by seed, field and the frame's number alone."""
    sequence = np.random.SeedSequence(seed, spawn_key=(field, number))
    draws = np.random.Generator(np.random.PCG64(sequence)).standard_normal(frame.shape)
    return (frame + deviation * draws).astype(frame.dtype)
