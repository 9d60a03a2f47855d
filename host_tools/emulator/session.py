"""One run of the payload: plant, world and firmware put together, stepped tick by tick, heard by a sink.

Runs on CPython and on the MicroPython VM from the same source. There is no wall clock, thread or socket in
here:
the firmware's next tick happens when `step()` is called, and what the sink does in between takes no emulated
time.
That makes the trace a function of the specification alone.

The trace (see docs/determinism.md) is a SHA-256 over one packed record a tick and one line of text an event.
"""

import hashlib
import struct
import sys
from array import array
from binascii import hexlify

from host_tools.emulator import flash_files
from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.devices.usb_line import UsbLine
from host_tools.emulator.errors import RESETS, PinReset, PowerLoss, SoftReset
from host_tools.emulator.faults import FaultInjector
from host_tools.emulator.kept import keep, restore
from host_tools.emulator.limits import Limits
from host_tools.emulator.plant import Plant
from host_tools.emulator.script import Script
from host_tools.emulator.world import PWRON_RESET, WDT_RESET, World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TRACE_FORMAT = "<25i"
TRACE_WORDS = 25
COLUMNS = (
    "time_ms",
    "phase",
    "depth_um",
    "weight_mn",
    "spindle_ma",
    "level",
    "rop_um_s",
    "rpm",
    "feed_um",
    "energised",
    "carousel_position",
    "lux",
    "battery_mv",
    "aux_ma",
    "probe_um",
    "sealer_um",
    "tilt_mdeg",
)
# A hold that nobody releases is watched this long before the run ends; longer where the light may come back.
HOLD_WATCH_S = 10
RESETS_MAX = 50
"""A run with more resets than this is one that never gets anywhere, unless `max_resets` says otherwise."""
_TRACE_BATCH = 40  # records hashed at once: fewer, larger updates


class SessionError(Exception):
    """The run could not go on for a reason that is not the firmware's: the message says which."""


