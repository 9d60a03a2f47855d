"""Carousel: every enum, event, channel, parameter and command of the tube ring, with units and words."""

COMPONENT = "carousel"
BASE = 0x300

ENUMS = [
    {
        "name": "CarouselState",
        "doc": "What the ring is doing now.",
        "values": [
            ("IDLE", 0, "standing still"),
            ("HOME_LEAVE", 1, "backing off the index mark before the search"),
            ("HOME_SEARCH", 2, "searching the index mark, fast"),
            ("HOME_BACK", 3, "backing off the index mark for the slow pass"),
            ("HOME_SLOW", 4, "passing the index mark slowly, both edges measured"),
            ("HOME_CENTRE", 5, "going to the middle of the index mark"),
            ("MOVING", 6, "turning to a position"),
            ("SETTLING", 7, "stopped, letting the detent pull the ring in"),
            ("COUNTING", 8, "full turn self-test"),
            ("SHAKING", 9, "shaking, to let debris fall"),
            ("JOGGING", 10, "small move by hand command"),
        ],
    },
    {
        "name": "CarouselResult",
        "doc": "How the last action of the ring ended.",
        "values": [
            ("OK", 0, "done, and both signals agree"),
            ("HALTED", 1, "halted in place by command"),
            ("PENDING", 2, "no action has ended yet"),
            ("LOST_STEPS", 3, "the ring is not where the steps say"),
            ("INDEX_MISSING", 4, "the index mark was not seen where it must be"),
            ("DETENT_MISMATCH", 5, "the detent count and the step count disagree"),
            ("TUBE_MISMATCH", 6, "the tube sensor does not show what was expected at the drill"),
            ("DRAG", 7, "detent pulses late or missing: the ring does not follow; stopped, no more force"),
            ("INTERLOCK", 8, "refused or stopped: the bit is not clear of the ring"),
            ("NOT_HOMED", 9, "refused: the ring has no reference, home it first"),
            ("LIMIT", 10, "refused: the bounded number of shakes is used up"),
            ("TIMEOUT", 11, "the action did not end before its deadline"),
        ],
    },
    {
        "name": "CarouselStation",
        "doc": "Stations around the ring, by number; their angles are data of the board.",
        "values": [
            ("DRILL", 0, "under the corer"),
            ("CAMERA", 1, "under the camera"),
            ("PROBE", 2, "under the fill probe"),
            ("SEAL", 3, "under the sealer"),
            ("DROP", 4, "over the drop chute"),
        ],
    },
    {
        "name": "CarouselExpect",
        "doc": "What the caller expects the tube sensor to show after an arrival at DRILL.",
        "values": [
            ("ANY", 0, "no expectation"),
            ("TUBE", 1, "a tube"),
            ("NO_TUBE", 2, "no tube"),
        ],
    },
]

