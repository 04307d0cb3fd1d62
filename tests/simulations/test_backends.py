"""Back ends against the loop: the same numbers to round-off, however steps are grouped."""

from __future__ import annotations

import itertools
import warnings

import mpmath
import numpy as np
import pytest
import sympy
import torch

from lagrangians import Lagrangian, catalogue
from simulations import FieldSystem, Grid, rk4, stormer_verlet, yoshida4
from simulations.backends import backend_for, loop, propagator
from simulations.backends.compiled import numba_is_installed
from simulations.backends.elementary import LARGEST_ARGUMENT, elementary_source
from simulations.backends.kernel_field import kernel_propagator
from simulations.backends.sine import cosine, sine
from simulations.backends.stencil import stencil_of
from simulations.backends.torch_field import torch_propagator
from simulations.integrators import blanes_moan4, blanes_moan6, default_integrator

needs_numba = pytest.mark.skipif(not numba_is_installed(), reason="needs the extra 'fast'")
KERNEL = pytest.param("kernel", marks=needs_numba)
BACKENDS = ["torch", KERNEL]
STEPS = 200
ENDS = ("periodic", "winding", "dirichlet", "neumann")
LINES = [  # each takes a second to compile: four in the fast tests, all of them in the slow ones
    pytest.param(order, boundary, marks=() if 2 * place + 2 == order else pytest.mark.slow)
    for order in (2, 4, 6, 8)
    for place, boundary in enumerate(ENDS)
]

t, x, y, z = sympy.symbols("t x y z")


def random_state(
    shape: tuple[int, ...], dtype: torch.dtype = torch.float64, seed: int = 0
) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, dtype=torch.float64, generator=generator).to(dtype) for _ in range(2)]


def wound(q: torch.Tensor, system: FieldSystem) -> torch.Tensor:
    """With one turn along the winding axes."""
    for axis, (boundary, points) in enumerate(zip(system.grid.boundary, system.points, strict=True)):
        if boundary == "winding":
            shape = [-1 if other == axis else 1 for other in range(len(system.points))]
            q = q + (2 * torch.pi / points * torch.arange(points).to(q)).reshape(shape)
    return q


def make(name: str, system: FieldSystem, integrator, q: torch.Tensor):
    """The back end without compilation in torch; see `test_compiled_torch` for that."""
    return propagator(system, integrator, q, name, steps=1)


def assert_like_the_loop(
    name: str, system: FieldSystem, batch=(), integrator=yoshida4, step=None, tolerance=1e-12
):
    shape = (*batch, *system.state_shape())
    q, v = random_state(shape)
    q = wound(0.3 * q, system)
    step = 0.3 * integrator.stability_limit / 40 if step is None else step
    expected = loop(system, integrator)(q, v, 3, step, STEPS)
    advance = make(name, system, integrator, q)
    assert advance.backend == name
    before = q.clone(), v.clone()
    found = advance(q, v, 3, step, STEPS)
    assert torch.equal(q, before[0])
    assert torch.equal(v, before[1])
    halfway = advance(q, v, 3, step, 77)
    rest = advance(*halfway, 80, step, STEPS - 77)
    for part, whole, pieces in zip(expected, found, rest, strict=True):
        assert part.isfinite().all()
        assert (part - whole).abs().max() < tolerance * max(1.0, float(part.abs().max()))
        assert torch.equal(whole, pieces)  # whatever the grouping, bit for bit
    return found


def box(points: tuple[int, ...], boundary: tuple[str, ...]) -> Grid:
    return Grid(tuple(0.3 * n for n in points), points, boundary)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("order, boundary", LINES)
def test_lines_with_every_end_and_every_order(name: str, order: int, boundary: str) -> None:
    system = FieldSystem(catalogue.sine_gordon(), box((33,), (boundary,)), order)
    assert_like_the_loop(name, system, integrator=stormer_verlet)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("integrator", [blanes_moan4, blanes_moan6], ids=lambda method: method.name)
def test_the_splittings_of_blanes_and_moan(name: str, integrator) -> None:
    """The first of them is what runs unless another is named."""
    system = FieldSystem(catalogue.sine_gordon(), box((33,), ("winding",)), 4)
    assert default_integrator(system) is blanes_moan4
    assert_like_the_loop(name, system, integrator=integrator)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(
    "boundary, order",
    [
        (("dirichlet", "winding"), 4),
        pytest.param(("periodic", "dirichlet"), 8, marks=pytest.mark.slow),
        pytest.param(("neumann", "periodic"), 2, marks=pytest.mark.slow),
    ],
)
def test_planes(name: str, boundary: tuple[str, ...], order: int) -> None:
    system = FieldSystem(catalogue.sine_gordon(dimension=2), box((17, 12), boundary), order)
    assert_like_the_loop(name, system, batch=(3,))


