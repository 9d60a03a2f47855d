"""Runs a campaign: gives its units to a pool, keeps the records, shows how far it is, goes on where it
was."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from host_tools.campaign.plan import Record, Unit, digest
from host_tools.campaign.pools import Pool, PoolError
from host_tools.campaign.results import NAME, Results, ResultsError
from host_tools.run.protocol import EXIT_FAULT, EXIT_INTERRUPTED


@dataclass
class Plan:
    """A whole campaign. `about` is what makes it this one (it stands in the results file), `again` gives the
    command that repeats one record."""

    about: dict[str, Any]
    units: list[Unit]
    again: Callable[[str], str]
    title: str = "campaign"
    judge: Callable[[Mapping[str, Record]], list[str]] = lambda _records: []
    """What is wrong with the whole, when every record is there."""


@dataclass
class Ended:
    """How a campaign ended. `records` by id; `complaints` of the whole; `stopped` why it is not complete."""

    records: dict[str, Record]
    missing: int
    complaints: list[str] = field(default_factory=list)
    stopped: str = ""
    interrupted: bool = False
    digest: str = ""

    @property
    def failed(self) -> list[Record]:
        """The records that are not as expected, by id."""
        return [self.records[name] for name in sorted(self.records) if not self.records[name]["ok"]]

    @property
    def exit_status(self) -> int:
        """0 when all is there and as expected, 1 when something is not, 4 when it could not be completed."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.stopped:
            return EXIT_FAULT
        return 1 if self.failed or self.complaints or self.missing else 0


def run(
    plan: Plan, out: Path, pool: Callable[[], Pool], stream: TextIO | None = None, quiet: bool = False
) -> Ended:
    """Do what is not in the results file yet. Raises UsageError before anything is run."""
    to = stream or sys.stderr
    results = Results(out / NAME, plan.about)
    if results.mended:
        print("The last result was cut off while it was written; that run is done again.", file=to)
    if results.found:
        print(f"{results.found} results are there already; going on from them.", file=to)
    wanted = [name for unit in plan.units for name in unit.ids]
    ended = Ended(results.records, 0)
    try:
        _work(plan, results, pool, len(wanted), to, quiet)
    except KeyboardInterrupt:
        ended.interrupted = True
        ended.stopped = "interrupted; the same command goes on from here"
    except (ResultsError, PoolError) as error:
        ended.stopped = f"{error}. The same command goes on from here."
    finally:
        results.close()
    ended.missing = sum(name not in results.records for name in wanted)
    if not ended.missing:
        ended.complaints = plan.judge(results.records)
    ended.digest = digest(results.records.values())
    return ended


def _work(
    plan: Plan, results: Results, make: Callable[[], Pool], total: int, to: TextIO, quiet: bool
) -> None:
    waiting = []
    for unit in plan.units:
        left = [name for name in unit.ids if name not in results.records]
        if left:
            waiting.append(Unit(unit.kind, left, unit.data, unit.after))
    if not waiting:
        return
    pool = make()
    try:
        with _progress(plan.title, total, len(results.records), to, quiet) as advance:
            under_way = 0
            while waiting or under_way:
                # A little more than the pool is wide, so that no worker waits for us.
                ready = [unit for unit in waiting if not unit.after or unit.after in results.records]
                for unit in ready[: max(0, pool.width * 2 - under_way)]:
                    waiting.remove(unit)
                    if unit.after:
                        unit.data = {**unit.data, "state": results.records[unit.after].get("state")}
                    pool.submit(unit)
                    under_way += 1
                for _, records in pool.finished():
                    under_way -= 1
                    for record in records:
                        results.add(record)
                        advance(record)
    finally:
        pool.close()


@contextlib.contextmanager
def _progress(
    title: str, total: int, done: int, to: TextIO, quiet: bool
) -> Iterator[Callable[[Record], None]]:
    """A progress bar on a terminal; a line for each failure, and one now and then, where there is none."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=to, highlight=False, soft_wrap=True)
    bad = 0
    count = done
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    ) as bar:
        task = bar.add_task(title, total=total, completed=done)

        def advance(record: Record) -> None:
            nonlocal bad, count
            count += 1
            if not record["ok"]:
                bad += 1
                console.print(f"{record['id']}: {'; '.join(record['why'])}", markup=False)
            bar.update(task, advance=1, description=title + (f", {bad} fall short" if bad else ""))
            if not quiet and not console.is_terminal and count * 10 // total != (count - 1) * 10 // total:
                console.print(f"{title}: {count} of {total}", markup=False)

        yield advance
