"""A payload with somebody at the console: a session whose commands come from an operator, across resets and
power cuts, and which may be switched off and on again with all that it keeps."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, Protocol

from host_tools.campaign.ground_sink import GroundSink


class Operator(Protocol):
    """Who is asked when nothing runs and nobody waits."""

    def idle(self, session: Any) -> None:
        """The payload does nothing: give a command, or say that the session is over (`session.over()`)."""

    def held(self, session: Any) -> None:
        """The payload holds, and the evidence is not such that anybody would release it."""

    def started(self, session: Any) -> None:
        """The firmware has just started again after a reset or a power cut; nothing has ticked yet."""


def make(spec: dict[str, Any], operator: Operator) -> Any:
    """An operated session; the emulator's modules are loaded here, as they are for every run."""
    from host_tools.emulator import loader

    loader.install(str(spec["board"]))
    from host_tools.emulator.session import Session
    from rochette import tables

    class Operated(Session):
        """See the module."""

        def __init__(self) -> None:
            self.sink = GroundSink(tables.VERDICT_PRESENT)
            self.tables = tables
            super().__init__(spec, self.sink)

        def over(self) -> None:
            """Nothing is left to do."""
            self._ended = True

        def command(self, name: str, *args: int) -> int:
            """Give a command as the ground does; its first answer (enum CommandResult)."""
            return int(self.payload.commands.submit(getattr(tables, "CMD_" + name), args))

        def _next_command(self) -> None:
            operator.idle(self)

        def _after_reset(self) -> None:
            if self.payload.hold.active:
                self._holding()
            elif not self.payload.activities.running:
                operator.idle(self)

        def _holding(self) -> None:
            super()._holding()
            if self._ended:  # nobody released it
                self._ended = False
                operator.held(self)

        def _restart(self, reset: BaseException) -> None:
            super()._restart(reset)
            operator.started(self)

    return Operated()


def packed(state: dict[str, Any]) -> str:
    """What a payload keeps, as short text."""
    return base64.b85encode(zlib.compress(json.dumps(state, sort_keys=True).encode(), 9)).decode()


def unpacked(text: str) -> dict[str, Any]:
    """What packed() made short."""
    state: dict[str, Any] = json.loads(zlib.decompress(base64.b85decode(text)))
    return state
