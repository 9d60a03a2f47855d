"""What a person sees while a run lasts: a live panel on a terminal, plain lines elsewhere, nothing but the
end when quiet.

A display only listens. It writes on standard error when the standard output belongs to `--json`.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from host_tools.run.measures import clock, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console, RenderableType
    from rich.live import Live

SEVERITY_STYLE = {
    "FATAL": "bold white on red",
    "WARNING_HI": "bold red",
    "WARNING_LO": "yellow",
    "ACTIVITY_HI": "cyan",
    "ACTIVITY_LO": "dim",
    "COMMAND": "magenta",
    "DIAGNOSTIC": "dim",
}
_PLAIN = ("FATAL", "WARNING_HI", "WARNING_LO", "ACTIVITY_HI")
VERDICT_STYLE = {"PRESENT": "bold green", "ABSENT": "bold red", "INCONCLUSIVE": "bold yellow"}
OUTCOME_STYLE = {
    "SEALED": "bold green",
    "HELD": "bold yellow",
    "EMPTY": "bold red",
    "UNSEALED_STORED": "bold red",
    "TARGET_TOO_HARD": "bold red",
    "FAULT": "bold red",
}


class Display:
    """Shows nothing: the display of quiet runs and of scenarios. The base of the others."""

    def start(self, spec: Mapping[str, Any], target: str) -> None:
        """The run begins."""

    def stop(self) -> None:
        """The run has ended, in whatever way."""

    def sample(self, values: Mapping[str, Any]) -> None:
        """One row of telemetry by column name; `phase` in words."""

    def event(self, event: Mapping[str, Any]) -> None:
        """An event with its words."""

    def evidence(self, rows: list[tuple[str, str, str]], verdict: str) -> None:
        """The evidence at a hold."""

    def picture(self, name: str, assessment: Mapping[str, Any]) -> None:
        """A picture was taken and looked at."""

    def line(self, text: str) -> None:
        """A line of the host's own."""

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """While inside, the screen belongs to a question."""
        yield


class PlainDisplay(Display):
    """One line an event that matters: for logs, pipes and machines without a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _print(self, text: str) -> None:
        # A reader that went away (`| head`) must not end the run.
        with contextlib.suppress(BrokenPipeError, ValueError):
            print(text, file=self._stream, flush=True)

    def start(self, spec: Mapping[str, Any], target: str) -> None:
        self._print(
            f"rock {spec['rock']}, seed {spec['seed']}, tube {spec['tube']}, "
            f"{show('depth_um', spec['depth_um'])} deep, on {target}"
        )

    def event(self, event: Mapping[str, Any]) -> None:
        if event["severity"] in _PLAIN:
            self._print(f"{clock(event['ms']):>9}  {event['severity']:<11}  {event['text']}")

    def evidence(self, rows: list[tuple[str, str, str]], verdict: str) -> None:
        self._print(f"HOLD: verdict {verdict or 'none'}")
        width = max([len(row[0]) for row in rows], default=0)
        for what, value, says in rows:
            self._print(f"  {what:<{width}}  {value}" + (f"  ({says})" if says else ""))

    def picture(self, name: str, assessment: Mapping[str, Any]) -> None:
        self._print(f"{'':9}  picture      {name}: {assessment.get('verdict', 'not assessed')}")

    def line(self, text: str) -> None:
        self._print(text)


class LiveDisplay(Display):
    """The live panel on a terminal, drawn again at most ten times a wall second."""

    PERIOD_S = 0.1
    TAIL = 9

    def __init__(self, console: Console) -> None:
        self._console = console
        self._values: dict[str, Any] = {}
        self._events: deque[Mapping[str, Any]] = deque(maxlen=self.TAIL)
        self._live: Live | None = None
        self._due = 0.0
        self._title = ""
        self._depth_um = 1
        self._began = time.monotonic()

    def start(self, spec: Mapping[str, Any], target: str) -> None:
        self._title = (
            f"[bold]Rochette[/]  {spec['rock']}  seed {spec['seed']}  tube {spec['tube']}  on {target}"
        )
        self._depth_um = max(1, int(spec["depth_um"]))
        self._began = time.monotonic()
        self._open()

    def _open(self) -> None:
        from rich.live import Live

        self._live = Live(self._panel(), console=self._console, auto_refresh=False, transient=True)
        self._live.start()

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def sample(self, values: Mapping[str, Any]) -> None:
        self._values.update(values)
        self._draw()

    def event(self, event: Mapping[str, Any]) -> None:
        self._events.append(event)
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if self._live is not None and now >= self._due:
            self._due = now + self.PERIOD_S
            self._live.update(self._panel(), refresh=True)

    def _bar(self, value: float, full: float, width: int = 24) -> str:
        share = max(0.0, min(1.0, value / full if full else 0.0))
        done = round(share * width)
        return "[cyan]" + "━" * done + "[/][dim]" + "─" * (width - done) + "[/]"

    def _panel(self) -> RenderableType:
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        got = self._values
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", min_width=14)
        grid.add_column(justify="right", min_width=12)
        grid.add_column()
        ms = int(got.get("time_ms", 0))
        wall = max(1e-3, time.monotonic() - self._began)
        grid.add_row(
            "phase",
            Text(str(got.get("phase", "starting")), style="bold"),
            f"[dim]{clock(ms)} on the mission clock, {ms / 1000 / wall:.0f} x real time[/]",
        )
        depth = int(got.get("depth_um", 0))
        grid.add_row("depth", show("depth_um", depth), self._bar(depth, self._depth_um))
        weight = int(got.get("weight_mn", 0))
        grid.add_row("weight on bit", show("weight_mn", weight), self._bar(weight, 120_000))
        current = int(got.get("spindle_ma", 0))
        grid.add_row("spindle current", show("spindle_ma", current), self._bar(current, 5_000))
        level = int(got.get("level", 0))
        grid.add_row("drilling level", str(level), self._bar(level, 20))
        grid.add_row("rate of progress", show("rop_um_s", int(got.get("rop_um_s", 0))), "")
        lines = Text()
        for event in self._events:
            style = SEVERITY_STYLE.get(event["severity"], "")
            lines.append(f"{clock(event['ms']):>9}  ", style="dim")
            lines.append(f"{event['text']}\n", style=style)
        return Panel(Group(grid, Text(), lines), title=self._title, border_style="blue")

    def evidence(self, rows: list[tuple[str, str, str]], verdict: str) -> None:
        from rich.table import Table

        table = Table(
            title=f"HOLD: verdict [{VERDICT_STYLE.get(verdict, 'bold')}]{verdict or 'none'}[/]",
            title_justify="left",
            header_style="dim",
        )
        table.add_column("evidence")
        table.add_column("measured", justify="right")
        table.add_column("says")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def line(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        self.stop()
        asked = time.monotonic()
        yield
        # Not reached when the question was interrupted: then nothing is drawn again.
        self._began += time.monotonic() - asked
        self._open()


def choose(quiet: bool, as_json: bool) -> Display:
    """The display that fits: none when quiet, live on a terminal, plain lines elsewhere."""
    if quiet:
        return Display()
    stream = sys.stderr if as_json else sys.stdout
    if stream.isatty():
        from rich.console import Console

        return LiveDisplay(Console(file=stream))
    return PlainDisplay(stream)