@pytest.mark.parametrize("name", BACKENDS)
def test_space(name: str) -> None:
    grid = box((11, 12, 10), ("dirichlet", "periodic", "neumann"))
    assert_like_the_loop(name, FieldSystem(catalogue.phi4(dimension=3), grid, 6), step=0.02)


def coupled_fields() -> Lagrangian:
    """Two fields with coupled gradients, a force that depends on place and time, and four parameters."""
    u, w = sympy.Function("u")(t, x, y), sympy.Function("w")(t, x, y)
    a, b, c, k = sympy.symbols("a b c k")
    kinetic = (u.diff(t) ** 2 + 2 * w.diff(t) ** 2) / 2
    gradient = (a * u.diff(x) ** 2 + u.diff(y) ** 2 + a * w.diff(y) ** 2) / 2 + sympy.Rational(1, 4) * u.diff(
        x
    ) * w.diff(x)
    potential = (
        b * sympy.cosh(u / 3)
        + c * (u * w) ** 2 / 4
        + sympy.cos(x + 2 * y - t / 2) * u
        + sympy.exp(-(w**2))
        + k * w**2
    )
    return Lagrangian(kinetic - gradient - potential, (u, w), (t, x, y), parameters=(a, b, c, k))


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(
    "boundary",
    [("dirichlet", "dirichlet"), pytest.param(("periodic", "neumann"), marks=pytest.mark.slow)],
)
def test_several_fields_with_parameters_of_every_shape(name: str, boundary: tuple[str, ...]) -> None:
    grid = box((14, 11), boundary)
    generator = torch.Generator().manual_seed(1)
    values = {
        "a": torch.tensor([[[1.0]], [[1.3]], [[0.7]]], dtype=torch.float64),  # one for each sample
        "b": torch.rand(grid.points, generator=generator, dtype=torch.float64),  # one for each point
        "c": torch.rand((3, *grid.points), generator=generator, dtype=torch.float64),  # for both
        "k": 0.8,
    }
    system = FieldSystem(coupled_fields(), grid, 4, parameters=values)
    assert_like_the_loop(name, system, batch=(3,))


@pytest.mark.parametrize("name", BACKENDS)
def test_parameters_without_a_field(name: str) -> None:
    """A control of the test above: another value of a parameter gives another state."""
    system = FieldSystem(catalogue.sine_gordon(), box((32,), ("periodic",)), 2)
    heavier = FieldSystem(catalogue.sine_gordon(m=1.01), box((32,), ("periodic",)), 2)
    q, v = random_state((32,))
    results = [make(name, s, yoshida4, q)(q, v, 0, 0.05, 20)[0] for s in (system, heavier)]
    assert (results[0] - results[1]).abs().max() > 1e-4


@pytest.mark.parametrize("name", BACKENDS)
def test_batches_of_several_axes(name: str) -> None:
    system = FieldSystem(catalogue.sine_gordon(), box((24,), ("periodic",)), 4)
    found, _ = assert_like_the_loop(name, system, batch=(2, 3))
    q, v = random_state((2, 3, 24))
    single = make(name, system, yoshida4, q[1, 2])(
        0.3 * q[1, 2], v[1, 2], 3, 0.3 * yoshida4.stability_limit / 40, STEPS
    )
    assert (single[0] - found[1, 2]).abs().max() < 1e-13


@pytest.mark.parametrize("name", BACKENDS)
def test_single_precision(name: str) -> None:
    system = FieldSystem(catalogue.sine_gordon(), box((64,), ("winding",)), 2)
    q, v = random_state((64,))
    q, v = wound(0.3 * q, system).float(), v.float()
    found = make(name, system, stormer_verlet, q)(q, v, 0, 0.05, 100)
    expected = loop(system, stormer_verlet)(q, v, 0, 0.05, 100)
    for part, other in zip(found, expected, strict=True):
        assert part.dtype == torch.float32
        assert (part - other).abs().max() < 1e-5 * float(other.abs().max())
    exact = loop(system, stormer_verlet)(q.double(), v.double(), 0, 0.05, 100)
    assert (found[0] - exact[0]).abs().max() > 1e-8  # it was not done in double precision


