"""Frequencies, networks and initial phases: what they promise, and how they are asked for by name."""

import math

import numpy as np
import pytest
import torch

from simulations.oscillators import (
    FREQUENCIES,
    INITIAL_PHASES,
    NETWORKS,
    FrequencyDistribution,
    frequencies,
    initial,
    initial_phases,
    natural_frequencies,
    network,
    networks,
    order_parameter,
)
from simulations.oscillators.named import read_specification

DISTRIBUTIONS = [
    frequencies.lorentzian(0.5, 0.3),
    frequencies.gaussian(-1.0, 2.0),
    frequencies.uniform(0.1, 0.7),
    frequencies.bimodal(0.4, 0.2, 1.5),
]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda distribution: distribution.name)
def test_quantiles_and_draws_follow_the_density(distribution):
    places = np.linspace(0.01, 0.99, 20001)
    omega = distribution.quantile(places)
    slope = np.gradient(omega, places)[1:-1]
    np.testing.assert_allclose(slope * distribution.density(omega[1:-1]), 1, rtol=1e-3)
    quantiles = distribution.quantiles(1001)
    assert float(quantiles[500]) == pytest.approx(distribution.centre, abs=1e-12)
    assert bool((quantiles.diff() > 0).all())
    shuffled = distribution.quantiles(1001, seed=4)
    assert torch.equal(shuffled.sort().values, quantiles)
    assert not torch.equal(shuffled, quantiles)
    draws = distribution.sample(4000, seed=1)
    assert torch.equal(draws, distribution.sample(4000, seed=1))
    assert not torch.equal(draws, distribution.sample(4000, seed=2))
    below = (draws[:, None] < torch.tensor(distribution.quantile(np.array([0.1, 0.5, 0.8])))).double().mean(0)
    assert torch.allclose(below, torch.tensor([0.1, 0.5, 0.8], dtype=torch.float64), atol=0.03)


def test_critical_coupling_is_refused_where_it_does_not_hold():
    skew = FrequencyDistribution("skew", 1.0, lambda w: np.exp(-w) * (w > 0), lambda u: -np.log1p(-u))
    with pytest.raises(ValueError, match="'skew', whose density is not symmetric, expected"):
        skew.critical_coupling()
    with pytest.raises(ValueError, match="more than one maximum"):
        frequencies.bimodal().order_parameter(3.0)
    with pytest.raises(ValueError, match="no density"):
        frequencies.identical().critical_coupling()


def test_bad_frequencies():
    for make in (frequencies.lorentzian, frequencies.gaussian, frequencies.uniform, frequencies.bimodal):
        with pytest.raises(ValueError, match="expected a positive number"):
            make(0.0, 0.0)
    with pytest.raises(ValueError, match="separation"):
        frequencies.bimodal(separation=-1.0)
    with pytest.raises(ValueError, match="2 or more"):
        frequencies.gaussian().quantiles(1)
    with pytest.raises(ValueError, match="N ≥ 2"):
        frequencies.given([1.0])
    assert torch.equal(frequencies.given([1, 2]), torch.tensor([1.0, 2.0], dtype=torch.float64))


def is_symmetric(matrix):
    return abs(matrix - matrix.T).max() == 0


def test_ring():
    matrix = networks.ring(9, 2, strength=3.0).toarray()
    assert is_symmetric(matrix)
    np.testing.assert_array_equal(np.flatnonzero(matrix[0]), [1, 2, 7, 8])
    np.testing.assert_allclose(matrix.sum(1), 3.0)


def test_kernels():
    cosine = networks.cosine_ring(8, 0.5, 2.0)
    assert cosine[0, 0] == pytest.approx(2 / 8 * 1.5)
    assert cosine[0, 4] == pytest.approx(2 / 8 * 0.5)
    np.testing.assert_allclose(cosine.sum(1), 2.0)
    exponential = networks.exponential_ring(8, 4.0, 2.0)
    np.testing.assert_allclose(exponential.sum(1), 2.0)
    assert exponential[0, 2] / exponential[0, 1] == pytest.approx(math.exp(-0.5))
    assert exponential[0, 7] == pytest.approx(exponential[0, 1])


@pytest.mark.parametrize("directed", [False, True])
def test_erdos_renyi(directed):
    matrix = networks.erdos_renyi(2000, 8.0, 4.0, seed=1, directed=directed)
    assert is_symmetric(matrix) is not directed
    assert set(matrix.data) == {0.5}
    assert not matrix.diagonal().any()
    degree = np.asarray((matrix != 0).sum(1))
    assert degree.mean() == pytest.approx(8, abs=0.3)
    assert degree.var() == pytest.approx(8, abs=1)
    again = networks.erdos_renyi(2000, 8.0, 4.0, seed=1, directed=directed)
    assert (matrix != again).nnz == 0
    assert (matrix != networks.erdos_renyi(2000, 8.0, 4.0, seed=2, directed=directed)).nnz > 0
    assert networks.erdos_renyi(6, 5.0, 5.0, directed=directed).nnz == 30


def test_small_world():
    matrix = networks.small_world(500, 3, 0.2, 6.0, seed=1)
    assert is_symmetric(matrix)
    assert matrix.nnz == 3000
    assert set(matrix.data) == {1.0}
    assert not matrix.diagonal().any()
    kept = matrix.multiply(networks.ring(500, 3, 6.0)).nnz / 3000
    assert kept == pytest.approx(0.8, abs=0.05)
    assert (networks.small_world(500, 3, 0.0, 6.0) != networks.ring(500, 3, 6.0)).nnz == 0


