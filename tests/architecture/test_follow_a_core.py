"""The pages of docs/ name real functions and real paths, and the links between them hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture import names

DOCS = names.ROOT / "docs"
PAGE = DOCS / "follow-a-core.md"
PAGES = [names.ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_in_a_page_is_in_the_code(page: Path) -> None:
    problems = []
    for name in names.names(page.read_text(encoding="utf-8")):
        try:
            names.find(name)
        except names.NameProblem as problem:
            problems.append(str(problem))
    assert not problems, f"{page.name}:\n" + "\n".join(problems)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_in_a_page_is_there(page: Path) -> None:
    missing = [p for p in names.paths(page.read_text(encoding="utf-8")) if not (names.ROOT / p).exists()]
    assert not missing, f"{page.name}: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_holds(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not broken, f"{page.name}: {broken}"


def test_the_page_follows_the_whole_way() -> None:
    """Every step of the procedure is named, in the order in which the procedure takes them."""
    source = (names.ROOT / "firmware/rochette/activities/acquire.py").read_text(encoding="utf-8")
    procedure = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "procedure"
    )
    calls = [
        node for node in ast.walk(procedure) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    steps = [
        call.func.id
        for call in sorted(calls, key=lambda call: call.lineno)
        if isinstance(call.func, ast.Name)
    ]
    assert len(steps) > 15
    named = [name.split(".")[-1] for name in names.names(PAGE.read_text(encoding="utf-8"))]
    at = 0
    for step in steps:
        assert step in named[at:], (
            f"{step} is missing from docs/follow-a-core.md, or stands before {named[at - 1]}"
        )
        at = named.index(step, at) + 1
    assert len(named) > 50


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nosuchmodule.f", "no module nosuchmodule"),
        ("paths.find_nothing", "not in host_tools/paths.py"),
        ("paths.MissingPart.colour", "not in host_tools/paths.py"),
        ("README.f", "no module README"),
    ],
)
def test_a_wrong_name_is_found(name: str, says: str) -> None:
    with pytest.raises(names.NameProblem, match=re.escape(says)):
        names.find(name)


def test_a_right_name_is_found() -> None:
    assert names.find("paths.find_micropython") == names.ROOT / "host_tools" / "paths.py"
    assert names.find("host_tools.paths.ROOT") == names.ROOT / "host_tools" / "paths.py"
    assert names.find("architecture.names.find") == names.ROOT / "tests" / "architecture" / "names.py"


def test_what_counts_as_a_name() -> None:
    page = "`a.b`, `a.B.c()`, `x.py`, `one`, `docs/x.md`, `runs/1/run.json`, `pip install a.b`\n"
    page += "```\n`no.name`\n```\n"
    assert names.names(page) == ["a.b", "a.B.c"]
    assert names.paths(page) == ["docs/x.md"]
