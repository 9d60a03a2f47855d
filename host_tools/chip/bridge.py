"""The payload's parts and plant on the pins of the emulated chip, in lock step on emulated time.

The world (host_tools/emulator/world.py) with its devices and plant is the same as on the other targets;
where there `machine` and `rp2` act on its lines, here the chip's pads do. The chip runs up to the plant's
next grid point, 5 ms later at most; what it did meanwhile is applied in order, each at its own time, and
the plant moves. So an output takes effect at the next grid point, as on the other targets. An I2C transfer
stops the chip until the part has answered.

Inputs change at grid points. The encoder's edges of a grid step are spread evenly over the following 5 ms,
because the count at its end is only known then: the firmware counts them with that delay. An HX711's word
is shifted out by the chip's side as the clock pulses come; what it is and when it is ready is the device's
affair here.

The ground's line is the UART of the board's link: `write_line` and `read_line` are its far end.

No wall clock is looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from host_tools.chip.errors import ChipError
from host_tools.chip.i2c_parts import Reading
from host_tools.chip.process import (
    EDGES,
    I2C_READ,
    I2C_WRITE,
    PAD,
    RESET,
    SHIFTED,
    SLICE,
    UART_SENT,
    USB_OPEN,
    ChipProcess,
    Event,
    Frame,
)
from host_tools.emulator.devices import core_temperature
from host_tools.emulator.devices.hx711 import Hx711
from host_tools.emulator.errors import EmulationError
from host_tools.emulator.faults import FaultyPart
from host_tools.emulator.pins import ALT, IN, OUT, PULL_UP, Line
from host_tools.emulator.world import GRID_US, World

SYS_HZ = 125_000_000
RELEASED = 2
# Function select values (RP2040 data sheet section 2.19.2).
_FN_PWM, _FN_SIO = 4, 5
_FN_BUSES = (1, 2, 3, 6, 7)
_WORD_PULSES = 25
_START, _READ, _MORE = 0, 1, 2
_SETTLE_US = 1000  # from a pin's mode to its pull; it takes microseconds
_UART_MOST = 0xFFFF  # bytes in one frame to the chip


class Slice:
    """What a PWM slice is set to (data sheet section 4.5.2)."""

    def __init__(self) -> None:
        self.enabled = False
        self.div = 16
        self.top = 0xFFFF
        self.cc = 0

    def setting(self, gp: int) -> tuple[int, int]:
        """High time in nanoseconds and frequency in hertz of one of its pins."""
        period = (self.top + 1) * self.div
        high = min(self.cc >> 16 if gp & 1 else self.cc & 0xFFFF, self.top + 1) * self.div
        if not self.enabled:
            return 0, 0
        return high * 1_000_000_000 // (16 * SYS_HZ), (16 * SYS_HZ + period // 2) // period


class Bridge:
    """Runs the chip against the world. `console` is what its serial port has said and nobody has taken
    yet.
    """

    def __init__(self, world: World, chip: ChipProcess) -> None:
        self.world = world
        self.chip = chip
        self.console = bytearray()
        self.usb_open = False
        self.resets = 0
        self.driven_us: dict[int, int] = {}
        """When each output was first driven since power-on, by its GPIO number."""
        self.traffic: list[tuple[str, int, int, bytes | int]] | None = None
        """A list here is filled with what passes on the I2C buses: ("write", bus, address, bytes), ("read",
        bus, address, how many).
        """
        self._typed = bytearray()
        link = world.board.get("link") or {}
        # Its UART, -1 for a board whose link is no UART: the USB port then is the ground's line.
        self.uart = int(link["uart"]) if link.get("port") == "uart" else -1
        self._to_uart = bytearray()
        self._from_uart = bytearray()
        self._slices = [Slice() for _ in range(8)]
        self._changed_slices: set[int] = set()
        self._on_pwm: set[int] = set()
        self._levels: dict[int, int] = {}
        self._floating: dict[int, int] = {}
        self._inputs = [line for line in world.lines if line is not None and line.source is not None]
        self._reading: Reading | None = None
        self._steps = {}
        self._words: list[tuple[Hx711, int, int]] = []
        # How often each part had started when its last word was offered.
        self._starts: dict[int, int] = {}
        for axis in world.steppers:
            for line in world.lines:
                if line is not None and line.axis is axis:
                    self._steps[line.gp] = axis
        self._encoder: tuple[Line, Line] | None = None
        if "encoder_a" in world.line_by_name:
            self._encoder = (world.line_by_name["encoder_a"], world.line_by_name["encoder_b"])
        self.encoder_count: Callable[[], int] = lambda: int(world.plant.encoder_count)
        """What the encoder's lines follow: the plant, unless a stimulus board plays them."""
        self._count = self.encoder_count()
        self._find_words()
        self._skip = {line.gp for line in (self._encoder or ())} | {data for _, data, _ in self._words}

    def _find_words(self) -> None:
        world = self.world
        for name in sorted(world.parts):
            part = world.parts[name]
            if isinstance(part, Hx711):
                pins = world.board["pio"][world.board["parts"][name]["pio"]]["pins"]
                data, clock = (world.line_by_name[pin].gp for pin in pins)
                self._words.append((part, data, clock))

    # Running

    def type(self, data: bytes) -> None:
        """Bytes for the chip's serial port; they go there when it runs next."""
        self._typed += data

    def write_line(self, data: bytes) -> None:
        """Bytes from the ground, over the board's link; one after the other at the line's speed."""
        if self.uart < 0:
            self.type(data)
        else:
            self._to_uart += data

    def read_line(self) -> bytes:
        """What has come for the ground since the last call."""
        source = self.console if self.uart < 0 else self._from_uart
        data = bytes(source)
        source.clear()
        return data

    def run(self, until_us: int) -> None:
        """Run until `until_us`, or a little beyond. Raises ChipError when the chip has halted."""
        while self.world.clock.now_us < until_us:
            self.quantum(until_us)

    def quantum(self, until_us: int) -> None:
        """Run to the next grid point, the next thing due in the world, or `until_us`, whichever is first."""
        world = self.world
        clock = world.clock
        now = clock.now_us
        stop = min(now - now % GRID_US + GRID_US, clock.next_us, until_us)
        if stop <= now:
            stop = now + 1
        self.chip.send("G", self._inputs_until(now, stop))
        while True:
            frame = self.chip.receive()
            for event in frame.events:
                self._happened(event)
            if frame.kind == "I":
                self.chip.send("A", self._answer(frame))
                continue
            break
        if frame.kind == "H":
            raise ChipError(
                f"the emulated chip has stopped for good at {frame.us / 1e6:.3f} s: {frame.rest.decode()}"
            )
        self.console += frame.rest
        for number in sorted(self._changed_slices):
            self._apply_slice(number)
        self._changed_slices.clear()
        self._pass_to(frame.us)
        world.sync()

    def _pass_to(self, us: int) -> None:
        clock = self.world.clock
        if us > clock.now_us:
            clock.advance(us - clock.now_us)

    # To the chip

    def _inputs_until(self, now: int, stop: int) -> bytes:
        out = bytearray(struct.pack("<d", stop * 1000))
        changes = bytearray()
        for line in self._inputs:
            if line.gp in self._skip:
                continue
            level = self._level(line)
            if self._levels.get(line.gp) != level:
                self._levels[line.gp] = level
                changes += bytes((line.gp, level))
        out.append(len(changes) // 2)
        out += changes
        edges = self._edges(now) if now % GRID_US < GRID_US // 2 else []
        out += struct.pack("<H", len(edges))
        for gp, level, us in edges:
            out += struct.pack("<BBd", gp, level, us * 1000)
        out.append(len(self._words))
        for part, data, clock in self._words:
            anew = part.starts != self._starts.get(data, 0)
            self._starts[data] = part.starts
            pulses = _WORD_PULSES | (0x80 if anew else 0)
            out += struct.pack("<BBBId", data, clock, pulses, part.word(), part.ready_us * 1000)
        out += struct.pack("<H", core_temperature.code_of(self.world.plant))
        chunk = self._to_uart[:_UART_MOST]
        out += struct.pack("<BH", max(self.uart, 0), len(chunk)) + chunk
        del self._to_uart[: len(chunk)]
        out += self._typed
        self._typed.clear()
        return bytes(out)

    def _level(self, line: Line) -> int:
        if line.mode == IN:
            self._check_pull(line)
        assert line.source is not None
        level = line.source()
        if line.fault is not None:
            return line.fault(level)
        if line.needs_pull and level == (1 if line.needs_pull == PULL_UP else 0):
            return RELEASED
        return level

    def _check_pull(self, line: Line) -> None:
        """Raises EmulationError for an input that floats, which a board must not let it do. MicroPython makes
        a pin an input first and sets its pull then; this may be looked at in between.
        """
        now = self.world.clock.now_us
        try:
            line.input_level()
        except EmulationError:
            if now - self._floating.setdefault(line.gp, now) > _SETTLE_US:
                raise
        else:
            self._floating.pop(line.gp, None)

    def _edges(self, now: int) -> list[tuple[int, int, int]]:
        """The encoder's edges of the last grid step, spread over the time until the next grid point."""
        if self._encoder is None:
            return []
        count = self.encoder_count()
        n = count - self._count
        if n == 0 and self._levels.get(self._encoder[0].gp) is not None:
            return []
        a, b = self._encoder
        way = 1 if n > 0 else -1
        span = GRID_US - now % GRID_US
        edges = []
        for k in range(1, abs(n) + 1):
            edges += self._encoder_levels(self._count + k * way, a, b, now + k * span // (abs(n) + 1))
        if n == 0:
            edges += self._encoder_levels(count, a, b, now)
        self._count = count
        return edges

    def _encoder_levels(self, count: int, a: Line, b: Line, us: int) -> list[tuple[int, int, int]]:
        # The Gray code of wiring.py; faults are put on the lines as on the other targets.
        levels = ((a, 1 if 1 <= count & 3 <= 2 else 0), (b, count >> 1 & 1))
        changed = []
        for line, level in levels:
            if line.fault is not None:
                level = line.fault(level)
            if self._levels.get(line.gp) != level:
                self._levels[line.gp] = level
                changed.append((line.gp, level, us))
        return changed

    # From the chip

    def _happened(self, event: Event) -> None:
        self._pass_to(event.us)
        data = event.data
        if event.kind == EDGES:
            axis = self._steps.get(data[0])
            if axis is not None:
                axis.total += axis.sign * data[1]
                if data[2]:
                    axis.was_high(data[2])
                setattr(axis.plant, axis.attribute, axis.total)
        elif event.kind == PAD:
            self._pad(*data)
        elif event.kind == SLICE:
            number, enabled, div, top, cc = data
            one = self._slices[number]
            one.enabled, one.div, one.top, one.cc = bool(enabled), div, top, cc
            self._changed_slices.add(number)
        elif event.kind == I2C_WRITE:
            if self.traffic is not None:
                self.traffic.append(("write", *data))
            self._written(*data)
        elif event.kind == I2C_READ:
            if self.traffic is not None:
                self.traffic.append(("read", *data))
        elif event.kind == SHIFTED:
            for part, gp, _ in self._words:
                if gp == data[0]:
                    part.ready_us = part.next_ready_us(event.us)
        elif event.kind == RESET:
            self._reset(data[0])
        elif event.kind == USB_OPEN:
            self.usb_open = True
        elif event.kind == UART_SENT:
            if data[0] == self.uart:
                self._from_uart += data[1]

    def _pad(self, gp: int, fn: int, drive: int, pull: int) -> None:
        line = self.world.lines[gp]
        if line is None:
            return  # a pin of the Pico that the board does not use
        if fn == _FN_PWM:
            if line.pwm_sink is None:
                raise EmulationError(line.text() + " is no PWM output on this board")
            line.pwm_take()
            self.driven_us.setdefault(gp, self.world.clock.now_us)
            self._on_pwm.add(gp)
            self._changed_slices.add(gp >> 1 & 7)
            return
        self._on_pwm.discard(gp)
        if fn in _FN_BUSES:
            line.to_pio()
            return
        if fn == _FN_SIO and drive >= 0:
            line.configure(OUT, pull, drive)
            self.driven_us.setdefault(gp, self.world.clock.now_us)
        elif fn == _FN_SIO and line.source is not None:
            line.configure(IN, pull, -1)
        elif line.mode in (OUT, ALT):
            line.float()

    def _apply_slice(self, number: int) -> None:
        one = self._slices[number]
        for gp in sorted(self._on_pwm):
            if gp >> 1 & 7 != number:
                continue
            line = self.world.lines[gp]
            assert line is not None
            duty_ns, freq = one.setting(gp)
            if (duty_ns, freq) != (line.duty_ns, line.pwm_freq):
                line.duty(duty_ns, freq)

    def _reset(self, cause: int) -> None:
        self.resets += 1
        self.usb_open = False
        self._slices = [Slice() for _ in range(8)]
        self._on_pwm.clear()
        self._changed_slices.clear()
        self.world.reset_chip(cause)

    # I2C

    def _device(self, number: int, address: int) -> Any:
        for bus in self.world.buses:
            if bus.number == number:
                return bus.devices[address]
        return None

    def _written(self, number: int, address: int, data: bytes) -> None:
        device = self._device(number, address)
        if device is None:
            raise EmulationError(f"i2c{number}: {address:#04x} was written after it had gone")
        try:
            device.raw_write(data)
        except OSError:
            # Taken off the bus by a fault in the middle of a write: the bytes are lost.
            return

    def _answer(self, frame: Frame) -> bytes:
        number, address, what = frame.rest[:3]
        if what == _MORE:
            assert self._reading is not None
            return b"\x01" + self._reading.more()
        self._pass_to(frame.us)
        self.world.sync()
        device = self._device(number, address)
        # A part that a fault has taken off the bus acknowledges nothing.
        if device is None or (isinstance(device, FaultyPart) and device.off):
            return b"\x00"
        if what == _START:
            return b"\x01"
        self._reading = Reading(device)
        first = self._reading.start()
        return b"\x00" if first is None else b"\x01" + first
