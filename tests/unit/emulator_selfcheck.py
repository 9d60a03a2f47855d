"""The emulator's own checks, in plain Python that runs on CPython and on the MicroPython VM alike.

Each `check_...` function asserts; `run()` calls them all and prints a line a check. Examples are the data
sheets' own.
"""

import machine
import rp2

from board import BOARD
from host_tools.emulator import time as etime
from host_tools.emulator.errors import EmulationError, FaultError, PowerLoss, WatchdogReset
from host_tools.emulator.faults import FaultInjector
from host_tools.emulator.world import World

OUTPUTS = (
    "spindle_ma aux_ma bus_ma bus_mv encoder_count load_cell_mn feed_home feed_bottom feed_stall "
    "carousel_index carousel_detent tube_present breakoff_centred breakoff_offset gate_closed "
    "dispenser_count probe_um sealer_um tilt_x_mg tilt_y_mg tilt_z_mg lux motor_mc ambient_mc epoch_s "
    "sync energised feed_steps carousel_steps box_mc logic_off unpowered asleep heater"
).split(" ")


class StandInPlant:
    """Every attribute that parts read or write, without physics; `on_grid` may change them at a grid
    point.
    """

    def __init__(self):
        for name in OUTPUTS:
            setattr(self, name, 0)
        self.shutter = False
        self.enable = False
        self.grids = []
        self.faults = []
        self.on_grid = None

    def others_awake(self):
        return True

    def advance(self, now_us):
        self.grids.append(now_us)
        if self.on_grid is not None:
            self.on_grid(self, now_us)

    def fault(self, name, value):
        self.faults.append((name, value))


def fresh(seed=1, **kwargs):
    """A new attached world on a stand-in plant."""
    plant = StandInPlant()
    world = World(BOARD, plant, seed, **kwargs)
    world.attach()
    return world, plant


def raises(kind, fn, *args, **kwargs):
    """Calls and returns the exception's text; fails when none of this kind comes."""
    try:
        fn(*args, **kwargs)
    except kind as error:
        return str(error)
    raise AssertionError("nothing raised")


def bus():
    return machine.I2C(0, sda=machine.Pin(4), scl=machine.Pin(5), freq=400_000)


def get(i2c, addr, reg, n=2):
    buf = bytearray(n)
    i2c.readfrom_mem_into(addr, reg, buf)
    return buf


def word(i2c, addr, reg):
    b = get(i2c, addr, reg)
    return b[0] << 8 | b[1]


def put(i2c, addr, reg, value):
    i2c.writeto_mem(addr, reg, bytes([value >> 8, value & 0xFF]))


# --- clock


def check_ticks_wrap_and_cost():
    world, _ = fresh()
    assert etime.ticks_us() == 2**30 - 5_000_000 + 1
    world.clock.now_us = 4_999_998
    assert etime.ticks_us() == 2**30 - 1
    assert etime.ticks_us() == 0
    assert world.clock.now_us == 5_000_000
    assert etime.ticks_ms() == 0
    assert etime.ticks_diff(3, 2**30 - 2) == 5
    assert etime.ticks_diff(2**30 - 2, 3) == -5
    assert etime.ticks_add(2**30 - 1, 2) == 1
    raises(OverflowError, etime.ticks_add, 0, 2**29)
    raises(OverflowError, etime.ticks_add, 0, -(2**29))


def check_busy_wait_ends():
    world, _ = fresh()
    start = etime.ticks_us()
    while etime.ticks_diff(etime.ticks_us(), start) < 100:
        pass
    assert world.clock.now_us == 101


def check_events_in_order():
    world, _ = fresh()
    clock = world.clock
    seen = []
    clock.at(30, lambda: seen.append(("c", clock.now_us)))
    clock.at(10, lambda: seen.append(("a", clock.now_us)))
    clock.at(30, lambda: seen.append(("d", clock.now_us)))
    gone = clock.at(20, lambda: seen.append(("never", clock.now_us)))
    clock.at(10, lambda: clock.at(12, lambda: seen.append(("b", clock.now_us))))
    assert clock.cancel(gone)
    assert not clock.cancel(gone)
    etime.sleep_us(25)
    assert seen == [("a", 10), ("b", 12)], seen
    etime.sleep_us(25)
    assert seen[2:] == [("c", 30), ("d", 30)], seen
    assert clock.now_us == 50


def check_timers():
    world, _ = fresh()
    at = []
    timer = machine.Timer(
        -1, freq=200, mode=machine.Timer.PERIODIC, callback=lambda t: at.append(etime.ticks_us()), hard=True
    )
    once = []
    machine.Timer(
        -1, period=12, mode=machine.Timer.ONE_SHOT, callback=lambda t: once.append(world.clock.now_us)
    )
    etime.sleep_ms(21)
    base = 2**30 - 5_000_000
    assert at == [base + 5001, base + 10001, base + 15001, base + 20001], at
    assert once == [12_000], once
    timer.deinit()
    etime.sleep_ms(20)
    assert len(at) == 4
    raises(ValueError, machine.Timer, 0, freq=1)


