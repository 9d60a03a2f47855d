"""Drives a bare plant through a whole core, without electronics or firmware: the same file runs on CPython
and on the MicroPython VM.

`Rig` is a crude hand on the plant's inputs that may read its truths. Run as a program it prints a hash of
all outputs on the way.
"""

import hashlib

from host_tools.emulator.plant import OUTPUTS, Plant


class Rig:
    """Moves one plant about."""

    def __init__(self, rock: dict, seed: int, geometry: dict) -> None:
        self.p = Plant(rock, seed, geometry)
        self.us = 0
        self.hash = hashlib.sha256()
        self.p.enable = True
        self.peak_aux_ma = 0

    def wait(self, ms: int) -> None:
        """Time passes in 10 ms ticks; each tick's outputs go into the hash."""
        p = self.p
        for _ in range(ms // 10):
            self.us += 10_000
            p.advance(self.us)
            if p.aux_ma > self.peak_aux_ma:
                self.peak_aux_ma = p.aux_ma

    def note(self) -> None:
        """Puts all outputs into the hash."""
        p = self.p
        row = [int(getattr(p, name)) for name in OUTPUTS]
        row += [p.depth_um, p.core_um, p.bit_z_um, p.ring_angle, p.tube_mass_mg]
        self.hash.update(repr(row).encode())

    def carriage_to(self, z_um: int, stop_mn: int = 1 << 30) -> None:
        """Steps the feed until the carriage is at a height or the spring feels a force."""
        p = self.p
        while True:
            gap = z_um * 1000 - p.carriage_nm
            if -1_000 < gap < 1_000 or p.force_mn >= stop_mn:
                break
            p.feed_steps += max(-160, min(160, gap // 625))
            self.wait(10)
        self.note()

    def ring_to(self, position: int, station: str) -> None:
        """Turns a ring position to a station by the true angle."""
        p = self.p
        turn = p.ring.turn
        count = p.ring.seats + 1
        want = ((p.ring.pitch_of[station] - position) * turn * 2 + count) // (2 * count)
        gap = (want - p.ring.angle) % turn
        if gap > turn // 2:
            gap -= turn
        v = 0
        while gap:
            way = 1 if gap > 0 else -1
            v = min(v + 1, 19)
            d = min(v, abs(gap), abs(gap) // 8 + 1) * way
            p.carousel_steps += d
            gap -= d
            self.wait(10)
        self.wait(100)
        self.note()

    def cam(self, pulse_us: int) -> None:
        """Turns the break-off cam."""
        self.p.breakoff_pulse_us = pulse_us
        self.wait(1500)
        self.note()

    def take(self, tube: int) -> None:
        """Takes a tube from its seat."""
        self.ring_to(tube, "DRILL")
        self.cam(1500)
        self.carriage_to(46_000, 12_000)
        self.carriage_to(20_000)

    def ground(self) -> None:
        """Opens the way to the ground."""
        self.ring_to(0, "DRILL")
        self.p.gate_pulse_us = 2000
        self.wait(1200)

    def core(self, depth_um: int, level: int, most_s: int = 2400) -> None:
        """Cores at one level, pecking every 7 mm."""
        p = self.p
        weight = 40_000 + 2_500 * level
        if level >= 3:
            p.percussion_mhz = 10_000 + 20_000 * (level - 3) // 17
            p.percussion_pulse_us = 3_000 + 9_000 * (level - 3) // 17
        p.spindle_permille = 700
        self.carriage_to(60_000, weight)
        last = p.depth_um
        end = self.us + most_s * 1_000_000
        while p.depth_um < depth_um and self.us < end:
            p.feed_steps += max(-60, min(60, (weight - p.force_mn) // 200))
            p.spindle_permille = max(0, min(1000, p.spindle_permille + (120_000 - p.w_mrpm) // 4_000))
            self.wait(10)
            if p.depth_um - last > 7_000:
                last = p.depth_um
                self.carriage_to((p.hole_nm // 1000) - 4_500)
                self.wait(500)
                self.carriage_to(200_000, weight)
                self.note()
        p.spindle_permille = 0
        p.percussion_mhz = 0
        p.percussion_pulse_us = 0
        self.wait(1000)
        self.note()

    def retract(self) -> None:
        """Breaks off, comes up, settles the core."""
        self.peak_aux_ma = 0
        self.cam(1100)
        self.carriage_to(15_000)
        self.p.gate_pulse_us = 1000
        self.p.percussion_mhz = 10_000
        self.p.percussion_pulse_us = 8_000
        self.wait(600)
        self.p.percussion_mhz = 0
        self.wait(600)
        self.note()

    def dock(self, seat: int) -> None:
        """Gives the tube back to a seat."""
        self.ring_to(seat, "DRILL")
        self.carriage_to(46_000, 12_000)
        self.cam(1900)
        self.carriage_to(15_000)
        self.cam(1500)

    def shoot(self, exposure_ms: int, led_permille: int) -> None:
        """Takes one picture."""
        self.p.led_permille = led_permille
        self.p.focus = True
        self.wait(300)
        self.p.shutter = True
        self.wait(exposure_ms)
        self.p.shutter = False
        self.p.focus = False
        self.wait(200)
        self.p.led_permille = 0
        self.note()

    def measure(self) -> int:
        """Runs the probe in until it stalls; returns the fill it sees in um."""
        p = self.p
        p.probe_permille = 1000
        while p.aux_ma < 300 or p.probe.um < 200:
            self.wait(10)
            if p.probe.um >= 86_000:
                break
        found = 85_000 - p.probe.um
        p.probe_permille = -1000
        while p.probe.um > 0:
            self.wait(10)
        p.probe_permille = 0
        self.wait(100)
        return found

    def seal(self) -> int:
        """Fetches a seal and presses it on; returns the peak force in mN."""
        p = self.p
        peak = 0
        p.sealer_permille = 1000
        for _ in range(1200):
            self.wait(10)
            peak = max(peak, p.sealer.force_mn)
            if p.sealer.um > 33_500:
                break
        p.sealer_permille = -1000
        while p.sealer.um > 0:
            self.wait(10)
        p.sealer_permille = 0
        self.wait(100)
        self.note()
        return peak

    def whole(self, tube: int, depth_um: int, level: int) -> int:
        """A core from seat to sealed tube; returns the fill the probe saw."""
        self.take(tube)
        self.ground()
        self.core(depth_um, level)
        self.retract()
        self.shoot(100, 500)
        self.dock(tube)
        self.ring_to(tube, "CAMERA")
        self.shoot(100, 500)
        self.ring_to(tube, "PROBE")
        fill = self.measure()
        self.ring_to(tube, "SEAL")
        self.seal()
        self.ring_to(tube, "CAMERA")
        self.shoot(100, 500)
        return fill


def outcome(rig: Rig, spec: dict) -> list:
    """Runs a whole core and gives hash, fill, time and depth."""
    fill = rig.whole(spec["tube"], spec["depth_um"], spec["level"])
    rig.hash.update(repr([[scene[key] for key in sorted(scene)] for scene in rig.p.pictures]).encode())
    return [rig.hash.digest().hex(), fill, rig.us, rig.p.depth_um]


def main() -> None:
    """Reads {"rock", "seed", "level", "tube", "depth_um"} as a line of JSON from stdin and prints the
    outcome as JSON.
    """
    import json
    import sys

    spec = json.loads(sys.stdin.readline())
    print(json.dumps(outcome(Rig(spec["rock"], spec["seed"], {}), spec)))


if __name__ == "__main__":
    main()
