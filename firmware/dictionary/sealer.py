"""Sealer: every enum, event, channel, parameter and command of seal dispensing and activation.

The words are "seal activated": what is seen is force against travel, and that is not a leak test.
"""

COMPONENT = "sealer"
BASE = 0x500

ENUMS = [
    {
        "name": "SealerState",
        "doc": "What the sealer is doing now.",
        "values": [
            ("IDLE", 0, "standing still"),
            ("RETRACTING", 1, "lifting the ram"),
            ("REST", 2, "waiting for the rail current to rest before a stroke"),
            ("DISPENSING", 3, "pulling a seal out of the dispenser"),
            ("DESCENDING", 4, "carrying the seal down to the tube"),
            ("PRESSING", 5, "pressing the seal until it activates"),
            ("JOGGING", 6, "moving by hand"),
        ],
    },
    {
        "name": "SealerResult",
        "doc": "How the last action of the sealer ended.",
        "values": [
            ("OK", 0, "done, force against travel as it must be"),
            ("HALTED", 1, "halted in place by command"),
            ("PENDING", 2, "no action has ended yet"),
            ("NO_PULL_OUT", 3, (
                "the pull-out force or the dispenser's count is missing: the seal stayed behind"
            )),
            ("TOO_MUCH_RESISTANCE", 4, "force too high where it must be low; stopped, no more force"),
            ("NOT_ACTIVATED", 5, "the seal was not seen to activate by force and travel"),
            ("SENSOR", 6, "the position reading is missing, out of range, or does not move with the ram"),
            ("NO_CURRENT", 7, "the ram is driven but draws no current: rail off or wire broken"),
            ("NO_SEAL", 8, "refused: no seal was dispensed before"),
            ("NOT_RETRACTED", 9, "refused: the ram must be retracted first"),
            ("SEAL_IN_HAND", 10, "refused: a dispensed seal still hangs on the ram"),
            ("JAM", 11, "the ram would not come back; stopped"),
            ("TIMEOUT", 12, "the action did not end before its deadline"),
        ],
    },
]

