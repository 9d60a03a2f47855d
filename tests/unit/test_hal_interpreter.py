"""The oldest MicroPython is checked when the payload starts, by the same number that the host goes by."""

import sys
from types import SimpleNamespace

import pytest

from host_tools.chip import uf2
from rochette.hal import interpreter


def on(name, version, monkeypatch):
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(name=name, version=version))


def test_host_and_board_hold_to_the_same_one():
    assert interpreter.OLDEST == uf2.OLDEST


@pytest.mark.parametrize("version", [(1, 25, 0), (1, 26, 1), (2, 0, 0)])
def test_a_later_one_passes(version, monkeypatch):
    on("micropython", version, monkeypatch)
    interpreter.check()


@pytest.mark.parametrize("version", [(1, 24, 1), (1, 9, 4), (0, 99, 0)])
def test_an_older_one_is_refused_in_words(version, monkeypatch):
    on("micropython", version, monkeypatch)
    with pytest.raises(RuntimeError, match=rf"MicroPython {version[0]}.{version[1]} is too old.*1.25.*safe"):
        interpreter.check()


def test_cpython_passes(monkeypatch):
    on("cpython", (1, 0, 0), monkeypatch)
    interpreter.check()
