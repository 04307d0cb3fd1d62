"""Pictures: what their axes say, what their films hold, and what is refused."""

import os
import stat
import sys

import numpy as np
import pytest
import torch
import xarray as xr
from matplotlib.figure import Figure
from PIL import Image

from fieldnet.pictures import figure_for, film_for, picture_style, plot, shown
from fieldnet.pictures.beside import pair
from fieldnet.pictures.colours import colours_of
from fieldnet.pictures.energy import energy_of
from fieldnet.pictures.shown import chosen_times
from fieldnet.pictures.spectrum import flow_spectrum, line_spectrum
from fieldnet.pictures.title import formulas
from lagrangians import catalogue
from simulations import Chain, FieldSystem, Grid, Kuramoto, save, simulate, solutions
from simulations.turbulence.navier_stokes import NavierStokes2D
from simulations.turbulence.vorticity import random_vorticity

torch.set_num_threads(1)
LINE = Grid(40.0, 128, origin=-20.0)
PLANE = Grid((12.0, 9.0), (24, 18))
TORUS = Grid((2 * torch.pi,) * 2, 32)
SINE_GORDON = FieldSystem(catalogue.sine_gordon(), LINE)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    pair_of_kinks = solutions.kink_antikink(LINE.coordinates()[0], -8.0, 0.6)
    runs = {
        "line": simulate(SINE_GORDON, pair_of_kinks, 16.0, save_every=0.2),
        "other": simulate(
            FieldSystem(catalogue.sine_gordon(1, 1.1), LINE), pair_of_kinks, 12.0, save_every=0.4
        ),
        "plane": simulate(
            FieldSystem(catalogue.klein_gordon(1, 1, dimension=2), PLANE),
            solutions.random_smooth(PLANE, 2),
            2.0,
            save_every=0.1,
        ),
        "flow": simulate(
            NavierStokes2D(TORUS, 1e-3),
            random_vorticity(TORUS, lambda k: k * np.exp(-k)),
            1.0,
            save_every=0.1,
        ),
        "phases": simulate(
            Kuramoto(2.0, torch.linspace(-1, 1, 9)), torch.linspace(-3, 3, 9), 10.0, save_every=0.2
        ),
    }
    for name, run in runs.items():
        save(run, folder / f"{name}.nc")
    return folder


def drawn(path, *arguments) -> Figure:
    with picture_style():
        return figure_for(shown(path, *arguments))


def labels(figure):
    return [
        (ax.get_title(loc="left") or ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes
    ]


def test_a_chain_is_a_field_on_its_sites_and_no_phases(tmp_path, files):
    """Oscillators, the control, are drawn as phases."""
    for rise, boundary in ((0.0, "periodic"), (2 * np.pi, "winding"), (1.0, "open")):
        chain = Chain(catalogue.toda_lattice(), 32, rise=rise)
        start = torch.exp(-((torch.arange(32) - 16.0) ** 2) / 8) + rise / 32 * torch.arange(32)
        save(simulate(chain, start, 4.0, save_every=0.2), tmp_path / "chain.nc")
        one = shown(tmp_path / "chain.nc")
        assert (one.chain, one.oscillators, one.boundary) == (True, False, boundary)
    figure = drawn(tmp_path / "chain.nc")
    assert ("", "node", "t [1]") in labels(figure)
    assert ("", "node", "t [1]") not in labels(drawn(files / "phases.nc"))
    assert any("q_{n+1}" in text for text in formulas(one))
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), one.values)
    with picture_style():
        assert len(list(film_for(one, frames=3).frames())) == 3
        assert pair(one, one).difference.max() == 0
        figure_for(one, pair(one, one))


def test_line(files):
    figure = drawn(files / "line.nc")
    assert ("", "x [1]", "t [1]") in labels(figure)
    assert ("States", "x [1]", "φ [1]") in labels(figure)
    assert ("Spectrum", "wavenumber k [1/length]", "|φₖ|² [1]") in labels(figure)
    assert ("Energy of the saved field", "t [1]", "E [1]") in labels(figure)
    assert "φ [1]" in [ax.get_ylabel() for ax in figure.axes]  # the colour bar
    assert figure._suptitle.get_text() == (
        r"$\mathcal{L} = \frac{\phi_{t}^{2}}{2} - \frac{\phi_{x}^{2}}{2} + \cos{\left(\phi \right)} - 1$"
    )
    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), shown(files / "line.nc").values)
    assert image.origin == "lower"
    left, right, bottom, top = image.get_extent()
    assert (left, right) == pytest.approx((-20 - 20 / 128, 20 - 20 / 128))
    assert (bottom, top) == pytest.approx((-0.1, 16.1))


