"""A pytest plugin that runs the collected tests on one mutant after the other, each in a fork of its own.

What a test covers is measured first, each test alone. A mutant then meets the tests that come to its
statement, the quick ones first, until one notices: a fraction of a second instead of a whole run of pytest.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from host_tools.mutation.mutants import Mutant
from host_tools.mutation.patching import Changed, swap

MEMORY_BYTES = 4 << 30
"""More means that it never stops growing: noticed."""
TIMES_MAX = 3
PATIENCE_S = 3.0
"""A test of a mutant may take so many times the processor time that it took unchanged and traced, and so much
more: beyond that it is noticed."""
_SURVIVED, _KILLED, _BROKEN = 0, 1, 3


@cache
def hash_of(path: Path) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def module_name(file: str) -> str:
    """firmware/rochette/services/ledger.py is rochette.services.ledger."""
    return ".".join(Path(file).with_suffix("").parts[1:])


@dataclass
class Seen:
    """What a test does on the unchanged code."""

    passed: bool
    seconds: float
    lines: dict[str, frozenset[int]]
    """By file, relative to the project."""


@dataclass
class Verdict:
    """On one mutant."""

    mutant: Mutant
    killed: bool
    tests: int
    """How many come to the place."""
    seconds: float
    """Wall-clock time it took."""


class Driver:
    """The plugin: tells verdicts as they are reached, without the tests of `below_s(mutant)` and more."""

    def __init__(
        self,
        root: Path,
        mutants: list[Mutant],
        workers: int,
        heard: Callable[[Verdict], None],
        below_s: Callable[[Mutant], float],
    ) -> None:
        self.root = root
        self.mutants = mutants
        self.workers = workers
        self.heard = heard
        self.below_s = below_s
        self.kept = root / "build" / "mutation"
        """What is measured on the unchanged code stays here."""
        self.fallen: list[str] = []
        """Tests that fall short on the unchanged code."""
        self.broken: list[str] = []
        """Mutants that could not be tried."""
        self.judged = 0
        self._failed = False

    def pytest_configure(self) -> None:
        """A mutant is noticed by the first example that fails: nothing is shrunk or kept."""
        from hypothesis import Phase, settings

        settings.register_profile("mutation", phases=(Phase.explicit, Phase.generate), database=None)
        settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes that a test noticed."""
        self._failed = self._failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own."""
        if session.testsfailed:
            self.fallen.append("collection")
            return True
        for file in {m.file for m in self.mutants}:
            importlib.import_module(module_name(file))
        seen = self._seen(session.items)
        self.fallen = [item.nodeid for item in session.items if not seen[item].passed]
        if not self.fallen:
            for verdict in self._verdicts(session.items, seen):
                self.judged += 1
                self.heard(verdict)
        return True

    def _seen(self, items: list[pytest.Item]) -> dict[pytest.Item, Seen]:
        """From earlier runs, for tests that nothing has changed for since; the others are measured."""
        kept = self.kept / f"seen-{self._digest()}.pickle"
        known: dict[str, Seen] = pickle.loads(kept.read_bytes()) if kept.is_file() else {}  # written below
        names = {item: f"{item.nodeid} {hash_of(item.path)}" for item in items}
        files = sorted({m.file for m in self.mutants})
        for item, one in self._baseline([item for item in items if names[item] not in known], files):
            known[names[item]] = one
        for old in self.kept.glob("seen-*.pickle"):
            old.unlink()
        self.kept.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(known))
        return {item: known[name] for item, name in names.items()}

    def _digest(self) -> str:
        """Of everything that each test's way may depend on, apart from its own file."""
        digest = hashlib.sha256(repr(sorted({m.file for m in self.mutants})).encode())
        for folder in ("firmware", "boards", "host_tools", "tests"):
            for path in sorted((self.root / folder).rglob("*")):
                other = path.parent.name == "mutation" or path.name.startswith("test_")
                if path.suffix in (".py", ".toml", ".json") and not other:
                    digest.update(f"{path.relative_to(self.root)} {hash_of(path)}".encode())
        return digest.hexdigest()[:16]

    def _baseline(self, items: list[pytest.Item], files: list[str]) -> Iterator[tuple[pytest.Item, Seen]]:
        with tempfile.TemporaryDirectory(prefix="rochette-mutation-") as folder:

            def one(number: int) -> int:
                seen = self._cover(items[number], files)
                (Path(folder) / str(number)).write_bytes(pickle.dumps(seen))
                return 0

            works = ((number, lambda n=number: one(n)) for number in range(len(items)))
            for number, status, _seconds in self._forked(works):
                kept = Path(folder) / str(number)
                if status != 0 or not kept.is_file():
                    yield items[number], Seen(False, 0.0, {})
                else:
                    yield items[number], pickle.loads(kept.read_bytes())  # written above

    def _cover(self, item: pytest.Item, files: list[str]) -> Seen:
        import coverage
        from coverage.exceptions import CoverageWarning

        kept = coverage.Coverage(
            data_file=None, config_file=False, include=[str(self.root / file) for file in files]
        )
        kept.start()
        begin = time.process_time()
        self._run([item])
        seconds = time.process_time() - begin
        kept.stop()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CoverageWarning)  # a test may come to none of them
            data = kept.get_data()
        lines = {file: frozenset(data.lines(str(self.root / file)) or ()) for file in files}
        return Seen(not self._failed, seconds, lines)

    def _verdicts(self, items: list[pytest.Item], seen: dict[pytest.Item, Seen]) -> Iterator[Verdict]:
        quick = sorted(items, key=lambda item: seen[item].seconds)
        chosen: list[list[pytest.Item]] = []
        for mutant in self.mutants:
            below_s = self.below_s(mutant)
            chosen.append(
                [item for item in quick if seen[item].seconds < below_s and self._comes(mutant, seen[item])]
            )

        def work(number: int) -> Callable[[], int]:
            limits = [TIMES_MAX * seen[item].seconds + PATIENCE_S for item in chosen[number]]
            return lambda: self._judge(self.mutants[number], chosen[number], limits)

        for number, status, seconds in self._forked((n, work(n)) for n in range(len(self.mutants))):
            if status == _BROKEN:
                self.broken.append(self.mutants[number].name)
            yield Verdict(self.mutants[number], status == _KILLED or status < 0, len(chosen[number]), seconds)

    def _comes(self, mutant: Mutant, seen: Seen) -> bool:
        """Whether a test comes to the mutant's statement; to what stands at the module's level, all do."""
        lines = seen.lines[mutant.file]
        return bool(mutant.lines & lines if mutant.where else lines)

    def _judge(self, mutant: Mutant, items: list[pytest.Item], limits: list[float]) -> int:
        """In the fork: 0 when no test notices."""
        if not items:
            return _SURVIVED
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        signal.alarm(int(20 * sum(limits)) + 60)  # a wait that costs no processor time
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        try:
            compile(mutant.source, mutant.file, "exec", dont_inherit=True)
        except SyntaxError:
            return _KILLED
        module = sys.modules[module_name(mutant.file)]
        if not swap(module, mutant.source):
            signal.setitimer(signal.ITIMER_VIRTUAL, sum(limits) + 20 * PATIENCE_S)
            return self._anew(mutant, items)
        try:
            self._run(items, limits)
        except BaseException:  # out of pytest itself: unchanged code does not do that
            return _KILLED
        return _KILLED if self._failed else _SURVIVED

    def _anew(self, mutant: Mutant, items: list[pytest.Item]) -> int:
        """Everything imported anew, with the change: a constant that others have taken over already."""
        for name, module in list(sys.modules.items()):
            file = str(getattr(module, "__file__", None) or "")
            ours = file.startswith(str(self.root)) and ".venv" not in file and "site-packages" not in file
            if ours and not name.startswith("host_tools.mutation"):
                del sys.modules[name]
        sys.meta_path[:] = [
            finder for finder in sys.meta_path if type(finder).__module__ != "host_tools.emulator.loader"
        ]
        Changed(module_name(mutant.file), mutant.source).install()
        by_file = sorted({item.nodeid.split("::")[0] for item in items})
        chosen = {item.nodeid for item in items}
        status = pytest.main(["-x", *OPTIONS, *by_file], plugins=[_Only(chosen)])
        return {0: _SURVIVED, 1: _KILLED, 2: _KILLED}.get(int(status), _BROKEN)

    def _run(self, items: list[pytest.Item], limits: list[float] | None = None) -> None:
        """Until one falls short."""
        for number, item in enumerate(items):
            if limits is not None:
                signal.setitimer(signal.ITIMER_VIRTUAL, limits[number])
            after = items[number + 1] if number + 1 < len(items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self._failed:
                return

    def _forked(self, works: Iterable[tuple[int, Callable[[], int]]]) -> Iterator[tuple[int, int, float]]:
        """Numbers, exit statuses and seconds of works, each in a process, as they end."""
        running: dict[int, tuple[int, float]] = {}
        waiting = iter(works)
        more = True
        while more or running:
            while more and len(running) < self.workers:
                number, work = next(waiting, (-1, None))
                if work is None:
                    more = False
                    break
                sys.stdout.flush()
                child = os.fork()
                if child == 0:
                    _leave(work)
                running[child] = (number, time.monotonic())
            if running:
                child, status = os.wait()
                if child in running:
                    number, begin = running.pop(child)
                    yield number, os.waitstatus_to_exitcode(status), time.monotonic() - begin


OPTIONS = (
    "--override-ini=addopts=--strict-markers --import-mode=importlib",
    "--numprocesses=0",
    "-pno:cacheprovider",
    "-pno:terminal",
    "--hypothesis-seed=1",
    "-Wignore::pytest.PytestAssertRewriteWarning",  # hypothesis is there already when a mutant collects anew
    "-mnot soak and not micropython and not chip and not ground",
)


class _Only:
    """Of what is collected, the chosen tests."""

    def __init__(self, chosen: set[str]) -> None:
        self._chosen = chosen

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Takes the others out."""
        items[:] = [item for item in items if item.nodeid in self._chosen]


def _leave(work: Callable[[], int]) -> None:
    """The end of a fork: nothing of the parent's is tidied up here."""
    told = os.dup(2)
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(silent, stream)
    status = _BROKEN
    try:
        status = work()
    except MemoryError:
        status = _KILLED
    except BaseException:
        os.write(told, traceback.format_exc().encode())
    finally:
        os._exit(status)
