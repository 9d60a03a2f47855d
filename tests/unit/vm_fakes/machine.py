"""A `machine` for the heap test on the MicroPython VM: it answers without allocating, no more."""

PWRON_RESET = 1
WDT_RESET = 3


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, gp, mode=-1, pull=-1, value=None):
        self.level = 0 if value is None else value

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level

    def irq(self, handler=None, trigger=0, hard=False):
        self.handler = handler


class PWM:
    def __init__(self, pin, freq=0, duty_u16=0):
        self.last = 0

    def freq(self, hz):
        self.last = hz

    def duty_u16(self, duty):
        self.last = duty

    def duty_ns(self, ns):
        self.last = ns


class I2C:
    """Reads give the byte `fill`; with `dead` every transfer fails."""

    fill = 0
    dead = False
    transfers = 0

    def __init__(self, number, sda=None, scl=None, freq=0, timeout=0):
        # Made beforehand, so that what a failure costs is the driver's own.
        self.error = OSError(5)

    def _start(self):
        I2C.transfers += 1
        if I2C.dead:
            raise self.error

    def readfrom_mem_into(self, address, register, buffer, addrsize=8):
        self._start()
        for n in range(len(buffer)):
            buffer[n] = I2C.fill

    def writeto(self, address, buffer):
        self._start()


class Timer:
    PERIODIC = 1

    def __init__(self, number, mode=0, freq=0, callback=None, hard=False):
        self.callback = callback

    def deinit(self):
        self.callback = None


class WDT:
    def __init__(self, timeout=0):
        self.fed = 0

    def feed(self):
        self.fed += 1


def reset_cause():
    return PWRON_RESET


def reset():
    raise SystemExit