def test_energy_is_that_of_the_run(files):
    times, energy = energy_of(shown(files / "line.nc"))
    assert len(times) == len(energy)
    np.testing.assert_allclose(energy, 16 / 0.8, rtol=3e-3)  # 2·8γ of the pair
    wrong = shown(files / "line.nc")
    wrong.dataset.attrs["density"] = "phi_t**2/2 - phi_x**2 + cos(phi) - 1"
    assert np.ptp(energy_of(wrong)[1]) > 0.5
    for text in ("phi_t**2/2 - a*phi_x**2/2", "__import__('os')", "phi_t**2 +", "chi_t**2"):
        wrong.dataset.attrs["density"] = text
        assert energy_of(wrong) is None
        assert isinstance(figure_for(wrong), Figure)


def test_spectra_are_normalised(files):
    line = shown(files / "line.nc")
    k, power = line_spectrum(line, 0)
    assert k[1] == pytest.approx(2 * np.pi / 40)
    assert power[0] + 2 * power[1:-1].sum() + power[-1] == pytest.approx(float((line.values[0] ** 2).mean()))
    flow = shown(files / "flow.nc")
    k, energy = flow_spectrum(flow, -1)
    places, exact = NavierStokes2D(TORUS, 0.0).energy_spectrum(torch.tensor(flow.values[-1]))
    np.testing.assert_array_equal(k, places[1:11])
    np.testing.assert_array_equal(energy, exact[1:11])


def test_flow(files):
    figure = drawn(files / "flow.nc")
    titles = [title for title, _, _ in labels(figure)]
    assert {"t = 0", "t = 0.5", "t = 1", "Energy spectrum", "Energy and enstrophy"} <= set(titles)
    spectrum = figure.axes[titles.index("Energy spectrum")]
    assert (spectrum.get_xscale(), spectrum.get_yscale()) == ("log", "log")
    guide = next(line for line in spectrum.lines if line.get_label() == "k⁻³")
    k, energy = guide.get_data()
    assert np.polyfit(np.log(k), np.log(energy), 1)[0] == pytest.approx(-3)
    assert r"\omega_{t} =" in figure._suptitle.get_text()
    assert r"\psi_{x}" in figure._suptitle.get_text()
    (image, *_) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), shown(files / "flow.nc").values[0].T)


def test_oscillators(files):
    figure = drawn(files / "phases.nc")
    assert ("", "t [1]", "node") in labels(figure)
    assert any(label == "r = |⟨exp iθ⟩|" for _, _, label in labels(figure))
    assert "θ mod 2π" in [ax.get_ylabel() for ax in figure.axes]
    wheels = [ax for ax in figure.axes if ax.get_title().startswith("t = ")]
    assert [ax.get_title() for ax in wheels] == ["t = 0", "t = 3.4", "t = 6.6", "t = 10"]
    values = shown(files / "phases.nc").values
    np.testing.assert_allclose(
        wheels[0].collections[0].get_offsets(), np.stack([np.cos(values[0]), np.sin(values[0])], 1)
    )
    order = next(ax for ax in figure.axes if "exp" in ax.get_ylabel())
    np.testing.assert_allclose(order.lines[0].get_ydata(), abs(np.exp(1j * values).mean(1)))
    image = figure.axes[0].images[0]
    assert image.get_cmap().name == "twilight"
    assert image.get_clim() == (-np.pi, np.pi)


def test_plane_states_and_several_samples(files):
    figure = drawn(files / "plane.nc", None, 1)
    assert [title for title, _, _ in labels(figure)][:6] == [
        f"t = {t}" for t in ("0", "0.4", "0.8", "1.2", "1.6", "2")
    ]
    assert figure._suptitle.get_text().endswith("sample 1 of 2")
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), shown(files / "plane.nc", None, 1).values[0].T)


def test_colours_are_cyclic_for_phases_that_turn_often(files):
    few = shown(files / "line.nc")
    assert not colours_of(few).cyclic
    many = few.dataset.assign(phi=few.dataset["phi"] * 4)
    turning = type(few)(many, "phi", 0)
    assert colours_of(turning).cyclic
    assert colours_of(turning).map == "twilight"
    other = type(few)(many.assign_attrs(density="phi_t**2/2 - phi_x**2/2 - phi**2/2"), "phi", 0)
    assert not colours_of(other).cyclic
    assert not colours_of(type(few)(many.drop_attrs(), "phi", 0)).cyclic


# Films


@pytest.mark.parametrize("name, frames", [("plane", 21), ("flow", 11)])
def test_planes_become_films(files, name, frames):
    path = plot(files / f"{name}.nc")
    assert path == files / f"{name}.gif"
    with Image.open(path) as film:
        assert film.n_frames == frames
        assert film.info["duration"] == 50
        first = np.asarray(film.convert("RGB")).astype(int)
        film.seek(frames - 1)
        last = np.asarray(film.convert("RGB")).astype(int)
    assert tuple(first[0, 0]) == (255, 255, 255)
    assert (abs(first - last).max(-1) > 40).mean() > 0.02  # the field moves
    assert not list(files.glob(".*partial"))


