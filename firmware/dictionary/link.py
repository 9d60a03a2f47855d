"""The line to the ground: sessions, urgent frames, arming, what happens when the link is lost; and which
channels travel together."""

COMPONENT = "link"
BASE = 0xB00

ENUMS = [
    {
        "name": "LinkRule",
        "doc": "What an activity does when the link is lost while it runs.",
        "values": [
            ("FINISH", 0, "goes on to its end, or to the next hold"),
            ("PAUSE", 1, "begins nothing new and waits; a session that comes back may resume it"),
            ("ABORT", 2, "ends by its safe way out"),
            ("STOP", 3, "actuator power off, everything halted, ended"),
        ],
    },
    {
        "name": "UrgentKind",
        "doc": "Frames that are acted on where they are received, before any queue.",
        "values": [
            ("NONE", 0, "none"),
            ("STOP", 1, "actuator power off now, everything ends"),
            ("ABORT", 2, "everything ends by its safe way out"),
            ("PAUSE", 3, "nothing new is begun"),
            ("RESUME", 4, "goes on after PAUSE"),
        ],
    },
    {
        "name": "TagFault",
        "doc": "Why a frame was refused.",
        "values": [
            ("NONE", 0, "not refused"),
            ("VERSION", 1, "the frame speaks another version of the link"),
            ("NEEDED", 2, "this link wants a tag on every frame"),
            ("WRONG", 3, "the tag does not fit: another key, or a forged frame"),
            ("COUNTER", 4, "the counter was used already: a replayed frame"),
        ],
    },
]

EVENTS = [
    {
        "name": "SESSION",
        "id": 1,
        "severity": "ACTIVITY_LO",
        "format": "Session {opening} of this start opened",
        "args": [("opening", "U32")],
    },
    {
        "name": "LOST",
        "id": 2,
        "severity": "WARNING_HI",
        "format": "Link lost, silent for {silent_ms} ms; {activity} runs by rule {rule}",
        "args": [("silent_ms", "U32"), ("activity", "ActivityName"), ("rule", "LinkRule")],
        "cause": "No valid frame came for LOSS_MS: a cable, a host that stopped, or a radio in shadow.",
        "action": "None here: the declared rule was applied. On return read the events from this one on.",
    },
    {
        "name": "BACK",
        "id": 3,
        "severity": "WARNING_LO",
        "format": "Link is back after {lost_s} s; rule {rule} was applied, lost at event {event}",
        "args": [("lost_s", "U32"), ("rule", "LinkRule"), ("event", "U32")],
        "cause": "A valid frame came again.",
        "action": "Ask for the events from that number on; resume or end what was paused.",
    },
    {
        "name": "URGENT",
        "id": 4,
        "severity": "ACTIVITY_HI",
        "format": "{kind} obeyed, {told} activities told",
        "args": [("kind", "UrgentKind"), ("told", "U32")],
    },
    {
        "name": "URGENT_REFUSED",
        "id": 5,
        "severity": "WARNING_LO",
        "format": "{kind} refused",
        "args": [("kind", "UrgentKind")],
        "cause": "Nothing is paused, or the frame is an old one.",
        "action": "Open a session and send it anew.",
    },
    {
        "name": "FRAME_REFUSED",
        "id": 6,
        "severity": "WARNING_HI",
        "format": "Frames refused, {reason}: {count} since start",
        "args": [("reason", "TagFault"), ("count", "U32")],
        "cause": "A host with another key or version, or somebody who replays or forges.",
        "action": "Compare the keys of both sides; with the right key, look who else is on the line.",
    },
    {
        "name": "DICTIONARY",
        "id": 7,
        "severity": "ACTIVITY_HI",
        "format": "Dictionary {a} {b} {c} {d}: the first 64 bits of its digest, 16 bits each",
        "args": [("a", "U32"), ("b", "U32"), ("c", "U32"), ("d", "U32")],
    },
    {
        "name": "ARMED",
        "id": 8,
        "severity": "ACTIVITY_HI",
        "format": "Command {opcode} is armed for {seconds} s",
        "args": [("opcode", "U32"), ("seconds", "U32")],
    },
    {
        "name": "PARAMETERS_DEFAULT",
        "id": 9,
        "severity": "ACTIVITY_HI",
        "format": "All parameters are at their defaults",
        "args": [],
    },
    {
        "name": "PARAMETER",
        "id": 10,
        "severity": "ACTIVITY_HI",
        "format": "Parameter {parameter} is {value}",
        "args": [("parameter", "U32"), ("value", "I32")],
    },
    {
        "name": "MALFORMED",
        "id": 11,
        "severity": "WARNING_LO",
        "format": "Packet of {octets} bytes with descriptor {descriptor} is none that the payload takes",
        "args": [("octets", "U32"), ("descriptor", "U32")],
        "cause": "The ground sent something else than a command or a file packet, or cut it short.",
        "action": "Nothing was carried out. Check the ground's version.",
    },
    {
        "name": "KEY_MISSING",
        "id": 12,
        "severity": "WARNING_HI",
        "format": "This line needs a key and has none: every frame is refused",
        "args": [],
        "cause": "The board's key file is not there, or holds no key.",
        "action": "Put the key on the board over USB, by hand; then restart the payload.",
    },
]


