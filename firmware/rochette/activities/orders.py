"""Orders: which command starts which activity. The one place where commands meet activities.

A command that starts an activity is answered when the activity has ended; one that is refused says why.
"""

from rochette.activities.acquire import acquire
from rochette.activities.bring_up import bring_up
from rochette.activities.operate import operate
from rochette.activities.record import commission, record
from rochette.activities.recovery import finish_storing, hold_again, hold_again_at_start, retract_bit
from rochette.services.commands import PENDING, CommandError
from rochette.tables import (
    ACTIVITY_NAME_ACQUIRE,
    ACTIVITY_NAME_BRING_UP,
    ACTIVITY_NAME_OPERATE,
    ACTIVITY_NAME_RECORD,
    ACTIVITY_NAME_RECOVER,
    ACTIVITY_RESULT_OK,
    ASSESS_RESULT_ACCEPTED,
    ASSESS_RESULT_LIGHT_DOWNGRADE,
    BREAK_OFF_RESULT_OK,
    CAMERA_RESULT_OK,
    CAROUSEL_RESULT_OK,
    CMD_CAMERA_ASSESS,
    CMD_CAMERA_HALT,
    CMD_CAMERA_SHOOT,
    CMD_CAROUSEL_COUNT,
    CMD_CAROUSEL_GO,
    CMD_CAROUSEL_HALT,
    CMD_CAROUSEL_HOME,
    CMD_CAROUSEL_JOG,
    CMD_CAROUSEL_SHAKE,
    CMD_CORER_CENTRE,
    CMD_CORER_PERCUSS,
    CMD_FEED_HOME,
    CMD_FEED_JOG,
    CMD_GATE_CLOSE,
    CMD_GATE_HALT,
    CMD_GATE_OPEN,
    CMD_LEDGER_BIT,
    CMD_LEDGER_DROP,
    CMD_LEDGER_LOAD,
    CMD_LEDGER_MARK,
    CMD_LEDGER_MOVE,
    CMD_LEDGER_SEALS,
    CMD_PROBE_HALT,
    CMD_PROBE_MEASURE,
    CMD_PROBE_RETRACT,
    CMD_SAMPLE_ABORT,
    CMD_SAMPLE_ACQUIRE,
    CMD_SAMPLE_BRING_UP,
    CMD_SAMPLE_COMMISSION,
    CMD_SAMPLE_FINISH_STORING,
    CMD_SAMPLE_HOLD_AGAIN,
    CMD_SAMPLE_RELEASE,
    CMD_SAMPLE_RETAKE,
    CMD_SAMPLE_RETRACT_BIT,
    CMD_SEALER_ACTIVATE,
    CMD_SEALER_DISPENSE,
    CMD_SEALER_HALT,
    CMD_SEALER_RETRACT,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_OK,
    COMMAND_RESULT_VALIDATION,
    FEED_RESULT_OK,
    GATE_RESULT_OK,
    MODE_IDLE,
    MODE_STOPPED,
    MODE_WORKING,
    OUTCOME_FAULT,
    PERCUSSION_RESULT_OK,
    PROBE_RESULT_OK,
    REASON_ABORT_COMMANDED,
    SEALER_RESULT_OK,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.activities.kit import Kit
    from rochette.services.activities import Activities
    from rochette.services.commands import Commands

EVERYTHING = 0x3FFFFFFF
"""Resource mask of an activity that owns every mechanism."""


class Orders:
    """Registers a handler for every command that moves or decides something."""

    def __init__(self, kit: "Kit", activities: "Activities", commands: "Commands") -> None:
        self._kit = kit
        self._activities = activities
        self._commands = commands
        self._opcode = 0
        self._mode_before = MODE_IDLE
        activities.on_end = self._ended
        for opcode, handler in (
            (CMD_SAMPLE_COMMISSION, self._commission),
            (CMD_SAMPLE_BRING_UP, self._bring_up),
            (CMD_SAMPLE_ACQUIRE, self._acquire),
            (CMD_SAMPLE_RELEASE, self._release),
            (CMD_SAMPLE_RETRACT_BIT, self._retract_bit),
            (CMD_SAMPLE_FINISH_STORING, self._finish_storing),
            (CMD_SAMPLE_HOLD_AGAIN, self._hold_again),
            (CMD_LEDGER_MARK, self._mark),
            (CMD_LEDGER_MOVE, self._move),
            (CMD_LEDGER_DROP, self._drop),
            (CMD_LEDGER_LOAD, self._load),
            (CMD_LEDGER_SEALS, self._seals),
            (CMD_LEDGER_BIT, self._bit),
            (CMD_SAMPLE_RETAKE, self._retake),
            (CMD_SAMPLE_ABORT, self._abort),
            (CMD_CAMERA_ASSESS, self._assess),
            (CMD_CORER_PERCUSS, self._percuss),
            (CMD_CORER_CENTRE, self._centre),
            (CMD_FEED_JOG, self._feed_jog),
            (CMD_CAROUSEL_GO, self._carousel_go),
            (CMD_CAROUSEL_JOG, self._carousel_jog),
            (CMD_CAMERA_SHOOT, self._shoot),
        ):
            commands.handle(opcode, handler)
        self._by_hand()

    def _by_hand(self) -> None:
        """Commands without arguments: one mechanism, one action; and the halts."""
        kit = self._kit
        for opcode, mechanism, begin, ok in (
            (CMD_FEED_HOME, kit.feed, kit.feed.home, FEED_RESULT_OK),
            (CMD_CAROUSEL_HOME, kit.carousel, kit.carousel.home, CAROUSEL_RESULT_OK),
            (CMD_CAROUSEL_COUNT, kit.carousel, kit.carousel.count, CAROUSEL_RESULT_OK),
            (CMD_CAROUSEL_SHAKE, kit.carousel, kit.carousel.shake, CAROUSEL_RESULT_OK),
            (CMD_PROBE_MEASURE, kit.probe, kit.probe.measure, PROBE_RESULT_OK),
            (CMD_PROBE_RETRACT, kit.probe, kit.probe.retract, PROBE_RESULT_OK),
            (CMD_SEALER_DISPENSE, kit.sealer, kit.sealer.dispense, SEALER_RESULT_OK),
            (CMD_SEALER_ACTIVATE, kit.sealer, kit.sealer.activate, SEALER_RESULT_OK),
            (CMD_SEALER_RETRACT, kit.sealer, kit.sealer.retract, SEALER_RESULT_OK),
            (CMD_GATE_OPEN, kit.gate, kit.gate.open, GATE_RESULT_OK),
            (CMD_GATE_CLOSE, kit.gate, kit.gate.close, GATE_RESULT_OK),
        ):
            self._commands.handle(opcode, self._handler(opcode, mechanism, begin, ok))
        for opcode, halt in (
            (CMD_CAROUSEL_HALT, kit.carousel.halt),
            (CMD_PROBE_HALT, kit.probe.halt),
            (CMD_SEALER_HALT, kit.sealer.halt),
            (CMD_GATE_HALT, kit.gate.halt),
            (CMD_CAMERA_HALT, kit.camera.halt),
        ):
            self._commands.handle(opcode, halt)

    def _handler(
        self, opcode: int, mechanism: "Any", begin: "Callable[[], None]", ok: int
    ) -> "Callable[[], int]":
        def handler() -> int:
            return self._operate(opcode, mechanism, begin, ok)

        return handler

    # Starting and ending

    def _start(self, opcode: int, name: int, generator: "Any") -> int:
        if not self._activities.start(name, generator, EVERYTHING):
            return COMMAND_RESULT_BUSY
        self._opcode = opcode
        self._mode_before = self._kit.mode.value
        self._kit.mode.set(MODE_WORKING)
        return PENDING

    def _operate(self, opcode: int, mechanism: "Any", begin: "Callable[[], None]", ok: int) -> int:
        return self._start(opcode, ACTIVITY_NAME_OPERATE, operate(self._kit, mechanism, begin, ok))

    def _ended(self, name: int, result: int, _reason: int) -> None:
        """Every activity's one end: the mode, and the answer to the command that began it."""
        kit = self._kit
        ok = result == ACTIVITY_RESULT_OK
        if name in (ACTIVITY_NAME_ACQUIRE, ACTIVITY_NAME_RECOVER) and kit.sample.outcome == OUTCOME_FAULT:
            ok = False
        if not ok:
            kit.halt_all()
            kit.rail.off()
        if name == ACTIVITY_NAME_OPERATE or name == ACTIVITY_NAME_RECORD:
            # A move by hand, or a record, changes nothing about whether the payload is in order.
            kit.mode.set(self._mode_before)
        else:
            kit.mode.set(MODE_IDLE if ok else MODE_STOPPED)
        if not kit.rail.is_on:
            kit.tidy()
        self._commands.complete(self._opcode, COMMAND_RESULT_OK if ok else COMMAND_RESULT_EXECUTION)

    # Handlers

    def _commission(self) -> int:
        if not self._kit.custody.can_begin:
            raise CommandError(COMMAND_RESULT_EXECUTION)
        return self._start(CMD_SAMPLE_COMMISSION, ACTIVITY_NAME_RECORD, commission(self._kit))

    def _record(self, opcode: int, step: "Any") -> int:
        if not self._kit.custody.commissioned:
            raise CommandError(COMMAND_RESULT_EXECUTION)
        return self._start(opcode, ACTIVITY_NAME_RECORD, record(step))

    def _mark(self, tube: int, mark: int) -> int:
        return self._record(CMD_LEDGER_MARK, self._kit.custody.marked(tube, mark))

    def _move(self, tube: int, seat: int) -> int:
        custody = self._kit.custody
        self._kit.ready = False  # nothing moves before the tubes were counted again
        return self._record(CMD_LEDGER_MOVE, custody.moved(custody.sample_of(tube), tube, seat, True))

    def _drop(self, tube: int, where: int) -> int:
        self._kit.ready = False
        return self._record(CMD_LEDGER_DROP, self._kit.custody.dropped(tube, where))

    def _load(self, tube: int, serial: int, kind: int) -> int:
        return self._record(CMD_LEDGER_LOAD, self._kit.custody.loaded(tube, serial, kind))

    def _seals(self, dispenser: int, count: int) -> int:
        return self._record(CMD_LEDGER_SEALS, self._kit.custody.seals(dispenser, count))

    def _bit(self, number: int) -> int:
        return self._record(CMD_LEDGER_BIT, self._kit.custody.bit(number))

    def _retract_bit(self, sample: int, tube: int) -> int:
        steps = retract_bit(self._kit, sample, tube)
        return self._start(CMD_SAMPLE_RETRACT_BIT, ACTIVITY_NAME_RECOVER, steps)

    def _finish_storing(self, sample: int, tube: int) -> int:
        steps = finish_storing(self._kit, sample, tube)
        return self._start(CMD_SAMPLE_FINISH_STORING, ACTIVITY_NAME_RECOVER, steps)

    def _hold_again(self, sample: int, tube: int) -> int:
        steps = hold_again(self._kit, sample, tube)
        return self._start(CMD_SAMPLE_HOLD_AGAIN, ACTIVITY_NAME_RECOVER, steps)

    def hold_again_at_start(self) -> None:
        """After a reset in a hold: the payload holds on. Nobody's command."""
        self._start(0, ACTIVITY_NAME_RECOVER, hold_again_at_start(self._kit))

    def _bring_up(self) -> int:
        return self._start(CMD_SAMPLE_BRING_UP, ACTIVITY_NAME_BRING_UP, bring_up(self._kit))

    def _acquire(self, tube: int, depth_um: int) -> int:
        if tube > self._kit.seats:
            raise CommandError(COMMAND_RESULT_VALIDATION, 1, tube)
        return self._start(CMD_SAMPLE_ACQUIRE, ACTIVITY_NAME_ACQUIRE, acquire(self._kit, tube, depth_um))

    def _release(self, sample: int, tube: int) -> int:
        return COMMAND_RESULT_OK if self._kit.hold.release(sample, tube) else COMMAND_RESULT_EXECUTION

    def _retake(self) -> int:
        return COMMAND_RESULT_OK if self._kit.hold.ask_retake() else COMMAND_RESULT_EXECUTION

    def _abort(self) -> int:
        told = self._activities.abort(None, REASON_ABORT_COMMANDED)
        return COMMAND_RESULT_OK if told else COMMAND_RESULT_EXECUTION

    def _assess(self, picture: int, verdict: int, confidence_permille: int) -> int:
        answer = self._kit.camera.assess(picture, verdict, confidence_permille)
        if answer in (ASSESS_RESULT_ACCEPTED, ASSESS_RESULT_LIGHT_DOWNGRADE):
            return COMMAND_RESULT_OK
        raise CommandError(COMMAND_RESULT_EXECUTION, 1, picture)

    def _percuss(self, pulses: int) -> int:
        percussion = self._kit.percussion

        def begin() -> None:
            percussion.pulses(pulses)

        return self._operate(CMD_CORER_PERCUSS, percussion, begin, PERCUSSION_RESULT_OK)

    def _centre(self) -> int:
        breakoff = self._kit.breakoff
        return self._operate(CMD_CORER_CENTRE, breakoff, breakoff.centre, BREAK_OFF_RESULT_OK)

    def _feed_jog(self, distance_um: int, speed_um_s: int) -> int:
        feed = self._kit.feed

        def begin() -> None:
            feed.jog(distance_um, speed_um_s)

        return self._operate(CMD_FEED_JOG, feed, begin, FEED_RESULT_OK)

    def _carousel_go(self, position: int, station: int) -> int:
        carousel = self._kit.carousel
        if position > self._kit.seats:
            raise CommandError(COMMAND_RESULT_VALIDATION, 1, position)

        def begin() -> None:
            carousel.go(position, station)

        return self._operate(CMD_CAROUSEL_GO, carousel, begin, CAROUSEL_RESULT_OK)

    def _carousel_jog(self, steps: int) -> int:
        carousel = self._kit.carousel

        def begin() -> None:
            carousel.jog(steps)

        return self._operate(CMD_CAROUSEL_JOG, carousel, begin, CAROUSEL_RESULT_OK)

    def _shoot(self, exposure_us: int, led_permille: int) -> int:
        camera = self._kit.camera

        def begin() -> None:
            camera.shoot(exposure_us, led_permille)

        return self._operate(CMD_CAMERA_SHOOT, camera, begin, CAMERA_RESULT_OK)
