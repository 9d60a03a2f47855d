"""Two copies: which one starts, when a new one is given up, how a module stands in for the image's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from host_tools import paths
from host_tools.emulator import loader

loader.install("emulated")

from rochette.services.deployment import LASTED_S, Deployment  # noqa: E402

CASE = Path(__file__).with_name("slots_case.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for letter in "ab":
        (tmp_path / "slots" / letter).mkdir(parents=True)
        (tmp_path / "slots" / letter / "boot.py").write_text(f"WHO = 'boot of {letter}'\n")
    image = tmp_path / "image" / "pack"
    image.mkdir(parents=True)
    (image / "__init__.py").touch()
    (image / "base.py").write_text("NAME = 'image'\n")
    (image / "middle.py").write_text("from pack.base import NAME\nSAYS = 'middle of ' + NAME\n")
    (image / "user.py").write_text("from pack.middle import SAYS\n")
    return tmp_path


def start(root: Path, target: str) -> str:
    vm = [sys.executable] if target == "cpython" else [str(paths.find_micropython())]
    command = [*vm, str(CASE), str(root), str(paths.FIRMWARE), str(root / "image")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(params=["cpython", "micropython"])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_copy_that_is_named_starts_and_nothing_is_written(root: Path, target: str) -> None:
    (root / "slot").write_text("a")
    assert start(root, target) == "a boot of a middle of image"
    assert (root / "slot").read_text() == "a"
    assert not (root / "slot.new").exists()


def test_a_copy_on_trial_is_given_up_after_three_starts(root: Path, target: str) -> None:
    (root / "slot").write_text("b 0 a")
    for count in (1, 2, 3):
        assert start(root, target).startswith("b boot of b")
        assert (root / "slot").read_text() == f"b {count} a"
    assert start(root, target).startswith("a boot of a")
    assert (root / "slot").read_text() == "a"


@pytest.mark.parametrize("broken", ["raise ValueError('no')", "import nothing_of_that_name", "x = ("])
def test_a_copy_whose_first_lines_fail_is_given_up_at_once(root: Path, target: str, broken: str) -> None:
    (root / "slot").write_text("b 0 a")
    (root / "slots" / "b" / "boot.py").write_text(broken)
    assert start(root, target).startswith("a boot of a")
    assert (root / "slot").read_text() == "a"


def test_a_module_of_the_copy_stands_in_for_the_images(root: Path, target: str) -> None:
    (root / "slot").write_text("a")
    copy = root / "slots" / "a"
    (copy / "over" / "pack").mkdir(parents=True)
    (copy / "over" / "pack" / "base.py").write_text("NAME = 'copy'\n")
    (copy / "order").write_text("+ pack.base\n")
    assert start(root, target) == "a boot of a middle of copy"
    (copy / "over" / "pack" / "base.py").unlink()
    (copy / "over" / "pack" / "middle.py").write_text(
        "from pack.base import NAME\nSAYS = 'new middle of ' + NAME\n"
    )
    (copy / "order").write_text("- pack.base\n+ pack.middle\n")
    assert start(root, target) == "a boot of a new middle of image"


def test_a_trial_ends_at_rest_and_only_there(root: Path) -> None:
    (root / "slot").write_text("b 1 a")
    (root / "slots" / "b" / "manifest").write_text("0123456789abcdef pico frozen 11\nrest")
    still = False
    deployment = Deployment(lambda: still, str(root))
    told = bytearray(64)
    assert bytes(told[: deployment.read_into(0, told, 64)]).endswith(b" stock trial\n")
    for _ in range(3 * LASTED_S):
        deployment.tick()
    assert (root / "slot").read_text() == "b 1 a", "the actuators are on: nothing is written"
    still = True
    for _ in range(LASTED_S - 1):
        deployment.tick()
    assert (root / "slot").read_text() == "b 1 a"
    deployment.tick()
    assert (root / "slot").read_text() == "b"
    assert not (root / "slot.new").exists()
    buffer = bytearray(64)
    count = deployment.read_into(0, buffer, 64)
    assert count == deployment.size()
    assert bytes(buffer[:count]) == b"b 0123456789abcdef pico stock kept\n"
    assert deployment.read_into(2, buffer, 4) == 4 and bytes(buffer[:4]) == b"0123"


def test_without_a_deployment_nothing_is_on_trial(tmp_path: Path) -> None:
    deployment = Deployment(lambda: True, str(tmp_path))
    for _ in range(2 * LASTED_S):
        deployment.tick()
    assert (deployment.slot, deployment.on_trial) == ("", False)
    assert list(tmp_path.iterdir()) == []
