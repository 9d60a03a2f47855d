"""The main job over the link: bring up, take one core, look, release or hold, on whatever is behind a port.

Stands in for a session of the emulator (host_tools/run/runner.py): it speaks to the same sink, so that the
display, the run folder, the questions and the report are the same for a board as for an emulation. Everything
that it knows of the payload came over the link.
"""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from host_tools.ground.client import REJOIN_S, Payload
from host_tools.ground.errors import CommandFailed, GroundError
from host_tools.ground.link import Sent
from host_tools.ground.packets import CommandShape, Enumeration, Sampled, Time, Told
from host_tools.run.errors import RunError

if TYPE_CHECKING:
    from host_tools.run.interrupts import InterruptGate
    from host_tools.run.protocol import Sink

# Column of a run's telemetry -> the channel that it is heard by.
COLUMNS = {
    "time_ms": "",
    "phase": "sample.PHASE",
    "depth_um": "corer.DEPTH",
    "weight_mn": "feed.WEIGHT_ON_BIT",
    "spindle_ma": "corer.SPINDLE_CURRENT",
    "level": "corer.LEVEL",
    "rop_um_s": "corer.RATE_OF_PROGRESS",
    "rpm": "corer.SPINDLE_SPEED",
    "feed_um": "feed.POSITION",
    "energised": "power.ACTUATORS",
    "carousel_position": "carousel.SENSED",
    "lux": "camera.LUX_BEFORE",
    "battery_mv": "power.BUS_VOLTAGE",
    "aux_ma": "power.AUX_CURRENT",
    "probe_um": "probe.POSITION",
    "sealer_um": "sealer.POSITION",
    "tilt_mdeg": "corer.TILT_CHANGE",
}
_BEAT = "corer.DEPTH"  # a row is written whenever this one comes
_VOTES = {"PRESENT": "PRESENT", "ABSENT": "ABSENT"}


