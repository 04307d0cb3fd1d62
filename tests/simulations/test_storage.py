"""Files in, normal form out; everything else one clear line."""

import h5py
import numpy as np
import pytest
import xarray

from simulations import DataError, check_writable, load, normalise, save

DATA = __file__.rsplit("/simulations/", 1)[0] + "/data"
T = np.linspace(0, 2, 21)
X = np.linspace(0, 5, 20, endpoint=False)
Y = np.linspace(0, 4, 17, endpoint=False)
FIELD = np.sin(X[None, :] - T[:, None])


def npz(path, **arrays):
    np.savez(path / "file.npz", **arrays)
    return path / "file.npz"


def netcdf(path, field=FIELD, dims=("t", "x"), **coordinates):
    coordinates = coordinates or {"t": T, "x": X}
    xarray.Dataset({"phi": (dims, field)}, coords=coordinates).to_netcdf(path / "file.nc", engine="h5netcdf")
    return path / "file.nc"


@pytest.mark.parametrize(
    "name, field, sizes",
    [
        ("sine_gordon", "u", (3, 201, 192)),
        ("kuramoto", "theta", (5, 500, 20)),
        ("kuramoto_regular", "theta", (5, 500, 16)),
        ("kuramoto_directed", "theta", (5, 500, 18)),
    ],
)
def test_files_of_other_programs(name, field, sizes):
    dataset = load(f"{DATA}/{name}.nc")
    last = "x" if field == "u" else "node"
    assert list(dataset.data_vars) == [field]
    assert dataset[field].dims == ("sample", "time", last)
    assert dataset[field].shape == sizes
    assert dataset[field].dtype == np.float64
    assert {"time", last} <= set(dataset.coords)


def test_npz_fields_with_and_without_samples_and_scalars(tmp_path):
    both = np.stack([FIELD, 2 * FIELD])
    dataset = load(npz(tmp_path, t=T, x=X, phi=both, seed=3, name="anything"))
    np.testing.assert_array_equal(dataset["phi"], both)
    assert list(dataset.data_vars) == ["phi"]
    dataset = load(npz(tmp_path, time=T, x=X, phi=FIELD.astype(np.float32)))
    assert dataset["phi"].sizes == {"sample": 1, "time": 21, "x": 20}


def test_npz_two_space_dimensions_and_oscillators(tmp_path):
    field = np.sin(X[None, :, None] - T[:, None, None] + Y)
    dataset = load(npz(tmp_path, t=T, x=X, y=Y, phi=field, chi=2 * field))
    assert dataset["chi"].dims == ("sample", "time", "x", "y")
    dataset = load(npz(tmp_path, t=T, theta=FIELD[:, :5]))
    assert dataset["theta"].dims == ("sample", "time", "node")
    assert load(npz(tmp_path, t=T, theta=FIELD[None, :, :5]))["theta"].shape == (1, 21, 5)


def test_named_dimensions_may_come_in_any_order(tmp_path):
    np.testing.assert_array_equal(load(netcdf(tmp_path, FIELD.T, ("x", "t")))["phi"][0], FIELD)
    square = np.sin(X[:, None] + 2 * X)
    dataset = load(netcdf(tmp_path, square, ("x", "t"), t=X, x=X))
    np.testing.assert_array_equal(dataset["phi"][0], square.T)


def test_coordinate_variables_may_live_on_dimensions_of_other_names(tmp_path):
    dataset = xarray.Dataset({"phi": (("frame", "cell"), FIELD), "t": ("frame", T), "x": ("cell", X)})
    dataset.to_netcdf(tmp_path / "file.nc", engine="h5netcdf")
    assert load(tmp_path / "file.nc")["phi"].dims == ("sample", "time", "x")


def test_positions_of_oscillators_are_not_a_grid(tmp_path):
    theta = FIELD[:, :5]
    dataset = xarray.Dataset({"theta": (("t", "node"), theta)}, coords={"t": T, "x": ("node", np.ones(5))})
    assert normalise(dataset)["theta"].dims == ("sample", "time", "node")


