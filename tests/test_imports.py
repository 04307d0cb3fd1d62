"""Imports go one way, lagrangians ← simulations ← fieldnet, and never in a circle, nor inside functions."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("lagrangians", "simulations", "fieldnet")
FORBIDDEN = {
    "lagrangians": {"torch", "simulations", "fieldnet", "scipy", "xarray", "matplotlib"},
    "simulations": {"fieldnet"},
    "fieldnet": set(),
}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def runtime_nodes(tree: ast.AST) -> list[ast.AST]:
    """All nodes, those inside functions too, but not the body of `if TYPE_CHECKING`."""
    found = [tree]
    for node in found:
        children = node.orelse if is_type_checking(node) else ast.iter_child_nodes(node)
        found.extend(children)
    return found


def imported(source: str, module: str, is_package: bool) -> set[str]:
    """Dotted names that a module imports, relative ones made absolute; `from a import b` gives `a.b`."""
    names: set[str] = set()
    for node in runtime_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            base = parts[: len(parts) - node.level + is_package] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{origin}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and called_name(node) in ("import_module", "__import__"):
            names |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return names


def called_name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(module: str) -> set[str]:
    path = MODULES[module]
    return imported(path.read_text("utf-8"), module, path.name == "__init__.py")


def test_every_package_is_walked() -> None:
    assert {module.split(".")[0] for module in MODULES} == set(PACKAGES)
    assert "sympy" in {name.split(".")[0] for name in imports_of("lagrangians.density")}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package: str) -> None:
    for module in MODULES:
        if module.split(".")[0] == package:
            tops = {name.split(".")[0] for name in imports_of(module)}
            assert not tops & FORBIDDEN[package], f"{module} imports {tops & FORBIDDEN[package]}"


def test_no_module_imports_itself_in_a_circle() -> None:
    """`from a import b` is an edge to the module a.b where there is one, else to a."""
    graph = {}
    for module in MODULES:
        targets = set()
        for name in imports_of(module):
            known = name if name in MODULES else name.rpartition(".")[0]
            targets |= {known} & set(MODULES)
        graph[module] = targets - {module}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    "source, expected",
    [
        ("import torch", {"torch"}),
        ("def f():\n    from simulations import grids", {"simulations.grids"}),
        ("try:\n    import fieldnet.lconv as x\nexcept ImportError:\n    pass", {"fieldnet.lconv"}),
        ("from . import jets", {"lagrangians.jets"}),
        ("from .jets import name", {"lagrangians.jets.name"}),
        ("from importlib import import_module\nimport_module('torch')", {"torch"}),
        ("if typing.TYPE_CHECKING:\n    import torch\nelse:\n    import numpy", {"numpy"}),
    ],
)
def test_the_walk_sees_hidden_imports(source: str, expected: set[str]) -> None:
    found = imported(source, "lagrangians.density", is_package=False)
    assert found - {"importlib.import_module"} == expected


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(run.stdout.split())


def test_importing_lagrangians_loads_no_torch_and_nothing_that_needs_numpy() -> None:
    loaded = loaded_by("import lagrangians")
    assert "sympy" in loaded
    assert not loaded & {"torch", "scipy", "simulations", "fieldnet", "lagrangians.expansion"}


def test_all_of_lagrangians_runs_without_torch() -> None:
    statement = "import lagrangians\nfor name in lagrangians.__all__: getattr(lagrangians, name)"
    loaded = loaded_by(statement)
    assert "lagrangians.expansion" in loaded
    assert not loaded & {"torch", "scipy", "simulations", "fieldnet"}
