"""Chains: one equation for all sites, on a ring and between walls."""

import math

import numpy as np
import pytest
import sympy
import torch

from lagrangians import Lagrangian, catalogue
from simulations import FieldSystem, simulate
from simulations.chain import Chain
from simulations.integrators import stormer_verlet, yoshida4

CHAINS = {
    "toda": catalogue.toda_lattice(a=1.3, b=0.7),
    "fput": catalogue.fermi_pasta_ulam_tsingou(alpha=0.3, beta=0.2),
    "frenkel": catalogue.frenkel_kontorova(V=0.4),
}
ENDS = [("periodic", 0.0), ("periodic", 2.5), ("fixed", 0.0), ("fixed", 0.7)]
EACH = pytest.mark.parametrize("name", CHAINS)
n, t = sympy.symbols("n t")
q_n = sympy.Function("q")


def state(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.3 * torch.randn(shape, dtype=torch.float64, generator=generator)


@EACH
def test_it_is_the_ring_of_ordinary_fields(name):
    """Against `Lagrangian.ring`, site by site."""
    chain = Chain(CHAINS[name], 5)
    ring = FieldSystem(CHAINS[name].ring(5), None)
    q, v = state(3, 5), state(3, 5, seed=1)
    assert torch.allclose(chain.acceleration(q), ring.acceleration(q), atol=1e-14)
    assert torch.allclose(chain.energy(q, v), ring.energy(q, v), atol=1e-13)


@EACH
@pytest.mark.parametrize(("boundary", "rise"), ENDS)
def test_the_force_is_minus_the_gradient_of_the_energy(name, boundary, rise):
    chain = Chain(CHAINS[name], 7, boundary, rise)
    q, v = state(2, 7).requires_grad_(), state(2, 7, seed=1)
    (slope,) = torch.autograd.grad(chain.energy(q, v).sum(), q)
    assert float((slope + chain.acceleration(q)).detach().abs().max()) < 1e-13
    assert chain.separable
    assert chain.time_order == 2


def test_next_nearest_neighbours_and_labels():
    """−½(q(n+2) − q(n))² − ½nq²: reach 2, and the label as a number."""
    q = q_n(n, t)
    density = q.diff(t) ** 2 / 2 - (q_n(n + 2, t) - q) ** 2 / 2 - n * q**2 / 2
    theory = Lagrangian(density, (q,), (t,))
    for boundary, rise in ENDS:
        chain = Chain(theory, 6, boundary, rise)
        values = state(6).requires_grad_()
        (slope,) = torch.autograd.grad(chain.energy(values, 0 * values), values)
        assert float((slope + chain.acceleration(values)).detach().abs().max()) < 1e-13
    with pytest.raises(ValueError, match="got 1 sites, expected at least 2"):
        Chain(theory, 1)


@EACH
def test_momentum_is_conserved_without_a_substrate(name):
    chain = Chain(CHAINS[name], 16, rise=1.0)
    q, v = state(16), state(16, seed=1)
    before = float(chain.momentum(q, v))
    for number in range(100):
        q, v = stormer_verlet.step(chain, q, v, 0.05 * number, 0.05)
    change = abs(float(chain.momentum(q, v)) - before)
    assert change < 1e-12 if name != "frenkel" else change > 1e-3


def test_toda_soliton():
    """e^{−(q_n − q_{n−1})} − 1 = sinh²κ sech²(κn − t sinh κ) passes n at the time n κ/sinh κ.

    M. Toda, Theory of Nonlinear Lattices, §3.1, for m = a = b = 1; far ahead the chain is at rest, behind it
    is shifted by −2κ, which is the rise of the ring.
    """
    kappa, count = 0.8, 80
    chain = Chain(catalogue.toda_lattice(), count, rise=-2 * kappa)
    sites = torch.arange(count, dtype=torch.float64) - count // 2

    def displacement(time: float) -> torch.Tensor:
        def part(place):
            return torch.log1p(torch.exp(2 * (kappa * place - math.sinh(kappa) * time)))

        return part(sites) - part(sites + 1)

    step = 1e-4
    q, v = displacement(0.0), (displacement(step) - displacement(-step)) / (2 * step)
    for number in range(800):
        q, v = yoshida4.step(chain, q, v, 0.025 * number, 0.025)
    assert float((q - displacement(20.0)).abs().max()) < 2e-6
    assert float((q - displacement(0.0)).abs().max()) > 1.0


def test_complex_chains_and_first_order():
    """The discrete Schrödinger equation i ψ̇_n = −(ψ_{n+1} + ψ_{n−1}) + |ψ_n|²ψ_n keeps energy and norm."""
    psi = sympy.Function("psi")
    bar = sympy.Function("psi_bar")
    here, there = psi(n, t), bar(n, t)
    phase = sympy.I / 2 * (there * here.diff(t) - here * there.diff(t))
    hopping = there * psi(n + 1, t) + here * bar(n + 1, t)
    theory = Lagrangian(phase + hopping - (there * here) ** 2 / 2, (here, there), (t,))
    chain = Chain(theory, 8)
    assert chain.fields == ("psi_re", "psi_im")
    assert chain.time_order == 1
    q = state(2, 2, 8)
    psi_values = torch.complex(q[:, 0], q[:, 1])
    right = -(psi_values.roll(-1, -1) + psi_values.roll(1, -1)) + psi_values.abs() ** 2 * psi_values
    rate = chain.velocity(q)
    assert torch.allclose(torch.complex(rate[:, 0], rate[:, 1]), -1j * right, atol=1e-14)
    with pytest.raises(ValueError, match="first order in time"):
        chain.acceleration(q)


def test_ten_thousand_sites_and_simulate():
    chain = Chain(CHAINS["fput"], 10_000)
    x = 2 * torch.pi * torch.arange(10_000, dtype=torch.float64) / 100
    data = simulate(chain, (0.1 * torch.sin(x), 0 * x), 2.0, save_every=1.0, integrator=stormer_verlet)
    assert data["q"].dims == ("sample", "time", "node")
    assert data["q"].shape == (1, 3, 10_000)
    assert np.isfinite(data["q"].values).all()
    assert "q[n+1]" in data.attrs["density"]


def test_observables_and_parameters():
    stiffness = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    chain = Chain(
        catalogue.frenkel_kontorova(kappa="kappa", V="V"), 6, parameters={"kappa": stiffness, "V": 0.5}
    )
    q, v = state(4, 6), state(4, 6, seed=1)
    assert chain.energy_density(q, v).shape == (4, 6)
    assert torch.allclose(chain.energy_density(q, v).sum(-1), chain.energy(q, v))
    stretch = chain.evaluate(q_n(n + 1, t) - q_n(n, t), q)
    assert torch.allclose(stretch, q.roll(-1, -1) - q)
    (slope,) = torch.autograd.grad(chain.energy(q, v).sum(), stiffness)
    assert float(slope) == pytest.approx(float((stretch**2).sum()) / 2)
    single = chain.acceleration(q.float())
    assert single.dtype == torch.float32
    assert chain.largest_frequency(0 * q[0]) == pytest.approx(math.sqrt(0.5 + 8), rel=0.03)


def test_refusals():
    with pytest.raises(ValueError, match=r"expected a chain such as q.*use FieldSystem"):
        Chain(catalogue.sine_gordon(), 8)
    with pytest.raises(ValueError, match="got boundary 'open', expected one of periodic, fixed"):
        Chain(CHAINS["toda"], 8, "open")
    with pytest.raises(ValueError, match="got parameters none, expected m"):
        Chain(catalogue.toda_lattice(m="m"), 8)
    with pytest.raises(ValueError, match=r"got a state of shape \(7,\), expected \(…, 8\)"):
        Chain(CHAINS["toda"], 8).acceleration(state(7))
    with pytest.raises(ValueError, match="varies from site to site as a function of the label"):
        Chain(catalogue.toda_lattice(m="m"), 8, parameters={"m": torch.ones(8)})
    with pytest.raises(ValueError, match="got no velocity"):
        Chain(CHAINS["toda"], 8).energy(state(8))