class Job:
    """One acquisition over the link. `rock_asked`: the rock and seed of the specification are meant for the
    emulated payload behind the port; else the one that is there is taken as it is.
    """

    def __init__(self, port: str, key: str | None, rock_asked: bool) -> None:
        self._port = port
        self._key = key
        self._rock_asked = rock_asked
        self._heard: queue.Queue[Callable[[], None]] = queue.Queue()
        self._found: dict[str, Any] = {}
        self._evidence: dict[str, Any] = {}

        self._held_until = 0.0
        self._events = 0
        self._ms = 0
        self._origins: dict[int, int] = {}
        self._latest: dict[str, Any] = {}

    def __enter__(self) -> Job:
        """Connect, before a run folder is made for a payload that is not there. Raises GroundError."""
        self._payload = Payload.connect(self._port, self._key, rejoin_s=REJOIN_S)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._payload.close()

    def __call__(
        self, _target: str, spec: Mapping[str, Any], sink: Sink, gate: InterruptGate
    ) -> dict[str, Any]:
        """Run the job; its result has the keys of a session's. Raises RunError, Interrupted."""
        self._spec, self._sink, self._gate = spec, sink, gate
        try:
            return self._take_one()
        except GroundError as error:
            raise RunError(f"{error}") from error
        except KeyboardInterrupt:
            self._safe_way_out()
            raise

    def _take_one(self) -> dict[str, Any]:
        payload = self._payload
        payload.on_noted(lambda text: print(text, file=sys.stderr))
        self._the_rock()
        payload.on_told(lambda told: self._heard.put(lambda: self._tell(told)))
        payload.on_sampled(lambda samples: self._heard.put(lambda: self._sample(samples)))
        payload.on_scene(lambda scene: self._heard.put(lambda: self._look(scene)))
        self._sink.columns(list(COLUMNS))
        try:
            self._do("sample.COMMISSION")
        except CommandFailed as refused:
            if refused.result != "EXECUTION":
                raise
            # Its custody record exists: this payload has been used before.
        self._do("sample.BRING_UP")
        try:
            self._do("sample.ACQUIRE", self._spec["tube"], self._spec["depth_um"])
        except CommandFailed as refused:
            if not self._found.get("outcome"):
                return self._result(str(refused))
        return self._result()

    def _the_rock(self) -> None:
        """The asked rock under an emulated drill; a real payload drills what is there."""
        here = self._payload.ask_bench()
        if here is not None and self._rock_asked:
            spec = self._spec
            bare = {key: value for key, value in spec["rock_data"].items() if key not in ("doc", "expected")}
            self._payload.fresh(spec["rock"], bare, spec["seed"])
        elif here is not None:
            self._found["rock"], self._found["seed"] = here["rock"], here["seed"]
        elif self._rock_asked:
            print(
                "A real payload is behind this port: --rock and --seed only label the run.", file=sys.stderr
            )

    def _do(self, name: str, *values: Any) -> None:
        """Arm where that is needed, send, and hear everything until it has ended, or until it is held."""
        payload = self._payload
        command = payload.names.command(name)
        if payload.names.hazardous(command):
            self._until_done(*payload.submit("link.ARM", command.opcode))
        self._until_done(*payload.submit(name, *values))

    def _until_done(self, command: CommandShape, sent: Sent) -> None:
        connection = self._payload.connection
        assert connection is not None
        while not sent.done:
            self._gate.check()
            self._hear(0.1)
            if connection.failure is not None:
                raise connection.failure
            if self._held_until and time.monotonic() > self._held_until:
                return  # held, and nobody releases it: the payload goes on holding
        self._hear_the_rest()
        self._payload.finish(command, sent, 1.0)

    def _hear(self, timeout_s: float) -> None:
        try:
            self._heard.get(timeout=timeout_s)()
            while True:
                self._heard.get_nowait()()
        except queue.Empty:
            return

    def _hear_the_rest(self) -> None:
        """The event that ends a command may come right after its answer."""
        limit = time.monotonic() + 0.5
        while time.monotonic() < limit:
            self._hear(0.05)

    # What is heard

    def _tell(self, told: Told) -> None:
        schema = self._payload.names.schema
        args = []
        for field, value in zip(schema.events[told.id].fields, told.values.values(), strict=True):
            numbered = isinstance(field.type, Enumeration) and value in field.type.values
            args.append(field.type.values[value] if numbered else value)  # type: ignore[attr-defined]
        self._events += 1
        self._mark(told.time)
        self._sink.event({"tick": self._ms // 10, "ms": self._ms, "id": told.id, "args": args})
        note = getattr(self, "_on_" + told.name.replace("sample.", "").lower(), None)
        if told.name.startswith("sample.") and note is not None:
            note(told.values)

    def _mark(self, time: Time) -> None:
        """Milliseconds since the first thing heard, whichever clock the payload goes by: since its start, or
        the mission's once that is valid.
        """
        if time.base not in self._origins:
            self._origins[time.base] = time.ms - self._ms
        self._ms = max(self._ms, time.ms - self._origins[time.base])

    def _sample(self, samples: list[Sampled]) -> None:
        for sample in samples:
            self._latest[sample.name] = sample.value
        if any(sample.name == _BEAT for sample in samples):
            self._mark(samples[0].time)
            row = [self._ms if not channel else self._latest.get(channel, 0) for channel in COLUMNS.values()]
            self._sink.telemetry(row)

    def _look(self, scene: dict[str, Any]) -> None:
        answer = self._sink.picture(scene)
        self._payload.assess(scene["no"], answer["verdict"], int(answer["confidence_permille"]))

    def _on_started(self, values: Mapping[str, Any]) -> None:
        self._found.update(sample=values["sample"], tube=values["tube"])
        self._evidence.update(sample=values["sample"], tube=values["tube"])

    def _on_contact(self, values: Mapping[str, Any]) -> None:
        self._found["contact_um"] = values["contact_um"]

    def _on_cored(self, values: Mapping[str, Any]) -> None:
        self._found.update(depth_um=values["depth_um"], max_level=values["level"])
        self._evidence["depth_um"] = values["depth_um"]

    def _on_broken_off(self, values: Mapping[str, Any]) -> None:
        self._evidence.update(peak_ma=values["peak_ma"], snap=values["vote"])

    def _on_weighed(self, values: Mapping[str, Any]) -> None:
        keys = ("core_mn", "expected_mn")
        self._evidence.update({key: values[key] for key in keys}, mass=values["vote"])

    def _on_imaged(self, values: Mapping[str, Any]) -> None:
        self._evidence.update(
            picture=values["picture"],
            image=_VOTES.get(values["verdict"], "UNKNOWN") if values["light_ok"] else "UNKNOWN",
            confidence_permille=values["confidence_permille"],
            light_ok=values["light_ok"],
            lux=self._latest.get("camera.LUX_BEFORE", 0),
        )

    def _on_verdict(self, values: Mapping[str, Any]) -> None:
        self._found["verdict"] = self._evidence["verdict"] = values["verdict"]

    def _on_fill(self, values: Mapping[str, Any]) -> None:
        new = {
            "fill": values["fill"],
            "fill_um": values["fill_um"],
            "fill_uncertainty_um": values["uncertainty_um"],
        }
        self._found.update(new)
        self._evidence.update(new)

    def _on_seal_activated(self, values: Mapping[str, Any]) -> None:
        self._found.update(seal_peak_mn=values["peak_mn"], seal_travel_um=values["travel_um"])

    def _on_stored(self, values: Mapping[str, Any]) -> None:
        self._found["seal"] = values["seal"]

    def _on_ended(self, values: Mapping[str, Any]) -> None:
        self._found.update(outcome=values["outcome"], reason=values["reason"])

    def _on_released(self, _values: Mapping[str, Any]) -> None:
        self._held_until = 0.0

    def _on_hold(self, values: Mapping[str, Any]) -> None:
        """The payload holds: show the evidence, ask, answer."""
        verdict = self._evidence.get("verdict")
        empty = verdict == "ABSENT" or values["reason"] == "PROBE_FOUND_EMPTY"
        self._found.update(outcome="EMPTY" if empty else "HELD", reason=values["reason"])
        self._evidence["reason"] = values["reason"]
        answer = self._sink.hold({"fill": "UNKNOWN", **self._evidence}).get("answer", "hold")
        self._held_until = 0.0
        if answer == "release":
            self._payload.submit("sample.RELEASE", values["sample"], values["tube"])
        elif answer == "look":
            self._payload.submit("sample.RETAKE")
        else:
            self._held_until = time.monotonic() + float(self._spec.get("hold_s") or 10)

    # The end

    def _safe_way_out(self) -> None:
        """A person gave up here: the activity ends by its own way out."""
        try:
            print(self._payload.abort(), file=sys.stderr)
        except GroundError as error:
            print(f"the abort did not arrive: {error}", file=sys.stderr)

    def _result(self, refused: str = "") -> dict[str, Any]:
        result = {
            "outcome": "FAULT",
            "reason": "INTERNAL",
            "emulated_ms": self._ms,
            "events": self._events,
            "slips": self._latest.get("system.SLIPS", 0),
            "trace_sha256": "",
            "evidence": dict(self._evidence),
        }
        result.update(self._found)
        if refused:
            result["refused"] = refused
        return result
