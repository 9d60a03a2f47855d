"""What the two chips can do with each pin, and what a module brings out. Numbers from the data sheets.

RP2040 data sheet: section 1.4.3 (GPIO functions), 4.5.2 (PWM: slice (gpio >> 1) & 7, channel B for odd
pins), 4.9 (ADC on GPIO 26 to 29), 3.2 (PIO: two blocks of four state machines and 32 instructions), 4.7
(watchdog, erratum RP2040-E1). RP2350 data sheet: section 1.2.3, 12.5, 12.6, 11 (three PIO blocks), 12.9.
The QFN-60 package (RP2350A), which a Pico 2 has, brings out GPIO 0 to 29 too; the slices of those are
numbered as on RP2040.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """One chip: its limits, and the functions that its pins share with the other chip."""

    name: str
    gpios: int
    pio_blocks: int
    watchdog_ms: int
    ram_kb: int
    machine: str
    """What MicroPython's `sys.implementation._machine` ends with on it."""

    @property
    def state_machines(self) -> int:
        """State machines of all PIO blocks together."""
        return STATE_MACHINES * self.pio_blocks


STATE_MACHINES = 4
PIO_WORDS = 32
ADC_FIRST, ADC_LAST = 26, 29
PWM_SLICES = 8
PWM_MIN_HZ = 8
"""125 MHz through the largest divider (255 15/16) and 65536 counts is 7.5 Hz (RP2040 data sheet, 4.5.2.6)."""

CHIPS = {
    "rp2040": Chip("RP2040", 30, 2, 8388, 264, "RP2040"),
    "rp2350": Chip("RP2350", 30, 3, 8388, 520, "RP2350"),
}

# UART number -> pins of its TX and of its RX that both chips have.
UART_TX = {0: (0, 12, 16, 28), 1: (4, 8, 20, 24)}
UART_RX = {0: (1, 13, 17, 29), 1: (5, 9, 21, 25)}


def pwm_slice(gp: int) -> int:
    """The PWM slice of a pin."""
    return gp >> 1 & PWM_SLICES - 1


def pwm_channel(gp: int) -> str:
    """The output of the slice that a pin is: A or B."""
    return "B" if gp & 1 else "A"


def i2c_pins(bus: int, line: str, gpios: int) -> list[int]:
    """The pins that can be `line` ("sda" or "scl") of an I2C bus: every fourth one."""
    first = 2 * bus + (1 if line == "scl" else 0)
    return list(range(first, gpios, 4))


# Physical pin of a Pico and a Pico 2 -> what it is. Both have the same header (their data sheets, figure 2).
_HEADER = (
    "GP0 GP1 GND GP2 GP3 GP4 GP5 GND GP6 GP7 GP8 GP9 GND GP10 GP11 GP12 GP13 GND GP14 GP15 "
    "GP16 GP17 GND GP18 GP19 GP20 GP21 GND GP22 RUN GP26 GP27 AGND GP28 ADC_VREF 3V3 3V3_EN GND VSYS VBUS"
)
HEADER = {number: name for number, name in enumerate(_HEADER.split(), 1)}
PHYSICAL = {int(name[2:]): number for number, name in HEADER.items() if name.startswith("GP")}

# What the pins are that a Pico keeps for itself.
INSIDE = {
    23: "the mode of its own power supply",
    24: "the sense of USB power",
    25: "its LED",
    29: "the sense of its own supply",
}

MODULES = ("pico", "pico2", "bare")
"""`bare`: the chip itself, every GPIO within reach, as on a board of your own, and in an emulation."""
