"""Survival: asleep but for the mission clock while the supply is low; whether that clock is to be trusted;
the heater; and calling home when nobody is heard."""

COMPONENT = "survival"
BASE = 0xE80

ENUMS = [
    {
        "name": "SurvivalState",
        "doc": "How much of the payload is up.",
        "values": [
            ("AWAKE", 0, "all of it"),
            ("GOING_DOWN", 1, "activities end, last words are sent"),
            ("ASLEEP", 2, "nothing but the mission clock; up for a measurement of the supply at a time"),
            ("LISTENING", 3, "up for a while for the ground; actuators locked"),
        ],
    },
    {
        "name": "SurvivalReason",
        "doc": "Why the payload went to sleep.",
        "values": [
            ("NONE", 0, "it is awake"),
            ("SUPPLY_LOW", 1, "the supply stayed below ENTER_MV"),
            ("COMMAND", 2, "by command"),
            ("RESPONSE", 3, "by a response of fault protection"),
            ("KEPT", 4, "it was asleep before the controller started anew"),
            ("START", 5, "the supply was low when the controller started"),
        ],
    },
    {
        "name": "ClockFault",
        "doc": "Why mission time is not valid. It stays so until SET_TIME.",
        "values": [
            ("NONE", 0, "mission time is valid"),
            ("NO_ANSWER", 1, "the clock has not answered since the start"),
            ("STOPPED", 2, "the clock says that its oscillator has stood still"),
            ("NO_TIME", 3, "its registers hold no time of this mission"),
            ("JUMPED", 4, "it has left the controller's own count by more than JUMP_S"),
            ("BEHIND", 5, "it shows less than what was last written down"),
            ("KEPT", 6, "it was not valid before the controller started anew"),
        ],
    },
    {
        "name": "CallStrategy",
        "doc": "What is tried in a listening window.",
        "values": [
            ("LISTEN", 0, "listen only"),
            ("BEACON", 1, "say once a second who is here, and listen"),
            ("REOPEN", 2, "set the line up anew, then as BEACON"),
        ],
    },
]