EVENTS = [
    {
        "name": "DISPENSED", "id": 1, "severity": "ACTIVITY_HI",
        "format": (
            "Seal pulled from the dispenser: {peak_mn} mN at {peak_um} um, dropped to {after_mn} mN, "
            "dispenser count {count}"
        ),
        "args": [("peak_mn", "I32"), ("peak_um", "I32"), ("after_mn", "I32"), ("count", "I32")],
        "cause": "The pull-out force rose, fell, and the dispenser's switch counted a seal.",
        "action": "None.",
    },
    {
        "name": "NO_PULL_OUT", "id": 2, "severity": "WARNING_HI",
        "format": (
            "No seal pulled out: peak {peak_mn} mN at {peak_um} um, after it {after_mn} mN, counted: "
            "{counted}"
        ),
        "args": [("peak_mn", "I32"), ("peak_um", "I32"), ("after_mn", "I32"), ("counted", "I32")],
        "cause": "The dispenser is empty, or the seal slipped off the ram and stayed in it.",
        "action": (
            "The drive is off. Retract the ram; another try is bounded by a parameter. The tube stays open."
        ),
    },
    {
        "name": "TOO_MUCH_RESISTANCE", "id": 3, "severity": "WARNING_HI",
        "format": "Sealer stopped at {travel_um} um with {force_mn} mN, limit {limit_mn} mN (state {state})",
        "args": [
            ("travel_um", "I32"),
            ("force_mn", "I32"),
            ("limit_mn", "I32"),
            ("state", "SealerState"),
        ],
        "cause": "The seal is stuck in its dispenser, something lies on the tube, or the tube is overfull.",
        "action": (
            "The drive is off and the ram stays where it is. Retract it and look at tube and dispenser."
        ),
    },
    {
        "name": "SEAL_CONTACT", "id": 4, "severity": "ACTIVITY_LO",
        "format": "Seal meets the tube at {contact_um} um",
        "args": [("contact_um", "I32")],
        "cause": "The force rose where the tube stands.",
        "action": "None.",
    },
    {
        "name": "SEAL_ACTIVATED", "id": 5, "severity": "ACTIVITY_HI",
        "format": (
            "Seal activated: peak {peak_mn} mN, {travel_um} um of travel after contact at {contact_um} um"
        ),
        "args": [("peak_mn", "I32"), ("travel_um", "I32"), ("contact_um", "I32")],
        "cause": "The force reached its activation value and the seal gave way by its travel.",
        "action": "None. This is force against travel; it is not a leak test.",
    },
    {
        "name": "NOT_ACTIVATED", "id": 6, "severity": "WARNING_HI",
        "format": (
            "Seal not activated: peak {peak_mn} mN, {travel_um} um of travel after contact at {contact_um} um"
        ),
        "args": [("peak_mn", "I32"), ("travel_um", "I32"), ("contact_um", "I32")],
        "cause": "The force or the travel stayed short: weak supply, no tube, a tilted seal, or dust.",
        "action": "The drive is off. Retract the ram; the tube counts as unsealed.",
    },
    {
        "name": "SENSOR", "id": 7, "severity": "WARNING_HI",
        "format": (
            "Sealer stopped: position reading {position_um} um, current {above_ma} mA above rest (state "
            "{state})"
        ),
        "args": [("position_um", "I32"), ("above_ma", "I32"), ("state", "SealerState")],
        "cause": "The potentiometer or its converter fails, or the ram does not move while current flows.",
        "action": (
            "The drive is off and the ram's position counts as unknown. Check the potentiometer's channel."
        ),
    },
    {
        "name": "NO_CURRENT", "id": 8, "severity": "WARNING_HI",
        "format": "Sealer driven at {drive_permille} permille but draws only {above_ma} mA above rest",
        "args": [("drive_permille", "I32"), ("above_ma", "I32")],
        "cause": "The actuator rail is off, a wire is broken, or the rail's current sensor fails.",
        "action": "The drive is off. Check the rail and the auxiliary current, then retract.",
    },
    {
        "name": "RETRACTED", "id": 9, "severity": "ACTIVITY_LO",
        "format": "Sealer retracted to {position_um} um",
        "args": [("position_um", "I32")],
        "cause": "The ram is clear of the tube.",
        "action": "None.",
    },
    {
        "name": "REFUSED", "id": 10, "severity": "WARNING_LO",
        "format": "Sealer refused ({result}); ram at {position_um} um, seal in hand: {seal}",
        "args": [("result", "SealerResult"), ("position_um", "I32"), ("seal", "I32")],
        "cause": "The step was ordered out of order: dispense, then activate, then retract.",
        "action": "Nothing moved. Retract the ram, or dispense a seal first.",
    },
    {
        "name": "JAM", "id": 11, "severity": "WARNING_HI",
        "format": "Sealer would not come back: stopped at {position_um} um with {above_ma} mA above rest",
        "args": [("position_um", "I32"), ("above_ma", "I32")],
        "cause": "The ram or the seal on it is caught.",
        "action": (
            "The drive is off and the ram stays where it is. The carousel must not turn until it is "
            "retracted."
        ),
    },
    {
        "name": "HALTED", "id": 12, "severity": "ACTIVITY_HI",
        "format": "Sealer halted in place at {position_um} um (state {state})",
        "args": [("position_um", "I32"), ("state", "SealerState")],
        "cause": "A halt was ordered: stop, abort, or a fault response.",
        "action": "Retract the ram before the carousel turns; the tube counts as unsealed.",
    },
    {
        "name": "TIMEOUT", "id": 13, "severity": "WARNING_HI",
        "format": (
            "Sealer stopped at {position_um} um: action not ended after {elapsed_ms} ms (state {state})"
        ),
        "args": [("position_um", "I32"), ("elapsed_ms", "I32"), ("state", "SealerState")],
        "cause": "The ram moves too slowly: weak supply, drag, or drive parameters far too low.",
        "action": "The drive is off and the ram stays where it is. Retract it, check supply and parameters.",
    },
    {
        "name": "JOGGED", "id": 40, "severity": "ACTIVITY_LO",
        "format": "Sealer moved by hand to {position_um} um",
        "args": [("position_um", "I32")],
        "cause": "A jog has ended where it was asked to.",
        "action": "None.",
    },
]

