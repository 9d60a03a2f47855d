"""The payload: hal, drivers, mechanisms, services and activities, put together from one board's data.

The one file that knows all of them. Nothing here decides anything: it builds, connects, and says in which
room
of the executive each part is called, and how often.
"""

from binascii import crc32

from micropython import kbd_intr

from rochette.activities.custody import Custody
from rochette.activities.hold import Hold
from rochette.activities.kit import Kit
from rochette.activities.orders import Orders
from rochette.activities.recovery import look_back
from rochette.activities.sample import Sample
from rochette.drivers.errors import PartAbsent, PartError
from rochette.drivers.fit import fit
from rochette.ground import Ground
from rochette.hal import clock, guard, memory, reset, sleep, volume
from rochette.hal.watchdog import Watchdog
from rochette.inputs import Inputs
from rochette.mechanisms.breakoff import BreakOff
from rochette.mechanisms.camera import Camera
from rochette.mechanisms.carousel import Carousel
from rochette.mechanisms.corer import Corer
from rochette.mechanisms.current_force import CurrentForce
from rochette.mechanisms.feed import Feed
from rochette.mechanisms.gate import Gate
from rochette.mechanisms.percussion import Percussion
from rochette.mechanisms.probe import Probe
from rochette.mechanisms.rail import Rail
from rochette.mechanisms.sealer import Sealer
from rochette.mechanisms.spindle import Spindle
from rochette.mechanisms.tilt import Tilt
from rochette.mechanisms.weigher import Weigher
from rochette.services import fram_map
from rochette.services.activities import Activities
from rochette.services.calling import Calling
from rochette.services.commands import Commands
from rochette.services.degraded import Degraded
from rochette.services.deployment import FILE as DEPLOYMENT
from rochette.services.deployment import Deployment
from rochette.services.events import Events
from rochette.services.executive import (
    ACTIVITIES,
    IDLE,
    INPUTS,
    LINK,
    MECHANISMS,
    MONITORS,
    OUTPUTS,
    TELEMETRY,
    Executive,
)
from rochette.services.heater import Heater
from rochette.services.ledger import Ledger
from rochette.services.ledger_mirror import LedgerMirror
from rochette.services.mission_time import MissionTime
from rochette.services.mode import ModeKeeper
from rochette.services.monitors import Monitors
from rochette.services.parameter_store import ParameterStore
from rochette.services.parameters import Parameters
from rochette.services.responses import Responses
from rochette.services.start_record import SETTLE_S, StartRecord
from rochette.services.stores import FramStore, NoStore
from rochette.services.sun import Sun
from rochette.services.survival import Survival
from rochette.services.survival_record import RECORD_BYTES, SurvivalRecord
from rochette.services.telemetry import Telemetry
from rochette.tables import (
    CMD_MONITOR_SET_STATE,
    CMD_POWER_GUARD_CLEAR,
    CMD_START_RESTART,
    CMD_START_TRUST,
    CMD_SURVIVAL_ENTER,
    CMD_SURVIVAL_LEAVE,
    CMD_SURVIVAL_SET_TIME,
    CMD_SYSTEM_DEGRADE,
    CMD_SYSTEM_NO_OP,
    CMD_SYSTEM_PARAMETER_SET,
    CMD_SYSTEM_SAFE,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_OK,
    DEGRADED_NO_LIGHT_SENSOR,
    DEGRADED_NO_LOAD_CELL,
    DEGRADED_RAM_ONLY,
    ENTRY_START_DRIVERS,
    ENTRY_START_KEPT,
    ENTRY_START_PARTS,
    ENTRY_START_RECORD,
    ENTRY_START_SUPPLY,
    EV_START_COUNTED,
    EV_START_HUNG,
    EV_START_RECORD_LOST,
    EV_START_TIER_LOWERED,
    EV_SYSTEM_BOOTED,
    EV_SYSTEM_PART_ABSENT,
    EV_SYSTEM_PART_WRONG,
    EV_SYSTEM_SELF_TEST_FAILED,
    EV_SYSTEM_SELF_TEST_PASSED,
    MODE_IDLE,
    MODE_SAFE,
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
    REASON_BREAK_OFF,
    REASON_CAROUSEL,
    REASON_CORING,
    REASON_E_STOP,
    REASON_FEED,
    REASON_GATE,
    REASON_GUARD,
    REASON_OVER_CURRENT,
    REASON_POWER_LOW,
    REASON_PROBE,
    REASON_SAFED,
    REASON_SEALER,
    RESPONSE_KIND_AXIS,
    RESPONSE_KIND_CUT,
    RESPONSE_KIND_DEGRADE,
    RESPONSE_KIND_HOLD,
    ROW_MODE,
    SEQUENCE_REASON_SURVIVAL,
    TIER_BARE,
    TIER_FULL,
)
from rochette.watch import Watch
from rochette.watched import watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator

