"""Quadrature encoder on the spindle."""

from rochette.drivers.errors import PartWrong
from rochette.hal.quadrature import QuadratureCounter

# Polls without an answer after which the counter is given up.
_MISSES = 3


class Encoder:
    """count: edges since power-on or `zero`, four a line, positive forward. ok: the counter answers."""

    def __init__(self, name: str, counter: QuadratureCounter) -> None:
        self.name = name
        self.ok = True
        self.errors = 0
        self._counter = counter
        # What was counted before is where the shaft happened to stand.
        self._zero = counter.count
        self._misses = 0
        self.count = 0

    def poll(self) -> None:
        """Fetch the count. Does not allocate."""
        if self._counter.read():
            self._misses = 0
            self.ok = True
            self.count = self._counter.count - self._zero
            return
        self.errors = (self.errors + 1) & 0x3FFFFFFF
        self._misses += 1
        if self._misses >= _MISSES:
            self._misses = _MISSES
            self.ok = False

    def zero(self) -> None:
        """Count from here, as of the last poll. Does not allocate."""
        self._zero = self._counter.count
        self.count = 0

    def check(self) -> None:
        """Raises PartWrong when the counting state machine does not answer. Whether the shaft's sensor lives
        shows only when it turns. Allocates.
        """
        for _ in range(_MISSES):
            if self._counter.read():
                return
        self.ok = False
        raise PartWrong(
            self.name,
            "encoder '{}': its state machine does not answer; "
            "another program may have taken its PIO: reset the controller".format(self.name),
        )
