"""A session that plays a short, made-up run to a sink: what the host tools are tested with, without payload
or plant.

Run as a program it speaks the protocol's JSON lines, as the MicroPython VM does; `python sample_session.py
HOW` picks how it ends: well, die, garbage, silent.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

COLUMNS = [
    "time_ms",
    "phase",
    "depth_um",
    "weight_mn",
    "spindle_ma",
    "level",
    "rop_um_s",
    "rpm",
    "feed_um",
    "energised",
    "carousel_position",
    "lux",
    "battery_mv",
    "sealer_um",
]
# (phase number, its length in s, energised mask)
PHASES = (
    (1, 5, 0),
    (2, 40, 4),
    (3, 60, 8),
    (5, 60, 4),
    (6, 20, 8),
    (7, 30, 0),
    (8, 60, 4),
    (9, 30, 4),
    (10, 1500, 7),
    (11, 20, 16),
    (12, 45, 4),
    (13, 10, 0),
    (14, 5, 2),
    (15, 10, 0),
    (16, 10, 0),
    (17, 10, 0),
    (18, 60, 4),
    (19, 10, 0),
    (20, 60, 64),
    (21, 40, 128),
    (22, 60, 128),
    (23, 10, 0),
    (24, 5, 0),
    (25, 5, 0),
)
EVIDENCE = {
    "sample": 1,
    "tube": 7,
    "verdict": 1,
    "reason": 5,
    "depth_um": 66_010,
    "snap": 1,
    "peak_ma": 1_450,
    "mass": 1,
    "core_mn": 209,
    "expected_mn": 214,
    "image": 1,
    "picture": 2,
    "confidence_permille": 930,
    "light_ok": 1,
    "lux": 5400,
    "fill": 0,
    "fill_um": 0,
    "fill_uncertainty_um": 0,
}


def noise(n: int, span: int) -> int:
    """Seeded and plain: the same on every machine."""
    return (n * 1_103_515_245 + 12_345) // 65_536 % (2 * span + 1) - span


class SampleSession:
    """Plays to a sink. `ids` maps event names to ids; `end` chooses what the result says."""

    def __init__(self, spec: dict[str, Any], sink: Any, ids: dict[str, int], verdict: int = 1) -> None:
        self.spec = spec
        self.sink = sink
        self.ids = ids
        self.verdict = verdict
        self.ms = 0
        self.count = 0
        self.made_safe = False

    def say(self, name: str, *args: int) -> None:
        if name in self.ids:
            self.count += 1
            padded = (list(args) + [0, 0, 0, 0])[:4]
            self.sink.event({"tick": self.ms // 10, "ms": self.ms, "id": self.ids[name], "args": padded})

    def run(self) -> dict[str, Any]:
        try:
            return self._run()
        finally:
            self.made_safe = True

    def _run(self) -> dict[str, Any]:
        self.sink.columns(COLUMNS)
        sample = depth = level = 0
        sealed = False
        begins: dict[int, list[tuple[Any, ...]]] = {
            5: [
                ("SAMPLE_TUBES_COUNTED", 43, 43),
                ("SAMPLE_READY", 105_000),
                ("SAMPLE_STARTED", 1, self.spec["tube"], self.spec["depth_um"]),
            ],
            6: [("SAMPLE_TUBE_TAKEN", self.spec["tube"], 393)],
            9: [("SAMPLE_CONTACT", 50_812, 44_000, 58_000)],
            11: [("SAMPLE_CORED", 66_010, 14, 8)],
            12: [("SAMPLE_BROKEN_OFF", 1_450, 1)],
            16: [("SAMPLE_WEIGHED", 209, 214, 1), ("SAMPLE_IMAGED", 2, self.verdict, 930, 1)],
            17: [("SAMPLE_VERDICT", self.verdict, 3, 0, 1), ("SAMPLE_HOLD", 1, self.spec["tube"], 5)],
            19: [("SAMPLE_DOCKED", self.spec["tube"], self.spec["tube"], 40_120)],
            21: [("SAMPLE_FILL", 3, 65_900, 200, 66_010)],
            22: [("SAMPLE_SEAL_DISPENSED", 24_000, 1)],
            23: [("SAMPLE_SEAL_ACTIVATED", 121_000, 2_900)],
            25: [("SAMPLE_STORED", self.spec["tube"], self.spec["tube"], 1), ("SAMPLE_ENDED", 1, 1, 1)],
        }
        for phase, seconds, energised in PHASES:
            for event in begins.get(phase, ()):
                self.say(*event)
            self.say("SAMPLE_PHASE", phase)
            if phase in (13, 16, 19, 23):
                self.sink.picture(self.scene(phase))
            if phase == 17:
                answer = self.sink.hold(dict(EVIDENCE, verdict=self.verdict, tube=self.spec["tube"]))
                if answer["answer"] != "release":
                    return self.result(2, 5, 0, 0)
                self.say("SAMPLE_RELEASED", 1, self.spec["tube"])
                sealed = True
            for i in range(seconds * 5):
                n = self.ms // 200
                coring = phase == 10
                if coring:
                    depth = min(66_010, depth + 8 + n % 3)
                    level = min(14, 3 + 2 * (i // 400))
                weight = 55_000 + 2_000 * level + noise(n, 2_500) if coring else noise(n, 60)
                row = [
                    self.ms,
                    phase,
                    depth,
                    weight,
                    900 + 60 * level + noise(n, 220) if coring else 0,
                    level if coring else 0,
                    44 + noise(n, 6) if coring else 0,
                    118 + noise(n, 3) if coring else 0,
                    depth // 2,
                    energised,
                    0,
                    5400,
                    11_900 - n // 40,
                    0,
                ]
                self.sink.telemetry(row)
                self.ms += 200
                sample += 1
        assert sealed
        return self.result(1, 1, 3, 1)

    def scene(self, phase: int) -> dict[str, Any]:
        number = {13: 1, 16: 2, 19: 3, 23: 4}[phase]
        subject = {13: "BIT", 16: "BIT", 19: "TUBE", 23: "SEAL"}[phase]
        return {
            "no": number,
            "subject": subject,
            "t_us": self.ms * 1000,
            "tube": self.spec["tube"],
            "fill_um": 65_900,
            "bore_um": 80_000,
            "core": "SOLID",
            "colour": [150, 110, 84],
            "grain": 200,
            "settled": number > 1,
            "sealed": True,
            "lux": 900,
            "led_permille": 500,
            "led_full_lux": 400,
            "exposure_us": 40_000,
            "sun_mdeg": 41_000,
            "sun_permille": 620,
            "focused": True,
            "wear_permille": 40,
            "noise_seed": number,
        }

    def result(self, outcome: int, reason: int, fill: int, seal: int) -> dict[str, Any]:
        curve = [[x, 200 + (24_000 if 9_000 < x < 14_000 else 0)] for x in range(0, 30_000, 500)]
        curve += [[30_000 + x, x * 40] for x in range(0, 3_000, 100)] + [[33_200, 71_000], [33_400, 40_000]]
        return {
            "outcome": outcome,
            "reason": reason,
            "sample": 1,
            "tube": self.spec["tube"],
            "verdict": self.verdict,
            "fill": fill,
            "fill_um": 65_900,
            "seal": seal,
            "depth_um": 66_010,
            "max_level": 14,
            "emulated_ms": self.ms,
            "events": self.count,
            "slips": 0,
            "trace_sha256": "5a" * 32,
            "evidence": dict(
                EVIDENCE, verdict=self.verdict, fill=fill, fill_um=65_900, fill_uncertainty_um=200
            ),
            "custody": [
                {"sequence": 1, "kind": "COMMISSIONED", "tube": 0, "ms": 0, "digest": "9f2c51aa07b3d4e8"},
                {"sequence": 2, "kind": "TAKEN", "tube": 7, "ms": 190_000, "digest": "0b77aa51c9d0e1f2"},
            ],
            "seal_curve": curve if seal else [],
            "limits_broken": [],
            "refused": "",
        }


class LineSink:
    """The VM's side of the protocol."""

    def columns(self, names: list[str]) -> None:
        self.put({"t": "columns", "names": names})

    def event(self, event: dict[str, Any]) -> None:
        self.put(dict(event, t="event"))

    def telemetry(self, row: list[int]) -> None:
        self.put({"t": "telemetry", "row": row})

    def picture(self, scene: dict[str, Any]) -> Any:
        self.put({"t": "picture", "scene": scene})
        return json.loads(sys.stdin.readline())

    def hold(self, evidence: dict[str, Any]) -> Any:
        self.put({"t": "hold", "evidence": evidence})
        return json.loads(sys.stdin.readline())

    def put(self, message: dict[str, Any]) -> None:
        print(json.dumps(message), flush=True)


def main() -> int:
    how = sys.argv[1]
    spec = json.loads(sys.stdin.readline())
    sink = LineSink()
    if how == "die":
        sink.columns(COLUMNS)
        print("Traceback (most recent call last):\nMemoryError: memory allocation failed", file=sys.stderr)
        return 1
    if how == "garbage":
        sink.put({"t": "nonsense"})
        return 0
    if how == "silent":
        sink.columns(COLUMNS)
        time.sleep(60)
        return 0
    print("a line that is no message")
    sink.put({"t": "result", "result": SampleSession(spec, sink, json.loads(sys.argv[2])).run()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
