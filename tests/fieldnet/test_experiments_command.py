"""`fieldnet reproduce`: the table, results.json and the figures, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fieldnet.cli.experiment_tables import print_experiment
from fieldnet.cli.experiments import reproduce
from fieldnet.experiments import rotation
from fieldnet.pictures.learned_vector_fields import draw_experiment


def test_translation_writes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
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


def test_rotation_is_drawn_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The table and the figures of one setting, the degrees few."""
    result = rotation.run_setting(7, "fixed", [0], extras=False)
    result["controls"] = [rotation.run_case(7, "fixed", 0, "shuffled", degrees=(0, 1))]
    content = {"experiment": "rotation", "result": result}
    print_experiment(content)
    printed = capsys.readouterr().out
    assert "no common generator" in printed
    assert "0.27" in printed
    paths = draw_experiment(content, tmp_path)
    assert [path.name for path in paths] == ["vector_field.png", "scores.png"]
    assert all(path.stat().st_size > 10_000 for path in paths)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"experiment": "dilation"}, "got the experiment 'dilation', expected translation or rotation"),
        ({"experiment": "rotation", "angle": "big"}, "got --angle 'big', expected fixed or unknown"),
        ({"experiment": "rotation", "grid": 2}, "got --grid 2, expected 5 to 40 pixels"),
        ({"experiment": "rotation", "seeds": 0}, "got --seeds 0, expected at least 1"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_made(
    arguments: dict, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        reproduce(out=tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_the_page_gives_the_recorded_numbers() -> None:
    """Rows of docs/experiments.md are those of experiments.json, and these reach the figures asked for."""
    root = Path(__file__).parents[2]
    recorded = json.loads((root / "benchmarks/results/experiments.json").read_text("utf-8"))["settings"]
    page = (root / "docs/experiments.md").read_text("utf-8").replace("−", "-")
    for name, result in recorded.items():
        assert len(result["runs"]) == 5
        assert result["least_cosine"] >= 0.99
        if name == "translation":
            continue
        start = f"| {result['size']}×{result['size']}, {result['angle']} | {result['published']:.2f} "
        row = next(line for line in page.splitlines() if line.startswith(start))
        assert f"| {result['least_cosine']:.6f} |" in row
        assert f"| {result['exact']['cosine_true_centre']:.6f} |" in row
        assert result["exact"]["cosine_true_centre"] >= 0.999
        assert f"| {result['controls'][0]['verdict']} |" in row
        assert result["controls"][0]["verdict"] == "no common generator"
        assert abs(result["controls"][1]["cosine_true_centre"]) < 1e-3
