"""The session as a program on the MicroPython VM: one JSON object a line, in and out.

The specification comes first on standard input. Every call of the sink becomes a line on standard output; the
two
that are answered wait for a line on standard input. Emulated time stands still meanwhile. The protocol is
described
in host_tools/run/protocol.py. End of input means that the host has gone: the payload is made safe and the run
ends.
"""

# isort: off
from host_tools.emulator import room  # before anything that stays

# isort: on
import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class HostGone(Exception):
    """Standard input was closed: nobody is there to answer."""


class LineSink:
    """Speaks the protocol on standard input and output."""

    def columns(self, names: "list[str]") -> None:
        """Column names, once."""
        self._say({"t": "columns", "names": names})

    def event(self, event: "dict[str, Any]") -> None:
        """One event."""
        event["t"] = "event"
        self._say(event)

    def telemetry(self, row: "list[int]") -> None:
        """One row."""
        self._say({"t": "telemetry", "row": row})

    def picture(self, scene: "dict[str, Any]") -> "dict[str, Any]":
        """A picture; waits for its assessment."""
        self._say({"t": "picture", "scene": scene})
        return self._hear()

    def hold(self, evidence: "dict[str, Any]") -> "dict[str, Any]":
        """A hold; waits for the answer."""
        self._say({"t": "hold", "evidence": evidence})
        return self._hear()

    def _say(self, message: "dict[str, Any]") -> None:
        print(json.dumps(message))

    def _hear(self) -> "dict[str, Any]":
        line = sys.stdin.readline()
        if not line:
            raise HostGone()
        return json.loads(line)


def main() -> None:
    """Read the specification, run it, print the result as the last line."""
    from host_tools.emulator.session import Session

    line = sys.stdin.readline()
    if not line:
        raise HostGone()
    session = Session(json.loads(line), LineSink())
    session.begin()
    room.open_up()
    result = session.finish()
    print(json.dumps({"t": "result", "result": result}))


if __name__ == "__main__":
    main()
