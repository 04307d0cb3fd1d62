"""What single kinds of generators promise besides: vector fields, symbols, shifts, sparse networks."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from fieldnet import LConv
from fieldnet.generators import (
    Bracket,
    Circulant,
    Concatenated,
    Dense,
    Fixed,
    Graph,
    Incidence,
    LocalStencil,
    Polynomial,
    Representation,
    Stencil,
    Sum,
    Trigonometric,
    VectorField,
    Zero,
    box,
)
from fieldnet.generators.sparse import correlate, multiply, spread

DOUBLE = torch.float64
EXACT = {"rtol": 1e-12, "atol": 1e-12}


def commutators(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.stack([x @ y - y @ x for x in a for y in b])


def affine() -> torch.Tensor:
    """∂_0, ∂_1, the rotation s^0∂_1 − s^1∂_0 and the dilation, in the basis 1, s^0, s^1."""
    a = torch.zeros(4, 2, 3, dtype=DOUBLE)
    a[0, 0, 0] = a[1, 1, 0] = 1
    a[2, 1, 1], a[2, 0, 2] = 1, -1
    a[3, 0, 1] = a[3, 1, 2] = 1
    return a


# vector fields


def test_the_bracket_of_vector_fields_is_the_lie_algebra():
    """[∂_0, R] = ∂_1, [∂_1, R] = −∂_0, [∂_α, D] = ∂_α, [R, D] = 0, to the last digit."""
    fields = VectorField((6, 6), coefficients=affine())
    found = fields.bracket(fields).coefficients.reshape(4, 4, 2, 3)
    d0, d1, r, zero = fields.coefficients[0], fields.coefficients[1], 2, torch.zeros(2, 3, dtype=DOUBLE)
    for i, j, expected in [(0, r, d1), (1, r, -d0), (0, 3, d0), (1, 3, d1), (r, 3, zero), (0, 1, zero)]:
        assert torch.equal(found[i, j], expected)
        assert torch.equal(found[j, i], -expected)


@pytest.mark.parametrize("degrees, degree", [((0, 0), 1), ((0, 3), 3), ((1, 1), 1), ((2, 3), 4)])
def test_degrees_of_polynomial_brackets(degrees, degree):
    a, b = (VectorField((6, 5), degree=n, dtype=DOUBLE) for n in degrees)
    assert a.bracket(b).basis == Polynomial(degree)
    assert (a + b).basis == Polynomial(max(degrees))
    assert VectorField((6,), basis=Trigonometric(1)).bracket(
        VectorField((6,), basis=Trigonometric(2))
    ).basis == Trigonometric(3)


@pytest.mark.parametrize("basis", [Polynomial(2), Trigonometric(1)])
def test_brackets_obey_jacobi(basis):
    a, b, c = (VectorField((5, 5), basis=basis, dtype=DOUBLE) for _ in range(3))
    cyclic = [x.bracket(y).bracket(z).coefficients for x, y, z in ((a, b, c), (b, c, a), (c, a, b))]
    assert cyclic[0].abs().max() > 0.1
    torch.testing.assert_close(sum(cyclic), torch.zeros_like(cyclic[0]), rtol=0, atol=1e-10)


def test_vector_fields_in_grid_steps():
    """R = s^0∂_1 − s^1∂_0 on an oblong grid: v^0 = −R_0 s^1, v^1 = R_1 s^0, with s in [−1, 1]."""
    field = VectorField((5, 9), coefficients=affine()[2:3]).vector_field((5, 9))
    s0, s1 = torch.meshgrid(
        torch.linspace(-1, 1, 5, dtype=DOUBLE), torch.linspace(-1, 1, 9, dtype=DOUBLE), indexing="ij"
    )
    torch.testing.assert_close(field, torch.stack([-2 * s1, 4 * s0])[None], **EXACT)


@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_operator_brackets_tend_to_brackets_of_fields(order):
    """[v·D, w·D]f → [v, w]·∂f on a periodic grid, at the order of the finite difference D, ±0.2."""
    errors = []
    for size in (40, 56):
        torch.manual_seed(0)
        v, w = (VectorField((size,), basis=Trigonometric(1), derivative=order, dtype=DOUBLE) for _ in "vw")
        exact = VectorField((size,), basis=Trigonometric(2), coefficients=v.bracket(w).coefficients)
        f = Trigonometric(1).values((size,)).T
        errors.append(((commutators(v.matrix(), w.matrix()) - exact.matrix()) @ f).abs().max().item())
    assert errors[0] > 1e-9
    assert math.log(errors[0] / errors[1]) / math.log(56 / 40) == pytest.approx(order, abs=0.2)


def test_leibniz_rule_on_band_limited_data():
    """L̂(fg) = f L̂g + g L̂f while band(f) + band(g) < d/2; beyond, and for a stencil, it fails."""
    size = 13
    v = VectorField((size,), basis=Trigonometric(2), dtype=DOUBLE)

    def defect(family, modes):
        f, g = (Trigonometric(modes).values((size,)).mul(torch.randn(2 * modes + 1, 1)).sum(0) for _ in "fg")
        moved = family.act(torch.stack([f * g, f, g])[:, None])[0, :, 0]
        return (moved[0] - f * moved[2] - g * moved[1]).abs().max() / moved[0].abs().max()

    assert defect(v, 3) < 1e-13
    assert defect(Circulant.derivative((size,), dtype=DOUBLE), 3) < 1e-13
    assert defect(v, 5) > 1e-2
    assert defect(LocalStencil(box(2, 1), dtype=DOUBLE), 3) > 1e-2


def test_the_same_fields_on_a_finer_grid():
    """`on` keeps the coefficients, and with them the parameter."""
    coarse = VectorField((8, 8), 2, degree=2, dtype=DOUBLE)
    fine = coarse.on((15, 22))
    assert fine.coefficients is coarse.coefficients
    corners = (slice(None), slice(None), slice(None, None, 7), slice(None, None, 7))
    scale = (fine.radii / coarse.radii).reshape(2, 1, 1)
    torch.testing.assert_close(
        fine.vector_field()[:, :, ::14, ::21], scale * coarse.vector_field()[corners], **EXACT
    )
    with pytest.raises(ValueError, match=r"`on\(shape\)` gives the same vector fields"):
        coarse.act(torch.zeros(1, 15, 22, dtype=DOUBLE))


def test_given_coefficients_are_fixed_and_parameters_learned():
    fixed = VectorField((6, 6), coefficients=affine())
    assert (fixed.count, list(fixed.parameters())) == (4, [])
    learned = VectorField((6, 6), coefficients=torch.nn.Parameter(affine()))
    assert [name for name, _ in learned.named_parameters()] == ["coefficients"]
    assert list(learned.state_dict()) == ["coefficients"]
    for wrong in (affine()[0], affine()[:, :1], affine()[..., :2]):
        with pytest.raises(ValueError, match=r"expected \(count, 2, 3\)"):
            VectorField((6, 6), coefficients=wrong)
    with pytest.raises(ValueError, match="expected 'spectral', 2, 4, 6 or 8"):
        VectorField((6,), derivative=3)
    for make in (VectorField, Circulant):
        for shape in ((), (4, 0)):
            with pytest.raises(ValueError, match="expected at least one axis and one point"):
                make(shape)
    with pytest.raises(ValueError, match=r"\(6,\) and \(7,\), expected the same space"):
        VectorField((6,)) + VectorField((7,))


def test_fields_with_different_derivatives_act_one_after_the_other():
    a, b = VectorField((7,), derivative=2, dtype=DOUBLE), VectorField((7,), derivative=4, dtype=DOUBLE)
    assert isinstance(a + b, Sum)
    assert isinstance(a.bracket(b), Bracket)


def test_vector_fields_of_mixed_kinds():
    """[∂, v∂] = v'∂ of a `Circulant` and a `VectorField`, on the ring and without a seam."""
    v = VectorField(
        (9,), basis=Trigonometric(1), coefficients=torch.tensor([[[0.0, 0.0, 1.0]]], dtype=DOUBLE)
    )
    together = Circulant.derivative((9,), dtype=DOUBLE).bracket(v)
    angles = 2 * torch.pi / 9 * torch.arange(9, dtype=DOUBLE)
    torch.testing.assert_close(together.vector_field((9,)), angles.cos().reshape(1, 1, 9), **EXACT)
    window = VectorField((9,), derivative=2, edge="one-sided", dtype=DOUBLE)
    both = Sum(window, Fixed(torch.eye(9, dtype=DOUBLE)[None]))
    torch.testing.assert_close(both.vector_field((9,)), window.vector_field(), **EXACT)


