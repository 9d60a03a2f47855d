"""The stimulus board's program where it will run: on a stock MicroPython on an RP2040, its PIO programs as
they are, its pins driven and watched from outside. And beside a payload's chip, on emulated pins.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from host_tools import cli, paths
from host_tools.bench import stimulus
from host_tools.boards import find
from host_tools.chip import flash_image, uf2
from host_tools.chip.probe import MS, Probe
from host_tools.chip.process import EDGES, Event
from host_tools.emulator.stimulus_bench import StimulusBench
from host_tools.ground.serve import TcpLine
from tests.chip.bench import Bench

US = 1000.0
PINS = {name: pin["gp"] for name, pin in find.data(find.STIMULUS)["pins"].items()}
START = """
import gc, board
from stimulus.program import Stimulus
from rochette.hal.serial_port import UsbPort
s = Stimulus(board.BOARD, UsbPort())
def passes(n):
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(n): s.poll()
    return gc.mem_alloc() - before
"""


class Board:
    """A chip with the program on it, spoken to over its USB port."""

    def __init__(self, flash: bytes) -> None:
        self.probe = Probe(flash)
        self.probe.run(START)
        self.events: list[Event] = []

    def run(self) -> None:
        """Its main loop, until `stop`."""
        self.probe.start("s.run()")

    def stop(self) -> None:
        """Ctrl-C."""
        self.probe.type(b"\x03")
        self.probe.until(b"\x04")
        assert "KeyboardInterrupt" in self.probe.until(b"\x04").decode()
        self.probe.until(b">")

    def ask(self, text: str) -> str:
        """The answer, its checksum checked."""
        self.probe.type(f"{text}*{stimulus.crc16(text.encode()):04X}\n".encode())
        end = self.probe.ns + 1000 * MS
        while b"\r\n" not in self.probe.console:
            assert self.probe.ns < end, "an answer takes half a second at most"
            self.events += self.probe.go(2 * MS)
        said, checksum = self.probe.until(b"\r\n").rsplit(b"*", 1)
        assert int(checksum, 16) == stimulus.crc16(said)
        return said.decode()

    def rising(self, pin: str) -> int:
        """Rising edges of an output since the last call of anything that clears `events`."""
        return sum(e.data[1] for e in self.events if e.kind == EDGES and e.data[0] == PINS[pin])

    def wait(self, ms: float, edges: Any = ()) -> None:
        """Let time pass, with these edges on its inputs."""
        self.events += self.probe.go(ms * MS, edges)


@pytest.fixture(scope="module")
def board(stock: uf2.Image) -> Iterator[Board]:
    files = stimulus.program()
    del files["main.py"]
    made = Board(flash_image.with_files(stock, files))
    yield made
    made.probe.close()


def pulses(at: float, count: int, high_us: float, period_us: float) -> list[tuple[int, int, float]]:
    step = PINS["feed_step"]
    found = []
    for n in range(count):
        up = at + n * period_us * US
        found += [(step, 1, up), (step, 0, up + high_us * US)]
    return found


@pytest.mark.chip
def test_it_plays_and_measures_on_the_real_thing(board: Board) -> None:
    board.run()
    assert board.ask("hello") == "ok stimulus 1"

    # Step pulses, by direction, and the shortest of them.
    board.ask("zero feed")
    at, way = board.probe.ns + 1000 * US, PINS["feed_dir"]
    edges = [(way, 1, at), *pulses(at + 50 * US, 50, 7, 30)]
    edges += [
        (way, 0, at + 1700 * US),
        *pulses(at + 1750 * US, 20, 5, 30),
        *pulses(at + 2400 * US, 1, 1.5, 30),
    ]
    board.wait(4, edges)
    said = board.ask("count feed")
    high, low, shortest = map(int, re.findall(r"\d+", said))
    assert (high, low) == (50, 21)
    assert abs(shortest - 1500) <= 24, said
    assert board.ask("count carousel") == "ok count carousel high 0 low 0 shortest_ns 0"

    # The encoder: 1001 edges forward, 403 back: A and B rise once in four.
    board.events.clear()
    assert board.ask("turn 1001 8000") == "ok turn 1001 8000"
    assert board.ask("turn 4 8000").startswith("no the encoder still turns")
    board.wait(140)
    assert board.ask("turned") == "ok turned 1001 at rest"
    assert (board.rising("encoder_a"), board.rising("encoder_b")) == (251, 250)
    board.ask("turn -401 20000")
    board.wait(30)
    assert board.ask("turned") == "ok turned 401 at rest"
    assert (board.rising("encoder_a"), board.rising("encoder_b")) == (351, 350)

    # The load cell: low when a word is ready, a bit a clock, high after the 25th.
    word = 0xAAAAAB
    assert board.ask(f"load {word - (1 << 24)}").startswith("ok load")
    board.wait(20)
    board.events.clear()
    clock, at = PINS["hx711_clock"], board.probe.ns + 10 * US
    clocks = [
        (clock, level, at + n * 5 * US + (0 if level else 2 * US)) for n in range(25) for level in (1, 0)
    ]
    board.wait(1, clocks)
    # 101010...1011 and the end of the word: twelve ones that stand apart, the last of them runs into the end.
    assert board.rising("hx711_data") == 12

    # A PWM of 20 kHz at 30 %.
    line, at = PINS["spindle_fwd"], board.probe.ns
    carrier = [
        (line, level, at + n * 50 * US + (0 if level else 15 * US)) for n in range(1, 400) for level in (1, 0)
    ]
    board.probe.type(b"duty spindle_fwd\n")
    board.wait(20, carrier)
    said = board.probe.until(b"\r\n").decode()
    permille, high_ns, period_ns = map(int, re.findall(r"\d+", said.rsplit("*")[0]))
    assert permille == 300 and abs(high_ns - 15_000) <= 32 and abs(period_ns - 50_000) <= 64, said
    assert board.ask("duty spindle_rev") == "ok duty spindle_rev permille 0 high_ns 0 period_ns 0"
    board.stop()


@pytest.mark.chip
def test_its_loop_allocates_nothing(board: Board) -> None:
    """Idle, and while it plays both: what a pass allocates, a collection would have to stop it for."""
    board.probe.type(b"\x03")
    board.probe.go(20 * MS)
    board.probe.console.clear()
    board.probe.run("s.obey('let all')\npasses(10)")
    assert board.probe.run("print(passes(300))") == "0"
    board.probe.run("s.obey('load 5'); s.obey('turn 100000 8000')")
    assert board.probe.run("print(passes(300))") == "0"
    board.probe.run("s.obey('let all')")


def test_a_payloads_chip_sees_what_is_played(stock: uf2.Image) -> None:
    """The payload's own programs on its chip, the stimulus board's firmware on the pins beside it."""
    bench = Bench(stock.flash)
    try:
        player = StimulusBench(bench.world, find.data(find.STIMULUS))
        bench.bridge.encoder_count = player.encoder_count

        def ask(text: str, ms: int = 10) -> str:
            player.cable.type(text.encode() + b"\n")
            for _ in range(ms // 5):
                bench.wait(5_000)
                player.run_to(bench.world.clock.now_us)
            return player.cable.read().decode().split("*")[0]

        programs = paths.FIRMWARE / "rochette" / "hal" / "pio_programs.py"
        bench.run("from machine import Pin, PWM\nimport array, rp2, time")
        bench.run(programs.read_text(encoding="utf-8"))
        ask("zero feed")
        bench.run(
            "way = Pin(9, Pin.OUT, value=1)\n"
            "m = rp2.StateMachine(0, stepper, freq=2000000, set_base=Pin(8))\n"
            "m.active(1)\nfor n in (1, 7, 200): m.put(n - 1); m.put(24)\ntime.sleep_ms(10)\n"
            "way(0)\nm.put(99)\nm.put(9)\ntime.sleep_ms(10)"
        )
        # 12 cycles of 0.5 us: the shortest.
        assert ask("count feed") == "ok count feed high 208 low 100 shortest_ns 5992"
        bench.run(
            "Pin(7, Pin.IN, Pin.PULL_UP)\nq = rp2.StateMachine(4, quadrature, freq=10000000, "
            "in_base=Pin(6, Pin.IN, Pin.PULL_UP))\nq.active(1)\nb = array.array('i', [0])\n"
            "def count():\n q.put(1 << 29)\n q.get(b)\n return b[0]\nfirst = count()"
        )
        ask("turn 1001 8000", 150)
        ask("turn -2 100", 60)
        assert bench.run("print(count() - first)") == "999"
        home = "print(Pin(18, Pin.IN, Pin.PULL_UP).value())"
        for level in "010":
            ask(f"set feed_home {level}")
            assert bench.run(home) == level
        bench.run(
            "cell = rp2.StateMachine(2, hx711, freq=1000000, in_base=Pin(26, Pin.IN, Pin.PULL_UP), "
            "set_base=Pin(27))\ncell.active(1)"
        )
        ask("load -5000001", 100)
        bench.run("while cell.rx_fifo(): cell.get()")
        assert bench.run("print(cell.get() - (1 << 24))") == "-5000001"
        bench.run("p = PWM(Pin(2), freq=20000, duty_u16=19661)")
        assert ask("duty spindle_fwd").startswith("ok duty spindle_fwd permille 300 ")
    finally:
        bench.close()


class Bare(threading.Thread):
    """A chip with nothing on its pins, its USB port served on TCP."""

    def __init__(self, flash: bytes) -> None:
        super().__init__(daemon=True)
        self._probe = Probe(flash)
        self._line = TcpLine(0)
        self._ended = threading.Event()
        self.name_of_port = self._line.name
        self.failed: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                self._probe.type(self._line.wait(0.0))
                self._probe.go(2 * MS)
                self._line.send(bytes(self._probe.console))
                self._probe.console.clear()
        except BaseException as error:
            self.failed = error

    def close(self) -> None:
        self._ended.set()
        self.join()
        self._line.close()
        self._probe.close()
        assert self.failed is None, self.failed


@pytest.mark.chip
def test_its_program_is_put_onto_a_stock_board_and_starts_by_itself(
    stock: uf2.Image, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = Bare(flash_image.with_files(stock, {}))
    try:
        port = bare.name_of_port
        for _ in range(2):  # onto a bare board, and over itself while it runs
            assert cli.main(["stimulus", "--port", port, "put"]) == 0
            assert "it runs: stimulus 1" in capsys.readouterr().out
        assert cli.main(["stimulus", "--port", port, "turn", "-400", "8000"]) == 0
        assert capsys.readouterr().out == "turn -400 8000\n"
        assert cli.main(["stimulus", "--port", port, "set", "feed_step", "1"]) == 4
        assert "'feed_step' is not known here" in capsys.readouterr().err
    finally:
        bare.close()
