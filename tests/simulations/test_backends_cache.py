"""Machine code on disk: reused, private, and never a reason to fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulations.backends.compiled import cache_folder, compile_source, numba_is_installed

pytestmark = [
    pytest.mark.skipif(not numba_is_installed(), reason="needs the extra 'fast'"),
    pytest.mark.skipif(os.name == "nt", reason="modes of directories"),
]
TEXT = "def doubled(x):\n    return 2 * x  # {}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "fieldnet" / "kernels"


def test_code_is_kept_in_a_private_folder(home: Path) -> None:
    functions = compile_source(TEXT.format("kept"), ("doubled",))
    assert functions["doubled"](3) == 6
    assert home.stat().st_mode & 0o777 == 0o700
    (source,) = home.glob("kernel_*.py")
    assert source.read_text("utf-8") == TEXT.format("kept")
    assert list((home / "__pycache__").glob("*.nbc"))
    assert not list(home.glob("*.partial"))


def test_a_second_process_compiles_nothing(home: Path) -> None:
    code = (
        "from simulations.backends.compiled import compile_source\n"
        f"f = compile_source({TEXT.format('twice')!r}, ('doubled',))['doubled']\n"
        "assert f(3) == 6\n"
        "print(sum(f.stats.cache_hits.values()), sum(f.stats.cache_misses.values()))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert runs == [["0", "1"], ["1", "0"]]


def test_text_that_somebody_changed_is_not_run(home: Path) -> None:
    text = TEXT.format("changed")
    compile_source(text, ("doubled",))["doubled"](1)
    (source,) = home.glob("kernel_*.py")
    source.write_text("def doubled(x):\n    return 666\n", "utf-8")
    compile_source.cache_clear()
    assert compile_source(text, ("doubled",))["doubled"](3) == 6
    assert source.read_text("utf-8") == text


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_may_write_is_not_used(home: Path, mode: int) -> None:
    home.mkdir(parents=True)
    home.chmod(mode)
    assert cache_folder() is None
    assert compile_source(TEXT.format(f"open {mode}"), ("doubled",))["doubled"](3) == 6
    assert not list(home.iterdir())


def test_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home.parent.mkdir(mode=0o700)
    home.symlink_to(elsewhere)
    assert cache_folder() is None


def test_no_place_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert cache_folder() is None
    assert compile_source(TEXT.format("nowhere"), ("doubled",))["doubled"](3) == 6