def test_one_sided_differences_need_their_points():
    with pytest.raises(ValueError, match="8 points, expected more than 8"):
        VectorField((8,), derivative=8, edge="one-sided")
    with pytest.raises(ValueError, match="spectral derivative with one-sided edges"):
        VectorField((8,), edge="one-sided")
    with pytest.raises(ValueError, match="expected 'zeros' or 'one-sided'"):
        VectorField((8,), edge="mirror")


def test_a_state_brings_its_places():
    """Edges and offsets come with the weights, whatever the family that loads them was made with."""
    ends = torch.tensor([[0, 1], [1, 2], [2, 0]])
    there, here = Incidence(ends, 3), Incidence(ends.flip(1), 3)
    here.load_state_dict(there.state_dict())
    assert torch.equal(here.act(torch.eye(3)), there.act(torch.eye(3)))
    stencil, other = LocalStencil([[2], [1]]), LocalStencil([[-1], [1]])
    other.load_state_dict(stencil.state_dict())
    assert torch.equal(other.act(torch.eye(5)), stencil.act(torch.eye(5)))
    assert set(Graph(4).state_dict()) == {"weight", "edges"}
    assert set(Stencil((1.0,)).state_dict()) == {"weight", "spacing"}


def test_families_are_made_on_a_device():
    families = [
        VectorField((5, 5), device="meta"),
        Stencil((1.0,), device="meta"),
        LocalStencil([[1]], device="meta"),
        Circulant((5,), device="meta"),
        Graph(5, device="meta"),
        Representation(3, device="meta"),
    ]
    for family in families:
        assert {t.device.type for t in (*family.parameters(), *family.buffers())} == {"meta"}


