"""Golden runs: a few short cores whose trace is kept, so that a change that was not meant is seen, in words.

tests/golden/NAME.json says what to run (`asked`) and what came out (`result`, `events`).
`python -m host_tools.golden` runs them and says what differs, exit status 1; with `--write` it records what
came out and says what changed. Add one by writing a file with `asked` alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from host_tools import paths
from host_tools.run.runner import Asked, run

FOLDER = paths.ROOT / "tests" / "golden"

KEPT = (
    "outcome", "reason", "verdict", "fill", "fill_um", "seal", "depth_um", "max_level", "emulated_s", "slips",
    "trace_sha256",
)  # fmt: skip
"""The keys of a result that a golden file keeps: all that do not depend on the wall clock or the target."""

SHOWN = 5
"""So many differing events are told at most; the first says most."""


def names() -> list[str]:
    """List the golden runs there are."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def load(name: str) -> dict[str, Any]:
    """Read one golden file."""
    golden: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return golden


def play(asked: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Run what a golden file asks for on `target`; give `result` and `events` as such a file keeps them."""
    done = run(Asked(**asked, target=target))
    return {
        "result": {key: done.result[key] for key in KEPT},
        "events": [f"{event['ms'] / 1000:.2f} s {event['name']}: {event['text']}" for event in done.events],
    }


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say in words how `now` differs from `was`; nothing when both are the same."""
    said = []
    before, after = was.get("result", {}), now["result"]
    for key in KEPT:
        if before.get(key) != after[key] and key != "trace_sha256":
            said.append(f"{key}: was {before.get(key, 'not recorded')}, is {after[key]}")
    said += _event_differences(was.get("events", []), now["events"])
    if not said and before.get("trace_sha256") != after["trace_sha256"]:
        said.append(
            "the trace differs, with the same events and result: something moves or measures otherwise"
        )
    return said


def _event_differences(was: Sequence[str], now: Sequence[str]) -> list[str]:
    said = []
    for number, (before, after) in enumerate(zip(was, now, strict=False), 1):
        if before != after:
            said.append(f"event {number}: was '{before}', is '{after}'")
    for number in range(len(now), len(was)):
        said.append(f"event {number + 1}: is gone, was '{was[number]}'")
    for number in range(len(was), len(now)):
        said.append(f"event {number + 1}: is new, '{now[number]}'")
    rest = len(said) - SHOWN
    return said if rest <= 0 else [*said[:SHOWN], f"and {rest} more events that differ"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play every golden run and tell what differs; with --write record it. Exit status 1 when it differs."""
    parser = argparse.ArgumentParser(prog="python -m host_tools.golden", description="Play the golden runs.")
    parser.add_argument("--write", action="store_true", help="record what comes out")
    parser.add_argument("--target", default="cpython", help="where to play them; recorded on cpython only")
    given = parser.parse_args(arguments)
    if given.write and given.target != "cpython":
        parser.error("golden runs are recorded on cpython; other targets are held against that")
    differing = 0
    for name in names():
        golden = load(name)
        now = play(golden["asked"], given.target)
        said = differences(golden, now)
        differing += bool(said)
        print(f"{name}: " + ("as recorded" if not said else "differs"))
        for line in said:
            print(f"    {line}")
        if said and given.write:
            text = json.dumps({"asked": golden["asked"], **now}, indent=1, ensure_ascii=False)
            (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    if given.write:
        print(f"{differing} of {len(names())} golden runs recorded anew in {Path('tests/golden')}.")
        return 0
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
