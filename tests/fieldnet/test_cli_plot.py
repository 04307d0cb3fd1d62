"""`fieldnet plot`: where pictures go, and one line for what cannot be pictured."""

import numpy as np
import pytest
from PIL import Image

T = np.linspace(0, 10, 41)
X = np.linspace(0, 6, 48, endpoint=False)
U = np.sin(X) * np.cos(T)[:, None]


@pytest.fixture
def file(tmp_path):
    np.savez(tmp_path / "f.npz", t=T, x=X, u=U, w=2 * U)
    return tmp_path / "f.npz"


def test_default_place(cli, file):
    code, out, errors = cli("plot", file)
    assert (code, errors) == (0, "")
    assert out == f"written: {file.with_suffix('.png')}\n"
    with Image.open(file.with_suffix(".png")) as picture:
        assert picture.size[0] == 1300


def test_options(cli, file, tmp_path):
    code, _, _ = cli("plot", file, "--out", tmp_path / "a.gif", "--field", "w", "--frames", 4, "--rate", 5)
    assert code == 0
    with Image.open(tmp_path / "a.gif") as film:
        assert (film.n_frames, film.info["duration"]) == (4, 200)
    code, _, _ = cli("plot", file, "--beside", file)
    assert code == 0
    assert (tmp_path / "f-beside.png").exists()
    code, _, _ = cli("plot", file, "--film")
    assert code == 0
    assert (tmp_path / "f.gif").exists()


def test_help_lists_the_command(cli):
    code, out, _ = cli("--help")
    assert code == 0
    assert "plot" in out
    code, out, _ = cli("plot", "--help")
    assert code == 0
    assert all(option in out for option in ("--out", "--field", "--sample", "--beside", "--film"))


def test_bad_input(cli, file, tmp_path, monkeypatch):
    (tmp_path / "text.nc").write_text("no field")
    np.savez(tmp_path / "uneven.npz", t=T**1.5, x=X, u=U)
    np.savez(tmp_path / "empty.npz", t=T[:0], x=X, u=U[:0])
    monkeypatch.setenv("PATH", "")
    before = set(tmp_path.iterdir())
    for arguments, message in (
        ((tmp_path / "none.nc",), "none.nc: no such file"),
        ((tmp_path / "text.nc",), "text.nc"),
        ((tmp_path / "uneven.npz",), "coordinate 'time' is not uniform"),
        ((tmp_path / "empty.npz",), "0 values of 'time'"),
        ((file, "--field", "phi"), "got the field 'phi', expected one of u, w"),
        ((file, "--sample", "1"), "got sample 1, expected 0 to 0"),
        ((file, "--sample", "one"), "sample"),
        ((file, "--out", tmp_path / "f.jpg"), "file ending '.jpg'"),
        ((file, "--out", tmp_path / "no" / "f.png"), "make it first"),
        ((file, "--out", "/proc/f.png"), "cannot write"),
        ((file, "--out", tmp_path / "f.mp4"), "needs the program ffmpeg"),
        ((file, "--beside", tmp_path / "none.nc"), "none.nc: no such file"),
        ((file, "--colour", "red"), "colour"),
        ((), "file"),
    ):
        code, out, errors = cli("plot", *arguments)
        assert (code, out) == (2, ""), arguments
        assert errors.startswith("error: ")
        assert errors.count("\n") == 1
        assert message in errors
    assert set(tmp_path.iterdir()) == before
