"""Core verification: is there a core in the tube?

Three answers, from evidence that is independent of the steps having run: the break-off signature, the mass
and the image. "The sequence ran" is not evidence (Perseverance's first attempt ran without an error and left
the tube empty). The probe comes later, when the tube stands in the carousel, and can only confirm or stop.

The rule:

- The image must have had enough light and a confident assessment; without it the answer is INCONCLUSIVE.
- PRESENT: the image shows a core, at least one of mass and break-off speaks for one, none speaks against.
- ABSENT: image and mass both fail to show a core, and at least one of them speaks against one.
- Everything else is INCONCLUSIVE.

A missing snap at break-off is silent, not against: fractured rock parts without one.
"""

from rochette.tables import (
    VERDICT_ABSENT,
    VERDICT_INCONCLUSIVE,
    VERDICT_PRESENT,
    VOTE_ABSENT,
    VOTE_PRESENT,
    VOTE_UNKNOWN,
)


class Evidence:
    """What was seen, and what each piece says. Votes are the values of the enum Vote."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything. Allocates nothing."""
        self.snap = VOTE_UNKNOWN
        self.peak_ma = 0
        self.mass = VOTE_UNKNOWN
        self.core_mn = 0
        self.expected_mn = 0
        self.image = VOTE_UNKNOWN
        self.picture = 0
        self.confidence_permille = 0
        self.light_ok = False
        self.lux = 0

    def note_snap(self, snap: bool, peak_ma: int) -> None:
        """Break-off: `snap` when the cam's current rose and fell as a breaking core makes it."""
        self.snap = VOTE_PRESENT if snap else VOTE_UNKNOWN
        self.peak_ma = peak_ma

    def note_mass(self, core_mn: int, expected_mn: int, present_permille: int, absent_permille: int) -> None:
        """Mass: weight of the core against the weight expected for the depth, both in millinewtons."""
        self.core_mn = core_mn
        self.expected_mn = expected_mn
        if core_mn * 1000 >= expected_mn * present_permille:
            self.mass = VOTE_PRESENT
        elif core_mn * 1000 <= expected_mn * absent_permille:
            self.mass = VOTE_ABSENT
        else:
            self.mass = VOTE_UNKNOWN

    def note_no_mass(self, core_mn: int, expected_mn: int) -> None:
        """Nothing was weighed: the mass is silent; `core_mn` is what the record says instead of a weight."""
        self.core_mn = core_mn
        self.expected_mn = expected_mn
        self.mass = VOTE_UNKNOWN

    def note_image(
        self,
        picture: int,
        verdict: int,
        confidence_permille: int,
        light_ok: bool,
        lux: int,
        least_permille: int,
    ) -> None:
        """Image: assessed `verdict` (enum Verdict), counted only with light and confidence enough."""
        self.picture = picture
        self.confidence_permille = confidence_permille
        self.light_ok = light_ok
        self.lux = lux
        self.image = VOTE_UNKNOWN
        if light_ok and confidence_permille >= least_permille:
            if verdict == VERDICT_PRESENT:
                self.image = VOTE_PRESENT
            elif verdict == VERDICT_ABSENT:
                self.image = VOTE_ABSENT

    def count(self, vote: int) -> int:
        """How many pieces of evidence say `vote`."""
        return (self.snap == vote) + (self.mass == vote) + (self.image == vote)

    def judge(self) -> int:
        """The verdict by the rule above. Allocates nothing."""
        if not self.light_ok or self.image == VOTE_UNKNOWN:
            return VERDICT_INCONCLUSIVE
        against = self.count(VOTE_ABSENT)
        if self.image == VOTE_PRESENT and self.count(VOTE_PRESENT) >= 2 and against == 0:
            return VERDICT_PRESENT
        if against and self.image != VOTE_PRESENT and self.mass != VOTE_PRESENT:
            return VERDICT_ABSENT
        return VERDICT_INCONCLUSIVE
