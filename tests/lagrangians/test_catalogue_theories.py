"""Each theory against its reference: equation, waves and charges, written here without the density."""

import pytest
import sympy

from lagrangians import catalogue, dispersion_branches, parse_expression
from lagrangians.catalogue import Theory, describe
from lagrangians.jets import jet_name, jet_space
from lagrangians.variation import is_null
from lagrangians.zero import is_zero

EQUATIONS = {
    "klein_gordon": {"phi_tt": "c**2*phi_xx - m**2*phi"},
    "sine_gordon": {"phi_tt": "c**2*phi_xx - m**2*sin(phi)"},
    "double_sine_gordon": {"phi_tt": "c**2*phi_xx - m**2*sin(phi) - 2*mu**2*sin(2*phi)"},
    "sinh_gordon": {"phi_tt": "c**2*phi_xx - m**2*sinh(phi)"},
    "phi4": {"phi_tt": "c**2*phi_xx - g*phi*(phi**2 - v**2)"},
    "liouville": {"phi_tt": "c**2*phi_xx - m**2/beta*exp(beta*phi)"},
    "born_infeld": {
        "phi_tt": "(2*c**2*phi_t*phi_x*phi_tx + c**2*(b**2 - phi_t**2)*phi_xx)/(b**2 + c**2*phi_x**2)"
    },
    "linear_sigma": {
        f"phi_{i}_tt": f"c**2*phi_{i}_xx - g*(phi_1**2 + phi_2**2 + phi_3**2 - v**2)*phi_{i}"
        for i in (1, 2, 3)
    },
    "complex_klein_gordon": {f"{phi}_tt": f"c**2*{phi}_xx - m**2*{phi}" for phi in ("phi", "phi_bar")},
    "nonlinear_schroedinger": {
        "psi_t": "-I*(-psi_xx/(2*m) + g*psi*psi_bar*psi - mu*psi)",
        "psi_bar_t": "I*(-psi_bar_xx/(2*m) + g*psi*psi_bar*psi_bar - mu*psi_bar)",
    },
    "thirring": {
        "psi_1_t": "-psi_1_x - I*(m*psi_2 + g*psi_2*psi_2_bar*psi_1)",
        "psi_1_bar_t": "-psi_1_bar_x + I*(m*psi_2_bar + g*psi_2*psi_2_bar*psi_1_bar)",
        "psi_2_t": "psi_2_x - I*(m*psi_1 + g*psi_1*psi_1_bar*psi_2)",
        "psi_2_bar_t": "psi_2_bar_x + I*(m*psi_1_bar + g*psi_1*psi_1_bar*psi_2_bar)",
    },
    "korteweg_de_vries": {"w_tx": "-alpha*w_x*w_xx - beta*w_xxxx"},
    "modified_korteweg_de_vries": {"w_tx": "-alpha*w_x**2*w_xx - beta*w_xxxx"},
    "kadomtsev_petviashvili": {"w_tx": "-alpha*w_x*w_xx - beta*w_xxxx - sigma*w_yy"},
    "boussinesq": {"w_tt": "c**2*w_xx + 2*alpha*w_x*w_xx - beta*w_xxxx"},
    "euler_bernoulli_beam": {"w_tt": "-B/rho*w_xxxx"},
    "free_particle": {"q_tt": "0"},
    "harmonic_oscillator": {"q_tt": "-kappa/m*q"},
    "coupled_oscillators": {
        "q_1_tt": "(-kappa*q_1 - coupling*(q_1 - q_2))/m",
        "q_2_tt": "(-kappa*q_2 - coupling*(q_2 - q_1))/m",
    },
    "pendulum": {"theta_tt": "-g/l*sin(theta)"},
    "kepler": {f"{x}_tt": f"-alpha/m*{x}*(x**2 + y**2)**(-3/2)" for x in ("x", "y")},
    "henon_heiles": {
        "x_tt": "-omega**2*x - 2*strength*x*y",
        "y_tt": "-omega**2*y - strength*(x**2 - y**2)",
    },
    "pais_uhlenbeck": {"q_tttt": "-(omega_1**2 + omega_2**2)*q_tt - omega_1**2*omega_2**2*q"},
    "kuramoto_inertial": {
        f"theta_{i}_tt": f"K/m*(sin(theta_{j} - theta_{i}) + sin(theta_{k} - theta_{i}))"
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    },
    "onsager_machlup": {"theta_tt": "kappa**2*theta"},
}
FIELD_EQUATIONS = {  # up to a constant factor
    "sigma_model": (
        *(f"n_{i}_tt - c**2*n_{i}_xx + multiplier*n_{i}" for i in (1, 2, 3)),
        "1 - n_1**2 - n_2**2 - n_3**2",
    ),
    "benjamin_bona_mahony": ("w_tx + c*w_xx + alpha*w_x*w_xx - beta*w_txxx",),
    "maxwell": (  # div E = 0 and E_t = c² curl B, E = A_t − ∇A_t
        "A_x_tx - A_t_xx + A_y_ty - A_t_yy + A_z_tz - A_t_zz",
        "A_x_tt - A_t_tx + c**2*(A_y_xy - A_x_yy - A_x_zz + A_z_xz)",
        "A_y_tt - A_t_ty + c**2*(A_x_xy - A_y_xx - A_y_zz + A_z_yz)",
        "A_z_tt - A_t_tz + c**2*(A_x_xz - A_z_xx - A_z_yy + A_y_yz)",
    ),
    "proca": (
        "A_x_tx - A_t_xx + A_y_ty - A_t_yy + m**2*A_t",
        "A_x_tt - A_t_tx + A_y_xy - A_x_yy + m**2*A_x",
        "A_y_tt - A_t_ty + A_x_xy - A_y_xx + m**2*A_y",
    ),
    "maxwell_chern_simons": (  # div E = −μB, E_t = curl B with the Hall current
        "A_x_tx - A_t_xx + A_y_ty - A_t_yy + mu*(A_y_x - A_x_y)",
        "A_x_tt - A_t_tx + A_y_xy - A_x_yy + mu*(A_y_t - A_t_y)",
        "A_y_tt - A_t_ty + A_x_xy - A_y_xx - mu*(A_x_t - A_t_x)",
    ),
    "abelian_higgs": (
        # conjugate of D_tD_tφ − D_xD_xφ + g(|φ|² − v²)φ = 0, the equation itself, and two Maxwell equations
        "phi_bar_tt - phi_bar_xx - I*e*(A_t_t - A_x_x)*phi_bar - 2*I*e*(A_t*phi_bar_t - A_x*phi_bar_x)"
        " - e**2*(A_t**2 - A_x**2)*phi_bar + g*(phi*phi_bar - v**2)*phi_bar",
        "phi_tt - phi_xx + I*e*(A_t_t - A_x_x)*phi + 2*I*e*(A_t*phi_t - A_x*phi_x)"
        " - e**2*(A_t**2 - A_x**2)*phi + g*(phi*phi_bar - v**2)*phi",
        "A_x_tx - A_t_xx + I*e*(phi*phi_bar_t - phi_bar*phi_t) + 2*e**2*A_t*phi*phi_bar",
        "A_x_tt - A_t_tx + I*e*(phi*phi_bar_x - phi_bar*phi_x) + 2*e**2*A_x*phi*phi_bar",
    ),
    "double_pendulum": (
        "2*theta_1_tt + theta_2_tt*cos(theta_1 - theta_2) + theta_2_t**2*sin(theta_1 - theta_2)"
        " + 2*g/l*sin(theta_1)",
        "theta_2_tt + theta_1_tt*cos(theta_1 - theta_2) - theta_1_t**2*sin(theta_1 - theta_2)"
        " + g/l*sin(theta_2)",
    ),
}
LATTICE = ("toda_lattice", "fermi_pasta_ulam_tsingou", "frenkel_kontorova")

