"""Put the dictionary's numbers into the firmware's code before it is compiled.

MicroPython folds constants within a file, not across files. Imported from tables.py, each of the firmware's
nine hundred numbers would cost a name in the table, a name in every file that imports it, and a look-up
each time it is read. This pass reads a source file and writes the number where the name stands, so that the
compiler sees a literal; of tables.py only its tuples remain. Nothing else changes: the files on the other
targets are the same sources without the pass, and a test runs both and compares traces.
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

from host_tools import paths, sizes

TABLES = "rochette.tables"


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


def inline(source: str, constants: dict[str, int]) -> str:
    """`source` with each number imported from tables.py in place of its name; lines keep their numbers."""
    tree = ast.parse(source)
    names: set[str] = set()
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
    return _put("".join(lines), names, aliases, constants)


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


def write(target: Path, firmware: Path = paths.FIRMWARE) -> int:
    """Write every file that goes onto the board into `target`, numbers in place. Gives how many files."""
    tables = firmware / "rochette" / "tables.py"
    constants = numbers(tables.read_text(encoding="utf-8"))
    count = 0
    for path in sizes.sources(firmware):
        text = path.read_text(encoding="utf-8")
        out = target / path.relative_to(firmware)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(inline_tables(text) if path == tables else inline(text, constants), encoding="utf-8")
        count += 1
    return count
