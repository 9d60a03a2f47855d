"""HX711 load-cell converter at 80 samples a second (RATE pin high), channel A, gain 128.

HX711 data sheet, "Serial interface" and table 4: 24 bits, two's complement, most significant first; output
settling time 50 ms at 80 samples a second; saturates at 0x7fffff and 0x800000. It is read by the PIO model,
not by single edges.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from host_tools.emulator.world import World

_SETTLE_US = 50_000
_SLEEPS_US = 60
_ASLEEP_US = 1 << 60


class Hx711:
    """Gives the conversion that is ready; `zero_raw` and counts a millinewton (`den` / `num`) come from the
    board.
    """

    def __init__(self, world: "World", name: str, per_s: int, num: int, den: int, zero_raw: int) -> None:
        if per_s not in (10, 80):
            raise EmulationError(name + ": an HX711 converts 10 or 80 times a second, not " + str(per_s))
        self.plant = world.plant
        self.name = name
        self.period_us = 1_000_000 // per_s
        self.num = num
        self.den = den
        self.zero_raw = zero_raw
        self.first_us = _SETTLE_US
        self.clock = world.clock
        # When DOUT falls next: kept by whoever reads the part.
        self.ready_us = _SETTLE_US
        self.starts = 0
        # What another board plays in this part's place; None for the part itself.
        self.played: "Callable[[], int] | None" = None
        self._high_since_us = -1

    def power_on(self) -> None:
        """It settles anew."""
        self.first_us = self.clock.now_us + _SETTLE_US
        self.ready_us = self.first_us

    @micropython.native
    def next_ready_us(self, us: int) -> int:
        """When the first conversion after `us` will be ready."""
        if us < self.first_us:
            return self.first_us
        return us - (us - self.first_us) % self.period_us + self.period_us

    def data_level(self) -> int:
        """DOUT: low when a conversion is ready and not read yet."""
        return 0 if self.clock.now_us >= self.ready_us else 1

    @micropython.native
    def word(self) -> int:
        """The 24 bits that are shifted out now."""
        if self.played is not None:
            return self.played()
        raw = self.zero_raw + self.plant.load_cell_mn * self.den // self.num
        if raw > 0x7FFFFF:
            raw = 0x7FFFFF
        elif raw < -0x800000:
            raw = -0x800000
        return raw & 0xFFFFFF

    def clock_level(self, level: int) -> None:
        """PD_SCK driven as a plain output: low is rest; high for more than 60 us puts the part to sleep, low
        again starts it anew ("Reset and Power-Down Sequence"). Raises EmulationError for a shorter pulse by
        hand, which would shift out a bit.
        """
        now = self.clock.now_us
        if level:
            self._high_since_us = now
            self.ready_us = _ASLEEP_US
        elif self._high_since_us >= 0:
            held = now - self._high_since_us
            self._high_since_us = -1
            if held <= _SLEEPS_US:
                raise EmulationError(
                    self.name + ": PD_SCK is pulsed by hand for " + str(held) + " us: that shifts a bit out"
                )
            self.starts += 1
            self.power_on()

    def let_go(self) -> None:
        """DOUT is only listened to: setting its pin as an input does not disturb a state machine that reads
        it.
        """
