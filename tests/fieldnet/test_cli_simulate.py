"""`fieldnet simulate`: every system by name, its errors, and what an interruption leaves."""

import dataclasses
import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray

from fieldnet.systems import Options, prepare, system_names
from fieldnet.systems.defaults import DEFAULTS
from fieldnet.systems.page import FIGURES, STIRRED_FIGURE, page
from fieldnet.systems.reformulation import fourth_order_pair, most_probable_path
from fieldnet.systems.specification import assignments, specification, unknown
from lagrangians import catalogue
from simulations import load, save, simulate

SPATIAL = [name for name in system_names() if name not in DEFAULTS or DEFAULTS[name].dimension is not None]


def one_line(errors: str) -> str:
    """The message of an error on the command line, which is one line."""
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    return errors.removeprefix("error: ")


def short(name: str) -> list[str]:
    """Options for sixteen saved steps of the default length."""
    every = DEFAULTS[name].save_every if name in DEFAULTS else 0.1
    return ["--t-end", str(every * 16), "--save-every", str(every)]


@pytest.mark.parametrize("name", system_names())
def test_every_system_by_name_alone(name, cli, tmp_path):
    path = tmp_path / "f.nc"
    code, out, errors = cli("simulate", name, "--out", path, *short(name))
    assert (code, errors) == (0, "")
    assert f"written: {path}" in out
    with xarray.open_dataset(path, engine="h5netcdf") as dataset:
        assert dataset.sizes["time"] == 17
        assert dataset.attrs["system"] == name
        assert all(np.isfinite(field).all() and np.ptp(field.values) >= 0 for field in dataset.values())
    if name in SPATIAL:
        assert load(path).attrs["command"].startswith(f"fieldnet simulate {name} --out ")


@pytest.mark.slow
@pytest.mark.parametrize("name", system_names())
def test_defaults_are_quick(name, cli, tmp_path):
    began = time.perf_counter()
    code, _, errors = cli("simulate", name, "--out", tmp_path / "f.nc")
    assert (code, errors) == (0, "")
    assert time.perf_counter() - began < 20


def test_the_file_says_how_to_make_it_again(cli, tmp_path):
    path = tmp_path / "f.nc"
    words = [
        "--initial",
        "random:amplitude=0.3",
        "-p",
        "c=1.2",
        "--parameter",
        "m=1+0.1*cos(x)",
        "--samples",
        "2",
    ]
    assert cli("simulate", "sine_gordon", "--out", path, *words, *short("sine_gordon"), "--seed", "5")[0] == 0
    first = load(path)
    assert first.attrs["parameters"] == "c=1.2,m=1+0.1*cos(x)"
    path.unlink()
    assert cli(*shlex.split(first.attrs["command"])[1:])[0] == 0
    assert load(path).identical(first)


def test_samples_are_different_draws(cli, tmp_path):
    path = tmp_path / "f.nc"
    arguments = ["simulate", "phi4", "--initial", "random", "--samples", 3, "--out", path, *short("phi4")]
    assert cli(*arguments)[0] == 0
    phi = load(path)["phi"].values
    assert phi.shape[0] == 3
    assert np.abs(phi[0] - phi[1]).max() > 0.1
    assert cli(*arguments, "--seed", 1, "--overwrite")[0] == 0
    assert np.abs(load(path)["phi"].values[0] - phi[0]).max() > 0.1


def test_a_density_as_text(cli, tmp_path):
    path = tmp_path / "f.nc"
    density = "phi_t**2/2 - c**2*phi_x**2/2 - m**2*(1 - cos(phi))"
    box = ["--initial", "phi=3*exp(-x**2/2),phi_t=sin(x)", *short("sine_gordon")]
    words = ["--density", density, "--fields", "phi", "-p", "c=1", "-p", "m=1"]
    assert cli("simulate", *words, "--out", path, *box)[0] == 0
    from_text = load(path)["phi"].values
    assert cli("simulate", "sine_gordon", "--out", path, *box, "--overwrite")[0] == 0
    assert np.array_equal(load(path)["phi"].values, from_text)


