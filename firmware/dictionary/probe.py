"""Probe: every enum, event, channel, parameter and command of the fill probe, with units and words."""

COMPONENT = "probe"
BASE = 0x400

ENUMS = [
    {
        "name": "ProbeState",
        "doc": "What the probe is doing now.",
        "values": [
            ("IDLE", 0, "standing still"),
            ("RETRACTING", 1, "pulling the rod out of the tube"),
            ("REST", 2, "waiting for the rail current to rest before a stroke"),
            ("APPROACH", 3, "lowering the rod fast, first contact"),
            ("BACK_OFF", 4, "backing off for the next touch"),
            ("TOUCH", 5, "lowering the rod slowly until it touches"),
            ("SETTLE", 6, "holding the touch while the position reading settles"),
            ("JOGGING", 7, "moving by hand"),
        ],
    },
    {
        "name": "ProbeResult",
        "doc": "How the last action of the probe ended.",
        "values": [
            ("OK", 0, "done"),
            ("HALTED", 1, "halted in place by command"),
            ("PENDING", 2, "no action has ended yet"),
            ("NO_CONTACT", 3, "the rod went past the tube's bottom without touching"),
            ("JAM", 4, "the rod met something outside its window, or would not come back"),
            ("SENSOR", 5, "the position reading is missing, out of range, or does not move with the rod"),
            ("NO_CURRENT", 6, "the rod is driven but draws no current: rail off or wire broken"),
            ("NOT_RETRACTED", 7, "refused: the rod must be retracted first"),
            ("TIMEOUT", 8, "the action did not end before its deadline"),
        ],
    },
    {
        "name": "FillState",
        "doc": "How full a tube is, with the probe's uncertainty counted against certainty.",
        "values": [
            ("UNKNOWN", 0, "not measured"),
            ("EMPTY", 1, "nothing in the tube within the probe's uncertainty"),
            ("LOW", 2, "less than expected for the depth"),
            ("NOMINAL", 3, "as expected for the depth"),
            ("OVERFILL", 4, "so full that a seal cannot be set"),
        ],
    },
]

