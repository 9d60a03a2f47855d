"""`machine` as the firmware sees it on an RP2040: pins, PWM, I2C, timers, watchdog, resets, on the current
world.

What the firmware does not use, or what has no meaning here, raises EmulationError.
"""

import sys

import micropython  # pyright: ignore[reportMissingImports]

from host_tools.emulator import pins as _pins
from host_tools.emulator import uctypes as _uctypes
from host_tools.emulator import world as _world
from host_tools.emulator.devices import core_temperature as _core_temperature
from host_tools.emulator.errors import EmulationError, MachineReset, SoftReset, WatchdogReset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from host_tools.emulator.clock import Event
    from host_tools.emulator.pins import Line
    from host_tools.emulator.world import World

PWRON_RESET = 1
WDT_RESET = 3

# The VM's own one, which is built in and not found on the path, reads the memory of the host.
sys.modules["uctypes"] = _uctypes

_EIO = 5
_ETIMEDOUT = 110


def _line_of(pin: "Any") -> "Line":
    if isinstance(pin, Pin):
        return pin._line
    if isinstance(pin, str) and pin.startswith("GP"):
        pin = int(pin[2:])
    if not isinstance(pin, int) or not 0 <= pin < _world.PINS:
        raise ValueError("invalid pin")
    line = _world.current().lines[pin]
    if line is None:
        raise EmulationError("GP" + str(pin) + " is not in the board's list of pins")
    return line


class Pin:
    """One GPIO of the board."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    ALT = 3
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(
        self, id: "Any", mode: int = -1, pull: "int | None" = -1, *, value: "Any" = None, alt: int = -1
    ) -> None:
        self._line = _line_of(id)
        self._clock = self._line.world.clock
        if mode != -1 or (pull is not None and pull != -1) or value is not None:
            self.init(mode, pull, value=value, alt=alt)

    def init(self, mode: int = -1, pull: "int | None" = -1, *, value: "Any" = None, alt: int = -1) -> None:
        """Sets mode, pull and value. Raises EmulationError for what the board's wiring does not allow."""
        line = self._line
        if alt != -1 or mode == self.ALT:
            raise EmulationError(line.text() + ": alternate functions are set by PWM, I2C and StateMachine")
        if mode == -1:
            mode = line.mode
            if mode not in (0, 1):
                raise EmulationError(line.text() + ": the mode was never set")
        if pull is None:
            pull = 0
        elif pull == -1:
            pull = line.pull
        line.configure(mode, pull, -1 if value is None else 1 if value else 0)

    @micropython.native
    def value(self, x: "Any" = None) -> "int | None":
        """Reads the level, or sets it."""
        if x is None:
            return self._line.read()
        self._line.write(1 if x else 0)
        return None

    __call__ = value

    def on(self) -> None:
        """High."""
        self._line.write(1)

    def off(self) -> None:
        """Low."""
        self._line.write(0)

    high = on
    low = off

    def toggle(self) -> None:
        """The other level."""
        self._line.write(1 - self._line.level)

    def irq(
        self,
        handler: "Callable[[Pin], None] | None" = None,
        trigger: int = 12,
        *,
        priority: int = 1,
        wake: "int | None" = None,
        hard: bool = False,
    ) -> None:
        """Calls the handler with this pin at edges. Only priority 1 and no wake, as on the real rp2."""
        if priority != 1 or wake is not None:
            raise EmulationError(self._line.text() + ": irq priority and wake are not supported on rp2")
        if trigger & ~12:
            raise EmulationError(self._line.text() + ": irq trigger " + str(trigger) + " is not an edge")
        if handler is not None and hard and self._line.world.lock_heap_in_interrupts:
            handler = _locked(handler)
        self._line.on_edges(handler, trigger, self)

    def __repr__(self) -> str:
        return "Pin(" + self._line.text() + ")"


def _locked(handler: "Callable[[Any], None]") -> "Callable[[Any], None]":
    """A handler under a locked heap, as hard interrupts run: what allocates raises MemoryError on the
    MicroPython VM.
    """

    def locked(argument: "Any") -> None:
        micropython.heap_lock()
        try:
            handler(argument)
        finally:
            micropython.heap_unlock()

    return locked


