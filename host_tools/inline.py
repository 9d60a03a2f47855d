"""Put the firmware's numbers into its code before it is compiled.

MicroPython folds constants within a file, not across files. Imported from tables.py, each of the firmware's
nine hundred numbers would cost a name in the table, a name in every file that imports it, and a look-up
each time it is read. This pass reads a source file and writes the number where the name stands, so that the
compiler sees a literal; of tables.py only its tuples remain. The numbers of every other file (`TICK_MS = 10`,
private or not) are put in place the same way, there and where they are imported, and their names are gone.
So are names that only the host's tools look at (TYPE_CHECKING and what stands below it, `micropython` of a
decorator): each would take eight bytes of the heap in every module. And the functions that hot.py names are
compiled to machine code. Nothing else changes: the files on the other targets are the same sources without
the pass, and a test runs both and compares traces.
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
A_NUMBER = re.compile(r"_?[A-Z][A-Z0-9_]*")
CHECKING = "TYPE_CHECKING"
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


def own_numbers(tree: ast.Module, constants: dict[str, int]) -> dict[str, int]:
    """The numbers of a file that are given once, at its top level, by a name that means nothing else there.

    `constants`: those of tables.py, by name.
    """
    imported = {
        alias.name
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom) and n.module == TABLES
        for alias in n.names
    }
    constants = {name: value for name, value in constants.items() if name in imported}
    other = {n.arg for n in ast.walk(tree) if isinstance(n, (ast.arg, ast.keyword))}
    stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    found: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            value = _value(node.value, constants | found)
            if (
                A_NUMBER.fullmatch(name)
                and stored.count(name) == 1
                and name not in other
                and value is not None
            ):
                found[name] = value
    return found


def all_numbers(firmware: Path = paths.FIRMWARE) -> dict[str, dict[str, int]]:
    """The numbers of every file that goes onto the board, tables.py among them, by module and name.

    Those of a file are found with what it imports from the dictionary; one that is made of another file's is
    no number here.
    """
    tables = numbers((firmware / "rochette" / "tables.py").read_text(encoding="utf-8"))
    found = {TABLES: tables}
    for path in sizes.payload_sources(firmware):
        module = path.relative_to(firmware).with_suffix("").as_posix().replace("/", ".")
        if module != TABLES:
            found[module] = own_numbers(ast.parse(path.read_text(encoding="utf-8")), tables)
    return found


def inline(source: str, known: dict[str, dict[str, int]]) -> str:
    """`source` with each number that it imports from a module of `known`, and each of its own, in place of
    its name; lines keep their numbers."""
    tree = ast.parse(source)
    own = own_numbers(tree, known.get(TABLES, {}))
    names = dict(own)
    modules: dict[str, dict[str, int]] = {}
    lines = source.splitlines(keepends=True)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module in known:
            given = known[node.module]
            kept = [alias for alias in node.names if alias.name not in given]
            names.update({a.asname or a.name: given[a.name] for a in node.names if a.name in given})
            _import_only(lines, node, kept)
        for alias in node.names:
            if f"{node.module}.{alias.name}" in known:
                modules[alias.asname or alias.name] = known[f"{node.module}.{alias.name}"]
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in own
        ):
            _blank(lines, node)
    return _without_checking(_put("".join(lines), names, modules))


def _blank(lines: list[str], node: ast.stmt) -> None:
    for line in range(node.lineno - 1, node.end_lineno or node.lineno):
        lines[line] = "\n"


def _import_only(lines: list[str], node: ast.ImportFrom, kept: list[ast.alias]) -> None:
    """Have an import bring no more than `kept`."""
    if len(kept) == len(node.names):
        return
    _blank(lines, node)
    names = ", ".join(f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in kept)
    text = f"from {node.module} import {names}" if kept else "pass"
    lines[node.lineno - 1] = f"{' ' * node.col_offset}{text}\n"


def _without_checking(source: str) -> str:
    """`source` without what the compiler needs no name for: TYPE_CHECKING, `micropython` in decorators, an
    unused const."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    decorators = [
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        for inner in ast.walk(decorator)
    ]
    used = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n not in decorators]
    blocks = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == CHECKING
    ]
    checked = used.count(CHECKING) == len(blocks) + 1 and not any(block.orelse for block in blocks)
    for node in tree.body:
        if node in blocks and checked:
            _blank(lines, node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == CHECKING and checked:
                _blank(lines, node)
        elif isinstance(node, ast.Import) and [alias.name for alias in node.names] == ["micropython"]:
            if "micropython" not in used:
                _blank(lines, node)
        elif isinstance(node, ast.ImportFrom) and node.module == "micropython":
            _import_only(lines, node, [a for a in node.names if a.name != "const" or "const" in used])
    return "".join(lines)


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
    return "".join(lines)


def _put(source: str, names: dict[str, int], modules: dict[str, dict[str, int]]) -> str:
    """Replace NAME, and MODULE.NAME, token by token, from the end so that positions stay true."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.splitlines(keepends=True)
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.type != tokenize.NAME:
            continue
        start = token.start
        if at and tokens[at - 1].string == ".":
            module = modules.get(tokens[at - 2].string, {})
            if token.string not in module or tokens[at - 3].string == ".":
                continue
            number = module[token.string]
            start = tokens[at - 2].start
        elif token.string in names:
            number = names[token.string]
        else:
            continue
        row = start[0] - 1
        text = str(number) if number >= 0 else f"({number})"
        lines[row] = lines[row][: start[1]] + text + lines[row][token.end[1] :]
    return "".join(lines)


def write(target: Path, firmware: Path = paths.FIRMWARE, native: bool = False) -> int:
    """Write every file that goes onto the board into `target`, numbers in place. Gives how many files.

    `native`: with what hot.py names as machine code. For an image, where it runs from flash: in a file system
    it would be loaded into the heap.
    """
    tables = firmware / "rochette" / "tables.py"
    known = all_numbers(firmware)
    count = 0
    for path in sizes.payload_sources(firmware):
        text = path.read_text(encoding="utf-8")
        out = target / path.relative_to(firmware)
        out.parent.mkdir(parents=True, exist_ok=True)
        name = path.relative_to(firmware).as_posix()
        new = inline_tables(text) if path == tables else inline(text, known)
        hot_ones = hot.FUNCTIONS.get(name, ()) if native else ()
        out.write_text(make_native(new, hot_ones), encoding="utf-8")
        count += 1
    return count