class Guard:
    """A hard interrupt as firmware writes one: everything bound beforehand."""

    def __init__(self):
        self.sense = machine.Pin(1, machine.Pin.IN, machine.Pin.PULL_UP)
        self.enable = machine.Pin(0, machine.Pin.OUT, value=1)
        self.calls = 0
        self.tick = self._tick

    def _tick(self, timer):
        self.calls += 1
        etime.ticks_us()
        if self.sense.value():
            self.enable.value(0)


def check_hard_handlers_run_with_a_locked_heap():
    # On the MicroPython VM a pin read, a pin write or a time that allocated would raise MemoryError here.
    world, plant = fresh()
    plant.on_grid = None
    plant.advance = lambda us: None
    world.lock_heap_in_interrupts = True
    guard = Guard()
    machine.Timer(-1, freq=1000, callback=guard.tick, hard=True)
    etime.sleep_ms(20)
    assert guard.calls == 20 and plant.enable
    world.set_estop(False)
    etime.sleep_ms(1)
    assert not plant.enable and guard.enable.value() == 0


def check_interrupts_wait_while_disabled():
    world, _ = fresh()
    at = []
    machine.Timer(-1, freq=1000, callback=lambda t: at.append(world.clock.now_us))
    state = machine.disable_irq()
    etime.sleep_us(2500)
    assert at == []
    machine.enable_irq(state)
    assert at == [2500, 2500], at
    raises(EmulationError, machine.enable_irq, 0)


def check_watchdog():
    world, _ = fresh()
    dog = machine.WDT(timeout=2000)
    etime.sleep_ms(1999)
    dog.feed()
    etime.sleep_ms(1999)
    dog.feed()
    raises(WatchdogReset, etime.sleep_ms, 2001)
    assert world.clock.now_us == 1_999_000 * 2 + 2_000_000
    raises(ValueError, machine.WDT, timeout=8389)
    world.reset_chip(machine.WDT_RESET)
    assert machine.reset_cause() == machine.WDT_RESET


# --- grid


def check_grid_is_walked_whoever_asks():
    world, plant = fresh()
    pin = machine.Pin(18, machine.Pin.IN, machine.Pin.PULL_UP)
    pin.value()
    etime.sleep_us(12_345)
    pin.value()
    assert plant.grids == [0, 5000, 10_000], plant.grids
    etime.sleep_ms(500)
    pin.value()
    assert plant.grids[3:] == [510_000], plant.grids
    plant.energised = 1
    etime.sleep_ms(500)
    pin.value()
    assert len(plant.grids) == 4 + 100 and plant.grids[-1] == 1_010_000


# --- pins


def check_switch_polarity_and_pulls():
    _, plant = fresh()
    pin = machine.Pin(18, machine.Pin.IN, machine.Pin.PULL_UP)
    assert pin.value() == 1
    plant.feed_home = True
    assert pin.value() == 0
    bare = machine.Pin(19, machine.Pin.IN)
    assert "floats" in raises(EmulationError, bare.value)
    plant.feed_bottom = True
    assert bare.value() == 0


def check_pins_are_strict():
    fresh()
    raises(EmulationError, machine.Pin(18).value)
    raises(EmulationError, machine.Pin, 25, machine.Pin.OUT)
    raises(EmulationError, machine.Pin, 18, machine.Pin.OUT)
    raises(EmulationError, machine.Pin, 0, machine.Pin.IN)
    raises(EmulationError, machine.Pin(0).value, 1)
    raises(EmulationError, machine.ADC, 26)
    raises(EmulationError, machine.bootloader)
    raises(EmulationError, etime.time)
    raises(EmulationError, machine.lightsleep)


def check_no_world():
    world, _ = fresh()
    world.detach()
    raises(EmulationError, etime.ticks_us)
    raises(EmulationError, machine.Pin, 0)


def check_enable_and_estop():
    world, plant = fresh()
    enable = machine.Pin(0, machine.Pin.OUT, value=0)
    sense = machine.Pin(1, machine.Pin.IN, machine.Pin.PULL_UP)
    assert not plant.enable and sense.value() == 0
    enable.on()
    assert plant.enable
    seen = []
    sense.irq(lambda pin: seen.append((pin.value(), world.clock.now_us)), machine.Pin.IRQ_RISING, hard=True)
    world.set_estop(False)
    assert not plant.enable and sense.value() == 1
    assert len(seen) == 1 and seen[0][0] == 1, seen
    world.set_estop(True)
    assert plant.enable and len(seen) == 1
    world.reset_chip(machine.WDT_RESET)
    assert not plant.enable


def check_pin_interrupt_comes_from_the_clock():
    world, plant = fresh()
    pin = machine.Pin(18, machine.Pin.IN, machine.Pin.PULL_UP)
    at = []
    pin.irq(handler=lambda p: at.append(world.clock.now_us), trigger=machine.Pin.IRQ_FALLING)

    def switch(p, us):
        p.feed_home = us >= 20_000

    plant.on_grid = switch
    etime.sleep_ms(100)
    # The handler's own read-out of the pin at the edge takes no part in it.
    assert at == [20_000], at
    pin.irq(handler=None)
    plant.on_grid = None
    plant.feed_home = False
    etime.sleep_ms(10)
    assert at == [20_000]


# --- PWM


