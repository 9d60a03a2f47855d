"""Makes mutants of the custody code with cosmic-ray's operators and runs the tests of custody on each.

Exit status: 0 when at least KILLED_MIN percent were killed, 1 when not, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LEDGER = (
    "tests/unit/test_service_ledger_edges.py",
    "tests/unit/test_service_ledger.py",
    "tests/unit/test_ledger_host.py",
    "tests/unit/test_service_ledger_mirror.py",
    "tests/unit/test_activity_restore.py",
    "tests/campaign/test_ledger_cuts.py",
)
MIRROR = ("tests/unit/test_service_ledger_mirror.py", "tests/campaign/test_flash_cuts.py")
INVENTORY = ("tests/unit/test_service_inventory.py", *LEDGER[1:3])
ACTIVITIES = ("tests/unit/test_activity_restore.py", "tests/unit/test_activity_recovery.py")
MODULES = {
    "firmware/rochette/services/ledger.py": LEDGER,
    "firmware/rochette/services/ledger_mirror.py": MIRROR,
    "firmware/rochette/services/inventory.py": INVENTORY,
    "firmware/rochette/activities/recovery.py": ACTIVITIES[1:],
    "firmware/rochette/activities/record.py": ACTIVITIES,
}
"""What is changed, and the tests that have to notice, the quick ones first."""
KILLED_MIN = 95.0
TIMEOUT_S = 600
# Properties without their decorator are another language; the others have to be told names of variables.
_LEFT_OUT = ("core/RemoveDecorator", "core/VariableInserter", "core/VariableReplacer")
_NUMBERS = "core/NumberReplacer"
_NUMBERS_A_FILE = 60  # of the number replacements, which are most of all mutants, so many at random


Mutant = tuple[str, str, int]
"""File, operator, occurrence."""


def mutants(path: Path, chance: random.Random) -> Iterator[Mutant]:
    """Every place of every operator in a file."""
    from cosmic_ray.ast import ast_nodes, get_ast  # pyright: ignore[reportMissingImports]
    from cosmic_ray.plugins import get_operator, operator_names  # pyright: ignore[reportMissingImports]

    nodes = list(ast_nodes(get_ast(path.read_text(encoding="utf-8"))))
    name = str(path.relative_to(ROOT))
    for operator in sorted(operator_names()):
        if operator in _LEFT_OUT:
            continue
        count = _places(nodes, get_operator(operator)())
        places = list(range(count))
        if operator == _NUMBERS and count > _NUMBERS_A_FILE:
            places = sorted(chance.sample(places, _NUMBERS_A_FILE))
        for place in places:
            yield name, operator, place


def _places(nodes: list[Any], operator: Any) -> int:
    return sum(1 for node in nodes for _ in operator.mutation_positions(node))


def mutated(mutant: Mutant) -> tuple[str, int]:
    """The changed source, and the line of the change."""
    from cosmic_ray.mutating import mutate_code  # pyright: ignore[reportMissingImports]
    from cosmic_ray.plugins import get_operator  # pyright: ignore[reportMissingImports]

    source = (ROOT / mutant[0]).read_text(encoding="utf-8")
    changed = str(mutate_code(source, get_operator(mutant[1])(), mutant[2]))
    pairs = zip(source.splitlines(), changed.splitlines(), strict=False)
    return changed, next((n for n, (a, b) in enumerate(pairs, 1) if a != b), 0)


def copy_tree(to: Path) -> Path:
    """The project's own files, where they may be changed."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def passes(tree: Path, tests: tuple[str, ...]) -> bool:
    """Whether they do. Without the MicroPython VM: it is no part of this environment."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-m", "not soak and not micropython", *tests],
        cwd=tree,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    return done.returncode == 0


def killed(tree: Path, mutant: Mutant) -> tuple[bool, int]:
    """Whether a test notices, and the line that was changed. A test that never ends has noticed."""
    changed, line = mutated(mutant)
    target = tree / mutant[0]
    before = target.read_text(encoding="utf-8")
    target.write_text(changed, encoding="utf-8")
    try:
        return not passes(tree, MODULES[mutant[0]]), line
    except subprocess.TimeoutExpired:
        return True, line
    finally:
        target.write_text(before, encoding="utf-8")


def main() -> int:
    """Run, and say what survived."""
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="seeded share of the mutants, 0 to 1 (1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    if not 0 < args.share <= 1 or args.workers < 1:
        parser.error("--share is above 0 and up to 1, --workers 1 or more")
    chance = random.Random(args.seed)
    found = [one for module in MODULES for one in mutants(ROOT / module, chance)]
    chosen = chance.sample(found, max(1, round(len(found) * args.share)))
    data = tomllib.loads((Path(__file__).parent / "survivors.toml").read_text(encoding="utf-8"))
    explained: dict[str, str] = data["equivalent"]
    print(f"{len(found)} mutants, {len(chosen)} of them run", flush=True)
    trees: SimpleQueue[Path] = SimpleQueue()
    survivors, alive_but_explained = [], 0
    with tempfile.TemporaryDirectory(prefix="rochette-mutants-") as folder:
        for number in range(args.workers):
            trees.put(copy_tree(Path(folder) / str(number)))
        tree = trees.get()
        for tests in sorted({MODULES[mutant[0]] for mutant in chosen}):
            if not passes(tree, tests):
                parser.error(f"nothing is changed yet, and a test of {', '.join(tests)} falls short")
        trees.put(tree)

        def run(mutant: Mutant) -> tuple[Mutant, bool, int]:
            tree = trees.get()
            try:
                return (mutant, *killed(tree, mutant))
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(args.workers) as pool:
            for mutant, dead, line in pool.map(run, chosen):
                name = f"{mutant[0]}:{line} {mutant[1]} {mutant[2]}"
                if not dead and name in explained:
                    alive_but_explained += 1
                elif not dead:
                    survivors.append(name)
                    print(f"survived: {name}", flush=True)
    judged = len(chosen) - alive_but_explained
    share = 100 * (judged - len(survivors)) / judged if judged else 100.0
    print(f"{judged - len(survivors)} of {judged} killed, {share:.1f} %; {alive_but_explained} explained")
    return 0 if share >= KILLED_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
