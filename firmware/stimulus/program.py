"""What the stimulus board does: plays sensors and measures pulses as it is told, one line at a time.

Every answer is one line, `ok ...` or `no` and why, and comes within ANSWER_MS. Until it is told to play,
every line that goes to the payload is let go, so that the parts themselves are seen there.
"""

from rochette.hal import clock
from rochette.hal.pins import Input, Output
from stimulus.hal.machines import (
    MOST_RATE,
    DutyMeter,
    Hx711Player,
    ShortestHigh,
    StatePlayer,
    StepCounter,
)
from stimulus.lines import Lines, opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.hal.serial_port import UsbPort

VERSION = 1
ANSWER_MS = 500
"""The longest that an answer takes."""
_WINDOW_MS = 100
_DUTY_MS = 300
_MOST_EDGES = 1_000_000
_MOST_RAW = 8_388_607
_STATES = 12
# Level of A in bit 0, of B in bit 1, over one line of the encoder: A leading B is forward.
_GRAY = (0, 1, 3, 2)

HELP = (
    "hello; set LINE 0|1; let LINE|load|turn|all; read LINE; turn EDGES RATE; turned; load RAW; "
    "zero|count|rate AXIS; duty LINE"
)


class Refused(Exception):
    """A command that can't be done; its text says why."""


