"""Discoveries that several tests look at, each made once."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from fieldnet import Discovery, discover_lagrangian
from fieldnet.cli import main
from fieldnet.demo import random_sine_gordon

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Found:
    """What `fieldnet discover FILE --out DIR` left behind."""

    folder: Path
    content: dict
    output: str
    truth: dict[str, np.ndarray]


def discover_file(name: str, folder: Path, *options: str) -> Found:
    """Run the command on a file of another program, by default with no option."""
    file = str(DATA / f"{name}.nc")
    command = [sys.executable, "-m", "fieldnet", "discover", file, "--out", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    truth = DATA / f"{name}_truth.npz"
    content = json.loads((folder / "lagrangian.json").read_text("utf-8"))
    return Found(folder, content, done.stdout, dict(np.load(truth)) if truth.exists() else {})


@pytest.fixture(scope="session")
def sine_gordon_file(tmp_path_factory) -> Found:
    return discover_file("sine_gordon", tmp_path_factory.mktemp("sine_gordon") / "out")


@pytest.fixture(scope="session")
def network_file(tmp_path_factory) -> Found:
    """The same file by a trained network."""
    folder = tmp_path_factory.mktemp("sine_gordon") / "network"
    return discover_file("sine_gordon", folder, "--method", "network")


@pytest.fixture(scope="session")
def network_sine_gordon() -> Discovery:
    """Built-in clean data, c² = 1.44, m² = 0.81, by a trained network."""
    return discover_lagrangian(random_sine_gordon(seed=0), seed=0, method="network")


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture
def cli(capsys):
    """Run the command line in this process: (exit code, standard output, standard error)."""

    def run(*arguments) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run
