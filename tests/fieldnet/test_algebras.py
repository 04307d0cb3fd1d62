"""Known Lie algebras obey the identities of arXiv:2109.07103, sec. 2 and appendix A."""

import numpy as np
import pytest
import sympy
import torch

from fieldnet import algebras
from fieldnet.algebras import Algebra, lift_generator, lift_velocity
from fieldnet.generators import VectorField
from fieldnet.symmetry.span import closure, killing_form
from lagrangians import Generator, LieAlgebra

DOUBLE = torch.float64
KNOWN = list(algebras.known_algebras())
EVERY = pytest.mark.parametrize("algebra", KNOWN, ids=[algebra.name for algebra in KNOWN])


def near(left, right, tolerance=1e-11):
    torch.testing.assert_close(left, right, rtol=tolerance, atol=tolerance)


def draw(*shape, scale=0.4):
    return scale * torch.randn(*shape, dtype=DOUBLE)


@EVERY
def test_brackets_of_the_matrices_close(algebra: Algebra):
    """[L_i, L_j] = c_ijk L_k, and the constants make an exact Lie algebra (antisymmetry, Jacobi)."""
    L, c = algebra.matrices, torch.as_tensor(algebra.structure_constants)
    products = torch.einsum("iab,jbc->ijac", L, L)
    near(products - products.transpose(0, 1), torch.einsum("ijk,kab->ijab", c, L))
    assert isinstance(algebra.lie_algebra, LieAlgebra)
    assert algebra.lie_algebra.dimension == algebra.count


@EVERY
def test_vector_fields_have_the_opposite_structure_constants(algebra: Algebra):
    """[X_i, X_j] = −c_ijk X_k exactly, so L_i → −X_i is the homomorphism."""
    fields, c = algebra.vector_fields(), algebra.structure_constants
    for i, first in enumerate(fields):
        for j, second in enumerate(fields[:i]):
            total = first.bracket(second)
            for k, third in enumerate(fields):
                total = total + sympy.nsimplify(c[i, j, k], rational=True) * third
            assert total.xi == (0,) * algebra.space_dimensions


@EVERY
def test_the_killing_form_is_that_of_the_exact_algebra_and_invariant(algebra: Algebra):
    """K_ij = tr(ad L_i ad L_j); K(Ad_g x, Ad_g y) = K(x, y)."""
    K = torch.as_tensor(algebra.killing_form)
    near(K, torch.tensor(algebra.lie_algebra.killing_form.tolist(), dtype=DOUBLE))
    ad = algebra.ad(torch.eye(algebra.count, dtype=DOUBLE))
    near(K, torch.einsum("iab,jba->ij", ad, ad))
    Ad = algebra.adjoint(algebra.exp(draw(algebra.count)))
    near(Ad.mT @ K @ Ad, K, 1e-10)


@EVERY
def test_the_adjoint_is_a_homomorphism_generated_by_ad(algebra: Algebra):
    """Ad(gh) = Ad(g)Ad(h), Ad(exp x) = exp(ad x), and ad x is its derivative at t = 0."""
    x, y = draw(algebra.count), draw(algebra.count)
    g, h = algebra.exp(x), algebra.exp(y)
    near(algebra.adjoint(g @ h), algebra.adjoint(g) @ algebra.adjoint(h), 1e-10)
    near(algebra.adjoint(g), torch.linalg.matrix_exp(algebra.ad(x)), 1e-10)
    zero = torch.zeros((), dtype=DOUBLE)
    slope = torch.func.jvp(lambda t: algebra.adjoint(algebra.exp(t * x)), (zero,), (torch.ones_like(zero),))[
        1
    ]
    near(slope, algebra.ad(x), 1e-10)
    bracket = algebra.combine(x) @ algebra.combine(y) - algebra.combine(y) @ algebra.combine(x)
    near(algebra.coordinates(bracket), algebra.ad(x) @ y)


