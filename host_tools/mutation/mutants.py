"""Mutants of a source file: cosmic-ray's operators, one place at a time.

Left out, because they say nothing of the code's meaning: `is` for `==` between numbers (it asks CPython's
store of small integers), operators inside type annotations, decorators taken away (a property without its
decorator is another language), and operators that have to be told names of variables.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_LEFT_OUT = ("core/RemoveDecorator", "core/VariableInserter", "core/VariableReplacer")
_IDENTITY = ("_Is", "_IsNot")
_NUMBERS = "core/NumberReplacer"
_REPLACED = ("core/ReplaceBinaryOperator_", "core/ReplaceComparisonOperator_")
REPLACEMENTS = 2
"""Of the up to eleven operators that can stand in the place of one, so many at random: every place is tried,
and what notices `a * b` for `a + b` mostly notices `a ** b` too. mutmut takes one."""
_NUMBERS_A_FILE = 60  # of the number replacements, most of them in tables of positions, so many at random


@dataclass(frozen=True)
class Mutant:
    """One changed place."""

    file: str
    """Relative to the project."""
    operator: str
    line: int
    where: str
    """Qualified name of the function, or "" at the level of module and class."""
    before: str
    after: str
    """The changed lines, stripped."""
    source: str
    """The whole file, changed."""
    lines: frozenset[int]
    """Of the statement's own part: its header if it has a body."""

    @property
    def name(self) -> str:
        """What stands in survivors.toml: it holds when lines move."""
        return f"{Path(self.file).stem} {self.where or 'module'}: {self.before} => {self.after}"


class _Places:
    """What stands where in a source: functions, statements, annotations."""

    def __init__(self, source: str) -> None:
        self._statements: list[ast.stmt] = []
        self._functions: list[tuple[int, int, str]] = []
        self._annotations: list[tuple[tuple[int, int], tuple[int, int]]] = []
        self._look(ast.parse(source), "")

    def _look(self, node: ast.AST, within: str) -> None:
        for field in ("annotation", "returns"):
            said = getattr(node, field, None)
            if isinstance(said, ast.expr):
                end = (said.end_lineno or said.lineno, said.end_col_offset or said.col_offset)
                self._annotations.append(((said.lineno, said.col_offset), end))
        if isinstance(node, ast.stmt):
            self._statements.append(node)
        name = within
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            name = f"{within}.{node.name}" if within else node.name
        if isinstance(node, ast.FunctionDef):
            self._functions.append((node.body[0].lineno, node.end_lineno or node.lineno, name))
        for child in ast.iter_child_nodes(node):
            self._look(child, name)

    def annotation(self, place: tuple[int, int]) -> bool:
        return any(start <= place < end for start, end in self._annotations)

    def function(self, line: int) -> str:
        """The outermost one around a line of a body: nested code is part of it."""
        return next((name for first, last, name in self._functions if first <= line <= last), "")

    def statement(self, line: int) -> frozenset[int]:
        around = [s for s in self._statements if s.lineno <= line <= (s.end_lineno or s.lineno)]
        if not around:
            return frozenset((line,))
        inner = max(around, key=lambda s: (s.lineno, -(s.end_lineno or s.lineno)))
        body = getattr(inner, "body", None)
        last = max(inner.lineno, body[0].lineno - 1) if body else inner.end_lineno or inner.lineno
        return frozenset(range(inner.lineno, last + 1))


def _told(operator: str) -> bool:
    """Whether the operator's change tells something of the code: see the top."""
    if operator in _LEFT_OUT:
        return False
    compared = operator.startswith("core/ReplaceComparisonOperator_")
    return not (compared and operator.endswith(_IDENTITY) and not operator.split("_")[1].startswith("Is"))


@cache
def _operators() -> dict[str, Any]:
    from cosmic_ray.plugins import get_operator, operator_names  # pyright: ignore[reportMissingImports]

    return {name: get_operator(name)() for name in sorted(operator_names()) if _told(name)}


def mutants(
    root: Path, file: str, chance: random.Random, replacements: int = REPLACEMENTS
) -> Iterator[Mutant]:
    """Every place of every operator in a file; of the number replacements a random share."""
    from cosmic_ray.ast import ast_nodes, get_ast  # pyright: ignore[reportMissingImports]

    source = (root / file).read_text(encoding="utf-8")
    places = _Places(source)
    tree = get_ast(source)
    nodes = list(ast_nodes(tree))
    found = [
        _Place(name, operator, node, index, start)
        for name, operator in _operators().items()
        for node in nodes
        for index, (start, _end) in enumerate(operator.mutation_positions(node))
        if not places.annotation(start)
    ]
    for place in _thinned(found, chance, replacements):
        changed = _changed(tree, place.node, place.operator, place.index)
        if tree.get_code() != source:  # an operator that reaches deeper than _changed puts back
            raise RuntimeError(f"{place.name} at {file}:{place.start[0]} could not be taken back")
        if changed != source:
            yield _mutant(file, place.name, place.start[0], source, changed, places)


@dataclass(frozen=True)
class _Place:
    """Where an operator can change something."""

    name: str
    operator: Any
    node: Any
    index: int
    start: tuple[int, int]


def _thinned(found: list[_Place], chance: random.Random, replacements: int) -> list[_Place]:
    """Of each kind of change as many as are told at the top, in the order of the source."""
    numbers = [place for place in found if place.name == _NUMBERS]
    if len(numbers) > _NUMBERS_A_FILE:
        numbers = chance.sample(numbers, _NUMBERS_A_FILE)
    chosen = [place for place in found if place.name != _NUMBERS and not place.name.startswith(_REPLACED)]
    for start in sorted({place.start for place in found}):
        here = [place for place in found if place.start == start and place.name.startswith(_REPLACED)]
        chosen += chance.sample(here, min(len(here), replacements))
    return sorted(chosen + numbers, key=lambda place: (place.start, place.name))


def _changed(tree: Any, node: Any, operator: Any, index: int) -> str:
    """The source with one place changed; the tree is as before."""
    children = list(node.children) if hasattr(node, "children") else None
    deeper = [(child, list(child.children)) for child in children or () if hasattr(child, "children")]
    values = [(leaf, leaf.value) for leaf in (node, *(children or ())) if hasattr(leaf, "value")]
    parent = node.parent
    at = next((n for n, child in enumerate(parent.children) if child is node), 0) if parent else 0
    try:
        new = operator.mutate(node, index)
        if new is not node and parent is not None:
            parent.children[at] = new
        return str(tree.get_code())
    finally:
        if parent is not None:
            parent.children[at] = node
        if children is not None:
            node.children = children
        for child, below in deeper:
            child.children = below
        for leaf, value in values:
            leaf.value = value


def _mutant(file: str, operator: str, line: int, source: str, changed: str, places: _Places) -> Mutant:
    old, new = source.splitlines(), changed.splitlines()
    first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), line - 1)
    tail = next(
        (n for n, (a, b) in enumerate(zip(reversed(old), reversed(new), strict=False)) if a != b),
        len(old) - line,
    )
    before = " ".join(text.strip() for text in old[first : max(first + 1, len(old) - tail)])
    after = " ".join(text.strip() for text in new[first : max(first + 1, len(new) - tail)])
    return Mutant(
        file, operator, first + 1, places.function(line), before, after, changed, places.statement(line)
    )