CHANNELS = [
    {
        "name": "FRAMES_TAKEN",
        "id": 1,
        "type": "U32",
        "unit": "",
        "show": "{}",
        "doc": "valid frames from the ground since start",
    },
    {
        "name": "FRAMES_BAD",
        "id": 2,
        "type": "U32",
        "unit": "",
        "show": "{}",
        "yellow": (0, 100),
        "doc": "frames dropped since start: wrong check, too long, unknown",
    },
    {
        "name": "FRAMES_SENT",
        "id": 3,
        "type": "U32",
        "unit": "",
        "show": "{}",
        "doc": "frames to the ground since start",
    },
    {
        "name": "FRAMES_RESENT",
        "id": 4,
        "type": "U32",
        "unit": "",
        "show": "{}",
        "doc": "frames sent to the ground more than once",
    },
]


def _p(number, name, unit, default, low, high, doc):
    return {"name": name, "id": number, "unit": unit, "default": default, "min": low, "max": high, "doc": doc}


def _rule(number, name, default, doc):
    return {"name": name, "id": number, "type": "LinkRule", "unit": "", "default": default, "doc": doc}


PARAMETERS = [
    _p(1, "LOSS_MS", "ms", 5000, 1000, 3600000, "the link is lost after this long without a valid frame"),
    _p(2, "RESEND_MS", "ms", 400, 50, 10000, "a frame without acknowledgement is sent again after this"),
    _p(3, "PACK_SAMPLES", "", 5, 0, 50, "samples in a frame of packed telemetry; 0: plain packets"),
    _p(4, "ARM_S", "s", 30, 1, 600, "a hazardous command must follow its arming within this"),
    _rule(5, "RULE_PROCEDURE", 0, "link lost while a procedure runs, such as an acquisition"),
    _rule(6, "RULE_BRING_UP", 0, "link lost during bring-up"),
    _rule(7, "RULE_BY_HAND", 2, "link lost while a mechanism is moved by hand"),
    _rule(
        8,
        "RULE_SEQUENCE",
        0,
        "link lost while a sequence runs: FINISH goes on, any other rule cancels it first",
    ),
]

COMMANDS = [
    {
        "name": "ARM",
        "id": 1,
        "args": [
            {
                "name": "opcode",
                "type": "U32",
                "min": 1,
                "max": 0xFFFF,
                "unit": "",
                "doc": "the command to be armed",
            }
        ],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "First of two steps: the hazardous command of that opcode is accepted once within ARM_S.",
    },
    {
        "name": "PARAMETER_GET",
        "id": 2,
        "args": [
            {"name": "parameter", "type": "U32", "min": 1, "max": 0xFFFF, "unit": "", "doc": "global id"}
        ],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Tells one parameter in an event. All of them stand in the file parameters.bin.",
    },
    {
        "name": "TELL_DICTIONARY",
        "id": 3,
        "args": [],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Tells the digest of the payload's dictionary in an event.",
    },
]

# Which channels travel together, how often. A channel that no packet names travels once a second in a packet
# that is made for the rest.
PACKETS = [
    {
        "name": "CORING",
        "id": 1,
        "period_ms": 200,
        "channels": [
            "CORER_DEPTH",
            "CORER_RATE_OF_PROGRESS",
            "FEED_WEIGHT_ON_BIT",
            "CORER_SPINDLE_SPEED",
            "CORER_SPINDLE_CURRENT",
            "CORER_LEVEL",
            "CORER_PERCUSSION",
            "FEED_POSITION",
            "FEED_PROGRESS",
            "CORER_TILT_CHANGE",
            "CORER_STATE",
            "FEED_STATE",
        ],
        "doc": "what a person watches while a core is drilled",
    },
    {
        "name": "HEALTH",
        "id": 2,
        "period_ms": 1000,
        "channels": [
            "SYSTEM_MODE",
            "SYSTEM_ACTIVITY",
            "SYSTEM_SLIPS",
            "SYSTEM_EVENTS",
            "POWER_BUS_VOLTAGE",
            "POWER_BUS_CURRENT",
            "POWER_AUX_CURRENT",
            "POWER_ACTUATORS",
            "POWER_ESTOP",
            "SAMPLE_PHASE",
            "SAMPLE_SAMPLE",
            "SAMPLE_TUBE",
            "SAMPLE_VERDICT",
        ],
        "doc": "what the payload does as a whole, and its supply",
    },
    {
        "name": "RING",
        "id": 3,
        "period_ms": 1000,
        "channels": [
            "CAROUSEL_STATE",
            "CAROUSEL_COMMANDED",
            "CAROUSEL_SENSED",
            "CAROUSEL_STEP",
            "CAROUSEL_LAG_STEPS",
            "CAROUSEL_TUBE_AT_DRILL",
            "PROBE_STATE",
            "PROBE_POSITION",
            "PROBE_FILL",
            "SEALER_STATE",
            "SEALER_POSITION",
            "SEALER_FORCE",
            "GATE_STATE",
            "GATE_POSITION",
            "CAMERA_STATE",
            "CAMERA_PICTURE",
        ],
        "doc": "carousel, probe, sealer, gate and camera",
    },
]