alpha, a, b, beta, B, c, e, g, kappa, K, coupling, l, m, mu, rho, sigma, v, V = sympy.symbols(
    "alpha a b beta B c e g kappa K coupling l m mu rho sigma v V"
)
omega, omega_1, omega_2 = sympy.symbols("omega omega_1 omega_2")
k, k_x, k_y, k_z = (sympy.Symbol(name, real=True) for name in ("k", "k_x", "k_y", "k_z"))
half_chord = 4 * sympy.sin(k / 2) ** 2
squared = k_x**2 + k_y**2
WAVES = {  # ω² about each vacuum
    "klein_gordon": [{c**2 * k**2 + m**2}],
    "sine_gordon": [{c**2 * k**2 + m**2}] * 2,
    "double_sine_gordon": [{c**2 * k**2 + m**2 + 4 * mu**2}] * 2,
    "sinh_gordon": [{c**2 * k**2 + m**2}],
    "phi4": [{c**2 * k**2 + 2 * g * v**2}, {c**2 * k**2 - g * v**2}],
    "liouville": [],
    "born_infeld": [{c**2 * k**2}],
    "sigma_model": [{c**2 * k**2}],
    "linear_sigma": [{c**2 * k**2, c**2 * k**2 + 2 * g * v**2}],
    "complex_klein_gordon": [{c**2 * k**2 + m**2}],
    "nonlinear_schroedinger": [
        {(k**2 / (2 * m) - mu) ** 2},
        {k**2 / (2 * m) * (k**2 / (2 * m) + 2 * mu)},
    ],
    "thirring": [{k**2 + m**2}],
    "maxwell": [{c**2 * (squared + k_z**2)}],
    "proca": [{squared + m**2}],
    "maxwell_chern_simons": [{squared + mu**2}],
    "abelian_higgs": [{k**2 + 2 * e**2 * v**2, k**2 + 2 * g * v**2}, {k**2 - g * v**2}],
    "korteweg_de_vries": [{beta**2 * k**6}],
    "modified_korteweg_de_vries": [{beta**2 * k**6}],
    "kadomtsev_petviashvili": [{(sigma * k_y**2 / k_x - beta * k_x**3) ** 2}],
    "benjamin_bona_mahony": [{c**2 * k**2 / (1 + beta * k**2) ** 2}],
    "boussinesq": [{c**2 * k**2 + beta * k**4}],
    "euler_bernoulli_beam": [{B / rho * k**4}],
    "toda_lattice": [{a * b / m * half_chord}],
    "fermi_pasta_ulam_tsingou": [{kappa / m * half_chord}],
    "frenkel_kontorova": [{(V + kappa * half_chord) / m}],
    "free_particle": [{sympy.S.Zero}],
    "harmonic_oscillator": [{kappa / m}],
    "coupled_oscillators": [{kappa / m, (kappa + 2 * coupling) / m}],
    "pendulum": [{g / l}, {-g / l}],
    "double_pendulum": [{(2 + sympy.sqrt(2)) * g / l, (2 - sympy.sqrt(2)) * g / l}],
    "kepler": [],
    "henon_heiles": [{omega**2}],
    "pais_uhlenbeck": [{omega_1**2, omega_2**2}],
    "kuramoto_inertial": [{sympy.S.Zero, 3 * K / m}],
    "freidlin_wentzell": [{sympy.S.Zero, -9 * kappa**2}],
    "onsager_machlup": [{-(kappa**2)}],
}
INITIAL_VALUES = {"maxwell": 4, "proca": 4, "maxwell_chern_simons": 2, "abelian_higgs": 4, "sigma_model": 4}
GAUGE = {"maxwell": 1, "maxwell_chern_simons": 1, "abelian_higgs": 1}
CHARGES = {
    "klein_gordon": {"energy", "momentum_x", "boost_x"},
    "born_infeld": {"energy", "momentum_x", "boost_x", "shift_phi"},
    "sigma_model": {"energy", "momentum_x", "boost_x", "rotation_n_1_n_2", "rotation_n_2_n_3"},
    "linear_sigma": {"energy", "rotation_phi_1_phi_2", "rotation_phi_1_phi_3", "rotation_phi_2_phi_3"},
    "complex_klein_gordon": {"energy", "momentum_x", "boost_x", "U(1)"},
    "nonlinear_schroedinger": {"energy", "momentum_x", "galilei_boost_x", "U(1)"},
    "thirring": {"energy", "momentum_x", "U(1)"},
    "abelian_higgs": {"energy", "momentum_x", "boost_x", "U(1)"},
    "maxwell_chern_simons": {
        "energy",
        "momentum_x",
        "momentum_y",
        "angular_momentum_xy",
        "boost_x",
        "boost_y",
    },
    "korteweg_de_vries": {"energy", "momentum_x", "galilei_boost_x", "shift_w"},
    "boussinesq": {"energy", "momentum_x", "shift_w"},
    "toda_lattice": {"energy", "shift_q", "galilei_boost_q"},
    "fermi_pasta_ulam_tsingou": {"energy", "shift_q", "galilei_boost_q"},
    "frenkel_kontorova": {"energy"},
    "free_particle": {"energy", "shift_q", "galilei_boost_q"},
    "kepler": {"energy", "rotation_x_y"},
    "double_pendulum": {"energy"},
    "kuramoto_inertial": {"energy", "shift", "galilei_boost"},
}


