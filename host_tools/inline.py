"""Put the dictionary's numbers into the firmware's code before it is compiled.

MicroPython folds constants within a file, not across files. Imported from tables.py, each of the firmware's
nine hundred numbers would cost a name in the table, a name in every file that imports it, and a look-up
each time it is read. This pass reads a source file and writes the number where the name stands, so that the
compiler sees a literal; of tables.py only its tuples remain. A file's own private numbers (`_TICK_MS = 10`)
are put in place the same way. And the functions that hot.py names are compiled to machine code. Nothing else
changes: the files on the other targets are the same sources without the pass, and a test runs both and
compares traces.
"""

from __future__ import annotations

import ast
import io
import operator
import re
import tokenize
from collections.abc import Collection
from pathlib import Path

from host_tools import hot, paths, sizes

TABLES = "rochette.tables"
PRIVATE = re.compile(r"_[A-Z][A-Z0-9_]*")
NATIVE = "@micropython.native"
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.BitOr: operator.or_,
}


def numbers(tables_source: str) -> dict[str, int]:
    """Every integer constant of tables.py by name."""
    found: dict[str, int] = {}
    for node in ast.parse(tables_source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = ast.literal_eval(node.value)
            if isinstance(value, int):
                found[node.targets[0].id] = value
    return found


def inline_tables(tables_source: str) -> str:
    """tables.py without its integer constants."""
    lines = tables_source.splitlines(keepends=True)
    for node in ast.parse(tables_source).body:
        if isinstance(node, ast.Assign) and isinstance(ast.literal_eval(node.value), int):
            for line in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[line] = ""
    return "".join(lines)


def _value(node: ast.expr, known: dict[str, int]) -> int | None:
    """What a number of a file is: a literal, one of its numbers before it, arithmetic or const() of those."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _value(node.operand, known)
        return None if inner is None else -inner
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const":
        return _value(node.args[0], known)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, known), _value(node.right, known)
        if left is not None and right is not None:
            return int(_OPERATORS[type(node.op)](left, right))
    return None


def private_numbers(tree: ast.Module, constants: dict[str, int]) -> dict[str, int]:
    """The private numbers of a file that are given once, at its top level."""
    stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    found: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            value = _value(node.value, constants | found)
            if PRIVATE.fullmatch(name) and stored.count(name) == 1 and value is not None:
                found[name] = value
    return found


def inline(source: str, constants: dict[str, int]) -> str:
    """`source` with each number that it imports from tables.py, and each private number of its own, in place
    of its name; lines keep their numbers."""
    tree = ast.parse(source)
    private = private_numbers(tree, constants)
    names: set[str] = set(private)
    aliases: set[str] = set()
    lines = source.splitlines(keepends=True)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.module == TABLES:
            kept = [alias.name for alias in node.names if alias.name not in constants]
            names.update(alias.name for alias in node.names if alias.name in constants)
            first, last = node.lineno - 1, node.end_lineno or node.lineno
            indent = " " * node.col_offset
            lines[first] = f"{indent}from {TABLES} import {', '.join(kept)}\n" if kept else f"{indent}pass\n"
            lines[first + 1 : last] = ["\n"] * (last - first - 1)
        elif node.module == "rochette":
            aliases.update(alias.asname or alias.name for alias in node.names if alias.name == "tables")
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in private:
                first, last = node.lineno - 1, node.end_lineno or node.lineno
                lines[first:last] = ["\n"] * (last - first)
    return _put("".join(lines), names, aliases, constants | private)


def make_native(source: str, functions: Collection[str]) -> str:
    """`source` with the named functions (`function` or `Class.method`) compiled to machine code. Raises
    ValueError for a name that is not there, and for a generator: its state is no machine code's."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    missing = set(functions)
    rows: list[tuple[int, str]] = []
    parents: list[ast.Module | ast.ClassDef] = [tree]
    parents += [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for parent in parents:
        for node in parent.body:
            if not isinstance(node, ast.FunctionDef):
                continue
            name = f"{parent.name}.{node.name}" if isinstance(parent, ast.ClassDef) else node.name
            if name not in missing:
                continue
            if any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in ast.walk(node)):
                raise ValueError(f"{name} is a generator")
            missing.discard(name)
            rows.append((node.lineno - 1, f"{' ' * node.col_offset}{NATIVE}\n"))
    if missing:
        raise ValueError(f"no function {', '.join(sorted(missing))}")
    for row, text in sorted(rows, reverse=True):
        lines.insert(row, text)
    # A module's docstring is not needed any more, so that an import may come first.
    return "import micropython\n" + "".join(lines) if rows else source


def _put(source: str, names: set[str], aliases: set[str], constants: dict[str, int]) -> str:
    """Replace NAME, and ALIAS.NAME, token by token, from the end so that positions stay true."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.splitlines(keepends=True)
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.type != tokenize.NAME:
            continue
        start = token.start
        if at >= 2 and tokens[at - 1].string == "." and tokens[at - 2].string in aliases:
            if token.string not in constants:
                continue
            start = tokens[at - 2].start
        elif token.string not in names or (at and tokens[at - 1].string == "."):
            continue
        row = start[0] - 1
        number = constants[token.string]
        text = str(number) if number >= 0 else f"({number})"
        lines[row] = lines[row][: start[1]] + text + lines[row][token.end[1] :]
    return "".join(lines)


def write(target: Path, firmware: Path = paths.FIRMWARE, native: bool = False) -> int:
    """Write every file that goes onto the board into `target`, numbers in place. Gives how many files.

    `native`: with what hot.py names as machine code. For an image, where it runs from flash: in a file system
    it would be loaded into the heap.
    """
    tables = firmware / "rochette" / "tables.py"
    constants = numbers(tables.read_text(encoding="utf-8"))
    count = 0
    for path in sizes.payload_sources(firmware):
        text = path.read_text(encoding="utf-8")
        out = target / path.relative_to(firmware)
        out.parent.mkdir(parents=True, exist_ok=True)
        name = path.relative_to(firmware).as_posix()
        new = inline_tables(text) if path == tables else inline(text, constants)
        hot_ones = hot.FUNCTIONS.get(name, ()) if native else ()
        out.write_text(make_native(new, hot_ones), encoding="utf-8")
        count += 1
    return count