def check_bridge_servo_percussion_light():
    _, plant = fresh()
    forward = machine.PWM(machine.Pin(2), freq=20_000, duty_u16=0)
    reverse = machine.PWM(machine.Pin(3), freq=20_000, duty_u16=0)
    forward.duty_u16(65535)
    assert plant.spindle_permille == 1000
    forward.duty_u16(0)
    reverse.duty_u16(250 * 65535 // 1000)
    assert plant.spindle_permille == -250
    reverse.deinit()
    assert plant.spindle_permille == 0
    servo = machine.PWM(machine.Pin(12), freq=50, duty_ns=1_500_000)
    assert plant.breakoff_pulse_us == 1500
    servo.duty_u16(4915)
    assert plant.breakoff_pulse_us == 1500
    servo.duty_ns(0)
    assert plant.breakoff_pulse_us == 0
    raises(EmulationError, servo.duty_ns, 3_000_000)
    hammer = machine.PWM(machine.Pin(22), freq=10, duty_ns=0)
    hammer.freq(25)
    hammer.duty_ns(8_000_000)
    assert plant.percussion_mhz == 25_000 and plant.percussion_pulse_us == 8000
    hammer.duty_u16(0)
    assert plant.percussion_mhz == 0 and plant.percussion_pulse_us == 0
    machine.PWM(machine.Pin(16), freq=1000, duty_u16=65535 // 2)
    assert plant.led_permille == 500


def check_pwm_is_strict():
    fresh()
    raises(EmulationError, machine.PWM, machine.Pin(0), freq=1000)
    raises(EmulationError, machine.PWM, machine.Pin(2), duty_u16=5)
    machine.PWM(machine.Pin(2), freq=20_000)
    assert "slice" in raises(EmulationError, machine.PWM, machine.Pin(3), freq=1000)
    raises(ValueError, machine.PWM, machine.Pin(16), freq=7)


# --- I2C parts


def check_i2c_time_and_absence():
    world, _ = fresh()
    i2c = bus()
    before = world.clock.now_us
    get(i2c, 0x40, 0)
    # Start, 5 bytes of 9 bits, restart, stop at 2.5 us a bit.
    assert world.clock.now_us - before == 1 + 48 * 25 // 10, world.clock.now_us - before
    before = world.clock.now_us
    assert raises(OSError, get, i2c, 0x77, 0) in ("5", "[Errno 5] EIO", "[Errno 5] Input/output error")
    assert world.clock.now_us - before == 1 + 11 * 25 // 10
    assert i2c.scan() == [0x10, 0x18, 0x20, 0x40, 0x41, 0x44, 0x48, 0x50, 0x68]
    raises(EmulationError, machine.I2C, 1, sda=machine.Pin(4), scl=machine.Pin(5))
    raises(EmulationError, machine.I2C, 0, sda=machine.Pin(5), scl=machine.Pin(4))


def check_ina219_data_sheet_example():
    # SBOS448G 8.5.3: 2 mohm, 10 A, 11.98 V; calibration 0x5000; shunt 0x07d0, current 0x2710, power 0x1766.
    world, plant = fresh()
    part = world.parts["spindle_current"]
    part.shunt_uohm = 2000
    plant.spindle_ma = 10_000
    plant.bus_mv = 11_980
    i2c = bus()
    assert word(i2c, 0x40, 0) == 0x399F
    raises(EmulationError, word, i2c, 0x40, 1)
    etime.sleep_ms(2)
    raises(EmulationError, word, i2c, 0x40, 4)
    put(i2c, 0x40, 5, 0x5000)
    etime.sleep_ms(2)
    assert word(i2c, 0x40, 1) == 0x07D0
    assert word(i2c, 0x40, 2) == 0x5D98 | 2
    assert word(i2c, 0x40, 4) == 0x2710
    assert word(i2c, 0x40, 3) == 0x1766
    # Reading the power clears CNVR until the next conversion.
    assert word(i2c, 0x40, 2) == 0x5D98
    etime.sleep_ms(2)
    assert word(i2c, 0x40, 2) == 0x5D98 | 2
    plant.spindle_ma = -10_000
    etime.sleep_ms(2)
    assert word(i2c, 0x40, 1) == 0xF830 and word(i2c, 0x40, 4) == 0xD8F0
    # PGA 1 clips at 40 mV.
    plant.spindle_ma = 30_000
    put(i2c, 0x40, 0, 0x219F)
    etime.sleep_ms(2)
    assert word(i2c, 0x40, 1) == 4000
    raises(EmulationError, word, i2c, 0x40, 6)
    raises(EmulationError, put, i2c, 0x40, 1, 0)


def check_ads1115_codes():
    # SBAS444 table 3: codes at full scale, one count, zero; +-4.096 V, 125 uV a count.
    world, _ = fresh()
    part = world.parts["analogue"]
    uv = [0, 0]
    part.inputs[0] = lambda: uv[0]
    part.inputs[1] = lambda: uv[1]
    i2c = bus()
    assert word(i2c, 0x48, 1) == 0x8583 and word(i2c, 0x48, 2) == 0x8000 and word(i2c, 0x48, 3) == 0x7FFF
    raises(EmulationError, word, i2c, 0x48, 0)

    def convert(config):
        put(i2c, 0x48, 1, config | 0x8000)
        assert word(i2c, 0x48, 1) & 0x8000 == 0
        etime.sleep_us(1200)
        assert word(i2c, 0x48, 1) & 0x8000
        return word(i2c, 0x48, 0)

    uv[0] = 2_048_000
    assert convert(0xC3E3) == 0x4000
    uv[0] = 125
    assert convert(0xC3E3) == 0x0001
    uv[0] = 0
    assert convert(0xC3E3) == 0x0000
    uv[1] = 125
    assert convert(0x83E3) == 0xFFFF
    uv[0] = 3_000_000
    assert convert(0xC5E3) == 0x7FFF
    uv[0] = 0
    uv[1] = 2_048_000
    assert convert(0x85E3) == 0x8000
    put(i2c, 0x48, 1, 0xC3E3)
    raises(EmulationError, put, i2c, 0x48, 1, 0xC3E3)
    uv[0] = 5_000_000
    etime.sleep_ms(2)
    raises(EmulationError, put, i2c, 0x48, 1, 0xC3E3)
    raises(EmulationError, word, i2c, 0x48, 4)


def check_ads1115_sensors():
    _, plant = fresh()
    i2c = bus()
    plant.probe_um = 43_000
    plant.motor_mc = 25_000
    put(i2c, 0x48, 1, 0xC3E3)
    etime.sleep_ms(2)
    # 100 mV + half of 3000 mV.
    assert word(i2c, 0x48, 0) == 1_600_000 // 125
    put(i2c, 0x48, 1, 0xE3E3)
    etime.sleep_ms(2)
    # 500 mV at 0 degrees, 10 mV a degree.
    assert word(i2c, 0x48, 0) == 750_000 // 125


def check_mcp23017():
    _, plant = fresh()
    i2c = bus()
    assert get(i2c, 0x20, 0, 2) == b"\xff\xff"
    # Without pull-ups an open switch floats.
    raises(EmulationError, get, i2c, 0x20, 0x12, 1)
    i2c.writeto_mem(0x20, 0x0C, b"\xff\xfe")
    i2c.writeto_mem(0x20, 0x01, b"\xfe")
    assert get(i2c, 0x20, 0x12, 2) == b"\xff\xfe"
    plant.gate_closed = True
    assert get(i2c, 0x20, 0x12, 1) == b"\xfb"
    i2c.writeto_mem(0x20, 0x02, b"\xff")
    assert get(i2c, 0x20, 0x12, 1) == b"\x04"
    i2c.writeto_mem(0x20, 0x02, b"\x00")
    i2c.writeto_mem(0x20, 0x15, b"\x01")
    assert plant.focus is True
    i2c.writeto_mem(0x20, 0x13, b"\x00")
    assert plant.focus is False and get(i2c, 0x20, 0x15, 1) == b"\x00"
    # A sync of one grid step between two polls is caught.
    i2c.writeto_mem(0x20, 0x04, b"\x80")

    def flash(p, us):
        p.sync = 20_000 <= us < 25_000

    plant.on_grid = flash
    etime.sleep_ms(40)
    assert get(i2c, 0x20, 0x0E, 1) == b"\x80"
    assert get(i2c, 0x20, 0x10, 1) == b"\x7b"
    assert get(i2c, 0x20, 0x0E, 1) == b"\x00"
    raises(EmulationError, get, i2c, 0x20, 0x16, 1)
    raises(EmulationError, i2c.writeto_mem, 0x20, 0x0A, b"\x80")
    raises(EmulationError, i2c.writeto_mem, 0x20, 0x0E, b"\x00")
    raises(EmulationError, i2c.writeto_mem, 0x20, 0x00, b"\xfe")


def check_lis3dh():
    _, plant = fresh()
    plant.tilt_x_mg = 350
    plant.tilt_y_mg = -350
    plant.tilt_z_mg = 1000
    i2c = bus()
    assert get(i2c, 0x18, 0x0F, 1) == b"\x33"
    raises(EmulationError, get, i2c, 0x18, 0x28, 1)
    i2c.writeto_mem(0x18, 0x23, b"\x88")
    i2c.writeto_mem(0x18, 0x20, b"\x57")
    assert get(i2c, 0x18, 0x27, 1) == b"\x00"
    etime.sleep_ms(11)
    # Status, then 350 = 0x15e and 1000 = 0x3e8, left-justified.
    assert get(i2c, 0x18, 0x27 | 0x80, 7) == b"\x0f\xe0\x15\x20\xea\x80\x3e"
    assert get(i2c, 0x18, 0x27, 1) == b"\x00"
    etime.sleep_ms(25)
    get(i2c, 0x18, 0x27, 1)
    etime.sleep_ms(25)
    assert get(i2c, 0x18, 0x27, 1) == b"\xff"
    raises(EmulationError, get, i2c, 0x18, 0x28, 6)
    raises(EmulationError, get, i2c, 0x18, 0x06, 1)


def check_veml7700():
    # Application note 84323: 0.0042 lx a count at gain 2, 800 ms; 2.1504 at gain 1/8, 25 ms.
    _, plant = fresh()
    i2c = bus()
    assert get(i2c, 0x10, 7) == b"\x81\xc4"
    raises(EmulationError, get, i2c, 0x10, 4)
    plant.lux = 100
    i2c.writeto_mem(0x10, 0, bytes([0xC0, 0x08]))
    etime.sleep_ms(803)
    b = get(i2c, 0x10, 4)
    assert b[0] | b[1] << 8 == 23_809, b
    plant.lux = 10_000
    i2c.writeto_mem(0x10, 0, bytes([0x00, 0x13]))
    raises(EmulationError, get, i2c, 0x10, 4)
    etime.sleep_ms(30)
    b = get(i2c, 0x10, 4)
    assert b[0] | b[1] << 8 == 4650, b
    plant.lux = 1_000_000
    etime.sleep_ms(30)
    assert get(i2c, 0x10, 4) == b"\xff\xff"
    raises(EmulationError, get, i2c, 0x10, 8)
    raises(EmulationError, i2c.writeto_mem, 0x10, 0, bytes([0x00, 0x01]))


def check_ds3231():
    world, plant = fresh()
    i2c = bus()
    # Second 0 is 2020-01-01, a Wednesday; 2020 is a leap year.
    plant.epoch_s = (31 + 28) * 86400 + 23 * 3600 + 59 * 60 + 58
    assert get(i2c, 0x68, 0, 7) == b"\x58\x59\x23\x07\x29\x02\x20"
    plant.epoch_s += 2
    assert get(i2c, 0x68, 0, 7) == b"\x00\x00\x00\x01\x01\x03\x20"
    i2c.writeto_mem(0x68, 0, b"\x45\x59\x23\x05\x31\x12\x25")
    plant.epoch_s += 15
    assert get(i2c, 0x68, 0, 7) == b"\x00\x00\x00\x06\x01\x01\x26"
    # Alarm 1 at second 30 of every minute; the flag stays until cleared.
    i2c.writeto_mem(0x68, 7, b"\x30\x80\x80\x80")
    assert get(i2c, 0x68, 0x0F, 1) == b"\x08"
    plant.epoch_s += 29
    assert get(i2c, 0x68, 0x0F, 1) == b"\x08"
    plant.epoch_s += 1
    assert get(i2c, 0x68, 0x0F, 1) == b"\x09"
    i2c.writeto_mem(0x68, 0x0F, b"\x08")
    assert get(i2c, 0x68, 0x0F, 1) == b"\x08"
    # Twelve-hour mode: 11 PM is 0x71.
    i2c.writeto_mem(0x68, 2, b"\x71")
    assert get(i2c, 0x68, 2, 1) == b"\x71"
    plant.epoch_s += 3600
    assert get(i2c, 0x68, 2, 1) == b"\x52"
    # 25.25 degrees are 0x19 0x40 (data sheet), after at most 64 s.
    plant.box_mc = 25_250
    plant.epoch_s += 64
    assert get(i2c, 0x68, 0x11, 2) == b"\x19\x40"
    raises(EmulationError, i2c.writeto_mem, 0x68, 0, b"\x5a")
    raises(EmulationError, i2c.writeto_mem, 0x68, 4, b"\x31\x02\x25")
    raises(EmulationError, get, i2c, 0x68, 0x13, 1)
    assert world.parts["mission_clock"].name == "mission_clock"


def check_fram():
    fresh()
    i2c = bus()
    i2c.writeto_mem(0x50, 0x7FFE, b"\x01\x02\x03", addrsize=16)
    buf = bytearray(4)
    i2c.readfrom_mem_into(0x50, 0x7FFD, buf, addrsize=16)
    assert buf == b"\x00\x01\x02\x03"
    i2c.writeto(0x50, b"\x00\x00")
    assert i2c.readfrom(0x50, 1) == b"\x03"
    raises(EmulationError, i2c.readfrom_mem_into, 0x50, 0, buf)
    # Device ID through the reserved address.
    i2c.writeto(0x7C, b"\xa0", False)
    assert i2c.readfrom(0x7C, 3) == b"\x00\xa5\x10"


# --- flash


def check_flash_is_nor():
    _, plant = fresh()
    flash = rp2.Flash()
    assert flash.ioctl(4, 0) == 352 and flash.ioctl(5, 0) == 4096
    page = bytearray(256)
    flash.readblocks(3, page, 512)
    assert page == b"\xff" * 256
    flash.writeblocks(3, b"\x5a" * 256, 512)
    flash.readblocks(3, page, 512)
    assert page == b"\x5a" * 256
    raises(EmulationError, flash.writeblocks, 3, b"\xff" * 256, 512)
    raises(EmulationError, flash.writeblocks, 3, b"\x00" * 100, 512)
    flash.writeblocks(3, bytearray(4096))
    flash.readblocks(3, page, 512)
    assert page == bytearray(256)
    flash.ioctl(6, 3)
    flash.readblocks(3, page, 512)
    assert page == b"\xff" * 256
    raises(EmulationError, flash.readblocks, 352, page)
    plant.energised = 4
    assert "0x04" in raises(EmulationError, flash.ioctl, 6, 3)
    raises(EmulationError, flash.writeblocks, 3, page, 0)
    flash.readblocks(3, page, 0)


def check_flash_holds_interrupts_back():
    world, _ = fresh()
    at = []
    machine.Timer(-1, freq=1000, callback=lambda t: at.append(world.clock.now_us))
    rp2.Flash().ioctl(6, 0)
    # All that were due come at once when the erase is over.
    assert at == [45_000] * 45, at


# --- PIO


def asm_square():
    set(pindirs, 1)  # noqa: F821
    wrap_target()  # noqa: F821
    set(pins, 1)[1]  # noqa: F821
    set(pins, 0)  # noqa: F821
    wrap()  # noqa: F821


def asm_ws2812():
    label("bitloop")  # noqa: F821
    out(x, 1).side(0)[2]  # noqa: F821
    jmp(not_x, "do_zero").side(1)[1]  # noqa: F821
    jmp("bitloop").side(1)[4]  # noqa: F821
    label("do_zero")  # noqa: F821
    nop().side(0)[4]  # noqa: F821


def asm_uart_tx():
    pull().side(1)[7]  # noqa: F821
    set(x, 7).side(0)[7]  # noqa: F821
    label("bitloop")  # noqa: F821
    out(pins, 1)  # noqa: F821
    jmp(x_dec, "bitloop")[6]  # noqa: F821


def asm_everything():
    wait(1, gpio, 5)  # noqa: F821
    wait(0, pin, 3)  # noqa: F821
    wait(1, irq, 2)  # noqa: F821
    in_(pins, 32)  # noqa: F821
    push(iffull, noblock)  # noqa: F821
    pull(ifempty)  # noqa: F821
    mov(y, invert(x))  # noqa: F821
    mov(isr, reverse(osr))  # noqa: F821
    irq(rel(1))  # noqa: F821
    irq(clear, 3)  # noqa: F821
    irq(block, 4)  # noqa: F821
    out(exec, 16)  # noqa: F821
    word(0xE000)


def assembled(fn, **kwargs):
    return list(rp2.asm_pio(**kwargs)(fn).words)


def check_assembler_encodings():
    # RP2040 data sheet 3.2, 3.6.2 and 3.6.3 (listings with their code), and table 364 and following.
    assert assembled(asm_square, set_init=rp2.PIO.OUT_LOW) == [0xE081, 0xE101, 0xE000]
    assert assembled(asm_ws2812, sideset_init=rp2.PIO.OUT_LOW) == [0x6221, 0x1123, 0x1400, 0xA442]
    assert assembled(asm_uart_tx, sideset_init=rp2.PIO.OUT_HIGH) == [0x9FA0, 0xF727, 0x6001, 0x0642]
    assert assembled(asm_everything) == [
        0x2085, 0x2023, 0x20C2, 0x4000, 0x8040, 0x80E0, 0xA049,
        0xA0D7, 0xC011, 0xC043, 0xC024, 0x60F0, 0xE000,
    ]  # fmt: skip
    program = rp2.asm_pio()(asm_square)
    assert program.wrap_target == 1 and program.wrap == 2
    # The words of the assembler are gone from the module again.
    assert "pindirs" not in globals()


def asm_bad_value():
    set(x, 32)  # noqa: F821


def asm_bad_label():
    jmp("nowhere")  # noqa: F821


def asm_bad_register():
    in_(pindirs, 1)  # noqa: F821


def check_assembler_refuses():
    for fn in (asm_bad_value, asm_bad_label, asm_bad_register):
        raises(rp2.PIOASMError, rp2.asm_pio(), fn)
    fresh()
    text = raises(EmulationError, rp2.StateMachine, 0, rp2.asm_pio()(asm_square), set_base=machine.Pin(8))
    assert "not one that the emulator models" in text


def programs():
    from rochette.hal import pio_programs

    return pio_programs


def stepper_machine(number=0, step=8, direction=9):
    machine.Pin(direction, machine.Pin.OUT, value=1)
    sm = rp2.StateMachine(number, programs().stepper, freq=2_000_000, set_base=machine.Pin(step))
    sm.active(1)
    return sm


def check_stepper_counts_to_the_cycle():
    world, plant = fresh()
    sm = stepper_machine()
    axis = world.parts["feed"]
    # 10 steps of 2 * 100 + 5 = 205 cycles of 0.5 us; the first edge 3 cycles after the first word.
    sm.put(9)
    sm.put(99)
    world.clock.now_us = 1
    axis.run_to(1)
    assert axis.total == 0
    axis.run_to(2)
    assert axis.total == 1
    # Edge k comes at 1.5 us + k * 102.5 us.
    axis.run_to(103)
    assert axis.total == 1
    axis.run_to(104)
    assert axis.total == 2
    world.clock.now_us = 924
    axis.run_to(924)
    assert axis.total == 10 and plant.feed_steps == 10
    # Whole segments follow each other without a gap: 3 + 10 * 205 cycles after the first.
    for _ in range(2):
        sm.put(9)
        sm.put(99)
    assert sm.tx_fifo() == 4
    etime.sleep_us(1100)
    assert sm.tx_fifo() == 2
    etime.sleep_ms(5)
    world.sync()
    assert sm.tx_fifo() == 0 and plant.feed_steps == 30 and not axis.busy


def check_stepper_direction_and_freeze():
    world, plant = fresh()
    sm = stepper_machine()
    direction = machine.Pin(9)
    axis = world.parts["feed"]
    sm.put(999)
    sm.put(94)
    # 195 cycles: 97.5 us a step.
    etime.sleep_us(4877)
    axis.run_to(world.clock.now_us)
    assert axis.total == 51, axis.total
    direction.value(0)
    etime.sleep_us(9750)
    axis.run_to(world.clock.now_us)
    assert axis.total == 51 - 100, axis.total
    sm.active(0)
    etime.sleep_ms(50)
    world.sync()
    assert plant.feed_steps == -49
    sm.active(1)
    etime.sleep_us(9750)
    axis.run_to(world.clock.now_us)
    assert axis.total == -149, axis.total


def check_stepper_blocks():
    world, _ = fresh()
    sm = stepper_machine()
    for _ in range(3):
        sm.put(99)
        sm.put(99)
        etime.sleep_us(2)
    assert world.clock.now_us == 6
    sm.put(99)
    # The first segment takes 3 + 100 * 205 cycles = 10.25 ms from time 0.
    assert 10_250 <= world.clock.now_us <= 10_256
    sm.active(0)
    sm.put(1)
    assert "for ever" in raises(EmulationError, sm.put, 1)


def check_stepper_steps_at_grid_points():
    # However late somebody asks, each grid point sees the steps made by then.
    world, plant = fresh()
    sm = stepper_machine()
    seen = []
    plant.on_grid = lambda p, us: seen.append((us, p.feed_steps))
    sm.put(199)
    sm.put(97)
    etime.sleep_ms(20)
    world.sync()
    # 201 cycles, 100.5 us a step, the first at 1.5 us.
    assert seen[-4:] == [(5000, 50), (10_000, 100), (15_000, 150), (20_000, 199)], seen


def check_quadrature():
    world, plant = fresh()
    plant.encoder_count = 77
    a = machine.Pin(6, machine.Pin.IN, machine.Pin.PULL_UP)
    sm = rp2.StateMachine(4, programs().quadrature, freq=10_000_000, in_base=a)
    sm.active(1)
    plant.encoder_count = 77 - 5
    sm.put(1)
    while not sm.rx_fifo():
        pass
    assert sm.get() == 0xFFFFFFFB
    from array import array

    buf = array("i", [0])
    sm.put(1)
    sm.get(buf)
    assert buf[0] == -5
    wide = array("I", [0])
    sm.put(1)
    sm.get(wide)
    assert wide[0] == 0xFFFFFFFB
    # A word that equals the count is no request.
    plant.encoder_count = 77 + 9
    sm.put(9)
    etime.sleep_us(100)
    assert sm.rx_fifo() == 0
    raises(EmulationError, sm.get)
    fresh()
    raises(EmulationError, rp2.StateMachine, 0, programs().quadrature, in_base=machine.Pin(6))


def check_hx711():
    world, plant = fresh()
    sm = rp2.StateMachine(
        2,
        programs().hx711,
        freq=1_000_000,
        in_base=machine.Pin(26, machine.Pin.IN, machine.Pin.PULL_UP),
        set_base=machine.Pin(27, machine.Pin.OUT, value=0),
    )
    sm.active(1)
    plant.load_cell_mn = 1000
    world.clock.now_us = 50_100
    assert sm.rx_fifo() == 0
    world.clock.now_us = 50_121
    assert sm.rx_fifo() == 1
    assert sm.get() == 84_000 + 20_000
    plant.load_cell_mn = -10_000
    etime.sleep_us(12_500)
    assert sm.rx_fifo() == 1
    assert sm.get() == 84_000 - 200_000 + (1 << 24)
    # 80 a second; with four words waiting it stalls, and one more is kept in the shift register.
    etime.sleep_ms(1000)
    world.sync()
    plant.load_cell_mn = 0
    assert sm.rx_fifo() == 4
    for _ in range(5):
        assert sm.get() == 84_000 - 200_000 + (1 << 24)
    assert sm.rx_fifo() == 0
    etime.sleep_us(12_700)
    assert sm.rx_fifo() == 1 and sm.get() == 84_000
    sm.active(0)
    raises(EmulationError, sm.get)


def check_hx711_saturates():
    world, plant = fresh()
    part = world.parts["load_cell"]
    plant.load_cell_mn = 1_000_000
    assert part.word() == 0x7FFFFF
    plant.load_cell_mn = -1_000_000
    assert part.word() == 0x800000


# --- faults


def check_faults_at_pins():
    world, plant = fresh()
    FaultInjector(
        world,
        [
            {"target": "pin.feed_home", "kind": "stuck", "value": 0, "at_ms": 10, "for_ms": 10},
            {"target": "pin.gate_closed", "kind": "stuck", "value": 0, "at_ms": 10},
            {"target": "pin.actuator_enable", "kind": "stuck", "value": 1, "at_ms": 30, "for_ms": 10},
            {"target": "pin.feed_bottom", "kind": "intermittent", "value": 500, "at_ms": 0},
        ],
    )
    home = machine.Pin(18, machine.Pin.IN, machine.Pin.PULL_UP)
    bottom = machine.Pin(19, machine.Pin.IN, machine.Pin.PULL_UP)
    enable = machine.Pin(0, machine.Pin.OUT, value=0)
    i2c = bus()
    i2c.writeto_mem(0x20, 0x0C, b"\xff\xff")
    assert home.value() == 1
    assert get(i2c, 0x20, 0x12, 1) == b"\xff"
    etime.sleep_ms(11)
    assert home.value() == 0
    assert get(i2c, 0x20, 0x12, 1) == b"\xfb"
    etime.sleep_ms(10)
    assert home.value() == 1
    etime.sleep_ms(10)
    assert plant.enable and enable.value() == 1
    etime.sleep_ms(10)
    assert not plant.enable and enable.value() == 0
    ones = 0
    for _ in range(1000):
        ones += bottom.value()
    assert 400 < ones < 600, ones


def check_faults_on_buses():
    world, plant = fresh()
    plant.bus_mv = 12_000
    injector = FaultInjector(
        world,
        [
            {"target": "bus.tilt", "kind": "off", "at_ms": 10, "for_ms": 10},
            {
                "target": "register.bus_current.2",
                "kind": "stuck",
                "value": 0x1234,
                "after_event": "GO",
                "delay_ms": 5,
            },
            {"target": "register.tilt.0x0f", "kind": "offset", "value": 1, "at_ms": 30, "for_ms": 10},
            {"target": "bus.i2c0", "kind": "off", "at_ms": 50, "for_ms": 10},
            {"target": "bus.light", "kind": "slow", "value": 60_000, "at_ms": 70, "for_ms": 10},
            {"target": "register.light.7", "kind": "garbage", "at_ms": 200},
        ],
    )
    i2c = bus()
    etime.sleep_ms(5)
    assert get(i2c, 0x18, 0x0F, 1) == b"\x33"
    etime.sleep_ms(6)
    raises(OSError, get, i2c, 0x18, 0x0F, 1)
    assert 0x18 not in i2c.scan()
    etime.sleep_ms(10)
    assert get(i2c, 0x18, 0x0F, 1) == b"\x33"
    etime.sleep_ms(10)
    assert get(i2c, 0x18, 0x0F, 1) == b"\x34"
    assert word(i2c, 0x41, 2) == 12_000 // 4 << 3 | 2
    injector.on_event("GO")
    injector.on_event("GO")
    etime.sleep_ms(6)
    assert word(i2c, 0x41, 2) == 0x1234
    world.clock.advance(55_000 - world.clock.now_us)
    raises(OSError, get, i2c, 0x40, 0)
    world.clock.advance(75_000 - world.clock.now_us)
    assert word(i2c, 0x40, 0) == 0x399F
    raises(OSError, get, i2c, 0x10, 7)
    assert world.clock.now_us > 125_000
    world.clock.advance(201_000 - world.clock.now_us)
    first = get(i2c, 0x10, 7)
    assert first != get(i2c, 0x10, 7) or first != get(i2c, 0x10, 7)


def check_faults_elsewhere():
    world, plant = fresh()
    FaultInjector(
        world,
        [
            {"target": "plant.feed_brake", "value": 1, "at_ms": 10, "for_ms": 10},
            {"target": "supply.actuator", "kind": "off", "at_ms": 30, "for_ms": 10},
            {"target": "supply.actuator", "kind": "sag", "value": 2000, "at_ms": 50},
            {"target": "estop.loop", "kind": "off", "at_ms": 60},
            {"target": "supply.logic", "kind": "off", "at_ms": 100},
        ],
    )
    machine.Pin(0, machine.Pin.OUT, value=1)
    etime.sleep_ms(25)
    assert plant.faults == [("feed_brake", 1), ("feed_brake", 0)] and plant.enable
    etime.sleep_ms(10)
    assert not plant.enable
    etime.sleep_ms(10)
    assert plant.enable
    etime.sleep_ms(6)
    assert plant.faults[-1] == ("supply_sag_mv", 2000)
    etime.sleep_ms(10)
    assert not plant.enable
    raises(PowerLoss, etime.sleep_ms, 100)


def check_faults_are_checked():
    world, _ = fresh()
    for data, text in (
        ({"target": "moon.gravity", "at_ms": 1}, "allowed are"),
        ({"target": "pin.nose", "kind": "stuck", "value": 1, "at_ms": 1}, "feed_home"),
        ({"target": "pin.feed_home", "kind": "bent", "value": 1, "at_ms": 1}, "stuck, intermittent"),
        ({"target": "pin.feed_home", "kind": "stuck", "value": 2, "at_ms": 1}, "0 or 1"),
        ({"target": "pin.feed_home", "kind": "stuck", "at_ms": 1}, "needs a value"),
        ({"target": "pin.feed_home", "kind": "stuck", "value": 1}, "at_ms"),
        ({"target": "bus.nowhere", "kind": "off", "at_ms": 1}, "i2c0"),
        ({"target": "register.tilt.x", "kind": "garbage", "at_ms": 1}, "hexadecimal"),
        ({"target": "plant.dust", "value": 1, "at_ms": 1, "colour": 3}, "colour"),
        ({"target": "plant.dust", "value": 1, "at_ms": -1}, "at_ms must be"),
    ):
        message = raises(FaultError, FaultInjector, world, [data])
        assert text in message, message


CHECKS = sorted([name for name in globals() if name.startswith("check_")])


def run():
    """Runs every check, prints a line each; returns how many there were."""
    for name in CHECKS:
        globals()[name]()
        print("ok", name)
    return len(CHECKS)