EVENTS = [
    {
        "name": "TOUCHED", "id": 1, "severity": "ACTIVITY_LO",
        "format": "Probe touch {touch} at {contact_um} um, current {above_ma} mA above rest",
        "args": [("touch", "I32"), ("contact_um", "I32"), ("above_ma", "I32")],
        "cause": "The rod met what fills the tube.",
        "action": "None.",
    },
    {
        "name": "MEASURED", "id": 2, "severity": "ACTIVITY_HI",
        "format": (
            "Tube is filled {fill_um} um, give or take {uncertainty_um} um (contact at {contact_um} um)"
        ),
        "args": [("fill_um", "I32"), ("uncertainty_um", "I32"), ("contact_um", "I32")],
        "cause": "The touches were taken; the middle one counts.",
        "action": "None. The activity decides what the fill means.",
    },
    {
        "name": "NO_CONTACT", "id": 3, "severity": "WARNING_HI",
        "format": "Probe found nothing down to {position_um} um",
        "args": [("position_um", "I32")],
        "cause": "No tube stands at PROBE, or the contact current is set too high.",
        "action": (
            "The rod stands still in the tube. Retract it, check which position is at PROBE, measure again."
        ),
    },
    {
        "name": "JAM", "id": 4, "severity": "WARNING_HI",
        "format": "Probe stopped at {position_um} um with {above_ma} mA above rest (state {state})",
        "args": [("position_um", "I32"), ("above_ma", "I32"), ("state", "ProbeState")],
        "cause": "The rod met something above the tube's mouth, or is clamped and does not come back.",
        "action": (
            "The drive is off and the rod stays where it is. The carousel must not turn until it is "
            "retracted."
        ),
    },
    {
        "name": "SENSOR", "id": 5, "severity": "WARNING_HI",
        "format": (
            "Probe stopped: position reading {position_um} um, current {above_ma} mA above rest (state "
            "{state})"
        ),
        "args": [("position_um", "I32"), ("above_ma", "I32"), ("state", "ProbeState")],
        "cause": "The potentiometer or its converter fails, or the rod does not move while current flows.",
        "action": (
            "The drive is off and the rod's position counts as unknown. Check the potentiometer's channel."
        ),
    },
    {
        "name": "NO_CURRENT", "id": 6, "severity": "WARNING_HI",
        "format": "Probe driven at {drive_permille} permille but draws only {above_ma} mA above rest",
        "args": [("drive_permille", "I32"), ("above_ma", "I32")],
        "cause": "The actuator rail is off, a wire is broken, or the rail's current sensor fails.",
        "action": "The drive is off. Check the rail and the auxiliary current, then retract.",
    },
    {
        "name": "RETRACTED", "id": 7, "severity": "ACTIVITY_LO",
        "format": "Probe retracted to {position_um} um",
        "args": [("position_um", "I32")],
        "cause": "The rod is out of the tube.",
        "action": "None.",
    },
    {
        "name": "NOT_RETRACTED", "id": 8, "severity": "WARNING_LO",
        "format": "Probe measurement refused: rod stands at {position_um} um",
        "args": [("position_um", "I32")],
        "cause": (
            "A measurement starts from the retracted rod so that the carousel's tube is the one measured."
        ),
        "action": "Nothing moved. Retract the probe, then measure.",
    },
    {
        "name": "HALTED", "id": 9, "severity": "ACTIVITY_HI",
        "format": "Probe halted in place at {position_um} um (state {state})",
        "args": [("position_um", "I32"), ("state", "ProbeState")],
        "cause": "A halt was ordered: stop, abort, or a fault response.",
        "action": "Retract the probe before the carousel turns.",
    },
    {
        "name": "TIMEOUT", "id": 10, "severity": "WARNING_HI",
        "format": (
            "Probe stopped at {position_um} um: action not ended after {elapsed_ms} ms (state {state})"
        ),
        "args": [("position_um", "I32"), ("elapsed_ms", "I32"), ("state", "ProbeState")],
        "cause": "The rod moves too slowly: weak supply, drag, or drive parameters far too low.",
        "action": "The drive is off and the rod stays where it is. Retract it, check supply and parameters.",
    },
    {
        "name": "JOGGED", "id": 40, "severity": "ACTIVITY_LO",
        "format": "Probe moved by hand to {position_um} um",
        "args": [("position_um", "I32")],
        "cause": "A jog has ended where it was asked to.",
        "action": "None.",
    },
]

CHANNELS = [
    {
        "name": "STATE", "id": 1, "type": "ProbeState", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "What the probe is doing.",
    },
    {
        "name": "RESULT", "id": 2, "type": "ProbeResult", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "How its last action ended.",
    },
    {
        "name": "POSITION", "id": 3, "type": "I32", "unit": "um", "show": "{:.1f} mm", "divide": 1000,
        "yellow": None, "red": None,
        "doc": "Rod position from the potentiometer.",
    },
    {
        "name": "FILL", "id": 4, "type": "I32", "unit": "um", "show": "{:.1f} mm", "divide": 1000,
        "yellow": None, "red": None,
        "doc": "Fill of the tube measured last; -1 when none was.",
    },
    {
        "name": "CURRENT_ABOVE_REST", "id": 5, "type": "I32", "unit": "mA", "show": "{} mA", "divide": 1,
        "yellow": (-50, 600), "red": (-100, 900),
        "doc": "Current of the auxiliary rail above rest while driven.",
    },
]

