"""Bad input: one clear line, exit code 2, nothing half-written."""

import subprocess
import sys

import numpy as np
import pytest

T = np.linspace(0, 10, 101)
X = np.linspace(0, 6, 48, endpoint=False)
U = np.sin(X) * np.cos(T)[:, None]


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


def broken(values, index=(3, 4), value=np.nan):
    values = values.copy()
    values[index] = value
    return values


BAD = {
    "transposed": ({"t": T, "x": X, "u": U.T}, "the axes are transposed"),
    "not uniform": ({"t": T**1.5, "x": X, "u": U}, "coordinate 'time' is not uniform"),
    "decreasing": ({"t": T[::-1], "x": X, "u": U}, "coordinate 'time' decreases"),
    "nan": ({"t": T, "x": X, "u": broken(U)}, "NaN or infinite"),
    "constant": ({"t": T, "x": X, "u": np.ones_like(U)}, "constant"),
    "few times": ({"t": T[:10], "x": X, "u": U[:10]}, "too few time steps"),
    "too few for a held-out part": ({"t": T[:30], "x": X, "u": U[:30]}, "too few time steps"),
    "no field": ({"t": T, "x": X}, "no field"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data(case, cli, tmp_path):
    arrays, message = BAD[case]
    code, out, errors = cli("discover", write(tmp_path / "f.npz", **arrays), "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert message in errors
    assert not (tmp_path / "out").exists()


def test_the_network_takes_one_field(cli, tmp_path):
    path = write(tmp_path / "f.npz", t=T, x=X, u=U, w=U)
    code, out, errors = cli("discover", path, "--out", tmp_path / "out", "--method", "network")
    assert (code, out) == (2, "")
    assert "the data hold the fields u, w, the network can have one; choose it with --field" in errors
    assert not (tmp_path / "out").exists()


def test_files_that_are_not_fields(cli, tmp_path):
    (tmp_path / "text.nc").write_text("no field")
    for path, message in (
        (tmp_path / "none.nc", "no such file"),
        (tmp_path / "text.nc", "text.nc"),
        (tmp_path, "a folder; give a file in it"),
    ):
        code, _, errors = cli("discover", path, "--out", tmp_path / "out")
        assert code == 2
        assert errors.startswith("error: ")
        assert message in errors
        assert not (tmp_path / "out").exists()


def test_bad_options(cli, tmp_path):
    path = write(tmp_path / "f.npz", t=T, x=X, u=U)
    for options, message in (
        (("--features", "cubic"), "got the features 'cubic', expected auto"),
        (("--boundary", "round"), "got the boundary 'round', expected one of periodic"),
        (("--field", "phi"), "got the field 'phi', expected one of u"),
        (("--seed", "x"), "seed"),
        (("--seed", "-1"), "got seed -1, expected a whole number from 0"),
        (("--fields", "u,phi"), "got the field 'phi', expected one of u"),
        (("--fields", "u,,"), "expected names separated by commas"),
        (("--field", "u", "--fields", "u"), "drop one"),
        (("--holdout", "1.5"), "got 1.5 to hold out, expected a part from 0 to below 1"),
        (("--workers", "0"), "got 0 workers, expected a whole number from 1"),
        (("--method", "magic"), "got the method 'magic', expected one of weak, network"),
        (("--method", "network", "--library", "auto"), "got a library for the method 'network'"),
        (("--library", "u**2 + os"), "in the library"),
        (
            ("--features", "phase", "--library", "identity, u_x**4"),
            "got the features 'phase' and a library with",
        ),
        (("--config", "no.toml"), "no.toml: no such file"),
        (("--colour", "red"), "colour"),
    ):
        code, _, errors = cli("discover", path, "--out", tmp_path / "out", *options)
        assert code == 2
        assert errors.startswith("error: ")
        assert message in errors
        assert errors.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_unwritable_output(cli, tmp_path):
    path = write(tmp_path / "f.npz", t=T, x=X, u=U)
    for out in (path, path / "below", "/proc/fieldnet/out"):
        code, _, errors = cli("discover", path, "--out", out)
        assert code == 2
        assert errors.startswith("error: cannot write to ")
    code, _, errors = cli("rollout", path, "--initial", path, "--out", tmp_path / "no" / "f.nc")
    assert code == 2
    assert "make it first" in errors


def test_missing_arguments(cli):
    code, _, errors = cli("discover")
    assert code == 2
    assert errors.startswith("error: ")
    code, _, errors = cli("rolout")
    assert code == 2
    assert "rolout" in errors


def test_rollout_of_no_theory(cli, tmp_path):
    data = write(tmp_path / "f.npz", t=T, x=X, u=U)
    theory = tmp_path / "theory.json"
    for text, message in (
        ("nonsense", "not a JSON file"),
        ("[1]", "expected a JSON object"),
        ("{}", "density"),
        (
            '{"fields": ["v"], "coordinates": ["t", "x"], "density": "os.system(1)"}',
            "unexpected character '.'",
        ),
    ):
        theory.write_text(text)
        code, _, errors = cli("rollout", theory, "--initial", data, "--out", tmp_path / "out.nc")
        assert code == 2
        assert errors.startswith("error: ")
        assert message in errors
        assert not (tmp_path / "out.nc").exists()


def test_no_command(cli):
    """One line with a remedy, not the whole help."""
    code, out, error = cli()
    assert (code, out) == (2, "")
    assert error == (
        "error: got no command, expected one as in 'fieldnet discover FILE'; see fieldnet --help\n"
    )


def test_help_and_version(cli):
    code, out, _ = cli("--help")
    assert code == 0
    assert all(command in out for command in ("demo", "discover", "rollout"))
    code, out, _ = cli("--version")
    assert code == 0
    assert out.startswith("fieldnet ")


@pytest.mark.parametrize("method", ["weak", "network"])
def test_ctrl_c_is_130(method, tmp_path):
    """A real process, interrupted while it searches or trains."""
    path = write(tmp_path / "f.npz", t=T, x=X, u=U)
    script = (
        "import sys, fieldnet.learning.field_fit as fit, fieldnet.discover_weak as weak\n"
        "def interrupted(*arguments): raise KeyboardInterrupt\n"
        "fit.train_field = weak.find_dynamics = interrupted\n"
        "from fieldnet.cli import main\n"
        f"main(['discover', {str(path)!r}, '--out', {str(tmp_path / 'out')!r}, '--method', {method!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert not (tmp_path / "out").exists()
