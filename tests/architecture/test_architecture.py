"""The project keeps its rules, and the checker that says so catches what breaks them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import checker

HAL = "firmware/rochette/hal/bus.py"
DRIVER = "firmware/rochette/drivers/part.py"
MECHANISM = "firmware/rochette/mechanisms/feed.py"
SERVICE = "firmware/rochette/services/events.py"
ACTIVITY = "firmware/rochette/activities/acquire.py"
EMULATOR = "host_tools/emulator/world.py"


def test_every_file_keeps_every_rule() -> None:
    found = checker.findings()
    assert not found, f"{len(found)} findings:\n" + "\n".join(found)


def test_every_folder_states_its_rule_in_a_readme() -> None:
    missing = checker.folders_without_readme()
    assert not missing, "no README.md in: " + ", ".join(missing)


def test_the_project_is_really_looked_at() -> None:
    seen = {file.relative_to(checker.ROOT).as_posix() for file in checker.files()}
    for path in (
        "firmware/boot.py",
        "boards/emulated/board.py",
        "host_tools/paths.py",
        "README.md",
        "Makefile",
    ):
        assert path in seen
    assert not [path for path in seen if path.startswith((".venv/", ".stubs/", "runs/"))]
    assert len([path for path in seen if path.startswith("firmware/") and path.endswith(".py")]) > 20


Rule = Callable[[str, ast.Module], list[str]]

BROKEN: list[tuple[Rule, str, str, str]] = [
    (checker.arrow_findings, DRIVER, "from rochette.mechanisms import feed", "mechanisms"),
    (checker.arrow_findings, DRIVER, "from ..services import events", "services"),
    (checker.arrow_findings, HAL, "import rochette.drivers.encoder", "drivers"),
    (
        checker.arrow_findings,
        MECHANISM,
        "def f():\n    from rochette.activities import acquire",
        "activities",
    ),
    (checker.arrow_findings, MECHANISM, "from rochette import payload", "payload"),
    (checker.arrow_findings, SERVICE, "from rochette.drivers.fram import Fram", "drivers"),
    (checker.arrow_findings, SERVICE, "from rochette import mechanisms", "mechanisms"),
    (
        checker.arrow_findings,
        SERVICE,
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from rochette.mechanisms.feed import Feed",
        "mechanisms",
    ),
    (checker.arrow_findings, ACTIVITY, "import main", "main"),
    (checker.arrow_findings, ACTIVITY, "from rochette import payload", "payload"),
    (checker.arrow_findings, MECHANISM, "from board import BOARD", "board"),
    (checker.arrow_findings, MECHANISM, "from dictionary import feed", "dictionary"),
    (checker.arrow_findings, MECHANISM, "from host_tools.emulator import world", "host_tools"),
    (checker.arrow_findings, "firmware/rochette/shortcuts/x.py", "x = 1", "no room"),
    (checker.hardware_findings, DRIVER, "from machine import Pin", "machine"),
    (checker.hardware_findings, "firmware/main.py", "import rp2", "rp2"),
    (checker.hardware_findings, HAL, "import time", "time"),
    (checker.portability_findings, EMULATOR, "from dataclasses import dataclass", "dataclasses"),
    (checker.portability_findings, SERVICE, "import typing", "typing"),
    (checker.portability_findings, MECHANISM, "from __future__ import annotations", "__future__"),
    (checker.determinism_findings, EMULATOR, "import random", "random"),
    (checker.determinism_findings, EMULATOR, "def f():\n    import time", "time"),
    (checker.board_findings, "boards/pico/board.py", "import sys", "imports nothing"),
    (checker.board_findings, "boards/pico/board.py", "BOARD = dict(name='pico')", "data"),
    (checker.float_findings, MECHANISM, "limit = 0.5", "0.5"),
    (checker.float_findings, MECHANISM, "def f(a, b):\n    return a / b", "division"),
    (checker.float_findings, EMULATOR, "a = 3\na /= 2", "division"),
    (checker.float_findings, DRIVER, "def f(a):\n    return float(a)", "float()"),
    (checker.docstring_findings, DRIVER, "x = 1", "module"),
    (
        checker.docstring_findings,
        DRIVER,
        '"""Doc."""\nclass Part:\n  """Doc."""\n  def poll(self): return 1',
        "Part.poll",
    ),
    (checker.docstring_findings, "host_tools/cli.py", '"""Doc."""\ndef main(): return 1', "main"),
    (checker.stub_findings, "host_tools/x.py", "try:\n    a = 1\nexcept:\n    a = 2", "bare except"),
    (
        checker.stub_findings,
        "host_tools/x.py",
        "def f():\n    raise NotImplementedError",
        "NotImplementedError",
    ),
    (checker.stub_findings, "host_tools/x.py", "def f():\n    pass", "only passes"),
    (checker.hollow_test_findings, "tests/unit/test_x.py", "def test_x():\n    print(1)", "asserts nothing"),
]


@pytest.mark.parametrize(("rule", "path", "source", "says"), BROKEN)
def test_a_broken_rule_is_found(rule: Rule, path: str, source: str, says: str) -> None:
    found = rule(path, ast.parse(source))
    assert len(found) == 1, found
    assert says in found[0]
    assert found[0].startswith(path + ":")


KEPT: list[tuple[Rule, str, str]] = [
    (
        checker.arrow_findings,
        ACTIVITY,
        "from rochette.mechanisms.feed import Feed\nfrom rochette import tables",
    ),
    (checker.arrow_findings, MECHANISM, "from rochette.drivers import hx711\nfrom ..services import events"),
    (
        checker.arrow_findings,
        "firmware/rochette/payload.py",
        "from rochette.activities import acquire\nfrom board import BOARD",
    ),
    (checker.arrow_findings, "host_tools/cli.py", "from rochette.activities import acquire"),
    (checker.hardware_findings, HAL, "from machine import Pin\nimport rp2"),
    (checker.hardware_findings, "firmware/rochette/hal/clock.py", "import time"),
    (checker.hardware_findings, "host_tools/benchmark/__init__.py", "import time"),
    (
        checker.portability_findings,
        SERVICE,
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from typing import Any",
    ),
    (checker.portability_findings, "firmware/dictionary/feed.py", "from typing import Any"),
    (checker.determinism_findings, "host_tools/emulator/loader.py", "import time"),
    (checker.board_findings, "boards/pico/board.py", '"""Pico."""\nBOARD = {"name": "pico", "seats": -1}'),
    (checker.float_findings, MECHANISM, "def f(a):\n    return a // 2 % 3"),
    (checker.float_findings, "host_tools/run/report.py", "scale = 0.5"),
    (
        checker.docstring_findings,
        DRIVER,
        '"""Doc."""\nclass A:\n  """Doc."""\n  def f(self):\n    """Doc."""\n'
        'class B(A):\n  """Doc."""\n  def f(self): return 1',
    ),
    (checker.docstring_findings, DRIVER, '"""Doc."""\nclass _P:\n    def poll(self): return 1'),
    (checker.stub_findings, "host_tools/x.py", "try:\n    a = 1\nexcept ValueError:\n    a = 2"),
    (
        checker.hollow_test_findings,
        "tests/unit/test_x.py",
        "def test_x():\n    with pytest.raises(ValueError):\n        f()",
    ),
]


@pytest.mark.parametrize(("rule", "path", "source"), KEPT)
def test_what_keeps_the_rules_passes(rule: Rule, path: str, source: str) -> None:
    assert rule(path, ast.parse(source)) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# TODO: later", "TODO"),
        ("The seal is hermetic.", "hermetic"),
        ("cd /home/someone/rochette", "/home/s"),
        ("pip install --index-url somewhere", "--index-url"),
        ("get it at pypi.org", "pypi.org"),
    ],
)
def test_words_without_a_place_are_found(text: str, says: str) -> None:
    found = checker.text_findings("docs/x.md", "A first line.\n" + text)
    assert len(found) == 1
    assert found[0].startswith("docs/x.md:2: ")
    assert says in found[0]


def test_plain_words_pass() -> None:
    assert checker.text_findings("README.md", "A wheel on PyPI; work/ or ~/work/x; seal activated.") == []


def test_a_folder_without_a_readme_is_found(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Root\n")
    (tmp_path / "host_tools" / "parts").mkdir(parents=True)
    (tmp_path / "host_tools" / "README.md").write_text("# Host tools\n")
    (tmp_path / "host_tools" / "parts" / "a.py").write_text('"""A."""\n')
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "run.json").write_text("{}")
    assert checker.folders_without_readme(tmp_path) == ["host_tools/parts"]


def test_a_bad_file_in_a_project_is_found(tmp_path: Path) -> None:
    bad = tmp_path / "firmware" / "rochette" / "drivers" / "part.py"
    bad.parent.mkdir(parents=True)
    bad.write_text('"""A part."""\nimport machine\nHALF = 0.5\n')
    found = checker.findings(tmp_path)
    assert [line.split(": ")[0] for line in found] == [
        "firmware/rochette/drivers/part.py:2",
        "firmware/rochette/drivers/part.py:3",
    ]
