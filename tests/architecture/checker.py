"""The rules of the house, read off the sources: what may import what, and what no file may hold.

Each rule is a function from a path (relative to the project) and a parsed source to a list of findings,
"path:line: what, and why". The tests beside this file hold the project against them, and hold each rule
against a sample that breaks it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]

SKIPPED_FOLDERS = {
    ".git",
    ".venv",
    ".stubs",
    "runs",
    "build",
    "dist",
    "node_modules",
    "__pycache__",
    ".hypothesis",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".ci",
    ".github",
}

# ---- arrows ----------------------------------------------------------------------------------------------

# Arrows run one way: activities -> mechanisms -> drivers -> hal. Services are handed tables and objects.
MAY_IMPORT = {
    "hal": {"hal"},
    "drivers": {"drivers", "hal"},
    "services": {"services", "hal", "tables"},
    "mechanisms": {"mechanisms", "drivers", "hal", "services", "tables"},
    "activities": {"activities", "mechanisms", "drivers", "hal", "services", "tables"},
    "tables": set(),
    "boot": {"hal", "board"},
    "main": {"payload", "hal", "board"},
    "slots": {"boot"},
    "inputs": {"payload", "drivers", "hal", "tables"},
    "watch": {"payload", "tables"},
    "watched": {"payload", "tables"},
    "ground": {"payload", "hal", "services", "tables"},
    "payload": {
        "ground",
        "inputs",
        "watch",
        "watched",
        "activities",
        "mechanisms",
        "drivers",
        "hal",
        "services",
        "tables",
        "board",
    },
    "dictionary": {"dictionary"},
    # The stimulus board's program, and its own hal: of the payload's firmware they may have the hal alone.
    "stimulus": {"stimulus", "hal", "board"},
    "stimulus_hal": {"stimulus"},
}

# The rooms that may import machine and rp2.
HALS = ("hal", "stimulus_hal")

# Modules of the firmware that are imported by their top name, each a room of its own.
ROOM_NAMES = {"boot", "main", "board", "dictionary", "stimulus"}

# What a MicroPython board has not, or has with another meaning. Under `if TYPE_CHECKING:` it does no harm.
NOT_ON_THE_BOARD = {
    "__future__",
    "abc",
    "argparse",
    "copy",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "inspect",
    "itertools",
    "logging",
    "multiprocessing",
    "operator",
    "pathlib",
    "pickle",
    "queue",
    "statistics",
    "string",
    "subprocess",
    "tempfile",
    "tomllib",
    "typing",
    "typing_extensions",
    "unittest",
    "weakref",
}

# What would let the wall clock, chance or another process into an emulated run.
NOT_DETERMINISTIC = {
    "asyncio",
    "datetime",
    "random",
    "secrets",
    "select",
    "socket",
    "threading",
    "_thread",
    "time",
    "utime",
    "uuid",
}

# The one file of the emulator that runs on CPython only: it puts the emulated modules in place there.
CPYTHON_ONLY = {"host_tools/emulator/loader.py"}


def room_of(path: str) -> str | None:
    """Give the room that a file of the firmware is in ("hal", "main", ...), or None outside the firmware."""
    parts = PurePosixPath(path).with_suffix("").parts
    if not parts or parts[0] != "firmware":
        return None
    if parts[1:3] == ("stimulus", "hal"):
        return "stimulus_hal"
    inside = parts[2:] if parts[1] == "rochette" else parts[1:]
    return inside[0] if inside and inside[0] != "__init__" else None


def imports(tree: ast.Module, path: str) -> Iterator[tuple[int, str, bool]]:
    """Yield (line, absolute module name, only for types) for each import of a source.

    `from a import b` yields both a and a.b, for b may be a module. Relative imports are resolved by the path.
    """
    package = list(PurePosixPath(path).parts[:-1])
    for top in ("firmware", "boards"):
        if package[:1] == [top]:
            package = package[1:]
    for node, typed in _walk(tree.body, False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, typed
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module:
                yield node.lineno, module, typed
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}" if module else alias.name, typed


def _walk(body: list[ast.stmt], typed: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Walk all statements, telling whether they stand under `if TYPE_CHECKING:`."""
    for node in body:
        yield node, typed
        if isinstance(node, ast.If):
            guard = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            yield from _walk(node.body, typed or guard)
            yield from _walk(node.orelse, typed)
        else:
            for field in ("body", "orelse", "finalbody"):
                yield from _walk(getattr(node, field, []), typed)
            for handler in getattr(node, "handlers", []):
                yield from _walk(handler.body, typed)


