"""A density as an L-conv layer: ℒ = rᵀηr with r = Q[Φ], and back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldnet import derive_lagrangian
from fieldnet.density import density_model, quadratic_form
from fieldnet.model_file import load_model, save_model
from lagrangians import parse_lagrangian

EXACT = 1e-9

CASES = {
    "sine-Gordon": ("phi_t**2/2 - 0.72*phi_x**2 + 0.81*cos(phi)", ("phi",)),
    "three harmonics": ("phi_t**2/2 - phi_x**2/2 + cos(phi) + 0.3*cos(2*phi) - 0.1*sin(3*phi)", ("phi",)),
    "phi4": ("phi_t**2/2 - 0.6*phi_x**2 + 0.6*phi**2 - 0.2*phi**4", ("phi",)),
    "odd powers and exp": ("phi_t**2/2 - phi_x**2/2 - phi**3 - 0.1*phi**5 - exp(phi) - 0.2*phi", ("phi",)),
    "metric that depends on the field": ("phi_t**2/2 - (1 + 0.3*phi**2)*phi_x**2/2 - phi**2", ("phi",)),
    "light cone": ("phi_t*phi_x - cos(phi)", ("phi",)),
    "indefinite metric": (
        "phi_t**2/2 - phi_x**2/2 - chi_t**2/2 + 0.72*chi_x**2 - 0.35*phi*chi - 0.1*phi**2*chi**2",
        ("phi", "chi"),
    ),
    "Schrödinger": ("v*u_t - u*v_t - u_x**2/2 - v_x**2/2 - 0.45*(u**2 + v**2)**2", ("u", "v")),
    "coupled phases": (
        "phi_t**2/2 + chi_t**2/2 - phi_x**2 - chi_x**2 + 0.3*cos(phi - chi) + 0.1*sin(2*phi + chi)",
        ("phi", "chi"),
    ),
    "Korteweg–de Vries": ("w_t*w_x/2 + w_x**3 - w_xx**2/2", ("w",)),
}


def lagrangian_of(text, fields, coordinates=("t", "x")):
    return parse_lagrangian(text, fields, coordinates)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_weights_mean_the_density(case):
    given_density = lagrangian_of(*CASES[case])
    model = density_model(given_density, (0.1, 0.1))
    assert derive_lagrangian(model).is_equivalent(given_density, EXACT)


@pytest.mark.parametrize("case", ["sine-Gordon", "indefinite metric", "Schrödinger"], ids=str)
def test_other_weights_mean_another_density(case):
    given_density = lagrangian_of(*CASES[case])
    model = density_model(given_density, (0.1, 0.1))
    with torch.no_grad():
        model.layer.weight[0] *= 1.1
    assert not derive_lagrangian(model).is_equivalent(given_density, 1e-3)


def test_a_phase_is_lifted_to_the_circle():
    model = density_model(lagrangian_of(*CASES["sine-Gordon"]), (0.1, 0.1))
    assert set(model.channels) == {"cos(phi)", "sin(phi)", "1"}


def test_signature_of_the_metric_is_that_of_the_waves():
    """One positive and one negative direction of h for each of cos φ and sin φ: Lorentzian."""
    model = density_model(lagrangian_of(*CASES["sine-Gordon"]), (0.1, 0.1))
    assert model.expansion().signature == (2, 2, 2)
    elliptic = density_model(lagrangian_of("-phi_t**2/2 - 0.72*phi_x**2 + cos(phi)", ("phi",)), (0.1, 0.1))
    assert elliptic.expansion().signature == (0, 4, 2)


def test_what_is_not_quadratic_stays_beside():
    form = quadratic_form(
        lagrangian_of(*CASES["Korteweg–de Vries"]).jet_density,
        density_model(lagrangian_of(*CASES["Korteweg–de Vries"]), (0.1, 0.1)).jets,
    )
    assert str(form.remainder) == "w_x**3 - w_xx**2/2"


def test_density_on_a_plane_wave():
    """rᵀηr of the layer on samples is the density there, to the order of the differences."""
    points, wave = 64, 2 * np.pi / 6.4
    x = torch.arange(points, dtype=torch.float64) * 0.1
    t = x[:, None]
    phi = 0.7 * torch.cos(wave * (x - t))[None]
    model = density_model(lagrangian_of(*CASES["sine-Gordon"]), (0.1, 0.1))
    slope = 0.7 * wave * torch.sin(wave * (x - t))
    exact = slope**2 / 2 - 0.72 * slope**2 + 0.81 * torch.cos(phi[0])
    assert torch.allclose(model.density(phi), exact, atol=1e-8)
    assert not torch.allclose(model.density(1.01 * phi), exact, atol=1e-4)


def test_on_disk(tmp_path):
    model = density_model(lagrangian_of(*CASES["indefinite metric"]), (0.1, 0.2))
    save_model(model, tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert derive_lagrangian(again).density == derive_lagrangian(model).density


coefficient = st.floats(-2, 2).filter(lambda c: abs(c) > 0.05).map(lambda c: round(c, 3))
POTENTIALS = (
    "phi",
    "phi**2",
    "phi**3",
    "phi**4",
    "phi**6",
    "cos(phi)",
    "sin(2*phi)",
    "exp(-phi)",
    "cos(2*phi)",
)


@given(
    speed=coefficient,
    cross=coefficient,
    terms=st.dictionaries(st.sampled_from(POTENTIALS), coefficient, min_size=1, max_size=4),
)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_random_densities(speed, cross, terms):
    potential = " + ".join(f"({c})*{term}" for term, c in terms.items())
    text = f"phi_t**2/2 + ({cross})*phi_t*phi_x - ({speed})*phi_x**2 - ({potential})"
    given_density = lagrangian_of(text, ("phi",))
    assert density_model(given_density, (0.1, 0.1)).lagrangian().is_equivalent(given_density, EXACT)
