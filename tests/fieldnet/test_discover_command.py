"""`fieldnet discover`: options, TOML, resuming, the same bytes; rollout of what was found."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

import fieldnet.discover
import fieldnet.discover_weak
from fieldnet.cli import main, progress, summary
from fieldnet.configuration import Configuration, configuration, field_list, read_configuration
from fieldnet.discover import discover_lagrangian
from fieldnet.equations import slabs
from fieldnet.equations.streamed import stream_dynamics
from fieldnet.memory import NAME, FileMemory, key_of
from fieldnet.rollout import relative_error
from lagrangians import catalogue
from simulations import FieldSystem, Grid, load, save, simulate, solutions

QUICK = ("--features", "phase", "--seed", "3")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Clean Sine-Gordon, c² = 1.44, m² = 0.81, small enough for a second of search."""
    path = tmp_path_factory.mktemp("data") / "waves.nc"
    grid = Grid(24.0, 64)
    initial = solutions.random_smooth(grid, 3, amplitude=1.5, correlation_length=2.5, seed=0)
    system = FieldSystem(catalogue.sine_gordon(c=1.2, m=0.9), grid)
    save(simulate(system, initial, 10.0, save_every=0.1), path)
    return path


def files_of(folder: Path) -> dict[str, bytes]:
    """All files, without what may differ between two runs: seconds."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    found["lagrangian.json"] = re.sub(rb'"seconds": [0-9.e+-]+', b"", found["lagrangian.json"])
    found["report.html"] = re.sub(rb"<dt>Time taken</dt><dd>[0-9]+ s</dd>", b"", found["report.html"])
    return found


class TestConfiguration:
    def test_every_option_of_a_file(self, tmp_path):
        path = tmp_path / "run.toml"
        path.write_text(
            'fields = ["phi", "chi"]\nfeatures = "phase"\nlibrary = "auto + phi_x**4"\nholdout = 0.25\n'
            'seed = 4\nworkers = 2\nmethod = "weak"\nboundary = "periodic"\nstream = true\n'
            'file = "a.nc"\nout = "here"\n'
        )
        written = read_configuration(path)
        assert (written["file"], written["out"]) == ("a.nc", "here")
        expected = Configuration(
            fields=("phi", "chi"),
            features="phase",
            library="auto + phi_x**4",
            holdout=0.25,
            seed=4,
            workers=2,
            boundary="periodic",
            stream=True,
        )
        assert configuration({}, written) == expected
        names = [name for name in expected.arguments() if name != "field"]
        given = {name: written[name] for name in names}
        assert configuration(given) == expected

    @pytest.mark.parametrize(
        "arguments, message",
        [
            ({"field": "u", "fields": ("u",)}, "got both 'field' and 'fields', expected one"),
            ({"method": "network", "library": "u**2"}, "got a library for the method 'network'"),
            ({"holdout": 1.0}, "got 1 to hold out, expected a part from 0 to below 1"),
            ({"seed": -1}, "got seed -1, expected a whole number from 0"),
            ({"workers": 0}, "got 0 workers"),
            ({"boundary": "round"}, "got the boundary 'round', expected one of periodic"),
            ({"method": "magic"}, "got the method 'magic'"),
            ({"method": "network", "stream": True}, "got stream for the method 'network'"),
        ],
    )
    def test_python_refuses_what_the_command_refuses(self, arguments, message, data):
        for refused in (lambda: Configuration(**arguments), lambda: discover_lagrangian(data, **arguments)):
            with pytest.raises(ValueError, match=message):
                refused()

    @pytest.mark.parametrize("holdout, held", [(0.01, 1), (0.97, 98)])
    def test_a_part_that_leaves_too_little(self, holdout, held, data):
        single = load(data).isel(sample=[0])
        with pytest.raises(ValueError, match=f"got {held} of 101 times to hold out"):
            discover_lagrangian(single, holdout=holdout)

    def test_the_command_line_wins(self):
        written = {"fields": ("phi",), "seed": 4, "features": "phase"}
        chosen = configuration({"field": "chi", "seed": 5, "features": None}, written)
        assert chosen == Configuration(field="chi", seed=5, features="phase")

    @pytest.mark.parametrize(
        "line, message",
        [
            ("feature = 'auto'", "unknown option 'feature'.*did you mean 'features'"),
            ("seed = 1.5", "got seed = 1.5, expected a whole number"),
            ("stream = 1", "got stream = 1, expected true or false"),
            ("seed = true", "got seed = True, expected a whole number"),
            ("holdout = 'some'", "expected a number"),
            ("library = 3", "got library = 3, expected a string"),
            ("fields = [1]", "expected a list of names"),
            ("fields = 'a,,b'", "expected names separated by commas"),
            ("seed 3", "not a TOML file"),
        ],
    )
    def test_files_that_are_refused(self, line, message, tmp_path):
        path = tmp_path / "run.toml"
        path.write_text(line)
        with pytest.raises(ValueError, match=message) as error:
            read_configuration(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)

    def test_names_in_one_text(self):
        assert field_list(" phi, chi") == ("phi", "chi")


class TestMemory:
    def test_comes_back_to_the_last_bit(self, tmp_path):
        path = tmp_path / "new" / NAME
        value = {"theta": [0.1 + 0.2, 1e-300, float("inf")], "name": "φ"}
        memory = FileMemory(path, "key")
        assert not path.parent.exists()
        memory["part"] = value
        again = FileMemory(path, "key")
        assert dict(again) == {"part": value}
        assert (again.found, memory.found) == (1, 0)
        assert [p.name for p in path.parent.iterdir()] == [NAME]
        memory.forget()
        assert not path.parent.exists()

    def test_another_key_or_a_broken_file_counts_for_nothing_and_is_replaced(self, tmp_path):
        path = tmp_path / NAME
        FileMemory(path, "key")["part"] = 1
        assert dict(FileMemory(path, "other")) == {}
        assert dict(FileMemory(path, "key", fresh=True)) == {}
        whole = path.read_text("utf-8")
        for text in (
            "",
            "[1]",
            "null",
            whole[:-3],
            whole.replace("progress/1", "progress/0"),
            '{"parts": 3}',
        ):
            path.write_text(text)
            assert dict(FileMemory(path, "key")) == {}
        FileMemory(path, "other")["part"] = 2
        assert dict(FileMemory(path, "key")) == {}
        assert dict(FileMemory(path, "other")) == {"part": 2}

    def test_a_folder_that_holds_other_things_stays(self, tmp_path):
        (tmp_path / "mine").write_text("")
        memory = FileMemory(tmp_path / NAME, "key")
        memory["part"] = 1
        memory.forget()
        assert [p.name for p in tmp_path.iterdir()] == ["mine"]

    def test_key(self, tmp_path):
        path = tmp_path / "data"
        path.write_bytes(b"abc")
        first = key_of(path, {"seed": 0})
        assert key_of(path, {"seed": 0}) == first
        assert key_of(path, {"seed": 1}) != first
        path.write_bytes(b"abd")
        assert key_of(path, {"seed": 0}) != first


@pytest.fixture(scope="module")
def by_options(data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("options") / "out"
    with pytest.raises(SystemExit) as stopped:
        main(["discover", str(data), "--out", str(folder), *QUICK])
    assert stopped.value.code == 0
    return folder


def run(data: Path, folder: Path, *options: str, script: str = "") -> subprocess.CompletedProcess:
    """The command in a process of its own, after a script."""
    arguments = ["discover", str(data), "--out", str(folder), *options]
    code = f"{script}\nfrom fieldnet.cli import main\nmain({arguments!r})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_what_is_recorded(by_options, data):
    content = json.loads((by_options / "lagrangian.json").read_text("utf-8"))
    assert content["fit"]["options"] == Configuration(features="phase", seed=3).content()
    assert content["verdict"] == "variational"
    assert {path.name for path in by_options.iterdir()} == {
        "lagrangian.json",
        "model.safetensors",
        "report.html",
    }
    for term in content["terms"][1:]:
        assert term["stderr"] is not None


def test_toml_gives_the_same_bytes(by_options, data, tmp_path, cli):
    """Also: two runs with one seed give the same bytes."""
    (tmp_path / "run.toml").write_text(f'file = "{data}"\nfeatures = "phase"\nseed = 3\n')
    code, out, errors = cli("discover", "--config", tmp_path / "run.toml", "--out", tmp_path / "out")
    assert code == 0, errors
    assert "95%" in out
    assert files_of(tmp_path / "out") == files_of(by_options)


def test_a_file_is_read_in_pieces_if_it_is_asked_for(by_options, data, tmp_path, cli):
    """What was read whole was fitted again with the held-out data; one pass in pieces has none of them."""
    (tmp_path / "run.toml").write_text("stream = true\n")
    found = {}
    for name, options in (
        ("pieces", ("--stream",)),
        ("file", ("--config", tmp_path / "run.toml")),
        ("whole", ("--no-stream", "--config", tmp_path / "run.toml")),
    ):
        code, _, errors = cli("discover", data, "--out", tmp_path / name, *QUICK, *options)
        assert code == 0, errors
        found[name] = json.loads((tmp_path / name / "lagrangian.json").read_text("utf-8"))
    assert {name: content["fit"]["coefficients_from"] for name, content in found.items()} == {
        "pieces": "the training data",
        "file": "the training data",
        "whole": "all data",
    }
    automatic = json.loads((by_options / "lagrangian.json").read_text("utf-8"))
    assert found["whole"]["terms"] == automatic["terms"] != found["pieces"]["terms"]
    assert found["pieces"]["verdict"] == "variational"


@pytest.mark.parametrize("values, samples", [(2 * 64 * 20, 2), (1, 1), (2**19, 3)])
def test_of_many_samples_in_pieces_some_are_tested(values, samples, data, monkeypatch):
    """Else the run from held-out data would take longer than all that is read."""
    monkeypatch.setattr(fieldnet.discover_weak, "HELD_OUT_VALUES", values)
    found = discover_lagrangian(data, features="phase", stream=True, closing=False)
    assert dict(found.held_out.sizes) == {"sample": samples, "time": 20, "x": 64}


def test_what_cannot_be_read_in_pieces(data, tmp_path, monkeypatch):
    """Large oscillators, and large data for a network, are read whole; in pieces they are refused."""

    def called(*arguments, **options):
        raise RuntimeError("read whole")

    phases = np.random.default_rng(0).uniform(0, 6, (2, 60, 3))
    dataset = xr.Dataset({"theta": (("sample", "time", "node"), phases)}, {"time": 0.1 * np.arange(60)})
    dataset.to_netcdf(tmp_path / "phases.nc", engine="h5netcdf")
    monkeypatch.setattr(fieldnet.discover, "SMALL_FILE", 0)
    monkeypatch.setattr(fieldnet.discover, "exceeds_memory", lambda source: True)
    for name in ("discover_network", "discover_field"):
        monkeypatch.setattr(fieldnet.discover, name, called)
    for path, options in ((tmp_path / "phases.nc", {}), (data, {"method": "network"})):
        with pytest.raises(RuntimeError, match="read whole"):
            discover_lagrangian(path, **options)
    with pytest.raises(ValueError, match="got oscillators, expected fields on a grid; load the file whole"):
        discover_lagrangian(tmp_path / "phases.nc", stream=True)
    with pytest.raises(ValueError, match="got stream for a dataset in memory"):
        discover_lagrangian(dataset, stream=True)


def test_another_seed_gives_other_bytes(by_options, data, tmp_path, cli):
    """The control: the seed is used, by the control generators at least."""
    code, _, errors = cli("discover", data, "--out", tmp_path / "out", *QUICK[:2], "--seed", "4")
    assert code == 0, errors
    assert files_of(tmp_path / "out")["lagrangian.json"] != files_of(by_options)["lagrangian.json"]


def test_a_table_in_a_narrow_terminal_keeps_its_words(monkeypatch, capsys):
    """Numbers have six digits, and what does not fit goes on in the next line."""
    item = SimpleNamespace(
        name="boost along x", generator="x∂_t + 0.99985064123417∂_x", verdict="undetermined"
    )
    monkeypatch.setattr(summary, "CONSOLE", Console(width=80, force_terminal=False))
    headings = ("current", "generator", "‖∂J‖/‖∂_tJ⁰‖", "noise alone", "control", "")
    summary._print_audit(headings, [(item, 0.26, 0.29, 0.52)])
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert "0.999851∂" in printed.replace(" ", "")
    assert "0.99985064" not in printed


def test_missing_file_or_folder(cli, data):
    code, _, errors = cli("discover", "--out", "x")
    assert (code, errors.count("\n")) == (2, 1)
    assert "give a FILE" in errors
    code, _, errors = cli("discover", data)
    assert "give --out" in errors


def test_interrupted_and_resumed(by_options, data, tmp_path, cli, monkeypatch):
    """Ctrl-C keeps what is done; the same command finds it, with any number of workers; another option or
    --fresh does not."""
    whole = fieldnet.discover_weak.find_dynamics
    seen = []

    def interrupted(measured, ansatz, progress, workers, memory, held_out):
        seen.append(dict(memory))
        memory["part"] = 0.1
        raise KeyboardInterrupt

    def going_on(measured, ansatz, progress, workers, memory, held_out):
        seen.append(dict(memory))
        return whole(measured, ansatz, progress, workers, memory, held_out)

    out = tmp_path / "out"
    monkeypatch.setattr(fieldnet.discover_weak, "find_dynamics", interrupted)
    for options in (QUICK, (*QUICK, "--holdout", "0.3"), (*QUICK, "--fresh"), (*QUICK, "--workers", "2")):
        code, _, errors = cli("discover", data, "--out", out, *options)
        assert code == 130
        assert "the same command goes on from there" in errors
        assert [path.name for path in out.iterdir()] == [NAME]
    monkeypatch.setattr(fieldnet.discover_weak, "find_dynamics", going_on)
    code, _, errors = cli("discover", data, "--out", out, *QUICK)
    assert code == 0, errors
    assert "going on from an interrupted run: 1 finished parts" in errors
    assert seen == [{}, {}, {}, {"part": 0.1}, {"part": 0.1}]
    assert files_of(out) == files_of(by_options)


SMALL = {"pilot_values": 2**13, "slab_values": 2**12, "sampled_values": 1}
"""Pieces of a file that would be one piece otherwise."""


def test_interrupted_in_the_pass_over_all_pieces(data, tmp_path, cli, monkeypatch):
    """It goes on after the last piece that was added up, to the same bytes; another file begins anew."""
    projections, read, limit = slabs.StreamedFields.projections, [], [None]

    def counted(stream, slab):
        if limit == [len(read) - len(stream.sampled)]:
            raise KeyboardInterrupt
        read.append(slab)
        return projections(stream, slab)

    def pieces(file: Path, folder: str, of_the_pass: int | None = None) -> int:
        """How many are read for moments and scores, interrupted after so many `of_the_pass`."""
        limit[0] = of_the_pass
        read.clear()
        code, _, errors = cli("discover", file, "--out", tmp_path / folder, *QUICK, "--stream")
        assert code == (0 if of_the_pass is None else 130), errors
        return len(read)

    monkeypatch.setattr(slabs.StreamedFields, "projections", counted)
    monkeypatch.setattr(slabs, "KEPT_EVERY", 0.0)
    monkeypatch.setattr(fieldnet.discover_weak, "stream_dynamics", partial(stream_dynamics, **SMALL))
    whole = pieces(data, "whole")
    for folder in ("out", "other"):
        pieces(data, folder, 2)
        assert [path.name for path in (tmp_path / folder).iterdir()] == [NAME]
    assert pieces(data, "out") == whole - 2
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")
    changed = load(data)
    changed["phi"][0, 0, 0] += 1e-6
    save(changed, tmp_path / "changed.nc")
    assert pieces(tmp_path / "changed.nc", "other") == whole


def test_bad_data_leave_no_progress(data, tmp_path, cli, monkeypatch):
    def refused(measured, ansatz, progress, workers, memory, held_out):
        memory["part"] = 0.1
        raise ValueError("got nothing")

    monkeypatch.setattr(fieldnet.discover_weak, "find_dynamics", refused)
    code, _, errors = cli("discover", data, "--out", tmp_path / "out", *QUICK)
    assert (code, errors.splitlines()[-1]) == (2, "error: got nothing")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_with_its_figure(terminal, monkeypatch):
    """On a terminal a bar with stage, figure and time left; else a line when a stage ends."""
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=terminal, width=120)
    monkeypatch.setattr(progress, "CONSOLE", console)
    with progress.training_progress("misfit") as report:
        report("equations, first order in time", 0.5, 0.25)
        report("equations, done", 1.0, 0.125)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.getvalue())
    assert "misfit 1.250e-01" in text
    assert ("100%" in text and "0:00:0" in text) == terminal
    assert ("equations: misfit 1.250e-01 after 0 s" in text) == (not terminal)


KILLED = """
import os, signal
from fieldnet.memory import FileMemory
write = FileMemory._write
def write_and_die(self):
    write(self)
    if len(self) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
