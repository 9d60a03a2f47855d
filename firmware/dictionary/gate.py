"""Gate: every enum, event, channel, parameter and command of the dust cover, with units and words."""

COMPONENT = "gate"
BASE = 0x600

ENUMS = [
    {
        "name": "GateState",
        "doc": "What the gate is doing now.",
        "values": [
            ("IDLE", 0, "standing still"),
            ("OPENING", 1, "opening, closed switch must release"),
            ("CLOSING", 2, "closing, closed switch must make"),
        ],
    },
    {
        "name": "GateResult",
        "doc": "How the last action of the gate ended.",
        "values": [
            ("OK", 0, "done and seen by the switch"),
            ("HALTED", 1, "halted in place by command"),
            ("PENDING", 2, "no action has ended yet"),
            ("STUCK", 3, "the switch did not show the move before the deadline"),
        ],
    },
    {
        "name": "GatePosition",
        "doc": "Where the gate is known to be.",
        "values": [
            ("UNKNOWN", 0, "not known"),
            ("CLOSED", 1, "closed, switch made"),
            ("OPEN", 2, "open: it left its closed switch and had its full travel time"),
        ],
    },
]

EVENTS = [
    {
        "name": "OPENED", "id": 1, "severity": "ACTIVITY_LO",
        "format": "Gate open; closed switch released after {elapsed_ms} ms",
        "args": [("elapsed_ms", "I32")],
        "cause": "The gate was ordered open and left its closed switch in time.",
        "action": "None.",
    },
    {
        "name": "CLOSED", "id": 2, "severity": "ACTIVITY_LO",
        "format": "Gate closed; switch made after {elapsed_ms} ms",
        "args": [("elapsed_ms", "I32")],
        "cause": "The gate was ordered closed and reached its closed switch in time.",
        "action": "None.",
    },
    {
        "name": "STUCK", "id": 3, "severity": "WARNING_HI",
        "format": "Gate stuck while {state}: closed switch reads {switch} after {elapsed_ms} ms",
        "args": [("state", "GateState"), ("switch", "I32"), ("elapsed_ms", "I32")],
        "cause": "The cover is blocked by dust or cuttings, the servo has no power, or the switch fails.",
        "action": (
            "The servo is off and the gate stays where it is; the bit must not pass it. Look at the cover, "
            "then order the move again."
        ),
    },
    {
        "name": "HALTED", "id": 4, "severity": "ACTIVITY_HI",
        "format": "Gate halted in place (state {state})",
        "args": [("state", "GateState")],
        "cause": "A halt was ordered: stop, abort, or a fault response.",
        "action": "Order the gate open or closed again: its position counts as unknown.",
    },
]

CHANNELS = [
    {
        "name": "STATE", "id": 1, "type": "GateState", "unit": "", "show": "{}", "divide": 1, "yellow": None,
        "red": None,
        "doc": "What the gate is doing.",
    },
    {
        "name": "RESULT", "id": 2, "type": "GateResult", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "How its last action ended.",
    },
    {
        "name": "POSITION", "id": 3, "type": "GatePosition", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "Where the gate is known to be.",
    },
]

PARAMETERS = [
    {
        "name": "OPEN_PULSE_US", "id": 1, "unit": "us", "default": 2000, "min": 600, "max": 2400,
        "doc": "Servo pulse that opens the gate.",
    },
    {
        "name": "CLOSED_PULSE_US", "id": 2, "unit": "us", "default": 1000, "min": 600, "max": 2400,
        "doc": "Servo pulse that closes the gate.",
    },
    {
        "name": "TRAVEL_MS", "id": 3, "unit": "ms", "default": 1000, "min": 200, "max": 5000,
        "doc": "Time that the cover needs from one end to the other, with margin; waited out when opening.",
    },
    {
        "name": "TIMEOUT_MS", "id": 4, "unit": "ms", "default": 2500, "min": 500, "max": 20000,
        "doc": "Deadline for the switch to show the move.",
    },
]

COMMANDS = [
    {
        "name": "OPEN", "id": 1,
        "args": [],
        "states": ["IDLE", "DEGRADED"], "hazardous": False,
        "doc": "Open the dust cover.",
    },
    {
        "name": "CLOSE", "id": 2,
        "args": [],
        "states": ["IDLE", "DEGRADED"], "hazardous": False,
        "doc": "Close the dust cover.",
    },
    {
        "name": "HALT", "id": 3,
        "args": [],
        "states": [], "hazardous": False,
        "doc": "Stop driving the cover now, in place.",
    },
    {
        "name": "SELF_TEST", "id": 40,
        "args": [],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": False,
        "doc": "Ask each part that the dust cover needs who it is; nothing moves.",
    },
]
