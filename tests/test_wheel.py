"""The wheel: built, installed elsewhere, run."""

import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent


def run(*command, cwd, **options) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_runs_elsewhere(tmp_path):
    """The three packages come from the wheel alone, and simulate and derive."""
    source = tmp_path / "source"
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in tracked.splitlines():
        if (ROOT / name).exists() and not name.startswith("tests/"):
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path / "dist", source, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("fieldnet-*.whl")
    site = tmp_path / "site"
    run(*pip, "install", "--no-deps", "--target", site, wheel, cwd=tmp_path)
    assert {"fieldnet", "lagrangians", "simulations"} <= {path.name for path in site.iterdir()}

    t, x = 0.1 * np.arange(60), np.linspace(0, 6, 32, endpoint=False)
    np.savez(tmp_path / "data.npz", t=t, x=x, phi=np.sin(np.pi * x / 3) * np.cos(t)[:, None])
    theory = '{"coordinates": ["t", "x"], "fields": ["phi"], "density": "phi_t**2/2 - phi_x**2/2"}'
    (tmp_path / "theory.json").write_text(theory)
    script = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "import fieldnet, lagrangians, simulations\n"
        f"for package in (fieldnet, lagrangians, simulations):\n"
        f"    assert package.__file__.startswith({str(site)!r}), package.__file__\n"
        "from fieldnet.cli import main\n"
        "main(['rollout', 'theory.json', '--initial', 'data.npz', '--out', 'out.npz'])\n"
    )
    run(sys.executable, "-I", "-c", script, cwd=tmp_path)
    assert (tmp_path / "out.npz").exists()