def test_plain_hdf5_follows_the_npz_convention(tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["t"], file["x"], file["phi"] = T, X, FIELD
    np.testing.assert_array_equal(load(tmp_path / "file.h5")["phi"][0], FIELD)


def test_netcdf_3(tmp_path):
    xarray.Dataset({"phi": (("t", "x"), FIELD)}, {"t": T, "x": X}).to_netcdf(
        tmp_path / "file.nc", engine="scipy"
    )
    np.testing.assert_array_equal(load(tmp_path / "file.nc")["phi"][0], FIELD)


def test_arrays_without_time_are_not_fields(tmp_path):
    dataset = xarray.Dataset(
        {"phi": (("t", "x"), FIELD), "mass": ("x", X), "note": "hello"}, {"t": T, "x": X}
    )
    assert list(normalise(dataset).data_vars) == ["phi"]


def test_float32_coordinates_are_uniform(tmp_path):
    load(npz(tmp_path, t=T.astype(np.float32) + np.float32(100), x=X.astype(np.float32), phi=FIELD))


@pytest.mark.parametrize("suffix", [".nc", ".h5", ".npz"])
def test_save_and_load_are_inverse(tmp_path, suffix):
    dataset = normalise(
        xarray.Dataset({"phi": (("t", "x"), FIELD)}, {"t": T, "x": X}, {"boundary": "periodic"})
    )
    save(dataset, tmp_path / f"file{suffix}")
    again = load(tmp_path / f"file{suffix}")
    xarray.testing.assert_equal(again, dataset)
    if suffix != ".npz":
        assert again.attrs == dataset.attrs
    assert [file.name for file in tmp_path.iterdir()] == [f"file{suffix}"]


def test_unwritable_places(tmp_path):
    (tmp_path / "plain").write_text("a file")
    (tmp_path / "folder.nc").mkdir()
    for place, message in [
        (tmp_path / "missing" / "file.nc", "not an existing folder"),
        (tmp_path / "plain" / "file.nc", "not an existing folder"),
        (tmp_path / "folder.nc", "it is a folder"),
        (tmp_path / "file.txt", "expected one of"),
    ]:
        with pytest.raises(DataError, match=message):
            check_writable(place)
    check_writable(tmp_path / "file.nc")
    assert not (tmp_path / "file.nc").exists()


def test_a_failed_save_leaves_the_old_file(tmp_path):
    good = normalise(xarray.Dataset({"phi": (("t", "x"), FIELD)}, {"t": T, "x": X}))
    save(good, tmp_path / "file.nc")
    with pytest.raises(TypeError):
        save(good.assign_attrs(bad=object()), tmp_path / "file.nc")
    xarray.testing.assert_equal(load(tmp_path / "file.nc"), good)
    assert len(list(tmp_path.iterdir())) == 1


def with_nan():
    field = np.array(FIELD)
    field[3, 4] = np.nan
    return field


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"t": T, "x": X, "phi": FIELD.T}, r"phi.*shape \(20, 21\).*transposed.*phi\.T"),
        ({"t": T, "x": X, "phi": np.stack([FIELD, FIELD], axis=-1)}, "shape"),
        ({"t": T, "x": X, "phi": FIELD[:, :-1]}, r"shape \(21, 19\).*agree"),
        ({"t": T, "x": X, "phi": FIELD[0]}, "shape"),
        ({"t": T, "phi": FIELD[0]}, "shape"),
        ({"x": X, "phi": FIELD}, "no time coordinate"),
        ({"phi": FIELD}, "no time coordinate"),
        ({"t": T, "x": X}, "no field"),
        ({"t": T, "time": T, "x": X, "phi": FIELD}, "both"),
        ({"t": T[:, None], "x": X, "phi": FIELD}, "coordinate 't' has shape"),
        ({"t": T**2, "x": X, "phi": FIELD}, "'time' is not uniform: the step after index 0"),
        ({"t": T, "x": X[::-1], "phi": FIELD}, "'x' decreases at index 1"),
        ({"t": T, "x": np.concatenate([X[:5], X[4:-1]]), "phi": FIELD}, "'x' repeats at index 5"),
        ({"t": np.where(T == 0, np.nan, T), "x": X, "phi": FIELD}, "'time' is nan"),
        ({"t": T, "x": X, "phi": with_nan()}, r"'phi'.*sample 0, time = 0.3 \(index 3\), x = 1 \(index 4\)"),
        ({"t": T, "x": X, "phi": np.ones_like(FIELD)}, "constant"),
        ({"t": T[:15], "x": X, "phi": FIELD[:15]}, "too few time steps: got 15, expected at least 16"),
        ({"t": T, "x": X[:15], "phi": FIELD[:, :15]}, "too few points along 'x': got 15"),
        ({"t": T, "theta": FIELD[:, :1]}, "too few points along 'node'"),
        ({"t": T, "x": X, "phi": FIELD + 0j}, "complex"),
        ({"t": T, "x": X, "phi": FIELD.astype(str)}, "dtype"),
        ({"t": T, "x": X, "phi": FIELD.astype(object)}, "pickled"),
        ({"t": T.astype(str), "x": X, "phi": FIELD}, "coordinate 't' has dtype"),
        ({"t": T, "x": X, "phi": np.zeros((0, 21, 20))}, "empty"),
        ({"t": T[:0], "x": X, "phi": FIELD[:0]}, "empty"),
    ],
)
def test_bad_arrays(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message) as caught:
        load(npz(tmp_path, **arrays))
    assert "\n" not in str(caught.value)


def test_bad_files(tmp_path):
    generator = np.random.default_rng(0)
    (tmp_path / "random.nc").write_bytes(generator.bytes(4000))
    (tmp_path / "text.nc").write_text("t,x,phi\n0,1,2\n")
    (tmp_path / "empty.nc").write_bytes(b"")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04" + generator.bytes(400))
    (tmp_path / "cut.nc").write_bytes(netcdf(tmp_path).read_bytes()[:3000])
    (tmp_path / "classic.nc").write_bytes(b"CDF\x01" + generator.bytes(400))
    with h5py.File(tmp_path / "groups.h5", "w") as file:
        file.create_group("nothing")
    for name in ("missing", "random", "text", "empty", "cut", "classic"):
        with pytest.raises(DataError) as caught:
            load(tmp_path / f"{name}.nc")
        assert "\n" not in str(caught.value)
    for name in ("broken.npz", "groups.h5", "."):
        with pytest.raises(DataError):
            load(tmp_path / name)


def test_named_files_that_are_not_fields(tmp_path):
    with pytest.raises(DataError, match="dimension 'component' besides"):
        load(netcdf(tmp_path, np.stack([FIELD, FIELD], -1), ("t", "x", "component")))
    with pytest.raises(DataError, match="no field"):
        load(netcdf(tmp_path, FIELD, ("t", "space")))
    with pytest.raises(DataError, match="no space coordinate"):
        load(netcdf(tmp_path, FIELD, ("t", "space"), t=T))
    with pytest.raises(DataError, match="no time coordinate"):
        load(netcdf(tmp_path, FIELD, ("frame", "x"), x=X))
