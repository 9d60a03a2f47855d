"""Boards: those that ship are sound, drawn and start; what is wrong with one is said by option, value and
bound.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host_tools import cli, paths
from host_tools.boards import check, find, new, picture, wiring
from host_tools.run.errors import UsageError
from host_tools.run.runner import Asked, make_spec
from host_tools.run.targets import vm_path

SHIPPED = ("bench12", "emulated", "pico", "pico2", "template")


def test_these_boards_ship() -> None:
    assert tuple(find.names()) == SHIPPED
    assert set(find.every()) == {*SHIPPED, find.STIMULUS}
    assert {file.parent.name for file in paths.BOARDS.glob("*/board.py")} == {*SHIPPED, find.STIMULUS}


@pytest.mark.parametrize("name", [*SHIPPED, find.STIMULUS])
def test_a_shipped_board_is_sound_and_its_wiring_is_up_to_date(name: str) -> None:
    board = find.data(name)
    assert [str(one) for one in check.check(board, name)] == []
    folder = paths.BOARDS / name
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme == wiring.into(readme, board, name), f"make it anew: rochette board wiring {name} --write"
    assert (folder / "wiring.svg").read_text(encoding="utf-8") == picture.draw(board)


@pytest.mark.parametrize("target", ["cpython", "micropython"])
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_board_boots(name: str, target: str) -> None:
    script = Path(__file__).with_name("board_boot.py")
    spec = json.dumps(make_spec(Asked("sandstone", board=name)))
    if target == "cpython":
        start = f"from host_tools.emulator import loader; loader.install({name!r}); import runpy; "
        command = [sys.executable, "-c", start + f"runpy.run_path({str(script)!r})"]
        env = dict(os.environ, PYTHONPATH=str(paths.HOST))
    else:
        command = [str(paths.find_micropython()), "-X", "heapsize=4M", str(script)]
        env = dict(os.environ, MICROPYPATH=vm_path(name))
    done = subprocess.run(command, input=spec + "\n", env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.strip().splitlines()[-1])
    seats = find.data(name)["seats"]
    assert {k: said[k] for k in ("name", "failed", "seats")} == {"name": name, "failed": 0, "seats": seats}
    assert not said["energised"]


def put(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(board: dict[str, Any]) -> None:
        at: Any = board
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


def take(*path: Any) -> Callable[[dict[str, Any]], None]:
    def change(board: dict[str, Any]) -> None:
        at: Any = board
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]

    return change


BROKEN = [
    # Shape
    (put("colour", value=1), "colour", "1", "unknown key"),
    (put("pins", "feed_step", "gpio", value=3), "pins.feed_step.gpio", "3", "did you mean 'gp'"),
    (put("seats", value=65), "seats", "65", "2 to 64"),
    (put("watchdog_ms", value=9000), "watchdog_ms", "9000", "100 to 8388"),
    (put("mcu", value="esp32"), "mcu", "'esp32'", "'rp2040', 'rp2350'"),
    (put("pins", "feed_step", "active", value=True), "pins.feed_step.active", "True", "0, 1"),
    (put("mechanics", "probe_stall_ma", value=1.5), "mechanics.probe_stall_ma", "1.5", "whole number"),
    (put("parts", "spindle", "driver", value="vfd"), "parts.spindle.driver", "'vfd'", "h_bridge"),
    (take("link", "radio"), "link.radio", "missing", "True, False"),
    # Safe levels and limits
    (take("pins", "feed_step", "safe"), "pins.feed_step.safe", "missing", "safe level"),
    (put("pins", "feed_step", "safe", value=None), "pins.feed_step.safe", "None", "safe level, 0 or 1"),
    (put("pins", "percussion", "safe", value=1), "pins.percussion.safe", "1", "0 is allowed"),
    (take("parts", "feed", "max_steps_per_s"), "parts.feed.max_steps_per_s", "missing", "limit"),
    (take("parts", "sealer", "draw_ma"), "parts.sealer.draw_ma", "missing", "limit"),
    (put("parts", "switches", "outputs", "camera_focus", "safe", value=1),
     "parts.switches.outputs.camera_focus.safe", "1", "0 is allowed"),
    (put("pins", "feed_home", "pull", value=None), "pins.feed_home.pull", "None", "floats"),
    (put("pins", "estop_sense", "active", value=0), "pins.estop_sense.active", "0", "broken wire"),
    # Pins
    (put("pins", "feed_home", "gp", value=19), "pins.feed_bottom.gp", "GP19", "used by feed_home"),
    (put("pins", "camera_shutter", "gp", value=25), "pins.camera_shutter.gp", "GP25", "its LED"),
    (put("parts", "carousel", "dir", value="feed_dir"), "pins.feed_dir", "GP9", "one user is allowed"),
    (put("pins", "feed_dir", "dir", value="in"), "pins.feed_dir.dir", "'in'", "'out' is allowed"),
    (put("parts", "feed", "dir", value="feed_way"), "parts.feed.dir", "'feed_way'", "one of the pins"),
    (put("pins", "feed_home", "dir", value="adc"), "pins.feed_home.gp", "GP18", "GP26 to GP29 have the ADC"),
    # PWM
    (put("pwm", "spindle_rev", "freq_hz", value=1000), "pwm.spindle_rev.freq_hz", "1000", "slice 1"),
    (put("pwm", "percussion", "freq_hz", value=5), "pwm.percussion.freq_hz", "5", "8 to 100000"),
    (lambda b: (put("pins", "actuator_enable", "gp", value=16)(b), put("pins", "led_ring", "gp", value=18)(b),
                put("pins", "feed_home", "gp", value=0)(b)),
     "pwm.led_ring", "GP18", "output A of PWM slice 1, as GP2"),
    # I2C and UART
    (put("pins", "i2c_sda", "gp", value=28), "pins.camera_shutter.gp", "GP28", "used by i2c_sda"),
    (put("i2c", 0, "sda", value="i2c_scl"), "i2c[0].sda", "GP5 (i2c_scl)", "SDA of I2C0 can be on GP0, GP4"),
    (put("i2c", 0, "bus", value=1), "i2c[0].sda", "GP4 (i2c_sda)", "SDA of I2C1 can be on GP2"),
    (put("i2c", 0, "freq_hz", value=1000000), "i2c[0].freq_hz", "1000000", "400000"),
    (put("parts", "bus_current", "address", value=0x40), "parts.bus_current.address", "0x40",
     "spindle_current"),
    (put("parts", "tilt", "bus", value=1), "parts.tilt.bus", "1", "[0]"),
    # PIO
    (put("pio", "encoder", "state_machine", value=3), "pio.encoder.state_machine", "3",
     "PIO0 holds 32 instructions, and these programs take 50"),
    (put("pio", "carousel", "state_machine", value=0), "pio.carousel.state_machine", "0", "belongs to feed"),
    (put("pio", "encoder", "state_machine", value=8), "pio.encoder.state_machine", "8", "0 to 7 are allowed"),
    (put("pio", "encoder", "pins", value=["encoder_b", "encoder_a"]), "pio.encoder.pins[1]",
     "GP6 (encoder_a)", "GP8 is allowed"),
    (put("pio", "load_cell", "freq_hz", value=20000000), "pio.load_cell.freq_hz", "20000000", "10000000"),
    # What the firmware needs, mechanics, power
    (take("parts", "tilt"), "parts.tilt", "missing", "'lis3dh'"),
    (take("parts", "switches", "inputs", "gate_closed"), "parts.switches.inputs.gate_closed", "missing",
     "switch"),
    (put("parts", "switches", "inputs", "gate_closed", "bit", value=0),
     "parts.switches.inputs.gate_closed.bit", "0", "breakoff_centred"),
    (put("mechanics", "seats", value=12), "mechanics.seats", "12", "43"),
    (put("mechanics", "depth_max_um", value=77000), "mechanics.depth_max_um", "77000", "76000"),
    (put("rail", "limit_ma", value=6000), "rail.together[0]", "8400 mA", "6000 mA"),
    (put("rail", "together", value=[["spindle"]]), "rail.together", "'probe'", "has to stand in one"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "option", "value", "bound"), BROKEN, ids=[one[1] + "=" + one[2] for one in BROKEN]
)
def test_a_mistake_is_named_with_option_value_and_bound(
    change: Callable[[dict[str, Any]], None], option: str, value: str, bound: str
) -> None:
    board = copy.deepcopy(find.data("pico"))
    change(board)
    found = [one for one in check.check(board, "pico") if one.option == option]
    assert found, [str(one) for one in check.check(board, "pico")]
    assert found[0].value == value
    assert bound in found[0].bound


def test_the_third_pio_block_is_there_on_the_rp2350_only() -> None:
    for name, sound in (("pico2", True), ("pico", False)):
        board = copy.deepcopy(find.data(name))
        board["pio"]["encoder"]["state_machine"] = 8
        assert (check.check(board) == []) is sound


def test_the_wiring_table_has_a_row_for_each_pin_and_part() -> None:
    board = find.data("pico")
    text = wiring.table(board)
    for name, pin in board["pins"].items():
        assert re.search(rf"^\| GP{pin['gp']} \| \d+ \| `{name}` ", text, re.MULTILINE), name
    for name, part in board["parts"].items():
        if "address" in part:
            assert re.search(rf"^\| {part['bus']} \| {part['address']:#04x} \| `{name}` ", text, re.MULTILINE)
    assert all(row.to for row in wiring.rows(board)), "every pin says where it goes"


def test_a_new_board_of_a_team_is_made_checked_and_run_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rochette.toml").touch()
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert cli.main(["board", "new", "mine"]) == 0
    folder = tmp_path / "boards" / "mine"
    assert (folder / "wiring.svg").is_file() and "GP22" in (folder / "README.md").read_text(encoding="utf-8")
    assert cli.main(["board", "check", "mine"]) == 0
    assert "mine" in find.names() and "pico" in find.names()
    assert make_spec(Asked("sandstone", board="mine"))["board"] == "mine"
    text = (folder / "board.py").read_text()
    (folder / "board.py").write_text(text.replace('"gp": 9,', '"gp": 8,'))
    capsys.readouterr()
    assert cli.main(["board", "check", "mine"]) == 1
    assert "pins.feed_dir.gp is GP8: that pin is used by feed_step already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("BOARD = {", "line 1"),
        ("x = 1", "has no BOARD"),
        ("BOARD = dict(a=1)", "something else than data"),
        ("BOARD = [1]", "a list"),
    ],
)
def test_a_file_that_is_no_board_is_refused_in_words(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "board.py").write_text(text)
    with pytest.raises(UsageError, match=says):
        find.data(str(tmp_path) + "/")


def test_an_unknown_board_and_a_bad_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="Did you mean 'pico'"):
        find.folder_of("pcio")
    monkeypatch.chdir(tmp_path)
    for name, says in (("Big", "a-z"), ("pico", "already"), ("../x", "a-z")):
        with pytest.raises(UsageError, match=says):
            new.make(name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_boards_line_is_deaf_while_the_chip_sleeps(name: str) -> None:
    """Whether it is a UART or the USB port."""
    from host_tools.chip.setup import build_world

    world = build_world(name, "sandstone", 1)
    assert world.serial is not None
    world.sleep_ms(20)
    assert world.clock.now_us >= 20_000 and not world.serial.deaf
