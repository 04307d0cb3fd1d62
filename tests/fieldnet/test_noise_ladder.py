"""The noise ladder of benchmarks/discovery: its data, its scores, and one seed of three rungs."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.discovery import plain
from benchmarks.discovery.files import data_file, read
from benchmarks.discovery.ladder import discover, measured
from benchmarks.discovery.plain import plain_weak
from benchmarks.discovery.scoring import score_equations, score_intervals
from benchmarks.discovery.theories import THEORIES
from lagrangians import parse_lagrangian, to_text

KINKS = THEORIES["sine_gordon_kinks"]
RUNGS = {0.0: 2e-5, 0.05: 1.2e-3, 0.2: 6e-3}
"""{noise: error of the worst coefficient}, Sine-Gordon from random smooth data."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ladder")


@pytest.mark.parametrize("name", [name for name, theory in THEORIES.items() if theory.density])
def test_the_density_has_the_equations(name: str) -> None:
    theory = THEORIES[name]
    names = theory.density_fields or theory.fields
    equations = parse_lagrangian(theory.density, names, theory.coordinates).equations_of_motion()
    texts = [f"{to_text(left)} = {to_text(right)}" for left, right in equations.items()]
    if theory.density_fields:  # u = w_x: the equation of w is that of u
        texts = [
            "u_t = "
            + texts[0].split("=")[1].replace("w_xxxx", "u_xxx").replace("w_xx", "u_x").replace("w_x", "u")
        ]
    assert score_equations(texts, theory) == {"error": 0.0, "missing": 0, "spurious": 0}


def test_the_same_seed_gives_the_same_data_of_the_stated_noise(folder: Path, tmp_path: Path) -> None:
    clean = read(data_file(folder, KINKS, 0.0, 7))[1]["phi"]
    noisy, again, other = (
        read(data_file(place, KINKS, 0.2, seed))[1]["phi"]
        for place, seed in ((folder, 7), (tmp_path, 7), (tmp_path, 8))
    )
    assert np.array_equal(noisy, again)
    assert not np.array_equal(noisy, other)
    assert np.isclose((noisy - clean).std(), 0.2 * clean.std(), rtol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in THEORIES if name != "sine_gordon_2d"])
def test_halving_the_steps_changes_nothing(name: str) -> None:
    coarse, fine = (THEORIES[name].make(3, refine)[1] for refine in (1, 2))
    for field in coarse:
        assert np.abs(coarse[field] - fine[field]).max() <= 1e-6 * coarse[field].std()


def test_scores_count_missing_and_spurious_terms() -> None:
    score = score_equations(["phi_tt = 1.01*phi_xx - sin(phi) + 0.001*phi**3"], KINKS)
    assert score == {"error": pytest.approx(0.01), "missing": 0, "spurious": 1}
    assert score_equations(["phi_tt = phi_xx"], KINKS) == {"error": 1.0, "missing": 1, "spurious": 0}
    assert score_equations(["phi_t = phi_xx - sin(phi)"], KINKS)["missing"] == 2
    same = "phi_tt = phi_xx - 2*sin(phi/2)*cos(phi/2)"
    assert score_equations([same], KINKS) == {"error": 0.0, "missing": 0, "spurious": 0}
    with pytest.raises(ValueError, match="unexpected"):
        score_equations(["phi_tt = __import__('os')"], KINKS)


def test_intervals_do_not_depend_on_scale_and_divergences() -> None:
    content = {
        "fields": ["u", "v"],
        "terms": [
            {"term": "v*u_t", "coefficient": -4.0, "stderr": 0.0},
            {"term": "u_x**2", "coefficient": 1.02, "stderr": 0.01},
            {"term": "u**6", "coefficient": 1.0, "stderr": 0.1},
        ],
    }
    (part,) = score_intervals(content, THEORIES["schroedinger"])
    assert part == {
        "term": "u_x**2",
        "error": pytest.approx(0.02),
        "stderr": pytest.approx(0.01),
        "z": pytest.approx(2.0),
    }


def test_least_squares_is_right_without_noise_and_biased_with_it(folder: Path) -> None:
    errors = {
        n: score_equations(plain_weak(data_file(folder, KINKS, n, 7), KINKS), KINKS) for n in (0.0, 0.2)
    }
    assert errors[0.0]["error"] < 1e-6
    assert errors[0.2]["error"] > 0.05


def test_a_method_that_takes_too_long_or_fails_is_a_row(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ("sine_gordon_kinks", 0.0, 7, "plain least squares")
    assert measured(job, folder, 60.0)["failed"] is None
    assert measured(job, folder, 1e-4)["failed"] == "no answer in 0.0001 s"
    monkeypatch.setattr(plain, "SMOOTHNESS", -1)
    assert measured(job, folder, 60.0)["failed"].startswith("ValueError")


@pytest.mark.parametrize("noise", [pytest.param(n, marks=pytest.mark.slow) for n in RUNGS])
def test_a_rung_of_sine_gordon(noise: float, folder: Path) -> None:
    theory = THEORIES["sine_gordon"]
    path = data_file(folder, theory, noise, 0)
    content = discover(path, theory)
    score = score_equations(content["equations_of_motion"], theory)
    assert content["verdict"] == "variational"
    assert (score["missing"], score["spurious"]) == (0, 0)
    assert score["error"] <= RUNGS[noise]
    control = score_equations(plain_weak(path, theory), theory)["error"]
    assert noise == 0 or control > 2 * RUNGS[noise]
