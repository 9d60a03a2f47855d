"""What the steps are handed. Without a bench session nothing here is collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from host_tools.bench.plugin import BENCH, Bench
from host_tools.bench.rig import Rig
from host_tools.bench.stimulus import Stimulus


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if BENCH not in config.stash and collection_path.parent == Path(__file__).parent else None


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest) -> Bench:
    """The session: calibration, traces."""
    return request.config.stash[BENCH]


@pytest.fixture(scope="session")
def rig(bench: Bench) -> Rig:
    """The board under test."""
    return bench.rig


@pytest.fixture
def stimulus(bench: Bench) -> Iterator[Stimulus]:
    """The stimulus board; afterwards it drives nothing."""
    assert bench.stimulus is not None, "the step does not say that it needs 'stimulus'"
    bench.stimulus.let("all")
    yield bench.stimulus
    bench.stimulus.let("all")


@pytest.fixture
def measured(
    request: pytest.FixtureRequest, record_property: Callable[[str, Any], None]
) -> Callable[..., None]:
    """Call it with name=value: shown beside the step, and kept in the report."""

    def note(**values: Any) -> None:
        for name, value in values.items():
            record_property(name, value)

    return note


@pytest.fixture(autouse=True)
def _doc(request: pytest.FixtureRequest, record_property: Callable[[str, Any], None]) -> None:
    doc = getattr(request.function, "__doc__", None) or ""
    record_property("doc", doc.strip().splitlines()[0] if doc else "")
