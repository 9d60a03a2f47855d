"""The kit: what an activity may reach.

`payload.py` fills it once at start-up. An activity gets the kit and nothing else, so a reader sees at one
place which mechanisms and services the procedures use.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Callable, Generator, Protocol

    from rochette.activities.custody import Custody
    from rochette.activities.hold import Hold
    from rochette.activities.sample import Sample
    from rochette.mechanisms.breakoff import BreakOff
    from rochette.mechanisms.camera import Camera
    from rochette.mechanisms.carousel import Carousel
    from rochette.mechanisms.corer import Corer
    from rochette.mechanisms.feed import Feed
    from rochette.mechanisms.gate import Gate
    from rochette.mechanisms.percussion import Percussion
    from rochette.mechanisms.probe import Probe
    from rochette.mechanisms.rail import Rail
    from rochette.mechanisms.sealer import Sealer
    from rochette.mechanisms.spindle import Spindle
    from rochette.mechanisms.tilt import Tilt
    from rochette.mechanisms.weigher import Weigher
    from rochette.services.events import Events
    from rochette.services.files import Files
    from rochette.services.ledger import Ledger
    from rochette.services.ledger_mirror import LedgerMirror
    from rochette.services.mission_time import MissionTime
    from rochette.services.mode import ModeKeeper
    from rochette.services.sun import Sun


    class Sensed(Protocol):
        """A current that is measured."""

        current_ma: int


class Kit:
    """Mechanisms and services by name. Plain attributes; allocates nothing after start-up."""

    rail: "Rail"
    feed: "Feed"
    spindle: "Spindle"
    percussion: "Percussion"
    breakoff: "BreakOff"
    tilt: "Tilt"
    weigher: "Weigher"
    aux: "Sensed"  # current of probe, sealer and servos
    bus: "Sensed"  # current of the supply
    corer: "Corer"
    carousel: "Carousel"
    probe: "Probe"
    sealer: "Sealer"
    gate: "Gate"
    camera: "Camera"
    events: "Events"
    custody: "Custody"
    ledger: "Ledger"
    mirror: "LedgerMirror"
    files: "Files"  # for the restore of the ledger
    values: "array[int]"  # parameter values, indexed by the P_ constants of tables.py
    sample: "Sample"
    hold: "Hold"
    mode: "ModeKeeper"
    mission_time: "MissionTime"
    sun: "Sun"
    seats: int
    halt_all: "Callable[[], None]"  # every mechanism stops where it is
    # One part a tick; emits an event for each that fails, returns how many failed.
    check_parts: "Callable[[], Generator[None, None, int]]"
    check_part: "Callable[[int], bool]"  # whether a part (enum Part) answers; an event when it does not
    parts: int  # how many parts are checked
    now_ms: "Callable[[], int]"  # milliseconds of ticks since start; wraps with the tick counter
    tidy: "Callable[[], None]"  # has garbage collected as soon as nothing moves
    wiring_found: int  # and what it found there
    wire: int  # what the check of the wiring found wrong last (enum Wire), 0 for nothing
    ready: bool  # bring-up has been completed since power-on

    def __init__(self) -> None:
        self.wire = 0
        self.ready = False
