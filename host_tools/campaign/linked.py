"""A run whose ground is at the other end of the line: what it knows came over the link, and so goes what it
says. Without a clock of its own: both ends are told the payload's time.

The pictures do not come over the link (a camera has its own way); what is seen in them does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from host_tools.emulator.session import Session
from host_tools.ground import wire
from host_tools.ground.link import Ears, Link
from host_tools.ground.schema import Names

_TICKS = 5
"""Between two looks at the line: 50 ms, a fortieth of what the link takes for lost."""


class _Ground(Ears):
    """Hears events; releases a sample that is PRESENT and waits for it, once for each hold."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.link = Link(self, nonce=1, history=True)
        self.told: list[str] = []
        self.downs = 0

    def say(self, name: str, *args: Any) -> None:
        """Give a command to the link."""
        self.link.send(self._names.packet(self._names.command(name), list(args)))

    def on_down(self, why: str) -> None:
        """See Ears."""
        self.downs += 1

    def on_event(self, boot: int, number: int, packet: bytes) -> None:
        """See Ears."""
        told = self._names.schema.event(packet)
        self.told.append(told.name)
        if told.name == "sample.HOLD" and told.values["reason"] == "WAITING_FOR_RELEASE":
            self.say("sample.RELEASE", told.values["sample"], told.values["tube"])

    def on_packed(self, body: bytes) -> None:
        """Telemetry is not looked at."""

    def on_up(self, welcome: wire.Welcome, fresh: bool) -> None:
        """See Ears."""


@lru_cache(1)
def _names() -> Names:
    return Names.load()


class LinkedSession(Session):
    """A session that is assessed and released over the line."""

    def __init__(self, spec: dict[str, Any], sink: Any) -> None:
        """`sink`: as Session's; it looks at the pictures, and is not asked at a hold."""
        Session.__init__(self, spec, sink)
        self.ground = _Ground(_names())
        self._turn = 0

    def step(self) -> None:
        """See Session.step()."""
        Session.step(self)
        self._turn += 1
        if self._turn % _TICKS == 0:
            line, now_ms = self.world.serial, self.world.clock.now_us // 1000
            assert line is not None
            self.ground.link.receive(line.host_read(), now_ms)
            out = self.ground.link.poll(now_ms)
            if out:
                line.host_write(out)

    def _look(self) -> None:
        self._pictures_seen = self.payload.camera.picture_no
        if self.plant.pictures:
            scene = self.plant.pictures[-1]
            scene["no"] = self._pictures_seen
            seen = self._sink.picture(scene)
            self.ground.say("camera.ASSESS", scene["no"], seen["verdict"], int(seen["confidence_permille"]))
            if seen.get("debris"):
                self.ground.say("sample.INSPECTION_FLAG", scene["no"])

    def _holding(self) -> None:
        hold, now_us = self.payload.hold, self.world.clock.now_us
        if hold.serial != self._hold_serial:
            self._hold_serial = hold.serial
            self._hold_until_us = now_us + self._hold_us
        elif now_us >= self._hold_until_us:
            self._ended = True
