"""A payload, as a program on the ground has it: connect, command, watch, files, sequences, stop.

    with Payload.connect("/dev/ttyACM0") as payload:
        payload.on_told(lambda told: print(told.text))
        payload.send("sample.BRING_UP")
        payload.send("sample.ACQUIRE", 1, 66_000)

A command that moves or commits hardware is armed first (docs/wire.md has the link, docs/dictionary.md every
command). `send` returns when the payload has said how it ended; nothing is ever sent twice.
"""

from __future__ import annotations

import os
import time
from binascii import crc32
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from host_tools.ground import bench, files, wire
from host_tools.ground import sequence as sequences
from host_tools.ground.connection import Connection
from host_tools.ground.errors import (
    CommandFailed,
    GroundError,
    NoAnswer,
    TransferFailed,
    WrongDictionary,
)
from host_tools.ground.link import DROPPED, OVER, UNKNOWN, Ears, Sent
from host_tools.ground.packed import Unpacker
from host_tools.ground.packets import CommandShape, PacketError, Sampled, Told
from host_tools.ground.port import open_port
from host_tools.ground.schema import SET, Names
from host_tools.ground.tag import Tag, read_key
from host_tools.ground.vision import Vision

_Got = TypeVar("_Got")
CONNECT_S = 5.0
REJOIN_S = 120.0
"""What runs long waits this long for a port that went away."""
QUICK_S = 10.0
"""Commands that move nothing are answered well within this."""
TRANSFER_IDLE_S = 20.0
SILENT_S = 120.0
"""A payload that is there tells once a second of its own how it is. This long without that, and it is gone,
however slow the machine is that emulates it."""
_BENCH_S = 0.5
_OK = "OK"


