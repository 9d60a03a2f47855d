"""One bench session, from the port to the report page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from host_tools import paths
from host_tools.bench import fixture, report
from host_tools.bench.calibration import Calibration
from host_tools.bench.plugin import Bench, Plugin, expected_failures, now
from host_tools.bench.rig import Rig
from host_tools.bench.stimulus import Stimulus, StimulusError
from host_tools.deploy import busy
from host_tools.ground.port import AUTO, the_only_board
from host_tools.run.errors import UsageError
from host_tools.run.protocol import EXIT_FAULT, EXIT_INTERRUPTED

STEPS = ("tests", "bench")


@dataclass
class Asked:
    """What was asked for."""

    port: str
    fixture: str
    board: str | None
    power_cycle: str | None
    key: str | None
    out: Path
    only: str | None
    stimulus: str | None = None


def run(asked: Asked) -> int:
    """Run the steps; 0 when all that is wired works. Raises UsageError, PortError, DeployError before the
    first.
    """
    import pytest

    wired = fixture.load(asked.fixture)
    port = the_only_board().device if asked.port == AUTO else asked.port
    seen = busy.look(port, asked.key)
    if seen.payload and seen.activity:
        raise UsageError(
            f"bench: the payload is at work ({seen.activity}). Nothing was stopped. Wait for its end, or "
            "end it: "
            "rochette abort."
        )
    if not seen.payload:
        raise UsageError(
            f"bench: no payload runs on {port}. Put it there first: rochette deploy --port {port}"
        )
    board = asked.board or _deployed(seen) or "pico"
    out = asked.out / f"{now()}-bench-{board}"
    try:
        out.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"--out {asked.out}: {error.strerror or error}.") from error
    player = None
    if asked.stimulus is not None:
        try:
            player = Stimulus(asked.stimulus)
        except StimulusError as error:
            raise UsageError(f"--stimulus {error}") from error
        wired = wired.with_stimulus()
    bench = Bench(
        Rig(port, board, asked.key, asked.power_cycle),
        wired,
        Calibration(board),
        out,
        expected=expected_failures(board),
        stimulus=player,
    )
    print(f"bench: board '{board}' on {port}, fixture '{wired.name}': {wired.doc}", flush=True)
    if player is not None:
        print(f"bench: a stimulus board on {player.name}", flush=True)
    folder = paths.ROOT.joinpath(*STEPS)
    arguments = [
        str(folder), "-c", str(folder / "bench.ini"), "--rootdir", str(folder), "-p", "no:cacheprovider",
        "-p", "no:terminal", "--import-mode=importlib",
    ]  # fmt: skip
    if asked.only:
        arguments += ["-k", asked.only]
    try:
        status = int(pytest.main(arguments, plugins=[Plugin(bench, lambda text: print(text, flush=True))]))
    finally:
        if player is not None:
            player.close()
        bench.rig.close()
    return _finish(bench, status)


def _deployed(seen: busy.Look) -> str | None:
    """The board that was deployed; None when it is none of those that are here."""
    from host_tools.boards import find

    return seen.deployed.board if seen.deployed.board in find.names() else None


def _finish(bench: Bench, status: int) -> int:
    failed = [step for step in bench.steps if step.outcome == "failed"]
    if not failed and not bench.dead and status == 0:
        bench.calibration.keep()
    page = report.write_page(bench)
    done = sum(step.outcome == "passed" for step in bench.steps)
    skipped = sum(step.outcome == "skipped" for step in bench.steps)
    print(f"bench: {done} steps passed, {len(failed)} failed, {skipped} skipped. Report: {page}", flush=True)
    if bench.dead:
        print(f"bench: the board is dead: {bench.dead}")
        return EXIT_FAULT
    if status == 2:
        return EXIT_INTERRUPTED
    return 0 if status == 0 and done else 1
