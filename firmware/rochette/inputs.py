"""Inputs: which part is read when.

A part is read 100 times a second while something depends on it, and five times a second otherwise: with the
rail off and nothing going on, the buses are nearly quiet. All readings of a tick are taken before anyone
looks at them, so every monitor and mechanism of that tick sees the same world.
"""

from rochette.tables import FEED_STATE_HOLDING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.payload import Payload


class Inputs:
    """The input room. Methods bound once; nothing here allocates."""

    def __init__(self, payload: "Payload") -> None:
        d = payload.drivers
        self._rail_enable = d["actuator_enable"]
        self._feed = payload.feed
        self._weigher = payload.weigher
        self._spindle = payload.spindle
        self._breakoff = payload.breakoff
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
        self._turn = 0
        self._all = (
            self._switches,
            self._load_cell,
            self._encoder,
            self._spindle_current,
            self._aux,
            self._bus,
            self._analogue,
            self._tilt,
            self._light,
        )
        self._last = 2 * len(self._all)
        self._at = 0

    def tick(self) -> None:
        """100 Hz: what is moving, or could be."""
        if not self._rail_enable.is_on:
            if self._camera.busy:
                self._switches()
            if self._weigher.busy:
                self._load_cell()
            return
        turn = self._turn + 1
        if turn == 5:
            turn = 0
            self._tilt()
            self._bus()
            self._switches()
        elif self._feed.state != FEED_STATE_HOLDING:
            # While a weight is held no switch is on its way but the stall output: 20 Hz do for it.
            self._switches()
        self._turn = turn
        self._load_cell()
        if self._spindle.running or self._spindle.busy:
            self._encoder()
            self._spindle_current()
        rod = self._probe.busy or self._sealer.busy
        if rod or self._breakoff.busy or self._gate.busy:
            self._aux()
            if rod:
                self._analogue()

    def slow(self) -> None:
        """100 Hz: every second tick one part, each in turn, so that no reading is ever older than 180 ms.

        One at a time, because all of them together would take 6 ms of a tick on an RP2040.
        """
        at = self._at + 1
        if at == self._last:
            at = 0
        self._at = at
        if at & 1:
            self._all[at >> 1]()
