"""The supply: the switched actuator rail, the emergency stop, voltage and current of the bus."""

COMPONENT = "power"
BASE = 0x180

ENUMS = []

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
        "name": "BUS_VOLTAGE_LOW",
        "id": 5,
        "severity": "WARNING_HI",
        "format": "Supply at {bus_mv} mV, limit {limit_mv} mV",
        "args": [("bus_mv", "I32"), ("limit_mv", "I32")],
        "cause": "Battery low, or a load that pulls the supply down.",
        "action": "Recharge; look for the load in the current channels.",
    },
    {
        "name": "BUS_OVER_CURRENT",
        "id": 6,
        "severity": "WARNING_HI",
        "format": "Supply current {bus_ma} mA, limit {limit_ma} mA",
        "args": [("bus_ma", "I32"), ("limit_ma", "I32")],
        "cause": "A short, or more actuators driven than the supply was made for.",
        "action": "Keep the actuators off; compare the current channels with the bring-up record.",
    },
    {
        "name": "AUX_OVER_CURRENT",
        "id": 7,
        "severity": "WARNING_HI",
        "format": "Auxiliary current {aux_ma} mA, limit {limit_ma} mA",
        "args": [("aux_ma", "I32"), ("limit_ma", "I32")],
        "cause": "Probe, sealer or a servo is stalled, or its wiring is shorted.",
        "action": "Keep the actuators off; move the axis by hand and look for what blocks it.",
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

COMMANDS = []
