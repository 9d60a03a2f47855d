"""What was measured on the bench, kept by board: today's values, and how far they are from the last ones."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from host_tools import paths
from host_tools.run.errors import UsageError


class Calibration:
    """Values of one board. `put` in the steps; `keep` at the end, when nothing failed."""

    def __init__(self, board: str) -> None:
        folder = paths.team() or Path.cwd() / "runs"
        self.file = folder / "calibration" / f"{board}.json"
        self.values: dict[str, dict[str, Any]] = {}
        self.before: dict[str, Any] = {}
        if self.file.exists():
            try:
                self.before = json.loads(self.file.read_text(encoding="utf-8"))["values"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"{self.file}: is no calibration of this project ({error}). It was not changed; move "
                    "it away."
                ) from error

    def put(self, name: str, value: int, unit: str) -> None:
        """Note a value, with its unit."""
        self.values[name] = {"value": value, "unit": unit}

    def drift(self, name: str) -> int | None:
        """How far a value is from the last time; None when there was none."""
        before = self.before.get(name)
        return None if before is None else int(self.values[name]["value"]) - int(before["value"])

    def keep(self) -> None:
        """Write the values for the next time, whole or not at all."""
        if not self.values:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_suffix(".new")
        when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        merged = {**self.before, **self.values}
        fresh.write_text(json.dumps({"when": when, "values": merged}, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self.file)