class PWM:
    """One PWM output. Both outputs of a slice have one frequency; here a second one has to ask for the
    same.
    """

    def __init__(
        self,
        dest: "Any",
        *,
        freq: int = -1,
        duty_u16: int = -1,
        duty_ns: int = -1,
        invert: bool = False,
    ) -> None:
        line = _line_of(dest)
        if line.pwm_sink is None:
            raise EmulationError(line.text() + " is no PWM output on this board")
        if invert:
            raise EmulationError(line.text() + ": PWM invert is not emulated")
        self._line = line
        self._world = line.world
        self._slice = line.gp >> 1 & 7
        self._freq = 0
        self._duty_u16 = 0
        self._duty_ns = -1
        self.init(freq=freq, duty_u16=duty_u16, duty_ns=duty_ns)

    def init(self, *, freq: int = -1, duty_u16: int = -1, duty_ns: int = -1, invert: bool = False) -> None:
        """Sets frequency and duty, and takes the pin."""
        if invert:
            raise EmulationError(self._line.text() + ": PWM invert is not emulated")
        if freq != -1:
            self.freq(freq)
        if duty_u16 != -1:
            self.duty_u16(duty_u16)
        if duty_ns != -1:
            self.duty_ns(duty_ns)

    def freq(self, hz: "int | None" = None) -> "int | None":
        """Reads or sets the frequency; the duty in parts of the period stays, a duty in nanoseconds too."""
        if hz is None:
            return self._freq
        if hz < 8 or hz > 62_500_000:
            # The slowest a slice can run at 125 MHz is 7.5 Hz (RP2040 data sheet 4.5.2.6).
            raise ValueError("invalid freq")
        world = self._world
        s = self._slice
        self._line.pwm_take()
        if hz == self._freq and world.slice_freq[s] == hz:
            return None
        if world.slice_users[s] > 1 and world.slice_freq[s] not in (0, hz):
            raise EmulationError(
                self._line.text()
                + ": its PWM slice runs at "
                + str(world.slice_freq[s])
                + " Hz for another pin"
            )
        world.slice_freq[s] = hz
        self._freq = hz
        self._apply()
        return None

    def duty_u16(self, value: "int | None" = None) -> "int | None":
        """Reads or sets the duty, 0 to 65535."""
        if value is None:
            return self._duty_u16
        if value == self._duty_u16 and self._duty_ns < 0 and self._line.pwm_on:
            return None
        if not 0 <= value <= 65535:
            raise ValueError("duty_u16 must be 0 to 65535")
        self._duty_u16 = value
        self._duty_ns = -1
        self._apply()
        return None

    def duty_ns(self, value: "int | None" = None) -> "int | None":
        """Reads or sets the high time in nanoseconds."""
        if value is None:
            return self._line.duty_ns
        if value == self._duty_ns and self._line.pwm_on:
            return None
        if value < 0:
            raise ValueError("duty_ns must not be negative")
        self._duty_ns = value
        self._apply()
        return None

    def _apply(self) -> None:
        hz = self._freq
        line = self._line
        if hz == 0:
            raise EmulationError(line.text() + ": PWM duty is set before the frequency")
        if not line.pwm_on:
            line.pwm_take()
        ns = self._duty_ns
        if ns < 0:
            # 65535 is always high. Rounded, so that a servo's microseconds come out as they went in.
            ns = (self._duty_u16 * 1_000_000_000 + 32767 * hz) // (65535 * hz)
        elif ns > 1_000_000_000 // hz:
            ns = 1_000_000_000 // hz
        line.duty(ns, hz)

    def deinit(self) -> None:
        """Lets go of the pin; its duty is 0."""
        self._line.pwm_off()
        self._duty_u16 = 0
        self._duty_ns = -1