def arrow_findings(path: str, tree: ast.Module) -> list[str]:
    """Find imports of a firmware file that run against the arrows, types included."""
    room = room_of(path)
    if room is None:
        return []
    found = []
    allowed = MAY_IMPORT.get(room)
    if allowed is None:
        return [f"{path}:1: '{room}' is no room of the firmware: give it a row in MAY_IMPORT"]
    seen = set()
    for line, module, _ in imports(tree, path):
        parts = module.split(".")
        if parts[0] == "rochette" and len(parts) > 1:
            target = parts[1]
        elif parts[0] in ROOM_NAMES:
            target = parts[0]
        elif parts[0] == "host_tools":
            target = "host_tools"
        else:
            continue
        known = target in MAY_IMPORT or target in ("board", "host_tools")
        if known and target not in allowed and (line, target) not in seen:
            seen.add((line, target))
            found.append(f"{path}:{line}: {room} imports {module}: an arrow that runs back")
    return found


def hardware_findings(path: str, tree: ast.Module) -> list[str]:
    """Find imports of machine or rp2 outside the hal, and of time outside hal/clock.py, in the firmware."""
    if room_of(path) is None:
        return []
    found = []
    for line, module, _ in imports(tree, path):
        top = module.split(".")[0]
        if top in ("machine", "rp2") and room_of(path) not in HALS and "." not in module:
            found.append(f"{path}:{line}: imports {top}: only rochette/hal and stimulus/hal may")
        if top in ("time", "utime") and path != "firmware/rochette/hal/clock.py" and "." not in module:
            found.append(f"{path}:{line}: imports {top}: only rochette/hal/clock.py may")
    return found


def portability_findings(path: str, tree: ast.Module) -> list[str]:
    """Find imports that a MicroPython VM does not have, in what has to run on one."""
    if not runs_on_the_vm(path):
        return []
    return [
        f"{path}:{line}: imports {module}: MicroPython has none; for types alone guard it with TYPE_CHECKING"
        for line, module, typed in imports(tree, path)
        if module in NOT_ON_THE_BOARD and not typed
    ]


def determinism_findings(path: str, tree: ast.Module) -> list[str]:
    """Find imports that would let the wall clock, chance or other processes into the emulated payload."""
    if not path.startswith("host_tools/emulator/") or path in CPYTHON_ONLY:
        return []
    return [
        f"{path}:{line}: imports {module}: an emulated run knows no wall clock and no chance"
        for line, module, typed in imports(tree, path)
        if module in NOT_DETERMINISTIC and not typed
    ]


def board_findings(path: str, tree: ast.Module) -> list[str]:
    """Find anything but data in a board file: it imports nothing and calls nothing."""
    if not re.fullmatch(r"boards/[^/]+/board\.py", path):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(f"{path}:{node.lineno}: a board file imports nothing")
        elif isinstance(node, ast.Call | ast.FunctionDef | ast.ClassDef | ast.Lambda):
            found.append(f"{path}:{node.lineno}: a board file is data: no calls, functions or classes")
    return found


# ---- numbers ---------------------------------------------------------------------------------------------


def runs_on_the_vm(path: str) -> bool:
    """Tell whether a file has to run on MicroPython: the firmware less its declarations, and the emulator."""
    if path in CPYTHON_ONLY:
        return False
    on_board = path.startswith("firmware/") and not path.startswith("firmware/dictionary/")
    return on_board or path.startswith("host_tools/emulator/")


def float_findings(path: str, tree: ast.Module) -> list[str]:
    """Find floats and true division where only integers may be: firmware, its declarations, emulator."""
    if path in CPYTHON_ONLY or not path.startswith(("firmware/", "host_tools/emulator/", "boards/")):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"{path}:{node.lineno}: float {node.value}: single on a board, double on a PC")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(f"{path}:{node.lineno}: true division makes a float: use // with its unit")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            found.append(f"{path}:{node.lineno}: float(): integers with their unit in the name")
    return found


# ---- words -----------------------------------------------------------------------------------------------


def docstring_findings(path: str, tree: ast.Module) -> list[str]:
    """Find public modules, classes and functions of firmware and host tools without a docstring."""
    if not path.startswith(("firmware/", "host_tools/", "boards/")):
        return []
    found = [] if ast.get_docstring(tree) else [f"{path}:1: the module has no docstring"]
    documented = _documented_methods(tree)
    todo: list[tuple[str, ast.stmt]] = [("", node) for node in tree.body]
    while todo:
        prefix, node = todo.pop()
        if isinstance(node, ast.If | ast.Try):
            todo += [(prefix, inner) for inner in [*node.body, *node.orelse]]
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_") or _is_setter(node):
            continue
        name = prefix + node.name
        if not ast.get_docstring(node):
            found.append(f"{path}:{node.lineno}: {name} has no docstring")
        if isinstance(node, ast.ClassDef):
            inherited = {method for base in node.bases for method in documented.get(ast.unparse(base), ())}
            todo += [
                (name + ".", inner) for inner in node.body if getattr(inner, "name", "") not in inherited
            ]
    return sorted(found)