def read(text: str, theory: Theory) -> sympy.Expr:
    lagrangian = theory.lagrangian
    return parse_expression(text, lagrangian.fields, lagrangian.coordinates, lagrangian.parameters)


def test_every_theory_is_checked() -> None:
    checked = {*EQUATIONS, *FIELD_EQUATIONS, *LATTICE, "freidlin_wentzell"}
    assert checked == set(catalogue.entries()) == set(WAVES)
    assert len(catalogue.entries()) >= 35


@pytest.mark.parametrize("name", EQUATIONS)
def test_equations_of_motion(name: str) -> None:
    theory = describe(name)
    found = dict(theory.equations_of_motion)
    assert len(found) == len(EQUATIONS[name]) == len(theory.lagrangian.fields)
    for left, right in EQUATIONS[name].items():
        assert is_zero(found[read(left, theory)] - read(right, theory))


@pytest.mark.parametrize("name", FIELD_EQUATIONS)
def test_field_equations(name: str) -> None:
    theory = describe(name)
    for found, text in zip(theory.field_equations, FIELD_EQUATIONS[name], strict=True):
        jets = theory.lagrangian.jets
        ratio = sympy.cancel(jets.to_jets(found) / jets.to_jets(read(text, theory)))
        assert ratio != 0
        assert ratio.free_symbols <= set(theory.lagrangian.parameters)


