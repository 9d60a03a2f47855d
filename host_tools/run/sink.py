"""The host's ear: hears a session, keeps what it says in the run folder, shows it, and answers its two
questions.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host_tools.run.display import Display
    from host_tools.run.folder import RunFolder
    from host_tools.run.hold import Hold
    from host_tools.run.interrupts import InterruptGate
    from host_tools.run.words import Words


class RunSink:
    """A `Sink` (protocol.py). Folder is None for scenarios, which keep events in memory only.

    `pace` is emulated seconds a wall second for the display, None for as fast as it goes; it only makes the
    host wait.
    """

    def __init__(
        self,
        words: Words,
        display: Display,
        hold: Hold,
        gate: InterruptGate,
        folder: RunFolder | None = None,
        pace: float | None = None,
    ) -> None:
        self._words = words
        self._display = display
        self._hold = hold
        self._gate = gate
        self._folder = folder
        self._pace = pace
        self._names: list[str] = []
        self._phase_at = -1
        self._began = time.monotonic()
        self.asked_s = 0.0
        self.last_ms = 0
        self.events: list[dict[str, Any]] = []

    def columns(self, names: list[str]) -> None:
        """See protocol.Sink."""
        self._names = list(names)
        self._phase_at = names.index("phase") if "phase" in names else -1
        if self._folder is not None:
            self._folder.columns(self._names)

    def event(self, event: dict[str, Any]) -> None:
        """See protocol.Sink."""
        self._gate.check()
        full = self._words.event(event)
        self.last_ms = full["ms"]
        self.events.append(full)
        if self._folder is not None:
            self._folder.event(full)
        self._display.event(full)

    def telemetry(self, row: list[int]) -> None:
        """See protocol.Sink."""
        self._gate.check()
        values: list[Any] = list(row)
        if self._phase_at >= 0:
            values[self._phase_at] = self._words.phase(row[self._phase_at])
        if self._folder is not None:
            self._folder.telemetry(values)
        named = dict(zip(self._names, values, strict=False))
        self.last_ms = int(named.get("time_ms", self.last_ms))
        self._display.sample(named)
        if self._pace is not None:
            self._keep_pace(self.last_ms)

    def picture(self, scene: dict[str, Any]) -> dict[str, Any]:
        """Draw the scene and look at the picture, as the people on the ground would. See protocol.Sink."""
        self._gate.check()
        from host_tools.pictures import look

        image, assessment = look(scene)
        name = f"picture {scene.get('no', '?')}"
        if self._folder is not None:
            name = self._folder.picture(image, scene, assessment)
        self._display.picture(name, assessment)
        assessment["no"] = scene.get("no", 0)
        return assessment

    def hold(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """See protocol.Sink."""
        self._gate.check()
        before = time.monotonic()
        evidence = self._words.evidence(evidence)
        try:
            return self._hold.answer(evidence)
        finally:
            waited = time.monotonic() - before
            self.asked_s += waited
            self._began += waited

    def _keep_pace(self, ms: int) -> None:
        assert self._pace is not None
        ahead = ms / 1000 / self._pace - (time.monotonic() - self._began)
        if ahead > 0.005:
            with self._gate.waiting():
                time.sleep(ahead)