def test_a_lagrangian_file(cli, tmp_path):
    theory = tmp_path / "lagrangian.json"
    theory.write_text(catalogue.sine_gordon().to_json())
    arguments = ["--initial", "gaussian:amplitude=2", "--out", tmp_path / "f.nc", *short("sine_gordon")]
    assert cli("simulate", theory, *arguments)[0] == 0
    learned = load(tmp_path / "f.nc")["phi"].values
    assert cli("simulate", "sine_gordon", *arguments, "--overwrite")[0] == 0
    assert np.array_equal(load(tmp_path / "f.nc")["phi"].values, learned)


def test_equations_where_the_verdict_is_not_variational(cli, tmp_path):
    content = json.loads(catalogue.klein_gordon().to_json())
    content |= {
        "verdict": "not variational: dissipation",
        "equations_of_motion": ["phi_tt = phi_xx - phi - 0.5*phi_t"],
    }
    theory = tmp_path / "lagrangian.json"
    theory.write_text(json.dumps(content))
    path = tmp_path / "f.nc"
    assert cli("simulate", theory, "--initial", "phi=1", "--out", path, "--t-end", 10)[0] == 0
    phi, t = load(path)["phi"].values[0, :, 0], load(path)["time"].values
    rate = np.sqrt(1 - 0.25**2)
    exact = np.exp(-0.25 * t) * (np.cos(rate * t) + 0.25 / rate * np.sin(rate * t))
    assert np.abs(phi - exact).max() < 1e-6


def test_initial_data_from_a_file(cli, tmp_path):
    first, second = tmp_path / "first.nc", tmp_path / "second.nc"
    box = ["--t-end", 4, "--save-every", 0.05]
    assert (
        cli(
            "simulate",
            "klein_gordon",
            "--out",
            first,
            *box,
            "--initial",
            "phi=exp(-x**2/2),phi_t=-x*exp(-x**2/2)",
        )[0]
        == 0
    )
    assert cli("simulate", "klein_gordon", "--out", second, *box, "--initial", first)[0] == 0
    difference = load(first)["phi"].values - load(second)["phi"].values
    assert 0 < np.abs(difference).max() < 1e-7
    code, _, errors = cli("simulate", "klein_gordon", "--out", second, "--initial", first, "--length", 20)
    assert code == 2
    assert "has its own grid" in one_line(errors)
    code, _, errors = cli("simulate", "maxwell", "--out", second, "--initial", first)
    assert code == 2
    assert "expected as many" in one_line(errors)


def test_the_file_feeds_a_rollout(cli, tmp_path):
    theory, path = tmp_path / "lagrangian.json", tmp_path / "f.nc"
    theory.write_text(catalogue.klein_gordon().to_json())
    assert cli("simulate", "klein_gordon", "--out", path, "--t-end", 4, "--save-every", 0.05)[0] == 0
    assert cli("rollout", theory, "--initial", path, "--out", tmp_path / "r.nc")[0] == 0
    assert np.abs(load(tmp_path / "r.nc")["phi"].values - load(path)["phi"].values).max() < 1e-6


@pytest.mark.slow
def test_the_file_feeds_a_discovery(cli, tmp_path):
    path = tmp_path / "f.nc"
    arguments = (
        "--initial",
        "random:amplitude=1.5,correlation=2.5",
        "--samples",
        4,
        "--length",
        30,
        "--points",
        192,
    )
    assert (
        cli("simulate", "sine_gordon", "--out", path, *arguments, "--t-end", 20, "--save-every", 0.1)[0] == 0
    )
    assert cli("discover", path, "--out", tmp_path / "found")[0] == 0
    content = json.loads((tmp_path / "found" / "lagrangian.json").read_text("utf-8"))
    assert content["verdict"] == "variational"


def test_npz_float32_and_integrators(cli, tmp_path):
    path = tmp_path / "f.npz"
    arguments = ["--integrator", "stormer_verlet", "--step", 0.01, *short("klein_gordon")]
    assert cli("simulate", "klein_gordon", "--out", path, *arguments)[0] == 0
    assert load(path)["phi"].shape == (1, 17, 256)
    assert (
        cli("simulate", "klein_gordon", "--out", tmp_path / "f.nc", "--dtype", "float32", *arguments)[0] == 0
    )
    with xarray.open_dataset(tmp_path / "f.nc", engine="h5netcdf") as dataset:
        assert dataset["phi"].dtype == np.float32
        assert dataset.attrs["integrator"] == "stormer_verlet"


