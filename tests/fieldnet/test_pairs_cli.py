"""`fieldnet generators`: pairs in a file to generators.json."""

import json

import numpy as np
import pytest
import typer
import xarray as xr
from typer.testing import CliRunner

from fieldnet.cli.pairs import generators
from fieldnet.symmetry.pair_files import load_pairs
from fieldnet.symmetry.tasks import moved_vectors, pseudo_orthogonal

app = typer.Typer()
app.command()(generators)


def grouped_rotations():
    data = moved_vectors(pseudo_orthogonal(3, 0), pairs=20, vectors=8, noise=0.01)
    return data.x, data.y, np.repeat(np.arange(20), 8)


@pytest.mark.parametrize("suffix", [".npz", ".nc"])
def test_generators_of_a_file(tmp_path, suffix):
    x, y, group = grouped_rotations()
    path = tmp_path / f"pairs{suffix}"
    if suffix == ".npz":
        np.savez(path, x=x, y=y, group=group)
    else:
        arrays = {"x": (("pair", "axis"), x), "y": (("pair", "axis"), y), "group": (("pair",), group)}
        xr.Dataset(arrays).to_netcdf(path, engine="h5netcdf")
    result = CliRunner().invoke(app, [str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "3 generators, so(3)" in result.output
    content = json.loads((tmp_path / "out" / "generators.json").read_text())
    assert content["schema"] == "fieldnet/generators/1"
    assert np.array(content["matrices"]).shape == (3, 3, 3)
    assert content["signature"] == [0, 3, 0]


def test_files_are_checked(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        load_pairs(tmp_path / "absent.npz")
    np.savez(tmp_path / "half.npz", x=np.ones((3, 2)))
    with pytest.raises(ValueError, match="got no array 'y'"):
        load_pairs(tmp_path / "half.npz")
    np.savez(tmp_path / "words.npz", x=np.array([["a"]]), y=np.ones((1, 1)))
    with pytest.raises(ValueError, match="expected real numbers"):
        load_pairs(tmp_path / "words.npz")
    (tmp_path / "text.nc").write_text("no data")
    with pytest.raises(ValueError, match="cannot be read"):
        load_pairs(tmp_path / "text.nc")
