"""Limits that must hold all through a run, checked each tick against what the plant feels, not what the
firmware says."""

from host_tools.emulator import micropython_shim as micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ACTUATORS = {
    "SPINDLE": 1,
    "PERCUSSION": 2,
    "FEED": 4,
    "CAROUSEL": 8,
    "BREAKOFF": 16,
    "GATE": 32,
    "PROBE": 64,
    "SEALER": 128,
}


class Limits:
    """`rules`: list of {"never_together": [names]}. `broken` lists, in words, each rule at the first time
    it broke."""

    def __init__(self, rules: "list[dict[str, Any]]") -> None:
        self._masks = [[_mask(rule["never_together"]), rule["never_together"]] for rule in rules]
        self.broken: "list[str]" = []

    @micropython.native
    def check(self, energised: int, now_us: int) -> None:
        """Call once a tick with the plant's mask of energised actuators."""
        if not energised or not self._masks:
            return
        left = []
        for entry in self._masks:
            both = energised & entry[0]
            if both & (both - 1):
                self.broken.append(
                    " and ".join(entry[1]) + " energised together at " + str(now_us // 1000) + " ms"
                )
            else:
                left.append(entry)
        if len(left) != len(self._masks):
            self._masks = left


def _mask(names: "list[str]") -> int:
    mask = 0
    for name in names:
        if name not in ACTUATORS:
            raise ValueError("unknown actuator " + name + "; allowed: " + ", ".join(sorted(ACTUATORS)))
        mask |= ACTUATORS[name]
    return mask
