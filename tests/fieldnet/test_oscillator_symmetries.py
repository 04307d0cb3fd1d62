"""The Lie algebra under which oscillators move, from their phases alone, and data where there is none."""

import json
from functools import lru_cache

import numpy as np
import pytest
import torch
import xarray as xr

from fieldnet.symmetry.circle import bracket, field_names, fourier_basis, generate, projective_family
from fieldnet.symmetry.common_field import CommonField
from fieldnet.symmetry.cross_ratios import audit_cross_ratios
from fieldnet.symmetry.motion import smooth_motion
from fieldnet.symmetry.oscillator_result import OscillatorSymmetries
from fieldnet.symmetry.oscillators import discover_oscillator_symmetries
from fieldnet.symmetry.span import closure, killing_signature
from simulations import Kuramoto, simulate
from simulations.oscillators.initial import random_phases, splay, synchronised

NODES, SAMPLES = 24, 4


def phases(
    noise: float = 0.0, spread: float = 0.0, seed: int = 0, initial: torch.Tensor | None = None, **system
) -> xr.Dataset:
    """Oscillators coupled all to all, K = 1.5, phase lag 1.2 (slow to synchronise), ω = 1 and its spread."""
    frequencies = 1.0 + spread * np.random.default_rng(seed + 5).standard_normal(NODES)
    system = {"phase_lag": 1.2} | system
    oscillators = Kuramoto(1.5, torch.from_numpy(frequencies), **system)
    start = random_phases(NODES, SAMPLES, seed) if initial is None else initial
    return simulate(oscillators, start, 15.0, save_every=0.05, noise=noise, seed=seed)


@lru_cache
def found(**options) -> OscillatorSymmetries:
    return discover_oscillator_symmetries(phases(**options))


@lru_cache
def found_harmonics(*harmonics: float, noise: float = 0.0) -> OscillatorSymmetries:
    return discover_oscillator_symmetries(phases(noise, harmonics=list(harmonics)))


# ---- the circle


def test_the_bracket_is_f_dg_minus_g_df_exactly():
    draw = np.random.default_rng(0)
    f, g = draw.standard_normal((2, 7))
    theta = torch.linspace(0, 6, 50, dtype=torch.float64, requires_grad=True)

    def value(coefficients, harmonics):
        n = torch.arange(1, harmonics + 1)[:, None]
        waves = torch.stack([torch.cos(n * theta), torch.sin(n * theta)], 1).reshape(2 * harmonics, -1)
        return coefficients[0] + torch.from_numpy(coefficients[1:]) @ waves

    def slope(v):
        return torch.autograd.grad(v.sum(), theta, retain_graph=True)[0]

    v, w = value(f, 3), value(g, 3)
    assert torch.allclose(value(bracket(f, g), 6), v * slope(w) - w * slope(v), atol=1e-12)
    assert field_names(2) == ["1", "cos θ", "sin θ", "cos 2θ", "sin 2θ"]
    basis = fourier_basis(theta.detach().numpy(), 3)
    assert np.allclose(basis @ f, value(f, 3).detach().numpy())


@pytest.mark.parametrize("harmonic", [1, 2, 3])
def test_one_harmonic_and_1_are_sl2(harmonic):
    c = closure(projective_family(harmonic), bracket, orthonormal=False)
    assert c.defect < 1e-12
    assert c.structure_constants[0, 1, 2] == pytest.approx(-harmonic)
    assert c.structure_constants[0, 2, 1] == pytest.approx(harmonic)
    assert c.structure_constants[1, 2, 0] == pytest.approx(harmonic)
    assert killing_signature(c.structure_constants) == (2, 1, 0)
    assert generate(projective_family(harmonic), 1e-6).name == "sl(2,R)"


def test_brackets_complete_the_algebra_or_never_close():
    two = generate(projective_family()[1:], 1e-6)  # cos θ, sin θ, whose bracket is 1
    assert (two.dimension, two.steps, two.name) == (3, 1, "sl(2,R)")
    assert generate(projective_family()[:1], 1e-6).name == "R"
    affine = np.zeros((2, 7))
    affine[0, 2], affine[1, :2] = 1.0, (1.0, -1.0)  # sin θ and 1 − cos θ: x∂ and ∂ for x = cot ½θ
    assert generate(affine, 1e-6).name == "aff(1,R)"
    both = generate(np.concatenate([projective_family(1), projective_family(2)[1:]]), 1e-6)
    assert not both.closes
    assert both.name is None


# ---- velocities and the regression


def test_velocities_of_noisy_phases_have_the_noise_that_is_stated():
    times = np.arange(0, 30, 0.05)
    clean = np.stack([1.3 * times + np.sin(0.7 * times + k) for k in range(30)], -1)[None]
    exact = np.stack([1.3 + 0.7 * np.cos(0.7 * times + k) for k in range(30)], -1)[None]
    noisy = clean + 0.02 * np.random.default_rng(0).standard_normal(clean.shape)
    motion = smooth_motion(np.angle(np.exp(1j * noisy)), times)
    kept = np.isin(times, motion.times)
    error = np.std(motion.velocities - exact[:, kept])
    assert error == pytest.approx(motion.velocity_noise, rel=0.15)
    assert error < 0.1 * np.std(np.diff(noisy, axis=1) / 0.05 - exact[:, 1:])  # difference quotients