def test_oscillators_from_files_and_names(cli, tmp_path):
    np.save(tmp_path / "K.npy", 0.5 * (1 - np.eye(5)))
    path = tmp_path / "f.nc"
    arguments = ["--out", path, *short("kuramoto"), "--frequencies", "gaussian:width=0.1,seed=2"]
    assert cli("simulate", "kuramoto", "--coupling", tmp_path / "K.npy", *arguments)[0] == 0
    assert load(path)["theta"].sizes["node"] == 5
    network = ["--oscillators", 20, "--network", "erdos-renyi:degree=4", "--coupling", 3, "--phase-lag", 0.3]
    assert (
        cli("simulate", "kuramoto", *network, "--inertia", 1, "--damping", 0.2, *arguments, "--overwrite")[0]
        == 0
    )
    assert load(path)["theta"].sizes["node"] == 20


def test_viscosity_decides_the_character(cli, tmp_path):
    path = tmp_path / "f.nc"
    flow = ["--initial", "taylor-green", "--points", 32, "--t-end", 2, "--save-every", 0.1, "--out", path]
    for viscosity in (0.1, 0):
        assert cli("simulate", "navier_stokes", "--viscosity", viscosity, *flow, "--overwrite")[0] == 0
        vorticity = load(path)["vorticity"].values[0]
        assert np.allclose(vorticity[-1], vorticity[0] * np.exp(-2 * viscosity * 2), atol=1e-9)


def test_oscillators_with_harmonics_triplets_and_noise():
    """Each option reaches the system, and changes its torques; without them the sine alone is left."""
    given = Options("kuramoto", harmonics="1,0.5", triplets=("2j-k-i:strength=1.5", "j+k-2i:phase_lag=0.2"))
    system = prepare(given).system
    assert system.harmonics.tolist() == [1.0, 0.5]
    assert [(s.form, float(s.strength), s.phase_lag) for s in system.simplices] == [
        ("2j-k-i", 1.5, 0.0),
        ("j+k-2i", 1.0, 0.2),
    ]
    noisy = prepare(Options("kuramoto", noise_strength=0.3))
    assert float(noisy.system.noise_strength) == pytest.approx(0.3)
    plain = prepare(Options("kuramoto"))
    assert (plain.system.harmonics, plain.system.simplices, plain.system.noise) == (None, (), None)
    assert np.abs((system.torque(plain.initial) - plain.system.torque(plain.initial)).numpy()).max() > 0.1


def test_a_stirred_flow_gains_energy_at_the_given_rate():
    """From rest, without losses: E = εt on average over samples; without forcing nothing moves."""
    options = Options(
        "navier_stokes", initial="rest", viscosity=0.0, points="32", t_end=1.0, save_every=0.5, samples=64
    )
    still = prepare(options)
    assert still.system.forcing is None
    ring = "random:rate=0.1,low=1,high=3"
    for text, step in ((ring, None), (f"{ring},interval=0.02", 0.01)):
        stirred = prepare(dataclasses.replace(options, forcing=text, step=step))
        start = stirred.initial.expand(64, -1, -1)
        run = simulate(stirred.system, start, stirred.t_end, save_every=stirred.save_every, step=step)
        steps = stirred.system.forcing.interval / run.attrs["step"]
        assert steps == pytest.approx(1 if step is None else 2)
        energy = stirred.system.energy(torch.tensor(run["vorticity"].values[:, -1]))
        assert float(energy.mean()) == pytest.approx(0.1, rel=0.15)
    with pytest.raises(ValueError, match=r"a whole number of steps; add --step 0\.002"):
        prepare(dataclasses.replace(options, forcing=f"{ring},interval=0.002"))
    laminar = prepare(Options("navier_stokes", forcing="kolmogorov:k=2,amplitude=3", points="32"))
    assert laminar.system.forcing.description() == "steady"


