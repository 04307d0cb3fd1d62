"""The code of the documentation pages runs, and gives what the pages say."""

import ast
import re
from pathlib import Path

import pytest
import torch

PAGES = sorted(Path(__file__).parents[1].joinpath("docs").glob("*.md"))
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(autouse=True)
def _default_dtype_is_given_back():
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def claims(source: str) -> list[tuple[ast.stmt, str | None]]:
    """Statements with the text of the comment `# -> text` that follows, or None."""
    lines = source.splitlines()
    result = []
    for statement in ast.parse(source).body:
        after = lines[statement.end_lineno] if statement.end_lineno < len(lines) else ""
        result.append((statement, after.removeprefix("# -> ") if after.startswith("# -> ") else None))
    return result


@pytest.mark.parametrize(
    "page", [p for p in PAGES if BLOCK.search(p.read_text("utf-8"))], ids=lambda p: p.stem
)
def test_a_page_says_what_its_code_gives(page: Path) -> None:
    names: dict = {}
    for block in BLOCK.findall(page.read_text("utf-8")):
        for statement, expected in claims(block):
            module = ast.Module([statement], [])
            if expected is None:
                exec(compile(module, page.name, "exec"), names)
                continue
            assert isinstance(statement, ast.Expr), f"a claim follows no expression: {ast.unparse(statement)}"
            value = eval(compile(ast.Expression(statement.value), page.name, "eval"), names)
            assert str(value) == expected, ast.unparse(statement)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_claim_of_a_page_is_checked(page: Path) -> None:
    """No `# -> ` comment is orphaned by a blank line, by indentation or by standing outside of a block."""
    text = page.read_text("utf-8")
    checked = sum(e is not None for block in BLOCK.findall(text) for _, e in claims(block))
    assert checked == text.count("# -> ") - text.count("`# -> ")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_links_of_a_page_resolve(page: Path) -> None:
    for link in re.findall(r"\]\(((?!https?:|#)[^)#\s]+)", page.read_text("utf-8")):
        assert (page.parent / link).exists(), link


def test_the_example_page_makes_claims() -> None:
    page = next(p for p in PAGES if p.stem == "variational-calculus")
    assert page.read_text("utf-8").count("\n# -> ") > 30


def test_a_claim_belongs_to_the_statement_before_it() -> None:
    found = claims("a = 1\na\n# -> 1\n[\n    a\n]\n# -> [1]\na\n\n# -> orphan\n")
    assert [expected for _, expected in found] == [None, "1", "[1]", None]