# translations


@pytest.mark.parametrize("size", [19, 20])
@pytest.mark.parametrize("kind", ["circulant", "vector field"])
def test_the_exponential_of_a_translation_is_the_shift(size, kind):
    """exp(z∂) f(x) = f(x + z), exactly on odd sizes; on even ones off by (−1)^(x−y) 2/d, the Nyquist mode."""
    translation = (
        Circulant.derivative((size,), dtype=DOUBLE)
        if kind == "circulant"
        else VectorField(
            (size,),
            basis=Trigonometric(0),
            coefficients=torch.full((1, 1, 1), 2 * math.pi / size, dtype=DOUBLE),
        )
    )
    (matrix,) = translation.matrix((size,))
    for z in (1, 2, 5):
        shift = torch.roll(torch.eye(size, dtype=DOUBLE), z, 1)
        error = (torch.linalg.matrix_exp(z * matrix) - shift).abs().max().item()
        if size % 2:
            assert error < 1e-12
        elif z % 2:
            assert error == pytest.approx(2 / size, abs=1e-12)
    half = torch.linalg.matrix_exp(0.5 * matrix)
    f = Trigonometric(4).values((2 * size,)).sum(0)
    torch.testing.assert_close(half @ f[::2], f[1::2], **EXACT)


def test_circulants_exponentiate_mode_by_mode():
    family = Circulant((5, 6), 2, dtype=DOUBLE)
    f, t = torch.randn(3, 2, 5, 6, dtype=DOUBLE), torch.tensor([0.3, -0.2], dtype=DOUBLE)
    matrix = torch.linalg.matrix_exp(torch.tensordot(t, family.matrix(), dims=1))
    torch.testing.assert_close(family.exp(f, t).flatten(2), f.flatten(2) @ matrix.T, **EXACT)


def test_circulant_of_a_symbol():
    """On e^{ikx} the family multiplies by s(k); a derivative has v = 1, a stencil to its order."""
    shape = (9, 8)
    family = Circulant((9, 8), 2, dtype=DOUBLE)
    again = Circulant.of_symbol(family.symbol().detach(), shape)
    torch.testing.assert_close(again.kernel, family.kernel.detach(), **EXACT)
    steps = torch.meshgrid(*(torch.arange(n, dtype=DOUBLE) for n in shape), indexing="ij")
    phase = 2 * torch.pi * (2 * steps[0] / 9 + 3 * steps[1] / 8)
    wave = torch.exp(1j * phase).flatten()
    for matrix, symbol in zip(family.matrix(), family.symbol()[:, 2, 3], strict=True):
        torch.testing.assert_close(matrix.to(wave) @ wave, symbol * wave, **EXACT)
    with pytest.raises(ValueError, match=r"expected \(count, \*\(9, 5\)\)"):
        Circulant.of_symbol(wave.reshape(1, 9, 8), shape)
    with pytest.raises(ValueError, match="expected real numbers"):
        family.act(wave.reshape(1, 9, 8))
    gradient = Circulant.derivative(shape, dtype=DOUBLE)
    torch.testing.assert_close(gradient.vector_field()[..., 0, 0], torch.eye(2, dtype=DOUBLE), **EXACT)
    eighth = Circulant.derivative((9, 16), order=8, dtype=DOUBLE).vector_field()
    assert 1e-7 < (eighth[1, 1] - 1).abs().max() < 1e-4