def test_a_kink_gives_its_chain_a_rise(tmp_path):
    """Also in a file and between walls; a ring that is told to be periodic, the control, has none."""
    for name, turns in (("kink", 1), ("antikink", -1)):
        experiment = prepare(Options("frenkel_kontorova", initial=f"{name}:v=0.5"))
        assert experiment.system.rise == (2 * np.pi * turns,)
    moving = prepare(Options("frenkel_kontorova", initial="kink:v=0.5"))
    run = simulate(moving.system, moving.initial, 20.0, save_every=0.5)
    centre = (run["q"].values[0] < np.pi).sum(-1)
    assert abs(centre[-1] - centre[0] - 10) <= 1
    save(run, tmp_path / "f.nc")
    again = prepare(Options("frenkel_kontorova", initial=str(tmp_path / "f.nc")))
    assert (again.system.rise, again.system.points) == ((2 * np.pi,), (64,))
    for boundary, rise in (("periodic", 0.0), ("winding", 2 * np.pi), ("fixed", 2 * np.pi)):
        system = prepare(Options("frenkel_kontorova", initial="kink", boundary=boundary)).system
        assert system.rise == (rise,)
        assert system.boundary == ("fixed" if boundary == "fixed" else "periodic")
    assert prepare(Options("toda_lattice")).system.rise == (0.0,)