def test_compiled_torch() -> None:
    system = FieldSystem(catalogue.sine_gordon(dimension=2), box((16, 18), ("dirichlet", "winding")), 4)
    q, v = random_state((2, 16, 18))
    q = wound(0.3 * q, system)
    stencil = stencil_of(system)
    assert stencil is not None
    plain = loop(system, yoshida4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        advance = torch_propagator(stencil, yoshida4, q, plain, compiled=True)
        found = advance(q, v, 0, 0.02, 60)
    if any("torch.compile failed" in str(warning.message) for warning in caught):
        pytest.skip("torch.compile does not work here")
    halves = advance(*advance(q, v, 0, 0.02, 29), 29, 0.02, 31)
    for part, other, pieces in zip(found, plain(q, v, 0, 0.02, 60), halves, strict=True):
        assert (part - other).abs().max() < 1e-12
        assert torch.equal(part, pieces)


def test_torch_goes_on_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no compiler")

    monkeypatch.setattr("simulations.backends.torch_field._compiled", lambda *_: refuse)
    system = FieldSystem(catalogue.sine_gordon(), box((16,), ("periodic",)), 2)
    q, v = random_state((16,))
    plain = loop(system, stormer_verlet)
    advance = torch_propagator(stencil_of(system), stormer_verlet, q, plain, compiled=True)
    with pytest.warns(UserWarning, match="no compiler"):
        found = advance(q, v, 0, 0.05, 10)
    assert (found[0] - plain(q, v, 0, 0.05, 10)[0]).abs().max() < 1e-14


def test_torch_has_gradients() -> None:
    mass = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    m = sympy.Symbol("m")
    system = FieldSystem(catalogue.klein_gordon(m=m), box((16,), ("periodic",)), 2, parameters={"m": mass})
    q, v = random_state((16,))
    gradients = []
    for name in ("loop", "torch"):
        end, _ = propagator(system, yoshida4, q, name)(q, v, 0, 0.05, 5)
        gradients.append(torch.autograd.grad(end.square().sum(), mass)[0])
    assert gradients[0] == gradients[1] != 0


@needs_numba
def test_threads_change_no_bit() -> None:
    system = FieldSystem(catalogue.sine_gordon(dimension=2), box((150, 131), ("periodic", "dirichlet")), 4)
    stencil = stencil_of(system)
    q, v = random_state((150, 131))
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            advance = kernel_propagator(stencil, stormer_verlet, q, loop(system, stormer_verlet))
            results.append(advance(q, v, 0, 0.05, 10))
    finally:
        torch.set_num_threads(before)
    for one, other in itertools.combinations(results, 2):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])


