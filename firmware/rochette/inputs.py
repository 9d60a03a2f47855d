"""Inputs: which part is read when.

A part is read 100 times a second while something depends on it, else in its turn. A round of five ticks has a
place for each part that is read 20 times a second, and two for those that take turns, so that each of them is
read every 150 ms (now and then 170: the mission clock takes a place once a second). So a tick carries one
part at most beside those of 100 Hz. All readings of a tick are taken before anyone looks at them, so every
monitor and mechanism of that tick sees the same world.
"""

from rochette.tables import FEED_STATE_HOLDING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.payload import Payload

_CLOCK_TICKS = 100  # the mission clock is read once a second
_TILT = 0
_BUS = 1
_SWITCHES = 2
_ROUND = 5

# The parts that take their turn, and the bit each has while it is read at 100 Hz or needs no turn.
_LOAD_CELL = 1
_SPINDLE = 2
_AUX = 4
_ANALOGUE = 8


class Inputs:
    """The input room. Methods bound once; nothing here allocates."""

    def __init__(self, payload: "Payload") -> None:
        d = payload.drivers
        self._feed = payload.feed
        self._weigher = payload.weigher
        self._spindle = payload.spindle
        self._breakoff = payload.breakoff
        self._carousel = payload.carousel
        self._gate = payload.gate
        self._probe = payload.probe
        self._sealer = payload.sealer
        self._camera = payload.camera
        self._switches = d["switches"].poll
        self._load_cell = d["load_cell"].poll
        self._encoder = d["encoder"].poll
        self._spindle_current = d["spindle_current"].poll
        self._aux = d["aux_current"].poll
        self._bus = d["bus_current"].poll
        self._analogue = d["analogue"].poll
        self._tilt = d["tilt"].poll
        self._light = d["light"].poll
        self._clock = payload.mission_time.poll
        self._turns = (
            self._load_cell,
            self._spindle_current,
            self._aux,
            self._analogue,
            self._encoder,
            self._light,
        )
        self._bits = (_LOAD_CELL, _SPINDLE, _AUX, _ANALOGUE, _SPINDLE, 0)
        self._at = 0
        self._turn = 0
        self._clock_left = 1

    def tick(self) -> None:
        """100 Hz: what is moving, or could be, and one part more."""
        fast = 0
        feed = self._feed
        holding = feed.state == FEED_STATE_HOLDING
        # While a weight is held no switch is on its way but the stall output: 20 Hz do for it.
        switches = (feed.busy and not holding) or self._carousel.busy or self._camera.busy
        if feed.busy or self._weigher.busy:
            fast = _LOAD_CELL
            self._load_cell()
        if self._spindle.running:
            fast |= _SPINDLE
            self._encoder()
            self._spindle_current()
        if self._probe.busy or self._sealer.busy:
            fast |= _AUX | _ANALOGUE
            self._aux()
            self._analogue()
        elif self._breakoff.busy or self._gate.busy:
            fast |= _AUX
            switches = True
            self._aux()
        if switches:
            self._switches()
        self._clock_left -= 1
        turn = self._turn
        self._turn = turn + 1 if turn < _ROUND - 1 else 0
        if turn == _TILT:
            self._tilt()
        elif turn == _BUS:
            self._bus()
        elif turn == _SWITCHES:
            if not switches:
                self._switches()
        else:
            self._in_turn(fast)

    def _in_turn(self, fast: int) -> None:
        """The next part, unless it is read at 100 Hz anyway; in its stead the mission clock when it is due,
        and the light sensor every second time while the camera looks at it."""
        if self._clock_left <= 0:
            self._clock_left += _CLOCK_TICKS
            self._clock()
            return
        if self._camera.busy and self._turn:
            self._light()
            return
        at = self._at + 1
        if at == len(self._turns):
            at = 0
        self._at = at
        if not self._bits[at] & fast:
            self._turns[at]()
