"""Releasing held samples, as people on the ground do who trust the evidence: only a core that is there.

The payload never releases by itself. Who runs `rochette seq run --release auto` has decided it beforehand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from host_tools.ground.client import Payload
    from host_tools.ground.packets import Told

_EMPTY = "PROBE_FOUND_EMPTY"


class Releaser:
    """Give `hear` to Payload.on_told(). A sample whose verdict is not PRESENT stays held."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._verdict = ""

    def hear(self, told: Told) -> None:
        """An event; on the hold of a core that is PRESENT the release is sent, naming sample and tube."""
        if told.name == "sample.STARTED":
            self._verdict = ""
        elif told.name == "sample.VERDICT":
            self._verdict = str(told.values["verdict"])
        elif told.name == "sample.HOLD" and self._verdict == "PRESENT" and told.values["reason"] != _EMPTY:
            self._payload.submit("sample.RELEASE", told.values["sample"], told.values["tube"])
