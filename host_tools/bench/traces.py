"""A scenario on the board and the same one on the emulator, by the same code: what was commanded, what was
heard.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from host_tools.bench.rig import recorded
from host_tools.ground.client import Payload
from host_tools.ground.errors import CommandFailed

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
    """What one payload told during a scenario: series by channel, and the events by name."""

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
            payload.send("link.ARM", command.opcode, timeout_s=30.0)
        command, sent = payload.submit("sample.BRING_UP")
        _wait(lambda: "power.ACTUATORS_ON" in heard.events, 60.0)
        heard.ended = payload.stop()
        try:
            payload.finish(command, sent, 30.0)
        except CommandFailed as refused:
            heard.ended += f" {refused.result}"
        _wait(lambda: "power.ACTUATORS_OFF" in heard.events, 30.0)
    return heard


def _listen(payload: Payload, commands: tuple[str, ...]) -> Heard:
    heard = Heard()
    with hearing(payload, heard):
        _commission(payload)
        for name in commands:
            try:
                payload.send(name, timeout_s=600.0)
                heard.ended = "OK"
            except CommandFailed as refused:
                heard.ended = str(refused)
                break
    return heard


def _commission(payload: Payload) -> None:
    try:
        payload.send("sample.COMMISSION", timeout_s=60.0)
    except CommandFailed as refused:
        if refused.result not in ("EXECUTION", "WRONG_STATE"):
            raise
        # Its custody record exists already; or it was stopped before, and bring-up is what it may do next.


class hearing:
    """While entered, what the payload tells goes into `heard`."""

    def __init__(self, payload: Payload, heard: Heard) -> None:
        first: list[float] = []

        def hear(name: str, seconds: float, value: Any) -> None:
            if not first:
                first.append(seconds)
            if name in CHANNELS and isinstance(value, (int, float)):
                heard.series.setdefault(name, []).append((seconds - first[0], float(value)))

        def told(one: Any) -> None:
            if self._listening:
                heard.events.append(one.name)

        self._listening = True
        payload.on_told(told)
        self._context = recorded(payload, hear)

    def __enter__(self) -> None:
        self._context.__enter__()

    def __exit__(self, *_: object) -> None:
        # The next scenario of the same session has a record of its own.
        self._listening = False
        self._context.__exit__(None, None, None)


def _wait(true: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise CommandFailed(f"not seen within {seconds:.0f} s", "TIMEOUT")
        time.sleep(0.02)