EVENTS = [
    {
        "name": "HOMED", "id": 1, "severity": "ACTIVITY_LO",
        "format": (
            "Carousel homed: index mark {width_steps} steps wide, reference moved by {shift_steps} steps"
        ),
        "args": [("width_steps", "I32"), ("shift_steps", "I32")],
        "cause": "The index mark was passed slowly and both its edges were measured.",
        "action": "None. A shift of more than 60 steps after an earlier homing means that steps were lost.",
    },
    {
        "name": "MOVE_STARTED", "id": 2, "severity": "ACTIVITY_LO",
        "format": "Carousel turning position {position} to {station}, {steps} steps",
        "args": [("position", "I32"), ("station", "CarouselStation"), ("steps", "I32")],
        "cause": "A move of the ring was ordered and accepted.",
        "action": "None.",
    },
    {
        "name": "ARRIVED", "id": 3, "severity": "ACTIVITY_LO",
        "format": (
            "Carousel has position {position} at {station}; {detents} detents counted; tube at drill: {tube}"
        ),
        "args": [
            ("position", "I32"),
            ("station", "CarouselStation"),
            ("detents", "I32"),
            ("tube", "I32"),
        ],
        "cause": "The step count, the detent count and the closing detent agree.",
        "action": "None.",
    },
    {
        "name": "LOST_STEPS", "id": 4, "severity": "WARNING_HI",
        "format": (
            "Carousel stopped: ring is not where the steps say, at {step} steps, off by {error_steps} steps, "
            "{detents} detents counted of {expected}"
        ),
        "args": [("step", "I32"), ("error_steps", "I32"), ("detents", "I32"), ("expected", "I32")],
        "cause": "The motor lost steps: too much drag, too fast, or the ring was turned by hand.",
        "action": (
            "The ring stands still and its position counts as unknown. Look for debris, home the carousel, "
            "then compare the count with the ledger."
        ),
    },
    {
        "name": "INDEX_MISSING", "id": 5, "severity": "WARNING_HI",
        "format": "Carousel stopped: no index mark seen by {step} steps (width {width_steps} steps)",
        "args": [("step", "I32"), ("width_steps", "I32")],
        "cause": "The hall sensor or its magnet failed, its polarity is wrong, or the ring did not turn.",
        "action": (
            "The ring stands still and its position counts as unknown. Check the index input by hand, then "
            "home."
        ),
    },
    {
        "name": "DETENT_MISMATCH", "id": 6, "severity": "WARNING_HI",
        "format": (
            "Carousel stopped: {detents} detents counted, {expected} expected, at {step} steps, early by "
            "{error_steps} steps"
        ),
        "args": [("detents", "I32"), ("expected", "I32"), ("step", "I32"), ("error_steps", "I32")],
        "cause": "The detent switch chatters or fails, or the ring jumped ahead of the motor.",
        "action": (
            "The ring stands still and its position counts as unknown. Check the detent switch, then home."
        ),
    },
    {
        "name": "DRAG", "id": 7, "severity": "WARNING_HI",
        "format": (
            "Carousel stopped without more force: detent pulse overdue by {late_steps} steps at {step} "
            "steps, {detents} of {expected} counted"
        ),
        "args": [("late_steps", "I32"), ("step", "I32"), ("detents", "I32"), ("expected", "I32")],
        "cause": (
            "Something holds the ring (pebbles between ring and deck), or the detent switch does not answer."
        ),
        "action": (
            "The ring stands still. Look at it with the camera; a shake is allowed by command only, then "
            "home."
        ),
    },
    {
        "name": "INTERLOCK", "id": 8, "severity": "WARNING_LO",
        "format": "Carousel not moved: the bit is not clear of the ring (state {state})",
        "args": [("state", "CarouselState")],
        "cause": (
            "A move was ordered, or was under way, while the feed stands below the ring or is not homed."
        ),
        "action": (
            "Nothing moved, or the ring was stopped in place. Raise the feed, then order the move again."
        ),
    },
    {
        "name": "NOT_HOMED", "id": 9, "severity": "WARNING_LO",
        "format": "Carousel move to position {position} refused: no reference",
        "args": [("position", "I32")],
        "cause": (
            "The ring was never homed, or its reference was dropped after a halt, a fault, a jog or a shake."
        ),
        "action": "Nothing moved. Home the carousel first.",
    },
    {
        "name": "TUBE_MISMATCH", "id": 10, "severity": "WARNING_HI",
        "format": "Position {position} is at the drill, tube sensor reads {tube}, expected {expected}",
        "args": [("position", "I32"), ("tube", "I32"), ("expected", "CarouselExpect")],
        "cause": "The tube is not where the ledger says, or the tube sensor fails.",
        "action": (
            "The ring stands at the position, reference kept. Count the carousel and compare with the ledger."
        ),
    },
    {
        "name": "COUNTED", "id": 11, "severity": "ACTIVITY_HI",
        "format": (
            "Carousel full turn: {detents} detents, {tubes} tubes seen, {shift_steps} steps off at the index"
        ),
        "args": [("detents", "I32"), ("tubes", "I32"), ("shift_steps", "I32")],
        "cause": "The full turn self-test ended well.",
        "action": "None. The activity compares the tubes seen with the ledger.",
    },
    {
        "name": "SHAKEN", "id": 12, "severity": "ACTIVITY_HI",
        "format": (
            "Carousel shaken {cycles} times by {steps} steps; shake {used} of {allowed} before a good move"
        ),
        "args": [("cycles", "I32"), ("steps", "I32"), ("used", "I32"), ("allowed", "I32")],
        "cause": "The recovery by command ended.",
        "action": "Home the carousel. A tube that was involved is marked reused.",
    },
    {
        "name": "SHAKE_LIMIT", "id": 13, "severity": "WARNING_LO",
        "format": "Carousel shake refused: {used} of {allowed} used since the last good move",
        "args": [("used", "I32"), ("allowed", "I32")],
        "cause": "The recovery is bounded so that it cannot grind debris into the ring.",
        "action": "Nothing moved. Look at the ring; the limit is a parameter.",
    },
    {
        "name": "HALTED", "id": 14, "severity": "ACTIVITY_HI",
        "format": "Carousel halted in place at {step} steps (state {state})",
        "args": [("step", "I32"), ("state", "CarouselState")],
        "cause": "A halt was ordered: stop, abort, or a fault response.",
        "action": "Home the carousel before the next move.",
    },
    {
        "name": "TIMEOUT", "id": 15, "severity": "WARNING_HI",
        "format": "Carousel stopped: action not ended after {elapsed_ms} ms (state {state})",
        "args": [("elapsed_ms", "I32"), ("state", "CarouselState")],
        "cause": "The step generator does not take the ordered steps, or a speed parameter is far too low.",
        "action": (
            "The ring stands still. Check the carousel step generator and the speed parameters, then home."
        ),
    },
    {
        "name": "JOGGED", "id": 16, "severity": "ACTIVITY_LO",
        "format": "Carousel jogged by {steps} steps; reference dropped",
        "args": [("steps", "I32")],
        "cause": "A small move by hand command ended.",
        "action": "Home the carousel before the next move.",
    },
    {
        "name": "MOVED_BY_HAND",
        "id": 60,
        "severity": "WARNING_HI",
        "format": "The carousel moved while it stood: no detent at step {step}; its reference is dropped",
        "args": [("step", "I32")],
        "cause": "Somebody, or something, turned the ring.",
        "action": "Look which tube stands where; bring up again.",
    },
]

