"""Every test sees the firmware and the emulated `machine`, `rp2` and `micropython`; the host's `time` stays
real.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pytest

from host_tools.emulator.loader import install

install()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first: with two workers the others run beside them."""
    items.sort(key=lambda item: item.get_closest_marker("begin_with") is None)
