"""The symmetric energy–momentum tensor."""

import pytest
import sympy

from lagrangians import Lagrangian, catalogue, parse_lagrangian
from lagrangians.energy_momentum import momentum_densities, symmetric_energy_momentum_tensor
from lagrangians.jets import JetSpace
from lagrangians.noether import energy_momentum
from lagrangians.variation import divergence, total_derivative
from lagrangians.zero import is_zero
from tests.lagrangians.test_charges import maxwell

t, x, c, m = sympy.symbols("t x c m")


def plain(theory: Lagrangian, tensor: sympy.Matrix) -> sympy.Matrix:
    return sympy.Matrix(tensor).applyfunc(theory.jets.to_jets)


def rows_of_divergence(tensor: sympy.Matrix, jets: JetSpace) -> list[sympy.Expr]:
    """D_αΘ^{αβ}, one expression for each β."""
    size = len(jets.coordinates)
    return [divergence([tensor[alpha, beta] for alpha in range(size)], jets) for beta in range(size)]


def proca(dimension: int) -> tuple[Lagrangian, tuple[str, ...]]:
    theory, A = maxwell(dimension)
    mass = theory.fields[0] ** 2 - sum(a**2 for a in theory.fields[1:])
    return Lagrangian(theory.density + m**2 * mass / 2, theory.fields, theory.coordinates), A


CASES = {
    "maxwell 1+1": maxwell(1),
    "maxwell 2+1": maxwell(2),
    "maxwell 3+1": maxwell(3),
    "proca": proca(2),
}


@pytest.mark.parametrize("name", CASES)
def test_a_covector_field(name: str) -> None:
    """Symmetric; D_αΘ^{αβ} = −∂^βA_μE^μ + D_α(A^βE^α), so conserved on solutions; Θ − T is
    D_λB^{λαβ} + A^βE^α with B antisymmetric in λα, trivially conserved on solutions; T is not symmetric.
    """
    theory, A = CASES[name]
    jets = theory.jets
    size = len(A)
    metric = sympy.diag(1, *[-1] * (size - 1))
    tensor = plain(theory, symmetric_energy_momentum_tensor(theory, metric, covectors=[A]))
    assert tensor == tensor.T
    canonical = sympy.Matrix(energy_momentum(theory.jet_density, jets)) * metric
    assert not all(is_zero(e) for e in canonical - canonical.T)
    equations = [jets.to_jets(e) for e in theory.euler_lagrange()]
    upper = metric * sympy.Matrix([jets.symbol(a) for a in range(size)])
    for beta, flow in enumerate(rows_of_divergence(tensor, jets)):
        raised = [metric[beta, beta] * total_derivative(jets.symbol(a), beta, jets) for a in range(size)]
        work = sum(q * e for q, e in zip(raised, equations, strict=True))
        extra = divergence([upper[beta] * e for e in equations], jets)
        assert is_zero(flow + work - extra)
    vanishing = sympy.Matrix(size, size, lambda i, j: upper[j] * equations[i])
    for flow in rows_of_divergence((tensor - canonical - vanishing).applyfunc(sympy.expand), jets):
        assert is_zero(flow)


def test_maxwells_tensor_is_the_textbook_one() -> None:
    """Θ^{tt} = ½(E² + B²), Θ^{ti} = (E × B)^i, traceless in 3+1 and only there."""
    theory, A = maxwell(3)
    tensor = symmetric_energy_momentum_tensor(theory, covectors=[A])
    names, fields = theory.coordinates, theory.fields
    E = [a.diff(names[0]) - fields[0].diff(z) for z, a in zip(names[1:], fields[1:], strict=True)]
    V = [-a for a in fields[1:]]
    slopes = [[a.diff(z) for z in names[1:]] for a in V]
    B = [slopes[k][j] - slopes[j][k] for j, k in ((1, 2), (2, 0), (0, 1))]
    assert sympy.expand(tensor[0, 0] - sum(e**2 for e in (*E, *B)) / 2) == 0
    poynting = sympy.Matrix(E).cross(sympy.Matrix(B))
    assert all(sympy.expand(tensor[0, i + 1] - poynting[i]) == 0 for i in range(3))
    assert sympy.expand(tensor[0, 0] - tensor[1, 1] - tensor[2, 2] - tensor[3, 3]) == 0
    flat, pair = maxwell(2)
    other = symmetric_energy_momentum_tensor(flat, covectors=[pair])
    assert sympy.expand(other[0, 0] - other[1, 1] - other[2, 2]) != 0


def test_a_scalar_needs_no_improvement_and_the_speed_is_found() -> None:
    """g = diag(1, −1/c²): Θ^{tt} = ℋ, and Θ^{tx} is the energy flux, c² times the momentum density."""
    theory = catalogue.sine_gordon("c", "m")
    phi = theory.fields[0]
    tensor = symmetric_energy_momentum_tensor(theory)
    assert sympy.expand(tensor[0, 0] - theory.hamiltonian_density()) == 0
    assert tensor[0, 1] == tensor[1, 0] == -(c**2) * phi.diff(t) * phi.diff(x)
    assert momentum_densities(theory) == (-phi.diff(t) * phi.diff(x),)
    with pytest.raises(ValueError, match="not invariant under the rotation of t and x in this metric"):
        symmetric_energy_momentum_tensor(theory, metric=sympy.diag(1, -1))


def test_a_scalar_beside_a_covector() -> None:
    """A current coupling φ_αA^α keeps the tensor symmetric."""
    theory, A = proca(1)
    phi = sympy.Function("phi")(t, x)
    coupling = phi.diff(t) * theory.fields[0] - phi.diff(x) * theory.fields[1]
    density = theory.density + (phi.diff(t) ** 2 - phi.diff(x) ** 2) / 2 + coupling
    joined = Lagrangian(density, (phi, *theory.fields), (t, x))
    tensor = symmetric_energy_momentum_tensor(joined, sympy.diag(1, -1), covectors=[A])
    assert tensor == tensor.T
    with pytest.raises(ValueError, match="not symmetric"):
        symmetric_energy_momentum_tensor(joined, sympy.diag(1, -1))


@pytest.mark.parametrize(
    "text, metric, message",
    [
        ("1/2*u_t**2 - 1/2*u_xx**2", sympy.diag(1, -1), "expected a first-order density"),
        ("1/2*u_t**2 - u_x**2", sympy.diag(1, -1, -1), "expected a symmetric 2 × 2 matrix"),
        ("1/2*u_t**2 - u_x**2", sympy.Matrix([[1, 1], [0, 1]]), "expected a symmetric 2 × 2 matrix"),
        ("1/2*u_t**2 - u_x**2", sympy.diag(1, 0), "constant invertible metric"),
        ("1/2*u_t**2 - u_x**4", None, "no Lorentz boost along x"),
    ],
)
def test_what_has_no_symmetric_tensor_is_refused(text: str, metric: sympy.Matrix, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        symmetric_energy_momentum_tensor(parse_lagrangian(text, ("u",), ("t", "x")), metric)
