"""The README says what runs."""

import re
from pathlib import Path

from lagrangians import catalogue

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_python_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(example.strip().splitlines()) <= 11
    names: dict = {}
    exec(compile(example, "README", "exec"), names)
    assert names["found"].lagrangian.is_equivalent(catalogue.sine_gordon(c=1.2, m=0.9), tolerance=1e-3)
    assert "phi_x**2" in capsys.readouterr().out


def test_commands_are_make_targets():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\w+)", README, re.M):
        assert f"\n{target}:" in makefile


def test_linked_files_exist():
    for link in re.findall(r"\]\(((?!https?:)[^)]+)\)", README):
        assert (ROOT / link).exists(), link