@EVERY
def test_the_pushforward_is_a_change_of_basis(algebra: Algebra):
    """L̂_j(g) = gL_jg⁻¹ = Ad(g)_ij L_i, and gives the same structure constants."""
    g = algebra.exp(draw(3, algebra.count))
    pushed = algebra.pushforward(g)
    near(pushed, torch.einsum("bij,iac->bjac", algebra.adjoint(g), algebra.matrices), 1e-10)
    rows = pushed[0].flatten(1).numpy()
    size = algebra.matrices.shape[-1]

    def bracket(x, y):
        a, b = x.reshape(size, size), y.reshape(size, size)
        return (a @ b - b @ a).ravel()

    found = closure(rows, bracket, orthonormal=False)
    assert found.defect < 1e-10
    np.testing.assert_allclose(found.structure_constants, algebra.structure_constants, atol=1e-9)


@EVERY
def test_elements_near_the_identity(algebra: Algebra):
    """exp(εt) = I + εt^i L_i + O(ε²): halving ε quarters the rest; a flow is a one-parameter group."""
    t = draw(algebra.count, scale=1.0)
    identity = torch.eye(algebra.matrices.shape[-1], dtype=DOUBLE)
    rests = [(algebra.exp(e * t) - identity - e * algebra.combine(t)).norm().item() for e in (1e-3, 5e-4)]
    if (algebra.combine(t) @ algebra.combine(t)).norm() > 1e-12:
        assert np.log2(rests[0] / rests[1]) == pytest.approx(2, abs=0.02)
    else:
        assert max(rests) < 1e-15
    near(algebra.exp(0.3 * t) @ algebra.exp(0.7 * t), algebra.exp(t))


@EVERY
def test_group_commutators_give_the_bracket(algebra: Algebra):
    """exp(εx)exp(εy)exp(−εx)exp(−εy) = I + ε²[x, y] + O(ε³)."""
    x, y = draw(2, algebra.count, scale=1.0)
    X, Y = algebra.combine(x), algebra.combine(y)
    identity, rests = torch.eye(len(X), dtype=DOUBLE), []
    for e in (4e-3, 2e-3):
        turns = [algebra.exp(sign * e * t) for sign in (1, -1) for t in (x, y)]
        rests.append(torch.linalg.multi_dot(turns) - identity - e**2 * (X @ Y - Y @ X))
    large, small = (rest.norm().item() for rest in rests)
    assert large < 1e-13 or np.log2(large / small) == pytest.approx(3, abs=0.05)


@EVERY
def test_the_pushforward_moves_features_on_the_orbit(algebra: Algebra):
    """d/dt f(g exp(tL_i)x₀) = (L̂_i(g)x)^α ∂_αf at x = gx₀: what an L-conv's L̂_i f stands for."""
    start, t = draw(algebra.space_dimensions, scale=1.0), draw(algebra.count)
    g, zero = algebra.exp(t), torch.zeros((), dtype=DOUBLE)
    x = algebra.transform(g, start)

    def feature(point):
        return torch.sin(point).prod() + point.square().sum()

    slope = torch.func.grad(feature)(x)
    for i, pushed in enumerate(algebra.pushforward(g)):
        unit = torch.eye(algebra.count, dtype=DOUBLE)[i]
        along = torch.func.jvp(
            lambda s, unit=unit: feature(algebra.transform(g @ algebra.exp(s * unit), start)),
            (zero,),
            (torch.ones_like(zero),),
        )[1]
        near(along, slope @ algebra.transform(pushed, x))


