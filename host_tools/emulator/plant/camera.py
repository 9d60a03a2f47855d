"""The camera: an exposure lasts as long as the shutter line is on; a frame sync of 10 ms follows 40 ms after
its end.

Focusing takes 200 ms of the focus line; an exposure without it is unsharp. When the exposure ends a scene is
appended to `Plant.pictures`: numbers and words only, from which the host draws the picture.
"""

from host_tools.emulator import micropython_shim as micropython

FOCUS_STEPS = 40
READ_STEPS = 8
SYNC_STEPS = 2


class Camera:
    """Shutter, focus and sync."""

    def __init__(self) -> None:
        self.exposing = 0  # grid steps so far
        self.ended = 0  # exposure of the picture just taken, in grid steps; the plant takes it down
        self._read = 0
        self._focus = 0
        self.sharp = False
        self.sync = False
        self.sync_count = 0
        self.dead = False

    @micropython.native
    def awake(self) -> bool:
        """True while the camera needs grid steps."""
        return self.exposing > 0 or self._read > 0 or self.sync or 0 < self._focus < FOCUS_STEPS

    @micropython.native
    def step(self, focus: bool, shutter: bool) -> None:
        """One grid step."""
        self.ended = 0
        if focus:
            if self._focus < FOCUS_STEPS:
                self._focus += 1
        else:
            self._focus = 0
        if self._read:
            self._read -= 1
            if 0 < self._read <= SYNC_STEPS and not self.sync:
                self.sync = True
                self.sync_count += 1
            if self._read == 0:
                self.sync = False
        if self.dead:
            self.exposing = 0
            return
        if shutter:
            if self.exposing == 0:
                self.sharp = self._focus >= FOCUS_STEPS
            self.exposing += 1
        elif self.exposing:
            self.ended = self.exposing
            self.exposing = 0
            self._read = READ_STEPS + SYNC_STEPS