CHANNELS = [
    {
        "name": "STATE", "id": 1, "type": "CarouselState", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "What the ring is doing.",
    },
    {
        "name": "RESULT", "id": 2, "type": "CarouselResult", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "How its last action ended.",
    },
    {
        "name": "COMMANDED", "id": 3, "type": "I32", "unit": "position", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "Position that was ordered to DRILL; -1 when none was.",
    },
    {
        "name": "SENSED", "id": 4, "type": "I32", "unit": "position", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "Position that index, steps and detents agree to be at DRILL; -1 when they do not.",
    },
    {
        "name": "STEP", "id": 5, "type": "I32", "unit": "microstep", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "Step count from the index mark.",
    },
    {
        "name": "TUBE_AT_DRILL", "id": 6, "type": "I32", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "Tube sensor at DRILL: 1 tube, 0 none.",
    },
    {
        "name": "LAG_STEPS", "id": 7, "type": "I32", "unit": "microstep", "show": "{}", "divide": 1,
        "yellow": (-60, 60), "red": (-120, 120),
        "doc": "How late the last detent pulse came against the step count, worst of the last move.",
    },
]

PARAMETERS = [
    {
        "name": "SPEED_STEPS_S", "id": 1, "unit": "microstep/s", "default": 1500, "min": 200, "max": 2000,
        "doc": "Cruise speed of a move. Every detent must be seen at least three times at 100 Hz.",
    },
    {
        "name": "COUNT_SPEED_STEPS_S", "id": 2, "unit": "microstep/s", "default": 1000, "min": 100,
        "max": 2000,
        "doc": "Speed of the full turn self-test and of the fast index search.",
    },
    {
        "name": "SLOW_SPEED_STEPS_S", "id": 3, "unit": "microstep/s", "default": 100, "min": 50, "max": 400,
        "doc": "Speed of the slow pass over the index mark, of a jog and of a shake's last stroke.",
    },
    {
        "name": "ACCEL_STEPS_S2", "id": 4, "unit": "microstep/s2", "default": 6000, "min": 500, "max": 20000,
        "doc": "Acceleration and deceleration.",
    },
    {
        "name": "INDEX_TOLERANCE_STEPS", "id": 5, "unit": "microstep", "default": 60, "min": 10, "max": 150,
        "doc": (
            "Largest distance between the index mark's place and the step count when the mark is crossed."
        ),
    },
    {
        "name": "INDEX_WIDTH_MIN_STEPS", "id": 6, "unit": "microstep", "default": 30, "min": 2, "max": 200,
        "doc": "Narrowest credible index mark.",
    },
    {
        "name": "INDEX_WIDTH_MAX_STEPS", "id": 7, "unit": "microstep", "default": 160, "min": 20, "max": 240,
        "doc": "Widest credible index mark; a stuck sensor looks wider.",
    },
    {
        "name": "LAG_LIMIT_STEPS", "id": 8, "unit": "microstep", "default": 40, "min": 20, "max": 120,
        "doc": (
            "Largest difference between a detent pulse's place and the step count; more is LOST_STEPS or a "
            "mismatch."
        ),
    },
    {
        "name": "DRAG_LIMIT_STEPS", "id": 9, "unit": "microstep", "default": 100, "min": 40, "max": 240,
        "doc": (
            "A detent pulse overdue by more than this stops the ring with DRAG (at most half a pitch is "
            "used)."
        ),
    },
    {
        "name": "SETTLE_MS", "id": 10, "unit": "ms", "default": 200, "min": 50, "max": 2000,
        "doc": "Wait after the last step, until the ring lies in its detent, before the closing check.",
    },
    {
        "name": "SHAKE_STEPS", "id": 11, "unit": "microstep", "default": 120, "min": 20, "max": 240,
        "doc": "Amplitude of a shake to either side.",
    },
    {
        "name": "SHAKE_CYCLES", "id": 12, "unit": "", "default": 4, "min": 1, "max": 10,
        "doc": "Strokes to and fro in one shake.",
    },
    {
        "name": "SHAKE_ATTEMPTS", "id": 13, "unit": "", "default": 3, "min": 0, "max": 10,
        "doc": "Shakes allowed before a homing or a move ends well again.",
    },
    {
        "name": "TIMEOUT_MS", "id": 14, "unit": "ms", "default": 50000, "min": 5000, "max": 600000,
        "doc": "Deadline of every action of the ring.",
    },
]

