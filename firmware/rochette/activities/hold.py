"""The hold: the payload stands still until a human decides.

A release names sample and tube and passes only on a PRESENT verdict. A stale, repeated or wrong release does
nothing and says so. While held, the actuator rail is off.
"""

from rochette.tables import (
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_OK,
    EV_SAMPLE_INSPECTION_CLEARED,
    EV_SAMPLE_INSPECTION_FLAGGED,
    EV_SAMPLE_RELEASE_REFUSED,
    REASON_EVIDENCE_DISAGREES,
    REASON_INSPECTION,
    REASON_WAITING_FOR_RELEASE,
    TUBE_MARK_DEBRIS_CLEARED,
    TUBE_MARK_DEBRIS_SEEN,
    VERDICT_PRESENT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.activities.custody import Custody
    from rochette.activities.sample import Sample
    from rochette.services.events import Events


class Hold:
    """State of the hold. `active` while holding; `serial` counts each time the held evidence changed."""

    def __init__(self, sample: "Sample", custody: "Custody", events: "Events") -> None:
        self._sample = sample
        self._custody = custody
        self._events = events
        self.active = False
        self.released = False
        self.retake = False
        self.serial = 0
        self.flagged = custody.debris_on_bit  # something was seen on the bit: no release until it is cleared
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

    def flag(self, picture: int) -> int:
        """Command INSPECTION_FLAG: the ground saw something on the bit in `picture`. In force at once; the
        record keeps it over a reset. EXECUTION when the record takes nothing: then only until the next one.
        """
        self.flagged = True
        self._flag_picture = picture
        self._events.emit(EV_SAMPLE_INSPECTION_FLAGGED, picture)
        return self._note(TUBE_MARK_DEBRIS_SEEN)

    def clear_flag(self) -> int:
        """Command INSPECTION_CLEAR. EXECUTION when nothing is flagged, or the record did not take it: then
        the flag stands again after a reset. What is held can be asked for anew."""
        if not self.flagged:
            return COMMAND_RESULT_EXECUTION
        self.flagged = False
        self.serial += 1
        if self.active and self._sample.reason == REASON_INSPECTION:
            present = self._sample.verdict == VERDICT_PRESENT
            self._sample.reason = REASON_WAITING_FOR_RELEASE if present else REASON_EVIDENCE_DISAGREES
        self._events.emit(EV_SAMPLE_INSPECTION_CLEARED, self._flag_picture)
        return self._note(TUBE_MARK_DEBRIS_CLEARED)

    def _note(self, mark: int) -> int:
        kept = self._custody.note_debris(mark, self._flag_picture)
        return COMMAND_RESULT_OK if kept else COMMAND_RESULT_EXECUTION

    def ask_retake(self) -> bool:
        """Command RETAKE. True when something is held whose picture can be taken again."""
        if self.active:
            self.retake = True
        return self.active