FileMemory._write = write_and_die
"""
COUNTED = """
import atexit, json, sys
from fieldnet.memory import FileMemory
write, written = FileMemory.__setitem__, []
def counted(self, name, value):
    written.append(name)
    write(self, name, value)
FileMemory.__setitem__ = counted
atexit.register(lambda: print("written again: " + json.dumps(written), file=sys.stderr))
"""


@pytest.mark.slow
def test_killed_and_resumed(data, tmp_path):
    """A real process, killed after the second part of the search, does not repeat these when it goes on."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    first = run(data, whole, script=COUNTED)
    parts = json.loads(first.stderr.split("written again: ")[1])
    assert len(parts) > 2
    assert run(data, out, script=KILLED).returncode == -signal.SIGKILL
    kept = json.loads((out / NAME).read_text("utf-8"))["parts"]
    assert list(kept) == parts[:2]
    second = run(data, out, script=COUNTED)
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stderr.split("written again: ")[1]) == parts[2:]
    assert files_of(out) == files_of(whole)


SMALL_PIECES = f"""
import fieldnet.discover_weak
from functools import partial
from fieldnet.equations import slabs
slabs.KEPT_EVERY = 0.0
fieldnet.discover_weak.stream_dynamics = partial(fieldnet.discover_weak.stream_dynamics, **{SMALL!r})
"""
KILLED_IN_THE_PASS = """
import os, signal
from fieldnet.memory import FileMemory
write = FileMemory._write
def write_and_die(self):
    write(self)
    if any(isinstance(part, dict) and part.get("slabs") == 2 for part in self.values()):
        os.kill(os.getpid(), signal.SIGKILL)
FileMemory._write = write_and_die
"""


