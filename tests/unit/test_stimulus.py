"""The stimulus board: its firmware on emulated pins (on CPython one by one, on the MicroPython VM all
together), its wires, the host's side of its lines, and that none of it gets onto the payload.
"""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import stimulus_cases

from host_tools import cli, paths, sizes
from host_tools.bench import stimulus as host
from host_tools.boards import check, find
from host_tools.run.errors import UsageError
from host_tools.run.runner import Asked, make_spec

SCRIPT = """
import sys
sys.path[:] = ["host_tools/emulator", "boards/emulated", "firmware", ".", "tests/unit", ".frozen"]
import stimulus_cases
print("checks", stimulus_cases.run())
"""


@pytest.mark.parametrize("name", stimulus_cases.CHECKS)
def test_on_cpython(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(paths.ROOT)
    getattr(stimulus_cases, name)()


def test_on_micropython(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [str(paths.find_micropython()), "-X", "heapsize=8M", str(script)],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"checks {len(stimulus_cases.CHECKS)}" in done.stdout


# ---- wires -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("pins", "feed_dir", "gp"), 10, "pins.feed_dir.gp is GP10: that pin is used by feed_step already"),
        (("pins", "feed_home", "to"), "feed_hone", "pins.feed_home.to is 'feed_hone': the payload has "),
        (("pins", "feed_home", "dir"), "in", "goes that way too: both would listen"),
        (("pins", "feed_step", "dir"), "out", "goes that way too: both would drive it"),
        (("pins", "led_ring", "gp"), 24, "a pico does not bring it out"),
        (("pins", "led_ring", "ohm"), 0, "pins.led_ring.ohm is 0: a whole number from 100 to 10000"),
        (("axes", "feed", "counter"), 2, "that state machine is used by axes.feed.counter already"),
        (("duty", "state_machine"), 3, "duty.state_machine is 3: a whole number from 4 to 7"),
        (("switches",), ["feed_step"], "switches[0] is 'feed_step': one of the pins that go out"),
        (("payload",), "mine", "payload is 'mine': one of bench12, "),
        (("seats",), 43, "seats is 43: unknown key"),
    ],
)
def test_a_wrong_wire_is_said(path: tuple[str, ...], value: Any, said: str) -> None:
    board = copy.deepcopy(find.data(find.STIMULUS))
    at = board
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    assert any(said in str(one) for one in check.check(board)), [str(one) for one in check.check(board)]


def test_it_is_no_payload() -> None:
    assert find.STIMULUS not in find.names()
    with pytest.raises(UsageError, match="this is the stimulus board, which carries no payload"):
        make_spec(Asked("sandstone", board=find.STIMULUS))
    assert not [p for p in sizes.payload_sources() if "stimulus" in p.parts]


def test_its_program_is_whole() -> None:
    """What is put onto it imports nothing that is not there."""
    names = set(host.program())
    assert {"main.py", "board.py", "stimulus/program.py", "stimulus/hal/pio_programs.py"} <= names
    for name, data in host.program().items():
        for line in data.decode().splitlines():
            words = line.split()
            if words[:1] == ["from"] and words[1].split(".")[0] in ("rochette", "stimulus"):
                module = words[1].replace(".", "/")
                inside = {f"{module}/{one.strip(',')}.py" for one in words[3:]}
                assert f"{module}.py" in names or inside <= names, f"{name}: {line}"


# ---- the host's side ---------------------------------------------------------------------------------------


class Far:
    """A port with a stimulus board at its other end, which garbles what it is told to."""

    def __init__(self) -> None:
        self.rig = stimulus_cases.Rig()
        self.garble = 0
        self.silent = False

    def write(self, data: bytes) -> None:
        if self.garble:
            self.garble -= 1
            data = data.replace(b"e", b"f", 1)
        self.rig.bench.cable.type(data)

    def read(self, timeout_s: float) -> bytes:
        self.rig.wait(5)
        return b"" if self.silent else self.rig.bench.cable.read()

    def close(self) -> None:
        return


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Far:
    monkeypatch.chdir(paths.ROOT)
    made = Far()
    monkeypatch.setattr(host, "open_port", lambda _: made)
    return made


def test_the_host_asks_and_is_answered(far: Far) -> None:
    board = host.Stimulus("here")
    board.set("feed_home", 0)
    assert far.rig.world.line_by_name["feed_home"].source() == 0
    board.turn(-40, 1000)
    assert far.rig.bench.encoder_count() == -40
    board.load(-7)
    far.rig.wait(20)
    assert far.rig.world.parts["load_cell"].word() == 0xFFFFF9
    board.zero("feed")
    assert board.count("feed") == host.Pulses(0, 0, 0)
    assert board.rate("carousel") == 0
    assert board.duty("spindle_fwd") == host.Duty(0, 0, 0)
    assert board.read("feed_step") == 0
    board.let()
    assert far.rig.world.line_by_name["feed_home"].source() == 1
    assert board.heard["turned"] == "turned 40 at rest"


def test_what_is_garbled_is_said_again_and_a_no_is_an_error(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = host.Stimulus("here")
    far.garble = 2
    board.set("feed_home", 0)
    assert far.rig.world.line_by_name["feed_home"].source() == 0
    far.garble = 9
    with pytest.raises(host.StimulusError, match="no whole answer in 3 tries"):
        board.set("feed_home", 1)
    far.garble = 0
    with pytest.raises(host.StimulusError, match="'set me 1': no 'me' is not known here"):
        board.set("me", 1)
    far.silent = True
    monkeypatch.setattr(host, "ANSWER_S", 0.2)
    with pytest.raises(host.StimulusError, match="Is it the stimulus board"):
        board.read("feed_step")


def test_the_command_says_what_it_heard(far: Far, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["stimulus", "--port", "here", "count", "feed"]) == 0
    assert capsys.readouterr().out == "count feed high 0 low 0 shortest_ns 0\n"
    assert cli.main(["stimulus", "--port", "here", "dance"]) == 4
    assert "no command 'dance'" in capsys.readouterr().err
