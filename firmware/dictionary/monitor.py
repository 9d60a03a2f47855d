"""The monitors: one row each of a value against a limit, its persistence, its phases, its response.

`_row` spells out what belongs to a row: the row itself, the parameter that holds its limit, and its name in
the enum Monitor. Values are watched ten times a second; a count is in those.
"""

COMPONENT = "monitor"
BASE = 0xE00

_ANY = ()
_PRELOAD = ("PRELOAD",)
_CORING = ("CORE",)
_RETRACT = ("RETRACT",)
_DOCKING = ("TAKE_TUBE", "DOCK")
_SEALING = ("DISPENSE", "ACTIVATE")

_WATCHED = (
    ("BUS_MV", "voltage of the supply"),
    ("BUS_MA", "current of the supply"),
    ("AUX_MA", "current of probe, sealer and servos"),
    ("IDLE_MA", "current of the supply while the rail is on and nothing is driven"),
    ("SPINDLE_MA", "current through the spindle's bridge"),
    ("WEIGHT_MN", "load cell less its tare"),
    ("TILT_MDEG", "tilt since its baseline"),
    ("LUX", "ambient light"),
    ("MOTOR_MC", "temperature of the spindle's winding"),
    ("AMBIENT_MC", "ambient temperature"),
    ("RPM", "speed of the spindle by its encoder"),
    ("PROBE_UM", "potentiometer of the probe"),
    ("SEALER_UM", "potentiometer of the sealer"),
    ("SPINDLE_STILL_MS", "driven without a turn"),
    ("SPINDLE_BUSY_MS", "time that starting or stopping takes"),
    ("HAMMER_MA", "current of the supply while only the hammer strikes"),
    ("HAMMER_STILL_MS", "struck without a current"),
    ("HAMMER_MHZ", "rate of blows"),
    ("HAMMER_BUSY_MS", "time of a series of blows"),
    ("FEED_MA", "current of the supply while only the feed moves"),
    ("FEED_STILL_MS", "stepped with the stall output made"),
    ("FEED_UM", "position of the carriage by its steps"),
    ("FEED_BUSY_MS", "time of a move"),
    ("RING_MA", "current of the supply while only the carousel moves"),
    ("RING_STILL_STEPS", "steps since the last detent of a move"),
    ("RING_MISMATCH", "1 while the ring stands elsewhere than commanded"),
    ("RING_BUSY_MS", "time of a move"),
    ("CAM_MA", "current of the break-off cam"),
    ("CAM_STILL_MS", "turned with no switch made"),
    ("CAM_MISMATCH", "1 while both of its switches are made"),
    ("CAM_BUSY_MS", "time of a move"),
    ("GATE_MA", "current of the cover"),
    ("GATE_STILL_MS", "driven and not arrived"),
    ("GATE_MISMATCH", "1 while the switch says otherwise than the last move"),
    ("GATE_BUSY_MS", "time of a move"),
    ("PROBE_MA", "current of the probe above rest"),
    ("PROBE_STILL_MS", "driven without travel"),
    ("PROBE_BUSY_MS", "time of a stroke"),
    ("SEALER_MA", "current of the sealer above rest"),
    ("SEALER_STILL_MS", "driven without travel"),
    ("SEALER_BUSY_MS", "time of a stroke"),
    ("CLOCK_VALID", "1 while the mission clock gives a time"),
    ("RECORD_LOST", "1 while the custody record takes nothing: its memory failed or is silent"),
)

ENUMS = [
    {
        "name": "Watch",
        "doc": "What monitors look at.",
        "values": [(name, number, text) for number, (name, text) in enumerate(_WATCHED)]
        + [("COUNT", len(_WATCHED), "how many there are")],
    },
    {
        "name": "Source",
        "doc": "The part that a watched value comes from: its age is the value's.",
        "values": [
            ("NONE", 0, "the firmware itself; never stale"),
            ("BUS_CURRENT", 1, "current monitor of the supply"),
            ("AUX_CURRENT", 2, "current monitor of probe, sealer and servos"),
            ("SPINDLE_CURRENT", 3, "current monitor of the spindle"),
            ("LOAD_CELL", 4, "load cell"),
            ("TILT", 5, "accelerometer"),
            ("LIGHT", 6, "light sensor"),
            ("ANALOGUE", 7, "analogue converter"),
            ("ENCODER", 8, "spindle encoder"),
            ("SWITCHES", 9, "port expander"),
            ("CLOCK", 10, "mission clock"),
        ],
    },
    {
        "name": "Comparison",
        "doc": "How a value breaks its limit.",
        "values": [("ABOVE", 0, "value > limit"), ("BELOW", 1, "value < limit"), ("DIFFERS", 2, "not equal")],
    },
    {
        "name": "MonitorState",
        "doc": "What a monitor does.",
        "values": [("DISABLED", 0, "nothing"), ("PASSIVE", 1, "an event"), ("ACTIVE", 2, "event, response")],
    },
    {
        "name": "ResponseKind",
        "doc": "The few things that fault protection does. None releases anything, none moves anything.",
        "values": [
            ("NONE", 0, "an event only"),
            ("AXIS", 1, "drop that axis; the activity ends by it, posture kept"),
            ("HOLD", 2, "hold everything in place, rail off"),
            ("SAFE", 3, "safe the payload: activities ended, rail off, mechanisms locked"),
            ("CUT", 4, "the guard's latch: no power before GUARD_CLEAR"),
            ("DEGRADE", 5, "the degraded mode of that row, as soon as no activity runs"),
        ],
    },
]

