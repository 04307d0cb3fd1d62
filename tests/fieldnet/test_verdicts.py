"""Verdicts on fitted equations: the Helmholtz conditions within errors, multipliers, densities, controls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from fieldnet.equations.constrained import HelmholtzTest
from fieldnet.equations.fitted import FittedEquations
from fieldnet.equations.freidlin_wentzell import freidlin_wentzell
from fieldnet.equations.helmholtz import helmholtz_matrix
from fieldnet.equations.judgement import judge, trusted_covariance
from fieldnet.equations.verdict import Verdict
from lagrangians import parse_lagrangian
from lagrangians.jets import jet_space
from lagrangians.variation import euler_operator

from .verdict_cases import (
    DECOUPLED,
    FIELDS,
    ONE_WAY,
    REFUSED,
    SCHROEDINGER,
    SINE_GORDON,
    VARIATIONAL,
    Equations,
    activator_and_inhibitor,
    coupled,
    drawn,
    fitted,
    largest,
)


@pytest.mark.parametrize("name", VARIATIONAL)
def test_variational_theories_are_found(name: str) -> None:
    fields, equations, varied, density = VARIATIONAL[name]
    verdict = judge(fitted(fields, equations))
    assert verdict.text == "variational"
    expected = parse_lagrangian(density, varied, ("t", "x"))
    assert verdict.lagrangian.is_equivalent(expected, tolerance=1e-9)
    assert verdict.evidence.get("potential") == (None if varied == fields else "u = phi_x")
    json.dumps(verdict.evidence, allow_nan=False)


@pytest.mark.parametrize(
    "reason, fields, equations", [(r, *case) for r, listed in REFUSED.items() for case in listed]
)
def test_other_equations_are_refused_with_the_reason(
    reason: str, fields: Sequence[str], equations: Equations
) -> None:
    verdict = judge(fitted(fields, equations))
    assert verdict.text == f"not variational: {reason}"
    assert verdict.evidence["failed"]
    assert verdict.equations is not None
    json.dumps(verdict.evidence, allow_nan=False)


def test_the_condition_that_fails_is_named_with_its_standard_errors() -> None:
    found = judge(fitted(("phi",), ({**SINE_GORDON[0], "phi|t": 0.1},)), accuracy=0.0).evidence
    assert found["failed"] == "coefficient of phi_t = 0 fails by 10 standard errors"
    assert found["standard_errors"] == pytest.approx(10)
    one_way = judge(fitted(FIELDS, ONE_WAY)).evidence
    assert one_way["failed"].startswith("∂F_phi/∂chi = ∂F_chi/∂phi fails by 30 standard errors")


def test_the_coupling_that_no_potential_drives_is_named_with_its_standard_errors() -> None:
    """Of activator and inhibitor; ±1% of an error in the couplings. The control balances."""
    skew = judge(fitted(("u", "v"), activator_and_inhibitor(-0.5)), accuracy=0.0).evidence
    assert skew["failed"] == (
        "∂F_u/∂v = ∂F_v/∂u fails by 115 standard errors; "
        "no potential drives v in the equation of u, u in the equation of v"
    )
    named = {(t["equation"], t["term"]): t["coefficient"] for t in skew["terms_without_potential"]}
    assert named == pytest.approx({("u", "v"): 1.0, ("v", "u"): -0.5})
    assert skew["metric"] == [[1.0, 0.0], [0.0, 2.0]]
    rest = parse_lagrangian(skew["functional_of_the_rest"], ("u", "v"), ("t", "x"))
    expected = parse_lagrangian("0.15*u_x**2 - u**2/2 + u**4/4 + v_x**2 + 0.4*v**2", ("u", "v"), ("t", "x"))
    assert rest.is_equivalent(expected, tolerance=1e-9)
    balanced = judge(fitted(("u", "v"), activator_and_inhibitor(0.5)), accuracy=0.0)
    assert balanced.text.endswith(": gradient flow")
    assert "terms_without_potential" not in balanced.evidence


def test_a_full_metric_makes_a_gradient_flow_of_a_skew_coupling() -> None:
    """Some positive g makes [[3, 1], [−½, 1]] symmetric, for its eigenvalues are real."""
    equations = ({"u|t": 1.0, "u": 3.0, "v": 1.0}, {"v|t": 1.0, "v": 1.0, "u": -0.5})
    g = judge(fitted(("u", "v"), equations)).multiplier
    assert np.linalg.eigvalsh(g).min() > 0
    product = g @ np.array([[3.0, 1.0], [-0.5, 1.0]])
    assert product[0, 1] == pytest.approx(product[1, 0])
    turning = ({**equations[0], "u": 1.0}, equations[1])
    assert not judge(fitted(("u", "v"), turning)).text.endswith(": gradient flow")


@pytest.mark.parametrize("unit", [1e-3, -1e-3, 30.0, -30.0, -1e3])
def test_a_full_metric_is_found_in_all_units(unit: float) -> None:
    """Of the case above, v in other units and of the other sign; errors go with the coefficients."""
    equations = ({"u|t": 1.0, "u": 3.0, "v": 1.0}, {"v|t": 1.0, "v": 1.0, "u": -0.5})
    case = fitted(("u", "v"), equations)
    own = [[unit if str(atom.function) == "v" else 1.0 for atom in case.atoms]] * 2
    factors = np.array([[1.0], [unit]]) / np.array(own)
    spread = case.covariance * np.outer(factors, factors)
    verdict = judge(replace(case, coefficients=case.coefficients * factors, covariance=spread), accuracy=0.0)
    assert verdict.text.endswith(": gradient flow")
    back = verdict.multiplier * np.outer([1.0, unit], [1.0, unit])
    assert np.linalg.eigvalsh(back).min() > 0.1
    product = back @ np.array([[3.0, 1.0], [-0.5, 1.0]])
    assert product[0, 1] == pytest.approx(product[1, 0])


def test_a_library_gives_the_terms_of_the_density() -> None:
    phi, slope, rate = sympy.symbols("phi phi_x phi_t")
    case = fitted(("phi",), SINE_GORDON)
    plain, library = judge(case), judge(case, [rate**2, slope**2, (1 - sympy.cos(phi)) / 7, phi**4])
    assert library.lagrangian.is_equivalent(plain.lagrangian, tolerance=1e-12)
    assert [t.term for t in plain.terms] == ["phi_t**2", "phi_x**2", "cos(phi)"]
    assert [t.term for t in library.terms][:2] == ["phi_t**2", "phi_x**2"]
    assert plain.terms[1].standard_error == pytest.approx(0.005, rel=1e-3)


@pytest.mark.parametrize("name", ["two fields", "unequal weights", "cubic Schrödinger", "Korteweg–de Vries"])
def test_the_equations_are_exactly_those_of_the_density(name: str) -> None:
    """E_a(ℒ) = −g_ab E_b with the constrained coefficients, drawn ones that no density has exactly."""
    fields, equations, varied, _ = VARIATIONAL[name]
    verdict = judge(fitted(fields, equations, seed=3))
    assert verdict.variational
    jets = jet_space(fields, ("t", "x"))
    c = verdict.equations.coefficients
    atoms = [jets.to_jets(a.expression(jets)) for a in verdict.equations.atoms]
    combined = (verdict.multiplier @ c) @ np.array(atoms)
    if varied != fields:
        names = {"u": "phi_x", "u_t": "phi_tx", "u_x": "phi_xx", "u_xxx": "phi_xxxx"}
        combined = [e.subs({sympy.Symbol(k): sympy.Symbol(v) for k, v in names.items()}) for e in combined]
    derived = euler_operator(verdict.lagrangian.jet_density, verdict.lagrangian.jets)
    assert len(derived) == len(combined)
    assert all(largest(mine + theirs) < 1e-9 for mine, theirs in zip(derived, combined, strict=True))


def test_no_term_is_lost_to_the_units() -> None:
    """φ_tt − φ_xx − φ + φ³ = 0 with t in milliunits: φ³ stands beside 10¹² φ_xx, and φ_t² too."""
    equation = {"phi|tt": 1.0, "phi|xx": -1e12, "phi": -1e6, "phi**3": 1.0}
    case = fitted(("phi",), (equation,))
    verdict = judge(replace(case, covariance=np.diag((1e-3 * case.coefficients[0]) ** 2 * [0, 1, 1, 1])))
    assert verdict.variational
    assert {t.term: t.coefficient for t in verdict.terms} == pytest.approx(
        {"phi_t**2": 0.5, "phi_x**2": -5e11, "phi**2": 5e5, "phi**4": -0.25}, rel=1e-12
    )
    found = dict(zip(case.atoms, verdict.equations.coefficients[0], strict=True))
    assert list(found.values()) == pytest.approx(list(equation.values()), rel=1e-12)


def test_shared_couplings_average_over_equations() -> None:
    """Two independent estimates of one coupling: its error is that of their mean."""
    case = fitted(FIELDS, coupled(0.3, 0.3), seed=1)
    independent = replace(case, covariance=np.diag(np.diag(case.covariance)))
    verdict = judge(independent, accuracy=0.0)
    coupling = next(t for t in verdict.terms if t.term == "chi*phi")
    names = [a.text(("t", "x")) for a in case.atoms]
    mean = (case.coefficients[0, names.index("chi")] + case.coefficients[1, names.index("phi")]) / 2
    assert coupling.coefficient == pytest.approx(-mean)
    assert coupling.standard_error == pytest.approx(0.01 / np.sqrt(2))


@pytest.mark.parametrize("draws", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_errors_of_terms_and_of_the_multiplier_cover_the_truth(draws: int) -> None:
    case = fitted(FIELDS, coupled(0.3, 0.6), error=0.003)
    truth = {t.term: t.coefficient for t in judge(case).terms}
    pulls = []
    for seed in range(draws):
        verdict = judge(drawn(case, seed))
        assert verdict.variational
        pulls += [
            (t.coefficient - truth[t.term]) / t.standard_error for t in verdict.terms if t.standard_error
        ]
        pulls.append((verdict.multiplier[1, 1] - 0.5) / verdict.multiplier_errors[1, 1])
    spread = 0.4 if draws < 100 else 0.1
    assert abs(np.std(pulls) - 1) < spread
    assert np.mean(np.abs(pulls) < 1.96) > 0.95 - spread / 3


def p_values(case: FittedEquations, draws: int) -> np.ndarray:
    matrix = helmholtz_matrix(case.atoms, case.jets).matrix
    coefficients = (drawn(case, seed).coefficients for seed in range(draws))
    return np.array([HelmholtzTest(c, case.covariance, matrix).search().p_value for c in coefficients])


@pytest.mark.parametrize(
    "fields, equations",
    [
        (("phi",), ({**SINE_GORDON[0], "phi|t": 1e-12, "phi|x": 1e-12},)),
        (FIELDS, ({**coupled(0.3, -0.3)[0], "phi|t": 1e-12}, {**coupled(0.3, -0.3)[1], "chi|t": 1e-12})),
        (("u", "v"), ({**SCHROEDINGER[0], "u": 1e-12}, {**SCHROEDINGER[1], "v": 1e-12})),
    ],
)
def test_true_theories_are_refused_at_the_stated_rate(fields: Sequence[str], equations: Equations) -> None:
    """With terms in the fit that are not there, p is uniform: about 1% of the draws fall below 1%."""
    p = p_values(fitted(fields, equations), 200)
    assert kstest(p, "uniform").pvalue > 1e-3
    assert np.mean(p < 0.01) < 0.03


@pytest.mark.parametrize("sigmas, least, most", [(0.0, 0.0, 0.01), (3.3, 0.3, 0.7), (8.0, 1.0, 1.0)])
def test_damping_is_refused_by_its_standard_errors(sigmas: float, least: float, most: float) -> None:
    case = fitted(("phi",), ({**SINE_GORDON[0], "phi|t": max(0.01 * sigmas, 1e-12)},))
    assert least <= np.mean(p_values(case, 100) < 1e-3) <= most


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.booleans())
def test_a_full_kinetic_metric_is_found(seed: int, indefinite: bool) -> None:
    """Equations g⁻¹(g φ_tt − h φ_xx + m φ + …), g, h, m random and symmetric: g is found, up to its scale."""
    draw = np.random.default_rng(seed)

    def symmetric(diagonal: Sequence[float]) -> np.ndarray:
        off = draw.choice([-1, 1]) * draw.uniform(0.2, 0.5)
        return np.diag(diagonal) + off * (1 - np.eye(2))

    g = symmetric([1.0, -1.5 if indefinite else 1.5])
    h, m = symmetric(draw.uniform(1, 2, 2)), symmetric(draw.uniform(1, 2, 2))
    speeds, masses, cube = np.linalg.solve(g, h), np.linalg.solve(g, m), np.linalg.solve(g, [0.5, 0.0])
    equations = [
        {
            f"{FIELDS[a]}|tt": 1.0,
            **{f"{f}|xx": -speeds[a, b] for b, f in enumerate(FIELDS)},
            **{f: masses[a, b] for b, f in enumerate(FIELDS)},
            "phi**3": cube[a],
        }
        for a in range(2)
    ]
    verdict = judge(fitted(FIELDS, equations, error=1e-3, seed=seed))
    assert verdict.variational
    off = np.abs(verdict.multiplier - g / g[0, 0])
    assert verdict.multiplier_errors.max() < 0.2
    assert np.all(off <= 6 * verdict.multiplier_errors + 1e-12)
    kinetic = np.linalg.eigvalsh(verdict.multiplier)
    assert (kinetic.prod() < 0) == indefinite


def test_a_metric_that_may_be_degenerate_is_no_metric() -> None:
    """A back-reaction compatible with zero would make g = diag(1, 60 ± 120) or worse."""
    assert judge(fitted(FIELDS, coupled(0.3, 0.005))).text == "not variational: non-reciprocal"
    assert judge(fitted(FIELDS, coupled(0.3, 0.1))).variational


def test_several_densities_of_the_same_equations_are_all_given() -> None:
    verdict = judge(fitted(FIELDS, DECOUPLED))
    assert verdict.variational
    densities = [parse_lagrangian(m.density, FIELDS, ("t", "x")) for m in verdict.family]
    expected = ("phi_t**2/2 - phi_x**2/2 + cos(phi)", "chi_t**2/2 - chi_x**2 - 1.5*chi**2")
    assert len(densities) == 2
    for found, text in zip(densities, expected, strict=True):
        assert found.is_equivalent(parse_lagrangian(text, FIELDS, ("t", "x")), tolerance=1e-9)
    assert judge(fitted(FIELDS, coupled(0.3, 0.3))).family == ()


def test_damping_rayleigh_and_caldirola_kanai() -> None:
    verdict = judge(fitted(("phi",), ({**SINE_GORDON[0], "phi|t": 0.1},)), accuracy=0.0)
    evidence = verdict.evidence
    assert evidence["damping"] == pytest.approx(0.1)
    assert evidence["damping_stderr"] == pytest.approx(0.01)
    friction = parse_lagrangian(evidence["rayleigh"], ("phi",), ("t", "x")).jet_density
    assert sympy.diff(friction, "phi_t").as_coefficients_dict()[sympy.Symbol("phi_t")] == pytest.approx(0.1)
    explicit = parse_lagrangian(evidence["caldirola_kanai"], ("phi",), ("t", "x"))
    (found,) = euler_operator(explicit.jet_density, explicit.jets)
    expected = sympy.sympify("phi_tt - phi_xx + sin(phi) + 0.1*phi_t")
    for time in (0.0, 1.0):
        assert largest(found.subs("t", time) * sympy.exp(-0.1 * time) + expected) < 1e-9
    assert verdict.lagrangian.is_equivalent(judge(fitted(("phi",), SINE_GORDON)).lagrangian, tolerance=1e-9)


def test_unequal_damping_has_no_common_rate() -> None:
    """The control of the Caldirola–Kanai form: e^{λt} serves one damping rate only."""
    pair = coupled(0.3, 0.3)
    equal, unequal = (
        judge(fitted(FIELDS, ({**pair[0], "phi|t": 0.2}, {**pair[1], "chi|t": rate}))).evidence
        for rate in (0.2, 0.4)
    )
    assert equal["caldirola_kanai"].startswith("exp(0.2")
    assert "caldirola_kanai" not in unequal
    assert unequal["damping_terms"] == ["chi_t in the equation of chi", "phi_t in the equation of phi"]


def test_a_gradient_flow_comes_with_its_functional() -> None:
    verdict = judge(fitted(*REFUSED["gradient flow"][1]))
    functional = parse_lagrangian(verdict.evidence["functional"], ("u",), ("t", "x"))
    (slope,) = euler_operator(functional.jet_density, functional.jets)
    assert largest(slope - sympy.sympify("-0.3*u_xx - u + u**3")) < 1e-9
    residual = parse_lagrangian("(u_t - 0.3*u_xx - u + u**3)**2/2", ("u",), ("t", "x"))
    assert verdict.lagrangian.is_equivalent(residual, tolerance=1e-9)


def test_the_density_that_any_equations_have() -> None:
    """½ g_ab E_a E_b, of first and second order in time, with mixed terms of the metric."""
    case, metric = fitted(FIELDS, coupled(0.3, -0.4)), np.array([[2.0, 0.5], [0.5, 1.0]])
    one, two = "(phi_tt - phi_xx + phi + 0.3*chi)", "(chi_tt - 2*chi_xx + 3*chi - 0.4*phi)"
    for given_metric, text in (
        (None, f"{one}**2/2 + {two}**2/2"),
        (metric, f"{one}**2 + {one}*{two}/2 + {two}**2/2"),
    ):
        found = freidlin_wentzell(case, given_metric)
        expected = parse_lagrangian(text, FIELDS, ("t", "x"))
        assert largest(found.jet_density - expected.jet_density) < 1e-12
    first = freidlin_wentzell(fitted(("u",), ({"u|t": 1.0, "u**2|x": 0.5},)))
    assert largest(first.jet_density - sympy.sympify("(u_t + u*u_x)**2/2")) < 1e-12


def test_clean_data_are_not_refused_for_their_discretisation() -> None:
    """Couplings 7e-5 apart with errors of 1e-7 would ask for a weight, a spurious φ_t for damping."""
    clean = fitted(FIELDS, coupled(0.3, 0.30002), error=1e-7)
    assert np.array_equal(judge(clean).multiplier, np.eye(2))
    assert judge(clean, accuracy=0.0).multiplier[1, 1] == pytest.approx(0.3 / 0.30002, abs=1e-6)
    damped = fitted(("phi",), ({**SINE_GORDON[0], "phi|t": 3e-5},), error=1e-7)
    assert judge(damped).variational
    assert judge(damped, accuracy=0.0).text == "not variational: dissipative"
    assert judge(fitted(("phi",), ({**SINE_GORDON[0], "phi|t": 3e-3},), error=1e-7)).text.endswith(
        "dissipative"
    )


def test_unexplained_residuals_widen_the_errors() -> None:
    case = fitted(("phi",), SINE_GORDON)
    rough = replace(case, chi_square=np.array([4.0]))
    assert np.allclose(trusted_covariance(rough, 0.0), 4 * case.covariance)
    assert np.allclose(trusted_covariance(case, 0.0), case.covariance)
    bare = replace(case, covariance=np.zeros_like(case.covariance))
    assert np.allclose(np.sqrt(np.diag(trusted_covariance(bare, 1e-3))), [0.0, 1e-3, 1e-3])
    assert judge(bare).variational


def test_undetermined_names_what_it_is_about() -> None:
    verdict = Verdict.undetermined("phi_tt and phi_xx cannot be told apart", {"wave": 1})
    assert verdict.text == "undetermined: phi_tt and phi_xx cannot be told apart"
    assert not verdict.variational
    assert verdict.evidence == {"wave": 1}


def test_arrays_that_do_not_fit_are_refused() -> None:
    case = fitted(("phi",), SINE_GORDON)
    with pytest.raises(ValueError, match=r"got covariance of shape \(2, 2\), expected \(3, 3\)"):
        judge(replace(case, covariance=np.eye(2)))
    with pytest.raises(ValueError, match="not finite"):
        judge(replace(case, coefficients=np.full((1, 3), np.nan)))
    with pytest.raises(ValueError, match="got 2 targets, expected 1"):
        judge(replace(case, targets=(0, 1)))
