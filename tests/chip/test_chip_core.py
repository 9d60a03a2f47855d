"""A short core on the chip: the events of CPython and of MicroPython, and the same trace every time."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools import scenarios
from host_tools.chip import image_build, uf2
from host_tools.run import runner

# Events that tell of the machine and not of the work, and one whose number depends on when a level is
# looked at.
_OWN = ("SYSTEM_TICK_SLIPPED", "CORER_LEVEL_CHANGED")


def _run(target: str) -> runner.Done:
    return runner.run(runner.Asked(rock="sandstone", seed=3, depth_mm=3, release="auto", target=target))


def _story(done: runner.Done) -> list[Any]:
    return [event["name"] for event in done.events if event["name"] not in _OWN]


@pytest.mark.begin_with
@pytest.mark.micropython
def test_a_core_is_sealed_with_the_events_of_the_other_targets(frozen: uf2.Image) -> None:
    first = _run("chip")
    assert first.result["outcome"] == "SEALED", first.result["reason_text"]
    story = _story(first)
    assert "SAMPLE_SEAL_ACTIVATED" in story
    assert story == _story(_run("cpython")) == _story(_run("micropython"))
    assert first.result["chip"]["heap_free"] >= 100_000


@pytest.mark.chip
def test_the_trace_is_the_same_every_time(frozen: uf2.Image) -> None:
    first, second = _run("chip"), _run("chip")
    assert first.result["trace_sha256"] == second.result["trace_sha256"] != ""


@pytest.mark.chip
@pytest.mark.parametrize("name", [one.name for one in scenarios.load_all() if one.chip])
def test_a_scenario_comes_out_as_on_the_other_targets(frozen: uf2.Image, name: str) -> None:
    verdict = scenarios.run_one(scenarios.find(name), "chip")
    assert verdict.state == scenarios.OK, "; ".join(verdict.complaints)


@pytest.mark.chip
@pytest.mark.parametrize("frozen_too", [False, True])
def test_two_builds_give_the_same_bytes(stock: uf2.Image, frozen_too: bool, tmp_path: Any) -> None:
    """The cache has one; the other is built elsewhere, from the packages that were downloaded for the
    first.
    """
    cached = image_build.frozen_path() if frozen_too else stock.path
    packages = image_build.cache.folder() / "build" / image_build.MICROPYTHON.split("+")[0] / "packages"
    if not (packages / ".complete").exists():
        pytest.skip("the image in the cache was not built here: there are no packages to build it from again")
    work = tmp_path / "another" / "place"
    work.mkdir(parents=True)
    (work / "packages").symlink_to(packages)
    again = image_build.build(frozen_too, work, tmp_path / "again.uf2")
    assert again.read_bytes() == cached.read_bytes()
