"""Watch: what the monitors look at, gathered by turns: one share a tick, each ten times a second.

`values` is indexed by the enum Watch, `ages` by the enum Source, in tenths of a second. Integers only;
nothing here allocates after start-up.
"""

from array import array

from rochette import tables as t

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.payload import Payload

_MS = 100  # between two looks at the same thing
_DRIVEN_PERMILLE = 300  # a spindle that is driven with less may stand
_TURNING = 50  # tenths of a turn a minute
_NO_BLOW_MA = 110  # the electronics alone draw 80 mA
_REST_LOOKS = 5
_LONGEST_MS = 1_000_000


class Watch:
    """Methods bound once; `tick` takes one share."""

    def __init__(self, payload: "Payload") -> None:
        self.values = array("i", [0] * t.WATCH_COUNT)
        # Neither good nor bad until it has been looked at.
        self.values[t.WATCH_BUS_MV] = payload.parameters.values[t.P_POWER_BUS_MIN_MV]
        self.ages = array("i", [0] * 11)
        self._p = payload
        d = payload.drivers
        self._sources: "list[Any]" = [
            d["bus_current"],
            d["aux_current"],
            d["spindle_current"],
            d["load_cell"],
            d["tilt"],
            d["light"],
            d["analogue"],
            d["encoder"],
            d["switches"],
            d["mission_clock"],
        ]
        self._motor = d["motor_temperature"]
        self._ambient = d["ambient_temperature"]
        self._stall_bit = d["feed_stall"].bit
        self._switches = d["switches"]
        self._gate_closed = d["gate_closed"].made
        self._centred = d["breakoff_centred"].made
        self._offset = d["breakoff_offset"].made
        self._ring_detents = 0
        self._ring_step = 0
        self._rested = 0
        self._turn = 0
        self._shares = (
            self._supply,
            self._sensors,
            self._spindle,
            self._hammer,
            self._feed,
            self._ring,
            self._cam,
            self._gate,
            self._probe,
            self._sealer,
        )

    def tick(self) -> None:
        """One share. 100 Hz, before the monitors."""
        turn = self._turn
        self._turn = turn + 1 if turn < 9 else 0
        self._shares[turn]()

    def _supply(self) -> None:
        p = self._p
        v = self.values
        ages = self.ages
        if not p.rail.locked:  # locked: asleep already, and nothing is left that could be stopped
            v[t.WATCH_BUS_MV] = p.bus.bus_mv
        v[t.WATCH_BUS_MA] = p.bus.current_ma
        v[t.WATCH_AUX_MA] = p.aux.current_ma
        at = 1
        for part in self._sources:
            ages[at] = 0 if part.ok else min(ages[at] + 1, 10_000)
            at += 1
        driven = (
            not p.rail.is_on
            or p.spindle.running
            or p.feed.busy
            or p.carousel.busy
            or p.percussion.busy
            or p.breakoff.busy
            or p.gate.busy
            or p.probe.busy
            or p.sealer.busy
            or p.camera.busy
        )
        self._rested = 0 if driven else self._rested + 1
        v[t.WATCH_IDLE_MA] = p.bus.current_ma if self._rested > _REST_LOOKS else 0

    def _sensors(self) -> None:
        p = self._p
        v = self.values
        v[t.WATCH_WEIGHT_MN] = p.feed.weight_mn
        v[t.WATCH_TILT_MDEG] = p.tilt.change_mdeg
        v[t.WATCH_LUX] = p.camera.lux
        v[t.WATCH_MOTOR_MC] = self._motor.mc if self._motor.ok else 0
        v[t.WATCH_AMBIENT_MC] = self._ambient.mc if self._ambient.ok else 0
        v[t.WATCH_CLOCK_VALID] = int(p.mission_time.valid)
        v[t.WATCH_RECORD_LOST] = int(p.ledger.lost)

    def _busy(self, at: int, busy: bool) -> None:
        v = self.values
        v[at] = min(v[at] + _MS, _LONGEST_MS) if busy else 0

    def _spindle(self) -> None:
        s = self._p.spindle
        v = self.values
        v[t.WATCH_SPINDLE_MA] = abs(s.current_ma) if s.running else 0
        v[t.WATCH_RPM] = s.rpm
        self._busy(t.WATCH_SPINDLE_BUSY_MS, s.busy)
        self._busy(
            t.WATCH_SPINDLE_STILL_MS,
            s.running and s.drive_permille >= _DRIVEN_PERMILLE and s.rpm_tenths < _TURNING,
        )

    def _hammer(self) -> None:
        p = self._p
        v = self.values
        mhz = p.percussion.mhz
        alone = mhz > 0 and not p.spindle.running
        v[t.WATCH_HAMMER_MA] = p.bus.current_ma if alone else 0
        v[t.WATCH_HAMMER_MHZ] = mhz
        self._busy(t.WATCH_HAMMER_STILL_MS, alone and p.bus.current_ma < _NO_BLOW_MA)
        self._busy(t.WATCH_HAMMER_BUSY_MS, p.percussion.busy)

    def _feed(self) -> None:
        p = self._p
        f = p.feed
        v = self.values
        holding = f.state == t.FEED_STATE_HOLDING
        v[t.WATCH_FEED_MA] = p.bus.current_ma if f.busy and not p.spindle.running else 0
        v[t.WATCH_FEED_UM] = f.z_um if f.homed else 0
        self._busy(t.WATCH_FEED_STILL_MS, f.busy and self._switches.made(self._stall_bit))
        self._busy(t.WATCH_FEED_BUSY_MS, f.busy and not holding)

    def _ring(self) -> None:
        p = self._p
        c = p.carousel
        v = self.values
        if c.homed and not c.busy:
            c.watch_at_rest()
        step = p.drivers["carousel"].position
        moving = c.state == t.CAROUSEL_STATE_MOVING or c.state == t.CAROUSEL_STATE_COUNTING
        if not moving or c.detents != self._ring_detents:
            self._ring_detents = c.detents
            self._ring_step = step
        v[t.WATCH_RING_MA] = p.bus.current_ma if c.busy else 0
        v[t.WATCH_RING_STILL_STEPS] = abs(step - self._ring_step)
        v[t.WATCH_RING_MISMATCH] = int(c.homed and not c.busy and c.commanded != c.sensed)
        self._busy(t.WATCH_RING_BUSY_MS, c.busy)

    def _cam(self) -> None:
        p = self._p
        b = p.breakoff
        v = self.values
        centred = self._centred()
        offset = self._offset()
        v[t.WATCH_CAM_MA] = p.aux.current_ma if b.busy else 0
        v[t.WATCH_CAM_MISMATCH] = int(centred and offset)
        self._busy(t.WATCH_CAM_STILL_MS, b.busy and not centred and not offset)
        self._busy(t.WATCH_CAM_BUSY_MS, b.busy)

    def _gate(self) -> None:
        p = self._p
        g = p.gate
        v = self.values
        v[t.WATCH_GATE_MA] = p.aux.current_ma if g.busy else 0
        v[t.WATCH_GATE_MISMATCH] = int(
            not g.busy and p.rail.is_on and g.position == t.GATE_POSITION_CLOSED and not self._gate_closed()
        )
        self._busy(t.WATCH_GATE_STILL_MS, g.busy)
        self._busy(t.WATCH_GATE_BUSY_MS, g.busy)

    def _probe(self) -> None:
        r = self._p.probe
        v = self.values
        v[t.WATCH_PROBE_UM] = r.position_um
        v[t.WATCH_PROBE_MA] = r.above_ma if r.busy else 0
        v[t.WATCH_PROBE_STILL_MS] = r.still_ms if r.busy else 0
        self._busy(t.WATCH_PROBE_BUSY_MS, r.busy)

    def _sealer(self) -> None:
        r = self._p.sealer
        v = self.values
        v[t.WATCH_SEALER_UM] = r.position_um
        v[t.WATCH_SEALER_MA] = r.above_ma if r.busy else 0
        v[t.WATCH_SEALER_STILL_MS] = r.still_ms if r.busy else 0
        self._busy(t.WATCH_SEALER_BUSY_MS, r.busy)