MONITORS = []
PARAMETERS = []
_NAMES = []


def _row(name, watch, comparison, limit, low, high, unit, count, phases, response, source, reason, **more):
    number = len(MONITORS) + 1
    if "own" not in more:
        PARAMETERS.append(
            {
                "name": name,
                "id": number,
                "unit": unit,
                "default": limit,
                "min": low,
                "max": high,
                "doc": "limit of the monitor of that name",
            }
        )
    row = {
        "name": name,
        "id": number,
        "watch": watch,
        "comparison": comparison,
        "count": count,
        "phases": list(phases),
        "response": response,
        "source": source,
        "reason": reason,
        "stale": more.get("stale", 0),
        "state": more.get("state", "ACTIVE"),
        "fixed": more.get("fixed", False),
        "kind": more.get("kind", "range"),
        "of": more.get("of", watch),
        "limit": more.get("own", ""),
        "mode": more.get("mode", ""),
    }
    MONITORS.append(row)
    _NAMES.append((name, number, ""))


# Sensors: range and staleness. A value that is no value has its source's age, in tenths of a second.
_S = {"stale": 20}
_row(
    "BUS_LOW",
    "BUS_MV",
    "BELOW",
    10000,
    6000,
    13000,
    "mV",
    2,
    _ANY,
    "HOLD",
    "BUS_CURRENT",
    "SAFED",
    own="POWER_BUS_MIN_MV",
    **_S,
    fixed=True,
)
_row("BUS_HIGH", "BUS_MV", "ABOVE", 15000, 12000, 20000, "mV", 2, _ANY, "HOLD", "BUS_CURRENT", "SAFED", **_S)
_row(
    "BUS_CURRENT",
    "BUS_MA",
    "ABOVE",
    9000,
    500,
    20000,
    "mA",
    2,
    _ANY,
    "HOLD",
    "BUS_CURRENT",
    "SAFED",
    own="POWER_BUS_MAX_MA",
    **_S,
    fixed=True,
)
_row(
    "BUS_CURRENT_LOW", "BUS_MA", "BELOW", -500, -5000, 0, "mA", 3, _ANY, "NONE", "BUS_CURRENT", "SAFED", **_S
)
_row(
    "IDLE_CURRENT",
    "IDLE_MA",
    "ABOVE",
    450,
    50,
    5000,
    "mA",
    3,
    _ANY,
    "HOLD",
    "BUS_CURRENT",
    "HEATER",
    own="SAMPLE_IDLE_MAX_MA",
    **_S,
)
_row(
    "AUX_CURRENT",
    "AUX_MA",
    "ABOVE",
    2500,
    100,
    5000,
    "mA",
    2,
    _ANY,
    "HOLD",
    "AUX_CURRENT",
    "SAFED",
    own="POWER_AUX_MAX_MA",
    **_S,
    fixed=True,
)
_row(
    "AUX_CURRENT_LOW", "AUX_MA", "BELOW", -500, -5000, 0, "mA", 3, _ANY, "NONE", "AUX_CURRENT", "SAFED", **_S
)
_row(
    "SPINDLE_RANGE",
    "SPINDLE_MA",
    "ABOVE",
    9000,
    1000,
    30000,
    "mA",
    2,
    _ANY,
    "HOLD",
    "SPINDLE_CURRENT",
    "OVER_CURRENT",
    **_S,
)
_row(
    "WEIGHT_HIGH",
    "WEIGHT_MN",
    "ABOVE",
    145000,
    10000,
    200000,
    "mN",
    3,
    _ANY,
    "HOLD",
    "LOAD_CELL",
    "LOAD_CELL",
    **_S,
    mode="NO_LOAD_CELL",
)
_row(
    "WEIGHT_LOW",
    "WEIGHT_MN",
    "BELOW",
    -120000,
    -200000,
    -10000,
    "mN",
    3,
    _ANY,
    "HOLD",
    "LOAD_CELL",
    "LOAD_CELL",
    **_S,
)
_row("TILT_RANGE", "TILT_MDEG", "ABOVE", 20000, 1000, 90000, "mdeg", 5, _ANY, "HOLD", "TILT", "SLIP", **_S)
_row(
    "LUX_RANGE",
    "LUX",
    "ABOVE",
    150000,
    1000,
    200000,
    "lux",
    10,
    _ANY,
    "NONE",
    "LIGHT",
    "LIGHT",
    **_S,
    mode="NO_LIGHT_SENSOR",
)
_row(
    "MOTOR_HOT",
    "MOTOR_MC",
    "ABOVE",
    110000,
    20000,
    160000,
    "mC",
    10,
    _ANY,
    "HOLD",
    "ANALOGUE",
    "SPINDLE",
    **_S,
)
_row(
    "MOTOR_COLD",
    "MOTOR_MC",
    "BELOW",
    -70000,
    -120000,
    20000,
    "mC",
    10,
    _ANY,
    "NONE",
    "ANALOGUE",
    "SPINDLE",
    **_S,
)
_row(
    "AMBIENT_HOT",
    "AMBIENT_MC",
    "ABOVE",
    70000,
    20000,
    120000,
    "mC",
    10,
    _ANY,
    "NONE",
    "ANALOGUE",
    "SAFED",
    **_S,
)
_row(
    "AMBIENT_COLD",
    "AMBIENT_MC",
    "BELOW",
    -70000,
    -120000,
    20000,
    "mC",
    10,
    _ANY,
    "NONE",
    "ANALOGUE",
    "SAFED",
    **_S,
)
_row("RPM_RANGE", "RPM", "ABOVE", 280, 50, 1000, "rpm", 3, _ANY, "HOLD", "ENCODER", "SPINDLE", **_S)
_row(
    "PROBE_RANGE", "PROBE_UM", "ABOVE", 90000, 50000, 100000, "um", 5, _ANY, "HOLD", "ANALOGUE", "PROBE", **_S
)
_row(
    "PROBE_RANGE_LOW", "PROBE_UM", "BELOW", -4000, -10000, 0, "um", 5, _ANY, "HOLD", "ANALOGUE", "PROBE", **_S
)
_row(
    "SEALER_RANGE",
    "SEALER_UM",
    "ABOVE",
    43000,
    20000,
    60000,
    "um",
    5,
    _ANY,
    "HOLD",
    "ANALOGUE",
    "SEALER",
    **_S,
)
_row(
    "SEALER_RANGE_LOW",
    "SEALER_UM",
    "BELOW",
    -4000,
    -10000,
    0,
    "um",
    5,
    _ANY,
    "HOLD",
    "ANALOGUE",
    "SEALER",
    **_S,
)
_row("CLOCK_RANGE", "CLOCK_VALID", "DIFFERS", 1, 0, 1, "", 50, _ANY, "NONE", "CLOCK", "SAFED", **_S)

