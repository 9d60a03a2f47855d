"""Sensors that hang on the channels of an ADS1115."""

from rochette.drivers.ads1115 import Ads1115
from rochette.drivers.errors import PartWrong

# A wiper or sensor that is cut off or shorted reads near a rail.
_LOW_MV = 20
_HIGH_MV = 3280
# Older than this is not a measurement of now: a rod may move, a temperature cannot do so quickly.
_POSITION_MS = 1000
_TEMPERATURE_MS = 5000


class Potentiometer:
    """A position as the voltage of a potentiometer's wiper. Nothing but the constructor allocates."""

    def __init__(
        self, name: str, converter: Ads1115, channel: int, mv_at_zero: int, mv_span: int, travel_um: int
    ) -> None:
        """Position 0 gives mv_at_zero, travel_um gives mv_at_zero + mv_span. travel_um up to 300_000."""
        self.name = name
        self._converter = converter
        self._channel = channel
        self._mv_at_zero = mv_at_zero
        self._mv_span = mv_span
        self._travel_um = travel_um

    @property
    def um(self) -> int:
        """Position in micrometres; a little below 0 or beyond the travel is possible at the ends."""
        mv = self._converter.mv[self._channel]
        return (mv - self._mv_at_zero) * self._travel_um // self._mv_span

    @property
    def ok(self) -> bool:
        """True when the voltage is plausible and not older than a second."""
        mv = self._converter.mv[self._channel]
        return _LOW_MV <= mv <= _HIGH_MV and self._converter.age(self._channel) < _POSITION_MS

    def check(self) -> None:
        """Raises PartWrong when the voltage is at a rail or old: the converter has to have been polled.
        Allocates.
        """
        if not self.ok:
            raise _implausible(self.name, self._converter, self._channel, _POSITION_MS)


class Thermistor:
    """A temperature as the voltage of a linear active thermistor (MCP9700A: 500 mV at 0 degrees, 10 mV a
    degree).

    Nothing but the constructor allocates.
    """

    def __init__(self, name: str, converter: Ads1115, channel: int, mv_at_0c: int, uv_per_mc: int) -> None:
        """mv_at_0c: voltage at 0 degrees Celsius. uv_per_mc: microvolts a millidegree, 1 to 100."""
        self.name = name
        self._converter = converter
        self._channel = channel
        self._mv_at_0c = mv_at_0c
        self._uv_per_mc = uv_per_mc

    @property
    def mc(self) -> int:
        """Temperature in thousandths of a degree Celsius."""
        return (self._converter.mv[self._channel] - self._mv_at_0c) * 1000 // self._uv_per_mc

    @property
    def ok(self) -> bool:
        """True when the voltage is plausible and not older than five seconds."""
        mv = self._converter.mv[self._channel]
        return _LOW_MV <= mv <= _HIGH_MV and self._converter.age(self._channel) < _TEMPERATURE_MS

    def check(self) -> None:
        """Raises PartWrong when the voltage is at a rail or old: the converter has to have been polled.
        Allocates.
        """
        if not self.ok:
            raise _implausible(self.name, self._converter, self._channel, _TEMPERATURE_MS)


def _implausible(name: str, converter: Ads1115, channel: int, fresh_ms: int) -> PartWrong:
    return PartWrong(
        name,
        "'{}' reads {} mV, {} ms old, on channel {} of ADS1115 '{}' ({} at 0x{:02x}): "
        "{} to {} mV within {} ms were expected; check its supply and its wire".format(
            name,
            converter.mv[channel],
            converter.age(channel),
            channel,
            converter.name,
            converter.bus.name,
            converter.address,
            _LOW_MV,
            _HIGH_MV,
            fresh_ms,
        ),
    )
