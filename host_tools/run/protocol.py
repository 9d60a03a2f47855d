"""What a target tells the host while a payload runs, and what the host answers.

The same on both targets. On `cpython` the session calls the methods of a `Sink` in this process. On
`micropython` the session runs in a program of its own, and each call is one JSON object a line on its
standard output; the two calls that are answered get one JSON object a line on its standard input. Emulated
time stands still while an answer is awaited.

    host -> target   the specification, one line: the keys are SPEC_KEYS
    target -> host   {"t": "columns", "names": [...]}        once, before the first telemetry
                     {"t": "event", "tick": n, "ms": n, "id": n, "args": [a, b, c, d]}
                     {"t": "telemetry", "row": [...]}        one value a column, integers
                     {"t": "picture", "scene": {...}}        answered: {"no": n, "verdict": "PRESENT",
                                                                        "confidence_permille": n}
                     {"t": "hold", "evidence": {...}}        answered: {"answer": "release", "hold" or "look",
                                                                        "sample": n, "tube": n}
                     {"t": "result", "result": {...}}        once, the last line
                     {"t": "error", "message": "..."}        instead of it: the emulation itself failed

A session that is interrupted (KeyboardInterrupt on either side, or its standard input closed) drops
ACTUATOR_ENABLE, and ends. The result has at least the keys in RESULT_KEYS. Optional ones the report shows
when they are there: "evidence" (a dict or a list of dicts), "custody" (list of record dicts),
"limits_broken" (list of texts or dicts: a limit that did not hold), "seal_curve" (list of [travel_um,
force_mn]), "refused" (text: the command was refused, so nothing was run).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Sink(Protocol):
        """Who hears a session. Each method may raise Interrupted; the session then makes the payload safe
        and lets it pass.
        """

        def columns(self, names: list[str]) -> None:
            """The names of the telemetry columns, units in the names, before the first row."""

        def event(self, event: dict[str, Any]) -> None:
            """An event of the firmware: tick, ms, id, args."""

        def telemetry(self, row: list[int]) -> None:
            """One row of telemetry, as many integers as there are columns."""

        def picture(self, scene: dict[str, Any]) -> dict[str, Any]:
            """A picture was taken: draw it, look at it, and say what it shows."""
            ...

        def hold(self, evidence: dict[str, Any]) -> dict[str, Any]:
            """The payload holds and shows its evidence: answer release, hold or look."""
            ...


SPEC_KEYS = (
    "until",
    "rock",
    "rock_data",
    "seed",
    "tube",
    "depth_um",
    "release",
    "board",
    "faults",
    "commands",
    "limits",
    "max_s",
    "hold_s",
    "telemetry_hz",
    "kept",
)
RESULT_KEYS = (
    "outcome",
    "reason",
    "rock",
    "seed",
    "target",
    "tube",
    "verdict",
    "fill",
    "fill_um",
    "seal",
    "depth_um",
    "max_level",
    "emulated_s",
    "wall_s",
    "events",
    "slips",
    "trace_sha256",
)

OUTCOMES = ("SEALED", "HELD", "EMPTY", "UNSEALED_STORED", "TARGET_TOO_HARD", "FAULT", "ABORTED")

# SEALED and HELD are what was asked for; EMPTY and TARGET_TOO_HARD end without a core; a core that could not
# be sealed is kept, but something in the payload failed.
EXIT_STATUS = {
    "SEALED": 0,
    "HELD": 0,
    "EMPTY": 3,
    "TARGET_TOO_HARD": 3,
    "UNSEALED_STORED": 4,
    "FAULT": 4,
    "ABORTED": 4,
}
EXIT_USAGE = 2
EXIT_FAULT = 4
EXIT_INTERRUPTED = 130

RELEASES = ("ask", "auto", "never")
TARGETS = ("cpython", "micropython")
"""Where every scenario runs; their traces are the same."""
CHIP = "chip"
RUN_TARGETS = (*TARGETS, CHIP)
"""The emulated RP2040 too, which is slower and has a trace of its own."""