COMMANDS = [
    {
        "name": "HOME", "id": 1,
        "args": [],
        "states": ["IDLE", "DEGRADED"], "hazardous": False,
        "doc": "Find the index mark and lay position 0 (the hole) at DRILL.",
    },
    {
        "name": "GO", "id": 2,
        "args": [
            {
                "name": "position", "type": "U32", "min": 0, "max": 64, "unit": "",
                "doc": "0 is the hole, 1..N the seats",
            },
            {
                "name": "station", "type": "CarouselStation", "min": 0, "max": 4, "unit": "",
                "doc": "where it goes",
            },
        ],
        "states": ["IDLE", "DEGRADED"], "hazardous": False,
        "doc": "Bring a position to a station by the shorter way.",
    },
    {
        "name": "COUNT", "id": 3,
        "args": [],
        "states": ["IDLE", "DEGRADED"], "hazardous": False,
        "doc": "One full turn: count detents, check the index, note a tube at each position.",
    },
    {
        "name": "SHAKE", "id": 4,
        "args": [],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": True,
        "doc": "Shake the ring by small strokes to let debris fall. Bounded; drops the reference.",
    },
    {
        "name": "JOG", "id": 5,
        "args": [
            {
                "name": "steps", "type": "I32", "min": -400, "max": 400, "unit": "microstep",
                "doc": "signed small move",
            },
        ],
        "states": ["IDLE", "DEGRADED"], "hazardous": True,
        "doc": "Small slow move by hand. Drops the reference.",
    },
    {
        "name": "HALT", "id": 6,
        "args": [],
        "states": [], "hazardous": False,
        "doc": "Stop the ring now, in place.",
    },
    {
        "name": "SELF_TEST", "id": 40,
        "args": [],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": False,
        "doc": "Ask each part that the ring needs who it is; nothing moves.",
    },
]
