"""Puts the firmware and its emulated modules where `import` finds them. CPython only; the MicroPython VM uses
its path.

The host's own `time` stays real everywhere: only `rochette.hal.clock`, the one file of the firmware that
imports it, gets the emulated one, and only while it is being imported, however and whenever that happens.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from host_tools import paths

_CLOCK = "rochette.hal.clock"


class _ClockLoader(importlib.abc.Loader):
    def __init__(self, inner: importlib.abc.Loader) -> None:
        self._inner = inner

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        real = sys.modules["time"]
        sys.modules["time"] = importlib.import_module("host_tools.emulator.time")
        try:
            self._inner.exec_module(module)
        finally:
            sys.modules["time"] = real


class _ClockFinder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _CLOCK:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _ClockLoader(spec.loader)
        return spec


_finder = _ClockFinder()
_board_path: str | None = None


def install(board: str = "emulated") -> None:
    """Makes `machine`, `rp2`, `micropython`, the firmware and the board importable. May be called
    again, also for another board: then `board` is imported anew.

    Raises FileNotFoundError when there is no such board.
    """
    global _board_path
    from host_tools.boards import find
    from host_tools.run.errors import UsageError

    try:
        folder = find.folder_of(board)
    except UsageError as error:
        raise FileNotFoundError(str(error)) from None
    if _board_path is not None and _board_path != str(folder):
        if _board_path in sys.path:
            sys.path.remove(_board_path)
        sys.modules.pop("board", None)
    _board_path = str(folder)
    for entry in (str(paths.HOST), str(paths.FIRMWARE), _board_path):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    sys.modules["micropython"] = importlib.import_module("host_tools.emulator.micropython_shim")
    sys.modules["machine"] = importlib.import_module("host_tools.emulator.machine")
    sys.modules["vfs"] = importlib.import_module("host_tools.emulator.vfs")
    sys.modules["rp2"] = importlib.import_module("host_tools.emulator.rp2")


def forget_firmware() -> None:
    """Drops the firmware's modules, so that the next import runs them from the start, as a reset does."""
    for name in list(sys.modules):
        if name in ("boot", "main", "board", "rochette") or name.startswith("rochette."):
            del sys.modules[name]
