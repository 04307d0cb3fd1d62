"""Rows weighted by the covariance of their noise."""

import numpy as np
import pytest
import sympy

from fieldnet.equations.atoms import Atom
from fieldnet.equations.estimate import covariance, solved_for
from fieldnet.equations.measured import MeasuredFields
from fieldnet.equations.projections import Projections
from fieldnet.equations.weighted import _Tile, _tiles, _Weights, weighted_estimate
from fieldnet.measured.noise import noise_deviation
from lagrangians.jets import jet_space

JETS = jet_space(("phi",), ("t", "x"))
PHI = JETS.symbol(0)
ATOMS = [Atom((2, 0), PHI), Atom((0, 2), PHI), Atom((0, 0), sympy.sin(PHI))]
TRUTH = np.array([1.0, -1.0, 1.0])
STEP = 0.15


def kinks(points=160):
    """A kink and an antikink that collide: φ = 4 atan(sinh(vγt)/(v cosh γx)), v = 1/2, c = m = 1."""
    t = (np.arange(points) - points / 2)[:, None] * STEP
    x = (np.arange(points) - points / 2) * STEP
    v = 0.5
    gamma = 1 / np.sqrt(1 - v**2)
    return 4 * np.arctan(np.sinh(v * gamma * t) / (v * np.cosh(gamma * x)))[None]


def projections(noise, seed, half=15):
    clean = kinks()
    values = clean + noise * clean.std() * np.random.default_rng(seed).normal(size=clean.shape)
    measured = MeasuredFields(JETS, (values,), (STEP, STEP), False, (noise_deviation(values),))
    return Projections(measured, (half, half))


def both(noise, seed):
    own = projections(noise, seed)
    parts = own.moments(ATOMS)
    theta, ratio = solved_for(parts, 0)
    equal = np.sqrt(np.diag(covariance(own, ATOMS, theta, ratio, 0, parts)))
    found = weighted_estimate(own, ATOMS, theta)
    moved = found.influence.reshape(3, -1)
    return theta, equal, found, np.sqrt(np.diag(moved @ moved.T))


def test_weights_lower_the_error():
    """On kinks, which are sharp in space, by a third or more; and the truth is within the stated errors."""
    _, equal, found, weighted = both(0.05, 0)
    assert (weighted[1:] < 0.7 * equal[1:]).all()
    assert (np.abs(found.theta - TRUTH)[1:] < 4 * weighted[1:]).all()
    assert found.ratio == pytest.approx(1, abs=0.2)


def test_no_weights_without_noise():
    own = projections(0.0, 0)
    assert weighted_estimate(own, ATOMS, TRUTH) is None


@pytest.mark.parametrize("constant", [False, True])
def test_overlaps_are_the_sums_over_points(constant):
    """Σ_x g(x) ∂_αψ(x) ∂_βψ'(x), pair by pair, against the plain sum over all points."""
    own = projections(0.05, 1, half=28)
    (tile,) = _tiles(own)
    shape = own.measured.shape[1:]
    values = np.full(shape, 0.7) if constant else np.random.default_rng(2).normal(size=shape)
    found = tile.matrix(tile.overlaps((2, 0), (0, 1), values))
    tests = [
        np.einsum("it,jx->ijtx", own.weights(0, p), own.weights(1, q)).reshape(tile.size, -1)
        for p, q in ((2, 0), (0, 1))
    ]
    plain = (tests[0] * values.ravel()) @ tests[1].T
    assert np.allclose(found, plain, rtol=0, atol=1e-10 * np.abs(plain).max())


def test_a_tile_holds_all_points_of_its_windows():
    """Tiles that are a part of a periodic axis, whose windows wrap, give what one tile of all gives."""
    half, clean = 14, kinks()
    deviation = 0.05 * float(clean.std())
    measured = MeasuredFields(JETS, (clean,), (STEP, STEP), True, (deviation,))
    own = Projections(measured, (half, half))
    values = np.random.default_rng(3).normal(size=measured.shape[1:])
    whole = _Tile(own, 0, tuple(np.arange(n) for n in own.shape[1:]), np.arange(own.rows))
    every = whole.matrix(whole.overlaps((0, 2), (1, 0), values))
    tiles = list(_tiles(own))
    assert len(tiles) > 1
    for tile in tiles:
        part = every[np.ix_(tile.rows, tile.rows)]
        found = tile.matrix(tile.overlaps((0, 2), (1, 0), values))
        assert np.allclose(found, part, rtol=0, atol=1e-10 * np.abs(every).max())


def test_inverse_is_that_of_the_covariance_of_the_residual():
    """⟨rᵀWr⟩ = rows, over 60 draws of white noise through the linearised residual: W whitens it."""
    own = projections(0.05, 3, half=26)
    (tile,) = _tiles(own)
    weights = _Weights(own, [tile], ATOMS, TRUTH)
    rng = np.random.default_rng(4)
    sigma = own.measured.deviations[0]
    square = []
    for _ in range(60):
        noise = sigma * rng.normal(size=own.measured.shape)
        residual = own.project(noise, (2, 0)) - own.project(noise, (0, 2))
        residual = residual + own.project(np.cos(kinks()) * noise, (0, 0))
        row = residual.ravel()
        square.append(row @ weights.inverses[0] @ row / tile.size)
    assert np.mean(square) == pytest.approx(1, abs=0.15)


@pytest.mark.slow
def test_intervals_cover_on_fresh_seeds():
    """95% intervals hold the truth in 90 to 99 of 100 seeds, stated errors 0.8 to 1.4 times the spread."""
    thetas, errors = [], []
    for seed in range(1000, 1100):
        _, _, found, weighted = both(0.05, seed)
        thetas.append(found.theta[1:])
        errors.append(weighted[1:])
    thetas, errors = np.array(thetas), np.array(errors)
    inside = (np.abs(thetas - TRUTH[1:]) < 1.96 * errors).sum(0)
    ratio = errors.mean(0) / thetas.std(0)
    assert ((inside >= 90) & (inside <= 99)).all(), inside
    assert ((ratio > 0.8) & (ratio < 1.4)).all(), ratio
