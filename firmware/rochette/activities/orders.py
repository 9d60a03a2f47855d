"""Orders: which command starts which activity. The one place where commands meet activities.

A command that starts an activity is answered when the activity has ended; one that is refused says why.
"""

from rochette.activities.acquire import acquire
from rochette.activities.bring_up import bring_up
from rochette.activities.calibrate import calibrate
from rochette.activities.clearing import clear_ring, drive_cover, shake_bit, sweep_bore
from rochette.activities.depot import Drops, drop_tube, tip_over
from rochette.activities.operate import operate, self_test, spin
from rochette.activities.record import commission, record, restore
from rochette.activities.recovery import finish_storing, hold_again, hold_again_at_start, retract_bit
from rochette.activities.wiring import check_wiring
from rochette.services.commands import PENDING, CommandError
from rochette.tables import (
    ACTIVITY_NAME_ACQUIRE,
    ACTIVITY_NAME_BRING_UP,
    ACTIVITY_NAME_CLEAR,
    ACTIVITY_NAME_DROP,
    ACTIVITY_NAME_OPERATE,
    ACTIVITY_NAME_RECORD,
    ACTIVITY_NAME_RECOVER,
    ACTIVITY_RESULT_OK,
    ASSESS_RESULT_ACCEPTED,
    ASSESS_RESULT_LIGHT_DOWNGRADE,
    BREAK_OFF_RESULT_OK,
    CAM_POSITION_CENTRED,
    CAM_POSITION_OFFSET,
    CAMERA_RESULT_OK,
    CAROUSEL_RESULT_OK,
    CMD_CAMERA_ASSESS,
    CMD_CAMERA_HALT,
    CMD_CAMERA_SELF_TEST,
    CMD_CAMERA_SHOOT,
    CMD_CAROUSEL_COUNT,
    CMD_CAROUSEL_GO,
    CMD_CAROUSEL_HALT,
    CMD_CAROUSEL_HOME,
    CMD_CAROUSEL_JOG,
    CMD_CAROUSEL_SELF_TEST,
    CMD_CAROUSEL_SHAKE,
    CMD_CORER_CENTRE,
    CMD_CORER_HALT,
    CMD_CORER_PERCUSS,
    CMD_CORER_SELF_TEST,
    CMD_CORER_SPIN,
    CMD_CORER_TURN_CAM,
    CMD_FEED_CALIBRATE,
    CMD_FEED_HALT,
    CMD_FEED_HOME,
    CMD_FEED_JOG,
    CMD_FEED_SELF_TEST,
    CMD_GATE_CLOSE,
    CMD_GATE_HALT,
    CMD_GATE_OPEN,
    CMD_GATE_SELF_TEST,
    CMD_LEDGER_BIT,
    CMD_LEDGER_DROP,
    CMD_LEDGER_LOAD,
    CMD_LEDGER_MARK,
    CMD_LEDGER_MIRRORED,
    CMD_LEDGER_MOVE,
    CMD_LEDGER_RESTORE,
    CMD_LEDGER_SEALS,
    CMD_PROBE_HALT,
    CMD_PROBE_JOG,
    CMD_PROBE_MEASURE,
    CMD_PROBE_RETRACT,
    CMD_PROBE_SELF_TEST,
    CMD_SAMPLE_ABORT,
    CMD_SAMPLE_ACQUIRE,
    CMD_SAMPLE_BRING_UP,
    CMD_SAMPLE_CHECK_WIRING,
    CMD_SAMPLE_CLEAR_RING,
    CMD_SAMPLE_COMMISSION,
    CMD_SAMPLE_DRIVE_COVER,
    CMD_SAMPLE_DROP_SEEN,
    CMD_SAMPLE_DROP_TUBE,
    CMD_SAMPLE_FINISH_STORING,
    CMD_SAMPLE_HOLD_AGAIN,
    CMD_SAMPLE_INSPECTION_CLEAR,
    CMD_SAMPLE_INSPECTION_FLAG,
    CMD_SAMPLE_RELEASE,
    CMD_SAMPLE_RETAKE,
    CMD_SAMPLE_RETRACT_BIT,
    CMD_SAMPLE_SHAKE_BIT,
    CMD_SAMPLE_SWEEP_BORE,
    CMD_SAMPLE_TIP_OVER,
    CMD_SEALER_ACTIVATE,
    CMD_SEALER_DISPENSE,
    CMD_SEALER_HALT,
    CMD_SEALER_JOG,
    CMD_SEALER_RETRACT,
    CMD_SEALER_SELF_TEST,
    CMD_SYSTEM_SELF_TEST,
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
    PART_ADS1115,
    PART_DS3231,
    PART_FRAM,
    PART_HX711,
    PART_INA219_AUX,
    PART_INA219_BUS,
    PART_INA219_SPINDLE,
    PART_LIS3DH,
    PART_MCP23017,
    PART_VEML7700,
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

_TESTS = (
    (CMD_FEED_SELF_TEST, (PART_MCP23017, PART_HX711)),
    (CMD_CORER_SELF_TEST, (PART_INA219_SPINDLE, PART_INA219_AUX, PART_MCP23017, PART_LIS3DH)),
    (CMD_CAROUSEL_SELF_TEST, (PART_MCP23017,)),
    (CMD_PROBE_SELF_TEST, (PART_ADS1115, PART_INA219_AUX)),
    (CMD_SEALER_SELF_TEST, (PART_ADS1115, PART_INA219_AUX, PART_MCP23017)),
    (CMD_GATE_SELF_TEST, (PART_MCP23017, PART_INA219_AUX)),
    (CMD_CAMERA_SELF_TEST, (PART_VEML7700,)),
    (
        CMD_SYSTEM_SELF_TEST,
        (
            PART_MCP23017,
            PART_INA219_SPINDLE,
            PART_INA219_BUS,
            PART_INA219_AUX,
            PART_ADS1115,
            PART_LIS3DH,
            PART_VEML7700,
            PART_DS3231,
            PART_FRAM,
            PART_HX711,
        ),
    ),
)
"""Which parts (enum Part) each self-test asks: those that the mechanism needs."""


def _nobody() -> None:
    """Stands where nobody waits for an activity's end."""


class Orders:
    """Registers a handler for every command that moves or decides something."""

    def __init__(self, kit: "Kit", activities: "Activities", commands: "Commands") -> None:
        self._kit = kit
        self._activities = activities
        self._commands = commands
        self._opcode = 0
        self.settled: "Callable[[], None]" = _nobody  # called when an activity has ended
        self._mode_before = MODE_IDLE
        activities.on_end = self._ended
        for opcode, handler in (
            (CMD_SAMPLE_COMMISSION, self._commission),
            (CMD_SAMPLE_BRING_UP, self._bring_up),
            (CMD_SAMPLE_CHECK_WIRING, self._check_wiring),
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
            (CMD_LEDGER_MIRRORED, self._mirrored),
            (CMD_LEDGER_RESTORE, self._restore),
            (CMD_SAMPLE_RETAKE, self._retake),
            (CMD_SAMPLE_ABORT, self._abort),
            (CMD_CAMERA_ASSESS, self._assess),
            (CMD_CORER_SPIN, self._spin),
            (CMD_CORER_TURN_CAM, self._turn_cam),
            (CMD_CORER_HALT, self._halt_corer),
            (CMD_CAROUSEL_GO, self._carousel_go),
            (CMD_FEED_CALIBRATE, self._calibrate),
        ):
            commands.handle(opcode, handler)
        self._by_hand()
        self._recoveries()

    def _recoveries(self) -> None:
        """What is tried by command when something is stuck; and the depot."""
        kit = self._kit
        drops = self.drops = Drops()
        for opcode, name, begin in (
            (CMD_SAMPLE_CLEAR_RING, ACTIVITY_NAME_CLEAR, clear_ring),
            (CMD_SAMPLE_SHAKE_BIT, ACTIVITY_NAME_CLEAR, shake_bit),
            (CMD_SAMPLE_DRIVE_COVER, ACTIVITY_NAME_CLEAR, drive_cover),
            (CMD_SAMPLE_SWEEP_BORE, ACTIVITY_NAME_CLEAR, sweep_bore),
        ):
            self._commands.handle(opcode, self._recover, opcode, name, begin)

        def drop(kit: "Kit", tube: int) -> "Any":
            return drop_tube(kit, drops, tube)

        def tip(kit: "Kit") -> "Any":
            return tip_over(kit, drops)

        def seen(picture: int, outcome: int) -> int:
            return COMMAND_RESULT_OK if drops.seen(kit, picture, outcome) else COMMAND_RESULT_EXECUTION

        handle = self._commands.handle
        handle(CMD_SAMPLE_DROP_TUBE, self._recover, CMD_SAMPLE_DROP_TUBE, ACTIVITY_NAME_DROP, drop)
        handle(CMD_SAMPLE_TIP_OVER, self._recover, CMD_SAMPLE_TIP_OVER, ACTIVITY_NAME_DROP, tip)
        handle(CMD_SAMPLE_DROP_SEEN, seen)
        handle(CMD_SAMPLE_INSPECTION_FLAG, kit.hold.flag)
        handle(CMD_SAMPLE_INSPECTION_CLEAR, kit.hold.clear_flag)

    def _recover(self, opcode: int, name: int, begin: "Callable[..., Any]", *args: int) -> int:
        if args and args[0] > self._kit.seats:
            raise CommandError(COMMAND_RESULT_VALIDATION, 1, args[0])
        return self._start(opcode, name, begin(self._kit, *args))

    def _by_hand(self) -> None:
        """One mechanism, one action, with the command's own arguments; the halts and the self-tests."""
        kit = self._kit
        order = self._operate
        for opcode, mechanism, begin, ok in (
            (CMD_FEED_HOME, kit.feed, kit.feed.home, FEED_RESULT_OK),
            (CMD_FEED_JOG, kit.feed, kit.feed.jog, FEED_RESULT_OK),
            (CMD_CORER_PERCUSS, kit.percussion, kit.percussion.pulses, PERCUSSION_RESULT_OK),
            (CMD_CORER_CENTRE, kit.breakoff, kit.breakoff.centre, BREAK_OFF_RESULT_OK),
            (CMD_CAROUSEL_HOME, kit.carousel, kit.carousel.home, CAROUSEL_RESULT_OK),
            (CMD_CAROUSEL_COUNT, kit.carousel, kit.carousel.count, CAROUSEL_RESULT_OK),
            (CMD_CAROUSEL_JOG, kit.carousel, kit.carousel.jog, CAROUSEL_RESULT_OK),
            (CMD_CAROUSEL_SHAKE, kit.carousel, kit.carousel.shake, CAROUSEL_RESULT_OK),
            (CMD_PROBE_MEASURE, kit.probe, kit.probe.measure, PROBE_RESULT_OK),
            (CMD_PROBE_JOG, kit.probe, kit.probe.jog, PROBE_RESULT_OK),
            (CMD_PROBE_RETRACT, kit.probe, kit.probe.retract, PROBE_RESULT_OK),
            (CMD_SEALER_DISPENSE, kit.sealer, kit.sealer.dispense, SEALER_RESULT_OK),
            (CMD_SEALER_ACTIVATE, kit.sealer, kit.sealer.activate, SEALER_RESULT_OK),
            (CMD_SEALER_JOG, kit.sealer, kit.sealer.jog, SEALER_RESULT_OK),
            (CMD_SEALER_RETRACT, kit.sealer, kit.sealer.retract, SEALER_RESULT_OK),
            (CMD_GATE_OPEN, kit.gate, kit.gate.open, GATE_RESULT_OK),
            (CMD_GATE_CLOSE, kit.gate, kit.gate.close, GATE_RESULT_OK),
            (CMD_CAMERA_SHOOT, kit.camera, kit.camera.shoot, CAMERA_RESULT_OK),
        ):
            self._commands.handle(opcode, order, opcode, mechanism, begin, ok)
        for opcode, halt in (
            (CMD_FEED_HALT, kit.feed.halt),
            (CMD_CAROUSEL_HALT, kit.carousel.halt),
            (CMD_PROBE_HALT, kit.probe.halt),
            (CMD_SEALER_HALT, kit.sealer.halt),
            (CMD_GATE_HALT, kit.gate.halt),
            (CMD_CAMERA_HALT, kit.camera.halt),
        ):
            self._commands.handle(opcode, halt)
        for opcode, parts in _TESTS:
            self._commands.handle(opcode, self._test, opcode, parts)

    def _test(self, opcode: int, parts: "tuple[int, ...]") -> int:
        return self._start(opcode, ACTIVITY_NAME_OPERATE, self_test(self._kit, parts))

    # Starting and ending

    def _start(self, opcode: int, name: int, generator: "Any") -> int:
        if not self._activities.start(name, generator, EVERYTHING):
            return COMMAND_RESULT_BUSY
        self._opcode = opcode
        self._mode_before = self._kit.mode.value
        self._kit.mode.set(MODE_WORKING)
        return PENDING

    def _operate(
        self,
        opcode: int,
        mechanism: "Any",
        begin: "Callable[..., None]",
        ok: int,
        *args: int,
    ) -> int:
        return self._start(opcode, ACTIVITY_NAME_OPERATE, operate(self._kit, mechanism, begin, ok, args))

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
        self.settled()
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

    def _mirrored(self, sequence: int, chain: int) -> int:
        known = self._kit.ledger.mirrored(sequence, chain)
        return COMMAND_RESULT_OK if known else COMMAND_RESULT_EXECUTION

    def _restore(self) -> int:
        self._kit.ready = False
        return self._start(CMD_LEDGER_RESTORE, ACTIVITY_NAME_RECORD, restore(self._kit))

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

    def _check_wiring(self, empty_seat: int) -> int:
        kit = self._kit
        # A seat that is opposite to itself looks the same in a mirrored ring.
        if empty_seat > kit.seats or 2 * empty_seat == kit.seats + 1:
            raise CommandError(COMMAND_RESULT_VALIDATION, 1, empty_seat)
        if kit.custody.tube_in_bit:
            raise CommandError(COMMAND_RESULT_EXECUTION)
        steps = check_wiring(kit, empty_seat)
        return self._start(CMD_SAMPLE_CHECK_WIRING, ACTIVITY_NAME_BRING_UP, steps)

    def _calibrate(self, point: int, force_mn: int) -> int:
        return self._start(CMD_FEED_CALIBRATE, ACTIVITY_NAME_OPERATE, calibrate(self._kit, point, force_mn))

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

    def _spin(self, rpm: int, seconds: int) -> int:
        return self._start(CMD_CORER_SPIN, ACTIVITY_NAME_OPERATE, spin(self._kit, rpm, seconds))

    def _turn_cam(self, position: int) -> int:
        cam = self._kit.breakoff
        begin = cam.release
        if position == CAM_POSITION_CENTRED:
            begin = cam.centre
        elif position == CAM_POSITION_OFFSET:
            begin = cam.offset
        return self._operate(CMD_CORER_TURN_CAM, cam, begin, BREAK_OFF_RESULT_OK)

    def _halt_corer(self) -> None:
        kit = self._kit
        kit.corer.halt()
        kit.spindle.halt()
        kit.percussion.halt()
        kit.breakoff.halt()

    def _carousel_go(self, position: int, station: int) -> int:
        carousel = self._kit.carousel
        if position > self._kit.seats:
            raise CommandError(COMMAND_RESULT_VALIDATION, 1, position)
        return self._operate(CMD_CAROUSEL_GO, carousel, carousel.go, CAROUSEL_RESULT_OK, position, station)