class I2C:
    """A hardware I2C block on one of the board's buses. Every transfer takes the bus's time."""

    def __init__(
        self, id: int, *, scl: "Any" = None, sda: "Any" = None, freq: int = 400_000, timeout: int = 50_000
    ) -> None:
        world = _world.current()
        bus = None
        for entry in world.buses:
            if entry.number == id:
                bus = entry
        if bus is None:
            raise EmulationError("I2C(" + str(id) + ") is not wired on this board")
        if scl is None or sda is None or _line_of(scl).gp != bus.scl or _line_of(sda).gp != bus.sda:
            raise EmulationError(
                "I2C(%d) is wired to sda GP%d and scl GP%d on this board" % (id, bus.sda, bus.scl)
            )
        if not 10_000 <= freq <= 1_000_000:
            raise ValueError("I2C freq must be 10 kHz to 1 MHz")
        _line_of(scl).mode = _pins.ALT
        _line_of(sda).mode = _pins.ALT
        self._world = world
        self._clock = world.clock
        self._bus = bus
        self._devices: "list[Any]" = bus.devices
        self._bit_ns = (1_000_000_000 + freq - 1) // freq
        self._timeout_us = timeout
        bus.timeout_us = timeout

    @micropython.native
    def _pass(self, bits: int) -> None:
        self._clock.advance(1 + bits * self._bit_ns // 1000)
        self._world.sync()

    def _absent(self) -> "NoReturn":
        # Start, address byte without acknowledge, stop.
        self._pass(11)
        raise OSError(_EIO)

    @micropython.native
    def readfrom_mem_into(self, addr: int, memaddr: int, buf: "Any", *, addrsize: int = 8) -> None:
        """Reads from a register into the buffer. Raises OSError(5) when nothing answers."""
        device = self._devices[addr]
        if device is None:
            self._absent()
        if addrsize != device.pointer_bits:
            raise EmulationError(
                device.text() + ": its register address has " + str(device.pointer_bits) + " bits"
            )
        c = self._clock
        # Start, address, pointer, restart, address, data, stop; 9 bits a byte.
        t = c.now_us + 1 + (21 + addrsize * 9 // 8 + 9 * len(buf)) * self._bit_ns // 1000
        if t < c.next_us:
            c.now_us = t
        else:
            c.advance(t - c.now_us)
        w = self._world
        if t >= w.next_grid_us:
            w.sync()
        device.mem_read(memaddr, buf)

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, *, addrsize: int = 8) -> bytes:
        """Reads bytes from a register. Allocates."""
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize=addrsize)
        return bytes(buf)

    def writeto_mem(self, addr: int, memaddr: int, buf: "Any", *, addrsize: int = 8) -> None:
        """Writes the buffer to a register. Raises OSError(5) when nothing answers."""
        device = self._devices[addr]
        if device is None:
            self._absent()
        if addrsize != device.pointer_bits:
            raise EmulationError(
                device.text() + ": its register address has " + str(device.pointer_bits) + " bits"
            )
        self._pass(11 + addrsize * 9 // 8 + 9 * len(buf))
        device.mem_write(memaddr, buf)

    def readfrom_into(self, addr: int, buf: "Any", stop: bool = True) -> None:
        """Reads from the register pointer on."""
        device = self._devices[addr]
        if device is None:
            self._absent()
        self._pass(11 + 9 * len(buf))
        device.raw_read(buf)

    def readfrom(self, addr: int, nbytes: int, stop: bool = True) -> bytes:
        """Reads bytes from the register pointer on. Allocates."""
        buf = bytearray(nbytes)
        self.readfrom_into(addr, buf, stop)
        return bytes(buf)

    def writeto(self, addr: int, buf: "Any", stop: bool = True) -> int:
        """Writes: register pointer first. Returns the number of bytes acknowledged."""
        device = self._devices[addr]
        if device is None:
            self._absent()
        self._pass(11 + 9 * len(buf))
        device.raw_write(buf)
        return len(buf)

    def writevto(self, addr: int, vector: "Any", stop: bool = True) -> int:
        """Writes several buffers as one. Allocates."""
        whole = b""
        for part in vector:
            whole += bytes(part)
        return self.writeto(addr, whole, stop)

    def scan(self) -> "list[int]":
        """The addresses from 0x08 to 0x77 that answer."""
        found = []
        for addr in range(0x08, 0x78):
            self._pass(11)
            if self._devices[addr] is not None and self._devices[addr].answers():
                found.append(addr)
        return found


class UART:
    """A UART on the board's serial line. Reads and writes never wait: `timeout` has to be 0."""

    def __init__(
        self,
        id: int,
        baudrate: int = 9600,
        *,
        tx: "Any" = None,
        rx: "Any" = None,
        txbuf: int = 256,
        rxbuf: int = 256,
        timeout: int = 0,
    ) -> None:
        line = _world.current().serial
        if line is None or line.uart != id:
            raise EmulationError("UART(" + str(id) + ") is not wired on this board")
        if tx is None or rx is None or _line_of(tx).gp != line.tx_gp or _line_of(rx).gp != line.rx_gp:
            raise EmulationError(
                "UART(%d) is wired to tx GP%d and rx GP%d on this board" % (id, line.tx_gp, line.rx_gp)
            )
        if timeout != 0:
            raise EmulationError("UART: a timeout would let the tick wait; only 0 is emulated")
        if not 300 <= baudrate <= 7_812_500:
            raise ValueError("invalid baudrate")
        if not 32 <= txbuf <= 32766 or not 32 <= rxbuf <= 32766:
            raise ValueError("txbuf and rxbuf must be 32 to 32766")
        _line_of(tx).mode = _pins.ALT
        _line_of(rx).mode = _pins.ALT
        self._line = line
        line.open(baudrate, rxbuf, txbuf)

    def any(self) -> int:
        """Bytes that can be read without waiting."""
        return self._line.waiting()

    def readinto(self, buf: "Any", nbytes: int = -1) -> "int | None":
        """Reads what has come, up to `nbytes`; None when nothing has."""
        count = self._line.read_into(buf, len(buf) if nbytes < 0 else nbytes)
        return count if count else None

    def write(self, buf: "Any", offset: int = -1, length: int = -1) -> "int | None":
        """write(buf), write(buf, length) or write(buf, offset, length), as all streams of MicroPython have
        it; None when nothing could be taken.
        """
        if length < 0:
            offset, length = 0, len(buf) if offset < 0 else offset
        count = self._line.send(memoryview(buf)[offset : offset + length])
        return count if count else None

    def txdone(self) -> bool:
        """Whether everything has been sent."""
        return self._line.sending() == 0


class Timer:
    """A virtual timer, id -1. The callback is called from the clock at its time; see World for `hard`."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id: int = -1, **kwargs: "Any") -> None:
        if id != -1:
            raise ValueError("Timer doesn't exist")
        self._world: "World" = _world.current()
        self._event: "Event | None" = None
        self._callback: "Callable[[Timer], None] | None" = None
        self._period_us = 0
        self._periodic = True
        if kwargs:
            self.init(**kwargs)

    def init(
        self,
        *,
        mode: int = 1,
        freq: int = -1,
        period: int = -1,
        callback: "Callable[[Timer], None] | None" = None,
        tick_hz: int = 1000,
        hard: bool = False,
    ) -> None:
        """Starts. Either a frequency in whole hertz or a period in 1/tick_hz. Raises ValueError for
        neither.
        """
        self.stop()
        if freq != -1:
            if not isinstance(freq, int) or freq <= 0:
                raise ValueError("timer frequency must be a whole number of hertz here")
            us = 1_000_000 // freq
        else:
            us = period * 1_000_000 // tick_hz
        if us <= 0:
            raise ValueError("timer period must be positive")
        if mode not in (0, 1):
            raise ValueError("invalid mode")
        if hard and callback is not None and self._world.lock_heap_in_interrupts:
            callback = _locked(callback)
        self._callback = callback
        self._period_us = us
        self._periodic = mode == 1
        self._world.timers.append(self)
        self._event = self._world.clock.at(self._world.clock.now_us + us, self._fire, True)

    def _fire(self) -> None:
        event = self._event
        if event is None:
            return
        if self._periodic:
            self._world.clock.queue(event, event.us + self._period_us)
        # The plant first, so that what the callback allocates is its own.
        self._world.sync()
        if self._callback is not None:
            self._callback(self)

    @property
    def running(self) -> bool:
        """Whether it waits for its time."""
        return self._event is not None

    def stop(self) -> None:
        """What a chip reset does to it."""
        if self._event is not None:
            self._world.clock.cancel(self._event)
            self._event = None

    def deinit(self) -> None:
        """Stops."""
        self.stop()
        if self in self._world.timers:
            self._world.timers.remove(self)


class WDT:
    """The watchdog. Once started it cannot be stopped; at most 8388 ms on an RP2040."""

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        if id != 0:
            raise ValueError("WDT(" + str(id) + ") doesn't exist")
        if not 1 <= timeout <= 8388:
            raise ValueError("timeout exceeds 8388")
        world = _world.current()
        self._world = world
        self._clock = world.clock
        self._timeout_us = timeout * 1000
        self._deadline = self._clock.now_us + self._timeout_us
        if world.watchdog is not None:
            world.watchdog.stop()
        world.watchdog = self
        self._event: "Event | None" = self._clock.at(self._deadline, self._look)

    def feed(self) -> None:
        """Starts the time anew."""
        self._deadline = self._clock.now_us + self._timeout_us

    def rest(self, us: int) -> None:
        """It stands still for so long, as an RP2350's does while the chip sleeps."""
        self._deadline += us

    def _look(self) -> None:
        if self._event is None:
            return
        if self._clock.now_us < self._deadline:
            self._clock.queue(self._event, self._deadline)
            return
        self.check()

    def check(self) -> None:
        """Raises WatchdogReset when its time is over: for a hang in an interrupt, where no event happens."""
        if self._clock.now_us < self._deadline:
            return
        raise WatchdogReset("the watchdog was not fed for " + str(self._timeout_us // 1000) + " ms")

    def stop(self) -> None:
        """What a reset does to it, and clearing its enable bit (`mem32`)."""
        if self._event is not None:
            self._clock.cancel(self._event)
            self._event = None


class _Memory:
    """`mem32`: registers by their address. One is emulated: the watchdog's control register (RP2040 data
    sheet 4.7.6, RP2350 data sheet 12.9.7), by its alias that clears bits, bit ENABLE.
    """

    _WATCHDOG_CLEAR = (0x4005B000, 0x400DB000)
    _ENABLE = 1 << 30

    def __setitem__(self, address: int, value: int) -> None:
        if address not in self._WATCHDOG_CLEAR or value != self._ENABLE:
            raise EmulationError("mem32[" + hex(address) + "] = " + hex(value) + " is not emulated")
        watchdog = _world.current().watchdog
        if watchdog is not None:
            watchdog.stop()
            _world.current().watchdog = None

    def __getitem__(self, address: int) -> int:
        raise EmulationError("mem32[" + hex(address) + "] is not emulated")


mem32 = _Memory()


class ADC:
    """The analogue inputs. This board wires none; only the chip's own temperature sensor can be read."""

    CORE_TEMP = 4

    def __init__(self, id: "Any") -> None:
        if isinstance(id, Pin) or id != 4:
            raise EmulationError(
                "no analogue input is wired on this board; only ADC(4), the chip's temperature"
            )
        self._world = _world.current()

    def read_u16(self) -> int:
        """The chip's temperature, 16 bits."""
        self._world.clock.advance(2)
        self._world.sync()
        code = _core_temperature.code_of(self._world.plant)
        # MicroPython widens 12 bits to 16 by repeating the top bits.
        return code << 4 | code >> 8


def reset_cause() -> int:
    """PWRON_RESET or WDT_RESET; `machine.reset()` counts as the watchdog's on rp2."""
    return _world.current().reset_cause


def reset() -> None:
    """Raises MachineReset, which ends the run of the firmware."""
    raise MachineReset("machine.reset() was called")


def soft_reset() -> None:
    """Raises SoftReset."""
    raise SoftReset("machine.soft_reset() was called")


def bootloader(timeout: int = 0) -> None:
    """There is no boot loader to go to. Raises EmulationError."""
    raise EmulationError("machine.bootloader() is not emulated")


def freq(hz: "int | None" = None) -> "int | None":
    """The processor's clock, 125 MHz. Raises EmulationError for any other."""
    if hz is None:
        return 125_000_000
    if hz != 125_000_000:
        raise EmulationError("the emulated RP2040 runs at 125 MHz only")
    return None


def unique_id() -> bytes:
    """Eight bytes."""
    return b"ROCHETTE"


def disable_irq() -> int:
    """Interrupts wait; returns the state to restore."""
    clock = _world.current().clock
    clock.hold()
    return clock.held - 1


def enable_irq(state: int = 0) -> None:
    """Restores the state that disable_irq returned. Raises EmulationError for a state that is not the last
    one.
    """
    clock = _world.current().clock
    if state != clock.held - 1:
        raise EmulationError("enable_irq with a state that is not the one the last disable_irq returned")
    clock.release()


def idle() -> None:
    """Lets a microsecond pass."""
    _world.current().clock.advance(1)


def lightsleep(ms: "int | None" = None) -> None:
    """Sleeps for so many milliseconds (`World.sleep_ms`). Raises EmulationError without a time: nothing is
    wired to wake the chip, and beyond 71 minutes, the chip's timer alarm.
    """
    if ms is None:
        raise EmulationError("lightsleep() without a time would never wake")
    if ms > 4_294_000:
        raise EmulationError("lightsleep() sleeps at most 4 294 000 ms by the timer's alarm")
    _world.current().sleep_ms(ms)


def deepsleep(ms: "int | None" = None) -> None:
    """Not emulated. Raises EmulationError."""
    raise EmulationError("machine.deepsleep() is not emulated")