# Actuators: over-current, no motion, position, time. Above what the mechanisms themselves allow.


def _actuator(of, current, still, position, busy, source, without=""):
    reason, name = of
    watch, limit = current
    _row(
        f"{name}_OVER_CURRENT",
        watch,
        "ABOVE",
        limit,
        50,
        30000,
        "mA",
        3,
        _ANY,
        "AXIS",
        source,
        reason,
        kind="over_current",
        of=name,
    )
    watch, limit, unit = still
    _row(
        f"{name}_NO_MOTION",
        watch,
        "ABOVE",
        limit,
        10,
        100000,
        unit,
        1,
        _ANY,
        "AXIS",
        "NONE",
        reason,
        kind="no_motion",
        of=name,
        mode=without,
    )
    watch, comparison, limit, low, high, unit = position
    _row(
        f"{name}_POSITION",
        watch,
        comparison,
        limit,
        low,
        high,
        unit,
        5,
        _ANY,
        "HOLD",
        "NONE",
        reason,
        kind="position",
        of=name,
    )
    watch, limit = busy
    _row(
        f"{name}_TIME",
        watch,
        "ABOVE",
        limit,
        1000,
        10000000,
        "ms",
        1,
        _ANY,
        "AXIS",
        "NONE",
        reason,
        kind="time",
        of=name,
    )


