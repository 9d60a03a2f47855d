"""The run folder: all that a run leaves behind, in files that other tools read.

run.json         what was asked and what came out; "interrupted" from the first moment until the end
events.jsonl     one event a line, with its words
telemetry.csv    one row a sample, names with their units in the first line
pictures/        what the camera saw, drawn by the host
report.html      the story of the core (report.py)
"""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host_tools.run.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERRUPTED = "interrupted"
FINISHED = "finished"
FAILED = "failed"


class RunFolder:
    """A folder being written. `create` makes it; `finish` closes the files and writes the result."""

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.path = path
        self.record = record
        self.pictures: list[dict[str, Any]] = []
        (path / "pictures").mkdir()
        self._events = (path / "events.jsonl").open("w", encoding="utf-8")
        self._telemetry = (path / "telemetry.csv").open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._telemetry, lineterminator="\n")
        self.write_record()

    @classmethod
    def create(cls, parent: Path, spec: Mapping[str, Any], target: str) -> RunFolder:
        """Make `<time>-<rock>-<seed>` under `parent`; UsageError when that cannot be done."""
        stamp = time.strftime("%Y%m%dT%H%M%S")
        rock = "".join(c if c.isalnum() or c in "_-" else "_" for c in str(spec["rock"]))
        name = f"{stamp}-{rock}-{spec['seed']}"
        record = {
            "state": INTERRUPTED,
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "outcome": None,
            "reason": "interrupted: the run has not come to its end",
            "rock": spec["rock"],
            "seed": spec["seed"],
            "target": target,
            "tube": spec["tube"],
            "spec": {key: spec[key] for key in sorted(spec)},
        }
        try:
            parent.mkdir(parents=True, exist_ok=True)
            for again in range(1, 100):
                path = parent / (name if again == 1 else f"{name}-{again}")
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                return cls(path, record)
        except OSError as error:
            raise UsageError(
                f"--out {parent}: cannot write there ({error.strerror or error}). Nothing was run. "
                f"Give a folder that you may write to, or one that does not exist yet."
            ) from error
        raise UsageError(
            f"--out {parent}: a hundred runs named {name} are there already. Give another folder."
        )

    def write_record(self) -> None:
        """Write run.json whole and swap it in, so that a reader never sees half of it."""
        draft = self.path / "run.json.part"
        draft.write_text(json.dumps(self.record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(self.path / "run.json")

    def columns(self, names: list[str]) -> None:
        """The first line of telemetry.csv."""
        self._rows.writerow(names)

    def telemetry(self, row: list[Any]) -> None:
        """One row of telemetry.csv."""
        self._rows.writerow(row)

    def event(self, event: Mapping[str, Any]) -> None:
        """One line of events.jsonl."""
        self._events.write(json.dumps(event, ensure_ascii=False) + "\n")

    def picture(self, image: Any, scene: Mapping[str, Any], assessment: Mapping[str, Any]) -> str:
        """Save a Pillow image; its name under the folder."""
        subject = str(scene.get("subject", "picture")).lower()
        name = f"pictures/{int(scene['no']):03d}-{subject}.png"
        image.save(self.path / name)
        self.pictures.append({"file": name, "scene": dict(scene), "assessment": dict(assessment)})
        return name

    def finish(self, state: str, result: Mapping[str, Any]) -> None:
        """Close the files and write the result into run.json."""
        self._events.close()
        self._telemetry.close()
        self.record["state"] = state
        self.record["ended"] = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        self.record.update(result)
        self.record["pictures"] = self.pictures
        self.write_record()