class Payload(Ears):
    """See the module. Subscribers are called in the link's own thread, in turn: they must be quick."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.connection: Connection | None = None
        self.latest: dict[str, Sampled] = {}
        self.status: wire.Status | None = None
        self.refusal: tuple[int, int] | None = None
        self.here: dict[str, Any] | None = None
        """What the emulator's bench says of itself; None for a real payload."""
        self.unreadable = 0
        self.own_s = 0
        """Seconds of the payload's own time, as it told them: one for each STATUS."""
        self.dictionary_checked = False
        self._unpacker = Unpacker(names.schema)
        self._told: list[Callable[[Told], None]] = []
        self._sampled: list[Callable[[list[Sampled]], None]] = []
        self._noted: list[Callable[[str], None]] = []
        self._files: list[Callable[[bytes], None]] = []
        self._packets: list[Callable[[bytes], None]] = []
        self._refused_by_bench = ""
        self._bench_news = 0
        self._scenes: list[Callable[[dict[str, Any]], None]] = []

    # Connecting

    @classmethod
    def connect(
        cls,
        port: str = "auto",
        key: Path | str | None = None,
        timeout_s: float = CONNECT_S,
        history: bool = False,
        names: Names | None = None,
        check: bool = True,
        rejoin_s: float = 0.0,
    ) -> Payload:
        """Open the port, shake hands, compare dictionaries.

        `key` names the file of the link's key; `history` asks for the events that the payload still has. A
        port that goes away later is waited for `rejoin_s`, and everything goes on where it was.
        Raises PortError, LinkError, and, unless `check` is False, WrongDictionary.
        """
        payload = cls(names or Names.load())
        payload.begin(port, key, history, rejoin_s)
        try:
            payload.wait_up(timeout_s, check)
        except BaseException:
            payload.close()
            raise
        return payload

    def begin(
        self, port: str, key: Path | str | None = None, history: bool = False, rejoin_s: float = 0.0
    ) -> None:
        """Open the port and begin to shake hands, without waiting. `rejoin_s`: see connect()."""
        tag = None if key is None else Tag(read_key(key))
        opened = open_port(port)
        self.connection = Connection(opened, self, tag, history, lambda: open_port(port), rejoin_s)
        self.connection.start()

    def wait_up(self, timeout_s: float = CONNECT_S, check: bool = True) -> wire.Welcome:
        """Wait for the handshake; compare dictionaries."""
        welcome = self._line.wait_up(timeout_s)
        if check:
            self.check_dictionary(welcome)
        return welcome

    def check_dictionary(self, welcome: wire.Welcome) -> None:
        """Raise WrongDictionary when the payload's dictionary is another one than this host's."""
        if welcome.digest == self.names.digest:
            self.dictionary_checked = True
            return
        ours = self.names.firmware_version
        if welcome.firmware == ours:
            which = f"both call themselves firmware {ours}, so which is older cannot be told: deploy again"
        elif welcome.firmware < ours:
            which = f"the payload is older (firmware {welcome.firmware}, here {ours}): deploy the firmware"
        else:
            which = f"this host is older (firmware {ours}, the payload {welcome.firmware}): update the host"
        raise WrongDictionary(
            f"the payload's dictionary is {welcome.digest.hex()}, this host's {self.names.digest.hex()}; "
            f"{which}. No command was sent; stop, abort and pause still work."
        )

    def close(self) -> None:
        """Leave on purpose: the payload does not take it for a lost link."""
        if self.connection is not None:
            self.connection.close()

    def __enter__(self) -> Payload:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _line(self) -> Connection:
        if self.connection is None:
            raise GroundError("not connected: call connect() first. Nothing was sent.")
        return self.connection

    # Subscribing

    def on_told(self, hear: Callable[[Told], None]) -> None:
        """`hear` gets every event, in order, each once."""
        self._told.append(hear)

    def on_sampled(self, hear: Callable[[list[Sampled]], None]) -> None:
        """`hear` gets every telemetry packet's values."""
        self._sampled.append(hear)

    def on_noted(self, hear: Callable[[str], None]) -> None:
        """`hear` gets what the ground itself has to say: the link was lost, came back, events are gone."""
        self._noted.append(hear)

    def on_raw(self, hear: Callable[[bytes], None]) -> None:
        """`hear` gets every F Prime packet as it came: events, telemetry, files."""
        self._packets.append(hear)

    # Commanding

    def send(
        self,
        name: str,
        *values: Any,
        timeout_s: float | None = None,
        own_s: int | None = None,
        arm: bool = True,
    ) -> Sent:
        """Check, send, and wait for how it ended; a hazardous command is armed first, unless `arm` is False.

        `values` are texts as typed, or numbers, names of enum values, strings. Raises UnknownName and
        BadArgument before anything is sent, CommandFailed when the payload says no, NoAnswer after
        `timeout_s` or after `own_s` of the payload's own seconds (None: as long as it takes), or when nobody
        can know.
        """
        command = self.names.command(name)
        packet = self.names.packet(command, values)
        self._must_match()
        if arm and self.names.hazardous(command):
            quick = None if own_s is not None else QUICK_S
            self.send("link.ARM", command.opcode, timeout_s=quick, own_s=own_s)
        return self.finish(command, self._line.send(packet), timeout_s, own_s)

    def submit(self, name: str, *values: Any) -> tuple[CommandShape, Sent]:
        """Check and send without waiting; `finish` waits. Does not arm."""
        command = self.names.command(name)
        packet = self.names.packet(command, values)
        self._must_match()
        return command, self._line.send(packet)

    def _must_match(self) -> None:
        if not self.dictionary_checked:
            welcome = self._line.link.welcome
            if welcome is None:
                raise NoAnswer("the payload has not answered yet. Nothing was sent.")
            self.check_dictionary(welcome)

    def finish(
        self, command: CommandShape, sent: Sent, timeout_s: float | None = None, own_s: int | None = None
    ) -> Sent:
        """Wait for the end of a command that was submitted."""
        if own_s is None:
            self._line.wait_done(sent, timeout_s)
        elif self.wait_own(lambda: sent if sent.done else None, own_s) is None:
            raise NoAnswer(
                f"{self._line.port.name}: no answer in {own_s} s of the payload's own time; it may still do "
                "it."
            )
        if sent.state == DROPPED:
            raise CommandFailed(f"{command.name} was not carried out: {sent.why}.", "DROPPED")
        if sent.state == UNKNOWN:
            raise NoAnswer(f"{command.name}: {sent.why}. Look at events and payload before going on.")
        if sent.result:
            raise CommandFailed(self._refusal_of(command, sent), self._result_name(sent.result))
        return sent

    def _result_name(self, result: int) -> str:
        enum = self.names.words.enums.get("CommandResult")
        return enum.label(result) if enum else str(result)

    def _refusal_of(self, command: CommandShape, sent: Sent) -> str:
        enums = self.names.words.enums
        label = self._result_name(sent.result)
        text = f"{command.name} ended {label}: {enums['CommandResult'].words(sent.result)}"
        if label == "WRONG_STATE" and "Mode" in enums:
            declared = self.names.words.commands.get(command.opcode)
            states = declared.states if declared else ()
            allowed = f"; it is allowed in {', '.join(states)}" if states else ""
            text += f". The mode is {enums['Mode'].label(sent.value)}{allowed}"
        elif label == "VALIDATION" and sent.argument:
            text += f": argument {sent.argument} is {sent.value}"
        return text + "."

    # Waiting in the payload's own time

    def wait_own(self, get: Callable[[], _Got | None], own_s: int) -> _Got | None:
        """Wait until `get()` gives something, as long as `own_s` of the payload's own seconds: it says when
        one is over. So an emulated payload has its time on a busy machine, too. None after that. Raises
        NoAnswer when it says nothing for SILENT_S, PortError when the port goes away.
        """
        began = self.own_s
        while self.own_s - began <= own_s:
            heard = self.own_s

            def look(heard: int = heard) -> _Got | bool | None:
                got = get()
                return got if got is not None else True if self.own_s != heard else None

            if self._line.wait(look, SILENT_S) is None:
                raise NoAnswer(f"{self._line.port.name}: the payload has said nothing for {SILENT_S:.0f} s.")
            got = get()
            if got is not None:
                return got
        return None

    def hear_out(self) -> None:
        """Wait until all that it has told up to now is heard: an answer may overtake the events before it,
        and those that were lost on the way are asked for. Raises NoAnswer, PortError: see wait_own.
        """
        began = self.own_s
        heard = self.wait_own(lambda: True if self.own_s != began and self._line.link.heard_all else None, 60)
        if heard is None:
            raise NoAnswer(f"{self._line.port.name}: some of what the payload told did not come in 60 s.")

    # Past every queue

    def stop(self) -> str:
        """Actuators off now, everything halted."""
        return self.urgent("STOP")

    def abort(self) -> str:
        """End what runs, by its safe way out."""
        return self.urgent("ABORT")

    def pause(self) -> str:
        """Begin nothing new; coring lifts the bit and waits."""
        return self.urgent("PAUSE")

    def resume(self) -> str:
        """Go on after a pause."""
        return self.urgent("RESUME")

    def urgent(self, kind: str, timeout_s: float = 5.0) -> str:
        """STOP, ABORT, PAUSE or RESUME: past every queue, repeated until answered. Says what became of it."""
        one = self._line.urgent(wire.URGENT_NAMES[kind])
        result = self._line.wait(lambda: one.result, timeout_s)
        if result is None or result < 0:
            raise NoAnswer(f"{kind}: the payload did not answer in {timeout_s:g} s. Use the emergency stop.")
        if result == 2:
            raise CommandFailed(f"{kind} was refused: nothing is paused, or the session is new.", "REFUSED")
        told = "1 activity was told" if one.told == 1 else f"{one.told} activities were told"
        return f"{kind}: {wire.URGENT_RESULTS[result]}; {told}."

    def release(self, sample: int, tube: int) -> Sent:
        """Let a held sample go on. It is named, so that no release meets another sample."""
        return self.send("sample.RELEASE", sample, tube, timeout_s=QUICK_S)

    def set_parameter(self, name: str, value: Any) -> Sent:
        """Set one parameter, checked against its bounds here and there."""
        one = self.names.parameter(name)
        return self.send(f"{one.component}.{one.name}{SET}", value, timeout_s=QUICK_S)

    # Files

    def uplink(self, path: Path | str, name: str | None = None, data: bytes | None = None) -> int:
        """Send a file (or `data`) as `name`; wait until the payload has stored it whole. Gives its CRC-32."""
        source = Path(path)
        name = files.check_name(name or source.name)
        if data is None:
            try:
                data = source.read_bytes()
            except OSError as error:
                why = f"{path}: cannot be read ({error.strerror}). Nothing was sent."
                raise TransferFailed(why) from error
        self._must_match()
        welcome = self._line.link.welcome
        assert welcome is not None
        told: list[Told] = []
        self._told.append(told.append)
        try:
            sent = [self._line.send(p) for p in files.packets_of(data, source.name, name, welcome.packet)]
            self._await_stored(name, sent, told)
        finally:
            self._told.remove(told.append)
        return self._same_crc(name, data, told)

    def _await_stored(self, name: str, sent: list[Sent], told: list[Told]) -> None:
        def ended() -> str | None:
            """Why nothing was stored; "" when it was."""
            for one in told:
                if one.name in _ENDS_OF_UPLINK and one.values.get("file") == name:
                    return "" if one.name != "files.NOT_RECEIVED" else f"{one.text}. Nothing of it was kept."
            dropped = next((one for one in sent if one.state == DROPPED), None)
            return f"{name}: {dropped.why}. Nothing was stored; send it again." if dropped else None

        progress = [-1.0, time.monotonic()]
        while True:
            end = self._line.wait(ended, 1.0)
            if end is not None:
                break
            done = float(sum(one.done for one in sent))
            if done != progress[0]:
                progress = [done, time.monotonic()]
            elif time.monotonic() - progress[1] > TRANSFER_IDLE_S:
                raise TransferFailed(f"{name}: nothing moved for {TRANSFER_IDLE_S:.0f} s. Nothing is stored.")
        if end:
            raise TransferFailed(end)

    def _same_crc(self, name: str, data: bytes, told: list[Told]) -> int:
        crc = crc32(data)

        def stored() -> Told | None:
            of_this = [t for t in told if t.name == "files.STORED" and t.values["file"] == name]
            return of_this[-1] if of_this else None

        one = self._line.wait(stored, QUICK_S)
        if one is not None and one.values["crc_high"] << 16 | one.values["crc_low"] != crc:
            raise TransferFailed(f"{name}: the payload stored something else (its CRC differs). Remove it.")
        return crc

    def downlink(self, name: str, path: Path | str | None = None) -> bytes:
        """Fetch a file whole, checked; write it to `path` when one is given. Nothing is left of a part."""
        files.check_name(name)
        receiver = files.Receiver()
        told: list[Told] = []
        self._files.append(receiver.take)
        self._told.append(told.append)
        try:
            command, sent = self.submit("files.SEND", name)
            self._await_file(name, receiver, sent, command, told)
        finally:
            self._files.remove(receiver.take)
            self._told.remove(told.append)
        crc = crc32(receiver.data)
        for one in told:
            if one.name == "files.SENT" and one.values["crc_high"] << 16 | one.values["crc_low"] != crc:
                raise TransferFailed(f"{name}: its CRC-32 is not the payload's. Nothing was kept.")
        if path is not None:
            _write_whole(Path(path), receiver.data)
        return receiver.data

    def _await_file(
        self, name: str, receiver: files.Receiver, sent: Sent, command: CommandShape, told: list[Told]
    ) -> None:
        progress = [-1.0, time.monotonic()]
        while not (receiver.done and sent.done):
            if receiver.failure:
                raise TransferFailed(f"{name}: {receiver.failure}. Nothing was kept; fetch it again.")
            if sent.done and (sent.state != OVER or sent.result):
                why = next((t.text for t in told if t.name in ("files.NOT_SENT", "files.REFUSED")), "")
                raise TransferFailed((why or self._refusal_of(command, sent)) + " Nothing was kept.")
            self._line.wait(lambda: True if receiver.done and sent.done else None, 0.2)
            if receiver.share != progress[0]:
                progress = [receiver.share, time.monotonic()]
            elif time.monotonic() - progress[1] > TRANSFER_IDLE_S:
                raise TransferFailed(f"{name}: nothing came for {TRANSFER_IDLE_S:.0f} s. Nothing was kept.")

    # Sequences

    def upload_sequence(self, path: Path | str, name: str | None = None) -> str:
        """Check a sequence here, compile it, upload it, have the payload check it. Gives its name there."""
        steps = sequences.read(path, self.names)
        name = name or sequences.name_for(path)
        self.uplink(path, name, sequences.compiled(steps))
        self.send("sequence.VALIDATE", name, timeout_s=QUICK_S)
        return name

    def run_sequence(self, name: str, timeout_s: float | None = None) -> Sent:
        """Run a sequence that is on the payload; returns when it has ended."""
        return self.send("sequence.RUN", name, timeout_s=timeout_s)

    # The bench of an emulated payload

    def ask_bench(self) -> dict[str, Any] | None:
        """What the bench says of itself, or None when there is none: then the payload is a real one."""
        return self._bench({"t": "hello"}, _BENCH_S)

    def fresh(self, rock: str, rock_data: dict[str, Any], seed: int, timeout_s: float = 60.0) -> None:
        """Another rock under the emulated drill, and a payload as it left the workshop. Shakes hands anew."""
        if self._bench({"t": "fresh", "rock": rock, "rock_data": rock_data, "seed": seed}, timeout_s) is None:
            raise GroundError(f"the bench did not change the rock: {self._refused_by_bench or 'no answer'}")
        self._line.wait(lambda: None if self._line.link.up else True, 5.0)
        self.wait_up(timeout_s)

    def _bench(self, message: dict[str, Any], timeout_s: float) -> dict[str, Any] | None:
        before = self._bench_news
        self.here = None
        self._refused_by_bench = ""
        self._line.to_bench(message)
        self._line.wait(lambda: True if self._bench_news != before else None, timeout_s)
        return self.here

    def look_at_pictures(self, vision: Vision, seen: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Judge each picture that the bench shows, and tell the payload, as the people on the ground do."""

        def look(scene: dict[str, Any]) -> None:
            got = vision.look(scene)
            self.assess(got["no"], got["verdict"], int(got["confidence_permille"]))
            if seen is not None:
                seen({**got, "scene": scene})

        self.on_scene(look)

    def on_scene(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """`hear` gets the scene of every picture that an emulated payload takes."""
        self._scenes.append(hear)

    def assess(self, picture: int, verdict: str, confidence_permille: int) -> None:
        """Tell the payload what a picture shows; does not wait for the answer."""
        if self.dictionary_checked:
            self.submit("camera.ASSESS", picture, verdict, confidence_permille)

    # Ears

    def on_up(self, welcome: wire.Welcome, fresh: bool) -> None:
        """See Ears."""
        if fresh:
            self._unpacker.forget()
        self.dictionary_checked = welcome.digest == self.names.digest
        self._note("the link is up" + ("" if fresh else " again"))

    def on_down(self, why: str) -> None:
        """See Ears."""
        self._note(f"the link is down: {why}")

    def on_refused(self, reason: int, version: int) -> None:
        """See Ears."""
        self.refusal = (reason, version)

    def on_status(self, status: wire.Status) -> None:
        """See Ears."""
        self.status = status
        self.own_s += 1

    def on_event(self, boot: int, number: int, packet: bytes) -> None:
        """See Ears."""
        self._raw(packet)
        try:
            told = self.names.schema.event(packet)
        except PacketError as error:
            self._unreadable(error)
            return
        for hear in list(self._told):
            hear(told)

    def on_events_lost(self, boot: int, first: int, last: int) -> None:
        """See Ears."""
        self._note(f"events {first} to {last} are gone: the payload's ring has overwritten them")

    def on_telemetry(self, packet: bytes) -> None:
        """See Ears."""
        self._raw(packet)
        try:
            samples = self.names.schema.samples(packet)
        except PacketError as error:
            self._unreadable(error)
            return
        for sample in samples:
            self.latest[sample.name] = sample
        for hear in list(self._sampled):
            hear(samples)

    def on_packed(self, body: bytes) -> None:
        """See Ears."""
        try:
            packets = self._unpacker.unpack(body)
        except PacketError as error:
            self._unreadable(error)
            packets = None
        if packets is None:
            if self.connection is not None:
                self.connection.link.ask_key()
            return
        for packet in packets:
            self.on_telemetry(packet)

    def on_packet(self, packet: bytes) -> None:
        """See Ears."""
        self._raw(packet)
        for hear in list(self._files):
            try:
                hear(packet)
            except PacketError as error:
                self._unreadable(error)

    def on_bench(self, content: bytes) -> None:
        """See Ears."""
        message = bench.message_of(content)
        if message is None:
            return
        if message.get("t") == "picture":
            for hear in list(self._scenes):
                hear(message["scene"])
            return
        if message.get("t") == "here":
            self.here = message
        elif message.get("t") == "refused":
            self._refused_by_bench = str(message.get("why"))
        self._bench_news += 1

    def _raw(self, packet: bytes) -> None:
        for hear in list(self._packets):
            hear(packet)

    def _note(self, text: str) -> None:
        for hear in list(self._noted):
            hear(text)

    def _unreadable(self, error: PacketError) -> None:
        self.unreadable += 1
        self._note(f"a packet that this dictionary cannot explain: {error}")


_ENDS_OF_UPLINK = ("files.FileReceived", "files.NOT_RECEIVED")


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(path.name + ".part")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as error:
        raise TransferFailed(f"{path}: cannot be written ({error.strerror}). Nothing was kept.") from error
