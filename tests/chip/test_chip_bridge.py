"""The parts and the plant on the real chip's pins: the same devices as on the other targets hear and answer
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from host_tools import paths
from host_tools.chip import uf2
from host_tools.emulator.errors import EmulationError
from tests.chip.bench import Bench

PROGRAMS = (paths.FIRMWARE / "rochette" / "hal" / "pio_programs.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bench(stock: uf2.Image) -> Iterator[Any]:
    made = Bench(stock.flash)
    made.run("from machine import Pin, PWM, I2C\nimport time, rp2")
    yield made
    made.close()


def test_an_output_reaches_its_part_and_an_input_its_pin(bench: Any) -> None:
    bench.run("enable = Pin(0, Pin.OUT, value=1)\nstop = Pin(1, Pin.IN, Pin.PULL_UP)")
    bench.wait(5_000)
    assert bench.world.actuator_enable
    assert bench.run("print(stop.value())") == "0"
    bench.world.set_estop(False)
    bench.wait(10_000)
    assert bench.run("print(stop.value())") == "1"
    bench.world.set_estop(True)


def test_pwm_reaches_the_plant(bench: Any) -> None:
    bench.run("f = PWM(Pin(2), freq=20000, duty_u16=32768)\nr = PWM(Pin(3), freq=20000, duty_u16=0)")
    bench.wait(5_000)
    assert bench.world.plant.spindle_permille == 500
    bench.run("f.duty_u16(0)\nservo = PWM(Pin(12), freq=50, duty_ns=1100000)")
    bench.wait(5_000)
    assert bench.world.plant.spindle_permille == 0
    assert bench.world.plant.breakoff_pulse_us == 1100


def test_parts_answer_on_the_bus(bench: Any) -> None:
    bench.run("i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000, timeout=3000)")
    assert bench.run("print(i2c.readfrom_mem(0x18, 0x0F, 1))") == "b'3'"
    bench.run("i2c.writeto(0x50, b'\\x01\\x00core'); i2c.writeto(0x50, b'\\x01\\x00')")
    assert bench.run("print(i2c.readfrom(0x50, 4))") == "b'core'"
    assert bench.world.parts["fram"].memory[256:260] == b"core"
    said = bench.run("try:\n i2c.writeto(0x33, b'x')\nexcept OSError as e: print(e.args[0])")
    assert said == "5"


def test_step_pulses_are_counted_exactly(bench: Any) -> None:
    bench.run(PROGRAMS)
    axis = bench.world.parts["feed"]
    before = axis.total
    bench.run(
        "way = Pin(9, Pin.OUT, value=1)\nfeed = rp2.StateMachine(0, stepper, freq=2000000, set_base=Pin(8))\n"
        "feed.active(1)\nfor n in (1, 7, 200, 1000):\n feed.put(n - 1)\n feed.put(24)"
    )
    bench.wait(60_000)
    forward = axis.total - before
    assert abs(forward) == 1208
    bench.run("way(0)\nfeed.put(199)\nfeed.put(24)")
    bench.wait(20_000)
    assert axis.total - before == forward - 200 * (1 if forward > 0 else -1)


def test_the_encoder_is_counted_without_a_loss(bench: Any) -> None:
    bench.run(
        "import array\nPin(7, Pin.IN, Pin.PULL_UP)\n"
        "q = rp2.StateMachine(4, quadrature, freq=10000000, in_base=Pin(6, Pin.IN, "
        "Pin.PULL_UP))\nq.active(1)\n"
        "def count():\n q.put(1 << 29)\n b = array.array('i', [0])\n q.get(b)\n return b[0]\nfirst = count()"
    )
    start = bench.world.plant.encoder_count
    bench.run("enable(1)\nf.duty_u16(40000)")
    bench.wait(700_000)
    bench.run("f.duty_u16(0)")
    bench.wait(2_000_000)
    moved = bench.world.plant.encoder_count - start
    assert abs(moved) > 500
    assert int(bench.run("print(count() - first)")) == moved


def test_a_converter_is_shifted_out(bench: Any) -> None:
    part = bench.world.parts["load_cell"]
    bench.run(
        "cell = rp2.StateMachine(2, hx711, freq=1000000, in_base=Pin(26, Pin.IN, Pin.PULL_UP), "
        "set_base=Pin(27))\n"
        "cell.active(1)\ntime.sleep_ms(100)\nwhile cell.rx_fifo(): cell.get()"
    )
    words = [int(bench.run("print(cell.get())")) for _ in range(3)]
    assert all(abs(word - part.word()) < 5_000 for word in words), (words, part.word())
    # 80 samples a second: in a quarter of a second the four that the FIFO holds have come.
    assert bench.run("time.sleep_ms(250); print(cell.rx_fifo())") == "4"


def test_the_uart_of_the_link_carries_both_ways_at_its_speed(bench: Any) -> None:
    link = bench.world.board["link"]
    pins = bench.world.board["pins"]
    bench.run(
        f"from machine import UART\ntx, rx = Pin({pins[link['tx']]['gp']}), Pin({pins[link['rx']]['gp']})\n"
        f"u = UART({link['uart']}, {link['baud']}, tx=tx, rx=rx, rxbuf=2048, txbuf=1024, timeout=0)"
    )
    sent = bytes(range(256)) * 4
    bench.bridge.write_line(sent)
    bench.wait(20_000)
    # A byte takes ten bits: 1,024 bytes at 921,600 are there after 11.1 ms.
    assert bench.run("got = u.read(); print(len(got), sum(got))") == f"1024 {sum(sent)}"
    bench.run("n = u.write(bytes(range(200)))")
    bench.wait(10_000)
    assert bench.bridge.read_line() == bytes(range(200))
    # Three bytes stay below the FIFO's trigger level: the receive time-out tells of them.
    bench.bridge.write_line(b"abc")
    bench.wait(5_000)
    assert bench.run("print(u.read())") == "b'abc'"
    assert bench.chip.counters()["uart_lost"] == 0


def test_a_reset_lets_go_of_every_output(bench: Any) -> None:
    bench.run("enable(1)")
    bench.wait(5_000)
    assert bench.world.actuator_enable
    bench.bridge.type(b"import machine; machine.reset()\x04")
    bench.wait(100_000)
    assert bench.bridge.resets == 1
    assert not bench.world.actuator_enable
    assert bench.world.plant.spindle_permille == 0


def test_an_input_that_stays_without_its_pull_is_an_error(stock: uf2.Image) -> None:
    bench = Bench(stock.flash)
    try:
        # The switch at the bottom is open: without the pull nothing holds the pin.
        bench.run("from machine import Pin\nPin(19, Pin.IN, None)\nPin(19, Pin.IN, Pin.PULL_UP)")
        bench.wait(10_000)
        bench.run("Pin(19, Pin.IN, None)")
        with pytest.raises(EmulationError, match="feed_bottom. floats"):
            bench.wait(20_000)
    finally:
        bench.close()