@pytest.mark.slow
def test_killed_in_the_pass_over_all_pieces(data, tmp_path):
    """What it writes when it goes on has the third piece first."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    first = run(data, whole, "--stream", script=SMALL_PIECES + COUNTED)
    names = json.loads(first.stderr.split("written again: ")[1])
    killed = run(data, out, "--stream", script=SMALL_PIECES + KILLED_IN_THE_PASS)
    assert killed.returncode == -signal.SIGKILL
    second = run(data, out, "--stream", script=SMALL_PIECES + COUNTED)
    assert second.returncode == 0, second.stderr
    again = json.loads(second.stderr.split("written again: ")[1])
    assert again == names[-len(again) :] == [names[-1]] * (names.count(names[-1]) - 2)
    assert files_of(out) == files_of(whole)


POTENTIAL = {
    "coordinates": ["t", "x"],
    "fields": ["w"],
    "density": "w_t*w_x/2 + w_x**3 - w_xx**2/2",
    "data_fields": ["u"],
    "verdict": "variational",
    "equations_of_motion": ["u_t = -6*u*u_x - u_xxx"],
}
TWO = {
    "coordinates": ["t", "x"],
    "fields": ["u", "v"],
    "density": "v*u_t/2 - u*v_t/2 - u_x**2/4 - v_x**2/4 - (u**2 + v**2)**2/4",
    "data_fields": ["u", "v"],
    "verdict": "variational",
    "equations_of_motion": [
        "u_t = -v_xx/2 + (u**2 + v**2)*v",
        "v_t = u_xx/2 - (u**2 + v**2)*u",
    ],
}


@pytest.mark.parametrize("content", [POTENTIAL, TWO], ids=["potential", "two fields of first order"])
def test_rollout_of_every_kind(content, tmp_path, cli):
    grid, names = Grid(20.0, 32), content["data_fields"]
    system = FieldSystem.from_equations(content["equations_of_motion"], names, ("t", "x"), grid)
    fields = solutions.random_smooth(grid, len(names), amplitude=0.4, correlation_length=2.5, seed=0)
    initial = fields.reshape(1, len(names), 32) if len(names) > 1 else fields
    truth = simulate(system, initial, 1.0, save_every=0.02)
    save(truth, tmp_path / "data.nc")
    theory = tmp_path / "lagrangian.json"
    for factor, small in ((1, True), (2, False)):
        lines = [line.replace("u_x", f"{factor}*u_x") for line in content["equations_of_motion"]]
        theory.write_text(json.dumps({**content, "equations_of_motion": lines}))
        code, _, errors = cli(
            "rollout", theory, "--initial", tmp_path / "data.nc", "--out", tmp_path / "o.nc"
        )
        assert code == 0, errors
        found = load(tmp_path / "o.nc")
        worst = max(relative_error(found[n].values, truth[n].values).max() for n in names)
        assert (worst < 1e-2) == small
