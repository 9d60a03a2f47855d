"""Names in the documentation, held against the code: `module.function`, `module.Class.method`, `a/file.py`.

In a page every code span that looks like a dotted name is one: a module (`feed`, or more of its path as in
`run.runner`), then what that module defines. Every code span with a slash is a path in the project. A name
that is nowhere, or in two places, is an error.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("firmware", "host_tools", "boards", "tests")

SPAN = re.compile(r"`([^`\n]+)`")
DOTTED = re.compile(r"[a-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\(\))?")
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
FILE_ENDINGS = (
    ".py", ".mjs", ".md", ".toml", ".json", ".jsonl", ".csv", ".html", ".png", ".lock", ".ini", ".mpy",
)  # fmt: skip


class NameProblem(Exception):
    """A name in the documentation that the code does not have, or has twice."""


def spans(page: str) -> list[str]:
    """List the code spans of a page, fenced blocks left out."""
    return SPAN.findall(re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL))


def names(page: str) -> list[str]:
    """List the dotted names in the code spans of a page, in their order."""
    return [s.removesuffix("()") for s in spans(page) if DOTTED.fullmatch(s) and not s.endswith(FILE_ENDINGS)]


def paths(page: str) -> list[str]:
    """List the project paths in a page's code spans.

    Not what a run leaves, nor a file yet to be named NAME.
    """
    found = [s for s in spans(page) if "/" in s and PATH.fullmatch(s)]
    return [s for s in found if not s.startswith("runs/") and "NAME" not in s]


@cache
def modules() -> dict[tuple[str, ...], Path]:
    """Map the parts of each module's path to its file."""
    found = {}
    for place in PLACES:
        for file in (ROOT / place).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[parts[:-1] if parts[-1] == "__init__" else parts] = file
    return found


@cache
def defined(file: Path) -> frozenset[str]:
    """Give what a module defines: "f", "Class", "Class.method", "Class.attribute", "CONSTANT"."""
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        found |= _top_names(node)
        if isinstance(node, ast.ClassDef):
            inside = {name for inner in node.body for name in _top_names(inner)}
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                    if isinstance(inner.value, ast.Name) and inner.value.id == "self":
                        inside.add(inner.attr)
            found |= {f"{node.name}.{name}" for name in inside}
    return frozenset(found)


def _top_names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    return {target.id for target in targets if isinstance(target, ast.Name)}


def find(name: str) -> Path:
    """Give the file that defines a dotted name. Raises NameProblem when there is none or more than one."""
    parts = tuple(name.split("."))
    found = []
    known = []
    for length in range(1, len(parts)):
        for module, file in modules().items():
            if module[-length:] == parts[:length]:
                known.append(file)
                if ".".join(parts[length:]) in defined(file):
                    found.append(file)
    if len(found) == 1:
        return found[0]
    if found:
        raise NameProblem(f"{name}: in {_list(found)}; put the folder before it")
    if known:
        raise NameProblem(f"{name}: not in {_list(known)}")
    raise NameProblem(f"{name}: there is no module {parts[0]}")


def _list(files: list[Path]) -> str:
    return " and ".join(sorted(file.relative_to(ROOT).as_posix() for file in files))