CHANNELS = [
    {
        "name": "STATE", "id": 1, "type": "SealerState", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "What the sealer is doing.",
    },
    {
        "name": "RESULT", "id": 2, "type": "SealerResult", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "How its last action ended.",
    },
    {
        "name": "POSITION", "id": 3, "type": "I32", "unit": "um", "show": "{:.1f} mm", "divide": 1000,
        "yellow": None, "red": None,
        "doc": "Ram position from the potentiometer.",
    },
    {
        "name": "FORCE", "id": 4, "type": "I32", "unit": "mN", "show": "{:.1f} N", "divide": 1000,
        "yellow": (-5000, 130000), "red": (-10000, 150000),
        "doc": "Force from the auxiliary current while driven.",
    },
    {
        "name": "SEALS_DISPENSED", "id": 5, "type": "U32", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "Seals dispensed since power-on.",
    },
]

PARAMETERS = [
    {
        "name": "DISPENSE_PERMILLE", "id": 1, "unit": "permille", "default": 500, "min": 100, "max": 1000,
        "doc": "Drive while a seal is pulled out of the dispenser.",
    },
    {
        "name": "DESCEND_PERMILLE", "id": 2, "unit": "permille", "default": 1000, "min": 100, "max": 1000,
        "doc": "Drive while the seal is carried down.",
    },
    {
        "name": "PRESS_PERMILLE", "id": 3, "unit": "permille", "default": 900, "min": 100, "max": 1000,
        "doc": "Drive while the seal is pressed.",
    },
    {
        "name": "RETRACT_PERMILLE", "id": 4, "unit": "permille", "default": 1000, "min": 200, "max": 1000,
        "doc": "Drive while the ram is lifted.",
    },
    {
        "name": "FREE_MA", "id": 5, "unit": "mA", "default": 150, "min": 0, "max": 1000,
        "doc": "Current above rest of the free ram; force counts from here.",
    },
    {
        "name": "MN_PER_MA", "id": 6, "unit": "mN/mA", "default": 150, "min": 10, "max": 1000,
        "doc": "Force of one milliampere above the free current.",
    },
    {
        "name": "MOVING_MIN_MA", "id": 7, "unit": "mA", "default": 20, "min": 0, "max": 200,
        "doc": "Least current above rest that a driven ram draws; less is NO_CURRENT.",
    },
    {
        "name": "INRUSH_MS", "id": 8, "unit": "ms", "default": 120, "min": 0, "max": 1000,
        "doc": "Current is not judged for this long after the drive is switched.",
    },
    {
        "name": "REST_MS", "id": 9, "unit": "ms", "default": 100, "min": 40, "max": 2000,
        "doc": "Rest before a stroke, in which the rail's resting current is read.",
    },
    {
        "name": "RETRACTED_UM", "id": 10, "unit": "um", "default": 600, "min": 100, "max": 4000,
        "doc": "At or above this position the ram is retracted.",
    },
    {
        "name": "PULL_FROM_UM", "id": 11, "unit": "um", "default": 7500, "min": 1000, "max": 40000,
        "doc": "The pull-out force is looked for from here.",
    },
    {
        "name": "PULL_TO_UM", "id": 12, "unit": "um", "default": 17000, "min": 1000, "max": 40000,
        "doc": "The dispensing stroke ends here; the dispenser's switch has counted by then.",
    },
    {
        "name": "PULL_MIN_MN", "id": 13, "unit": "mN", "default": 15000, "min": 1000, "max": 100000,
        "doc": "Least pull-out force of a seal that really comes out.",
    },
    {
        "name": "PULL_MAX_MN", "id": 14, "unit": "mN", "default": 45000, "min": 5000, "max": 150000,
        "doc": "Force in the dispensing stroke above which the ram stops: TOO_MUCH_RESISTANCE.",
    },
    {
        "name": "PULL_DROP_PERMILLE", "id": 15, "unit": "permille", "default": 500, "min": 100, "max": 900,
        "doc": "After the pull-out the force must fall below this share of its peak.",
    },
    {
        "name": "CONTACT_MN", "id": 16, "unit": "mN", "default": 10000, "min": 2000, "max": 100000,
        "doc": "Force that means that the seal meets the tube.",
    },
    {
        "name": "CONTACT_LOW_UM", "id": 17, "unit": "um", "default": 28500, "min": 5000, "max": 40000,
        "doc": "Contact above this position is TOO_MUCH_RESISTANCE: the seal met something else.",
    },
    {
        "name": "CONTACT_HIGH_UM", "id": 18, "unit": "um", "default": 32000, "min": 5000, "max": 40000,
        "doc": "No contact by this position is NOT_ACTIVATED: no tube, or no seal.",
    },
    {
        "name": "PRESS_FROM_UM", "id": 19, "unit": "um", "default": 27000, "min": 5000, "max": 40000,
        "doc": "From here the ram goes on at the pressing drive, which bounds its force.",
    },
    {
        "name": "ACTIVATE_MIN_MN", "id": 20, "unit": "mN", "default": 105000, "min": 10000, "max": 200000,
        "doc": "Least peak force of an activated seal.",
    },
    {
        "name": "ACTIVATE_MAX_MN", "id": 21, "unit": "mN", "default": 140000, "min": 20000, "max": 250000,
        "doc": "Pressing stops at this force, whatever was seen.",
    },
    {
        "name": "ACTIVATE_TRAVEL_UM", "id": 22, "unit": "um", "default": 1500, "min": 200, "max": 10000,
        "doc": "Least travel after contact of an activated seal.",
    },
    {
        "name": "PRESS_TO_UM", "id": 23, "unit": "um", "default": 35500, "min": 5000, "max": 40000,
        "doc": "Pressing stops at this position, whatever was seen.",
    },
    {
        "name": "STILL_UM", "id": 24, "unit": "um", "default": 60, "min": 20, "max": 2000,
        "doc": "Travel within STILL_MS below which the ram counts as standing.",
    },
    {
        "name": "STILL_MS", "id": 25, "unit": "ms", "default": 1000, "min": 100, "max": 5000,
        "doc": "Time for STILL_UM while the drive is on; a still ram without force is a SENSOR fault.",
    },
    {
        "name": "TIMEOUT_MS", "id": 26, "unit": "ms", "default": 50000, "min": 5000, "max": 300000,
        "doc": "Deadline of each step.",
    },
    {
        "name": "ACTIVATE_DROP_PERMILLE", "id": 27, "unit": "permille", "default": 900, "min": 100,
        "max": 950,
        "doc": "An activated seal gives way: after the peak the force falls below this share of it.",
    },
]

