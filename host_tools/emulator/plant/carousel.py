"""The carousel ring: a stepper through a 5:1 belt, the ring's inertia, detents, a hall index that bounces,
and pebbles that drag.

The motor follows its steps up to 2400 a second and speed changes of up to 800 steps/s at once (pull-in
speed); beyond that the ring goes on as fast as it can and the motor slips. A stepper that slips comes to
rest a whole number of four full steps away: 64 microsteps. A ring without power is pulled into a detent from
within 90 microsteps. A pebble drags over 30 degrees of the ring and lowers both limits.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.plant.geometry import position_angle, station_pitch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.plant.noise import Stream

TOP_PER_STEP = 12  # microsteps in 5 ms: 2400/s
JUMP_PER_STEP = 4  # change of speed at once: 800/s
SLIP = 64
QUIET_STEPS = 10
DETENT_PULL = 90
BOUNCE = 3

HAND_PER_STEP = 4  # 800 steps a second: a hand turns the ring by one seat in half a second


class Carousel:
    """The ring's true angle and its sensors. `angle` is in microsteps, s in the sense that position i is
    at DRILL when (angle_i + s) % turn == 0.
    """

    def __init__(self, geometry: dict, stream: "Stream", noise: "list[int]") -> None:
        self.seats = geometry["seats"]
        self.turn = geometry["carousel_steps_per_turn"]
        self._index_half = geometry["carousel_index_steps"]
        self._detent_half = geometry["carousel_detent_steps"]
        stations = geometry["stations"]
        self.pitch_of = {}
        for name in ("DRILL", "CAMERA", "PROBE", "SEAL", "DROP"):
            self.pitch_of[name] = station_pitch(stations[name], self.seats, geometry["stations_of"])
        self._noise = noise
        # Wherever the last session left it: at rest in some detent.
        self.angle = -position_angle(stream.below(self.seats + 1), self.seats, self.turn) % self.turn
        self.seen = 0
        self.quiet = 0
        self.v = 0
        self.slip_steps = 0  # lost so far, true steps
        self._slipped = 0  # of those, not yet made a multiple of 64
        self.lose = 0  # fault: to be lost at the next motion
        self.pebble_angle = -1
        self.drag_permille = 0
        self.by_hand = 0  # steps that a hand still turns the ring by
        self.reversals = 0
        self._way = 0
        self._since = 0
        self.off = 0
        self.moved = True

    @micropython.native
    def position_at(self, pitch: int) -> int:
        """The position nearest to a station (given as its pitch); its distance from it in microsteps is
        left in `off`.
        """
        turn = self.turn
        count = self.seats + 1
        ang = (position_angle(pitch, self.seats, turn) - self.angle) % turn
        i = (ang * count * 2 + turn) // (2 * turn) % count
        off = (ang - position_angle(i, self.seats, turn)) % turn
        self.off = off - turn if off > turn // 2 else off
        return i

    @micropython.native
    def detent(self) -> bool:
        """The detent switch: made within 60 microsteps of any position."""
        self.position_at(0)
        return -self._detent_half <= self.off <= self._detent_half

    @micropython.native
    def index(self, n: int) -> bool:
        """The hall index, bouncing for a few microsteps outside its edges while it moves."""
        s = self.angle % self.turn
        if s > self.turn // 2:
            s = self.turn - s
        if s <= self._index_half:
            return True
        return self.v != 0 and s <= self._index_half + BOUNCE and self._noise[n % 1021] > 0

    @micropython.native
    def step(self, steps: int, ahead: int, on: bool, blocked: bool) -> None:
        """One grid step: `steps` is the commanded total so far, spread over this step and `ahead` more.
        Sets `moved` when the true angle changed.
        """
        d = steps - self.seen
        if ahead:
            d = d // (ahead + 1)
        self.seen += d
        self.moved = False
        if self.quiet:
            self.quiet -= 1
        if d:
            self.quiet = QUIET_STEPS
        if self.by_hand:
            go = max(-HAND_PER_STEP, min(HAND_PER_STEP, self.by_hand))
            self.by_hand -= go
            self.angle += go
            self.slip_steps -= go
            self.moved = True  # which keeps it awake: a hand draws no current
            self.position_at(0)
            return
        if not on:
            self.v = 0
            self.position_at(0)
            off = self.off
            if off and -DETENT_PULL <= off <= DETENT_PULL:
                self.angle += max(-3, min(3, off))
                self.moved = True
            return
        if d == 0 and self.v == 0 and self._slipped == 0:
            return
        top = TOP_PER_STEP
        jump = JUMP_PER_STEP
        if self.drag_permille and self.pebble_angle >= 0:
            away = (self.angle + self.pebble_angle) % self.turn
            if away < self.turn // 24 or away > self.turn - self.turn // 24:
                top = max(2, top * (1000 - self.drag_permille) // 1000)
                jump = max(2, jump * (1000 - self.drag_permille) // 1000)
        go = d
        if self.lose and d:
            part = max(-abs(d), min(abs(d), self.lose)) if self.lose > 0 else 0
            self.lose -= part
            go = d - part if d > 0 else d + part
            self.slip_steps += part
        if go > self.v + jump:
            go = self.v + jump
        elif go < self.v - jump and go != 0:
            go = self.v - jump
        if go > top:
            go = top
        elif go < -top:
            go = -top
        if blocked:
            go = 0
        if go != d and not self.lose:
            self._slipped += d - go
            self.slip_steps += d - go
        self.v = go
        if go:
            self._shaken(go)
        elif d == 0 and self._slipped and self.quiet == 0 and not blocked:
            # Settles on the nearest stable phase of the rotor.
            rest = self._slipped % SLIP
            go = rest if rest <= SLIP // 2 else rest - SLIP
            self.slip_steps -= go
            self._slipped = 0
        if go:
            self.angle += go
            self.moved = True

    def _shaken(self, go: int) -> None:
        way = 1 if go > 0 else -1
        if way != self._way:
            if self._since >= 100:
                self.reversals += 1
            self._way = way
            self._since = 0
        self._since += go * way
