"""Every coupling against its definition as a sum over sines, its potential, its bound, and its errors."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse
import torch

from lagrangians import catalogue
from simulations import FieldSystem
from simulations.oscillators import Edges, Kuramoto, MeanFieldTriplets, Triplets, networks

COUNT = 7
GENERATOR = torch.Generator().manual_seed(5)


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=GENERATOR)


MATRIX = normal(COUNT, COUNT) * (normal(COUNT, COUNT) > 0)
SYMMETRIC = (MATRIX + MATRIX.T).fill_diagonal_(0)
OMEGA = normal(COUNT)
MASS = 0.5 + normal(COUNT).abs()
THETA = 3 * normal(2, 3, COUNT)
VELOCITY = normal(2, 3, COUNT)
AMPLITUDES = [0.7, -0.4, 0.0, 0.3]


def direct(theta, coupling, omega, amplitudes=(1.0,), lags=0.0):
    """The definition, one sine a pair and harmonic; lags a number, one a harmonic, or one a pair."""
    difference = theta[..., None, :] - theta[..., :, None]
    torque = omega.expand(theta.shape)
    for n, amplitude in enumerate(amplitudes, 1):
        lag = lags[n - 1] if isinstance(lags, list) else lags
        torque = torque + amplitude * (coupling * torch.sin(n * difference - lag)).sum(-1)
    return torque


def entries():
    i, j = MATRIX.nonzero().T
    return i, j, MATRIX[i, j]


SPARSE = {
    "scipy csr": scipy.sparse.csr_array(MATRIX.numpy()),
    "scipy matrix": scipy.sparse.coo_matrix(MATRIX.numpy()),
    "torch coo": MATRIX.to_sparse(),
    "torch csr": MATRIX.to_sparse_csr(),
    "edges": Edges(*entries()),
    "edges as lists, backwards": Edges(*(part.flip(0).tolist() for part in entries())),
}


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_network_is_the_dense_one(name):
    system, dense = Kuramoto(SPARSE[name], OMEGA, phase_lag=0.3), Kuramoto(MATRIX, OMEGA, phase_lag=0.3)
    assert torch.allclose(system.velocity(THETA), dense.velocity(THETA), atol=1e-13)
    assert torch.allclose(system.velocity(THETA[0, 0]), dense.velocity(THETA[0, 0]), atol=1e-13)
    assert system.coupling.layout is torch.sparse_csr
    assert torch.equal(system.coupling.to_dense(), MATRIX)
    assert system.largest_frequency(THETA) == pytest.approx(dense.largest_frequency(THETA))
    transposed = Kuramoto(MATRIX.T, OMEGA, phase_lag=0.3)
    assert not torch.allclose(system.velocity(THETA), transposed.velocity(THETA), atol=1e-2)


def test_edges_listed_twice_add_up():
    i, j, weight = entries()
    twice = Edges(torch.cat([i, i]), torch.cat([j, j]), torch.cat([weight, 2 * weight]))
    expected = Kuramoto(3 * MATRIX, OMEGA).velocity(THETA)
    assert torch.allclose(Kuramoto(twice, OMEGA).velocity(THETA), expected, atol=1e-13)


@pytest.mark.parametrize("coupling", ["scalar", "dense", "sparse"])
@pytest.mark.parametrize("lags", [0.0, 0.4, [0.1, -0.6, 2.0, 0.5]])
def test_harmonics_are_the_sum_over_sines(coupling, lags):
    matrix = torch.full((COUNT, COUNT), 1.3 / COUNT, dtype=torch.float64) if coupling == "scalar" else MATRIX
    given = {"scalar": 1.3, "dense": MATRIX, "sparse": SPARSE["edges"]}[coupling]
    expected = direct(THETA, matrix, OMEGA, AMPLITUDES, lags)
    system = Kuramoto(given, OMEGA, phase_lag=lags, harmonics=AMPLITUDES)
    assert torch.allclose(system.velocity(THETA), expected, atol=1e-12)
    mapping = Kuramoto(given, OMEGA, phase_lag=lags, harmonics={2: -0.4, 1: 0.7, 4: 0.3})
    assert torch.equal(mapping.velocity(THETA), system.velocity(THETA))


def test_one_harmonic_is_none():
    assert Kuramoto(1.0, OMEGA, harmonics=[1.0]).harmonics is None
    second = Kuramoto(MATRIX, OMEGA, harmonics={2: 1.0})
    assert torch.allclose(second.velocity(THETA), direct(THETA, MATRIX, OMEGA, [0, 1.0]), atol=1e-12)
    assert not torch.allclose(second.velocity(THETA), Kuramoto(MATRIX, OMEGA).velocity(THETA), atol=1e-2)


@pytest.mark.parametrize("amplitudes", [[1.0], AMPLITUDES])
def test_phase_lag_of_every_pair(amplitudes):
    lag = normal(COUNT, COUNT)
    system = Kuramoto(MATRIX, OMEGA, phase_lag=lag, harmonics=amplitudes)
    expected = direct(THETA, MATRIX, OMEGA, amplitudes, lag)
    assert torch.allclose(system.velocity(THETA), expected, atol=1e-12)
    wrong = direct(THETA, MATRIX, OMEGA, amplitudes, lag.T)
    assert not torch.allclose(system.velocity(THETA), wrong, atol=1e-2)


def triple_sum(theta, form, weight, lag):
    """The definition of a triplet coupling from an N × N × N array of weights."""
    i, j, k = (theta.reshape(*theta.shape[:-1], *shape) for shape in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)))
    phase = 2 * j - k - i if form == "2j-k-i" else j + k - 2 * i
    return (weight * torch.sin(phase - lag)).sum((-1, -2))


@pytest.mark.parametrize("lag", [0.0, 0.5])
@pytest.mark.parametrize("form", ["2j-k-i", "j+k-2i"])
def test_triplets_are_the_triple_sum(form, lag):
    everyone = torch.full((COUNT,) * 3, 1.7 / COUNT**2, dtype=torch.float64)
    system = Kuramoto(0.0, OMEGA, simplices=MeanFieldTriplets(1.7, form, lag))
    expected = OMEGA + triple_sum(THETA, form, everyone, lag)
    assert torch.allclose(system.velocity(THETA), expected, atol=1e-12)
    some = normal(COUNT, COUNT, COUNT) * (normal(COUNT, COUNT, COUNT) > 1)
    i, j, k = some.nonzero().T
    listed = Triplets(i, j, k, some[i, j, k], form, lag)
    system = Kuramoto(MATRIX, OMEGA, simplices=[listed])
    expected = direct(THETA, MATRIX, OMEGA) + triple_sum(THETA, form, some, lag)
    assert torch.allclose(system.velocity(THETA), expected, atol=1e-12)


def test_triplets_add_to_pairs_and_to_each_other():
    both = [MeanFieldTriplets(0.8), MeanFieldTriplets(-0.3, "j+k-2i")]
    pairs = Kuramoto(MATRIX, OMEGA).velocity(THETA)
    alone = [Kuramoto(0.0, 0 * OMEGA, simplices=simplex).velocity(THETA) for simplex in both]
    system = Kuramoto(MATRIX, OMEGA, simplices=both)
    assert torch.allclose(system.velocity(THETA), pairs + sum(alone), atol=1e-13)


BOTH_FORMS = [MeanFieldTriplets(0.9), MeanFieldTriplets(0.9, "j+k-2i")]
TURN = normal(COUNT, COUNT)
CONSERVATIVE = {
    "all-to-all": {"coupling": 1.4},
    "dense": {"coupling": SYMMETRIC},
    "sparse": {"coupling": scipy.sparse.csr_array(SYMMETRIC.numpy())},
    "harmonics": {"coupling": SYMMETRIC, "harmonics": AMPLITUDES},
    "all-to-all harmonics": {"coupling": 1.4, "harmonics": AMPLITUDES},
    "antisymmetric lags": {"coupling": SYMMETRIC, "phase_lag": TURN - TURN.T},
    "triplets": {"coupling": 0.5, "simplices": BOTH_FORMS},
}


@pytest.mark.parametrize("name", CONSERVATIVE)
def test_torque_is_minus_the_gradient_of_the_potential(name):
    system = Kuramoto(frequencies=OMEGA, inertia=MASS, **CONSERVATIVE[name])
    theta = THETA.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(system.potential(theta).sum(), theta)
    assert torch.allclose(system.torque(THETA), -gradient, atol=1e-12)
    kinetic = (MASS * VELOCITY**2).sum(-1) / 2
    assert torch.allclose(system.energy(THETA, VELOCITY), kinetic + system.potential(THETA), atol=1e-12)


ROTATIONAL = {
    "directed": {"coupling": MATRIX},
    "directed sparse": {"coupling": SPARSE["edges"]},
    "lag": {"coupling": SYMMETRIC, "phase_lag": 0.3},
    "lags": {"coupling": SYMMETRIC, "phase_lag": TURN},
    "first triplets": {"coupling": 0.5, "simplices": BOTH_FORMS[:1]},
    "second triplets": {"coupling": 0.5, "simplices": BOTH_FORMS[1:]},
    "listed triplets": {"coupling": 0.5, "simplices": Triplets([0], [1], [2])},
}


@pytest.mark.parametrize("name", ROTATIONAL)
def test_no_potential_where_the_torque_is_no_gradient(name):
    """The Jacobian of a gradient is symmetric; of these torques it is not, and no potential is offered."""
    system = Kuramoto(frequencies=OMEGA, inertia=1.0, **ROTATIONAL[name])
    jacobian = torch.autograd.functional.jacobian(system.torque, THETA[0, 0])
    assert float((jacobian - jacobian.mT).abs().max()) > 0.05
    with pytest.raises(ValueError, match="without an energy"):
        system.potential(THETA)
    conservative = Kuramoto(frequencies=OMEGA, inertia=1.0, **CONSERVATIVE["triplets"])
    jacobian = torch.autograd.functional.jacobian(conservative.torque, THETA[0, 0])
    assert torch.allclose(jacobian, jacobian.mT, atol=1e-13)


@pytest.mark.parametrize("name", ["all-to-all", "dense", "sparse"])
def test_dynamics_and_energy_are_those_of_the_catalogue(name):
    everyone = torch.full((COUNT, COUNT), 1.4 / COUNT, dtype=torch.float64)
    matrix = everyone if name == "all-to-all" else SYMMETRIC
    theory = FieldSystem(catalogue.kuramoto_inertial(matrix, OMEGA, MASS), None)
    system = Kuramoto(frequencies=OMEGA, inertia=MASS, **CONSERVATIVE[name])
    theta, velocity = THETA[0], VELOCITY[0]
    assert torch.allclose(system.acceleration(theta), theory.acceleration(theta), atol=1e-12)
    assert torch.allclose(system.energy(theta, velocity), theory.energy(theta, velocity), atol=1e-12)
    other = Kuramoto(frequencies=OMEGA, inertia=MASS, **CONSERVATIVE["harmonics"])
    assert not torch.allclose(other.acceleration(theta), theory.acceleration(theta), atol=1e-2)


EVERY = {
    "scalar": {"coupling": -1.4},
    "dense": {"coupling": MATRIX},
    "sparse": {"coupling": SPARSE["edges"]},
    "harmonics": {"coupling": MATRIX, "harmonics": AMPLITUDES, "phase_lag": [0.1, 0.2, 0.3, 0.4]},
    "lags": {"coupling": MATRIX, "phase_lag": TURN},
    "triplets": {"coupling": 0.5, "simplices": BOTH_FORMS},
    "listed": {"coupling": 0.1, "simplices": Triplets([0, 1, 1], [1, 2, 3], [2, 4, 5], [3.0, -2.0, 1.0])},
}


@pytest.mark.parametrize("name", EVERY)
def test_largest_frequency_bounds_the_linearised_rates(name):
    """Over many states the spectral radius of the Jacobian stays below the bound, and comes near it."""
    system = Kuramoto(frequencies=0 * OMEGA, **EVERY[name])
    inertial = Kuramoto(frequencies=0 * OMEGA, inertia=MASS, damping=0.4, **EVERY[name])
    states = torch.cat([torch.zeros(1, COUNT, dtype=torch.float64), 3 * normal(200, COUNT)])
    bound, largest = system.largest_frequency(states), 0.0
    damped_bound = inertial.largest_frequency(states)
    for theta in states:
        jacobian = torch.autograd.functional.jacobian(system.torque, theta)
        largest = max(largest, float(torch.linalg.eigvals(jacobian).abs().max()))
        force = jacobian / MASS[:, None]
        block = torch.cat(
            [
                torch.cat([torch.zeros_like(force), torch.eye(COUNT, dtype=torch.float64)], 1),
                torch.cat([force, torch.diag(-0.4 / MASS)], 1),
            ]
        )
        assert float(torch.linalg.eigvals(block).abs().max()) <= damped_bound
    assert bound / 10 < largest <= bound


def test_spread_of_heavy_tails_is_that_of_the_middle():
    tails = torch.cat([torch.linspace(-1, 1, 1000), torch.tensor([1e6, -1e6])]).double()
    assert Kuramoto(1.0, tails).largest_frequency(tails) < 2 + 2
    few = torch.cat([torch.linspace(-1, 1, 100), torch.tensor([1e6, -1e6])]).double()
    assert Kuramoto(1.0, few).largest_frequency(few) > 2e6


def test_float32_stays_float32():
    for arguments in EVERY.values():
        system, theta = Kuramoto(frequencies=OMEGA, **arguments), THETA.float()
        for _ in range(2):
            assert system.velocity(theta).dtype is torch.float32
        assert torch.allclose(system.velocity(theta).double(), system.velocity(THETA), atol=1e-4)


@pytest.mark.parametrize("name", EVERY)
def test_gradient_in_the_phases(name):
    system = Kuramoto(frequencies=OMEGA, **EVERY[name])
    theta = THETA[0, :2].clone().requires_grad_()
    assert torch.autograd.gradcheck(system.velocity, (theta,), atol=1e-7)
    assert torch.autograd.gradgradcheck(system.velocity, (theta,), atol=1e-6)


def test_gradient_in_every_parameter():
    i, j, weight = entries()

    def torque(weight, omega, amplitudes, lag, strength):
        system = Kuramoto(
            Edges(i, j, weight),
            omega,
            phase_lag=lag,
            harmonics=amplitudes,
            simplices=MeanFieldTriplets(strength),
        )
        return system.velocity(THETA[0])

    values = (weight, OMEGA, torch.tensor([1.0, 0.3]), torch.tensor(0.2), torch.tensor(0.7))
    leaves = [value.double().clone().requires_grad_() for value in values]
    assert torch.autograd.gradcheck(torque, leaves, atol=1e-7)
    assert torch.autograd.gradgradcheck(torque, leaves, atol=1e-6)


def test_a_million_edges_and_no_dense_matrix():
    """N² numbers would be 80 GB; also the gradient, in phases and weights, stays on the edges."""
    count = 100_000
    matrix = networks.erdos_renyi(count, 10.0, strength=10.0)
    assert matrix.nnz > 990_000
    weight = torch.tensor(matrix.tocoo().data, requires_grad=True)
    omega = torch.zeros(count, dtype=torch.float64)
    theta = torch.linspace(0, 9, count, dtype=torch.float64).sin() * 5
    velocity = Kuramoto(matrix, omega).velocity(theta)
    z = np.exp(1j * theta.numpy())
    expected = (z.conj() * (matrix @ z)).imag
    np.testing.assert_allclose(velocity.numpy(), expected, atol=1e-12)
    system = Kuramoto(Edges(matrix.tocoo().row, matrix.tocoo().col, weight), omega)
    leaf = theta.clone().requires_grad_()
    system.velocity(leaf)[:10].sum().backward()
    assert weight.grad.shape == (matrix.nnz,)
    assert int((weight.grad != 0).sum()) == matrix[:10].nnz
    assert leaf.grad.abs().max() > 0.1


def test_noise_is_an_attribute():
    assert Kuramoto(1.0, OMEGA).noise_strength is None
    assert Kuramoto(1.0, OMEGA, noise=0.0).noise_strength is None
    assert float(Kuramoto(1.0, OMEGA, noise=0.3).noise_strength) == 0.3
    each = torch.linspace(0, 1, COUNT, dtype=torch.float64)
    assert torch.equal(Kuramoto(1.0, OMEGA, noise=each).noise_strength, each)
    assert torch.allclose(Kuramoto(1.0, OMEGA, MASS, noise=0.3).noise_strength, 0.3 / MASS)
    assert torch.equal(Kuramoto(1.0, OMEGA, noise=0.3).velocity(THETA), Kuramoto(1.0, OMEGA).velocity(THETA))


def test_static_variables_hold_the_whole_system():
    listed = Triplets([0, 1], [1, 2], [2, 4], [3.0, -2.0])
    system = Kuramoto(
        SPARSE["edges"], OMEGA, MASS, 0.1, [0.1, 0.2], harmonics=[1, 2], simplices=listed, noise=0.3
    )
    found = system.static_variables()
    dims = {name: variable[0] for name, variable in found.items()}
    assert dims["omega"] == dims["inertia"] == dims["damping"] == dims["noise_sigma"] == ("node",)
    assert dims["edge_weight"] == ("edge",)
    assert dims["phase_lag"] == dims["harmonics"] == ("harmonic",)
    value = {name: variable[1] for name, variable in found.items()}
    again = Kuramoto(
        Edges(value["edge_target"], value["edge_source"], value["edge_weight"]),
        value["omega"],
        value["inertia"],
        value["damping"],
        value["phase_lag"],
        harmonics=value["harmonics"],
        simplices=Triplets(*(value[f"triplet_{name}"] for name in ("i", "j", "k", "weight"))),
        noise=value["noise_sigma"],
    )
    assert torch.equal(again.acceleration(THETA, VELOCITY), system.acceleration(THETA, VELOCITY))
    dense = Kuramoto(MATRIX, OMEGA, phase_lag=TURN).static_variables()
    assert dense["coupling"][0] == dense["phase_lag"][0] == ("node", "source")
    assert np.array_equal(dense["coupling"][1], MATRIX)
    scalar = Kuramoto(1.5, OMEGA, phase_lag=0.2).static_variables()
    assert scalar["coupling"][0] == scalar["phase_lag"][0] == ()
    assert float(scalar["phase_lag"][1]) == 0.2


def test_description():
    small = Kuramoto(1.5, OMEGA, harmonics=[1, 0.5], noise=0.1, simplices=BOTH_FORMS).description()
    assert small["frequencies"] == OMEGA.tolist()
    assert small["harmonics"] == [1.0, 0.5]
    assert small["noise_strength"] == 0.1
    assert small["triplets_1"] == "j+k-2i"
    assert small["equation"].endswith("+ triplets + sigma_i*xi_i")
    large = Kuramoto(networks.ring(2000), torch.zeros(2000)).description()
    assert large["frequencies"] == "2000 numbers from 0 to 0, mean 0"
    assert large["coupling"] == "4000 edges"
    for value in itertools.chain(small.values(), large.values()):
        assert isinstance(value, str | float | list)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"coupling": Edges([0, 7], [1, 1])}, "from 0 to 7, expected 0 to 6"),
        ({"coupling": Edges([0, -1], [1, 1])}, "expected 0 to 6"),
        ({"coupling": Edges([0, 1], [1])}, "expected as many of each"),
        ({"coupling": Edges([0.5], [1])}, "expected a list of node numbers"),
        ({"coupling": scipy.sparse.eye_array(5).tocsr()}, r"\(5, 5\) for 7 frequencies"),
        ({"coupling": torch.eye(5).to_sparse()}, r"\(5, 5\) for 7 frequencies"),
        ({"coupling": [[0, 1], [1, 0], [1, 1]]}, "given as Edges"),
        ({"coupling": "strong"}, "expected numbers"),
        ({"coupling": 1.0, "phase_lag": TURN}, "a scalar coupling, expected a dense"),
        ({"coupling": SPARSE["edges"], "phase_lag": TURN}, "a sparse coupling, expected a dense"),
        ({"coupling": 1.0, "phase_lag": [0.1, 0.2]}, r"expected a number, \(1,\) for the harmonics"),
        ({"coupling": 1.0, "harmonics": []}, "list of amplitudes"),
        ({"coupling": 1.0, "harmonics": {0: 1.0}}, "n ≥ 1"),
        ({"coupling": 1.0, "harmonics": [math.inf]}, "not finite"),
        ({"coupling": 1.0, "noise": -1.0}, "expected σ ≥ 0"),
        ({"coupling": 1.0, "noise": [1.0, 2.0]}, r"expected a number or \(7,\)"),
        ({"coupling": 1.0, "simplices": [3.0]}, "expected MeanFieldTriplets or Triplets"),
        ({"coupling": 1.0, "simplices": Triplets([0], [1], [7])}, "node 7, expected node numbers 0 to 6"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        Kuramoto(frequencies=OMEGA, **arguments)


def test_bad_triplets():
    with pytest.raises(ValueError, match="expected one of 2j-k-i, j\\+k-2i"):
        MeanFieldTriplets(1.0, "i+j+k")
    with pytest.raises(ValueError, match="go into Triplets"):
        MeanFieldTriplets([1.0, 2.0])
    with pytest.raises(ValueError, match="expected as many of each"):
        Triplets([0, 1], [1, 2], [2])