def test_scale_free():
    matrix = networks.scale_free(3000, 3, 6.0, seed=1)
    assert is_symmetric(matrix)
    assert set(matrix.data) == {1.0}
    assert matrix.nnz == 2 * (6 + 3 * 2996)
    degree = np.asarray(matrix.sum(1))
    assert degree.min() == 3
    assert degree.max() > 80  # of 3000 nodes with P(degree ≥ k) = (3·4)/(k(k + 1)) the largest is near 190
    tail = (degree >= 12).mean()
    assert tail == pytest.approx(12 / (12 * 13), abs=0.02)
    random = networks.erdos_renyi(3000, 6.0, 6.0, seed=1)
    assert np.asarray(random.sum(1)).max() < 30


def test_bad_networks():
    with pytest.raises(ValueError, match="expected 1 to 4 for 9 nodes"):
        networks.ring(9, 5)
    with pytest.raises(ValueError, match="at most 8"):
        networks.erdos_renyi(9, 9.0)
    with pytest.raises(ValueError, match="probability"):
        networks.small_world(9, 2, 1.5)
    with pytest.raises(ValueError, match="links a node"):
        networks.scale_free(9, 9)


@pytest.mark.parametrize("name", INITIAL_PHASES)
def test_initial_phases_by_name(name):
    phases = initial_phases(name, 20, samples=3, seed=5)
    assert phases.shape == (3, 20)
    assert phases.dtype is torch.float64
    assert torch.equal(phases, initial_phases(f"{name}:seed=5", 20, samples=3))
    for parameter in INITIAL_PHASES[name].parameters:
        default = INITIAL_PHASES[name].default(parameter)
        assert torch.equal(phases, initial_phases(f"{name}:{parameter}={default}", 20, samples=3, seed=5))


def test_initial_phases():
    assert float(order_parameter(initial.splay(9)).abs()) < 1e-15
    assert float(order_parameter(initial.splay(9, winding=2), 2).abs()) < 1e-15
    assert float(initial.synchronised(5000, spread=0.2).std()) == pytest.approx(0.2, rel=0.05)
    assert initial.two_clusters(10, fraction=0.3, separation=1.0)[0].tolist() == [0.0] * 3 + [1.0] * 7
    for harmonic in (1, 2, 3):
        z = order_parameter(initial.wrapped_cauchy(2000, order=0.6), harmonic)
        assert complex(z[0]) == pytest.approx(0.6**harmonic, abs=1e-9)
    seed = initial.chimera(400)[0].abs()
    assert float(seed[:10].max()) < 0.01
    assert float(seed[180:220].max()) > 2


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_by_name(name):
    coupling, count = network(f"{name}:n=40,strength=2")
    assert count == 40
    total = coupling if name == "all-to-all" else coupling.sum() / 40
    assert total == pytest.approx(2, rel=0.3)
    for parameter in NETWORKS[name].parameters:
        network(f"{name}:n=40,{parameter}={NETWORKS[name].default(parameter)}")


def test_networks_and_their_number_of_nodes():
    assert network("all-to-all:strength=3") == (3.0, None)
    assert network("all-to-all:strength=3", 10) == (3.0, 10)
    assert network("ring:neighbours=2", 10)[0].shape == (10, 10)
    with pytest.raises(ValueError, match="expected one, as in ':n=100'"):
        network("ring")
    with pytest.raises(ValueError, match="n = 5 in 'ring:n=5' for 10 oscillators"):
        network("ring:n=5", 10)
    with pytest.raises(ValueError, match="whole number ≥ 2"):
        network("ring:n=5.5")
    with pytest.raises(ValueError, match=r"neighbours = 1\.5 in .*, expected a whole number"):
        network("ring:n=10,neighbours=1.5")


@pytest.mark.parametrize("name", FREQUENCIES)
def test_frequencies_by_name(name):
    omega = natural_frequencies(f"{name}:centre=2,ascending=1", 101)
    assert bool((omega.diff() >= 0).all())
    assert omega.shape == (101,)
    assert float(omega.median()) == pytest.approx(2)
    drawn = natural_frequencies(f"{name}:centre=2,seed=3", 101)
    assert torch.equal(drawn, natural_frequencies(f"{name}:centre=2,seed=3", 101))
    if name != "identical":
        assert not torch.equal(drawn.sort().values, omega)
        shuffled = natural_frequencies(f"{name}:centre=2,shuffle=3", 101)
        assert torch.equal(shuffled.sort().values, omega)
        assert not torch.equal(shuffled, natural_frequencies(f"{name}:centre=2", 101))
        assert torch.equal(omega, natural_frequencies(f"{name}:centre=2", 101).sort().values)


def test_specifications():
    assert read_specification("ring:n=10, strength=-1.5e2") == ("ring", {"n": 10, "strength": -150.0})
    assert read_specification("ring") == read_specification(" ring: ") == ("ring", {})
    for text in ("ring:n", "ring:n=", "ring:=3", "ring:n=ten", "ring:n=nan", "ring:n=1=2"):
        with pytest.raises(ValueError, match="expected key=number"):
            read_specification(text)
    for text, message in (
        ("cauchy", "unknown frequencies 'cauchy', expected one of identical, lorentzian"),
        ("lorenzian", "did you mean 'lorentzian'"),
        ("lorentzian:wdth=2", "parameter of the frequencies lorentzian 'wdth', .* did you mean 'width'"),
    ):
        with pytest.raises(ValueError, match=message):
            natural_frequencies(text, 10)
    with pytest.raises(ValueError, match=r"unknown network 'smal-world', .* did you mean 'small-world'"):
        network("smal-world", 10)
    with pytest.raises(ValueError, match=r"unknown initial phases 'splai', .* did you mean 'splay'"):
        initial_phases("splai", 10)
    with pytest.raises(ValueError, match=r"seed = 1\.5 in .* expected a whole number"):
        natural_frequencies("lorentzian:seed=1.5", 10)
