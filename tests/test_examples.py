"""The examples run from a fresh folder, in small, and say what they are there to say."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def main_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Callable]:
    """The `main` of an example, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda name: runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]


def test_classify_images(main_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    with np.load(EXAMPLES.parent / "tests/data/digits.npz") as digits:
        np.savez("some.npz", **{name: digits[name][:150] for name in ("images", "labels")})
    options = ["some.npz", "--epochs", "1", "--seeds", "1", "--width", "12", "--out", "results.json"]
    monkeypatch.setattr(sys, "argv", ["classify_images.py", *options])
    assert main_of("classify_images")() == 0
    content = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert {"command", "commit", "seconds", "protocol", "results"} <= content.keys()
    assert capsys.readouterr().out.count("\n| ") == len(content["results"]["rotated"]) + 1


def test_classify_images_without_git(main_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert main_of("classify_images").__globals__["git"]("rev-parse", "HEAD") == ""


def test_group_convolution_depth(main_of, tmp_path: Path, capsys) -> None:
    main_of("group_convolution_depth")("depth.png", "16")
    slopes = [float(line.split("depth^")[1]) for line in capsys.readouterr().out.splitlines()[:5]]
    assert max(slopes[:4]) < -0.7
    assert abs(slopes[4]) < 0.1
    assert (tmp_path / "depth.png").read_bytes().startswith(b"\x89PNG")


def test_kuramoto_moebius(main_of, tmp_path: Path, capsys) -> None:
    main = main_of("kuramoto_moebius")
    main.__globals__.update(SAMPLES=2)
    main()
    verdicts = dict(
        line.split(": ", 1) for line in capsys.readouterr().out.splitlines() if line[:1] not in ("", " ")
    )
    assert verdicts["identical"].startswith("sl(2,R)")
    assert verdicts["unequal frequencies"].startswith("no common vector field")
    assert verdicts["with a second harmonic"].startswith("no finite-dimensional algebra")
    assert len(list(tmp_path.glob("kuramoto_moebius/*/*.png"))) == 4


def test_generators_from_pairs(main_of, capsys) -> None:
    main = main_of("generators_from_pairs")
    tasks = main.__globals__["TASKS"]
    main.__globals__["TASKS"] = {name: tasks[name] for name in ("SO(3), pairs", "generic function")}
    main()
    found = capsys.readouterr().out.splitlines()
    assert "3 of 3" in found[0]
    assert "so(3)" in found[0]
    assert found[1].endswith("none")


@pytest.mark.slow
def test_generators_from_pairs_in_every_quick_task(main_of, capsys) -> None:
    main_of("generators_from_pairs")()
    for line in capsys.readouterr().out.splitlines()[:-1]:
        found, true = line.split("  gap")[0].split()[-3::2]
        assert found == true, line
