"""What goes onto a board: which files in which form, and the manifest that names them.

    frozen   the image on the board has the firmware: board, start files, and only modules that differ from it
    mpy      a stock image: everything, compiled, with the dictionary's numbers in the code (inline.py)
    py       a stock image: everything, as source with those numbers, for a look inside

A stock image on an RP2040 has not the RAM for the firmware: 180 KB of compiled code, and 242 KB of heap at
start, of which the built payload needs over 100 KB. So there the image has to be ours; on an RP2350 any will
do.
"""

from __future__ import annotations

import ast
import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from host_tools import inline, paths, sizes
from host_tools.boards import find
from host_tools.deploy.errors import DeployError

FROZEN, MPY, PY = "frozen", "mpy", "py"
FORMS = (FROZEN, MPY, PY)
LOADER = "slots.py"
START = """import main

main.main()
"""
"""The board's own /main.py: `main` is found in the copy that firmware/slots.py has chosen."""

ARCHITECTURE = {"rp2040": sizes.ARCHITECTURE, "rp2350": "armv7emsp"}
"""What mpy-cross compiles native code for."""

_BEFORE = ("boot", "board")
"""What runs before outputs are safe: these, and what they import."""


@dataclass
class Copy:
    """One copy of the firmware as it will stand in its folder: names and contents, and how it was made."""

    board: str
    form: str
    image: str
    files: dict[str, bytes] = field(default_factory=dict)
    differs: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """A hash of everything in it."""
        return hashlib.sha256("\n".join(self._lines()).encode()).hexdigest()[:16]

    def _lines(self) -> list[str]:
        return [f"{hashed(data)} {len(data)} {name}" for name, data in sorted(self.files.items())]

    def manifest(self) -> bytes:
        """The manifest: `DIGEST BOARD FORM IMAGE`, then `HASH BYTES NAME` for each file."""
        head = f"{self.digest} {self.board} {self.form} {self.image}"
        return "\n".join([head, *self._lines(), ""]).encode()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))


def hashed(data: bytes) -> str:
    """The hash of a file, as it stands in a manifest."""
    return hashlib.sha256(data).hexdigest()[:16]


@cache
def inlined() -> dict[str, str]:
    """Every file that goes onto a board, by its path, with the dictionary's numbers in place."""
    with tempfile.TemporaryDirectory() as folder:
        inline.write(Path(folder))
        return {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(Path(folder).rglob("*.py"))
        }


def _inlined_one(name: str) -> str:
    """One file as `inlined` has it."""
    return inline.inline((paths.FIRMWARE / name).read_text(encoding="utf-8"), inline.all_numbers())


def own_modules() -> dict[str, str]:
    """What an image of the present sources has: each file of the packages, with its source's hash."""
    return {name: _short(text) for name, text in inlined().items() if name.startswith("rochette/")}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def make(board: str, form: str, image: str = "stock", modules: Mapping[str, str] | None = None) -> Copy:
    """The copy for a board. `modules`: what the image on it has, by path, with the hashes of the sources;
    None when it has the present ones.

    Raises UsageError for a board that is not there, DeployError for code that does not compile.
    """
    folder = find.folder_of(board)
    mcu = str(find.data(board)["mcu"])
    copy = Copy(folder.name, form, image)
    if form == FROZEN and modules is None:
        wanted = ["boot.py", "main.py"]
        sources = {name: _inlined_one(name) for name in wanted}
    elif form == FROZEN:
        sources = {name: text for name, text in inlined().items() if name != LOADER}
        present = modules or {}
        copy.differs = [
            name
            for name, text in sources.items()
            if name.startswith("rochette/") and present.get(name) != _short(text)
        ]
        wanted = ["boot.py", "main.py", *copy.differs]
        copy.files.update(_listings(sources, copy.differs))
    else:
        sources = {name: text for name, text in inlined().items() if name != LOADER}
        wanted = list(sources)
    texts = {name: sources[name] for name in wanted}
    texts["board.py"] = board_text(str(folder) + "/")
    for name, text in texts.items():
        place = f"over/{name}" if form == FROZEN and "/" in name else name
        if form == PY:
            copy.files[place] = text.encode()
        else:
            copy.files[str(Path(place).with_suffix(".mpy"))] = compiled(text, name, ARCHITECTURE[mcu])
    return copy


def board_text(name: str) -> str:
    """A board's data as it goes onto the board: what only the host asks for (rail, draw_ma, module) stays
    here, for each entry takes the controller's RAM.
    """
    board = {key: value for key, value in find.data(name).items() if key not in ("rail", "module")}
    board["parts"] = {
        part: {key: value for key, value in entry.items() if key != "draw_ma"}
        for part, entry in board["parts"].items()
    }
    return f"BOARD = {board!r}\n"


@cache
def compiled(text: str, name: str, architecture: str) -> bytes:
    """The .mpy of a source. Raises DeployError with the compiler's words."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.py", Path(folder) / "out.mpy"
        source.write_text(text, encoding="utf-8")
        try:
            sizes.compile_file(source, name, target, architecture)
        except subprocess.CalledProcessError as error:
            raise DeployError(
                f"{name} does not compile: {error.stderr.strip()}\nNothing was sent to the board."
            ) from error
        return target.read_bytes()


# ---- modules of a copy beside those of an image ------------------------------------------------------------


def _imports(text: str, known: Mapping[str, str]) -> list[str]:
    """The firmware's modules that a source imports, by their dotted names."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found += [name for name in names if _file(name) in known and name not in found]
    return found


def _file(module: str) -> str:
    return module.replace(".", "/") + ".py"


def _module(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def _listings(sources: Mapping[str, str], differs: list[str]) -> dict[str, bytes]:
    """`first` and `order` of a copy: what slots.load imports by name, what it needs before it."""
    if not differs:
        return {}
    if any(name.endswith("__init__.py") for name in differs):
        raise DeployError(
            "a package's own __init__.py differs from the image's, which a copy beside it cannot replace. "
            "Put a "
            "new image on the board: rochette flash --frozen. Nothing was sent."
        )
    own = {_module(name) for name in differs}
    order: list[str] = []

    def visit(module: str, path: tuple[str, ...]) -> None:
        if module in order or module in path:
            return
        for needed in _imports(sources[_file(module)], sources):
            visit(needed, (*path, module))
        order.append(module)

    before: list[str] = []
    for module in _BEFORE:
        if _file(module) in sources:
            visit(module, ())
    before = [module for module in order if "." in module]
    for module in sorted(own):
        visit(module, ())
    after = [module for module in order if "." in module and module not in before]
    lists = {"first": before if own & set(before) else [], "order": after if own & set(after) else []}
    return {
        name: "".join(f"{'+' if module in own else '-'} {module}\n" for module in modules).encode()
        for name, modules in lists.items()
        if modules
    }
