"""The hold: the payload stands still until a human decides.

A release names sample and tube and passes only on a PRESENT verdict. A stale, repeated or wrong release does
nothing and says so. While held, the actuator rail is off.
"""

from rochette.tables import (
    EV_SAMPLE_INSPECTION_CLEARED,
    EV_SAMPLE_INSPECTION_FLAGGED,
    EV_SAMPLE_RELEASE_REFUSED,
    REASON_EVIDENCE_DISAGREES,
    REASON_INSPECTION,
    REASON_WAITING_FOR_RELEASE,
    VERDICT_PRESENT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.activities.sample import Sample
    from rochette.services.events import Events


class Hold:
    """State of the hold. `active` while holding; `serial` counts each time the held evidence changed."""

    def __init__(self, sample: "Sample", events: "Events") -> None:
        self._sample = sample
        self._events = events
        self.active = False
        self.released = False
        self.retake = False
        self.serial = 0
        self.flagged = False  # something was seen on the bit: no release until it is cleared
        self._flag_picture = 0

    def enter(self) -> None:
        """Begin to hold; forgets any release given before."""
        self.active = True
        self.released = False
        self.retake = False
        self.serial += 1

    def leave(self) -> None:
        """End the hold."""
        self.active = False
        self.released = False
        self.retake = False

    def release(self, sample: int, tube: int) -> bool:
        """Command RELEASE. True when accepted; otherwise an event says what is held and nothing changes."""
        held = self._sample
        named = sample == held.number and tube == held.tube
        if self.active and named and held.verdict == VERDICT_PRESENT and not self.flagged:
            self.released = True
            return True
        self._events.emit(
            EV_SAMPLE_RELEASE_REFUSED,
            held.number if self.active else 0,
            held.tube if self.active else 0,
            held.verdict,
        )
        return False

    def flag(self, picture: int) -> None:
        """Command INSPECTION_FLAG: the ground saw something on the bit in `picture`."""
        self.flagged = True
        self._flag_picture = picture
        self._events.emit(EV_SAMPLE_INSPECTION_FLAGGED, picture)

    def clear_flag(self) -> bool:
        """Command INSPECTION_CLEAR. False when nothing is flagged. What is held can be asked for anew."""
        if not self.flagged:
            return False
        self.flagged = False
        self.serial += 1
        if self.active and self._sample.reason == REASON_INSPECTION:
            present = self._sample.verdict == VERDICT_PRESENT
            self._sample.reason = REASON_WAITING_FOR_RELEASE if present else REASON_EVIDENCE_DISAGREES
        self._events.emit(EV_SAMPLE_INSPECTION_CLEARED, self._flag_picture)
        return True

    def ask_retake(self) -> bool:
        """Command RETAKE. True when something is held whose picture can be taken again."""
        if self.active:
            self.retake = True
        return self.active
