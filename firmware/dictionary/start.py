"""Starts: how often, why, how far what was kept is trusted; the parameters that are kept over a reset."""

COMPONENT = "start"
BASE = 0xF00

ENUMS = [
    {
        "name": "Tier",
        "doc": "How far a start trusts what was kept. Each repeated failed start trusts less; up again"
        " only by command.",
        "values": [
            ("FULL", 0, "everything is read, and a hold goes on"),
            ("NO_ACTIVITY", 1, "everything is read; nothing goes on by itself"),
            ("BARE", 2, "nothing is read or mounted; the payload still talks"),
        ],
    },
    {
        "name": "Entry",
        "doc": "What the executive runs, in the order in which it was added; who did not come back.",
        "values": [
            ("WAITING", 0, "none: it hung between two ticks"),
            ("INPUTS", 1, "reads every sensor"),
            ("RAIL", 2, "the actuators' supply, its guard and the emergency stop"),
            ("WATCH", 3, "derives what the monitors compare"),
            ("MONITORS", 4, "values against limits"),
            ("TILT", 5, "the platform's tilt"),
            ("SPINDLE", 6, "the mechanism of this name"),
            ("FEED", 7, "the mechanism of this name"),
            ("CORER", 8, "the control of the drilling"),
            ("PERCUSSION", 9, "the mechanism of this name"),
            ("BREAKOFF", 10, "the mechanism of this name"),
            ("WEIGHER", 11, "the mechanism of this name"),
            ("CAROUSEL", 12, "the mechanism of this name"),
            ("PROBE", 13, "the mechanism of this name"),
            ("SEALER", 14, "the mechanism of this name"),
            ("GATE", 15, "the dust cover"),
            ("CAMERA", 16, "the mechanism of this name"),
            ("ACTIVITIES", 17, "the step of an activity"),
            ("FEED_STEPS", 18, "the feed's step generator"),
            ("CAROUSEL_STEPS", 19, "the carousel's step generator"),
            ("TELEMETRY", 20, "samples channels"),
            ("LINK", 21, "the line to the ground"),
            ("LEDGER", 22, "writes custody records"),
            ("LEDGER_MIRROR", 23, "keeps the records in flash"),
            ("PARAMETERS", 24, "keeps parameters"),
            ("SURVIVAL", 25, "supply, clock, sleep"),
            ("START", 26, "counts a start as one that lasted"),
            ("SLIPS", 27, "reports late ticks"),
            ("FREE_SPACE", 28, "asks for a look at heap and files"),
            ("DEPLOYMENT", 29, "tells what is installed"),
            ("START_DRIVERS", 240, "before the first tick: drivers are made, parts set up"),
            ("START_SUPPLY", 241, "before the first tick: supply measured, sleep until it carries"),
            ("START_KEPT", 242, "before the first tick: the count of starts and the parameters are read"),
            ("START_PARTS", 243, "before the first tick: mechanisms are made, each part is asked who it is"),
            ("START_RECORD", 244, "before the first tick: custody record, mirror and files are opened"),
            ("STILL_WORK", 254, "what is done between ticks while all is still: flash, garbage"),
        ],
    },
]

EVENTS = [
    {
        "name": "COUNTED",
        "id": 1,
        "severity": "ACTIVITY_HI",
        "format": "Start {starts}, {quick} in a row ended early, tier {tier}",
        "args": [("starts", "U32"), ("quick", "U32"), ("tier", "Tier")],
    },
    {
        "name": "TIER_LOWERED",
        "id": 2,
        "severity": "WARNING_HI",
        "format": "{quick} starts in a row ended early: tier {tier} from now on",
        "args": [("quick", "U32"), ("tier", "Tier")],
        "cause": "The payload was reset again and again within seconds of its start.",
        "action": "Find out why from the reset causes; then TRUST and RESTART bring it up fully.",
    },
    {
        "name": "RECORD_LOST",
        "id": 3,
        "severity": "WARNING_LO",
        "format": "The record of starts cannot be kept: quick resets are not counted",
        "args": [],
        "cause": "The FRAM does not answer.",
        "action": "Check the FRAM; a payload that is reset again and again will not protect itself.",
    },
    {
        "name": "FILES_VOLATILE",
        "id": 4,
        "severity": "WARNING_HI",
        "format": "The flash file system cannot be used: files are kept in RAM only",
        "args": [],
        "cause": "It cannot be mounted, is read-only or fails; it was not formatted, its "
        "bytes are untouched.",
        "action": "Fetch what is still needed; files sent now are gone with the next reset.",
    },
    {
        "name": "PARAMETERS_KEPT",
        "id": 5,
        "severity": "ACTIVITY_LO",
        "format": "Parameters kept, version {version}: {changed} differ from their defaults",
        "args": [("version", "U32"), ("changed", "U32")],
    },
    {
        "name": "PARAMETERS_READ",
        "id": 6,
        "severity": "ACTIVITY_HI",
        "format": "Parameters read, version {version}: {changed} differ from their defaults, "
        "{dropped} dropped",
        "args": [("version", "U32"), ("changed", "U32"), ("dropped", "U32")],
    },
    {
        "name": "PARAMETERS_REPAIRED",
        "id": 7,
        "severity": "WARNING_LO",
        "format": "Copy {copy} of the parameters was damaged and is written anew from the other",
        "args": [("copy", "U32")],
        "cause": "A power cut while it was written, or a memory that loses bits.",
        "action": "None; if it comes again, check the FRAM.",
    },
    {
        "name": "PARAMETERS_LOST",
        "id": 8,
        "severity": "WARNING_HI",
        "format": "Both copies of the parameters are damaged: defaults are in use",
        "args": [],
        "cause": "The memory was damaged.",
        "action": "Compare with what the ground has, and set what differs; the first set writes both anew.",
    },
    {
        "name": "PARAMETERS_FUTURE",
        "id": 9,
        "severity": "WARNING_HI",
        "format": "The parameters kept are of format {found}, this firmware knows {known}: "
        "defaults are in use",
        "args": [("found", "U32"), ("known", "U32")],
        "cause": "They were written by a newer firmware.",
        "action": "Install that firmware again, or set what differs: the first set writes them anew.",
    },
    {
        "name": "PARAMETERS_NOT_KEPT",
        "id": 10,
        "severity": "WARNING_HI",
        "format": "Parameters could not be kept: what was set is gone with the next reset",
        "args": [],
        "cause": "The FRAM does not answer or does not keep what is written.",
        "action": "Check the FRAM; set the parameters again after each reset until then.",
    },
    {
        "name": "HUNG",
        "id": 11,
        "severity": "WARNING_HI",
        "format": "Reset by the watchdog: {entry} did not come back (place {position} of tick {slot})",
        "args": [("entry", "Entry"), ("position", "U32"), ("slot", "U32")],
        "cause": "It waited for something that never came, looped, or raised an error; the tick did not end.",
        "action": "Look at what that entry waits for: a bus, a pin, the line. The actuators' supply was off "
        "after the guard's heartbeat time. Bring up again.",
    },
]

CHANNELS = []

PARAMETERS = []

COMMANDS = [
    {
        "name": "TRUST",
        "id": 1,
        "args": [],
        "states": ["ANY"],
        "hazardous": True,
        "doc": "The next start reads everything again and lets a hold go on.",
    },
    {
        "name": "RESTART",
        "id": 2,
        "args": [],
        "states": ["IDLE", "STOPPED", "SAFE", "DEGRADED"],
        "hazardous": True,
        "doc": "Starts the controller again, with everything off.",
    },
]
