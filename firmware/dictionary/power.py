"""The supply: the switched actuator rail, the emergency stop, voltage and current of the bus."""

COMPONENT = "power"
BASE = 0x180

ENUMS = [
    {
        "name": "GuardCause",
        "doc": "What the guard (hal/guard.py) took the power away for.",
        "values": [
            ("NONE", 0, "nothing is latched"),
            ("HEARTBEAT", 1, "the executive gave no sign of life in its time"),
            ("END_STOP_BOTTOM", 2, "the feed was driven into its bottom switch"),
            ("END_STOP_TOP", 3, "the feed was driven on with its home switch made"),
            ("OVER_CURRENT_SPINDLE", 4, "the spindle's current, beyond what its bridge can bear"),
            ("OVER_CURRENT_AUX", 5, "the current of probe, sealer and servos"),
            ("OVER_CURRENT_BUS", 6, "the current of the whole supply"),
            ("E_STOP", 8, "the emergency-stop loop opened"),
            ("SILENT", 9, "the guard's own interrupt did not come any more"),
            ("ORDERED", 10, "fault protection asked for it"),
        ],
    },
]

EVENTS = [
    {
        "name": "ACTUATORS_ON",
        "id": 1,
        "severity": "ACTIVITY_LO",
        "format": "Actuator supply on",
        "args": [],
    },
    {
        "name": "ACTUATORS_OFF",
        "id": 2,
        "severity": "ACTIVITY_LO",
        "format": "Actuator supply off",
        "args": [],
    },
    {
        "name": "ESTOP_OPENED",
        "id": 3,
        "severity": "WARNING_HI",
        "format": "Emergency stop: the loop is open, the actuators have no power",
        "args": [],
        "cause": "Somebody pressed the emergency stop, or its loop is broken.",
        "action": "Make sure that nobody is near; close the loop; start again with bring-up.",
    },
    {
        "name": "ESTOP_CLOSED",
        "id": 4,
        "severity": "ACTIVITY_HI",
        "format": "Emergency stop: the loop is closed again; the actuators stay off until commanded",
        "args": [],
    },
    {
        "name": "GUARD_TRIPPED",
        "id": 60,
        "severity": "WARNING_HI",
        "format": "The guard took the power off the actuators: {cause}, {value} against {limit}",
        "args": [("cause", "GuardCause"), ("value", "I32"), ("limit", "I32")],
        "cause": "A hard interrupt found what may not wait for the next tick.",
        "action": "Find and remove the cause; then GUARD_CLEAR, and start again with bring-up.",
    },
    {
        "name": "GUARD_CLEARED",
        "id": 61,
        "severity": "ACTIVITY_HI",
        "format": "The guard's latch is cleared, it was {cause}; the actuators stay off until commanded",
        "args": [("cause", "GuardCause")],
    },
    {
        "name": "GUARD_NOT_CLEARED",
        "id": 62,
        "severity": "WARNING_LO",
        "format": "The guard stays latched: {cause} is still there",
        "args": [("cause", "GuardCause")],
        "cause": "GUARD_CLEAR was commanded before the cause was removed.",
        "action": "Remove the cause (close the loop, free the axis, mend the short), then clear again.",
    },
]

CHANNELS = [
    {
        "name": "BUS_VOLTAGE",
        "id": 1,
        "type": "I32",
        "unit": "mV",
        "show": "{:.2f} V",
        "divide": 1000,
        "yellow": (11000, 13500),
        "red": (10000, 14500),
        "doc": "voltage of the supply",
    },
    {
        "name": "BUS_CURRENT",
        "id": 2,
        "type": "I32",
        "unit": "mA",
        "show": "{:.2f} A",
        "divide": 1000,
        "yellow": (0, 7000),
        "red": (0, 9000),
        "doc": "current drawn from the supply",
    },
    {
        "name": "AUX_CURRENT",
        "id": 3,
        "type": "I32",
        "unit": "mA",
        "show": "{:.2f} A",
        "divide": 1000,
        "yellow": (0, 1500),
        "red": (0, 2500),
        "doc": "current of probe, sealer and servos together",
    },
    {
        "name": "ACTUATORS",
        "id": 4,
        "type": "U32",
        "unit": "",
        "show": "{}",
        "divide": 1,
        "yellow": None,
        "red": None,
        "doc": "1 while the actuator supply is switched on",
    },
    {
        "name": "ESTOP",
        "id": 5,
        "type": "U32",
        "unit": "",
        "show": "{}",
        "divide": 1,
        "yellow": None,
        "red": (0, 0),
        "doc": "1 while the emergency stop loop is open",
    },
    {
        "name": "GUARD",
        "id": 60,
        "type": "GuardCause",
        "unit": "",
        "show": "{}",
        "divide": 1,
        "yellow": None,
        "red": None,
        "doc": "what the guard has latched",
    },
]

PARAMETERS = [
    {
        "name": "BUS_MIN_MV",
        "id": 1,
        "unit": "mV",
        "default": 10000,
        "min": 6000,
        "max": 13000,
        "doc": "below this supply voltage the work stops",
    },
    {
        "name": "BUS_MAX_MA",
        "id": 2,
        "unit": "mA",
        "default": 9000,
        "min": 500,
        "max": 20000,
        "doc": "above this supply current the actuators are switched off",
    },
    {
        "name": "AUX_MAX_MA",
        "id": 3,
        "unit": "mA",
        "default": 2500,
        "min": 100,
        "max": 5000,
        "doc": "above this auxiliary current the actuators are switched off",
    },
]

COMMANDS = [
    {
        "name": "GUARD_CLEAR",
        "id": 60,
        "args": [],
        "states": [],
        "hazardous": False,
        "doc": "Clears the guard's latch; refused while the cause is still there. Switches nothing on.",
    },
]
