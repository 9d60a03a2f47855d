"""Where the time of a control tick goes on the emulated chip: each entry of the executive, phase by phase.

    python -m host_tools.chip.profile --rock sandstone --seed 3 --depth 3 [--until PHASE] [--json FILE]

`run()` gives the figures to whoever else wants them. tick_profile.py is the part that runs on the chip.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host_tools.chip.remote import Payload

PHASES = 32


def read(payload: Payload) -> dict[str, Any]:
    """Ask the chip for what it has measured: {"empty_us": n, "phases": {phase: {entry: figures}}}."""
    names = payload.ask("p.executive.names()")
    phases: dict[str, Any] = {}
    for phase in range(PHASES):
        rows = payload.ask(f"profile.rows({phase})")
        if rows:
            phases[str(phase)] = {
                name: {"worst": worst, "mean": total // ran, "ran": ran, "in_worst_tick": share}
                for name, (worst, total, ran, share) in zip(names, rows, strict=True)
                if ran
            }
    return {"empty_us": payload.ask("profile.empty_us"), "phases": phases}


def run(rock: str, seed: int, depth_mm: int, until: int = PHASES) -> dict[str, Any]:
    """Take a core on the chip with every entry timed, and end when phase `until` (enum Phase) begins; gives
    the run's result, with "chip" and its "entries"."""
    from host_tools.run import targets
    from host_tools.run.protocol import CHIP
    from host_tools.run.runner import Asked
    from host_tools.run.runner import run as run_once

    asked = Asked(rock=rock, seed=seed, release="auto", depth_mm=depth_mm, target=CHIP)
    wanted = {"profile": True, "until_phase": until}
    done = run_once(
        asked, session=lambda _target, spec, sink, gate: targets.run_chip(dict(spec) | wanted, sink, gate)
    )
    return done.result


def report(chip: Mapping[str, Any], most: int = 8) -> str:
    """In words: a block a phase, the dearest entries first."""
    lines = [f"a measured figure has {chip['entries']['empty_us']} us of measuring in it"]
    for phase, entries in chip["entries"]["phases"].items():
        tick = chip["tick_us"].get(phase, {"worst": 0, "mean": 0})
        lines.append(f"phase {phase}: control tick worst {tick['worst']}, mean {tick['mean']} us (measured)")
        order = sorted(entries, key=lambda name: -entries[name]["mean"] * entries[name]["ran"])
        worst = sorted(entries, key=lambda name: -entries[name]["in_worst_tick"])[:most]
        for name in order[:most]:
            one = entries[name]
            lines.append(f"  {name:24} mean {one['mean']:6} worst {one['worst']:6}  ran {one['ran']:6}")
        parts = ", ".join(f"{name} {entries[name]['in_worst_tick']}" for name in worst)
        lines.append(f"  worst tick: {parts}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m host_tools.chip.profile", description=__doc__)
    parser.add_argument("--rock", default="sandstone", metavar="NAME")
    parser.add_argument("--seed", default=3, type=int, metavar="N")
    parser.add_argument("--depth", default=3, type=int, metavar="MM")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--until", default=PHASES, type=int, metavar="N", help="end when this phase begins")
    given = parser.parse_args(arguments)
    result = run(given.rock, given.seed, given.depth, given.until)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1))
    if "chip" not in result:
        print(f"profile: {result['reason_text']}", file=sys.stderr)
        return 4
    print(report(result["chip"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