_actuator(
    ("OVER_CURRENT", "SPINDLE"),
    ("SPINDLE_MA", 8800),
    ("SPINDLE_STILL_MS", 3000, "ms"),
    ("RPM", "ABOVE", 260, 50, 1000, "rpm"),
    ("SPINDLE_BUSY_MS", 20000),
    "SPINDLE_CURRENT",
)
_actuator(
    ("CORING", "HAMMER"),
    ("HAMMER_MA", 6000),
    ("HAMMER_STILL_MS", 5000, "ms"),
    ("HAMMER_MHZ", "ABOVE", 31000, 1000, 60000, "mHz"),
    ("HAMMER_BUSY_MS", 30000),
    "BUS_CURRENT",
    "ROTARY_ONLY",
)
_actuator(
    ("FEED", "FEED"),
    ("FEED_MA", 3000),
    ("FEED_STILL_MS", 1500, "ms"),
    ("FEED_UM", "ABOVE", 131500, 50000, 150000, "um"),
    ("FEED_BUSY_MS", 240000),
    "BUS_CURRENT",
)
_actuator(
    ("CAROUSEL", "RING"),
    ("RING_MA", 3000),
    ("RING_STILL_STEPS", 1200, "steps"),
    ("RING_MISMATCH", "ABOVE", 0, 0, 1, ""),
    ("RING_BUSY_MS", 300000),
    "BUS_CURRENT",
)
_actuator(
    ("BREAK_OFF", "CAM"),
    ("CAM_MA", 2300),
    ("CAM_STILL_MS", 6000, "ms"),
    ("CAM_MISMATCH", "ABOVE", 0, 0, 1, ""),
    ("CAM_BUSY_MS", 20000),
    "AUX_CURRENT",
)
_actuator(
    ("GATE", "GATE"),
    ("GATE_MA", 2300),
    ("GATE_STILL_MS", 6000, "ms"),
    ("GATE_MISMATCH", "ABOVE", 0, 0, 1, ""),
    ("GATE_BUSY_MS", 20000),
    "AUX_CURRENT",
)
_actuator(
    ("PROBE", "PROBE"),
    ("PROBE_MA", 2000),
    ("PROBE_STILL_MS", 6000, "ms"),
    ("PROBE_UM", "ABOVE", 88000, 50000, 100000, "um"),
    ("PROBE_BUSY_MS", 120000),
    "AUX_CURRENT",
)
_actuator(
    ("SEALER", "SEALER"),
    ("SEALER_MA", 2200),
    ("SEALER_STILL_MS", 6000, "ms"),
    ("SEALER_UM", "ABOVE", 42500, 20000, 60000, "um"),
    ("SEALER_BUSY_MS", 120000),
    "AUX_CURRENT",
)

# Limit sets of the phases: tighter than the ones above, and in force only there.
_row(
    "PRELOAD_WEIGHT",
    "WEIGHT_MN",
    "ABOVE",
    110000,
    10000,
    200000,
    "mN",
    3,
    _PRELOAD,
    "HOLD",
    "LOAD_CELL",
    "PRELOAD",
    kind="phase",
)
_row(
    "PRELOAD_TILT",
    "TILT_MDEG",
    "ABOVE",
    3000,
    100,
    20000,
    "mdeg",
    5,
    _PRELOAD,
    "HOLD",
    "TILT",
    "SLIP",
    kind="phase",
)
_row(
    "CORING_WEIGHT",
    "WEIGHT_MN",
    "ABOVE",
    135000,
    10000,
    200000,
    "mN",
    3,
    _CORING,
    "HOLD",
    "LOAD_CELL",
    "WEIGHT_LOST",
    kind="phase",
)
_row(
    "CORING_TILT",
    "TILT_MDEG",
    "ABOVE",
    3000,
    100,
    20000,
    "mdeg",
    5,
    _CORING,
    "HOLD",
    "TILT",
    "SLIP",
    kind="phase",
)
_row(
    "CORING_MOTOR_HOT",
    "MOTOR_MC",
    "ABOVE",
    100000,
    20000,
    160000,
    "mC",
    10,
    _CORING,
    "HOLD",
    "ANALOGUE",
    "SPINDLE",
    kind="phase",
)
_row(
    "RETRACT_PULL",
    "WEIGHT_MN",
    "BELOW",
    -110000,
    -200000,
    -10000,
    "mN",
    3,
    _RETRACT,
    "HOLD",
    "LOAD_CELL",
    "RETRACT_STALLED",
    kind="phase",
)
_row(
    "RETRACT_TILT",
    "TILT_MDEG",
    "ABOVE",
    4000,
    100,
    20000,
    "mdeg",
    5,
    _RETRACT,
    "HOLD",
    "TILT",
    "SLIP",
    kind="phase",
)
_row(
    "DOCKING_WEIGHT",
    "WEIGHT_MN",
    "ABOVE",
    40000,
    5000,
    200000,
    "mN",
    3,
    _DOCKING,
    "HOLD",
    "LOAD_CELL",
    "FEED",
    kind="phase",
)
_row(
    "SEALING_CURRENT",
    "SEALER_MA",
    "ABOVE",
    1800,
    100,
    5000,
    "mA",
    3,
    _SEALING,
    "HOLD",
    "AUX_CURRENT",
    "SEALER",
    kind="phase",
)
_row(
    "SEALING_TILT",
    "TILT_MDEG",
    "ABOVE",
    10000,
    100,
    20000,
    "mdeg",
    5,
    _SEALING,
    "HOLD",
    "TILT",
    "SLIP",
    kind="phase",
)

