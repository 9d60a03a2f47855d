"""The results file: one JSON object a line, the first says which campaign it is, each other is a record.

Lines are only ever appended. A last line that was cut off (the machine went down) is taken away and its run
is done again; damage anywhere else is refused, because nobody could say what it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from host_tools.campaign.plan import Record
from host_tools.run.errors import UsageError

NAME = "results.jsonl"
FORMAT = 1


class ResultsError(Exception):
    """The results can't be written (a full disk, a folder that went away). What is in the file stays good."""


class Results:
    """A results file that is open for appending. `records` by id are those that are in it."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        """Open, or begin, the file of the campaign that `about` describes. Raises UsageError for a file of
        another campaign, a damaged one, or a place that can't be written."""
        self.path = path
        self.records: dict[str, Record] = {}
        self.found = 0
        self.mended = False
        self._about = dict(about)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                self._read()
            self._file: IO[str] = path.open("a", encoding="utf-8")
            if not path.stat().st_size:
                self._line({"campaign": self._about, "format": FORMAT})
        except OSError as error:
            raise UsageError(
                f"--out {path.parent}: cannot write there ({error.strerror or error}). Nothing was run. Give "
                f"a folder that you may write to, or one that does not exist yet."
            ) from error
        except ResultsError as error:
            raise UsageError(f"{error} Nothing was run.") from error
        self.found = len(self.records)

    def _read(self) -> None:
        raw = self.path.read_bytes()
        if not raw:
            return
        whole, _, rest = raw.rpartition(b"\n")
        if rest:
            # The line that was being written when the machine stopped: that run is done again.
            self.mended = True
            with self.path.open("r+b") as file:
                file.truncate(len(raw) - len(rest))
            if not whole:
                return
        for number, line in enumerate(whole.split(b"\n"), 1):
            try:
                entry = json.loads(line)
                if number > 1:
                    self.records[entry["id"]] = entry
                    continue
                about = entry["campaign"]
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"{self.path}, line {number}: damaged ({error}). It was not changed and nothing was run. "
                    f"Take the line out if you know what it was, or give another --out."
                ) from error
            if about != self._about or entry.get("format") != FORMAT:
                raise UsageError(self._another(about))

    def _another(self, about: Any) -> str:
        keys = sorted(set(self._about) | set(about if isinstance(about, dict) else ()))
        differ = [
            f"{key} {about.get(key)!r} there, {self._about.get(key)!r} asked"
            for key in keys
            if isinstance(about, dict) and about.get(key) != self._about.get(key)
        ]
        return (
            f"{self.path}: holds another campaign ({'; '.join(differ) or 'of another format'}). It was not "
            f"changed and nothing was run. Give another --out, or the arguments of that campaign to go on "
            f"with it."
        )

    def add(self, record: Record) -> None:
        """Append a record. Raises ResultsError when it can't be written: it does not count then."""
        self._line(record)
        self.records[record["id"]] = record

    def _line(self, entry: Mapping[str, Any]) -> None:
        size = self.path.stat().st_size
        try:
            self._file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")
            self._file.flush()
        except OSError as error:
            # Half a line must not stand before whole ones.
            try:
                os.truncate(self.path, size)
            except OSError:
                pass  # the next start takes the cut-off line away
            raise ResultsError(
                f"{self.path}: cannot be written ({error.strerror or error}); {len(self.records)} results "
                f"are safe in it. Make room and give the same command again: it goes on from there."
            ) from error

    def close(self) -> None:
        """No more records. Nothing is left to be written: each line was flushed."""
        try:
            self._file.close()
        except OSError:
            pass  # what could not be written was said when it was tried
