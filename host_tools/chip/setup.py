"""The world that the emulated chip drives: parts and plant, as on the other targets, without emulated
`machine`.
"""

from __future__ import annotations

from typing import Any

from host_tools.emulator.plant import Plant
from host_tools.emulator.world import World


def build_world(board: str, rock: str, seed: int) -> World:
    """A world of this board in front of this rock. Raises UsageError for a rock or board that is not
    there.
    """
    from host_tools.run.runner import Asked, make_spec

    return world_of(make_spec(Asked(rock=rock, seed=seed, board=board)))


def world_of(spec: dict[str, Any]) -> World:
    """The world of a run's specification."""
    from host_tools.run.runner import board_data

    data = board_data(str(spec["board"]))
    plant = Plant(spec["rock_data"], int(spec["seed"]), data["mechanics"])
    # The real chip's tick counters start at zero.
    return World(data, plant, int(spec["seed"]), start_ticks_us=0)