BAD = {
    "no system": ((), "got no system"),
    "misspelt": (("sine_gordan",), "did you mean 'sine_gordon'?"),
    "initial": (("sine_gordon", "--initial", "gaussan"), "did you mean 'gaussian'?"),
    "initial key": (("sine_gordon", "--initial", "gaussian:amplitud=1"), "did you mean 'amplitude'?"),
    "initial value": (
        ("sine_gordon", "--initial", "gaussian:amplitude=big"),
        "amplitude = big, expected a number",
    ),
    "initial field": (("sine_gordon", "--initial", "psi=1"), "unknown field 'psi'"),
    "initial text": (("sine_gordon", "--initial", "phi=os.system(1)"), "unexpected character '.'"),
    "parameter": (("phi4", "-p", "gg=1"), "unknown parameter of phi4 'gg'"),
    "parameter value": (("phi4", "-p", "g"), "got 'g', expected key=value"),
    "twice": (("phi4", "-p", "g=1", "-p", "g=2"), "got g twice"),
    "points": (("phi4", "--points", "2.5"), "whole numbers"),
    "axes": (("phi4", "--length", "1,2"), "for 1 dimensions"),
    "dimension": (("korteweg_de_vries", "--dimension", "2"), "exists there only"),
    "boundary": (("phi4", "--boundary", "round"), "unknown boundary 'round'"),
    "derivative": (("phi4", "--derivative", "3"), "3"),
    "unstable": (("phi4", "--step", "1", "--save-every", "1"), "the stability limit of"),
    "integrator": (("phi4", "--integrator", "euler"), "got integrator 'euler', expected one of"),
    "not a multiple": (("phi4", "--t-end", "1", "--save-every", "0.3"), "to be a multiple"),
    "dtype": (("phi4", "--dtype", "float16"), "expected float64 or float32"),
    "nodes": (("phi4", "--coupling", "1"), "got --coupling for phi4, which does not have it"),
    "fields": (("kuramoto", "--length", "1"), "got --length for kuramoto"),
    "no space": (("pendulum", "--points", "10"), "got --points for pendulum, which has no space"),
    "mechanics": (("pendulum", "--initial", "gaussian"), "--initial theta=1"),
    "density": (("--density", "phi_t**2"), "expected --fields"),
    "both": (("phi4", "--density", "phi_t**2", "--fields", "phi"), "expected one of them"),
    "density text": (("--density", "phi_t**2 & 1", "--fields", "phi"), "unexpected character"),
    "no json": (("none.json",), "no such file"),
    "damping": (("kuramoto", "--damping", "1"), "damping without inertia"),
    "network": (("kuramoto", "--network", "erdos"), "did you mean 'erdos-renyi'?"),
    "frequencies": (("kuramoto", "--frequencies", "gausian"), "did you mean 'gaussian'?"),
    "harmonics": (("kuramoto", "--harmonics", "1,b"), "--harmonics = b, expected a number"),
    "triplets": (("kuramoto", "--triplets", "2j-k"), "did you mean '2j-k-i'?"),
    "oscillator parameter": (("kuramoto", "-p", "noise=1"), "--noise-strength"),
    "noise of a field": (("phi4", "--noise-strength", "1"), "got --noise-strength for phi4"),
    "chain boundary": (("toda_lattice", "--boundary", "open"), "unknown boundary of a chain 'open'"),
    "forcing": (("navier_stokes", "--forcing", "kolmogorv"), "did you mean 'kolmogorov'?"),
    "forcing key": (("navier_stokes", "--forcing", "random:rat=1"), "did you mean 'rate'?"),
    "forcing of a field": (("phi4", "--forcing", "random"), "got --forcing for phi4"),
    "coupling file": (("kuramoto", "--coupling", "none.npy"), "no such file"),
    "viscosity": (("navier_stokes", "--viscosity", "-1"), "viscosity -1"),
    "flow": (("navier_stokes", "--initial", "taylor-gren"), "did you mean 'taylor-green'?"),
    "t_end": (("phi4", "--t-end", "-1"), "expected positive numbers"),
    "t_end 0": (("phi4", "--t-end", "0"), "expected positive numbers"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options(case, cli, tmp_path):
    options, message = BAD[case]
    code, out, errors = cli("simulate", *options, "--out", tmp_path / "f.nc")
    assert (code, out) == (2, "")
    assert message in one_line(errors)
    assert not list(tmp_path.iterdir())


def test_no_output_and_unwritable_output(cli, tmp_path):
    code, _, errors = cli("simulate", "phi4")
    assert code == 2
    assert "got no --out" in one_line(errors)
    for path in (tmp_path / "none" / "f.nc", tmp_path, tmp_path / "f.txt"):
        code, _, errors = cli("simulate", "phi4", "--out", path)
        assert code == 2
        assert one_line(errors).startswith("cannot write")


@pytest.mark.parametrize("suffix", ["nc", "npz"])
def test_blow_up_keeps_what_was_before(suffix, cli, tmp_path):
    path = tmp_path / f"f.{suffix}"
    density = ["--density", "phi_t**2/2 - phi_x**2/2 + phi**4/4", "--fields", "phi"]
    code, out, errors = cli("simulate", *density, "--initial", "phi=2", "--out", path)
    assert (code, out) == (2, "")
    line = one_line(errors)
    assert "blew up at t = " in line
    assert "x = " in line
    with np.load(path) if suffix == "npz" else xarray.open_dataset(path, engine="h5netcdf") as kept:
        assert np.isfinite(kept["phi"]).all()
        assert f"{path} holds the {len(kept['time'])} saved states before" in line
        assert kept["time"][-1] < 1


def test_ctrl_c_keeps_what_is_done_and_resumes(cli, tmp_path):
    """A real process; the resumed file is that of a run which nothing stopped, bit for bit."""
    path, whole = tmp_path / "f.nc", tmp_path / "whole.nc"
    options = ["--initial", "gaussian:amplitude=3", "--points", "512", "--t-end", "4", "--save-every", "0.1"]
    command = [sys.executable, "-m", "fieldnet", "simulate", "sine_gordon", "--backend", "loop", *options]
    process = subprocess.Popen([*command, "--out", str(path)], stderr=subprocess.PIPE, text=True)
    frames = tmp_path / ".f.nc.partial" / "frames"
    while process.poll() is None and not (frames.exists() and frames.stat().st_size > 0):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors
    assert not path.exists()
    assert frames.exists()
    code, _, errors = cli(*command[3:], "--out", path)
    assert code == 2
    assert "expected --resume to go on" in one_line(errors)
    assert cli(*command[3:], "--out", path, "--resume")[0] == 0
    assert cli(*command[3:], "--out", whole)[0] == 0
    assert np.array_equal(load(path)["phi"].values, load(whole)["phi"].values)
    assert not frames.exists()


def test_overwrite_starts_anew(cli, tmp_path):
    (tmp_path / ".f.nc.partial").mkdir()
    arguments = ["simulate", "klein_gordon", "--out", tmp_path / "f.nc", *short("klein_gordon")]
    assert cli(*arguments)[0] == 2
    assert cli(*arguments, "--overwrite", "--resume")[0] == 2
    assert cli(*arguments, "--overwrite")[0] == 0


def test_list_names_every_system(cli):
    code, out, _ = cli("simulate", "--list")
    assert code == 0
    assert all(name in out for name in system_names())


@pytest.mark.parametrize("name", system_names())
def test_list_of_one_system(name, cli):
    code, out, _ = cli("simulate", name, "--list")
    assert code == 0
    assert out.startswith(f"{name}: ")
    if name in DEFAULTS:
        for parameter in catalogue.describe(name).parameters.values():
            assert parameter.meaning.split()[0] in out or parameter.meaning.startswith("the deterministic")


def test_the_page_is_that_of_the_systems():
    """`python -m fieldnet.systems > docs/simulations.md` was run after the last change."""
    docs = Path(__file__).parents[2] / "docs"
    assert (docs / "simulations.md").read_text("utf-8") == page()
    for name in (*FIGURES, STIRRED_FIGURE):
        assert 1000 < (docs / "figures" / f"{name}.png").stat().st_size < 60_000


def test_the_command_of_the_page_on_own_theories(cli, tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "write-your-own-theory.md").read_text("utf-8")
    command = text[text.index("    fieldnet simulate") : text.index("    fieldnet plot")]
    monkeypatch.chdir(tmp_path)
    assert cli(*shlex.split(command.replace("\\\n", " "))[1:])[0] == 0
    assert load("f.nc").attrs["boundary"] == "neumann"


def test_specifications():
    assert specification("kink") == ("kink", {})
    assert specification("a:b=1, c=2") == ("a", {"b": "1", "c": "2"})
    assert specification("q=1,q_t=2") == ("", {"q": "1", "q_t": "2"})
    assert assignments(["m=1+cos(x)"]) == {"m": "1+cos(x)"}
    with pytest.raises(ValueError, match="nothing behind the colon"):
        specification("kink:")
    assert "did you mean 'kink'?" in unknown("thing", "kinc", ("kink", "gaussian"))
    assert "did you mean" not in unknown("thing", "zzz", ("kink", "gaussian"))


def test_the_sigma_model_stays_on_the_sphere():
    experiment = prepare(
        Options("sigma_model", initial="n_1=sin(pi*x/10),n_2=0.3,n_3=1,n_2_t=0.2*cos(pi*x/10)")
    )
    data = simulate(experiment.system, experiment.initial, 10.0, save_every=1.0)
    assert np.abs(sum(data[f"n_{i}"] ** 2 for i in (1, 2, 3)) - 1).max() < 1e-6
    assert np.ptp(data["n_1"].values) > 1


def test_reformulations_are_derived():
    assert fourth_order_pair(catalogue.pais_uhlenbeck(1, 2)) == ["q_tt = q2", "q2_tt = -4*q - 5*q2"]
    with pytest.raises(ValueError, match="expected the fourth time derivative"):
        fourth_order_pair(catalogue.harmonic_oscillator())
    action = catalogue.freidlin_wentzell(drift=["-theta"], fields=["theta"])
    assert most_probable_path(action) == ["theta_t = -theta"]


@pytest.mark.parametrize("word", [(), ("--resume",)])
def test_a_file_that_is_there_is_not_replaced_unasked(cli, tmp_path, word):
    path = tmp_path / "f.nc"
    arguments = ["simulate", "sine_gordon", "--out", path, *short("sine_gordon")]
    assert cli(*arguments)[0] == 0
    before = path.read_bytes()
    code, _, errors = cli(*arguments, "-p", "c=1.5", *word)
    assert code == 2
    assert "which is there already, expected a new name, or --overwrite" in errors
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--density", "phi_t**2/2", "--fields", "phi", "--coupling", 3], "--coupling for a density"),
        (["navier_stokes", "--save-every", 0], "save_every"),
        (["kuramoto", "--save-every", 0], "save_every"),
        (
            ["sine_gordon", "--initial", "kink", "--boundary", "periodic"],
            "on a periodic axis, where it jumps",
        ),
        (["klein_gordon", "--initial", "plane-wave:nx=1.5"], "expected a whole number"),
    ],
)
def test_nothing_is_ignored_and_nothing_jumps(cli, tmp_path, arguments, message):
    code, _, errors = cli("simulate", *arguments, "--out", tmp_path / "f.nc")
    assert code == 2
    assert message in errors
    assert not (tmp_path / "f.nc").exists()


def test_samples_of_a_flow_that_is_not_random(cli, tmp_path):
    flow = ["--initial", "taylor-green", "--points", 16, "--t-end", 0.2, "--samples", 2]
    assert cli("simulate", "navier_stokes", *flow, "--out", tmp_path / "f.nc")[0] == 0
    with xarray.open_dataset(tmp_path / "f.nc") as data:
        assert data.sizes["sample"] == 2
