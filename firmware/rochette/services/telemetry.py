"""Telemetry: one integer a channel, sampled at the channel's rate into one array.

`values` is indexed by the CH_ constants of tables.py. The payload tells how to read each channel; whoever
sends or records takes the array as it is.

The channels of one rate are read a few at a time, in the order in which they were declared, so that no tick
carries them all: a channel is as old as its period at most, and neighbours are a tick or two apart.
"""

from array import array

from rochette.tables import CHANNEL_IDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_RATES = (100, 20, 5, 1)
_PERIODS = b"\x01\x05\x14\x64"


class Telemetry:
    """The latest value of each channel. A channel that nobody declared stays 0; unfilled() names them."""

    def __init__(self) -> None:
        self.values = array("i", [0] * len(CHANNEL_IDS))
        self._sources: "tuple[list[Any], ...]" = ([], [], [], [])
        self._names: "tuple[list[str | None], ...]" = ([], [], [], [])
        self._places: "tuple[array[int], ...]" = (array("h"), array("h"), array("h"), array("h"))
        self._filled = bytearray(len(CHANNEL_IDS))
        # Of each rate: the ticks of its period that are over, and the channel that is next.
        self._ticks = bytearray(len(_RATES))
        self._next = bytearray(len(_RATES))

    def channel(self, index: int, getter: "Callable[[], int]", rate_hz: int = 20) -> None:
        """Read channel `index` (a CH_ constant) by `getter()`, bound once, at `rate_hz` (100, 20, 5 or 1).

        Raises ValueError for an unknown channel or rate, or a channel that has its source already.
        """
        self._declare(index, getter, None, rate_hz)

    def attribute(self, index: int, holder: "Any", name: str, rate_hz: int = 20) -> None:
        """Read channel `index` as attribute `name` of `holder`: a third of a getter's cost. Raises as
        channel()."""
        self._declare(index, holder, name, rate_hz)

    def _declare(self, index: int, source: "Any", name: "str | None", rate_hz: int) -> None:
        if not 0 <= index < len(CHANNEL_IDS):
            raise ValueError("no channel {}: 0 to {} are possible".format(index, len(CHANNEL_IDS) - 1))
        if rate_hz not in _RATES:
            raise ValueError(str(rate_hz) + " Hz for a channel: 100, 20, 5 and 1 are possible")
        if self._filled[index]:
            raise ValueError("channel " + str(index) + " has its getter already")
        group = _RATES.index(rate_hz)
        self._sources[group].append(source)
        self._names[group].append(name)
        self._places[group].append(index)
        self._filled[index] = 1

    def unfilled(self) -> "list[int]":
        """Ids of the channels that nobody reads. Allocates."""
        return [CHANNEL_IDS[index] for index in range(len(CHANNEL_IDS)) if not self._filled[index]]

    def tick(self) -> None:
        """100 Hz: the channels whose turn it is. Allocates nothing but what the getters do."""
        ticks = self._ticks
        for group in range(len(_RATES)):
            count = len(self._places[group])
            if not count:
                continue
            period = _PERIODS[group]
            at = self._next[group]
            end = at + (count + period - 1) // period
            if end > count:
                end = count
            self._next[group] = end
            ticks[group] += 1
            if ticks[group] == period:
                ticks[group] = 0
                self._next[group] = 0
            if at < end:
                self._read(group, at, end)

    def sample(self, rate_hz: int) -> None:
        """Read all channels of one rate now. Allocates nothing but what the getters do."""
        group = _RATES.index(rate_hz)
        self._read(group, 0, len(self._places[group]))

    def sample_all(self) -> None:
        """Read every channel now."""
        for group in range(len(_RATES)):
            self._read(group, 0, len(self._places[group]))

    def _read(self, group: int, at: int, end: int) -> None:
        values = self.values
        places = self._places[group]
        sources = self._sources[group]
        names = self._names[group]
        while at < end:
            name = names[at]
            if name is None:
                values[places[at]] = sources[at]()
            else:
                values[places[at]] = getattr(sources[at], name)
            at += 1