@needs_numba
@pytest.mark.parametrize(
    "points, boundary, order",
    [
        ((131,), ("periodic",), 2),
        ((97, 12), ("winding", "dirichlet"), 2),
        pytest.param((131,), ("dirichlet",), 6, marks=pytest.mark.slow),
        pytest.param((131,), ("winding",), 4, marks=pytest.mark.slow),
        pytest.param((97, 12), ("periodic", "winding"), 4, marks=pytest.mark.slow),
        pytest.param((97, 12), ("dirichlet", "periodic"), 2, marks=pytest.mark.slow),
        pytest.param((60, 7, 9), ("neumann", "winding", "periodic"), 4, marks=pytest.mark.slow),
    ],
)
def test_tiles_change_no_bit(
    points: tuple[int, ...], boundary: tuple[str, ...], order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, in tiles, and in tiles on two threads; 37 steps are no multiple of the sweeps of a tile."""
    system = FieldSystem(catalogue.sine_gordon(dimension=len(points)), box(points, boundary), order)
    stencil = stencil_of(system)
    q, v = random_state(points)
    q = wound(q, system)
    monkeypatch.setattr("simulations.backends.kernel_field.SITES_PER_THREAD", 50)
    before, results = torch.get_num_threads(), []
    try:
        for cache, threads in ((10**9, 1), (1, 1), (10**9, 2), (1, 2)):
            monkeypatch.setattr("simulations.backends.kernel_field.CACHE", cache)
            torch.set_num_threads(threads)
            advance = kernel_propagator(stencil, yoshida4, q, loop(system, yoshida4))
            tiled = threads == 2 or (cache == 1 and boundary[0] != "winding")
            assert (advance.parts > 1) == tiled
            results.append(advance(q, v, 2, 0.02, 37))
    finally:
        torch.set_num_threads(before)
    assert (results[0][0] - loop(system, yoshida4)(q, v, 2, 0.02, 37)[0]).abs().max() < 1e-12
    for other in results[1:]:
        assert torch.equal(results[0][0], other[0])
        assert torch.equal(results[0][1], other[1])


@needs_numba
def test_theories_that_differ_in_numbers_share_their_code() -> None:
    from simulations.backends.kernel_source import kernel_source

    grid = box((16,), ("periodic",))
    texts = {
        kernel_source(stencil_of(FieldSystem(catalogue.sine_gordon(c=c, m=m), grid, 2)), "float64").text
        for c, m in ((1.1, 0.9), (1.7, 2.3))
    }
    assert len(texts) == 1


def elementary(dtype: str) -> dict:
    namespace: dict = {"np": np}
    exec(compile(elementary_source(dtype), "<elementary>", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-15), ("float32", 5e-7)])
def test_sine_and_cosine_of_the_kernel(dtype: str, tolerance: float) -> None:
    functions = elementary(dtype)
    random = np.random.default_rng(0)
    for scale in (1e-3, 2.0, 50.0, 1e4, LARGEST_ARGUMENT[dtype]):
        for value in random.uniform(-scale, scale, 150).astype(dtype):
            with mpmath.workdps(40):
                angle = mpmath.mpf(float(value))
                exact = float(mpmath.sin(angle)), float(mpmath.cos(angle))
            found = functions["sine"](value), functions["cosine"](value)
            assert found[0].dtype == found[1].dtype == dtype
            assert max(abs(float(a) - b) for a, b in zip(found, exact, strict=True)) <= tolerance


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-15), (torch.float32, 5e-7)])
def test_sine_and_cosine_of_tensors(dtype: torch.dtype, tolerance: float) -> None:
    largest = LARGEST_ARGUMENT[str(dtype).removeprefix("torch.")]
    angles = largest * torch.linspace(-1, 1, 4001, dtype=torch.float64) ** 3
    angles = angles.to(dtype)
    for ours, theirs in ((sine, torch.sin), (cosine, torch.cos)):
        assert (ours(angles).double() - theirs(angles.double())).abs().max() <= tolerance


@pytest.mark.parametrize("name", [KERNEL])
def test_phases_beyond_the_range_go_through_the_loop(name: str) -> None:
    system = FieldSystem(catalogue.sine_gordon(), box((16,), ("periodic",)), 2)
    q, v = random_state((16,))
    q = q + 1e12
    found = make(name, system, yoshida4, q)(q, v, 0, 0.05, 3)
    assert torch.equal(found[0], loop(system, yoshida4)(q, v, 0, 0.05, 3)[0])


def test_the_choice() -> None:
    field = FieldSystem(catalogue.sine_gordon(), box((64,), ("periodic",)), 2)
    q, _ = random_state((64,))
    fast = "kernel" if numba_is_installed() else "torch"
    assert backend_for(field, yoshida4, q) == fast
    assert backend_for(field, yoshida4, q, steps=10**6) == fast
    assert backend_for(field, yoshida4, q, steps=10) == "torch"
    assert backend_for(field, rk4, q) == "loop"
    assert backend_for(field, yoshida4, q.clone().requires_grad_()) == "loop"
    spectral = FieldSystem(catalogue.sine_gordon(), box((64,), ("periodic",)), "fourier")
    assert backend_for(spectral, yoshida4, q) == "loop"
    absorbing = FieldSystem(catalogue.sine_gordon(), box((64,), ("absorbing",)), 2)
    assert backend_for(absorbing, rk4, q) == "loop"


@pytest.mark.parametrize("steps", [1, None])
def test_none_chooses_and_gives_the_loop_s_numbers(steps: int | None) -> None:
    system = FieldSystem(catalogue.sine_gordon(), box((32,), ("neumann",)), 2)
    q, v = random_state((32,))
    found = propagator(system, yoshida4, q, steps=steps)(q, v, 0, 0.05, 30)
    assert (found[0] - loop(system, yoshida4)(q, v, 0, 0.05, 30)[0]).abs().max() < 1e-13


def test_bad_requests() -> None:
    system = FieldSystem(catalogue.sine_gordon(), box((64,), ("periodic",)), "fourier")
    q, _ = random_state((64,))
    with pytest.raises(ValueError, match="got backend 'fast', expected one of loop, torch, kernel"):
        propagator(system, yoshida4, q, "fast")
    if numba_is_installed():
        with pytest.raises(ValueError, match=r"cannot run with yoshida4, expected fields with finite"):
            propagator(system, yoshida4, q, "kernel")
        with pytest.raises(ValueError, match="expected float64 or float32 on the CPU"):
            propagator(system, yoshida4, q.to(torch.float16), "kernel")


def test_the_kernel_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulations.backends.choice.numba_is_installed", lambda: False)
    system = FieldSystem(catalogue.sine_gordon(), box((64,), ("periodic",)), 2)
    q, _ = random_state((64,))
    assert backend_for(system, yoshida4, q) == "torch"
    with pytest.raises(ValueError, match=r"pip install 'fieldnet\[fast\]'"):
        propagator(system, yoshida4, q, "kernel")
