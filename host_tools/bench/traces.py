"""A scenario on the board and the same one on the emulator, by the same code: what was commanded, what was
heard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from host_tools.bench.rig import recorded
from host_tools.ground.client import SILENT_S, Payload
from host_tools.ground.errors import CommandFailed

# Of the payload's own seconds: a bring-up takes 40 of them, whatever the machine that emulates it is at.
_QUICK_S = 30
_LONGEST_S = 600
_BEGINS = "power.ACTUATORS_ON"
_BEFORE_S = 2.0
CHANNELS = {
    "feed.POSITION": "um",
    "carousel.STEP": "steps",
    "probe.POSITION": "um",
    "sealer.POSITION": "um",
    "power.BUS_CURRENT": "mA",
    "feed.WEIGHT_ON_BIT": "mN",
}


@dataclass
class Heard:
    """What one payload told during a scenario: series by channel, in seconds of its own since the actuators
    came on (since the first value where they did not), and the events by name."""

    series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    ended: str = ""


@dataclass
class Trace:
    """The same scenario twice."""

    name: str
    here: Heard
    emulated: Heard


def bring_up(payload: Payload) -> Heard:
    """Commission where that is still to do, and bring up: every axis homes, the tubes are counted."""
    return _listen(payload, ("sample.BRING_UP",))


def stop_while_homing(payload: Payload) -> Heard:
    """Begin to bring up, and stop it by the urgent frame as soon as the actuators are on."""
    heard = Heard()
    with hearing(payload, heard):
        _commission(payload)
        command = payload.names.command("sample.BRING_UP")
        if payload.names.hazardous(command):
            payload.send("link.ARM", command.opcode, own_s=_QUICK_S)
        command, sent = payload.submit("sample.BRING_UP")
        _hear(payload, heard, "power.ACTUATORS_ON")
        heard.ended = payload.urgent("STOP", SILENT_S)
        try:
            payload.finish(command, sent, own_s=_QUICK_S)
        except CommandFailed as refused:
            heard.ended += f" {refused.result}"
        _hear(payload, heard, "power.ACTUATORS_OFF")
        payload.hear_out()
    return heard


def _listen(payload: Payload, commands: tuple[str, ...]) -> Heard:
    heard = Heard()
    with hearing(payload, heard):
        _commission(payload)
        for name in commands:
            try:
                payload.send(name, own_s=_LONGEST_S)
                heard.ended = "OK"
            except CommandFailed as refused:
                heard.ended = str(refused)
                break
        payload.hear_out()
    return heard


def _commission(payload: Payload) -> None:
    try:
        payload.send("sample.COMMISSION", own_s=_QUICK_S)
    except CommandFailed as refused:
        if refused.result not in ("EXECUTION", "WRONG_STATE"):
            raise
        # Its custody record exists already; or it was stopped before, and bring-up is what it may do next.


class hearing:
    """While entered, what the payload tells goes into `heard`."""

    def __init__(self, payload: Payload, heard: Heard) -> None:
        self._listening = True
        self._began_s: float | None = None
        self._heard = heard

        def hear(name: str, seconds: float, value: Any) -> None:
            if name in CHANNELS and isinstance(value, (int, float)):
                heard.series.setdefault(name, []).append((seconds, float(value)))

        def told(one: Any) -> None:
            if self._listening:
                heard.events.append(one.name)
                if one.name == _BEGINS and self._began_s is None:
                    self._began_s = one.time.ms / 1000

        payload.on_told(told)
        self._context = recorded(payload, hear)

    def __enter__(self) -> None:
        self._context.__enter__()

    def __exit__(self, *_: object) -> None:
        # The next scenario of the same session has a record of its own.
        self._listening = False
        self._context.__exit__(None, None, None)
        series = self._heard.series
        if self._began_s is None:
            self._began_s = min((when for values in series.values() for when, _ in values), default=0.0)
        for name, values in series.items():
            shifted = [(when - self._began_s, value) for when, value in values]
            # What was taken long before is sent too, where a channel is new to this listener.
            series[name] = [one for one in shifted if one[0] >= -_BEFORE_S]


def _hear(payload: Payload, heard: Heard, event: str) -> None:
    if payload.wait_own(lambda: True if event in heard.events else None, _QUICK_S) is None:
        raise CommandFailed(f"{event} was not told within {_QUICK_S} s of the payload's own time", "TIMEOUT")
