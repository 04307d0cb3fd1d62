"""What every kind of generators promises: a kind is one entry in `CASES`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from fieldnet import LConv, expand_layer
from fieldnet.generators import (
    Bracket,
    Circulant,
    Combination,
    Concatenated,
    Dense,
    Fixed,
    GeneratorModule,
    Graph,
    Incidence,
    LocalStencil,
    LowRank,
    Polynomial,
    Representation,
    Stencil,
    Sum,
    Trigonometric,
    VectorField,
    Zero,
    box,
)

DOUBLE = torch.float64
CLOSE = {"rtol": 1e-11, "atol": 1e-11}


@dataclass(frozen=True)
class Case:
    """A kind: `make` gives a random family, which acts on feature maps whose last axes are `space`.

    `probe` gives columns, shape (d, …), and rows: the matrix of a bracket is the commutator of the matrices
    on these columns, and in these rows; None: everywhere.
    """

    make: Callable[[], GeneratorModule]
    space: tuple[int, ...]
    kills_constants: bool = False
    learned: bool = True
    on_nodes: bool = True
    probe: Callable[[], tuple[Tensor, Tensor]] | None = None

    @property
    def nodes(self) -> tuple[int, ...] | None:
        return self.space if self.on_nodes else None

    def features(self) -> Tensor:
        return torch.randn(3, 2, *self.space, dtype=DOUBLE)


def edges() -> Tensor:
    return torch.tensor([[0, 1], [1, 0], [1, 2], [2, 3], [3, 4], [4, 2], [5, 0], [0, 3]])


def waves(shape: tuple[int, ...], modes: int) -> Callable[[], tuple[Tensor, Tensor]]:
    """All waves of at most `modes` periods along each axis, in all rows."""

    def probe() -> tuple[Tensor, Tensor]:
        columns = Trigonometric(modes).values(shape).flatten(1).T
        return columns, torch.ones(len(columns), dtype=torch.bool)

    return probe


def inside(shape: tuple[int, ...], degree: int, edge: int) -> Callable[[], tuple[Tensor, Tensor]]:
    """All polynomials up to a degree, in the rows at least `edge` points from the edge of the grid."""

    def probe() -> tuple[Tensor, Tensor]:
        rows = torch.zeros(shape, dtype=torch.bool)
        rows[tuple(slice(edge, size - edge) for size in shape)] = True
        return Polynomial(degree).values(shape).flatten(1).T, rows.flatten()

    return probe


def trigonometric(shape: tuple[int, ...], count: int) -> VectorField:
    return VectorField(shape, count, basis=Trigonometric(1), dtype=DOUBLE)


CASES = {
    "dense": Case(lambda: Dense(3, 6, dtype=DOUBLE), (6,)),
    "fixed": Case(lambda: Fixed(torch.randn(2, 6, 6, dtype=DOUBLE)), (6,), learned=False),
    "low rank": Case(lambda: LowRank(2, 7, 2, dtype=DOUBLE), (7,)),
    "graph": Case(lambda: Graph(6, 2, torch.rand(6, 6) < 0.5, dtype=DOUBLE), (6,), kills_constants=True),
    "incidence": Case(lambda: Incidence(edges(), 6, 2, dtype=DOUBLE), (6,), kills_constants=True),
    "stencil, one axis": Case(lambda: Stencil((0.3,), radius=3, dtype=DOUBLE), (11,), kills_constants=True),
    "stencil, two axes": Case(
        lambda: Stencil((0.3, 0.2), radius=2, dtype=DOUBLE), (6, 7), kills_constants=True
    ),
    "local stencil, one axis": Case(
        lambda: LocalStencil(box(2, 1), 2, padding="zeros", dtype=DOUBLE), (8,), kills_constants=True
    ),
    "local stencil, two axes": Case(
        lambda: LocalStencil(box(1, 2), 2, dtype=DOUBLE), (5, 4), kills_constants=True
    ),
    "local stencil, three axes": Case(
        lambda: LocalStencil([(1, 0, 0), (0, -1, 1)], 2, padding="zeros", dtype=DOUBLE),
        (3, 4, 3),
        kills_constants=True,
    ),
    "circulant, one axis": Case(lambda: Circulant((8,), 3, dtype=DOUBLE), (8,)),
    "circulant, two axes": Case(
        lambda: Circulant((4, 5), 2, kills_constants=True, dtype=DOUBLE), (4, 5), kills_constants=True
    ),
    "vector field, polynomial": Case(
        lambda: VectorField((9, 11), 2, degree=1, derivative=4, dtype=DOUBLE),
        (9, 11),
        probe=inside((9, 11), 3, 4),
    ),
    "vector field, one-sided at the edges": Case(
        lambda: VectorField((9, 9), 2, degree=2, derivative=8, edge="one-sided", dtype=DOUBLE),
        (9, 9),
        kills_constants=True,
        probe=inside((9, 9), 6, 0),
    ),
    "vector field, cubic": Case(
        lambda: VectorField((17,), 2, degree=3, derivative=8, dtype=DOUBLE), (17,), probe=inside((17,), 6, 8)
    ),
    "vector field, trigonometric, one axis": Case(
        lambda: trigonometric((9,), 3), (9,), kills_constants=True, probe=waves((9,), 2)
    ),
    "vector field, trigonometric, two axes": Case(
        lambda: trigonometric((7, 9), 2), (7, 9), kills_constants=True, probe=waves((7, 9), 1)
    ),
    "representation": Case(lambda: Representation(4, 3, dtype=DOUBLE), (4,), on_nodes=False),
    "concatenated": Case(
        lambda: Concatenated(LocalStencil(box(1, 1), 2, dtype=DOUBLE), Stencil((0.1,), 2, dtype=DOUBLE)),
        (7,),
        kills_constants=True,
    ),
    "a sum of two kinds": Case(lambda: Dense(2, 7, dtype=DOUBLE) + Circulant((7,), 2, dtype=DOUBLE), (7,)),
    "a bracket of two kinds": Case(
        lambda: LocalStencil(box(1, 2), 2, "zeros", dtype=DOUBLE).bracket(Circulant((4, 5), 1, dtype=DOUBLE)),
        (4, 5),
    ),
    "a combination": Case(
        lambda: Combination(torch.randn(3, 2, dtype=DOUBLE), Dense(2, 5, dtype=DOUBLE)), (5,)
    ),
    "zero": Case(lambda: Zero(2, dtype=DOUBLE), (4,), kills_constants=True, learned=False),
}
every_kind = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def by_matrix(matrices: Tensor, f: Tensor) -> Tensor:
    """The matrices on the flattened last axes of (3, 2, *space)."""
    return torch.einsum("kde,bce->kbcd", matrices, f.flatten(2)).reshape(len(matrices), *f.shape)


def commutators(a: Tensor, b: Tensor) -> Tensor:
    return torch.stack([x @ y - y @ x for x in a for y in b])


@every_kind
def test_the_matrix_acts_as_the_family(case):
    family, f = case.make(), case.features()
    assert isinstance(family, GeneratorModule)
    assert family.act(f).shape == (family.count, *f.shape)
    torch.testing.assert_close(family.apply(f), by_matrix(family.matrix(case.nodes), f), **CLOSE)
    assert torch.equal(family(f), family.act(f))
    torch.testing.assert_close(family.act(f[0]), family.act(f)[:, 0], **CLOSE)
    torch.testing.assert_close(family.act(f[:, None, None]), family.act(f)[:, :, None, None], **CLOSE)
    assert family.act(f[:0]).shape == (family.count, 0, *f.shape[1:])
    with pytest.raises(ValueError, match=r"float32; expected torch.float64, the generators'"):
        family.apply(f.float())


@every_kind
def test_transpose_is_the_adjoint(case):
    """⟨g, L̂f⟩ = ⟨L̂ᵀg, f⟩."""
    family, f = case.make(), case.features()
    g = torch.randn(family.count, *f.shape, dtype=DOUBLE)
    left, right = (g * family.act(f)).sum(), (family.transpose(g) * f).sum()
    torch.testing.assert_close(left, right, **CLOSE)


@every_kind
def test_kinds_are_closed_under_sums(case):
    """(L̂_i + M̂_i) by matrices; sums of sums too."""
    a, b = case.make(), case.make()
    matrices = a.matrix(case.nodes), b.matrix(case.nodes)
    both = a + b
    torch.testing.assert_close(both.matrix(case.nodes), matrices[0] + matrices[1], **CLOSE)
    torch.testing.assert_close((both - a + b).matrix(case.nodes), 2 * matrices[1], **CLOSE)
    if type(a) in (Graph, Incidence, LocalStencil, Circulant, VectorField, Stencil, Representation):
        assert type(both) is type(a)


@every_kind
def test_kinds_are_closed_under_brackets(case):
    """[L̂_i, M̂_j] is the commutator of the matrices, j running fastest; brackets of brackets too."""
    a, b = case.make(), case.make()
    together = a.bracket(b)
    assert together.count == a.count * b.count
    expected = commutators(a.matrix(case.nodes), b.matrix(case.nodes))
    found = together.matrix(case.nodes)
    if case.probe is not None:
        columns, rows = case.probe()
        found, expected = ((m @ columns)[:, rows] for m in (found, expected))
        assert type(together) is type(a)
        assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    if case.probe is None:
        nested = commutators(together.matrix(case.nodes), a.matrix(case.nodes))
        torch.testing.assert_close(together.bracket(a).matrix(case.nodes), nested, rtol=1e-9, atol=1e-9)


@every_kind
def test_a_change_of_basis_mixes_the_family(case):
    family = case.make()
    g = torch.randn(4, family.count, dtype=DOUBLE)
    expected = torch.tensordot(g, family.matrix(case.nodes), dims=1)
    torch.testing.assert_close(family.mixed(g).matrix(case.nodes), expected, **CLOSE)
    torch.testing.assert_close((2 * family).matrix(case.nodes), 2 * family.matrix(case.nodes), **CLOSE)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.kills_constants])
def test_constants_are_killed(name):
    """L̂1 = 0 to round-off, also of sums and brackets; a dense matrix does no such thing."""
    case = CASES[name]
    a, b, ones = case.make(), case.make(), torch.ones(1, 1, *case.space, dtype=DOUBLE)
    for family in (a, a + b, a.bracket(b)):
        size = family.matrix(case.nodes).abs().sum(-1).max()
        assert family.act(ones).abs().max() <= 1e-14 * size
    dense = Dense(3, 6, dtype=DOUBLE)
    assert dense.act(torch.ones(1, 1, 6, dtype=DOUBLE)).abs().max() > 0.1


@every_kind
def test_state_copies_and_dtype(case):
    torch.manual_seed(3)
    family = case.make()
    torch.manual_seed(3)
    other, f = case.make(), case.features()
    for parameter in other.parameters():
        parameter.data.normal_()
    other.load_state_dict(family.state_dict())
    assert torch.equal(other.act(f), family.act(f))
    twin = copy.deepcopy(family)
    assert torch.equal(twin.act(f), family.act(f))
    single = twin.to(torch.float32)
    assert single.act(f.float()).dtype == single.matrix(case.nodes).dtype == torch.float32
    torch.testing.assert_close(single.act(f.float()), family.act(f).float(), rtol=1e-4, atol=1e-4)


@every_kind
@pytest.mark.filterwarnings("ignore:Complex modules")
def test_complex_numbers(case):
    """L̂(zf) = z L̂f after `.to(torch.complex128)`; real Fourier transforms refuse."""
    family, z = case.make(), 1 + 2j
    f = case.features()
    moved, wave = family.act(f), z * f
    twin = copy.deepcopy(family).to(torch.complex128)
    if any(isinstance(part, Circulant) for part in family.modules()):
        with pytest.raises(ValueError, match="expected real numbers"):
            twin.act(wave)
    else:
        torch.testing.assert_close(twin.act(wave), z * moved, **CLOSE)


@every_kind
def test_everything_is_on_the_device_of_the_family(case):
    """A tensor made elsewhere would meet one of the "meta" device, which raises."""
    family, f = case.make().to("meta"), case.features().to("meta")
    moved = family.act(f)
    made = [moved, family.transpose(moved), family.matrix(case.nodes)]
    if case.on_nodes:
        made.append(family.vector_field(case.space))
    assert {tensor.device.type for tensor in made} == {"meta"}


@every_kind
def test_gradients_reach_parameters_and_features(case):
    """Against differences; those of a bracket reach the parameters of its parts."""
    family, f = case.make(), case.features()[:1, :1].requires_grad_()
    names, values = zip(*family.named_parameters(), strict=True) if case.learned else ((), ())

    def act(features, *parameters):
        given = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(family, given, (features,))

    assert torch.autograd.gradcheck(act, (f, *values), fast_mode=True)
    if case.learned:
        assert torch.autograd.gradgradcheck(act, (f, *values), fast_mode=True)
        assert all(v.requires_grad for v in values)
        bracket = family.bracket(family)
        if not isinstance(bracket, Zero):
            bracket.act(f).square().sum().backward()
            assert all(v.grad is not None and v.grad.isfinite().all() for v in values)


@every_kind
@pytest.mark.parametrize("channels", [(1, 4), (4, 1), (3, 5)])
def test_contraction_with_the_weights_of_a_layer(case, channels):
    """Σ_i W^i L̂_i f + W⁰f in any order of products, with its transpose and its gradients."""
    (c, o), family = channels, case.make()
    if not case.on_nodes:
        return
    weight = torch.randn(family.count + 1, o, c, dtype=DOUBLE, requires_grad=True)
    f = torch.randn(2, c, *case.space, dtype=DOUBLE, requires_grad=True)
    r = torch.randn(2, o, *case.space, dtype=DOUBLE)
    stack = torch.cat([f[None], family.act(f)])
    expected = torch.einsum("koc,kbcd->bod", weight, stack.flatten(3)).reshape(r.shape)
    given = (f, weight, *family.parameters())
    gradients = torch.autograd.grad((expected * r).sum(), given)
    found = family.contract(weight[1:], f, weight[0])
    torch.testing.assert_close(found, expected, **CLOSE)
    torch.testing.assert_close(torch.autograd.grad((found * r).sum(), given), gradients, **CLOSE)
    pulled = family.contract_transpose(weight[1:], r, weight[0])
    torch.testing.assert_close(pulled, gradients[0], **CLOSE)
    alone = family.contract(weight[1:], f) + torch.einsum("oc,bc...->bo...", weight[0], f)
    torch.testing.assert_close(alone, expected, **CLOSE)


@every_kind
def test_layers_run_in_automatic_mixed_precision(case):
    """Two layers inside `torch.autocast` give what they give outside, to the precision of bfloat16."""
    family = case.make().to(torch.float32)
    c = 3 if case.on_nodes else 4
    layers = torch.nn.Sequential(LConv(c, c, family), LConv(c, c, family))
    f = torch.randn(2, c, *(case.space if case.on_nodes else ()))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layers(f)
        mixed.float().square().sum().backward()
    exact = layers(f)
    assert (mixed - exact).norm() < 0.03 * exact.norm()


@every_kind
def test_function_transforms(case):
    """vmap over the samples; the derivatives of a linear map, forwards and backwards, are the map."""
    family, f, direction = case.make(), case.features(), case.features()
    torch.testing.assert_close(torch.func.vmap(family.act, out_dims=1)(f), family.act(f), **CLOSE)
    value, slope = torch.func.jvp(family.act, (f,), (direction,))
    torch.testing.assert_close(value, family.act(f), **CLOSE)
    torch.testing.assert_close(slope, family.act(direction), **CLOSE)
    jacobian = torch.func.jacrev(family.act)(f[0, 0]) if case.on_nodes else None
    if jacobian is not None:
        expected = family.matrix(case.space).reshape(family.count, *case.space, *case.space)
        torch.testing.assert_close(jacobian.squeeze(), expected.squeeze(), **CLOSE)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.on_nodes])
def test_a_layer_expands_to_its_loss(name):
    """|Q[f]|² summed over nodes is the node expansion's value, from the matrices alone."""
    case = CASES[name]
    layer, f = LConv(2, 3, case.make(), dtype=DOUBLE), case.features()
    expansion = expand_layer(layer, case.space)
    loss = layer(f).square().sum(1).flatten(1).sum(1).detach().numpy()
    value = expansion.value(f.flatten(2).numpy())
    assert abs(value - loss).max() < 1e-11 * loss.max()


