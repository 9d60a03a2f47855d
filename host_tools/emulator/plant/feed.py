"""The feed: what the bit's tip can run into, and what happens when it does.

The carriage hangs on a T8 screw that holds itself; the bit hangs on it by a spring of 20 mN/um that the load
cell measures. The stepper loses steps above its pull-out force (180 N) and at the end stops 1.5 mm beyond
each switch; backlash is 30 um. A landing on a tube collar with 10 N or more latches an empty tube into the
bit when the cam is centred; the cam's third position gives it back.
"""

from host_tools.emulator import micropython_shim as micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.plant.plant import Plant

NOTHING = 0
ROCK = 1
GATE = 2
RING = 3  # the ring between two positions, or an empty seat without a tube in the bit
COLLAR = 4  # docking contact: the tube of the seat, or the seat's collar for the tube in the bit
PEBBLE = 5
TUBE_ON_TUBE = 6
RING_UM = 37_000
EMPTY_SEAT_UM = 43_500
TUBE_ON_TUBE_UM = 22_000


@micropython.native
def look_down(p: "Plant") -> None:
    """Works out what lies under the bit, from the ring's true angle, the gate, the tubes and the pebbles."""
    position = p.ring.position_at(0)
    p.over_rock = False
    g = p.g
    if p.ring.off > g["carousel_detent_steps"] or p.ring.off < -g["carousel_detent_steps"]:
        p.under = RING
        um = RING_UM
    elif position == 0:
        if p.gate.pos_us >= g["gate_open_us"] - 100:
            p.under = ROCK
            p.over_rock = True
            um = 0
        else:
            p.under = GATE
            um = g["feed_gate_block_um"]
    else:
        there = p.tubes.in_seat[position] != 0
        carried = p.tubes.in_bit != 0
        if there and carried:
            p.under = TUBE_ON_TUBE
            um = TUBE_ON_TUBE_UM
        elif there or carried:
            p.under = COLLAR
            um = p.dock_um
            if p.pebble_um:
                p.under = PEBBLE
                um -= p.pebble_um
        else:
            p.under = RING
            um = EMPTY_SEAT_UM
    p.floor_nm = um * 1000


def landed(p: "Plant") -> None:
    """Takes a tube from its seat when the bit stands on it hard enough with the cam centred. Called while
    the bit touches something.
    """
    if p.under != COLLAR or p.force_mn < p.dock_force_mn:
        return
    g = p.g
    if p.tubes.in_bit == 0 and p.latch_armed and p.cam_in(g["breakoff_centred_us"]):
        p.tubes.take(p.ring.position_at(0))
        p.latch_armed = False
        p.tubes_moved()
    elif p.tubes.in_bit != 0 and p.cam_in(g["breakoff_release_us"]):
        p.tubes.give(p.ring.position_at(0))
        p.latch_armed = False
        p.tubes_moved()
