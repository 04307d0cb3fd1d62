"""Equations solved for their highest time derivatives: coupled, mixed in order, degenerate."""

import pytest
import sympy

from lagrangians import Lagrangian, parse_lagrangian, to_text
from lagrangians.equations import null_space
from lagrangians.zero import is_zero

TX = ("t", "x")


def solves(theory: Lagrangian) -> bool:
    """Whether E_a = 0 identically once the solved derivatives are put in."""
    solved = theory.equations_of_motion()
    return all(is_zero(e.subs(solved, simultaneous=True)) for e in theory.euler_lagrange())


@pytest.mark.parametrize(
    "text, fields, leading",
    [
        ("a*u_t**2 + b*u_t*v_t + v_t**2 - u_x*v_x - u**2*v", ("u", "v"), ["u_tt", "v_tt"]),
        ("(1 + u**2)*u_t**2 + u*v*u_t*v_t + (2 + v**2)*v_t**2 - u_x**2", ("u", "v"), ["u_tt", "v_tt"]),
        ("u_t*v_t - u_x*v_x - u*v", ("u", "v"), ["u_tt", "v_tt"]),
        ("u_t**2 + v_t**2*sin(u)**2 - u_x**2 - v_x**2*sin(u)**2", ("u", "v"), ["u_tt", "v_tt"]),
        (
            "u_t*v_t + v_t*w_t + w_t*u_t*exp(u) - u**2 - v**2 - w**2",
            ("u", "v", "w"),
            ["u_tt", "v_tt", "w_tt"],
        ),
        ("sqrt(1 - u_t**2 + u_x**2)", ("u",), ["u_tt"]),
        ("1/2*(v*u_t - u*v_t) - 1/2*(u_x**2 + v_x**2)", ("u", "v"), ["u_t", "v_t"]),
        (
            "1/2*(v*u_t - u*v_t)*(1 + u**2) - 1/2*w_t**2 + w*(u**2 + v**2)",
            ("u", "v", "w"),
            ["u_t", "v_t", "w_tt"],
        ),
        ("u_tt**2 - u_t**2 + v_t**2 - u*v + u_tt*v", ("u", "v"), ["u_tttt", "v_tt"]),
        ("u_t*u_x + v_t**2 - u*v - u_xx**2", ("u", "v"), ["u_tx", "v_tt"]),
        ("0.3*u_t**2 + 0.1*u_t*v_t + 0.7*v_t**2 - 1.1*u*v", ("u", "v"), ["u_tt", "v_tt"]),
    ],
)
def test_the_solution_satisfies_the_field_equations(text: str, fields: tuple, leading: list[str]) -> None:
    theory = parse_lagrangian(text, fields, TX, ("a", "b"))
    assert list(map(to_text, theory.equations_of_motion())) == leading
    if "0.3" not in text:
        assert solves(theory)


def test_uncoupled_blocks_are_solved_one_by_one() -> None:
    """Six pairs with field-dependent kinetic terms, whose joint determinant would be large."""
    pairs = range(6)
    text = " + ".join(f"u_{i}_t**2 + cos(u_{i})*u_{i}_t*v_{i}_t + v_{i}_t**2 - u_{i}*v_{i}" for i in pairs)
    names = [f"{a}_{i}" for i in pairs for a in "uv"]
    theory = parse_lagrangian(text, names, ("t",))
    solved = theory.equations_of_motion()
    for field in theory.fields[:2]:
        value = solved[field.diff("t", 2)]
        assert {f.func.__name__ for f in value.atoms(sympy.core.function.AppliedUndef)} <= {"u_0", "v_0"}
    assert solves(theory)


@pytest.mark.parametrize(
    "text, fields, direction",
    [
        ("1/2*(A_x_t - A_t_x)**2", ("A_t", "A_x"), r"A_t"),
        ("1/2*(u_t + v_t)**2 - u**2", ("u", "v"), r"u - v"),
        ("1/2*(u_t - v_t)**2 - u**2", ("u", "v"), r"u [+] v"),
        ("1/2*(u_t + a*v_t)**2", ("u", "v"), r"a[*]u - v"),
        ("1/2*(p*q_t - q*p_t)**2/(p**2 + q**2)", ("p", "q"), r"p[*]∂_p [+] q[*]∂_q"),
        ("1/2*(p_t*cos(s) + s_t*sin(s))**2", ("p", "s"), r"∂_p[*]sin[(]s[)] - ∂_s[*]cos[(]s[)]"),
        ("1/2*u_t**2 + w*(u**2 - 1)", ("u", "w"), r"w"),
        ("u_t*v - u*v", ("u", "v"), None),
        ("u**2 + v_x**2", ("u", "v"), r"u; v"),
        ("1/2*(u_t + v_t + w_t)**2", ("u", "v", "w"), r"u - v; u - w"),
        ("0.1*u_t**2 + 0.2*u_t*v_t + 0.1*v_t**2", ("u", "v"), r"u - v"),
        ("0.01*u_t**2 + 0.06*u_t*v_t + 0.09*v_t**2", ("u", "v"), r"3[*]u - v"),
    ],
)
def test_a_degenerate_theory_names_its_null_direction(
    text: str, fields: tuple, direction: str | None
) -> None:
    theory = parse_lagrangian(text, fields, ("t", "x"), ("a",))
    if direction is None:
        assert solves(theory)
        return
    with pytest.raises(ValueError, match=f"degenerate: .*null direction {direction}$"):
        theory.equations_of_motion()


def test_what_is_nearly_degenerate_is_solved() -> None:
    assert solves(parse_lagrangian("1/2*(u_t + v_t)**2 + 1/1000*v_t**2 - u**2", ("u", "v"), TX))


def test_the_null_space_of_a_matrix_of_functions() -> None:
    u = sympy.Symbol("u")
    singular = sympy.Matrix([[sympy.sin(u) ** 2, sympy.sin(u) * sympy.cos(u)], [1 - sympy.sin(u) ** 2, 0]])
    assert null_space(singular) == []
    singular[1, 1] = sympy.cos(u) ** 3 / sympy.sin(u)
    (vector,) = null_space(singular)
    assert all(is_zero(entry) for entry in singular * vector)


def test_field_dependent_kinetic_matrices_are_quick() -> None:
    """Three coupled pendulums; SymPy's `simplify` took minutes here."""
    text = " + ".join(
        f"({min(4 - i, 4 - j)})/2*a_{i}_t*a_{j}_t*cos(a_{i} - a_{j})" for i in (1, 2, 3) for j in (1, 2, 3)
    )
    text += " + 3*cos(a_1) + 2*cos(a_2) + cos(a_3)"
    theory = parse_lagrangian(text, ("a_1", "a_2", "a_3"), ("t",))
    assert solves(theory)