def _documented_methods(tree: ast.Module) -> dict[str, set[str]]:
    """Give each class's methods that have a docstring: a class that overrides one need not repeat it."""
    return {
        node.name: {m.name for m in node.body if isinstance(m, ast.FunctionDef) and ast.get_docstring(m)}
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def _is_setter(node: ast.stmt) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(d, ast.Attribute) and d.attr in ("setter", "deleter") for d in decorators)


def stub_findings(path: str, tree: ast.Module) -> list[str]:
    """Find bare excepts, NotImplementedError, and functions that do nothing and say nothing."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append(f"{path}:{node.lineno}: bare except: name what is expected, the rest must surface")
        elif isinstance(node, ast.Name) and node.id == "NotImplementedError":
            found.append(f"{path}:{node.lineno}: NotImplementedError: no stubs, write it or leave it out")
        elif isinstance(node, ast.FunctionDef) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass):
            found.append(
                f"{path}:{node.lineno}: {node.name} only passes: write it, or say why nothing is right"
            )
    return found


CHECKS = ("assert", "check", "expect", "must", "run_state_machine")


def hollow_test_findings(path: str, tree: ast.Module) -> list[str]:
    """Find tests that can't fail: no assert, no pytest.raises, no call of a helper named as one (CHECKS)."""
    if not PurePosixPath(path).name.startswith("test_"):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not _can_fail(node):
            found.append(f"{path}:{node.lineno}: {node.name} asserts nothing")
    return found


def _can_fail(test: ast.FunctionDef) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Call):
                return True  # a check that is chosen by its name, getattr(checks, name)()
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("raises", "fail") or name.lstrip("_").startswith(CHECKS):
                return True
    return False


UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
UNPROVEN = re.compile(r"\b(hermetic\w*|sterile|flight[- ]proven|temperature[- ]qualified)\b", re.IGNORECASE)
OF_ONE_MACHINE = re.compile(r"(?<![\w.~$}-])/(?:home|root|work|Users)/\w")
REGISTRY = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|debian)\.(?:org|com|io|net)\b|--(?:extra-)?index-url|\bregistry\.\w+\.\w+",
    re.IGNORECASE,
)


def text_findings(path: str, text: str) -> list[str]:
    """Find what no file may hold: unfinished work, unproven claims, one machine's paths, registry hosts."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, why in (
            (UNFINISHED, "unfinished work is not committed"),
            (UNPROVEN, "not claimed without hardware evidence (the words are 'seal activated')"),
            (OF_ONE_MACHINE, "a path of one machine"),
            (REGISTRY, "a registry's host: packages go by their names"),
        ):
            match = pattern.search(line)
            if match:
                found.append(f"{path}:{number}: '{match.group(0)}': {why}")
    return found


# ---- the project -----------------------------------------------------------------------------------------

SOURCE_RULES = (
    arrow_findings,
    hardware_findings,
    portability_findings,
    determinism_findings,
    board_findings,
    float_findings,
    docstring_findings,
    stub_findings,
    hollow_test_findings,
)

TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".lock", ".ini", ".json", ".js", ".html", ".yml", ".cfg", ""}


def files(root: Path = ROOT) -> list[Path]:
    """List the project's files, without what runs, builds and environments leave."""
    found: list[Path] = []
    todo = [root]
    while todo:
        for entry in sorted(todo.pop().iterdir()):
            if entry.name in SKIPPED_FOLDERS:
                continue  # .git is a file where the tree is a second one of its repository
            if entry.is_dir():
                if not entry.name.endswith(".egg-info"):
                    todo.append(entry)
            else:
                found.append(entry)
    return found


def findings(root: Path = ROOT) -> list[str]:
    """Hold every file of the project against every rule."""
    found = []
    for file in files(root):
        path = file.relative_to(root).as_posix()
        if file.suffix not in TEXT_SUFFIXES or path.startswith("tests/architecture/"):
            continue  # the samples that break the rules stand in tests/architecture
        text = file.read_text(encoding="utf-8")
        found += text_findings(path, text)
        if file.suffix == ".py":
            tree = ast.parse(text, path)
            for rule in SOURCE_RULES:
                found += rule(path, tree)
    return found


def folders_without_readme(root: Path = ROOT) -> list[str]:
    """List the folders that hold files (their own or a subfolder's) but no README.md stating their rule."""
    folders = {folder for file in files(root) for folder in file.relative_to(root).parents}
    return sorted(f.as_posix() for f in folders if not (root / f / "README.md").is_file())