@pytest.mark.parametrize("name", LATTICE)
def test_equations_of_chains(name: str) -> None:
    n, t = sympy.symbols("n t")
    q = sympy.Function("q")
    left, right = q(n, t) - q(n - 1, t), q(n + 1, t) - q(n, t)
    if name == "toda_lattice":
        force = a * (sympy.exp(-b * left) - sympy.exp(-b * right))
    elif name == "frenkel_kontorova":
        force = kappa * (right - left) - V * sympy.sin(q(n, t))
    else:
        force = sum(x * (right**p - left**p) for x, p in ((kappa, 1), (alpha, 2), (beta, 3)))
    (found,) = describe(name).equations_of_motion.items()
    assert found[0] == q(n, t).diff(t, 2)
    assert is_zero(found[1] - force / m)


@pytest.mark.parametrize("name", WAVES)
def test_waves_about_each_vacuum(name: str) -> None:
    theory = describe(name)
    assert len(theory.waves) == len(theory.vacua) == len(WAVES[name])
    for waves, expected in zip(theory.waves, WAVES[name], strict=True):
        found = waves.squares if name != "abelian_higgs" or len(expected) > 1 else waves.squares[-1:]
        assert len(found) == len(expected)
        assert all(any(is_zero(f - s) for f in found) for s in expected)
        assert waves.gauge_directions == GAUGE.get(name, 0)


@pytest.mark.parametrize("name", INITIAL_VALUES)
def test_number_of_initial_values(name: str) -> None:
    """Twice the number of polarisations: constraints and gauge directions carry none."""
    assert describe(name).waves[0].multiplicity == INITIAL_VALUES[name]


@pytest.mark.parametrize("name", CHARGES)
def test_conserved_charges(name: str) -> None:
    theory = describe(name)
    assert CHARGES[name] <= {charge.name for charge in theory.charges}


@pytest.mark.slow
def test_charges_of_maxwell() -> None:
    """The Poincaré group and the dilation."""
    assert len(describe("maxwell").charges) == 11


def test_chains_without_translation_symmetry_have_no_momentum() -> None:
    assert [charge.name for charge in describe("frenkel_kontorova").charges] == ["energy"]