class Stimulus:
    """The whole board. Call `poll` again and again: it never waits, and allocates only for a command."""

    def __init__(self, board: "dict[str, Any]", port: "UsbPort") -> None:
        """board: boards/stimulus/board.py's. Every line is an input afterwards."""
        self._lines = Lines(port)
        pins = board["pins"]
        self._gp = {name: pins[name]["gp"] for name in pins}
        self._measured = sorted([name for name in pins if pins[name]["dir"] == "in"])
        self._switches = board["switches"]
        self._driven: "dict[str, Output]" = {}
        self._axes: "dict[str, tuple[StepCounter, ShortestHigh]]" = {}
        for axis in board["axes"]:
            entry = board["axes"][axis]
            step_gp = self._gp[entry["step"]]
            self._axes[axis] = (
                StepCounter(entry["counter"], step_gp, self._gp[entry["dir"]]),
                ShortestHigh(entry["shortest"], step_gp),
            )
        encoder = board["encoder"]
        self._encoder = encoder["pins"]
        self._encoder_machine = encoder["state_machine"]
        self._player: "StatePlayer | None" = None
        self._state = 0
        self._step = 1
        self._left = 0
        self._asked = 0
        self._ends_ms = 0
        self._state_us = 0
        load = board["load_cell"]
        self._load_pins = load["pins"]
        self._load_machine = load["state_machine"]
        self._period_us = 1_000_000 // load["samples_per_s"]
        self._load: "Hx711Player | None" = None
        self._raw = 0
        self._load_on = False
        self._due_us = 0
        self._meter = DutyMeter(board["duty"]["state_machine"], self._gp[board["duty"]["first"]])
        self._waits = ""
        self._waits_for = ""
        self._end_ms = 0
        self._began_us = 0
        self._before = 0
        for name in list(self._switches) + list(self._encoder) + [self._load_pins[0]]:
            self._let_go(name)
        for name in self._measured:
            Input(self._gp[name], "down")

    # --- the loop

    def run(self) -> None:
        """For ever."""
        while True:
            self.poll()

    def poll(self) -> None:
        """Everything that is due."""
        if self._left:
            self._feed()
        if self._load_on:
            self._convert()
        if self._waits:
            self._answer_late()
        line = self._lines.next()
        if line is not None:
            answer = self.obey(line)
            if answer:
                self._lines.say(answer)
        self._lines.flush()

    def obey(self, line: str) -> str:
        """Carry a line out; its answer, "" when it comes later."""
        text, wrong = opened(line)
        if wrong:
            return "no " + wrong
        words = text.split()
        if not words:
            return "no command in this line"
        if self._waits:
            return "no, " + self._waits + " is still measured: wait for its answer"
        command = getattr(self, "_do_" + words[0], None)
        if command is None:
            return "no command '{}': {}".format(words[0], HELP)
        try:
            return command(words[1:])
        except Refused as refused:
            return "no " + str(refused)

    # --- commands

    def _do_hello(self, words: "list[str]") -> str:
        self._count(words, 0, "hello")
        return "ok stimulus {}".format(VERSION)

    def _do_help(self, words: "list[str]") -> str:
        return "ok " + HELP

    def _do_set(self, words: "list[str]") -> str:
        self._count(words, 2, "set LINE 0|1")
        name = self._one_of(words[0], self._switches)
        level = self._number(words[1], 0, 1, "level")
        line = self._driven.get(name)
        if line is None:
            self._driven[name] = Output(self._gp[name], level)
        else:
            line.set(level)
        return "ok {} {}".format(name, level)

    def _do_let(self, words: "list[str]") -> str:
        self._count(words, 1, "let LINE|load|turn|all")
        what = words[0]
        everything = what == "all"
        if what == "load" or everything:
            self._load_on = False
            if self._load is not None:
                self._load.stop()
        if what == "turn" or everything:
            self._left = 0
            self._player = None
            for name in self._encoder:
                self._let_go(name)
        if everything:
            for name in list(self._driven):
                self._let_go(name)
        elif what not in ("load", "turn"):
            self._let_go(self._one_of(what, self._switches))
        return "ok let " + what

    def _do_read(self, words: "list[str]") -> str:
        self._count(words, 1, "read LINE")
        name = self._one_of(words[0], self._measured)
        return "ok {} {}".format(name, Input(self._gp[name], "down").get())

    def _do_turn(self, words: "list[str]") -> str:
        self._count(words, 2, "turn EDGES RATE")
        edges = self._number(words[0], -_MOST_EDGES, _MOST_EDGES, "edges")
        rate = self._number(words[1], 10, MOST_RATE, "edges a second")
        if not self._at_rest():
            raise Refused("the encoder still turns: ask 'turned', or 'let turn'")
        if self._player is None:
            self._player = StatePlayer(self._encoder_machine, self._gp[self._encoder[0]])
            self._state = 0
        self._player.start(rate)
        self._step = 1 if edges > 0 else -1
        self._left = self._asked = edges if edges > 0 else -edges
        # The states of a word that is out are shifted for so long after the FIFO is empty.
        self._state_us = 1_000_000 // rate + 1
        self._feed()
        return "ok turn {} {}".format(edges, rate)

    def _do_turned(self, words: "list[str]") -> str:
        self._count(words, 0, "turned")
        waiting = self._left
        if self._player is not None:
            waiting += _STATES * self._player.waiting()
        gone = max(0, self._asked - waiting)
        return "ok turned {} {}".format(gone, "at rest" if self._at_rest() else "turning")

    def _do_load(self, words: "list[str]") -> str:
        self._count(words, 1, "load RAW")
        self._raw = self._number(words[0], -_MOST_RAW - 1, _MOST_RAW, "raw") & 0xFFFFFF
        if self._load is None:
            data, shift = self._load_pins
            self._load = Hx711Player(self._load_machine, self._gp[data], self._gp[shift])
        self._load.start()
        self._load_on = True
        self._due_us = clock.ticks_us()
        return "ok load " + words[0]

    def _do_zero(self, words: "list[str]") -> str:
        counter, shortest = self._axis(words, "zero AXIS")
        counter.zero()
        shortest.zero()
        return "ok zero " + words[0]

    def _do_count(self, words: "list[str]") -> str:
        counter, shortest = self._axis(words, "count AXIS")
        if not counter.read():
            raise Refused("the counter did not answer")
        text = "ok count {} high {} low {} shortest_ns {}"
        return text.format(words[0], counter.high, counter.low, shortest.read())

    def _do_rate(self, words: "list[str]") -> str:
        counter, _ = self._axis(words, "rate AXIS")
        if not counter.read():
            raise Refused("the counter did not answer")
        self._before = counter.high + counter.low
        return self._later("rate", words[0], _WINDOW_MS)

    def _do_duty(self, words: "list[str]") -> str:
        self._count(words, 1, "duty LINE")
        name = self._one_of(words[0], self._measured)
        self._meter.begin(self._gp[name])
        return self._later("duty", name, _DUTY_MS)

    # --- answers that take time

    def _later(self, what: str, name: str, ms: int) -> str:
        self._waits = what
        self._waits_for = name
        self._began_us = clock.ticks_us()
        self._end_ms = clock.add(clock.ticks_ms(), ms)
        return ""

    def _answer_late(self) -> None:
        over = clock.diff(clock.ticks_ms(), self._end_ms) >= 0
        text = self._rate(over) if self._waits == "rate" else self._duty(over)
        if text:
            self._waits = ""
            self._lines.say(text)

    def _rate(self, over: bool) -> str:
        if not over:
            return ""
        counter, _ = self._axes[self._waits_for]
        if not counter.read():
            return "no the counter did not answer"
        us = clock.diff(clock.ticks_us(), self._began_us)
        pulses = counter.high + counter.low - self._before
        return "ok rate {} {}".format(self._waits_for, (pulses * 10_000 + us // 200) // (us // 100))

    def _duty(self, over: bool) -> str:
        meter = self._meter
        if meter.done():
            high = meter.high_ns
            period = high + meter.low_ns
            text = "ok duty {} permille {} high_ns {} period_ns {}"
            return text.format(self._waits_for, (high * 1000 + period // 2) // period, high, period)
        if not over:
            return ""
        level = meter.give_up()
        return "ok duty {} permille {} high_ns 0 period_ns 0".format(self._waits_for, 1000 * level)

    # --- what is played

    def _feed(self) -> None:
        player = self._player
        if player is None:
            self._left = 0
            return
        used = 0
        while self._left and player.room():
            word = 0
            used = min(self._left, _STATES)
            state = self._state
            place = 0
            while place < _STATES:
                # What is too many of a word repeats its last state: no edge.
                if self._left:
                    state = state + self._step & 3
                    self._left -= 1
                word |= _GRAY[state] << 2 * place
                place += 1
            self._state = state
            player.put(word)
        if not self._left:
            # A restart leaves out what is too many of the last word.
            states = player.waiting() * _STATES + used
            self._ends_ms = clock.add(clock.ticks_ms(), states * self._state_us // 1000 + 2)

    def _at_rest(self) -> bool:
        player = self._player
        if player is None:
            return True
        return not self._left and not player.waiting() and clock.diff(clock.ticks_ms(), self._ends_ms) >= 0

    def _convert(self) -> None:
        now = clock.ticks_us()
        if clock.diff(now, self._due_us) < 0:
            return
        self._due_us = clock.add(self._due_us, self._period_us)
        if clock.diff(now, self._due_us) >= 0:
            self._due_us = clock.add(now, self._period_us)
        load = self._load
        if load is not None and load.free():
            load.put(self._raw)

    def _let_go(self, name: str) -> None:
        self._driven.pop(name, None)
        Input(self._gp[name], None)

    # --- words

    def _axis(self, words: "list[str]", usage: str) -> "tuple[StepCounter, ShortestHigh]":
        self._count(words, 1, usage)
        return self._axes[self._one_of(words[0], sorted(self._axes))]

    def _count(self, words: "list[str]", count: int, usage: str) -> None:
        if len(words) != count:
            raise Refused("{} words: it is written '{}'".format(len(words), usage))

    def _one_of(self, name: str, known: "Any") -> str:
        if name not in known:
            raise Refused("'{}' is not known here: {}".format(name, ", ".join(known)))
        return name

    def _number(self, text: str, low: int, high: int, what: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise Refused("{} '{}' is no whole number".format(what, text))
        if not low <= number <= high:
            raise Refused("{} {}: {} to {} are allowed".format(what, number, low, high))
        return number