class Session:
    """Runs one specification. `spec` keys: rock_data, seed, tube, depth_um, release, board, faults, commands,
    limits, until, max_s, telemetry_hz, hold_s, max_resets, kept, flash. `sink` has columns(), event(),
    telemetry(), picture() and hold() (host_tools/run/protocol.py). `flash`: "formatted" gives the firmware a
    littlefs on the emulated flash, "blank" a flash without one, None none at all; what was kept comes before
    either.

    A reset or a power cut (a fault, the watchdog, the firmware itself) starts the firmware again from its
    first line, with all memories, the mechanics and the clock as they are. From then on the run gives no
    commands of its own: what the scenario's commands ask for is done, and the run ends `hold_s` after that.
    With `until` (event, delay_ms) nothing but that event ends it.
    """

    def __init__(self, spec: "dict[str, Any]", sink: "Any") -> None:
        self._spec = spec
        self._sink = sink
        self._release = spec.get("release", "auto")
        self._max_us = int(spec.get("max_s") or 6 * 3600) * 1_000_000
        self._hold_us = int(spec.get("hold_s") or HOLD_WATCH_S) * 1_000_000
        self._row_ticks = 100 // int(spec.get("telemetry_hz") or 5)
        self._tube = int(spec.get("tube") or 1)
        self._depth_um = int(spec.get("depth_um") or 66_000)
        self._script = Script(list(spec.get("commands") or ()))
        self._steps = 0
        self._command: "tuple[int, tuple[int, ...]]" = (0, ())
        self._events_seen = 0
        self._event = array("i", bytes(4 * 6))
        self._hold_serial = 0
        self._pictures_seen = 0
        self._hold_until_us = 0
        self._waiting = False
        self._ended = False
        self._next_row = 0
        self._refused = ""
        self.resets = 0
        self._board: "Any" = None
        self._max_resets = int(spec.get("max_resets") or RESETS_MAX)
        self._quiet_until_us = 0
        until = spec.get("until") or {}
        self._until = str(until.get("event") or "")
        self._until_us = int(until.get("delay_ms") or 0) * 1000
        self._end_us = 1 << 60
        self._over = False

    # Start

    def _boot(self) -> None:
        import board  # the board folder named in the specification is on the path

        self._board = board
        spec = self._spec
        mechanics = board.BOARD["mechanics"]
        self.plant = Plant(spec["rock_data"], int(spec["seed"]), mechanics)
        self.world = World(board.BOARD, self.plant, int(spec["seed"]))
        self.world.attach()
        flash_files.prepare(self.world, spec.get("flash"))
        if spec.get("kept"):
            restore(self.world, self.plant, spec["kept"])
        self.faults = FaultInjector(self.world, list(spec.get("faults") or ()))
        self.limits = Limits(list(spec.get("limits") or ()))
        self._prepare()
        try:
            self._start_firmware()
        except RESETS as reset:
            self._restart(reset)

    def _start_firmware(self) -> None:
        for name in ("boot", "main"):
            if name in sys.modules:
                del sys.modules[name]
        sys.modules["board"] = self._board  # each start reads it from flash and forgets it again
        flash_files.mount(self.world)
        import boot  # noqa: F401  (its module-level code is the boot)
        import main

        if isinstance(self.world.serial, UsbLine):
            from rochette.hal import serial_port

            self.world.serial.stand_in(serial_port)
        self.payload = main.build(True)
        # In an emulation an error must come out at once, not end an activity in good order.
        self.payload.activities.strict = True
        self.payload.commands.strict = True
        self.payload.arm_watchdog()

    payload: "Any" = None

    def _prepare(self) -> None:
        from rochette import tables

        self._tables = tables
        self._names = _event_names(tables)
        self._hash = hashlib.sha256()
        size = struct.calcsize(TRACE_FORMAT)
        self._record_size = size
        self._batch = bytearray(size * _TRACE_BATCH)
        self._batched = 0

    # Run

    def run(self) -> "dict[str, Any]":
        """Run to the end and give the result: numbers and enum values; the host puts words to them."""
        self.begin()
        return self.finish()

    def finish(self) -> "dict[str, Any]":
        """From begin() to the end; gives the result."""
        try:
            while not self._ended:
                self.step()
        finally:
            self.end()
        return self.result()

    def begin(self) -> None:
        """Switch the payload on. What run() does, for who wants to be there between two ticks: begin(),
        step() until `ended`, end(), result()."""
        self._boot()
        self._sink.columns(list(COLUMNS))

    @micropython.native
    def step(self) -> None:
        """One tick of the payload, and what the ground does after it; or the start after a reset. Raises
        SessionError when the run takes too long."""
        try:
            self.payload.executive.step()
            self._after_step()
        except RESETS as reset:
            self._restart(reset)
        if self.world.clock.now_us > self._max_us:
            raise SessionError(
                "the run did not end within "
                + str(self._max_us // 1_000_000)
                + " emulated seconds; phase "
                + str(self.payload.sample.phase)
            )

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        return self._ended

    def end(self) -> None:
        """Whatever happened, an interrupt from the keyboard too: actuators off before anything else."""
        if self.payload is not None:
            self.payload.stop()
        self.world.detach()

    def add_faults(self, faults: "list[dict[str, Any]]") -> None:
        """More faults, from now on; `at_ms` counts from power-on. Raises FaultError."""
        self.faults.add(faults)

    def _restart(self, reset: BaseException) -> None:
        """The firmware from its first line, as often as it takes: power may go again while it starts."""
        while True:
            self.resets += 1
            if self.resets > self._max_resets:
                raise SessionError("more than " + str(self._max_resets) + " resets; the last: " + str(reset))
            if self.payload is not None:
                self._hear_events()
                self._bury()
            self._flush_trace()
            kind = type(reset).__name__
            self._hash.update("R {} {}\n".format(self.world.clock.now_us, kind).encode())
            try:
                if isinstance(reset, PowerLoss):
                    self.world.power_cycle()
                elif isinstance(reset, PinReset):
                    self.world.reset_chip(PWRON_RESET)
                else:
                    # machine.reset() is made by the watchdog on an RP2040; a soft reset changes no cause.
                    cause = self.world.reset_cause if isinstance(reset, SoftReset) else WDT_RESET
                    self.world.reset_chip(cause)
                self._events_seen = 0
                self._pictures_seen = 0
                self._hold_serial = 0
                self._next_row = 0
                self._start_firmware()
                break
            except RESETS as again:
                reset = again
        self._script.on_event("RESET", self.world.clock.now_us)
        self.faults.on_event("RESET")
        self._quiet_until_us = self.world.clock.now_us + self._hold_us

    def _bury(self) -> None:
        """Close what the old firmware left open now, so that none of its `finally` runs in the new one."""
        activities = self.payload.activities
        self.payload = None
        for generator in activities._generators:
            if generator is not None:
                try:
                    generator.close()
                except BaseException as error:
                    if isinstance(error, KeyboardInterrupt):
                        raise

    @micropython.native
    def _after_step(self) -> None:
        payload = self.payload
        if payload.events.count != self._events_seen:
            self._hear_events()
        self._trace_tick()
        if payload.executive.tick >= self._next_row:
            self._next_row = payload.executive.tick + self._row_ticks
            self._sink.telemetry(self._row())
        if payload.camera.picture_no != self._pictures_seen:
            self._look()
        self.limits.check(self.plant.energised, self.world.clock.now_us)
        if self.world.clock.now_us >= self._script.next_us:
            self._play()
        if self._until:
            self._wait_for_end()
        elif self.resets:
            self._after_reset()
        elif payload.hold.active:
            self._holding()
        elif not payload.activities.running and not self._ended:
            self._next_command()

    def _wait_for_end(self) -> None:
        """A run with an end of its own: holds are answered and commands given as ever, but only the event
        ends it."""
        if self.world.clock.now_us >= self._end_us:
            self._ended = True
        elif self.payload.hold.active:
            self._holding()
            self._ended = False
        elif not self.payload.activities.running and not self.resets and not self._over:
            self._next_command()
            self._over = self._ended
            self._ended = bool(self._refused)

    def _play(self) -> None:
        """Give the scenario's commands that are due; the payload answers them as it answers anybody's."""
        for name, args in self._script.take(self.world.clock.now_us):
            if name.startswith("URGENT_"):
                # Stop, abort, pause and resume pass by every queue; they are frames, not commands.
                self.payload.ground.obey(getattr(self._tables, "URGENT_KIND_" + name[7:]))
            else:
                self.payload.commands.submit(getattr(self._tables, "CMD_" + name), args)

    def _next_command(self) -> None:
        t = self._tables
        payload = self.payload
        if self._script_done():
            # Commands of the scenario that are still to come are waited for.
            self._ended = self._script.next_us >= 1 << 60
            return
        code = payload.commands.submit(self._command[0], self._command[1])
        if code != t.COMMAND_RESULT_OK:
            self._refused = "command " + str(self._command[0]) + " was answered with " + str(code)
            self._ended = True

    def _after_reset(self) -> None:
        """After a reset nobody but the scenario gives commands; a hold is answered as ever."""
        now_us = self.world.clock.now_us
        payload = self.payload
        if payload.hold.active:
            self._holding()
            return
        if payload.activities.running or self._script.planned:
            self._quiet_until_us = now_us + self._hold_us
        elif now_us >= self._quiet_until_us:
            self._ended = True

    def _script_done(self) -> bool:
        """Take the next command of the run: commission, bring up, acquire; then it is over."""
        t = self._tables
        payload = self.payload
        self._steps += 1
        if self._steps == 1 and payload.custody.commissioned:
            self._steps = 2  # a payload that has a record keeps it
        if self._steps == 1:
            self._command = (t.CMD_SAMPLE_COMMISSION, ())
        elif self._steps == 2:
            self._command = (t.CMD_SAMPLE_BRING_UP, ())
        elif self._steps == 3 and payload.ready:
            self._command = (t.CMD_SAMPLE_ACQUIRE, (self._tube, self._depth_um))
        else:
            return True
        return False

    # What the run tells

    def _hear_events(self) -> None:
        events = self.payload.events
        record = self._event
        while self._events_seen < events.count:
            self._events_seen += 1
            if not events.read(self._events_seen, record):
                continue  # overwritten before anyone looked: more than a ring of events in one tick
            event_id, tick, a, b, c, d = record[0], record[1], record[2], record[3], record[4], record[5]
            self._flush_trace()
            line = "E {} {} {} {} {} {}\n".format(tick, event_id, a, b, c, d)
            self._hash.update(line.encode())
            self._sink.event(
                {"tick": tick, "ms": self.world.clock.now_us // 1000, "id": event_id, "args": [a, b, c, d]}
            )
            name = self._names.get(event_id)
            if name:
                self.faults.on_event(name)
                self._script.on_event(name, self.world.clock.now_us)
                if name == self._until and self._end_us == 1 << 60:
                    self._end_us = self.world.clock.now_us + self._until_us

    @micropython.native
    def _trace_tick(self) -> None:
        payload = self.payload
        plant = self.plant
        feed = payload.feed
        corer = payload.corer
        if self._batched == _TRACE_BATCH:
            self._flush_trace()
        struct.pack_into(
            TRACE_FORMAT,
            self._batch,
            self._batched * self._record_size,
            payload.executive.tick,
            plant.spindle_ma,
            plant.encoder_count,
            plant.load_cell_mn,
            plant.aux_ma,
            plant.bus_mv,
            plant.feed_steps,
            plant.carousel_steps,
            plant.spindle_permille,
            plant.percussion_mhz,
            plant.breakoff_pulse_us,
            plant.gate_pulse_us,
            plant.probe_um,
            plant.sealer_um,
            plant.energised,
            plant.tilt_x_mg,
            plant.lux,
            payload.sample.phase,
            feed.state,
            feed.z_um,
            feed.weight_mn,
            corer.state,
            corer.level,
            corer.depth_um,
            payload.carousel.state,
        )
        self._batched += 1

    def _flush_trace(self) -> None:
        if self._batched == _TRACE_BATCH:
            self._hash.update(self._batch)
        elif self._batched:
            self._hash.update(memoryview(self._batch)[: self._batched * self._record_size])
        self._batched = 0

    def _row(self) -> "list[int]":
        payload = self.payload
        plant = self.plant
        return [
            self.world.clock.now_us // 1000,
            payload.sample.phase,
            payload.corer.depth_um,
            payload.feed.weight_mn,
            payload.spindle.current_ma,
            payload.corer.level,
            payload.corer.rop_um_s,
            payload.spindle.rpm,
            payload.feed.z_um,
            plant.energised,
            payload.carousel.sensed,
            payload.camera.lux,
            payload.bus.bus_mv,
            payload.aux.current_ma,
            plant.probe_um,
            plant.sealer_um,
            payload.tilt.change_mdeg,
        ]

    # What the run asks

    def _look(self) -> None:
        """A picture that the payload has counted goes to the ground; its assessment comes back as a
        command."""
        t = self._tables
        self._pictures_seen = self.payload.camera.picture_no
        if self.plant.pictures:
            scene = self.plant.pictures[-1]
            # Frames without a sync are on the camera and unknown to the payload: its number counts.
            scene["no"] = self._pictures_seen
            answer = self._sink.picture(scene)
            verdict = {"PRESENT": t.VERDICT_PRESENT, "ABSENT": t.VERDICT_ABSENT}.get(
                answer["verdict"], t.VERDICT_INCONCLUSIVE
            )
            self.payload.commands.submit(
                t.CMD_CAMERA_ASSESS, (scene["no"], verdict, int(answer["confidence_permille"]))
            )
            if answer.get("debris"):
                self.payload.commands.submit(t.CMD_SAMPLE_INSPECTION_FLAG, (scene["no"],))
            if answer.get("sees") in ("UPRIGHT", "LYING"):
                lies = t.DROP_OUTCOME_UPRIGHT if answer["sees"] == "UPRIGHT" else t.DROP_OUTCOME_LYING
                self.payload.commands.submit(t.CMD_SAMPLE_DROP_SEEN, (scene["no"], lies))

    def _holding(self) -> None:
        t = self._tables
        payload = self.payload
        sample = payload.sample
        now_us = self.world.clock.now_us
        if payload.hold.serial != self._hold_serial:
            self._hold_serial = payload.hold.serial
            self._hold_until_us = now_us + self._hold_us
            answer = self._sink.hold(self.evidence()).get("answer", "hold")
            if answer == "release":
                payload.commands.submit(t.CMD_SAMPLE_RELEASE, (sample.number, sample.tube))
            elif answer == "look":
                payload.commands.submit(t.CMD_SAMPLE_RETAKE, ())
        elif now_us >= self._hold_until_us:
            self._ended = True

    def evidence(self) -> "dict[str, Any]":
        """What is known of the sample in hand: numbers and enum values."""
        sample = self.payload.sample
        seen = sample.evidence
        return {
            "sample": sample.number,
            "tube": sample.tube,
            "verdict": sample.verdict,
            "reason": sample.reason,
            "depth_um": sample.depth_um,
            "snap": seen.snap,
            "peak_ma": seen.peak_ma,
            "mass": seen.mass,
            "core_mn": seen.core_mn,
            "expected_mn": seen.expected_mn,
            "image": seen.image,
            "picture": seen.picture,
            "confidence_permille": seen.confidence_permille,
            "light_ok": int(seen.light_ok),
            "lux": seen.lux,
            "fill": sample.fill,
            "fill_um": sample.fill_um,
            "fill_uncertainty_um": sample.fill_uncertainty_um,
        }

    def trace(self) -> str:
        """SHA-256 of the trace so far, hexadecimal."""
        self._flush_trace()
        return hexlify(self._hash.digest()).decode()

    def _custody(self) -> "list[dict[str, Any]]":
        """Every record there is; none when the memory does not answer at the end of the run."""
        try:
            return self.payload.custody.listing()
        except OSError:
            return []

    def result(self) -> "dict[str, Any]":
        """What came out: numbers and enum values."""
        self._flush_trace()
        payload = self.payload
        sample = payload.sample
        slips = payload.executive.slips
        if not sample.number:
            # Bring-up ended the run before a sample was begun.
            sample.outcome = self._tables.OUTCOME_FAULT
            sample.reason = payload.activities.last_reason
        elif sample.reason == self._tables.REASON_TUBE_NOT_USABLE:
            self._refused = "tube {} is used or not in its seat, by the custody record".format(self._tube)
        return {
            "outcome": sample.outcome,
            "reason": sample.reason,
            "sample": sample.number,
            "tube": self._tube,
            "verdict": sample.verdict,
            "fill": sample.fill,
            "fill_um": sample.fill_um,
            "fill_uncertainty_um": sample.fill_uncertainty_um,
            "seal": sample.seal,
            "seal_peak_mn": sample.seal_peak_mn,
            "seal_travel_um": sample.seal_travel_um,
            "depth_um": sample.depth_um,
            "contact_um": sample.contact_um,
            "max_level": sample.max_level,
            "emulated_ms": self.world.clock.now_us // 1000,
            "events": payload.events.count,
            "slips": slips[0] + slips[1] + slips[2] + slips[3],
            "trace_sha256": self.trace(),
            "evidence": self.evidence(),
            "custody": self._custody(),
            "seal_curve": _curve(payload.sealer),
            "mode": payload.mode.value,
            "survival": payload.survival.state,
            "clock_fault": payload.mission_time.fault,
            "wakes": payload.survival.record.wakes,
            "missed": payload.survival.record.missed,
            "refused_sleeps": payload.survival.record.refused,
            "limits_broken": self.limits.broken,
            "refused": self._refused,
            "resets": self.resets,
            "kept": keep(self.world, self.plant),
        }


def _event_names(tables: "Any") -> "dict[int, str]":
    """Event id -> name without EV_, for faults that wait for an event. Names are the constants of
    tables.py."""
    names = {}
    for name in dir(tables):
        if name.startswith("EV_"):
            names[getattr(tables, name)] = name[3:]
    return names


def _curve(sealer: "Any") -> "list[list[int]]":
    """Force against travel of the last dispensing and pressing: [um, mN] points."""
    points = []
    for record in (sealer.dispense_record, sealer.activate_record):
        for n in range(record.points):
            points.append([record.um[n], record.mn[n]])
    return points