@EVERY
def test_vector_fields_are_velocities_of_the_flow(algebra: Algebra):
    """d/dt exp(tL_i)x = L_i x = v_i(x), the components of X_i."""
    points = draw(5, algebra.space_dimensions, scale=1.0)
    coordinates = algebra.vector_fields()[0].coordinates
    for i, (field, velocity) in enumerate(
        zip(algebra.vector_fields(), algebra.velocity(points), strict=True)
    ):
        exact = sympy.lambdify(coordinates, field.xi, "numpy")(*points.T.numpy())
        columns = [np.broadcast_to(np.asarray(part, dtype=float), (5,)) for part in exact]
        near(velocity, torch.as_tensor(np.stack(columns, -1)))
        unit = torch.eye(algebra.count, dtype=DOUBLE)[i]
        zero = torch.zeros((), dtype=DOUBLE)
        slope = torch.func.jvp(
            lambda t, unit=unit: algebra.transform(algebra.exp(t * unit), points),
            (zero,),
            (torch.ones_like(zero),),
        )[1]
        near(slope, velocity)


def test_exp_is_batched_and_differentiable():
    t = draw(2, 3, 3).requires_grad_()
    so3 = algebras.rotations(3)
    g = so3.exp(t)
    assert g.shape == (2, 3, 3, 3)
    near(g @ g.mT, torch.eye(3, dtype=DOUBLE).expand(2, 3, 3, 3))
    assert torch.autograd.gradcheck(so3.exp, t[0, :1])
    assert so3.exp(t.float()).dtype == torch.float32


def test_on_the_feature_index_it_is_a_representation():
    so3 = algebras.rotations(3)
    f, t = draw(4, 3, 7), draw(3)
    module = so3.on_features(space_dimensions=1, dtype=DOUBLE)
    near(module.act(f), torch.einsum("iab,nbx->inax", so3.matrices, f))
    near(module.exp(t), so3.exp(t))
    assert not list(module.parameters())


@pytest.mark.parametrize(
    ("algebra", "metric"),
    [
        (algebras.rotations(4), [1, 1, 1, 1]),
        (algebras.special_orthogonal(1, 3), [1, -1, -1, -1]),
        (algebras.special_orthogonal(2, 1), [1, 1, -1]),
    ],
)
def test_orthogonal_groups_keep_their_metric(algebra, metric):
    G = torch.diag(torch.tensor(metric, dtype=DOUBLE))
    g = algebra.exp(draw(algebra.count))
    near(g.T @ G @ g, G)