def test_one_derivative_three_ways():
    """A central difference is a `Stencil`, a `LocalStencil` and a `Circulant`; v = 1 in each."""
    weight = torch.tensor([[2 / 3, -1 / 12]], dtype=DOUBLE)
    stencil = Stencil((1.0,), weight=weight)
    local = LocalStencil([[1], [-1], [2], [-2]], weight=torch.stack([weight, -weight], 2).flatten(1))
    circulant = Circulant.derivative((9,), order=4, dtype=DOUBLE)
    for family in (local, circulant):
        torch.testing.assert_close(family.matrix((9,)), stencil.matrix((9,)), **EXACT)
    for family in (stencil, local):
        torch.testing.assert_close(family.vector_field((9,)), torch.ones(1, 1, 9, dtype=DOUBLE), **EXACT)


# stencils


def test_stencil_is_antisymmetric_with_its_symbol():
    """L̂ᵀ = −L̂, and L̂e^{ikx} = i s(k) e^{ikx}."""
    spacing, points = 0.25, 16
    stencil = Stencil((spacing,), radius=4, dtype=DOUBLE)
    (matrix,) = stencil.matrix((points,)).detach()
    assert torch.equal(matrix, -matrix.T)
    k = 2 * torch.pi * 3 / (points * spacing)
    wave = torch.exp(1j * k * spacing * torch.arange(points, dtype=DOUBLE))
    symbol = stencil.symbol(0, torch.tensor([k], dtype=DOUBLE)).detach()
    torch.testing.assert_close(matrix.to(torch.complex128) @ wave, 1j * symbol * wave, **EXACT)


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="8 points; a stencil of radius 4 needs at least 9"):
        Stencil((0.1,), radius=4).apply(torch.randn(1, 1, 8))
    with pytest.raises(ValueError, match=r"expected at least \(5, 3\)"):
        LocalStencil([(2, 1)]).apply(torch.randn(1, 4, 4))
    with pytest.raises(ValueError, match=r"expected \(count, d, d\)"):
        Fixed(torch.randn(3, 4))


def test_local_stencil_at_an_edge():
    """With "zeros" differences out of the grid are 0; a periodic grid goes around."""
    weight = torch.tensor([[1.0]])
    f = torch.tensor([[0.0, 1.0, 3.0]])
    assert LocalStencil([[1]], weight=weight, padding="zeros").act(f).tolist() == [[[1.0, 2.0, 0.0]]]
    assert LocalStencil([[1]], weight=weight).act(f).tolist() == [[[1.0, 2.0, -3.0]]]
    moved = LocalStencil([[1]], weight=weight, padding="zeros").vector_field((3,))
    assert moved.tolist() == [[[1.0, 1.0, 0.0]]]
    with pytest.raises(ValueError, match="expected 'circular' or 'zeros'"):
        LocalStencil([[1]], padding="reflect")


def test_periodic_stencils_commute_and_walls_break_that():
    ring, walls = (LocalStencil(box(1, 1), padding=p, dtype=DOUBLE) for p in ("circular", "zeros"))
    assert isinstance(ring.bracket(ring), Zero)
    assert walls.bracket(LocalStencil([[1]], padding="zeros", dtype=DOUBLE)).matrix((6,)).abs().max() > 1e-3


# networks


def test_absent_edges_are_exactly_zero():
    edges = torch.zeros(5, 5, dtype=torch.bool)
    edges[0, 3] = True
    weights = Graph(5, edges=edges).edge_weights()[0]
    assert weights.count_nonzero() == 1
    assert weights[0, 3] != 0