FIRMWARE_VERSION = 1
"""Goes into every custody record. Raised when what a record means changes."""

_TICKS_PER_100_MS = 10
_LATCH_MS = 1500  # a supply that is switched off is gone by then
_LOOK_S = 60
_CHECKED_IN_STEPS = ("switches", "load_cell", "fram")  # what takes longer than a tick may
# Which part each degraded mode takes out of use: nobody asks it who it is then.
_OUT_OF_USE = (
    (PART_FRAM, 1 << DEGRADED_RAM_ONLY),
    (PART_VEML7700, 1 << DEGRADED_NO_LIGHT_SENSOR),
    (PART_HX711, 1 << DEGRADED_NO_LOAD_CELL),
)
# Checked in this order: the switches first, the others do not depend on each other.
_PARTS = (
    ("switches", PART_MCP23017),
    ("spindle_current", PART_INA219_SPINDLE),
    ("bus_current", PART_INA219_BUS),
    ("aux_current", PART_INA219_AUX),
    ("analogue", PART_ADS1115),
    ("tilt", PART_LIS3DH),
    ("light", PART_VEML7700),
    ("mission_clock", PART_DS3231),
    ("fram", PART_FRAM),
    ("load_cell", PART_HX711),
)


class Payload:
    """Everything, built once. Outputs are safe and the rail is off until an activity switches it on.

    A part that does not answer is reported and the payload starts all the same: bring-up refuses then.
    """

    def __init__(self, board: "dict[str, Any]", watchdog: "Watchdog | None" = None) -> None:
        """Build from `board` (boards/<name>/board.py), of which nothing is kept: on the board it is 9 kB of
        heap. `watchdog`: runs already, and is started anew by each stage. Raises ValueError or KeyError for
        data that do not fit."""
        self.watchdog = watchdog
        trail = reset.open_trail(board["mcu"])
        slot = trail[reset.SLOT]
        position = trail[reset.PLACE]
        self._stage(ENTRY_START_DRIVERS)
        self._watchdog_ms = board["watchdog_ms"]
        self._mcu = board["mcu"]
        self._ring_clear_um = board["mechanics"]["ring_clear_um"]
        self.drivers = fit(board)
        self._collect = memory.tidy
        self.events = Events(256)
        self.executive = Executive(clock)
        self.events.stamp_from(self.executive)
        self.executive.set_events(self.events)
        self.parameters = Parameters()
        self.telemetry = Telemetry()
        self.mode = ModeKeeper(self.events)
        self.commands = Commands(self.events, self.mode)
        self.activities = Activities(self.executive, self.events, self.parameters)
        self.responses = Responses(self.events)
        self.events.emit(EV_SYSTEM_BOOTED, reset.cause)
        self.executive.set_trail(trail, reset.PLACE, reset.SLOT, reset.STILL)
        self.bus = self.drivers["bus_current"]
        self._stage(ENTRY_START_SUPPLY)
        self._build_survival(board)
        # The supply before anything that hangs on it, the memory too: a start that writes into it and browns
        # out counts itself as one more early end, night after night. The limits are those of the table,
        # since the kept ones stand in that memory; once they are read, they hold.
        naps = self.survival.measure_first(0)
        self._stage(ENTRY_START_KEPT)
        self._start(board)
        self._stage(ENTRY_START_SUPPLY)
        naps = self.survival.wait_for_supply(naps)
        self._stage(ENTRY_START_PARTS)
        self._build_mechanisms(board)
        self._check_quietly()
        self._stage(ENTRY_START_RECORD)
        self._build_kit(board)
        self._connect_survival()
        self.watch = Watch(self)
        self.monitors = Monitors(
            self.events, self.parameters.values, self.watch.values, self.watch.ages, self._respond
        )
        self._protect()
        self._schedule()
        if reset.cause == reset.WATCHDOG and position != reset.ASKED:
            culprit = position
            if position < reset.STAGES:
                culprit = self.executive.at_trail(slot, position)
            self.events.emit(EV_START_HUNG, culprit, position, slot)
        self.mode.set(MODE_SAFE if self.tier == TIER_BARE else MODE_IDLE)
        if self.custody.commissioned and look_back(self.kit) and self.tier == TIER_FULL:
            self.orders.hold_again_at_start()
        self.survival.begin(naps, reset.cause, reset.WATCHDOG, self._latch)

    # Building

    def _stage(self, entry: int) -> None:
        """A stage of the start begins (enum Entry): its name is left behind if it hangs, its time begins
        anew. Without a watchdog a person builds, and a reset is theirs."""
        reset.trail[reset.PLACE] = reset.ASKED if self.watchdog is None else entry
        if self.watchdog is not None:
            self.watchdog.feed()

    def _start(self, board: "dict[str, Any]") -> None:
        """How far what was kept is trusted (services/start_record.py), then the parameters that were kept."""
        fram = self.drivers["fram"]
        scratch = board["parts"]["fram"]["scratch"]
        start = self.start = StartRecord(
            FramStore(fram, fram_map.start_base(scratch), fram_map.START_BYTES)
        )
        self.tier = start.tier
        events = self.events
        if not start.kept:
            events.emit(EV_START_RECORD_LOST)
        events.emit(EV_START_COUNTED, start.starts, start.quick, start.tier)
        if start.lowered:
            events.emit(EV_START_TIER_LOWERED, start.quick, start.tier)
        store = None
        if start.tier != TIER_BARE:
            store = FramStore(fram, fram_map.parameters_base(scratch), 2 * fram_map.PARAMETER_COPY_BYTES)
        self.parameter_store = ParameterStore(store, self.parameters, events)

    def _settle(self) -> None:
        """Once, when this start has run long enough."""
        start = self.start
        if not start.settled and self.executive.tick >= SETTLE_S * 100 and not start.settle():
            self.events.emit(EV_START_RECORD_LOST)

    def _trust(self) -> int:
        return COMMAND_RESULT_OK if self.start.trust() else COMMAND_RESULT_EXECUTION

    def _restart(self) -> None:
        self.stop()
        reset.reset()

    def _build_mechanisms(self, board: "dict[str, Any]") -> None:
        d = self.drivers
        mechanics = board["mechanics"]
        parameters = self.parameters
        events = self.events
        switches = d["switches"]
        aux = d["aux_current"]
        self.aux = aux
        self.guard = self._build_guard(board)
        self.rail = Rail(d["actuator_enable"], d["estop_sense"], events, self.guard)
        self.feed = Feed(
            d["feed"],
            d["feed_home"],
            d["feed_bottom"],
            switches,
            d["feed_stall"].bit,
            d["load_cell"],
            mechanics,
            parameters,
            events,
        )
        self.spindle = Spindle(
            d["spindle"], d["encoder"], d["spindle_current"], mechanics, parameters, events
        )
        self.feed.felt = CurrentForce(self.spindle, self.executive, parameters)
        self.percussion = Percussion(d["percussion"], parameters, events)
        self.breakoff = BreakOff(
            d["breakoff_servo"],
            switches,
            d["breakoff_centred"].bit,
            d["breakoff_offset"].bit,
            aux,
            parameters,
            events,
        )
        self.tilt = Tilt(d["tilt"], parameters)
        self.weigher = Weigher(d["load_cell"], self.feed, parameters, events)
        self.corer = Corer(self.feed, self.spindle, self.percussion, self.tilt, mechanics, parameters, events)
        self.carousel = Carousel(
            d["carousel"],
            d["carousel_index"],
            d["carousel_detent"],
            d["tube_present"],
            board["seats"],
            mechanics,
            parameters,
            events,
            self.bit_clear,
        )
        self.probe = Probe(d["probe"], d["probe_position"], aux, mechanics, parameters, events)
        self.sealer = Sealer(d["sealer"], d["sealer_position"], aux, d["dispenser_count"], parameters, events)
        self.gate = Gate(d["gate_servo"], d["gate_closed"], parameters, events)
        self.camera = Camera(d["camera"], d["led_ring"], d["light"], parameters, events)
        self.sun = Sun(self.mission_time, parameters.values)
        self.camera.sun_lux = self.sun.lux
        self._halts = [
            self.corer.halt,
            self.feed.halt,
            self.spindle.halt,
            self.percussion.halt,
            self.breakoff.halt,
            self.carousel.halt,
            self.probe.halt,
            self.sealer.halt,
            self.gate.halt,
            self.camera.halt,
            self.weigher.halt,
        ]
        # What the response AXIS halts, by the reason of its row.
        self._axes = (
            (REASON_OVER_CURRENT, self.corer.halt),
            (REASON_OVER_CURRENT, self.spindle.halt),
            (REASON_CORING, self.percussion.halt),
            (REASON_FEED, self.feed.halt),
            (REASON_CAROUSEL, self.carousel.halt),
            (REASON_BREAK_OFF, self.breakoff.halt),
            (REASON_GATE, self.gate.halt),
            (REASON_PROBE, self.probe.halt),
            (REASON_SEALER, self.sealer.halt),
        )

    def _build_guard(self, board: "dict[str, Any]") -> "guard.Guard":
        """The hard interrupt that needs nobody's permission, wired by the board's `guard`."""
        d = self.drivers
        wiring = board["guard"]
        home = d["feed_home"]
        bottom = d["feed_bottom"]
        estop = d["estop_sense"]
        enable = d["actuator_enable"]
        watch = guard.Guard(
            enable.pin,
            enable.active,
            wiring["state_machine"],
            wiring["heartbeat_ms"],
            (wiring["spindle_ma"], wiring["aux_ma"], wiring["bus_ma"]),
            (estop.pin, estop.active),
            (bottom.pin, bottom.active),
            (home.pin, home.active),
            wiring["home_grace_ms"],
        )
        for sensor, name in enumerate(("spindle_current", "aux_current", "bus_current")):
            d[name].tell_guard(watch.state, sensor)
        d["feed"].tell_guard(watch.state, guard.MOTION)
        self.executive.set_heart(watch.state, guard.HEART)
        return watch

    def _build_survival(self, board: "dict[str, Any]") -> None:
        """What must work before all the rest has been looked at: supply, mission clock, sleep."""
        d = self.drivers
        clock_chip = d["mission_clock"]
        epoch_year = board["parts"]["mission_clock"]["epoch_year"]
        values = self.parameters.values
        self.mission_time = MissionTime(self.executive, clock_chip, epoch_year, self.events, values)
        self._latch = board.get("sleep") == "latch"
        heater = d.get("heater")
        self.heater = Heater(heater.set if heater else None, clock_chip, self.bus, values, self.events)
        base = fram_map.survival_base(board["parts"]["fram"]["scratch"])
        self.calling = Calling(values, self.events)
        self.survival = Survival(
            self.executive,
            self.events,
            values,
            self.bus,
            self.mission_time,
            self.mode,
            SurvivalRecord(FramStore(d["fram"], base, RECORD_BYTES)),
            self.heater,
            self.calling,
            self._nap,
            reset.reset,
        )
        self.memory_free = 0
        self.store_free = 0
        self._until_look = 0
        self._measure_space_bound = self._measure_space

    def _connect_survival(self) -> None:
        """What goes off for a sleep, and who may ask for one."""
        survival = self.survival
        self.calling.connect(self.ground.link)
        survival.lock = self._lock
        survival.pause = self._pause
        survival.busy = self._busy
        survival.add_down(self.stop)
        survival.add_down(self._abort_for_supply)
        self.commands.handle(CMD_SURVIVAL_ENTER, survival.command_enter)
        self.commands.handle(CMD_SURVIVAL_LEAVE, self._survival_leave)
        self.commands.handle(CMD_SURVIVAL_SET_TIME, self._set_time)

    def _build_kit(self, board: "dict[str, Any]") -> None:
        d = self.drivers
        fram = d["fram"]
        part = board["parts"]["fram"]
        self.ledger = Ledger(
            NoStore(fram_map.ledger_bytes(part["scratch"]))
            if self.tier == TIER_BARE
            else FramStore(fram, 0, fram_map.ledger_bytes(part["scratch"])),
            self.events,
            self.executive,
            self.mission_time.now_s,
            self.parameters,
            FIRMWARE_VERSION,
            crc32(board["name"].encode()) >> 2,
            board["seats"],
        )
        self.mirror = LedgerMirror(
            None if self.tier == TIER_BARE else volume.find(bool(board["link"]["files"]["folder"])),
            self.ledger,
            self.events,
            lambda: not self.rail.is_on,
            self.executive,
        )
        self.custody = Custody(self.ledger, board["seats"])
        self.sample = Sample()
        self.hold = Hold(self.sample, self.custody, self.events)
        kit = self.kit = Kit()
        kit.rail = self.rail
        kit.feed = self.feed
        kit.spindle = self.spindle
        kit.percussion = self.percussion
        kit.breakoff = self.breakoff
        kit.tilt = self.tilt
        kit.weigher = self.weigher
        kit.aux = self.aux
        kit.bus = self.bus
        kit.corer = self.corer
        kit.carousel = self.carousel
        kit.probe = self.probe
        kit.sealer = self.sealer
        kit.gate = self.gate
        kit.camera = self.camera
        kit.events = self.events
        kit.custody = self.custody
        kit.ledger = self.ledger
        kit.mirror = self.mirror
        kit.values = self.parameters.values
        kit.sample = self.sample
        kit.hold = self.hold
        kit.mode = self.mode
        kit.mission_time = self.mission_time
        kit.sun = self.sun
        kit.seats = board["seats"]
        kit.parts = len(_PARTS)
        kit.halt_all = self.halt_all
        kit.check_parts = self.check_parts
        kit.check_part = self.check_part
        kit.now_ms = self.now_ms
        kit.tidy = self._tidy
        self.orders = Orders(kit, self.activities, self.commands)
        self.degraded = Degraded(self.parameters, self.mode, self.events, self._busy)
        self.degraded.announce()
        self.orders.settled = self.degraded.settle
        self.commands.refuses = self.degraded.refuses
        self.commands.handle(CMD_SYSTEM_DEGRADE, self.degraded.command)
        self.commands.handle(CMD_SYSTEM_NO_OP, _nothing)
        self.commands.handle(CMD_START_TRUST, self._trust)
        self.commands.handle(CMD_START_RESTART, self._restart)
        self.commands.handle(CMD_SYSTEM_SAFE, self._safe_by_command)
        self.commands.handle(CMD_SYSTEM_PARAMETER_SET, self.parameters.set)
        self.commands.handle(CMD_POWER_GUARD_CLEAR, self._clear_guard)
        self.ground = Ground(self, board, FIRMWARE_VERSION)
        kit.files = self.ground.files
        self.ground.files.offer("custody.ledger", self.ledger.export_bytes, self.ledger.export_into)
        self.deployment = Deployment(lambda: not self.rail.is_on)
        self.ground.files.offer(DEPLOYMENT, self.deployment.size, self.deployment.read_into)

    def _protect(self) -> None:
        """What watches, and what is done. Every response stops or switches off; none moves anything."""
        self.responses.add_hold(self.halt_all)
        self.responses.add_hold(self.rail.off)
        self.responses.add_hold(self._abort_for_protection)
        self.responses.add_safe(self.halt_all)
        self.responses.add_safe(self.rail.off)
        self.responses.add_safe(self._abort_for_protection)
        self.commands.handle(CMD_MONITOR_SET_STATE, self.monitors.set_state)
        self.activities.on_crash = self.stop
        self.executive.set_failure(self.stop)

    def _schedule(self) -> None:
        """Who is called in which room, in this order."""
        d = self.drivers
        self.inputs = Inputs(self)
        add = self.executive.add
        add(INPUTS, "inputs", self.inputs.tick, 100)
        add(MONITORS, "rail", self._watch_rail, 100)
        add(MONITORS, "watch", self.watch.tick, 100)
        add(MONITORS, "monitors", self._watch_phase, 100)
        add(MECHANISMS, "tilt", self.tilt.tick, 100)
        add(MECHANISMS, "spindle", self.spindle.tick, 100)
        for mechanism in (
            self.feed,
            self.corer,
            self.percussion,
            self.breakoff,
            self.weigher,
            self.carousel,
            self.probe,
            self.sealer,
            self.gate,
            self.camera,
        ):
            add(MECHANISMS, mechanism.name, mechanism.tick, 100, mechanism)
        add(ACTIVITIES, "activities", self.activities.tick, 100)
        add(OUTPUTS, "feed steps", d["feed"].tick, 100, d["feed"])
        add(OUTPUTS, "carousel steps", d["carousel"].tick, 100, d["carousel"])
        watch(self)
        add(TELEMETRY, "telemetry", self.telemetry.tick, 100)
        add(LINK, "link", self.ground.tick, 100)
        add(IDLE, "ledger", self.ledger.tick, 100)
        add(IDLE, "ledger mirror", self.mirror.tick, 100)
        add(IDLE, "parameters", self.parameter_store.tick, 100)
        add(IDLE, "survival", self.survival.tick, 1)
        add(IDLE, "start", self._settle, 1)
        add(IDLE, "slips", self.executive.report_slips, 1)
        add(IDLE, "free space", self._look_at_space, 1)
        add(IDLE, "deployment", self.deployment.tick, 1)
        self.executive.set_still(self._all_still)

    # Running

    def run(self) -> None:
        """Arm the watchdog and run for ever. From here on the executive feeds it, and nobody else.

        Ctrl-C at the console is a person: everything is made safe, and only then the watchdog is let go, so
        that they can work. Any other exception leaves it running: it restarts the payload.
        """
        watchdog = self.arm_watchdog()
        try:
            self.executive.run()
        except KeyboardInterrupt:
            kbd_intr(-1)  # a second Ctrl-C waits until this is done
            self.stop()
            reset.trail[reset.PLACE] = reset.ASKED
            watchdog.let_go()
            kbd_intr(3)
            raise

    def arm_watchdog(self) -> Watchdog:
        """Start the watchdog, which the executive feeds at the end of each whole tick."""
        self.watchdog = watchdog = Watchdog(self._watchdog_ms, self._mcu)
        self.executive.set_watchdog(watchdog.feed)
        return watchdog

    @property
    def ready(self) -> bool:
        """Whether bring-up has been completed since power-on."""
        return self.kit.ready

    def halt_all(self) -> None:
        """Every mechanism stops where it is. Does not allocate. Releases nothing."""
        for halt in self._halts:
            halt()

    def stop(self) -> None:
        """Power off the actuators now, then stop everything in place. The order matters."""
        self.rail.off()
        self.halt_all()

    def bit_clear(self) -> bool:
        """Whether the ring may turn: feed homed and up, spindle still. The carousel asks before each move."""
        feed = self.feed
        return (
            feed.homed
            and not feed.busy
            and feed.z_um <= self._ring_clear_um
            and not (self.spindle.running)
        )

    def _all_still(self) -> bool:
        """Nothing has power and no activity runs: what holds the ticks up for a while may be done."""
        return not self.rail.is_on and not self.activities.running

    def _tidy(self) -> None:
        self.executive.when_still(self._collect)

    def now_ms(self) -> int:
        """Milliseconds of executive ticks since start, for durations; wraps with the tick counter."""
        return self.executive.tick * _TICKS_PER_100_MS

    # Parts

    def check_parts(self) -> "Generator[None, None, int]":
        """Every part on a bus says who it is, one a tick; an event names each that does not. Returns how many
        failed. What a degraded mode takes out of use is left alone."""
        failed = 0
        asked = 0
        out_of_use = self._out_of_use()
        for name, part in _PARTS:
            if part in out_of_use:
                continue
            asked += 1
            driver = self.drivers[name]
            try:
                if name in _CHECKED_IN_STEPS:
                    yield from driver.check_steps(self.executive.tick_us)
                else:
                    driver.check()
            except PartError as error:
                failed += 1
                self._part_failed(name, part, error)
            yield
        if failed:
            self.events.emit(EV_SYSTEM_SELF_TEST_FAILED, failed, asked)
        else:
            self.events.emit(EV_SYSTEM_SELF_TEST_PASSED, asked)
        self.kit.parts = asked
        return failed

    def _out_of_use(self) -> "list[int]":
        """The parts (enum Part) that the degraded modes in force take out of use. Allocates."""
        modes = self.degraded.get()
        return [part for part, mode in _OUT_OF_USE if modes & mode]

    def _check_quietly(self) -> None:
        """All of them at once, before the first tick."""
        for name, part in _PARTS:
            self._answers(name, part)

    def _part_failed(self, name: str, part: int, error: PartError) -> None:
        driver = self.drivers[name]
        bus = getattr(driver, "bus", None)  # what is not on a bus has no address either
        event = EV_SYSTEM_PART_ABSENT if isinstance(error, PartAbsent) else EV_SYSTEM_PART_WRONG
        self.events.emit(event, part, bus.number if bus else 0, driver.address if bus else 0)

    def check_part(self, part: int) -> bool:
        """Whether a part (enum Part) says who it is; an event when it does not, or when the board has none.
        """
        for name, number in _PARTS:
            if number == part:
                return self._answers(name, part)
        self.events.emit(EV_SYSTEM_PART_ABSENT, part, 0, 0)
        return False

    def _answers(self, name: str, part: int) -> bool:
        try:
            self.drivers[name].check()
            return True
        except PartError as error:
            self._part_failed(name, part, error)
            return False

    # Survival

    def _nap(self, duration_ms: int) -> int:
        """Sleep as the board does. Where the clock's alarm holds the supply on, this is the last that is
        heard of this start; coming back means that the supply stayed."""
        clock_chip = self.drivers["mission_clock"]
        if self._latch and clock_chip.ok and clock_chip.valid:
            try:
                clock_chip.set_alarm(clock_chip.epoch_s + duration_ms // 1000)
            except PartError:
                return sleep.nap(duration_ms, self.watchdog)
            return sleep.wait(_LATCH_MS, self.watchdog)
        return sleep.nap(duration_ms, self.watchdog)

    def _lock(self, locked: bool) -> None:
        self.rail.off()
        self.rail.locked = locked

    def _pause(self, paused: bool) -> None:
        self.activities.paused = paused
        self.corer.paused = paused

    def _busy(self) -> int:
        return self.activities.running

    def _abort_for_supply(self) -> None:
        self.ground.sequencer.stop(SEQUENCE_REASON_SURVIVAL)
        self.activities.abort(None, REASON_POWER_LOW)

    def _survival_leave(self) -> int:
        return COMMAND_RESULT_OK if self.survival.command_leave() else COMMAND_RESULT_EXECUTION

    def _set_time(self, seconds: int) -> int:
        try:
            self.mission_time.set(seconds)
        except PartError:
            return COMMAND_RESULT_EXECUTION
        self.survival.time_was_set()
        return COMMAND_RESULT_OK

    def _look_at_space(self) -> None:
        """1 Hz: heap and file store are looked at once a minute, when all is still: that takes 10 ms."""
        if self._until_look > 0:
            self._until_look -= 1
        elif self.executive.when_still(self._measure_space_bound):
            self._until_look = _LOOK_S

    def _measure_space(self) -> None:
        self.memory_free = memory.free()
        self.store_free = self.ground.files.free()

    # Protection

    def _watch_rail(self) -> None:
        rail = self.rail
        if rail.tick():
            self.halt_all()
            self.feed.forget_position()
            self.activities.abort(None, REASON_E_STOP if rail.estop else REASON_GUARD)

    def _respond(self, response: int, reason: int, row: int) -> None:
        """What a tripped monitor asks for (enum ResponseKind). Stops and switches off; moves nothing."""
        if response == RESPONSE_KIND_DEGRADE or response == RESPONSE_KIND_AXIS:
            # Not before bring-up: there the self-test names the part, and nothing has rested on it yet.
            if ROW_MODE[row] and self.kit.ready:
                self.degraded.enter(ROW_MODE[row] - 1, row + 1)
            for axis, halt in self._axes:
                if axis == reason:
                    halt()
        elif response == RESPONSE_KIND_HOLD:
            self.responses.hold(reason)
        else:
            self.responses.safe(reason)
            self.mode.set(MODE_SAFE)
            if response == RESPONSE_KIND_CUT:
                self.guard.trip(guard.ORDERED, row + 1, 0)

    def _watch_phase(self) -> None:
        """The rows of the phase that the sample in hand is in."""
        self.monitors.enter(self.sample.phase)
        self.monitors.tick()

    def _abort_for_protection(self) -> None:
        self.activities.abort(None, self.responses.reason)

    def _clear_guard(self) -> int:
        return COMMAND_RESULT_OK if self.rail.clear_guard() else COMMAND_RESULT_EXECUTION

    def _safe_by_command(self) -> None:
        self.responses.safe(REASON_SAFED)
        self.mode.set(MODE_SAFE)


def _nothing() -> None:
    """NO_OP does nothing but answer."""