EVENTS = [
    {
        "name": "ENTERED",
        "id": 1,
        "severity": "WARNING_HI",
        "format": "Survival: {reason}, supply {bus_mv} mV; everything goes off but the mission clock",
        "args": [("reason", "SurvivalReason"), ("bus_mv", "I32")],
        "cause": "The reason says it.",
        "action": "None: it wakes, measures and comes up by itself. What was held is held in place.",
    },
    {
        "name": "LISTENING",
        "id": 2,
        "severity": "ACTIVITY_HI",
        "format": "Up to listen for {window_s} s ({strategy}), wake-up {wakes}, supply {bus_mv} mV",
        "args": [("window_s", "U32"), ("strategy", "CallStrategy"), ("wakes", "U32"), ("bus_mv", "I32")],
    },
    {
        "name": "LEFT",
        "id": 3,
        "severity": "ACTIVITY_HI",
        "format": "Survival is over: supply {bus_mv} mV, {wakes} wake-ups, {missed} missed,"
        " {asleep_min} min asleep",
        "args": [("bus_mv", "I32"), ("wakes", "U32"), ("missed", "U32"), ("asleep_min", "U32")],
    },
    {
        "name": "OVERSLEPT",
        "id": 4,
        "severity": "WARNING_HI",
        "format": "Overslept by {late_s} s: {missed} wake-ups missed, {total} since commissioning",
        "args": [("late_s", "U32"), ("missed", "U32"), ("total", "U32")],
        "cause": "The controller's timer or the clock's alarm did not wake it in time.",
        "action": "None needed at once; a growing count means that the wake-up can't be relied upon.",
    },
    {
        "name": "SLEEP_REFUSED",
        "id": 5,
        "severity": "WARNING_HI",
        "format": "Asked to sleep {asked_s} s, slept {slept_s} s (try {tries})",
        "args": [("asked_s", "U32"), ("slept_s", "U32"), ("tries", "U32")],
        "cause": "The controller does not go to sleep, or something wakes it at once.",
        "action": "After some tries the controller is reset; look for what wakes it.",
    },
    {
        "name": "RESET_FROM_SLEEP",
        "id": 6,
        "severity": "WARNING_HI",
        "format": "Reset while it should have slept, {resets} in a row (cause {cause})",
        "args": [("resets", "U32"), ("cause", "ResetCause")],
        "cause": "The controller hung in its sleep or refused it, and the watchdog started it anew.",
        "action": "None at once: it sleeps again, or stays up to listen when it can't.",
    },
    {
        "name": "STAYS_UP",
        "id": 7,
        "severity": "WARNING_HI",
        "format": "Sleep is given up after {resets} resets: up, actuators locked, listening",
        "args": [("resets", "U32")],
        "cause": "The controller can't be put to sleep.",
        "action": "Recharge; LEAVE ends survival, ENTER tries to sleep again.",
    },
    {
        "name": "STARTED_LOW",
        "id": 8,
        "severity": "WARNING_HI",
        "format": "Started with the supply at {bus_mv} mV, limit {limit_mv} mV: slept {naps} times"
        " before anything else",
        "args": [("bus_mv", "I32"), ("limit_mv", "I32"), ("naps", "U32")],
        "cause": "The supply came back, but not enough of it.",
        "action": "None; the payload goes on in survival until the supply has recovered.",
    },
    {
        "name": "KEPT",
        "id": 9,
        "severity": "ACTIVITY_HI",
        "format": "Survival's counts over the restart: {wakes} wake-ups, {missed} missed,"
        " {asleep_min} min asleep",
        "args": [("wakes", "U32"), ("missed", "U32"), ("asleep_min", "U32")],
    },
    {
        "name": "LEAVE_REFUSED",
        "id": 10,
        "severity": "WARNING_LO",
        "format": "Not up yet: supply {bus_mv} mV, {limit_mv} mV needed",
        "args": [("bus_mv", "I32"), ("limit_mv", "I32")],
        "cause": "LEAVE came while the supply is below ENTER_MV.",
        "action": "Wait for the sun.",
    },
    {
        "name": "TIME_INVALID",
        "id": 20,
        "severity": "WARNING_HI",
        "format": "Mission time is not valid: {fault}; the clock shows {shown_s},"
        " by our own count it is {counted_s}",
        "args": [("fault", "ClockFault"), ("shown_s", "U32"), ("counted_s", "U32")],
        "cause": "The fault says it: its battery, a disturbance, or a part that fails.",
        "action": "Nothing that waits for a time runs. Set the time with SET_TIME.",
    },
    {
        "name": "TIME_SET",
        "id": 21,
        "severity": "ACTIVITY_HI",
        "format": "Mission time set to {seconds} s; it was {before_s}",
        "args": [("seconds", "U32"), ("before_s", "U32")],
    },
    {
        "name": "CALLING",
        "id": 30,
        "severity": "WARNING_LO",
        "format": "Nobody heard for {silent_s} s: row {row} of the schedule, {strategy} for {window_s} s",
        "args": [("silent_s", "U32"), ("row", "U32"), ("strategy", "CallStrategy"), ("window_s", "U32")],
        "cause": "The link stays lost.",
        "action": "None here. On return read the events from the loss on.",
    },
    {
        "name": "HEATER",
        "id": 40,
        "severity": "ACTIVITY_LO",
        "format": "Heater {on} at {temperature_mc} mdeg C, supply {bus_mv} mV",
        "args": [("on", "U32"), ("temperature_mc", "I32"), ("bus_mv", "I32")],
    },
    {
        "name": "HEATER_INHIBITED",
        "id": 41,
        "severity": "WARNING_LO",
        "format": "{temperature_mc} mdeg C, and no heat: supply {bus_mv} mV, {limit_mv} mV needed",
        "args": [("temperature_mc", "I32"), ("bus_mv", "I32"), ("limit_mv", "I32")],
        "cause": "The supply must outlast the night; the heater would empty it.",
        "action": "None: heat comes back with the supply. Parts may get colder than they were made for.",
    },
]


def _c(number, name, kind, unit, show, doc, divide=1, yellow=None, red=None):
    return {
        "name": name,
        "id": number,
        "type": kind,
        "unit": unit,
        "show": show,
        "divide": divide,
        "yellow": yellow,
        "red": red,
        "doc": doc,
    }


CHANNELS = [
    _c(1, "STATE", "SurvivalState", "", "{}", "how much of the payload is up"),
    _c(2, "WAKES", "U32", "", "{}", "wake-ups to measure the supply, since commissioning"),
    _c(3, "MISSED", "U32", "", "{}", "wake-ups that were missed", yellow=(0, 0)),
    _c(4, "REFUSED", "U32", "", "{}", "times that the controller did not go to sleep", yellow=(0, 0)),
    _c(5, "ASLEEP", "U32", "s", "{:.1f} h", "time asleep since commissioning", 3600),
    _c(6, "ENERGY", "U32", "mWh", "{:.1f} Wh", "energy drawn while awake, as measured", 1000),
    _c(7, "CLOCK", "ClockFault", "", "{}", "whether mission time is valid", red=(0, 0)),
    _c(8, "SILENT", "U32", "s", "{} s", "time since anything was heard from the ground"),
    _c(9, "CALL_ROW", "U32", "", "{}", "row of the calling schedule that applies, from 1"),
    _c(10, "TEMPERATURE", "I32", "mdegC", "{:.1f} C", "temperature of the electronics' box", 1000),
    _c(11, "HEATER", "U32", "", "{}", "1 while the heater is commanded on"),
    _c(12, "MEMORY_FREE", "U32", "B", "{} B", "heap that is free, looked at once a minute"),
    _c(13, "STORE_FREE", "U32", "B", "{} B", "file store that is free, looked at once a minute"),
]


