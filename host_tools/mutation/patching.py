"""Puts changed code into a firmware that is already imported, or into the import of it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from types import CodeType, FunctionType, ModuleType


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """Those that the module's source defines, of its classes too."""
    for value in list(vars(module).values()):
        if isinstance(value, FunctionType) and value.__module__ == module.__name__:
            yield value
        elif isinstance(value, type) and value.__module__ == module.__name__:
            for member in vars(value).values():
                for part in (member, *(getattr(member, name, None) for name in ("fget", "fset", "__func__"))):
                    if isinstance(part, FunctionType):
                        yield part


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A module's functions and methods; what is nested in one belongs to it."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & 0x2:  # CO_NEWLOCALS | CO_OPTIMIZED: a function; a class body has not
                yield constant
            else:
                yield from _codes(constant)


def _outline(code: CodeType) -> tuple[object, ...]:
    """A module's own level without its functions: equal when only bodies differ."""
    inner = tuple(
        (_outline(c) if not c.co_flags & 0x2 else c.co_qualname) if isinstance(c, CodeType) else c
        for c in code.co_consts
    )
    return (code.co_code, code.co_names, inner)


def swap(module: ModuleType, source: str) -> bool:
    """Gives a module's functions the code of a changed source, in place: whoever holds one has the new one.

    False, and nothing is changed, when the change is not (only) in a function's body.
    """
    path = str(module.__file__)
    with open(path, encoding="utf-8") as file:
        old = compile(file.read(), path, "exec", dont_inherit=True)
    new = compile(source, path, "exec", dont_inherit=True)
    if _outline(old) != _outline(new):
        return False
    here = {(f.__code__.co_qualname, f.__code__.co_firstlineno): f for f in _functions(module)}
    pairs = [(a, b) for a, b in zip(_codes(old), _codes(new), strict=True) if a != b]
    if not pairs or any((a.co_qualname, a.co_firstlineno) not in here for a, _ in pairs):
        return False
    for a, b in pairs:
        here[(a.co_qualname, a.co_firstlineno)].__code__ = b
    return True


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from a changed source."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Ours alone."""
        if fullname != self.name:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=found.origin if found else None)
        spec.has_location = True
        return spec

    def get_source(self, fullname: str) -> str:
        """The changed one."""
        return self.source

    def install(self) -> None:
        """From now on."""
        sys.meta_path.insert(0, self)
