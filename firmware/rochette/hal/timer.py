"""A periodic hard interrupt."""

from machine import Timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


class HardTimer:
    """Calls a function in interrupt context, about 10 us after its time, whatever the main program does.

    The function gets the timer as its argument and must not allocate: no floats, strings or new objects,
    only methods that were bound beforehand.
    """

    def __init__(self, freq_hz: int, handler: "Callable[[Timer], None]") -> None:
        """freq_hz: 1 to 1000. Raises ValueError otherwise. Runs at once."""
        if not 1 <= freq_hz <= 1000:
            raise ValueError("hard timer of {} Hz: 1 to 1000 are allowed".format(freq_hz))
        self.freq_hz = freq_hz
        self._timer = Timer(-1, mode=Timer.PERIODIC, freq=freq_hz, callback=handler, hard=True)

    def stop(self) -> None:
        """No more calls."""
        self._timer.deinit()
