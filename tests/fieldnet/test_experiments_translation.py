"""The paper's translation experiment: finite shifts, learned generators, and which the data determine."""

from __future__ import annotations

import math

import pytest
import torch

from fieldnet.experiments.scoring import cosine
from fieldnet.experiments.translation import (
    POINTS,
    SHIFT,
    finite_shifts,
    fit_generator,
    generator_of,
    run_translation,
    shift_matrix,
    shift_without_nyquist,
    translation_generator,
    translation_pairs,
)


def test_the_generator_is_a_derivative() -> None:
    """L sin(2πkj/d) = 2πk/d cos(2πkj/d) below the Nyquist wavenumber."""
    j = torch.arange(POINTS, dtype=torch.float64)
    for k in (1, 5, 9):
        wave = 2 * math.pi * k * j / POINTS
        expected = 2 * math.pi * k / POINTS * torch.cos(wave)
        assert torch.allclose(translation_generator() @ torch.sin(wave), expected, atol=1e-12)


def test_finite_shifts_have_the_paper_s_cosines() -> None:
    """(I + zL/n)ⁿ: 0.77 for n = 8 and 0.93 for n = 16; exp(zL) is the shift by two."""
    rows = {row["n"]: row for row in finite_shifts(translation_generator())}
    assert rows[8]["cosine_paper"] == pytest.approx(0.77, abs=5e-3)
    assert rows[16]["cosine_paper"] == pytest.approx(0.93, abs=5e-3)
    assert rows[None]["cosine_exact"] == pytest.approx(1, abs=1e-12)
    assert rows[None]["largest_error"] < 1e-13


def test_the_nyquist_mode_has_no_real_logarithm() -> None:
    """A shift by one is exact for odd d, and wrong by 2/d for even d."""
    for points, error in ((20, 0.1), (21, 0.0)):
        moved = torch.matrix_exp(translation_generator(points))
        assert float((moved - shift_matrix(1, points)).abs().max()) == pytest.approx(error, abs=1e-12)


def test_the_interpolated_shift_is_the_shift_but_for_the_nyquist_mode() -> None:
    difference = shift_matrix(SHIFT) - shift_without_nyquist(SHIFT)
    alternating = (-1.0) ** torch.arange(POINTS, dtype=torch.float64)
    assert torch.allclose(difference, torch.outer(alternating, alternating) / POINTS, atol=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_vector_field_is_found_and_chosen(seed: int) -> None:
    """Cosine and norm 1; the speed, not the cosine, is what a constant field has to find."""
    run = run_translation(seed, families=("constant vector field", "vector field"))
    assert run["chosen"] == "constant vector field"
    assert run["verdict"] == "generator found"
    for row in run["families"]:
        assert row["cosine"] >= 0.9999
        assert row["relative_norm"] == pytest.approx(1, abs=1e-6)


def test_a_free_matrix_fits_as_well_and_is_another_logarithm() -> None:
    """The circulant has no loss, yet its modes with |k| ≥ 5 are off by 2π/z: the data do not tell."""
    x, y = translation_pairs(0)
    learned = fit_generator("circulant", x, y, 0)
    assert (torch.matrix_exp(learned) - shift_matrix(SHIFT)).abs().max() < 1e-5
    assert cosine(learned, SHIFT * translation_generator()) < 0.5


@pytest.mark.parametrize("kind", ["shuffled", "unshifted"])
def test_controls_have_no_generator(kind: str) -> None:
    run = run_translation(0, kind, ("constant vector field", "vector field"))
    assert run["verdict"] == "no generator"


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="got the kind 'rotated', expected 'shifted'"):
        translation_pairs(0, "rotated")
    with pytest.raises(ValueError, match="got the family 'sparse', expected one of"):
        generator_of("sparse", torch.zeros(1))