# What is lost for good, and what goes on without it. An activity that needs the record stops by itself: it is
# looked at while none is at work, and costs no tick of one.
_AT_REST = ("IDLE", "SAFING", "STOWED", "HOLD")
_row(
    "RECORD_LOST",
    "RECORD_LOST",
    "ABOVE",
    0,
    0,
    1,
    "",
    3,
    _AT_REST,
    "DEGRADE",
    "NONE",
    "CUSTODY",
    kind="lost",
    mode="RAM_ONLY",
)

ENUMS.append({"name": "Monitor", "doc": "The rows of the table of monitors.", "values": _NAMES})

EVENTS = [
    {
        "name": "TRIPPED",
        "id": 1,
        "severity": "WARNING_HI",
        "format": "{monitor}: {value} against its limit {limit}; response {response}",
        "args": [("monitor", "Monitor"), ("value", "I32"), ("limit", "I32"), ("response", "ResponseKind")],
        "cause": "The value broke its limit in as many checks as the row asks for.",
        "action": "Look at the value's channel and at the events before; nothing goes on by itself.",
    },
    {
        "name": "CLEARED",
        "id": 2,
        "severity": "ACTIVITY_LO",
        "format": "{monitor}: {value}, inside its limit {limit} again",
        "args": [("monitor", "Monitor"), ("value", "I32"), ("limit", "I32")],
    },
    {
        "name": "STALE",
        "id": 3,
        "severity": "WARNING_LO",
        "format": "{monitor}: no fresh value for {age_ms} ms; it protects nothing until one comes",
        "args": [("monitor", "Monitor"), ("age_ms", "U32")],
        "cause": "The part that gives the value does not answer.",
        "action": "Check the part and its wires.",
    },
    {
        "name": "FRESH",
        "id": 4,
        "severity": "ACTIVITY_LO",
        "format": "{monitor}: values come again; it counts from nothing",
        "args": [("monitor", "Monitor")],
    },
    {
        "name": "ESCALATED",
        "id": 5,
        "severity": "WARNING_HI",
        "format": "{monitor}: {before} has not helped, now {after}",
        "args": [("monitor", "Monitor"), ("before", "ResponseKind"), ("after", "ResponseKind")],
        "cause": "The value stayed beyond its limit after the response.",
        "action": "Find what drives the value; the payload is as safe as it can make itself.",
    },
    {
        "name": "STATE",
        "id": 6,
        "severity": "WARNING_LO",
        "format": "{monitor} is {state} from now on",
        "args": [("monitor", "Monitor"), ("state", "MonitorState")],
        "cause": "It was commanded.",
        "action": "Set it ACTIVE again as soon as the reason is gone.",
    },
]

COMMANDS = [
    {
        "name": "SET_STATE",
        "id": 1,
        "args": [
            {"name": "monitor", "type": "U32", "min": 1, "max": 255, "unit": "", "doc": "enum Monitor"},
            {"name": "state", "type": "U32", "min": 0, "max": 2, "unit": "", "doc": "enum MonitorState"},
        ],
        "states": [],
        "hazardous": False,
        "doc": "DISABLED, PASSIVE or ACTIVE. Refused for a monitor that may not be disabled.",
    },
]