def test_reduced_rank_regression_finds_an_exact_span():
    draw = np.random.default_rng(0)
    angles = draw.uniform(-np.pi, np.pi, (40, 12))
    truth = draw.standard_normal((2, 7))
    velocities = np.einsum("tnp,ap,ta->tn", fourier_basis(angles, 3), truth, draw.standard_normal((40, 2)))
    field = CommonField(angles, velocities, 3)
    span = field.learn(2)
    assert np.allclose(span @ span.T, np.eye(2))
    assert np.allclose(truth @ span.T @ span, truth, atol=1e-6)
    assert np.abs(field.left_out(span)).max() < 1e-6
    assert np.abs(field.left_out(field.learn(1))).max() > 0.1


# ---- discovery


def test_identical_oscillators_have_sl2():
    result = found()
    assert result.verdict == "sl(2,R), by Möbius maps of e^(iθ)"
    assert result.name == "sl(2,R)"
    assert (len(result.span), result.harmonic) == (3, 1)
    assert result.structure_error < 1e-5
    assert result.algebra.closure.defect < 1e-5
    assert killing_signature(result.algebra.closure.structure_constants) == (2, 1, 0)
    assert result.angles.max() < 1e-3
    assert result.residual < 1e-6
    assert result.singular_values[2] > 1e5 * result.singular_values[3]


def test_cross_ratios_are_conserved_on_held_out_data_and_controls_are_not():
    audit = found().cross_ratios
    assert audit.relative_drift < 1e-6
    assert audit.control_drift > 0.1
    assert audit.wrong_harmonic_drift > 0.1
    unequal = found(spread=0.1).cross_ratios
    assert unequal.relative_drift > 0.05


@pytest.mark.parametrize("noise, error", [(0.005, 0.02), (0.01, 0.03)])
def test_noisy_phases_give_sl2_with_residuals_at_the_noise(noise, error):
    result = found(noise=noise)
    assert result.name == "sl(2,R)"
    assert len(result.span) == 3
    assert result.structure_error < error
    assert result.angles.max() < 2.5
    assert result.residual == pytest.approx(result.noise_floor, rel=0.25)
    assert result.cross_ratios.relative_drift < 1.5 * result.cross_ratios.noise_drift
    assert result.cross_ratios.control_drift > 10 * result.cross_ratios.relative_drift


@pytest.mark.parametrize("noise, spread", [(0.0, 0.1), (0.0, 0.01), (0.01, 0.02)])
def test_unequal_frequencies_have_no_common_vector_field(noise, spread):
    result = found(noise=noise, spread=spread)
    assert result.verdict.startswith("no common vector field")
    assert result.name is None


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_two_harmonics_do_not_close(noise):
    result = found_harmonics(1.0, 0.5, noise=noise)
    assert result.verdict.startswith("no finite-dimensional algebra")
    assert result.name is None
    assert len(result.span) == 5
    assert result.algebra.closure.defect > 0.1
    assert result.cross_ratios.relative_drift > 0.1


def test_the_second_harmonic_alone_is_sl2_on_the_doubled_circle():
    result = found_harmonics(0.0, 1.0)
    assert result.verdict == "sl(2,R), by Möbius maps of e^(2iθ)"
    assert result.harmonic == 2
    assert result.structure_error < 1e-5
    assert result.cross_ratios.relative_drift < 1e-5  # of e^(2iθ)
    data = phases(harmonics=[0.0, 1.0])
    early = data["theta"].values[0, :60]
    assert audit_cross_ratios(early, data["time"].values[:60], 1).relative_drift > 0.05


def test_without_frequencies_two_fields_generate_the_algebra():
    """ω = 0 and no lag: θ̇_i = A cos θ_i + B sin θ_i; 1 = [cos θ, sin θ] comes from the bracket."""
    system = Kuramoto(1.5, torch.zeros(NODES, dtype=torch.float64))
    data = simulate(system, random_phases(NODES, SAMPLES, 0), 6.0, save_every=0.05)
    result = discover_oscillator_symmetries(data)
    assert len(result.span) == 2
    assert (result.algebra.dimension, result.name) == (3, "sl(2,R)")


@pytest.mark.parametrize(
    "initial, reason",
    [(synchronised(NODES, SAMPLES), "spread over the circle at 0 of"), (splay(NODES), "locked")],
)
def test_synchronised_or_locked_oscillators_determine_nothing(initial, reason):
    result = discover_oscillator_symmetries(phases(initial=initial))
    assert result.verdict.startswith("undetermined: ")
    assert reason in result.verdict
    assert result.name is None


def test_the_same_data_and_seed_give_the_same_numbers():
    first = discover_oscillator_symmetries(phases(noise=0.01), seed=3)
    assert first.content() == discover_oscillator_symmetries(phases(noise=0.01), seed=3).content()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda d: d.rename(theta="angle"), "got 'theta' of dims none"),
        (lambda d: d.isel(sample=0), "expected phases of dims"),
        (lambda d: d.isel(node=slice(5)), "got 5 oscillators"),
        (lambda d: d.isel(time=slice(20)), "too few time steps: got 20"),
    ],
)
def test_data_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        discover_oscillator_symmetries(change(phases()))


def test_content_is_json_and_the_picture_is_written(tmp_path):
    for result in (found(), discover_oscillator_symmetries(phases(initial=synchronised(NODES)))):
        content = json.loads(json.dumps(result.content(), allow_nan=False))
        assert content["verdict"] == result.verdict
        assert content["schema"] == "fieldnet/oscillator-symmetries/1"
        assert all(isinstance(cell, str) for row in result.table() for cell in row)
        (picture,) = result.figures(tmp_path / "new")
        assert picture.stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0.0, 0.005, 0.01])
def test_the_answer_does_not_depend_on_the_draw(noise, seed):
    assert found(noise=noise, seed=seed).name == "sl(2,R)"
    assert found(noise=noise, seed=seed, spread=0.05).name is None