PARAMETERS = [
    {
        "name": "FAST_PERMILLE", "id": 1, "unit": "permille", "default": 1000, "min": 200, "max": 1000,
        "doc": "Drive of the first approach and of the retraction.",
    },
    {
        "name": "SLOW_PERMILLE", "id": 2, "unit": "permille", "default": 300, "min": 100, "max": 1000,
        "doc": "Drive of the touches that count.",
    },
    {
        "name": "CONTACT_MA", "id": 3, "unit": "mA", "default": 300, "min": 50, "max": 1000,
        "doc": "Current above rest that means contact, at full drive.",
    },
    {
        "name": "SLOW_CONTACT_MA", "id": 4, "unit": "mA", "default": 200, "min": 50, "max": 1000,
        "doc": "Current above rest that means contact, at slow drive.",
    },
    {
        "name": "MOVING_MIN_MA", "id": 5, "unit": "mA", "default": 20, "min": 0, "max": 200,
        "doc": "Least current above rest that a driven rod draws; less is NO_CURRENT.",
    },
    {
        "name": "INRUSH_MS", "id": 6, "unit": "ms", "default": 120, "min": 0, "max": 1000,
        "doc": "Current is not judged for this long after the drive is switched.",
    },
    {
        "name": "REST_MS", "id": 7, "unit": "ms", "default": 100, "min": 40, "max": 2000,
        "doc": "Rest before a measurement, in which the rail's resting current is read.",
    },
    {
        "name": "SETTLE_MS", "id": 8, "unit": "ms", "default": 120, "min": 50, "max": 2000,
        "doc": "Hold at a touch until every converter has a fresh position (all channels in turn).",
    },
    {
        "name": "BACK_OFF_UM", "id": 9, "unit": "um", "default": 1500, "min": 300, "max": 10000,
        "doc": "Back-off between touches.",
    },
    {
        "name": "WINDOW_LOW_UM", "id": 10, "unit": "um", "default": 2500, "min": 500, "max": 40000,
        "doc": "Contact above this position is a jam, not a fill; the tube's mouth stands at 5000.",
    },
    {
        "name": "WINDOW_HIGH_UM", "id": 11, "unit": "um", "default": 85700, "min": 20000, "max": 90000,
        "doc": "No contact by this position is NO_CONTACT; the tube's bottom stands at 85000.",
    },
    {
        "name": "RETRACTED_UM", "id": 12, "unit": "um", "default": 600, "min": 100, "max": 4000,
        "doc": "At or above this position the rod is retracted.",
    },
    {
        "name": "STILL_UM", "id": 13, "unit": "um", "default": 100, "min": 20, "max": 2000,
        "doc": "Travel within STILL_MS below which the rod counts as standing.",
    },
    {
        "name": "STILL_MS", "id": 14, "unit": "ms", "default": 600, "min": 100, "max": 5000,
        "doc": (
            "Time for STILL_UM while the drive is on; a still rod without contact current is a SENSOR fault."
        ),
    },
    {
        "name": "UNCERTAINTY_UM", "id": 15, "unit": "um", "default": 150, "min": 10, "max": 2000,
        "doc": "Uncertainty of one position reading, added to half the spread of the touches.",
    },
    {
        "name": "TIMEOUT_MS", "id": 16, "unit": "ms", "default": 50000, "min": 5000, "max": 300000,
        "doc": "Deadline of a measurement or a retraction.",
    },
    {
        "name": "EMPTY_MAX_UM", "id": 17, "unit": "um", "default": 2000, "min": 200, "max": 20000,
        "doc": "A fill that may be this little is EMPTY: dust and powder are no core.",
    },
    {
        "name": "LOW_PERMILLE", "id": 18, "unit": "permille", "default": 600, "min": 100, "max": 1000,
        "doc": "A fill below this share of the drilled depth is LOW.",
    },
    {
        "name": "OVERFILL_UM", "id": 19, "unit": "um", "default": 77000, "min": 20000, "max": 90000,
        "doc": "A fill that may be above this leaves no room for the seal: OVERFILL.",
    },
]

COMMANDS = [
    {
        "name": "MEASURE", "id": 1,
        "args": [],
        "states": ["IDLE", "DEGRADED"], "hazardous": False,
        "doc": "Measure the fill of the tube at PROBE: three touches, the middle one counts.",
    },
    {
        "name": "RETRACT", "id": 2,
        "args": [],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": False,
        "doc": "Pull the rod out of the tube.",
    },
    {
        "name": "HALT", "id": 3,
        "args": [],
        "states": [], "hazardous": False,
        "doc": "Stop the rod now, in place.",
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
        "doc": "Move the rod by a distance, slowly; stops at any force, or when it does not move.",
    },
    {
        "name": "SELF_TEST", "id": 41,
        "args": [],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": False,
        "doc": "Ask each part that the probe needs who it is; nothing moves.",
    },
]
