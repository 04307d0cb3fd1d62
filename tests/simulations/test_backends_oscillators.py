"""Compiled oscillators against the loop, on every kind of network."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import torch

from simulations import rk4, stormer_verlet, yoshida4
from simulations.backends import backend_for, loop, propagator
from simulations.backends.compiled import numba_is_installed
from simulations.backends.kernel_oscillators import kernel_oscillators, low_storage, oscillators_fit
from simulations.backends.torch_oscillators import torch_oscillators
from simulations.integrators import RungeKutta
from simulations.oscillators import Kuramoto

needs_numba = pytest.mark.skipif(not numba_is_installed(), reason="needs the extra 'fast'")
NODES = 2100  # more than two blocks, the last one not full
heun = RungeKutta("heun", 2, ((1.0,),), (0.5, 0.5))
kutta = RungeKutta("kutta", 3, ((0.5,), (-1.0, 2.0)), (1 / 6, 2 / 3, 1 / 6))
METHODS = (rk4, heun, stormer_verlet, yoshida4)
FAST = (("mean", rk4), ("mean", heun), ("sparse", yoshida4), ("dense", rk4))
CASES = [  # each kind of network and of method takes some seconds to compile
    pytest.param(
        kind, method, id=f"{kind}-{method.name}", marks=() if (kind, method) in FAST else pytest.mark.slow
    )
    for kind in ("mean", "dense", "sparse")
    for method in METHODS
]


def coupling(kind: str) -> object:
    random = np.random.default_rng(0)
    if kind == "mean":
        return 1.7
    if kind == "dense":
        return random.standard_normal((NODES, NODES)) / NODES
    places = random.integers(0, NODES, (2, 5 * NODES))
    return scipy.sparse.coo_array((random.standard_normal(5 * NODES), tuple(places)), (NODES, NODES))


def oscillators(kind: str, second_order: bool, lag: float = 0.4) -> Kuramoto:
    random = np.random.default_rng(1)
    inertia = random.uniform(0.5, 2, NODES) if second_order else 0.0
    return Kuramoto(coupling(kind), random.standard_normal(NODES), inertia=inertia, phase_lag=lag)


def state(system: Kuramoto, batch: tuple[int, ...] = (2,), dtype: torch.dtype = torch.float64):
    generator = torch.Generator().manual_seed(2)
    q, v = (
        3 * torch.randn((*batch, NODES), generator=generator, dtype=torch.float64).to(dtype) for _ in range(2)
    )
    return q, (v if system.time_order == 2 else None)


def assert_like(found, expected, tolerance: float) -> None:
    for part, other in zip(found, expected, strict=True):
        if other is not None:
            assert (part - other).abs().max() < tolerance * max(1.0, float(other.abs().max()))


@needs_numba
@pytest.mark.parametrize("kind, integrator", CASES)
def test_the_kernel_is_the_loop(kind: str, integrator) -> None:
    system = oscillators(kind, second_order=integrator.symplectic)
    q, v = state(system)
    advance = propagator(system, integrator, q, "kernel")
    assert advance.backend == "kernel"
    found = advance(q, v, 5, 0.02, 40)
    assert_like(found, loop(system, integrator)(q, v, 5, 0.02, 40), 1e-12)
    halfway = advance(q, v, 5, 0.02, 13)
    pieces = advance(*halfway, 18, 0.02, 27)
    assert torch.equal(found[0], pieces[0])
    assert v is None or torch.equal(found[1], pieces[1])


@needs_numba
def test_threads_change_no_bit() -> None:
    random = np.random.default_rng(3)
    system = Kuramoto(2.0, random.standard_normal(20_000))
    q = torch.as_tensor(random.uniform(-3, 3, 20_000))
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(kernel_oscillators(system, rk4, q, loop(system, rk4))(q, None, 0, 0.02, 10)[0])
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*results)


@needs_numba
def test_single_precision() -> None:
    system = oscillators("mean", second_order=False)
    q, _ = state(system, dtype=torch.float32)
    found = propagator(system, rk4, q, "kernel")(q, None, 0, 0.02, 20)
    assert found[0].dtype == torch.float32
    assert_like(found, loop(system, rk4)(q, None, 0, 0.02, 20), 1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("integrator", [rk4, yoshida4], ids=lambda method: method.name)
def test_compiled_torch_is_the_loop(integrator) -> None:
    system = oscillators("mean", second_order=integrator.symplectic)
    q, v = state(system)
    advance = torch_oscillators(system, integrator, q, loop(system, integrator))
    found = advance(q, v, 0, 0.02, 20)
    assert_like(found, loop(system, integrator)(q, v, 0, 0.02, 20), 1e-12)
    pieces = advance(*advance(q, v, 0, 0.02, 9), 9, 0.02, 11)
    assert torch.equal(found[0], pieces[0])


def test_torch_goes_on_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("no compiler")

    monkeypatch.setattr("simulations.backends.torch_oscillators._compiled", lambda *_: (refuse, refuse))
    system = oscillators("mean", second_order=False)
    q, _ = state(system)
    advance = torch_oscillators(system, rk4, q, loop(system, rk4))
    with pytest.warns(UserWarning, match="no compiler"):
        found, _ = advance(q, None, 0, 0.02, 3)
    assert torch.equal(found, loop(system, rk4)(q, None, 0, 0.02, 3)[0])


def test_low_storage() -> None:
    assert low_storage(rk4) == ([1 / 6, 1 / 3, 1 / 3, 1 / 6], [1 / 2, 1 / 2, 1.0, 0.0])
    assert low_storage(heun) == ([0.5, 0.5], [1.0, 0.0])
    assert low_storage(kutta) is None


def test_what_fits() -> None:
    frequencies = np.linspace(-1, 1, 8)
    assert oscillators_fit(Kuramoto(1.0, frequencies), rk4)
    assert not oscillators_fit(Kuramoto(1.0, frequencies), kutta)
    assert not oscillators_fit(Kuramoto(1.0, frequencies), yoshida4)
    assert oscillators_fit(Kuramoto(1.0, frequencies, inertia=1.0), yoshida4)
    assert not oscillators_fit(Kuramoto(1.0, frequencies, inertia=1.0, damping=0.1), rk4)
    assert not oscillators_fit(Kuramoto(1.0, frequencies, harmonics=[1.0, 0.5]), rk4)
    assert not oscillators_fit(Kuramoto(1.0, frequencies, noise=0.1), rk4)


def test_the_choice() -> None:
    q = torch.zeros(8, dtype=torch.float64)
    system = Kuramoto(1.0, np.linspace(-1, 1, 8))
    assert backend_for(system, rk4, q, steps=10) == "loop"
    assert backend_for(system, rk4, q, steps=10**6) == ("kernel" if numba_is_installed() else "torch")
    damped = Kuramoto(1.0, np.linspace(-1, 1, 8), inertia=1.0, damping=0.1)
    assert backend_for(damped, rk4, q) == "loop"
