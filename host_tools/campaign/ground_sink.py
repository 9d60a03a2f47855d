"""The ground of a campaign's run: it looks at each picture as `rochette run` does, and releases what is
PRESENT."""

from __future__ import annotations

import json
from typing import Any


class GroundSink:
    """A sink (host_tools/run/protocol.py) that keeps the events' numbers and answers without asking
    anybody."""

    def __init__(self, present: int, known: dict[str, dict[str, Any]] | None = None) -> None:
        """`present`: the number of the verdict PRESENT. `known`: what was seen in scenes that were looked at
        before, by scene; runs that share most of their scenes share it, as painting one takes a quarter of a
        second."""
        self.events: list[dict[str, Any]] = []
        self.learned: dict[str, dict[str, Any]] = {}
        """What this one looked at first."""
        self._present = present
        self._known = {} if known is None else known

    def columns(self, names: list[str]) -> None:
        """See protocol.Sink."""

    def event(self, event: dict[str, Any]) -> None:
        """See protocol.Sink."""
        self.events.append(event)

    def telemetry(self, row: list[int]) -> None:
        """See protocol.Sink."""

    def picture(self, scene: dict[str, Any]) -> dict[str, Any]:
        """See protocol.Sink."""
        from host_tools.pictures import look

        text = json.dumps(scene, sort_keys=True)
        if text not in self._known:
            self._known[text] = self.learned[text] = look(scene)[1]
        return {**self._known[text], "no": scene.get("no", 0)}

    def hold(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """See protocol.Sink."""
        return {"answer": "release" if evidence["verdict"] == self._present else "hold"}
