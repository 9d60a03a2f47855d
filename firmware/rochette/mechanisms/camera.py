"""Camera: light, focus, shutter, and the frame sync that proves a picture. The pixels never come here.

A picture counts only when the camera's frame sync was seen after the exposure. Whether there was enough light
is decided here, from the light sensor without and with the ring light and from the exposure; what the picture
shows comes back as an assessment by number, accepted for the last pictures only, and never as more than
INCONCLUSIVE for a dark one.

Exposures are made in whole ticks of 10 ms. `tick()` allocates nothing; nothing here may be called from an
interrupt.
"""

from array import array

from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.tables import (
    ASSESS_RESULT_ACCEPTED,
    ASSESS_RESULT_BAD_VALUE,
    ASSESS_RESULT_LIGHT_DOWNGRADE,
    ASSESS_RESULT_STALE,
    ASSESS_RESULT_UNKNOWN_PICTURE,
    CAMERA_RESULT_HALTED,
    CAMERA_RESULT_NO_LIGHT_SENSOR,
    CAMERA_RESULT_NO_SYNC,
    CAMERA_RESULT_OK,
    CAMERA_RESULT_PENDING,
    CAMERA_RESULT_STUCK_SYNC,
    CAMERA_STATE_EXPOSE,
    CAMERA_STATE_FOCUS,
    CAMERA_STATE_IDLE,
    CAMERA_STATE_LIGHT,
    CAMERA_STATE_SYNC,
    DEGRADED_NO_LIGHT_SENSOR,
    EV_CAMERA_ASSESSED,
    EV_CAMERA_ASSESSMENT_REFUSED,
    EV_CAMERA_HALTED,
    EV_CAMERA_NO_LIGHT_SENSOR,
    EV_CAMERA_NO_SYNC,
    EV_CAMERA_PICTURE_TAKEN,
    EV_CAMERA_STUCK_SYNC,
    EV_CAMERA_TOO_DARK,
    P_CAMERA_EXPOSURE_MAX_US,
    P_CAMERA_EXPOSURE_MIN_US,
    P_CAMERA_FOCUS_MS,
    P_CAMERA_LED_FULL_LUX,
    P_CAMERA_LED_SEEN_PERMILLE,
    P_CAMERA_LIGHT_MIN_LUX_MS,
    P_CAMERA_LIGHT_READ_MS,
    P_CAMERA_SYNC_MS,
    P_SYSTEM_DEGRADED,
    VERDICT_ABSENT,
    VERDICT_INCONCLUSIVE,
    VERDICT_NONE,
    VERDICT_PRESENT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from rochette.drivers.camera_trigger import CameraTrigger
    from rochette.drivers.led_ring import LedRing
    from rochette.drivers.veml7700 import Veml7700
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
# Pictures whose assessment is still accepted.
SLOTS = 4
# Full sun is 120,000 lux; more is a sensor fault, and light times exposure stays within 31-bit integers.
_LUX_MAX = 140_000
_LUX_MS_MAX = 1_000_000_000


_NO_SENSOR = 1 << DEGRADED_NO_LIGHT_SENSOR


def _no_table() -> int:
    """Stands where nobody has a sun table."""
    return -1


class Camera:
    """Camera, ring light and light gate.

    trigger: focus, shutter and frame sync; led: ring light; light: ambient light sensor; parameters, events:
    services.

    Attributes, read only: `state`, `busy`, `result` (enums CameraState, CameraResult), `picture_no` (newest
    picture, 0 none), `lux_before` (ambient light before it), `light_score` (lux times ms), `light_ok`,
    `exposure_us` (as made). `sun_lux()`, set from outside, is the ambient light by the sun table, -1 for
    unknown: it stands for the sensor in the degraded mode NO_LIGHT_SENSOR, and the ring light, which only the
    sensor could see burn, counts nothing then.
    """

    def __init__(
        self,
        trigger: "CameraTrigger",
        led: "LedRing",
        light: "Veml7700",
        parameters: "Parameters",
        events: "Events",
    ) -> None:
        self._trigger = trigger
        self._led = led
        self._light = light
        self._values: "array[int]" = parameters.values
        self._emit = events.emit
        self.name = "camera"
        self.sun_lux: "Callable[[], int]" = _no_table
        self.state = CAMERA_STATE_IDLE
        self.busy = False
        self.result = CAMERA_RESULT_PENDING
        self.picture_no = 0
        self.lux_before = 0
        self.light_score = 0
        self.light_ok = False
        self.exposure_us = 0
        self._led_permille = 0
        self._wait = 0
        self._exposure_ticks = 0
        self._numbers = array("i", [0] * SLOTS)
        self._verdicts = array("i", [0] * SLOTS)
        self._confidences = array("i", [0] * SLOTS)
        self._lit = bytearray(SLOTS)

    @property
    def lux(self) -> int:
        """Ambient light now, lux; -1 when the sensor does not answer. In the degraded mode NO_LIGHT_SENSOR
        the sun table's, -1 while the mission time is not valid."""
        if self._values[P_SYSTEM_DEGRADED] & _NO_SENSOR:
            return self.sun_lux()
        light = self._light
        if light.ok and light.valid:
            return light.lux if light.lux < _LUX_MAX else _LUX_MAX
        return -1

    def shoot(self, exposure_us: int, led_permille: int) -> None:
        """Take one picture. exposure_us: within the parameters' bounds, rounded up to 10 ms; led_permille: 0
        to 1000.

        Results: OK, NO_SYNC, STUCK_SYNC, NO_LIGHT_SENSOR. Raises MechanismRange, MechanismBusy.
        """
        values = self._values
        if not values[P_CAMERA_EXPOSURE_MIN_US] <= exposure_us <= values[P_CAMERA_EXPOSURE_MAX_US]:
            raise MechanismRange(
                "camera",
                "exposure_us",
                exposure_us,
                values[P_CAMERA_EXPOSURE_MIN_US],
                values[P_CAMERA_EXPOSURE_MAX_US],
            )
        if not 0 <= led_permille <= 1000:
            raise MechanismRange("camera", "led_permille", led_permille, 0, 1000)
        if self.busy:
            raise MechanismBusy("camera", self.state, "shoot")
        self.busy = True
        self.result = CAMERA_RESULT_PENDING
        self.light_ok = False
        self._exposure_ticks = (exposure_us + _TICK_MS * 1000 - 1) // (_TICK_MS * 1000)
        self.exposure_us = self._exposure_ticks * _TICK_MS * 1000
        self._led_permille = led_permille
        self._wait = values[P_CAMERA_LIGHT_READ_MS] // _TICK_MS
        self.state = CAMERA_STATE_LIGHT

    def halt(self) -> None:
        """Stop now: shutter, focus and ring light off. Allocates nothing."""
        if self.busy:
            self._emit(EV_CAMERA_HALTED, self.state)
            self._finish(CAMERA_RESULT_HALTED)

    def continue_from(self, number: int) -> None:
        """Go on counting pictures after `number` (from the custody record), so that no number comes twice."""
        if number > self.picture_no:
            self.picture_no = number

    # -- assessments -------------------------------------------------------------------------------

    def assess(self, number: int, verdict: int, confidence_permille: int) -> int:
        """Take the assessment of picture `number`: `verdict` (enum Verdict, not NONE), confidence 0 to 1000.

        Returns an AssessResult; a refused assessment changes nothing. Allocates nothing.
        """
        if not VERDICT_PRESENT <= verdict <= VERDICT_INCONCLUSIVE or not 0 <= confidence_permille <= 1000:
            return self._refuse(number, ASSESS_RESULT_BAD_VALUE)
        slot = self._slot(number)
        if slot < 0:
            if 0 < number <= self.picture_no:
                return self._refuse(number, ASSESS_RESULT_STALE)
            return self._refuse(number, ASSESS_RESULT_UNKNOWN_PICTURE)
        result = ASSESS_RESULT_ACCEPTED
        if not self._lit[slot] and (verdict == VERDICT_PRESENT or verdict == VERDICT_ABSENT):
            verdict = VERDICT_INCONCLUSIVE
            result = ASSESS_RESULT_LIGHT_DOWNGRADE
        self._verdicts[slot] = verdict
        self._confidences[slot] = confidence_permille
        self._emit(EV_CAMERA_ASSESSED, number, verdict, confidence_permille, result)
        return result

    def assessment_of(self, number: int) -> int:
        """Verdict on picture `number` (enum Verdict), NONE without one or too old. Allocates nothing."""
        slot = self._slot(number)
        return self._verdicts[slot] if slot >= 0 else VERDICT_NONE

    def confidence_of(self, number: int) -> int:
        """Confidence of the verdict on picture `number`, 0 to 1000; 0 without one. Allocates nothing."""
        slot = self._slot(number)
        return self._confidences[slot] if slot >= 0 else 0

    def _slot(self, number: int) -> int:
        if number <= 0 or number <= self.picture_no - SLOTS or number > self.picture_no:
            return -1
        slot = number % SLOTS
        return slot if self._numbers[slot] == number else -1

    def _refuse(self, number: int, result: int) -> int:
        self._emit(EV_CAMERA_ASSESSMENT_REFUSED, number, result, self.picture_no)
        return result

    # -- the tick ----------------------------------------------------------------------------------

    def tick(self) -> None:
        """One step of the state machine, 100 Hz, after the inputs were polled. Allocates nothing."""
        if not self.busy:
            return
        self._wait -= 1
        state = self.state
        if state == CAMERA_STATE_SYNC:
            self._tick_sync()
        elif self._wait > 0:
            return
        elif state == CAMERA_STATE_LIGHT:
            self._tick_light()
        elif state == CAMERA_STATE_FOCUS:
            self._tick_focus()
        elif state == CAMERA_STATE_EXPOSE:
            self._trigger.shutter(False)
            self._wait = self._values[P_CAMERA_SYNC_MS] // _TICK_MS
            self.state = CAMERA_STATE_SYNC

    def _tick_light(self) -> None:
        """The ambient light, before the ring light is on; then ring light and focus."""
        lux = self.lux
        if lux < 0:
            self._emit(EV_CAMERA_NO_LIGHT_SENSOR)
            self._finish(CAMERA_RESULT_NO_LIGHT_SENSOR)
            return
        self.lux_before = lux
        self._led.set(self._led_permille)
        self._trigger.focus(True)
        self._wait = self._values[P_CAMERA_FOCUS_MS] // _TICK_MS
        self.state = CAMERA_STATE_FOCUS

    def _tick_focus(self) -> None:
        trigger = self._trigger
        trigger.took_latched()  # an older sync is not this picture's
        if trigger.sync:
            self._emit(EV_CAMERA_STUCK_SYNC)
            self._finish(CAMERA_RESULT_STUCK_SYNC)
            return
        self._judge_light()
        trigger.shutter(True)
        self._wait = self._exposure_ticks
        self.state = CAMERA_STATE_EXPOSE

    def _judge_light(self) -> None:
        """Light on the subject times exposure: the ambient light, and what the sensor sees of the ring light.
        """
        values = self._values
        lux = self.lux_before
        rise = 0 if values[P_SYSTEM_DEGRADED] & _NO_SENSOR else self.lux - lux
        if rise > 0:
            ring = rise * 1000 // values[P_CAMERA_LED_SEEN_PERMILLE]
            most = values[P_CAMERA_LED_FULL_LUX] * self._led_permille // 1000
            lux += ring if ring < most else most
        exposure_ms = self._exposure_ticks * _TICK_MS
        # Bounded before it is multiplied: the board's integers have 31 bits.
        if lux > _LUX_MS_MAX // exposure_ms:
            self.light_score = _LUX_MS_MAX
        else:
            self.light_score = lux * exposure_ms

    def _tick_sync(self) -> None:
        if self._trigger.took_latched():
            self._take()
        elif self._wait <= 0:
            self._emit(EV_CAMERA_NO_SYNC, self._values[P_CAMERA_SYNC_MS], self.exposure_us)
            self._finish(CAMERA_RESULT_NO_SYNC)

    def _take(self) -> None:
        """There is a picture: number it, and open its place for an assessment."""
        number = self.picture_no + 1
        least = self._values[P_CAMERA_LIGHT_MIN_LUX_MS]
        lit = self.light_score >= least
        slot = number % SLOTS
        self._numbers[slot] = number
        self._verdicts[slot] = VERDICT_NONE
        self._confidences[slot] = 0
        self._lit[slot] = 1 if lit else 0
        self.picture_no = number
        self.light_ok = lit
        self._emit(EV_CAMERA_PICTURE_TAKEN, number, self.lux_before, self.exposure_us, self.light_score)
        if not lit:
            self._emit(EV_CAMERA_TOO_DARK, number, self.light_score, least)
        self._finish(CAMERA_RESULT_OK)

    def _finish(self, result: int) -> None:
        self._trigger.shutter(False)
        self._trigger.focus(False)
        self._led.set(0)
        self.state = CAMERA_STATE_IDLE
        self.busy = False
        self.result = result
