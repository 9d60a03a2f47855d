"""One run from what was asked to what came out: specification, session, run folder, report, exit status."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host_tools.boards import find
from host_tools.run import targets
from host_tools.run.display import Display
from host_tools.run.errors import RunError, UsageError
from host_tools.run.folder import FAILED, FINISHED, INTERRUPTED, RunFolder
from host_tools.run.hold import Hold
from host_tools.run.interrupts import InterruptGate
from host_tools.run.protocol import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_STATUS, RELEASES
from host_tools.run.sink import RunSink
from host_tools.run.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEPTH_MM = 66
DEPTH_MIN_MM, DEPTH_MAX_MM = 1, 76
SEED_MAX = 2**30 - 1
MAX_S = 6 * 3600
TELEMETRY_HZ = 5
UNKEPT_HZ = 1
"""Rows a second of a run that nobody keeps: a sign of life."""
HOLD_S = 10
TARGET_FAILED = "TARGET_FAILED"
BOARD = "emulated"
STOPPED = "interrupted by Ctrl-C; the payload was made safe, and what came before is in the run folder"


@dataclass
class Asked:
    """What a person or a scenario asks for, in their units."""

    rock: str
    seed: int = 1
    tube: int = 1
    depth_mm: float = DEPTH_MM
    release: str = "ask"
    board: str = BOARD
    target: str = "cpython"
    faults: list[dict[str, Any]] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)
    limits: list[dict[str, Any]] = field(default_factory=list)
    until: dict[str, Any] = field(default_factory=dict)
    """The event that ends the run, and how long after it; empty: the run ends with its activities."""
    max_s: int = MAX_S
    hold_s: int = HOLD_S
    """A hold that nobody releases is watched this long, in emulated seconds, before the run ends."""
    payload: Path | None = None
    """File in which the emulated payload keeps its tubes and its custody record from run to run."""


@dataclass
class Done:
    """What came out: the result with all keys of protocol.RESULT_KEYS, the events, where the folder is, and
    the bytes of the custody memory at the end (None where the target could not tell).
    """

    result: dict[str, Any]
    events: list[dict[str, Any]]
    exit_status: int
    folder: Path | None = None
    ledger: bytes | None = None


def boards() -> list[str]:
    """The names of the boards that have their data here, or in the team's own folder."""
    return find.names()


def board_data(name: str) -> dict[str, Any]:
    """The BOARD literal of a payload's board; UsageError when there is no such board."""
    data = find.data(name)
    if find.is_stimulus(data):
        raise UsageError(
            f"--board {name}: this is the stimulus board, which carries no payload. Allowed: "
            f"{', '.join(boards())}."
        )
    return data


def make_spec(asked: Asked) -> dict[str, Any]:
    """The specification of a session; UsageError, naming option, value and what is allowed, when it can't
    be met.
    """
    from host_tools import rocks

    seats = int(board_data(asked.board)["seats"])
    if not 1 <= asked.tube <= seats:
        raise UsageError(f"--tube {asked.tube}: the board '{asked.board}' has tubes 1 to {seats}.")
    if not 0 <= asked.seed <= SEED_MAX:
        raise UsageError(f"--seed {asked.seed}: a seed is a whole number from 0 to {SEED_MAX}.")
    if not DEPTH_MIN_MM <= asked.depth_mm <= DEPTH_MAX_MM:
        raise UsageError(f"--depth {asked.depth_mm:g}: a core is {DEPTH_MIN_MM} to {DEPTH_MAX_MM} mm deep.")
    if asked.release not in RELEASES:
        raise UsageError(f"--release {asked.release}: allowed are {', '.join(RELEASES)}.")
    try:
        rock = rocks.load(asked.rock)
    except Exception as error:
        names = list(rocks.names())
        if asked.rock not in names and not Path(asked.rock).exists():
            raise UsageError(
                f"--rock {asked.rock}: unknown rock. Allowed: {', '.join(names)}; or the path of a rock file "
                f"(.toml)."
            ) from None
        if isinstance(error, (OSError, ValueError, KeyError)) or type(error).__module__.startswith(
            "host_tools"
        ):
            raise UsageError(f"--rock {asked.rock}: {error}") from error
        raise
    return {
        "rock": str(rock.get("name", Path(asked.rock).stem)),
        "rock_data": rock,
        "seed": asked.seed,
        "tube": asked.tube,
        "depth_um": round(asked.depth_mm * 1000),
        "release": asked.release,
        "board": asked.board,
        "faults": asked.faults,
        "commands": asked.commands,
        "limits": asked.limits,
        "until": asked.until,
        "max_s": asked.max_s,
        "hold_s": asked.hold_s,
        "telemetry_hz": TELEMETRY_HZ,
        "kept": _kept(asked.payload, seats),
    }


