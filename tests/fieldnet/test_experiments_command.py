"""`fieldnet reproduce`: the table, results.json and the figures, and refusals."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from fieldnet.cli.experiments import reproduce
from fieldnet.experiments import rotation, translation
from fieldnet.experiments.rotation import run_case


@pytest.mark.parametrize("families", [translation.FAMILIES[:3], pytest.param(None, marks=pytest.mark.slow)])
def test_translation_writes_what_it_prints(
    families: tuple | None, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All families but the dense matrix, whose many steps of Adam are for the slow tier."""
    if families:
        monkeypatch.setattr(translation, "run_all", partial(translation.run_all, families=families))
    reproduce("translation", tmp_path / "out", seeds=1)
    content = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert content["schema"] == "fieldnet/experiment/1"
    assert content["result"]["least_cosine"] > 0.9999
    assert {c["kind"] for c in content["result"]["controls"]} == {"shuffled", "unshifted"}
    printed = capsys.readouterr().out
    assert "0.7721" in printed
    assert "no generator" in printed
    for name in ("generators.png", "shifts.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")


def quick_case(size: int, angle: str, seed: int, *arguments, **options) -> dict:
    """A run of few pairs and degrees in place of `run_case`."""
    return run_case(size, angle, seed, kind="rotated", degrees=(0, 1), count=40)


def test_rotation_is_drawn_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command as a whole: table, results.json and figures, with few pairs and stand-in baselines."""
    control = run_case(7, "fixed", 0, "shuffled", degrees=(0, 1), count=40)

    def case(size: int, angle: str, seed: int, kind: str = "rotated", *_, **__) -> dict:
        return control if kind == "shuffled" else quick_case(size, angle, seed)

    baseline = {"cosine_true_centre": 0.125, "cosine_paper_centre": 0.25}
    monkeypatch.setattr(rotation, "run_case", case)
    monkeypatch.setattr(rotation, "regression_baseline", lambda *_: baseline)
    monkeypatch.setattr(rotation, "recurrent_baseline", lambda *_: baseline)
    reproduce("rotation", tmp_path, angle="fixed", seeds=2)
    content = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert content["complete"]
    assert [run["seed"] for run in content["result"]["runs"]] == [0, 1]
    assert content["result"]["least_cosine"] >= 0.99
    printed = capsys.readouterr().out
    assert "no common generator" in printed
    rows = {line.strip()[:6].strip(): line.split() for line in reversed(printed.splitlines())}
    assert rows["paper"][-1] == "0.27"
    assert rows["seed 1"][2] == f"{content['result']['runs'][1]['cosine_true_centre']:.6f}"
    assert rows["dense"][-2:] == ["0.12", "0.25"]
    for name in ("vector_field.png", "scores.png"):
        assert (tmp_path / name).stat().st_size > 10_000


def test_an_interrupted_rotation_keeps_its_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def case(size: int, angle: str, seed: int, *_, **__) -> dict:
        if seed == 1:
            raise KeyboardInterrupt
        return quick_case(size, angle, seed)

    monkeypatch.setattr(rotation, "run_case", case)
    with pytest.raises(KeyboardInterrupt):
        reproduce("rotation", tmp_path, angle="fixed")
    content = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert not content["complete"]
    assert [run["seed"] for run in content["result"]["runs"]] == [0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"experiment": "dilation"}, "got the experiment 'dilation', expected translation or rotation"),
        ({"experiment": "rotation", "angle": "big"}, "got --angle 'big', expected fixed or unknown"),
        ({"experiment": "rotation", "grid": 2}, "got --grid 2, expected 5 to 40 pixels"),
        ({"experiment": "rotation", "seeds": 0}, "got --seeds 0, expected at least 1"),
        ({"experiment": "rotation", "seed": 10**20}, f"got --seed {10**20} for 5 seeds, expected 0 to"),
        ({"experiment": "rotation", "seed": -1}, "got --seed -1 for 5 seeds, expected 0 to"),
        ({"experiment": "translation", "grid": 7}, "got --grid or --angle with translation"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_made(
    arguments: dict, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        reproduce(out=tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def translation_rows(result: dict) -> list[str]:
    """The starts of the page's rows on finite shifts and families."""
    rows = []
    for true, learned in zip(*(result["finite_shifts"][k] for k in ("truth", "learned")), strict=True):
        if true["n"] in (8, 16, 64, None):
            cosines = true["cosine_paper"], learned["cosine_paper"], learned["cosine_exact"]
            rows.append("| " + " | ".join(f"{c:.3f}" for c in cosines) + " |")
    for family in translation.FAMILIES:
        found = [row for run in result["runs"] for row in run["families"] if row["family"] == family]
        loss = max(row["held_out_loss"] for row in found)
        spreads = [spread([row[k] for row in found]) for k in ("cosine", "cosine_in_band", "relative_norm")]
        rows.append(f"| {family} | {found[0]['parameters']} | {loss:.0e} | {' | '.join(spreads)} |")
    return rows


def spread(values: list[float]) -> str:
    least, largest = f"{min(values):.3f}", f"{max(values):.3f}"
    return least if least == largest else f"{least} to {largest}"


def test_the_page_gives_the_recorded_numbers() -> None:
    """Rows of docs/experiments.md are those of experiments.json, and these reach the figures asked for."""
    root = Path(__file__).parents[2]
    recorded = json.loads((root / "benchmarks/results/experiments.json").read_text("utf-8"))["settings"]
    page = (root / "docs/experiments.md").read_text("utf-8").replace("−", "-")
    for name, result in recorded.items():
        assert len(result["runs"]) == 5
        assert result["least_cosine"] >= 0.99
        if name == "translation":
            for row in translation_rows(result):
                assert row in page
            continue
        start = f"| {result['size']}×{result['size']}, {result['angle']} | {result['published']:.2f} "
        row = next(line for line in page.splitlines() if line.startswith(start))
        assert f"| {result['least_cosine']:.6f} |" in row
        assert f"| {result['exact']['cosine_true_centre']:.6f} |" in row
        error = max(run["largest_angle_error"] for run in result["runs"])
        assert f"| {error:.0e} |" in row
        other = min(run["cosine_true_centre"] for run in result["other_interpolation"])
        assert f"| {other:.4f} |" in row
        assert row.endswith(f"| {result['baselines']['regression']['cosine_paper_centre']:.2f} |")
        assert result["exact"]["cosine_true_centre"] >= 0.999
        assert f"| {result['controls'][0]['verdict']} |" in row
        assert result["controls"][0]["verdict"] == "no common generator"
        assert abs(result["controls"][1]["cosine_true_centre"]) < 1e-3
