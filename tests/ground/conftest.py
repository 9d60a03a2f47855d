"""After a test that has reset the emulated chip, the firmware's modules are those that others imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


def _firmware() -> dict[str, object]:
    return {
        name: module
        for name, module in sys.modules.items()
        if name.split(".")[0] in ("boot", "main", "rochette")
    }


@pytest.fixture(autouse=True)
def firmware_as_it_was() -> Iterator[None]:
    """A reset in this process imports the firmware anew: classes of before and after then differ."""
    before = _firmware()
    yield
    for name in _firmware():
        if name not in before or sys.modules[name] is not before[name]:
            del sys.modules[name]
    sys.modules.update(before)  # type: ignore[arg-type]