def test_incidence_is_the_graph_of_its_edges():
    """The same matrices, sums and brackets as `Graph`; edges given twice add."""
    mask = torch.rand(7, 7) < 0.4
    dense = [Graph(7, 2, mask, dtype=DOUBLE) for _ in "ab"]
    ends = dense[0].edges.nonzero()
    sparse = [Incidence(ends, 7, weight=g.edge_weights()[:, ends[:, 0], ends[:, 1]]) for g in dense]
    for small, large in [
        (sparse[0], dense[0]),
        (sparse[0] + sparse[1], dense[0] + dense[1]),
        (sparse[0].bracket(sparse[1]), dense[0].bracket(dense[1])),
    ]:
        torch.testing.assert_close(small.matrix(), large.matrix(), **EXACT)
        assert small.vector_field() is small.weight
    twice = Incidence(torch.tensor([[0, 1], [0, 1]]), 2, weight=torch.tensor([[1.0, 2.0]]))
    assert twice.matrix().tolist() == [[[-3.0, 3.0], [0.0, 0.0]]]
    with pytest.raises(ValueError, match="expected 0 to 1"):
        Incidence(torch.tensor([[0, 2]]), 2)
    for mask in (torch.rand(3, 3), torch.ones(2, 2, dtype=torch.bool)):
        with pytest.raises(ValueError, match=r"`mask.nonzero\(\)`"):
            Incidence(mask, 3)


def test_sparse_products_are_those_of_any_dtype_and_of_stacked_weights():
    """The compressed products agree with gathering and adding, which other dtypes use; vmap over weights."""
    ends = torch.tensor([[0, 1], [2, 1], [2, 1], [1, 0], [3, 2]])
    family, f = Incidence(ends, 5, 2), torch.randn(3, 1, 5)
    half = copy.deepcopy(family).to(torch.bfloat16).act(f.bfloat16())
    torch.testing.assert_close(half.float(), family.act(f), rtol=0.1, atol=0.1)
    sides = family.pattern.sides()
    ends = family.pattern.places
    rows, weight = torch.randn(5, 4), torch.randn(len(ends))
    torch.testing.assert_close(multiply(weight, rows, sides), spread(weight, rows, sides[0]))
    torch.testing.assert_close(correlate(rows, rows, sides), (rows[ends[:, 0]] * rows[ends[:, 1]]).sum(1))
    f.requires_grad_()
    moved, many = family.act(f), torch.randn(4, 2, 3, 1, 5)
    batched = torch.autograd.grad(moved, (f, family.weight), many, is_grads_batched=True, retain_graph=True)
    each = [torch.autograd.grad(moved, (f, family.weight), one, retain_graph=True) for one in many]
    for found, expected in zip(batched, zip(*each, strict=True), strict=True):
        torch.testing.assert_close(found, torch.stack(expected))
    wave = torch.complex(f, 2 * f)
    torch.testing.assert_close(family.act(wave), torch.complex(moved, 2 * moved))
    weights = torch.randn(6, 2, 5)

    def loss(weight):
        return torch.func.functional_call(family, {"weight": weight}, (f,)).square().sum()

    gradients = torch.func.vmap(torch.func.grad(loss))(weights)
    torch.testing.assert_close(gradients, torch.stack([torch.func.grad(loss)(w) for w in weights]))


def test_a_large_network_needs_no_square_matrix():
    """10⁵ edges between 10⁵ nodes: forward, backward, sum and bracket; a d×d matrix would take 40 GB."""
    nodes = edges = 100_000
    family = Incidence(torch.randint(nodes, (edges, 2)), nodes)
    f = torch.randn(2, 1, nodes, requires_grad=True)
    family.act(f).square().sum().backward()
    assert family.weight.grad.isfinite().all()
    assert f.grad.isfinite().all()
    other = Incidence(torch.randint(nodes, (edges, 2)), nodes)
    ours = family.act(other.act(f))[0] - other.act(family.act(f))[0]
    torch.testing.assert_close(family.bracket(other).act(f)[0], ours[0], rtol=1e-4, atol=1e-4)
    assert (family + other).act(f).shape == (1, 2, 1, nodes)


# representations and families of families