@pytest.mark.parametrize("name", ["line", "phases"])
def test_lines_and_oscillators_become_films_on_demand(files, name):
    assert plot(files / f"{name}.nc").suffix == ".png"
    path = plot(files / f"{name}.nc", film=True, frames=7, rate=10)
    with Image.open(path) as film:
        assert film.n_frames == 7
        assert film.info["duration"] == 100


def test_frames_show_the_states(files):
    some = shown(files / "plane.nc")
    with picture_style():
        film = film_for(some, frames=5)
    np.testing.assert_array_equal(film.times, [0, 5, 10, 15, 20])
    film.show(10)
    np.testing.assert_array_equal(film.moving[0].get_array(), some.values[10].T)
    assert film.moving[1].get_text() == "t = 1.00"
    np.testing.assert_array_equal(chosen_times(3, 100), [0, 1, 2])


def test_mp4_without_ffmpeg_says_so(files, monkeypatch):
    monkeypatch.setenv("PATH", str(files))
    with pytest.raises(ValueError, match=r"needs the program ffmpeg.*use --out film\.gif"):
        plot(files / "plane.nc", files / "film.mp4")
    assert not (files / "film.mp4").exists()


@pytest.mark.skipif(os.name == "nt", reason="a script with a shebang")
@pytest.mark.parametrize("code", [0, 1])
def test_mp4_goes_through_ffmpeg(files, tmp_path, monkeypatch, code):
    """A stand-in for the program that keeps what it was given."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\nimport sys\ndata = sys.stdin.buffer.read()\n"
        f"open(sys.argv[-1], 'wb').write(data)\nprint('no codec', file=sys.stderr)\nsys.exit({code})\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "film.mp4"
    if code:
        with pytest.raises(ValueError, match=r"ffmpeg failed \(no codec\)"):
            plot(files / "plane.nc", out, frames=3)
        assert not out.exists()
    else:
        plot(files / "plane.nc", out, frames=3)
        with picture_style():
            frames = list(film_for(shown(files / "plane.nc"), frames=3).frames())
        assert out.stat().st_size == 3 * frames[0].width * frames[0].height * 3
    assert not list(tmp_path.glob(".*partial"))


# Two files


def test_beside_shows_both_and_the_difference(files):
    both = pair(shown(files / "line.nc"), shown(files / "other.nc"), ("line.nc", "other.nc"))
    with picture_style():
        figure = figure_for(both.first, both)
    assert [title for title, _, _ in labels(figure)][:3] == ["line.nc", "other.nc", "difference"]
    first, second, gap = (figure.axes[n].images[0].get_array() for n in range(3))
    assert first.shape == (31, 128)  # the common times
    np.testing.assert_allclose(gap, second - first)
    assert figure.axes[0].images[0].get_clim() == figure.axes[1].images[0].get_clim()
    error = next(ax for ax in figure.axes if ax.get_ylabel().startswith("rms"))
    expected = np.sqrt(((second - first) ** 2).mean(1)) / first.std()
    np.testing.assert_allclose(error.lines[0].get_ydata()[1:], expected[1:])
    assert plot(files / "line.nc", beside=files / "other.nc").name == "line-beside.png"


def test_beside_of_planes_and_oscillators(files):
    assert plot(files / "phases.nc", beside=files / "phases.nc").name == "phases-beside.png"
    path = plot(files / "flow.nc", beside=files / "flow.nc")
    with Image.open(path) as film:
        assert film.n_frames == 11
    assert plot(files / "plane.nc", files / "both.png", beside=files / "plane.nc").exists()


# Files of other kinds


def test_short_constant_and_broken_fields(tmp_path):
    """`load` refuses these, a picture can be made of them."""
    x = np.linspace(0, 1, 8, endpoint=False)
    for name, t, values in (
        ("short", [0.0, 0.5, 1.0], np.sin(2 * np.pi * x) * np.ones((3, 1))),
        ("single", [0.0], np.sin(2 * np.pi * x)[None]),
        ("constant", [0.0, 0.5], np.ones((2, 8))),
        ("gap", [0.0, 0.5, 1.0], np.where(x > 0.5, np.nan, x) * np.ones((3, 1))),
    ):
        np.savez(tmp_path / f"{name}.npz", t=t, x=x, u=values)
        assert plot(tmp_path / f"{name}.npz").stat().st_size > 5000
        plot(tmp_path / f"{name}.npz", film=True)
    np.savez(tmp_path / "nodes.npz", t=[0.0], theta=np.zeros((1, 3)))
    assert plot(tmp_path / "nodes.npz").exists()


def test_three_dimensions_show_the_middle(tmp_path):
    values = np.random.default_rng(0).standard_normal((2, 4, 5, 6))
    axes = {name: np.arange(float(n)) for name, n in zip(("t", "x", "y", "z"), values.shape, strict=True)}
    np.savez(tmp_path / "box.npz", u=values, **axes)
    figure = drawn(tmp_path / "box.npz")
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), values[0, :, :, 3].T)
    assert plot(tmp_path / "box.npz").suffix == ".gif"
    assert plot(tmp_path / "box.npz", beside=tmp_path / "box.npz").suffix == ".gif"


def test_units_names_and_titles(tmp_path):
    """Units of the file, letters of the alphabet, and text that is no formula left as it is."""
    t, x = np.linspace(0, 1, 20), np.linspace(0, 2, 16)
    field = xr.DataArray(
        np.sin(x) * np.cos(t)[:, None], dims=("time", "x"), coords={"time": t, "x": x}, attrs={"units": "V"}
    )
    field["x"].attrs["units"], field["time"].attrs["units"] = "m", "s"
    dataset = xr.Dataset({"phi_1": field, "w": 2 * field}, attrs={"equation": "$ not $ an <equation>"})
    save(dataset, tmp_path / "u.nc")
    figure = drawn(tmp_path / "u.nc")
    assert ("", "x [m]", "t [s]") in labels(figure)
    assert "φ₁ [V]" in [ax.get_ylabel() for ax in figure.axes]
    assert figure._suptitle.get_text() == "$ not $ an <equation>    field phi_1"
    assert not figure._suptitle.get_parse_math()
    assert formulas(shown(tmp_path / "u.nc")) == []
    assert drawn(tmp_path / "u.nc", "w")._suptitle.get_text().endswith("field w")
    plot(tmp_path / "u.nc", tmp_path / "u.svg")
    assert "φ₁ [V]" in (tmp_path / "u.svg").read_text("utf-8")


def test_long_theories_are_cut_to_the_page(tmp_path):
    t, x = np.linspace(0, 1, 20), np.linspace(0, 2, 16)
    values = {"t": ("t", t), "x": ("x", x)}
    terms = "".join(f" - {n}.5*phi**{n}*phi_x**{n}" for n in range(2, 40))
    dataset = xr.Dataset({"phi": (("t", "x"), np.outer(t, x))}, values, {"density": "phi_t**2/2" + terms})
    dataset.to_netcdf(tmp_path / "long.nc", engine="h5netcdf")
    with picture_style():
        figure = figure_for(shown(tmp_path / "long.nc"))
        assert len(figure._suptitle.get_text()) <= 111
        figure.canvas.draw()
        assert figure._suptitle.get_window_extent().width < figure.bbox.width


def test_same_file_same_picture(files, tmp_path):
    one, two = (plot(files / "line.nc", tmp_path / name).read_bytes() for name in ("a.png", "b.png"))
    assert one == two


@pytest.mark.parametrize(
    "options, message",
    [
        ({"field": "chi"}, "got the field 'chi', expected one of phi"),
        ({"sample": 3}, r"got sample 3, expected 0 to 0"),
        ({"out": "f.bmp"}, r"got the file ending '\.bmp', expected one of \.png"),
        ({"out": "none/f.png"}, "make it first"),
        ({"frames": 0}, "got 0 frames"),
        ({"rate": 0}, "at the rate 0"),
        ({"film": True, "out": "f.png"}, r"got --film and the file ending '\.png'"),
        ({"beside": "plane.nc"}, r"got the axes \('x',\) beside \('x', 'y'\)"),
        ({"beside": "other.nc", "film": True}, "expected a still picture"),
        ({"beside": "missing.nc"}, "missing.nc: no such file"),
    ],
)
def test_bad_options(files, options, message):
    paths = {name: files / value if name in ("out", "beside") else value for name, value in options.items()}
    with pytest.raises(ValueError, match=message):
        plot(files / "line.nc", **paths)


def test_other_points_or_times_beside(files, tmp_path):
    one = shown(files / "line.nc").dataset
    save(one.isel(x=slice(None, None, 2)), tmp_path / "coarse.nc")
    save(one.assign_coords(time=one["time"] + 0.07), tmp_path / "later.nc")
    with pytest.raises(ValueError, match="other points along 'x'"):
        plot(files / "line.nc", tmp_path / "f.png", beside=tmp_path / "coarse.nc")
    with pytest.raises(ValueError, match="no time that both files have"):
        plot(files / "line.nc", tmp_path / "f.png", beside=tmp_path / "later.nc")
    assert not (tmp_path / "f.png").exists()
