"""The ground of a campaign's run: it looks at each picture as `rochette run` does, and releases what is
PRESENT."""

from __future__ import annotations

from typing import Any


class GroundSink:
    """A sink (host_tools/run/protocol.py) that keeps the events' numbers and answers without asking
    anybody."""

    def __init__(self, present: int) -> None:
        """`present`: the number of the verdict PRESENT."""
        self.events: list[dict[str, Any]] = []
        self._present = present

    def columns(self, names: list[str]) -> None:
        """See protocol.Sink."""

    def event(self, event: dict[str, Any]) -> None:
        """See protocol.Sink."""
        self.events.append(event)

    def telemetry(self, row: list[int]) -> None:
        """See protocol.Sink."""

    def picture(self, scene: dict[str, Any]) -> dict[str, Any]:
        """See protocol.Sink."""
        from host_tools.pictures import assess, draw

        return {**assess(draw(scene)), "no": scene.get("no", 0)}

    def hold(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """See protocol.Sink."""
        return {"answer": "release" if evidence["verdict"] == self._present else "hold"}