def test_representations_act_on_features_at_every_point():
    """so(3) on vector fields in a plane: [T_i, T_j] = ε_ijk T_k and exp is a rotation."""
    matrices = torch.zeros(3, 3, 3, dtype=DOUBLE)
    for i, j, k in [(0, 1, 2), (1, 2, 0), (2, 0, 1)]:
        matrices[i, k, j], matrices[i, j, k] = 1, -1
    so3 = Representation(matrices=matrices, space_dimensions=2)
    brackets = so3.bracket(so3).matrix().reshape(3, 3, 3, 3)
    torch.testing.assert_close(brackets[0, 1], matrices[2], **EXACT)
    f = torch.randn(4, 3, 5, 6, dtype=DOUBLE)
    torch.testing.assert_close(so3.act(f), torch.einsum("kab,nbxy->knaxy", matrices, f), **EXACT)
    points = torch.randn(7, 3, dtype=DOUBLE)
    torch.testing.assert_close((so3.vector_field(points) * points).sum(-1), torch.zeros(3, 7, dtype=DOUBLE))
    turned = so3.exp(torch.randn(5, 3, dtype=DOUBLE))
    torch.testing.assert_close(turned @ turned.mT, torch.eye(3, dtype=DOUBLE).expand(5, 3, 3), **EXACT)
    torch.testing.assert_close(torch.linalg.det(turned), torch.ones(5, dtype=DOUBLE))
    with pytest.raises(ValueError, match=r"expected \(..., 3, \*S\) with 2 space axes"):
        so3.act(torch.zeros(3, 5))
    with pytest.raises(ValueError, match="acts on the feature index"):
        so3.matrix((3,))


def test_a_layer_on_a_representation():
    """Q[f] = W⁰f + W^i T_i f, with its adjoint; T does not commute with W, however few there are."""
    for count in (1, 2):
        layer = LConv(3, 2, Representation(3, count, dtype=DOUBLE), dtype=DOUBLE)
        f, r = torch.randn(5, 3, dtype=DOUBLE), torch.randn(5, 2, dtype=DOUBLE)
        whole = layer.weight[0] + (layer.weight[1:] @ layer.generators.matrix()).sum(0)
        torch.testing.assert_close(layer(f), f @ whole.T, **EXACT)
        torch.testing.assert_close((r * layer(f)).sum(), (layer.transpose(r) * f).sum(), **EXACT)
    first, second = (Representation(3, space_dimensions=1, dtype=DOUBLE) for _ in "ab")
    f = torch.randn(5, 3, 6, dtype=DOUBLE)
    weight = torch.randn(2, 2, 3, dtype=DOUBLE)
    lazy, direct = (LConv.of(weight, b) for b in (Bracket(first, second), first.bracket(second)))
    torch.testing.assert_close(lazy(f), direct(f), **EXACT)
    with pytest.raises(ValueError, match=r"shape \(5, 4\), expected \(..., 3, \*S\)"):
        LConv(4, 2, Representation(3))(torch.randn(5, 4))


def test_mixed_kinds_are_closed():
    """Sums and brackets of brackets of different kinds are those of the matrices."""
    a, b, c = Dense(2, 6, dtype=DOUBLE), Graph(6, 2, dtype=DOUBLE), Circulant((6,), 2, dtype=DOUBLE)
    x, y, z = (family.matrix((6,)) for family in (a, b, c))
    family = (a + b).bracket(b - 2 * c) + a.bracket(b)
    expected = commutators(x + y, y - 2 * z) + commutators(x, y)
    torch.testing.assert_close(family.matrix((6,)), expected, **EXACT)
    torch.testing.assert_close(
        family.bracket(c).matrix((6,)), commutators(expected, z), rtol=1e-11, atol=1e-11
    )
    assert isinstance(a + Fixed(x), Dense)
    for together in (a + b, Concatenated(a, b)):
        with pytest.raises(ValueError, match="ask each family for its own"):
            together.vector_field((6,))


def test_concatenated_families_come_in_order():
    parts = Circulant((6,), 2, dtype=DOUBLE), Graph(6, 1, dtype=DOUBLE)
    family = Concatenated(*parts)
    matrices = [part.matrix((6,)) for part in parts]
    torch.testing.assert_close(family.matrix((6,)), torch.cat(matrices), **EXACT)
    assert isinstance(family + family, Concatenated)
    assert isinstance(family + Concatenated(Dense(3, 6, dtype=DOUBLE)), Sum)


def test_a_closure_loss_trains_through_brackets():
    """|[L̂_1, L̂_2] − L̂_1|² falls to 0 from random 2×2 matrices: the affine algebra of a line is learned."""
    family = Representation(2, 2, dtype=DOUBLE)
    optimiser = torch.optim.LBFGS(family.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        defect = family.bracket(family).matrix()[1] - family.matrix()[0]
        value = defect.square().sum() + (family.matrix()[0].norm() - 1).square()
        value.backward()
        return value

    assert loss() > 0.1
    optimiser.step(loss)
    assert loss() < 1e-10
