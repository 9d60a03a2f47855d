"""The benchmark's part on the chip: what it says of a run, and that its measurements can be made."""

from __future__ import annotations

import pytest

from host_tools.benchmark import chip_core, chip_latency, chip_pulses, chip_sizes, chip_start
from host_tools.chip import uf2
from host_tools.run.words import Words


def test_a_runs_figures_are_judged_by_their_gates() -> None:
    result = {
        "slips": 3,
        "emulated_s": 260.0,
        "chip": {
            "heap_free": 90 * 1024,
            "tick_us": {"0": {"worst": 1900, "mean": 700}, "5": {"worst": 5100, "mean": 900}},
        },
    }
    tick, heap, late, *phases = chip_core.figures_of(result, Words.load())
    assert (tick.value, tick.gate, tick.missed) == (5.1, 5, True)
    assert (heap.value, heap.gate, heap.missed) == (90, 100, True)
    assert (late.value, late.unit) == (3, "of 26000")
    assert [one.value for one in phases] == [1.9, 0.7, 5.1, 0.9]


@pytest.mark.chip
def test_latencies_pulses_sizes_and_start_are_measured_and_hold(frozen: uf2.Image) -> None:
    figures = [
        *chip_sizes.measure(frozen),
        *chip_start.measure(frozen, True),
        *chip_latency.measure(frozen.flash, True),
        *chip_pulses.measure(frozen.flash, True),
    ]
    assert [one.what for one in figures if one.missed] == []
    gated = " ".join(one.what for one in figures if one.gate is not None)
    assert all(number in gated for number in ("P4", "P5", "P7", "P9"))
    # Each against the naive way of the same run, and better than it.
    latency = {one.what.split(",")[0].strip(): one.value for one in figures if one.unit == "us"}
    assert latency["e-stop pin to ACTUATOR_ENABLE low (P4)"] < latency["the naive way: a soft pin interrupt"]
    assert sum("naive way" in one.what for one in figures) >= 6