def _kept(path: Path | None, seats: int) -> dict[str, Any] | None:
    """What the payload kept from the run before; None when there was none. UsageError for another file."""
    if path is None or not path.exists():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--payload {path}: can't be read as a kept payload: {error}. It was not changed."
        ) from error
    if not isinstance(kept, dict) or kept.get("seats") != seats or "fram" not in kept:
        raise UsageError(
            f"--payload {path}: not the kept payload of a board with {seats} seats. It was not changed."
        )
    return kept


def _keep(path: Path | None, kept: Any, display: Display) -> None:
    """Write what the payload keeps, whole or not at all."""
    if path is None or not isinstance(kept, dict):
        return
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_text(json.dumps(kept) + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        display.line(
            f"--payload {path}: could not be written ({error.strerror or error}); it is as before the run."
        )


def complete(result: Mapping[str, Any], spec: Mapping[str, Any], target: str, words: Words) -> dict[str, Any]:
    """The result as it is shown: every key there, reason in words beside its name, seconds beside
    milliseconds.
    """
    full: dict[str, Any] = {
        "outcome": "FAULT",
        "reason": "INTERNAL",
        "rock": spec["rock"],
        "seed": spec["seed"],
        "target": target,
        "tube": spec["tube"],
        "verdict": "NONE",
        "fill": "NONE",
        "fill_um": 0,
        "seal": "NONE",
        "depth_um": 0,
        "max_level": 0,
        "emulated_s": 0,
        "wall_s": 0.0,
        "events": 0,
        "slips": 0,
        "trace_sha256": "",
    }
    full.update(words.labels(result))
    full["target"] = target
    if "emulated_ms" in full:
        full["emulated_s"] = full["emulated_ms"] / 1000
    if "reason_text" not in full:
        full["reason_text"] = words.reason(str(full["reason"]))
    return full


def run(
    asked: Asked,
    out: Path | None = None,
    display: Display | None = None,
    pace: float | None = None,
    session: Callable[..., dict[str, Any]] | None = None,
) -> Done:
    """Run once. `out` is the folder under which the run folder is made, None for none (scenarios). `session`
    stands in for targets.run_session: a payload behind a port (ground/job.py).

    Raises UsageError before anything is run. A target that fails gives a Done with outcome FAULT; Ctrl-C
    gives one with exit status 130, its folder saying "interrupted".
    """
    display = display or Display()
    if session is None:
        targets.require(asked.target)
    spec = make_spec(asked)
    if out is None and pace is None:
        spec["telemetry_hz"] = UNKEPT_HZ
    words = Words.load()
    with InterruptGate() as gate:
        folder = RunFolder.create(out, spec, asked.target) if out is not None else None
        hold = Hold(asked.release, display, gate)
        sink = RunSink(words, display, hold, gate, folder, pace)
        began = time.monotonic()
        state = FINISHED
        display.start(spec, asked.target)
        try:
            raw = (session or targets.run_session)(asked.target, spec, sink, gate)
        except KeyboardInterrupt:
            state = INTERRUPTED
            raw = {"outcome": None, "reason": "INTERRUPTED", "reason_text": STOPPED}
        except Exception as error:
            # Of the host's own tools too (a picture that can't be drawn): what came so far is worth keeping.
            state = FAILED
            raw = {"outcome": "FAULT", "reason": TARGET_FAILED, "reason_text": _failure(error)}
            if folder is not None:
                details = error.details if isinstance(error, RunError) else traceback.format_exc()
                (folder.path / "error.txt").write_text(details + "\n", encoding="utf-8")
        finally:
            display.stop()
        wall_s = time.monotonic() - began - sink.asked_s
        kept = raw.pop("kept", None)
        _keep(asked.payload, kept, display)
        result = complete(raw, spec, asked.target, words)
        result["wall_s"] = round(wall_s, 3)
        if not result["emulated_s"]:
            result["emulated_s"] = sink.last_ms / 1000
        if not result.get("events"):
            result["events"] = len(sink.events)
        status = (
            EXIT_INTERRUPTED if state == INTERRUPTED else EXIT_STATUS.get(str(result["outcome"]), EXIT_FAULT)
        )
        if state == INTERRUPTED:
            result["state"] = INTERRUPTED
        result["exit_status"] = status
        result["hold_log"] = hold.log
        result["limit_lines"] = words.limit_lines()
        if folder is not None:
            result["folder"] = str(folder.path)
            folder.finish(state, result)
            _report(folder.path, result, display)
    ledger = bytes.fromhex(kept["fram"]) if isinstance(kept, dict) and "fram" in kept else None
    return Done(result, sink.events, status, folder.path if folder else None, ledger)


def _failure(error: Exception) -> str:
    if isinstance(error, RunError):
        return str(error)
    return f"the host tools failed, not the payload: {type(error).__name__}: {error}. {targets.KEPT}"


def _report(path: Path, result: dict[str, Any], display: Display) -> None:
    """Write report.html. A report that fails must not hide the result of the run it is about."""
    from host_tools.run import report

    try:
        result["report"] = str(report.write(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        display.line(
            f"The report could not be written ({type(error).__name__}: {error}); the run folder is complete."
        )