@pytest.mark.parametrize(
    "name, charge, density",
    [
        ("sine_gordon", "energy", "phi_t**2/2 + c**2*phi_x**2/2 + m**2*(1 - cos(phi))"),
        ("korteweg_de_vries", "momentum_x", "-w_x**2/2"),
        ("korteweg_de_vries", "energy", "-alpha*w_x**3/6 + beta*w_xx**2/2"),
        ("nonlinear_schroedinger", "U(1)", "-psi*psi_bar"),
        (
            "nonlinear_schroedinger",
            "energy",
            "psi_x*psi_bar_x/(2*m) + g*psi**2*psi_bar**2/2 - mu*psi*psi_bar",
        ),
        ("abelian_higgs", "U(1)", "I*(phi*phi_bar_t - phi_bar*phi_t) + 2*e*A_t*phi*phi_bar"),
    ],
)
def test_densities_of_charges(name: str, charge: str, density: str) -> None:
    """The textbook density up to a space derivative (a divergence that integrates to 0)."""
    theory = describe(name)
    (found,) = (q for q in theory.charges if q.name == charge)
    assert is_space_divergence(found.density - read(density, theory), theory)
    assert not is_space_divergence(found.density - 2 * read(density, theory), theory)


def is_space_divergence(density: sympy.Expr, theory: Theory) -> bool:
    """Whether D_xF for some F: at one time φ and φ_t are fields of their own, functions of space alone."""
    jets = theory.lagrangian.jets
    space = theory.lagrangian.coordinates[1:]
    names = [name.replace("_", "") for name in jets.field_names]
    plain = jets.to_jets(density)
    places = jets.jets_in(plain)
    renamed = {
        symbol: sympy.Symbol(jet_name(names[a] + "dot" * index[0], [x.name for x in space], index[1:]))
        for symbol, (a, index) in places.items()
    }
    fields = sorted({names[a] + "dot" * index[0] for a, index in places.values()})
    return not fields or is_null(plain.xreplace(renamed), jet_space(fields, space))


def test_solitons() -> None:
    """The solutions that the notes state."""
    t, x, speed = sympy.Symbol("t"), sympy.Symbol("x"), sympy.Symbol("s", positive=True)
    positive = {alpha: sympy.Symbol("alpha", positive=True), beta: sympy.Symbol("beta", positive=True)}
    theory = describe("korteweg_de_vries")
    width = sympy.sqrt(speed / positive[beta]) / 2
    w = 3 * speed / positive[alpha] / width * sympy.tanh(width * (x - speed * t))
    (equation,) = theory.field_equations
    assert is_zero(equation.subs(theory.lagrangian.fields[0], w).doit().subs(positive))
    assert not is_zero(equation.subs(theory.lagrangian.fields[0], 2 * w).doit().subs(positive))
    rate = sympy.Symbol("r", positive=True)
    psi = rate / sympy.cosh(rate * x)
    focusing = catalogue.nonlinear_schroedinger(g=-1)
    fields = dict(
        zip(focusing.fields, (psi * sympy.exp(s * rate**2 * t / 2) for s in (sympy.I, -sympy.I)), strict=True)
    )
    assert all(is_zero(e.subs(fields).doit()) for e in focusing.euler_lagrange())
    defocusing = catalogue.nonlinear_schroedinger(g=1)
    assert not any(is_zero(e.subs(fields).doit()) for e in defocusing.euler_lagrange())


def test_the_liouville_field_solves_its_equation() -> None:
    """e^φ = 2/ξ², ξ = (x − st)/√(1 − s²); the same with t in place of ξ has the wrong sign."""
    t, x, speed = *sympy.symbols("t x"), sympy.Rational(3, 5)
    theory = catalogue.liouville()
    (equation,) = theory.euler_lagrange()
    place = (x - speed * t) / sympy.sqrt(1 - speed**2)
    assert is_zero(equation.subs(theory.fields[0], sympy.log(2 / place**2)).doit())
    assert not is_zero(equation.subs(theory.fields[0], sympy.log(2 / t**2)).doit())


@pytest.mark.parametrize("name", LATTICE)
def test_rings_have_the_waves_of_the_chain(name: str) -> None:
    """A ring of 4 sites has the frequencies of k = 0, π/2, π, 3π/2."""
    theory = describe(name)
    ring = theory.lagrangian.ring(4)
    expected = {sympy.simplify(theory.waves[0].squares[0].subs(k, j * sympy.pi / 2)) for j in range(4)}
    found = dispersion_branches(ring, 0)
    assert len(found) == len(expected)
    assert all(any(is_zero(f - s) for f in found) for s in expected)
