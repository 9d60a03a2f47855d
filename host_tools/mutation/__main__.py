"""Makes mutants of the custody code with cosmic-ray's operators and runs the tests of custody on each.

Exit status: 0 when at least KILLED_MIN percent were killed, 1 when not, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from host_tools.mutation.driver import OPTIONS, Driver, Verdict
from host_tools.mutation.mutants import REPLACEMENTS, Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    "firmware/rochette/services/ledger.py",
    "firmware/rochette/services/ledger_mirror.py",
    "firmware/rochette/services/inventory.py",
    "firmware/rochette/activities/recovery.py",
    "firmware/rochette/activities/record.py",
)
TESTS = (
    "tests/unit/test_custody_edges.py",
    "tests/unit/test_service_inventory.py",
    "tests/unit/test_service_ledger.py",
    "tests/unit/test_service_ledger_edges.py",
    "tests/unit/test_service_ledger_mirror.py",
    "tests/unit/test_ledger_host.py",
    "tests/unit/test_activity_custody.py",
    "tests/unit/test_activity_recovery.py",
    "tests/unit/test_activity_restore.py",
    "tests/unit/test_recovery_look_back.py",
    "tests/campaign/test_ledger_cuts.py",
    "tests/campaign/test_flash_cuts.py",
)
KILLED_MIN = 95.0
QUICK_S = 0.3
"""What nobody can tell apart is tried with the tests below: should one notice, it can be told apart."""


class Explained:
    """survivors.toml: rules by operator, place and change, each with its reason."""

    def __init__(self, path: Path) -> None:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        self._rules = [(re.compile(rule["mutant"]), rule["why"]) for rule in data["equivalent"]]

    def why(self, mutant: Mutant) -> str:
        """The reason, or ""."""
        return next((why for pattern, why in self._rules if pattern.fullmatch(mutant.name)), "")


def main() -> int:
    """Run, and say what survived."""
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="seeded share of the mutants, 0 to 1 (1)")
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants with TEXT in their names")
    parser.add_argument(
        "--replacements",
        type=int,
        default=REPLACEMENTS,
        metavar="N",
        help=f"at each place so many of the operators that can replace another ({REPLACEMENTS}; 99: all)",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--below",
        type=float,
        default=float("inf"),
        metavar="S",
        help="without the tests that take longer: a first look, in which more survive (all tests)",
    )
    parser.add_argument(
        "--log", type=argparse.FileType("w"), help="a line for each mutant, as they are judged"
    )
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    if not 0 < args.share <= 1 or args.workers < 1:
        parser.error(f"--share {args.share} --workers {args.workers}: above 0 and up to 1, 1 or more")
    chance = random.Random(args.seed)
    found = [
        one
        for file in FILES
        for one in mutants(ROOT, file, chance, args.replacements)
        if args.only in one.name
    ]
    if not found:
        parser.error(f"--only {args.only}: no mutant's name has it")
    chosen = chance.sample(found, max(1, round(len(found) * args.share)))
    explained = Explained(Path(__file__).parent / "survivors.toml")
    print(f"{len(found)} mutants, {len(chosen)} of them run", flush=True)
    survivors: list[Verdict] = []
    with Progress(transient=True) as progress:
        task = progress.add_task("mutants", total=len(chosen))

        def heard(verdict: Verdict) -> None:
            progress.advance(task)
            if args.log:
                print(
                    f"{verdict.seconds:.1f} s {verdict.killed} {verdict.tests} {verdict.mutant.name}",
                    file=args.log,
                    flush=True,
                )
            if not verdict.killed:
                survivors.append(verdict)

        def below_s(mutant: Mutant) -> float:
            return QUICK_S if explained.why(mutant) else args.below

        driver = Driver(ROOT, chosen, args.workers, heard, below_s)
        pytest.main([*OPTIONS, *TESTS], plugins=[driver])
    if driver.fallen:
        parser.error(f"nothing is changed yet, and these fall short: {', '.join(driver.fallen[:5])}")
    if driver.judged != len(chosen):
        parser.error(
            f"{driver.judged} of {len(chosen)} mutants were tried: pytest could not begin, see above"
        )
    for name in driver.broken:
        print(f"could not be tried: {name}")
    return _end(chosen, survivors, explained)


def _end(chosen: list[Mutant], survivors: list[Verdict], explained: Explained) -> int:
    unexplained = [v for v in survivors if not explained.why(v.mutant)]
    for verdict in sorted(unexplained, key=lambda v: (v.mutant.file, v.mutant.line)):
        come = f"{verdict.tests} tests come there" if verdict.tests else "no test comes there"
        print(f"survived: {verdict.mutant.name}   ({verdict.mutant.operator[5:]}, {come})")
    equivalent = len(survivors) - len(unexplained)
    judged = len(chosen) - equivalent
    share = 100 * (judged - len(unexplained)) / judged if judged else 100.0
    killed = judged - len(unexplained)
    print(f"{killed} of {judged} killed, {share:.2f} %; {equivalent} more cannot be told apart")
    return 0 if share >= KILLED_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
