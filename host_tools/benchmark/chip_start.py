"""From power-on to safe outputs and to a payload that runs, on the emulated chip as it is deployed.

boot.py, main.py and the board lie in the file system as sources, the firmware's packages are in the image.
Safe is the moment at which the last output has its level from boot.py (until then the pins float, and the
board's pull-downs hold them); ready is the moment at which the executive takes over: the trail leaves
the stages of the start for the first tick.
"""

from __future__ import annotations

from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.chip import flash_image, session
from host_tools.chip.bridge import Bridge
from host_tools.chip.process import ChipProcess
from host_tools.chip.setup import build_world
from host_tools.chip.uf2 import Image

BOARD = "emulated"
_STEP_US = 1000
_LONGEST_US = 20_000_000
_STAGES = 240  # reset.STAGES: what stands in the trail from here on is a stage of the start


def measure(image: Image, quick: bool) -> list[Figure]:
    """Both times (P9)."""
    del quick  # it takes a few seconds as it is
    flash = flash_image.with_files(image, session.deployed(BOARD))
    world = build_world(BOARD, "sandstone", 1)
    chip = ChipProcess(flash, 1)
    try:
        bridge = Bridge(world, chip)
        clock = world.clock
        ready_us = 0
        begun = False
        while not ready_us:
            if clock.now_us > _LONGEST_US:
                said = bytes(bridge.console[-300:]).decode(errors="replace")
                raise BenchmarkError(f"no start in {_LONGEST_US // 10**6} s; the chip said: {said}")
            bridge.run(clock.now_us + _STEP_US)
            counters = chip.counters()
            begun = begun or bool(counters["watchdog"] and counters["place"] >= _STAGES)
            if begun and counters["place"] < _STAGES:
                ready_us = clock.now_us
    finally:
        chip.close()
    outputs = [pin["gp"] for pin in world.board["pins"].values() if pin["dir"] == "out"]
    missing = [gp for gp in outputs if gp not in bridge.driven_us]
    if missing:
        raise BenchmarkError(f"the pins {missing} are outputs of the board and were never driven")
    return [
        Figure("power-on to the last output safe (P9)", _safe_ms(bridge, outputs), "ms", 300, 120, True),
        Figure("power-on to ready (P9)", ready_us / 1000, "ms", 3000, 1000, True),
    ]


def _safe_ms(bridge: Bridge, outputs: list[int]) -> float:
    return max(bridge.driven_us[gp] for gp in outputs) / 1000
