"""The tubes: where each one truly is, what is in it, and what happens to it on the way. Masses in
milligrams, lengths in micrometres.

Truths for tests and reports only: the firmware never sees them.
"""

SEAT = "SEAT"
BIT = "BIT"
DROPPED = "DROPPED"
NONE = "NONE"


class Tubes:
    """Custody truth of every tube. Tube i starts in seat i, empty and open."""

    def __init__(self, seats: int, bore_um: int) -> None:
        self.seats = seats
        self.bore_um = bore_um
        self.in_bit = 0
        self.on_ground = 0  # the tube dropped last
        self.upright = False  # whether that one stands
        self.in_seat = [0]  # index = seat, value = tube
        self.tube_at = ["HOLE"]  # index = tube
        self.seat_of = [0]
        self.fill_um = [0]
        self.core_mg = [0]
        self.kind = [NONE]
        self.sealed = [0]
        for i in range(1, seats + 1):
            self.in_seat.append(i)
            self.tube_at.append(SEAT)
            self.seat_of.append(i)
            self.fill_um.append(0)
            self.core_mg.append(0)
            self.kind.append(NONE)
            self.sealed.append(0)

    def take(self, seat: int) -> None:
        """The tube of a seat goes into the bit."""
        tube = self.in_seat[seat]
        self.in_seat[seat] = 0
        self.in_bit = tube
        self.tube_at[tube] = BIT
        self.seat_of[tube] = 0

    def give(self, seat: int) -> None:
        """The tube in the bit goes into a seat, and its core slides to the bottom."""
        tube = self.in_bit
        self.in_bit = 0
        self.in_seat[seat] = tube
        self.tube_at[tube] = SEAT
        self.seat_of[tube] = seat

    def drop(self, upright: bool = False) -> None:
        """The tube in the bit falls where nothing catches it; one in twenty lands standing on its end."""
        self.tube_at[self.in_bit] = DROPPED
        self.on_ground = self.in_bit
        self.upright = upright
        self.in_bit = 0

    def put_core(self, um: int, mg: int, kind: str) -> None:
        """A broken-off core is now in the tube in the bit, over what was in it."""
        tube = self.in_bit
        self.fill_um[tube] += um
        self.core_mg[tube] += mg
        self.kind[tube] = kind if self.fill_um[tube] > 0 else NONE

    def keep(self, permille: int) -> None:
        """Part of what is in the tube in the bit falls out; `permille` of it stays."""
        tube = self.in_bit
        self.fill_um[tube] = self.fill_um[tube] * permille // 1000
        self.core_mg[tube] = self.core_mg[tube] * permille // 1000
        if self.fill_um[tube] < 100:
            self.fill_um[tube] = 0
            self.core_mg[tube] = 0
            self.kind[tube] = NONE

    def hang_mn(self, tube_mg: int) -> int:
        """Weight of the tube in the bit with what is in it, 9.81 mN a gram; 0 without one."""
        if self.in_bit == 0:
            return 0
        return (tube_mg + self.core_mg[self.in_bit]) * 981 // 100_000
