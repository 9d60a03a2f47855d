"""Where the units of a campaign are done: in this process, on all cores of this machine, or on Dask workers.

A pool has submit(unit) and finished(): the units that have ended since, with their records. It keeps the
units in no order; the campaign asks for them again by their ids.
"""

from __future__ import annotations

import concurrent.futures
import json
import multiprocessing
import os
import signal
from collections import deque
from typing import Any, Protocol

from host_tools.campaign.plan import Record, Unit, run_json, run_unit
from host_tools.run.errors import UsageError


class PoolError(Exception):
    """The workers went away; what is in the results file is good, the rest can be done by the same
    command."""


class Pool(Protocol):
    """What the campaign needs of the place where its units are done."""

    width: int
    """How many units are worth having under way at once."""

    def submit(self, unit: Unit) -> None:
        """Begin a unit, or put it in the queue."""

    def finished(self) -> list[tuple[Unit, list[Record]]]:
        """Wait until at least one unit has ended. Raises PoolError when none will."""
        ...

    def close(self) -> None:
        """End what runs, now."""


class Here:
    """One unit after the other in this process: for tests, and where there is one core."""

    width = 1

    def __init__(self) -> None:
        self._waiting: deque[Unit] = deque()

    def submit(self, unit: Unit) -> None:
        """See Pool."""
        self._waiting.append(unit)

    def finished(self) -> list[tuple[Unit, list[Record]]]:
        """See Pool."""
        unit = self._waiting.popleft()
        return [(unit, run_unit(unit))]

    def close(self) -> None:
        """See Pool."""
        self._waiting.clear()


def _quiet() -> None:
    """A worker leaves Ctrl-C to the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Local:
    """A process for each core. They are started anew, so that nothing of this process leaks into a run."""

    def __init__(self, workers: int) -> None:
        self.width = workers
        self._pool = concurrent.futures.ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn"), initializer=_quiet
        )
        self._running: dict[concurrent.futures.Future[str], Unit] = {}

    def submit(self, unit: Unit) -> None:
        """See Pool."""
        self._running[self._pool.submit(run_json, unit.as_json())] = unit

    def finished(self) -> list[tuple[Unit, list[Record]]]:
        """See Pool."""
        done, _ = concurrent.futures.wait(self._running, return_when=concurrent.futures.FIRST_COMPLETED)
        try:
            return [(self._running.pop(future), json.loads(future.result())) for future in done]
        except concurrent.futures.process.BrokenProcessPool as error:
            raise PoolError("a worker process was ended from outside (out of memory?)") from error

    def close(self) -> None:
        """See Pool."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()


class OnDask:
    """The workers of a Dask cluster that runs already. They need this project installed, at this version."""

    def __init__(self, address: str) -> None:
        """Connect to the scheduler at `address` (tcp://HOST:PORT). Raises UsageError in words."""
        try:
            import distributed
        except ImportError as error:
            raise UsageError(
                "--dask: the package 'distributed' is not installed. In the project's environment: "
                "pip install -c requirements.lock -e '.[dask]'. Nothing was run."
            ) from error
        self._distributed: Any = distributed
        try:
            self._client: Any = distributed.Client(address, timeout=10, set_as_default=False)
            self.width = sum(self._client.nthreads().values())
        except (OSError, ValueError, TimeoutError) as error:
            raise UsageError(
                f"--dask {address}: no Dask scheduler answers there "
                f"({type(error).__name__}: {error}). Nothing was run."
            ) from error
        if not self.width:
            self._client.close()
            raise UsageError(f"--dask {address}: the cluster has no workers. Nothing was run.")
        self._running: dict[Any, Unit] = {}

    def submit(self, unit: Unit) -> None:
        """See Pool."""
        # pure=False: a unit that is asked for again is done again.
        self._running[self._client.submit(run_apart, unit.as_json(), pure=False)] = unit

    def finished(self) -> list[tuple[Unit, list[Record]]]:
        """See Pool."""
        with self._client.as_current():
            done = self._distributed.wait(list(self._running), return_when="FIRST_COMPLETED").done
        try:
            return [(self._running.pop(future), json.loads(future.result())) for future in done]
        except Exception as error:
            raise PoolError(f"a Dask worker failed: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """See Pool."""
        for future in self._running:
            future.cancel()
        self._client.close()


def run_apart(text: str) -> str:
    """run_json() in a process of its own: a Dask worker has threads, and a run forks and takes the modules
    `machine` and `micropython` for itself."""
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "host_tools.campaign.worker"], input=text, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    return done.stdout


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def choose(dask: str | None, workers: int | None) -> Pool:
    """The pool that the command line asks for."""
    if dask is not None:
        return OnDask(dask)
    count = workers or cores()
    return Here() if count == 1 else Local(count)