def test_different_families_are_refused():
    with pytest.raises(ValueError, match="families of 2 and 3 generators"):
        Dense(2, 5) + Dense(3, 5)
    with pytest.raises(ValueError, match="1 and 2 space axes"):
        Dense(1, 5).bracket(Circulant((2, 3)))
    for one, other in ((Dense(1, 5), Fixed(torch.zeros(1, 1, 1))), (Graph(5), Circulant((6,)))):
        for together in (
            one.__add__,
            one.bracket,
            lambda x, one=one: Sum(one, x),
            lambda x, one=one: Bracket(one, x),
        ):
            with pytest.raises(ValueError, match=r"shapes \(5,\) and \(\d,\), expected the same space"):
                together(other)
    with pytest.raises(ValueError, match="representations on 3 and 4 features"):
        Representation(3) + Representation(4)
    with pytest.raises(ValueError, match="families of 1 and 2 generators"):
        Sum(Dense(1, 5), Dense(2, 5))
    for nothing in (Sum, Concatenated):
        with pytest.raises(ValueError, match="got no family"):
            nothing()
    with pytest.raises(TypeError, match="unsupported operand"):
        Dense(1, 5) + 1
    for family in (Dense(2, 5), Graph(5, 2), Circulant((5,), 2), VectorField((5,), 2), Representation(5, 2)):
        with pytest.raises(ValueError, match=r"expected \(N, 2\)"):
            family.mixed(torch.eye(3))