COMMANDS = [
    {
        "name": "DISPENSE", "id": 1,
        "args": [],
        "states": ["IDLE", "DEGRADED"], "hazardous": True,
        "doc": "Pull one seal out of the dispenser; seen by force and by the dispenser's count.",
    },
    {
        "name": "ACTIVATE", "id": 2,
        "args": [],
        "states": ["IDLE", "DEGRADED"], "hazardous": True,
        "doc": "Press the dispensed seal on the tube at SEAL; seen by force against travel.",
    },
    {
        "name": "RETRACT", "id": 3,
        "args": [],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": False,
        "doc": "Lift the ram.",
    },
    {
        "name": "HALT", "id": 4,
        "args": [],
        "states": [], "hazardous": False,
        "doc": "Stop the ram now, in place.",
    },
    {
        "name": "JOG", "id": 40,
        "args": [
            {
                "name": "distance_um", "type": "I32", "min": -20000, "max": 20000, "unit": "um",
                "doc": "down is positive",
            },
        ],
        "states": ["IDLE", "DEGRADED"], "hazardous": True,
        "doc": "Move the ram by a distance, slowly; stops at any force, or when it does not move.",
    },
    {
        "name": "SELF_TEST", "id": 41,
        "args": [],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": False,
        "doc": "Ask each part that the sealer needs who it is; nothing moves.",
    },
]