def _p(number, name, unit, default, low, high, doc):
    return {"name": name, "id": number, "unit": unit, "default": default, "min": low, "max": high, "doc": doc}


def _row(first, row, after_s, period_s, window_s, strategy):
    name = "CALL{}_".format(row)
    return [
        _p(first, name + "AFTER_S", "s", after_s, 0, 10_000_000, "applies from this long without the ground"),
        _p(first + 1, name + "PERIOD_S", "s", period_s, 60, 1_000_000, "from one window to the next"),
        _p(first + 2, name + "WINDOW_S", "s", window_s, 1, 36_000, "length of a window"),
        {
            "name": name + "STRATEGY",
            "id": first + 3,
            "type": "CallStrategy",
            "unit": "",
            "default": strategy,
            "doc": "what is tried in the window",
        },
    ]


PARAMETERS = [
    _p(1, "ENTER_MV", "mV", 11000, 0, 16000, "below this supply the payload goes to sleep"),
    _p(2, "ENTER_COUNT", "", 5, 1, 600, "measurements in a row, one a second, that it takes"),
    _p(3, "LEAVE_MV", "mV", 12300, 0, 16000, "at or above this supply it comes up again"),
    _p(4, "LEAVE_WAKES", "", 2, 1, 100, "wake-ups in a row that it takes"),
    _p(5, "LISTEN_MV", "mV", 10800, 0, 16000, "below this supply no listening window is opened"),
    _p(6, "SLEEP_S", "s", 1800, 10, 86400, "from one wake-up to the next"),
    _p(7, "GRACE_S", "s", 3, 1, 60, "time for last words before it sleeps"),
    _p(8, "STAY_S", "s", 300, 0, 36000, "stays up so long after something was heard in a window"),
    _p(9, "LATE_S", "s", 60, 1, 3600, "a wake-up that is later than this was missed"),
    _p(10, "REFUSED_TRIES", "", 3, 1, 100, "refused sleeps in a row before the controller is reset"),
    _p(11, "REFUSED_RESETS", "", 2, 0, 100, "such resets in a row before sleep is given up"),
    _p(12, "JUMP_S", "s", 5, 2, 3600, "a clock that leaves our own count by more is not valid"),
    _p(13, "HEATER_ON_MC", "mdegC", -20000, -100000, 50000, "below this temperature the heater is on, awake"),
    _p(14, "HEATER_SURVIVAL_MC", "mdegC", -40000, -100000, 50000, "and below this one in survival"),
    _p(15, "HEATER_BAND_MC", "mdegC", 5000, 500, 50000, "it is on until so much above"),
    _p(16, "HEATER_MIN_MV", "mV", 11800, 0, 16000, "below this supply the heater stays off"),
    *_row(20, 1, 0, 14400, 30, 0),
    *_row(24, 2, 86400, 28800, 30, 1),
    *_row(28, 3, 345600, 43200, 30, 2),
    *_row(32, 4, 1728000, 86400, 60, 2),
]

COMMANDS = [
    {
        "name": "ENTER",
        "id": 1,
        "args": [
            {
                "name": "hours",
                "type": "U32",
                "min": 0,
                "max": 10000,
                "unit": "h",
                "doc": "not up before so long, whatever the supply",
            }
        ],
        "states": ["IDLE", "HOLD", "STOPPED", "SAFE", "DEGRADED", "SURVIVAL"],
        "hazardous": False,
        "doc": "Goes to sleep but for the mission clock; wakes, measures, and comes up as after low supply.",
    },
    {
        "name": "LEAVE",
        "id": 2,
        "args": [],
        "states": ["SURVIVAL"],
        "hazardous": False,
        "doc": "Comes up now, in mode SAFE; refused while the supply is below ENTER_MV.",
    },
    {
        "name": "SET_TIME",
        "id": 3,
        "args": [
            {
                "name": "seconds",
                "type": "U32",
                "min": 0,
                "max": 0x3FFFFFFF,
                "unit": "s",
                "doc": "mission second that it is now",
            }
        ],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Sets the mission clock; mission time is valid from then on.",
    },
]
