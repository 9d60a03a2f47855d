"""Safe levels first, reset causes, watchdog, timer, PWM: the plain peripherals of the hal."""

import importlib
import sys

import pytest

import board
from host_tools.emulator.errors import EmulationError, MachineReset, WatchdogReset
from host_tools.emulator.plant.geometry import GEOMETRY
from rochette.hal import outputs, reset
from rochette.hal.pins import Input, Output
from rochette.hal.pwm import Pwm
from rochette.hal.timer import HardTimer
from rochette.hal.watchdog import Watchdog
from tests.unit.driver_rig import BenchPlant, bench


def lines_of(b):
    return {
        name: line for name, line in b.world.line_by_name.items() if b.board["pins"][name]["dir"] == "out"
    }


def test_boot_makes_every_output_safe_and_records_the_reset_cause():
    with bench() as b:
        b.world.reset_chip(3)
        assert all(line.mode == -1 for line in lines_of(b).values())
        sys.modules.pop("boot", None)
        importlib.import_module("boot")
        for name, line in lines_of(b).items():
            assert line.mode == 1, f"{name} is not driven"
            assert line.level == b.board["pins"][name]["safe"], f"{name} is not safe"
        assert reset.cause == reset.WATCHDOG


def test_actuator_enable_is_the_first_output_to_be_made_safe(monkeypatch):
    order = []
    monkeypatch.setattr(outputs, "Output", lambda gp, level: order.append((gp, level)))
    count = outputs.make_safe(board.BOARD["pins"])
    assert order[0] == (board.BOARD["pins"]["actuator_enable"]["gp"], 0)
    assert count == len(order) == sum(1 for pin in board.BOARD["pins"].values() if pin["dir"] == "out")


def test_an_output_without_a_safe_level_is_named_after_the_others_are_safe(monkeypatch):
    order = []
    monkeypatch.setattr(outputs, "Output", lambda gp, level: order.append(gp))
    pins = {
        "a": {"gp": 1, "dir": "out", "safe": None},
        "b": {"gp": 2, "dir": "out", "safe": 0},
        "c": {"gp": 3, "dir": "in", "safe": None},
    }
    with pytest.raises(ValueError, match="'a' has no safe level"):
        outputs.make_safe(pins)
    assert order == [2]


@pytest.mark.parametrize(("chip", "expected"), [(1, reset.POWER_ON), (3, reset.WATCHDOG), (9, reset.UNKNOWN)])
def test_reset_cause_is_read_from_the_chip(chip, expected):
    with bench() as b:
        b.world.reset_cause = chip
        assert reset.record() == expected
        assert reset.cause == expected


def test_reset_restarts_the_chip():
    with bench(), pytest.raises(MachineReset):
        reset.reset()


def test_watchdog_bites_when_it_is_not_fed_and_not_before():
    with bench() as b:
        dog = Watchdog(2000)
        for _ in range(5):
            b.wait(1_900_000)
            dog.feed()
        b.wait(1_900_000)
        with pytest.raises(WatchdogReset):
            b.wait(200_000)


@pytest.mark.parametrize("mcu", ["rp2040", "rp2350"])
def test_watchdog_lets_go_for_a_person_at_the_console(mcu):
    with bench() as b:
        dog = Watchdog(2000, mcu)
        b.wait(1_900_000)
        dog.let_go()
        b.wait(5_000_000)  # a watchdog that still ran would raise in here
        assert b.world.watchdog is None


def test_watchdog_refuses_a_chip_whose_registers_it_does_not_know():
    with bench(), pytest.raises(ValueError, match="esp32"):
        Watchdog(2000, "esp32")


@pytest.mark.parametrize("timeout_ms", [0, 8389])
def test_watchdog_refuses_a_time_the_chip_does_not_have(timeout_ms):
    with bench(), pytest.raises(ValueError, match="1 to 8388"):
        Watchdog(timeout_ms)


def test_hard_timer_calls_at_its_rate_until_it_is_stopped():
    with bench() as b:
        calls = []
        timer = HardTimer(200, calls.append)
        b.wait(1_000_000)
        assert len(calls) == 200
        timer.stop()
        b.wait(100_000)
        assert len(calls) == 200


def test_hard_timer_refuses_other_rates():
    with bench(), pytest.raises(ValueError, match="1 to 1000"):
        HardTimer(1001, print)


def test_pins_read_write_and_call_back_on_the_edge_they_were_told():
    with bench() as b:
        shutter = Output(28, 0)
        shutter.set(1)
        assert shutter.get() == 1 and b.plant.shutter
        home = Input(18, "up")
        assert home.get() == 1
        falls = []
        home.on_edge(0, falls.append)
        b.plant.feed_home = True
        b.wait(10_000)
        b.plant.feed_home = False
        b.wait(10_000)
        assert len(falls) == 1


def test_an_unknown_pull_is_refused_and_a_missing_one_shows():
    with bench():
        with pytest.raises(ValueError, match="GP18"):
            Input(18, "sideways")
        with pytest.raises(EmulationError):
            Input(18, None).get()


def test_pwm_duty_and_pulse():
    with bench() as b:
        led = Pwm(16, 1000)
        led.set_permille(250)
        assert b.plant.led_permille == 250
        led.off()
        assert b.plant.led_permille == 0
        servo = Pwm(12, 50)
        servo.set_pulse_us(1500)
        assert b.plant.breakoff_pulse_us == 1500


def test_the_two_outputs_of_a_slice_have_one_carrier_on_every_board():
    slices = {}
    for name, entry in board.BOARD["pwm"].items():
        gp = board.BOARD["pins"][name]["gp"]
        slices.setdefault(gp // 2 % 8, set()).add(entry["freq_hz"])
    assert all(len(carriers) == 1 for carriers in slices.values())


def test_board_data_agree_with_themselves():
    data = board.BOARD
    gps = [pin["gp"] for pin in data["pins"].values()]
    assert len(gps) == len(set(gps))
    assert all(pin["safe"] in (0, 1) for pin in data["pins"].values() if pin["dir"] == "out")
    assert data["seats"] == data["mechanics"]["seats"]
    numbers = {name: value for name, value in data["mechanics"].items() if name != "stations"}
    assert all(
        isinstance(value, int) for value in [*numbers.values(), *data["mechanics"]["stations"].values()]
    )
    assert set(GEOMETRY) <= set(data["mechanics"]), (
        "what the plant moves by stands in the board, not in its defaults"
    )
    addresses = [(p["bus"], p["address"]) for p in data["parts"].values() if "address" in p]
    assert len(addresses) == len(set(addresses))


def test_bench_plant_has_all_that_the_parts_need():
    assert BenchPlant().energised, "the bench is walked step by step"