@pytest.mark.parametrize(
    ("algebra", "name", "signature"),
    [
        (algebras.rotations(3), "so(3)", (0, 3, 0)),
        (algebras.special_orthogonal(1, 3), "so(3,1)", (3, 3, 0)),
        (algebras.special_linear(2), "sl(2,R)", (2, 1, 0)),
        (algebras.special_euclidean(2), "iso(2)", (0, 1, 2)),
        (algebras.special_euclidean(3), "iso(3)", (0, 3, 3)),
        (algebras.poincare(2), "iso(2,1)", (2, 1, 3)),
        (algebras.affine(2), "gl(2,R) ⋉ R^2", (3, 1, 2)),
        (algebras.heisenberg(1), "Heisenberg h(1)", (0, 0, 3)),
        (algebras.shears(3), "Heisenberg h(1)", (0, 0, 3)),
        (algebras.translations(3), "R^3", (0, 0, 3)),
        (algebras.scalings(2), "R^2", (0, 0, 2)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_names_and_killing_signatures(algebra, name, signature):
    assert algebra.lie_algebra.name == name
    assert algebra.lie_algebra.killing_signature == signature


def test_fields_are_the_textbook_ones():
    assert [str(X) for X in algebras.rotations(2).vector_fields()] == ["-y∂_x + x∂_y"]
    assert [str(X) for X in algebras.special_orthogonal(1, 1).vector_fields()] == ["x∂_t + t∂_x"]
    assert [str(X) for X in algebras.heisenberg().vector_fields()] == ["-p∂_z + ∂_x", "x∂_z + ∂_p", "2∂_z"]
    assert [str(X) for X in algebras.shears(2).vector_fields()] == ["y∂_x"]


SPATIAL = [a for a in KNOWN if a.space_dimensions <= 3]


@pytest.mark.parametrize("algebra", SPATIAL, ids=[a.name for a in SPATIAL])
def test_fields_on_a_grid_are_the_exact_ones(algebra: Algebra):
    """v in grid steps = (L_i x)/spacing, x = spacing·(index − centre)."""
    shape, spacing = (5, 8, 4)[: algebra.space_dimensions], 0.25
    fields = algebra.on_grid(shape, spacing, dtype=DOUBLE)
    assert isinstance(fields, VectorField)
    assert not any(p.requires_grad for p in fields.parameters())
    axes = [spacing * (torch.arange(size, dtype=DOUBLE) - (size - 1) / 2) for size in shape]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
    near(fields.vector_field(shape), algebra.velocity(points).movedim(-1, 1) / spacing)


def test_a_flow_on_a_grid_is_the_pull_back():
    """exp(tX) f(x) = f(exp(tL)x) for a smooth f away from the boundary; the inverse rotation is not it."""
    algebra, size, spacing = algebras.special_euclidean(2), 25, 0.3
    t = torch.tensor([0.4, 0.2, -0.3], dtype=DOUBLE)
    axis = spacing * (torch.arange(size, dtype=DOUBLE) - (size - 1) / 2)
    points = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)

    def bump(x):
        return torch.exp(-((x[..., 0] - 0.5) ** 2) / 0.8 - (x[..., 1] ** 2) / 1.1)

    matrices = algebra.on_grid((size, size), spacing, dtype=DOUBLE).matrix((size, size))
    flow = torch.linalg.matrix_exp(torch.einsum("i,iab->ab", t, matrices))
    moved = (flow @ bump(points).flatten()).reshape(size, size)
    assert (moved - bump(algebra.transform(algebra.exp(t), points))).abs().max() < 1e-3
    assert (moved - bump(algebra.transform(algebra.exp(-t), points))).abs().max() > 0.1


def rational_group_element(algebra: Algebra) -> sympy.Matrix:
    """An exact element of the group: a product of exact exponentials."""
    size = algebra.matrices.shape[-1]
    g = sympy.eye(size)
    for n, matrix in enumerate(algebra.matrices.tolist(), start=1):
        L = sympy.Matrix(matrix).applyfunc(lambda v: sympy.nsimplify(v, rational=True))
        if (L**3).is_zero_matrix:
            g = g * (sympy.eye(size) + L / (n + 1) + L**2 / (2 * (n + 1) ** 2))
    return g


@pytest.mark.parametrize(
    "algebra",
    [algebras.special_linear(2), algebras.affine(2), algebras.heisenberg(1), algebras.special_euclidean(2)],
    ids=lambda a: a.name,
)
def test_lifting_by_a_group_element_is_conjugation(algebra: Algebra):
    """φ_*X_j = Ad(g)_ij X_i for φ(x) = gx."""
    fields, n = algebra.vector_fields(), algebra.space_dimensions
    g, x = rational_group_element(algebra), fields[0].coordinates
    assert g != sympy.eye(g.shape[0])
    homogeneous = sympy.Matrix([*x, *[1] * algebra.homogeneous])
    image, inverse = ((matrix * homogeneous)[:n] for matrix in (g, g.inv()))
    Ad = algebra.adjoint(torch.tensor(g.tolist(), dtype=DOUBLE)).tolist()
    for j, field in enumerate(fields):
        lifted = lift_generator(field, image, inverse)
        expected = [
            sum(
                sympy.nsimplify(Ad[i][j], rational=True, tolerance=1e-9) * f.xi[a]
                for i, f in enumerate(fields)
            )
            for a in range(n)
        ]
        assert [sympy.expand(a - b) for a, b in zip(lifted.xi, expected, strict=True)] == [0] * n


def test_lifting_keeps_brackets_under_any_diffeomorphism():
    """φ_*[X, Y] = [φ_*X, φ_*Y] for a φ outside the group, (x, y) → (x, y + x³)."""
    X, Y, _ = algebras.special_linear(2).vector_fields()
    x, y = X.coordinates
    image, inverse = (x, y + x**3), (x, y - x**3)
    left = lift_generator(X.bracket(Y), image, inverse)
    right = lift_generator(X, image, inverse).bracket(lift_generator(Y, image, inverse))
    assert [sympy.expand(a - b) for a, b in zip(left.xi, right.xi, strict=True)] == [0, 0]
    points = draw(6, 2, scale=1.0)
    lifted = lift_velocity(
        lambda p: algebras.special_linear(2).velocity(p)[0],
        lambda p: torch.stack([p[..., 0], p[..., 1] + p[..., 0] ** 3], -1),
        lambda p: torch.stack([p[..., 0], p[..., 1] - p[..., 0] ** 3], -1),
    )(points)
    exact = sympy.lambdify((x, y), lift_generator(X, image, inverse).xi, "numpy")(*points.T.numpy())
    near(lifted, torch.as_tensor(np.stack(exact, -1)))


def test_what_is_no_algebra_is_refused():
    with pytest.raises(ValueError, match="not closed"):
        Algebra("two rotations", algebras.rotations(3).matrices[:2])
    with pytest.raises(ValueError, match=r"shape \(3, 4\); expected \(count, k, k\)"):
        Algebra("flat", torch.ones(3, 4))
    with pytest.raises(ValueError, match="non-zero last row"):
        Algebra("rotation", algebras.rotations(2).matrices, homogeneous=True)
    with pytest.raises(ValueError, match=r"shape \(2,\); expected \(..., 3\)"):
        algebras.rotations(3).exp(torch.zeros(2))
    (X,) = algebras.rotations(2).vector_fields()
    with pytest.raises(ValueError, match="expected the inverse"):
        lift_generator(X, (X.coordinates[0] + 1, X.coordinates[1]), X.coordinates)
    with pytest.raises(ValueError, match="coordinates alone"):
        lift_generator(Generator(X.xi, X.fields, X.coordinates, X.fields), X.coordinates, X.coordinates)
    with pytest.raises(ValueError, match="grid with 2 axes, expected 3"):
        algebras.rotations(3).on_grid((4, 4))
    with pytest.raises(ValueError, match=r"spacing 0\.0, expected at least 2 points"):
        algebras.translations(2).on_grid((4, 4), 0.0)
    with pytest.raises(ValueError, match=r"acts on \(Re x, Im x\)"):
        Algebra("su(2)", torch.tensor([[[0, 1j], [1j, 0]]]))
    with pytest.raises(ValueError, match="p, q ≥ 0"):
        algebras.special_orthogonal(-1, 3)
    so3, four = algebras.rotations(3), torch.eye(4)
    for call in (so3.adjoint, so3.coordinates, so3.pushforward, lambda g: so3.transform(g, torch.zeros(3))):
        with pytest.raises(ValueError, match=r"shape \(4, 4\), expected \(..., 3, 3\) for so\(3\)"):
            call(four)
    with pytest.raises(ValueError, match=r"shape \(4,\); expected \(..., 3\)"):
        so3.ad(torch.zeros(4))


def test_a_random_family_fails_where_an_algebra_holds():
    """Control: random matrices do not close, and gL_ig⁻¹ leaves the algebra for a g outside of the group."""
    with pytest.raises(ValueError, match="not closed"):
        Algebra("random", draw(2, 3, 3))
    so3 = algebras.rotations(3)
    outside = torch.diag(torch.tensor([1.0, 2.0, 3.0], dtype=DOUBLE))
    assert (outside @ outside.mT - torch.eye(3, dtype=DOUBLE)).abs().max() > 1
    pushed = so3.pushforward(outside)
    nearest = torch.einsum("ij,iac->jac", so3.adjoint(outside), so3.matrices)
    assert (pushed - nearest).abs().max() > 0.1
    assert not np.allclose(killing_form(so3.structure_constants), 0)
