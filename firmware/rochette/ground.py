"""The ground's side of the payload, put together: link, answers, events, telemetry, files, sequences.

Here stands what the urgent frames and the rule for a lost link do to the payload; the services below know
nothing of it. `Ground.tick` is the one entry in the executive's link room.
"""

from struct import pack_into

from rochette.hal.entropy import chance
from rochette.hal.serial_port import open_port
from rochette.services import fram_map
from rochette.services.answers import Answers
from rochette.services.auth import read_key
from rochette.services.commands import CommandError
from rochette.services.downlink import EventDownlink
from rochette.services.file_store import OsFiles, RamFiles
from rochette.services.files import Files
from rochette.services.link import Link
from rochette.services.link_record import RECORD_BYTES, LinkRecord
from rochette.services.names import Names
from rochette.services.packets import place_of
from rochette.services.sequencer import Sequencer
from rochette.services.stores import FramStore
from rochette.services.telemetry_link import TelemetryDownlink
from rochette.services.wire import PACKET_FILE, PACKET_MAX, u16
from rochette.tables import (
    ACTIVITY_NAME_BRING_UP,
    ACTIVITY_NAME_NONE,
    ACTIVITY_NAME_OPERATE,
    CMD_LINK_ARM,
    CMD_LINK_PARAMETER_GET,
    CMD_LINK_TELL_DICTIONARY,
    COMMAND_RESULT_VALIDATION,
    DICTIONARY_DIGEST,
    EV_LINK_DICTIONARY,
    EV_LINK_KEY_MISSING,
    EV_LINK_LOST,
    EV_LINK_MALFORMED,
    EV_LINK_PARAMETER,
    EV_LINK_PARAMETERS_DEFAULT,
    EV_START_FILES_VOLATILE,
    EV_SYSTEM_PAUSED,
    EV_SYSTEM_RESUME_REFUSED,
    EV_SYSTEM_RESUMED,
    LINK_RULE_ABORT,
    LINK_RULE_FINISH,
    LINK_RULE_PAUSE,
    LINK_RULE_STOP,
    P_LINK_LOSS_MS,
    P_LINK_RULE_BRING_UP,
    P_LINK_RULE_BY_HAND,
    P_LINK_RULE_PROCEDURE,
    P_LINK_RULE_SEQUENCE,
    PARAMETER_IDS,
    REASON_ABORT_COMMANDED,
    REASON_MOVED_BY_HAND,
    SEQUENCE_REASON_CANCELLED,
    SEQUENCE_REASON_LINK,
    SEQUENCE_STATE_IDLE,
    TIER_BARE,
    URGENT_KIND_ABORT,
    URGENT_KIND_PAUSE,
    URGENT_KIND_STOP,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.payload import Payload

PARAMETERS_FILE = "parameters.bin"
"""Every parameter as id U32 and value I32, in the order of ids; made when it is read."""

_ROW_BYTES = 8
_PAUSED = 1
_RAIL_ON = 2
_ESTOP_OPEN = 4
_CLOCK_VALID = 8
_PROTECTED = 16


class Ground:
    """Everything between the payload and the line. `link`, `files`, `sequencer`, `names` are there to be
    used."""

    def __init__(self, payload: "Payload", board: "dict[str, Any]", firmware: int) -> None:
        """`board`: its data, of which nothing is kept. `firmware`: version, for the handshake. Raises
        KeyError or ValueError for a board whose `link` does not fit."""
        wiring = board["link"]
        executive = payload.executive
        events = payload.events
        values = payload.parameters.values
        self._payload = payload
        self._activities = payload.activities
        self._commands = payload.commands
        self._corer = payload.corer
        self._events = events
        self._executive = executive
        self._values = values
        self._time = payload.mission_time
        self.names = Names()
        self.link = Link(
            open_port(wiring, board["pins"]), executive, events, values, self._record(board), firmware
        )
        self._use_key(wiring)
        self.answers = Answers(self.link, payload.commands, events)
        self.downlink = EventDownlink(self.link, events, self._time, self.names)
        self.telemetry = TelemetryDownlink(self.link, payload.telemetry.values, values, self._time, executive)
        self.files = Files(
            self._store(wiring["files"]),
            self.link.sender,
            events,
            self.names,
            self._still,
            wiring["files"]["longest"],
        )
        self.sequencer = Sequencer(
            self.files, payload.commands, events, self.names, self._time, values, executive, self._abort
        )
        self.files.offer(PARAMETERS_FILE, self._parameters_size, self._read_parameters)
        self._connect()
        self._serve()
        events.emit(EV_LINK_PARAMETERS_DEFAULT)

    # Building

    def _record(self, board: "dict[str, Any]") -> LinkRecord:
        """Just below the scratch cell of the FRAM's own check (fram_map.py)."""
        part = board["parts"]["fram"]
        base = fram_map.link_base(part["scratch"])
        if part["scratch"] - base < RECORD_BYTES or self._payload.tier == TIER_BARE:
            return LinkRecord(None, chance())
        return LinkRecord(FramStore(self._payload.drivers["fram"], base, RECORD_BYTES), chance())

    def _use_key(self, wiring: "dict[str, Any]") -> None:
        """A radio without its key takes nothing; a line with one needs it as well."""
        link = self.link
        link.needs_tag = wiring["radio"]
        if wiring["key_file"] is not None:
            try:
                link.use_key(read_key(wiring["key_file"]))
            except (OSError, ValueError):
                link.needs_tag = True
        if link.needs_tag and not link.has_key:
            self._events.emit(EV_LINK_KEY_MISSING)

    def _store(self, place: "dict[str, Any]") -> "RamFiles | OsFiles":
        """The flash's folder; RAM where there is none, where nothing is to be mounted, or where it fails."""
        folder = place["folder"]
        if folder is not None and self._payload.tier != TIER_BARE:
            try:
                return OsFiles(folder)
            except OSError:
                self._events.emit(EV_START_FILES_VOLATILE)
        return RamFiles(place["ram_bytes"])

    def _connect(self) -> None:
        link = self.link
        link.on_packet = self._take_packet
        link.on_doubled = self.answers.doubled
        link.on_query = self.answers.query
        link.on_again = self.downlink.ask
        link.on_key = self.telemetry.ask_key
        link.on_urgent = self.obey
        link.on_session = self._session
        link.on_lost = self._lost
        link.on_back = self.telemetry.restart
        link.put_status = self._put_status
        link.sources.append(self.answers.send)
        link.sources.append(self.downlink.send)
        link.slow_sources.append(self.telemetry.send)

    def _serve(self) -> None:
        commands = self._commands
        commands.serve_parameters(self._payload.parameters, self._executive)
        commands.handle(CMD_LINK_ARM, commands.arm)
        commands.handle(CMD_LINK_PARAMETER_GET, self._tell_parameter)
        commands.handle(CMD_LINK_TELL_DICTIONARY, self._tell_dictionary)
        self.files.serve(commands)

    # One tick

    def tick(self) -> None:
        """Files and sequences, then what has come, then what goes out. Bounded; allocates only for a
        command."""
        if self.files.work:
            self.files.tick()
        if self.sequencer.state:
            self.sequencer.tick()
        link = self.link
        if link.session_open and not link.lost and not link.left:
            self.telemetry.tick()
        link.tick()
        if self._corer.paused and not self._activities.paused:
            # What was paused has ended.
            self._corer.paused = False
            self.sequencer.paused = False

    def _still(self) -> bool:
        return not self._payload.rail.is_on

    # From the link

    def _take_packet(self, buffer: "Any", start: int, end: int, number: int) -> None:
        if self.answers.is_command(buffer, start, end):
            self.answers.take(buffer, start, end, number)
            return
        descriptor = u16(buffer, start) if end - start > 1 else 0
        known = descriptor == PACKET_FILE and end - start <= PACKET_MAX
        if not known or not self.files.take(buffer, start, end):
            self._events.emit(EV_LINK_MALFORMED, end - start, descriptor)

    def _session(self, new: bool) -> None:
        if new:
            self._commands.disarm()
            self.files.restart()
            self.downlink.restart()
            # Not at the start: a recorded run would then differ for each word added to the dictionary.
            self._tell_dictionary()
        self.telemetry.restart()

    def _put_status(self, buffer: "Any", at: int) -> int:
        payload = self._payload
        flags = 0
        if self._activities.paused:
            flags |= _PAUSED
        if payload.rail.is_on:
            flags |= _RAIL_ON
        if payload.rail.estop:
            flags |= _ESTOP_OPEN
        if self._time.valid:
            flags |= _CLOCK_VALID
        if payload.responses.level:
            flags |= _PROTECTED
        buffer[at] = payload.mode.value
        buffer[at + 1] = self._activities.current()
        buffer[at + 2] = flags
        return self._time.put_tag(buffer, at + 3, self._executive.tick)

    # Urgent frames

    def obey(self, kind: int) -> int:
        """Do what an urgent frame says (UrgentKind). How many activities were told; -1 when there is nothing
        to do."""
        if kind == URGENT_KIND_STOP:
            return self._stop()
        if kind == URGENT_KIND_ABORT:
            return self._abort_all()
        if kind == URGENT_KIND_PAUSE:
            return self._pause()
        return self._resume()

    def _stop(self) -> int:
        """Power off first; then everything else."""
        payload = self._payload
        moved = payload.rail.is_on
        payload.stop()
        if moved:
            payload.feed.forget_position()  # a stepper without power does not hold its step
        told = self._activities.abort(None, REASON_ABORT_COMMANDED)
        self.sequencer.stop(SEQUENCE_REASON_CANCELLED)
        self._commands.disarm()
        return told

    def _abort_all(self) -> int:
        busy = self._activities.running or self.sequencer.state != SEQUENCE_STATE_IDLE
        self._commands.disarm()
        told = self._abort()
        self.sequencer.stop(SEQUENCE_REASON_CANCELLED)
        return told if busy else -1

    def _abort(self) -> int:
        return self._activities.abort(None, REASON_ABORT_COMMANDED)

    def _pause(self) -> int:
        running = self._activities.running
        if not running and self.sequencer.state == SEQUENCE_STATE_IDLE:
            return -1
        self.sequencer.paused = True
        self._events.emit(EV_SYSTEM_PAUSED)
        if running:
            self._activities.paused = True
            self._corer.paused = True
        return running

    def _resume(self) -> int:
        if not self._activities.paused and not self.sequencer.paused:
            return -1
        if self._activities.paused and self._payload.carousel.moved_by_hand:
            self._events.emit(EV_SYSTEM_RESUME_REFUSED, REASON_MOVED_BY_HAND)
            return -1
        self._events.emit(EV_SYSTEM_RESUMED)
        self.sequencer.paused = False
        self._activities.paused = False
        self._corer.paused = False
        return self._activities.running

    # A lost link

    def _lost(self) -> int:
        """Apply the declared rule of what runs; gives the rule (LinkRule)."""
        values = self._values
        if self.sequencer.state != SEQUENCE_STATE_IDLE and values[P_LINK_RULE_SEQUENCE] != LINK_RULE_FINISH:
            self.sequencer.stop(SEQUENCE_REASON_LINK)
        activity = self._activities.current()
        if activity == ACTIVITY_NAME_NONE:
            rule = LINK_RULE_FINISH
        elif activity == ACTIVITY_NAME_OPERATE:
            rule = values[P_LINK_RULE_BY_HAND]
        elif activity == ACTIVITY_NAME_BRING_UP:
            rule = values[P_LINK_RULE_BRING_UP]
        else:
            rule = values[P_LINK_RULE_PROCEDURE]
        self._events.emit(EV_LINK_LOST, values[P_LINK_LOSS_MS], activity, rule)
        if rule == LINK_RULE_PAUSE:
            self._pause()
        elif rule == LINK_RULE_ABORT:
            self._abort()
        elif rule == LINK_RULE_STOP:
            self._stop()
        return rule

    # Commands

    def _tell_dictionary(self) -> None:
        parts = [int(DICTIONARY_DIGEST[n : n + 4], 16) for n in range(0, 16, 4)]
        self._events.emit(EV_LINK_DICTIONARY, parts[0], parts[1], parts[2], parts[3])

    def _tell_parameter(self, parameter: int) -> None:
        index = place_of(PARAMETER_IDS, parameter)
        if index < 0:
            raise CommandError(COMMAND_RESULT_VALIDATION, 1, parameter)
        self._events.emit(EV_LINK_PARAMETER, parameter, self._values[index])

    def _parameters_size(self) -> int:
        return _ROW_BYTES * len(PARAMETER_IDS)

    def _read_parameters(self, offset: int, buffer: "Any", count: int) -> int:
        """Whole rows; files are read in pieces that are a multiple of a row."""
        done = 0
        row = offset // _ROW_BYTES
        while done + _ROW_BYTES <= count and row < len(PARAMETER_IDS):
            pack_into(">ii", buffer, done, PARAMETER_IDS[row], self._values[row])
            done += _ROW_BYTES
            row += 1
        return done
