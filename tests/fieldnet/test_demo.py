"""`fieldnet demo`: the whole chain, in minutes."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_demo(tmp_path):
    command = [sys.executable, "-m", "fieldnet", "demo", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    for name in ("sine_gordon", "kink_antikink", "kuramoto"):
        files = {path.name for path in (tmp_path / name).iterdir()}
        assert files == {"data.nc", "lagrangian.json", "model.safetensors", "report.html"}
        content = json.loads((tmp_path / name / "lagrangian.json").read_text("utf-8"))
        assert content["verdict"] == "variational"
        for charge in content["conservation"]:
            assert charge["relative_drift"] < 1e-3 < 0.1 < charge["control_drift"]
    assert "relative drift" in done.stdout
    assert "control drift" in done.stdout
    assert done.stdout.count("by weak regression") == 2
