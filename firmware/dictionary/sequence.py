"""Sequences: lists of commands that were uploaded as a file and are carried out one after the other."""

COMPONENT = "sequence"
BASE = 0xD00

ENUMS = [
    {
        "name": "SequenceState",
        "doc": "What the sequencer does.",
        "values": [
            ("IDLE", 0, "no sequence"),
            ("CHECKING", 1, "reading the file: length, CRC, every command"),
            ("WAITING", 2, "waiting for the time of the next command"),
            ("HELD", 3, "by hand: waiting for STEP"),
            ("RUNNING", 4, "the present command goes on"),
        ],
    },
    {
        "name": "SequenceReason",
        "doc": "Why a sequence was refused or ended before its end.",
        "values": [
            ("NONE", 0, "no reason"),
            ("MISSING", 1, "there is no file of that name"),
            ("LENGTH", 2, "its header and its length disagree, or a record passes its end"),
            ("CRC", 3, "its CRC-32 is wrong"),
            ("TIME_BASE", 4, "its times are of another time base than the mission's"),
            ("RECORD", 5, "a record is of no kind that there is"),
            ("COMMAND", 6, "a command that this payload does not have"),
            ("ARGUMENT", 7, "an argument is missing, extra or out of its range"),
            ("CLOCK", 8, "the mission clock is not valid"),
            ("LATE", 9, "an absolute time has passed already"),
            ("FAILED", 10, "a command was refused or failed"),
            ("TIMEOUT", 11, "a command did not end in time"),
            ("CANCELLED", 12, "by command"),
            ("LINK", 13, "by the rule for a lost link"),
            ("SELF", 14, "a sequence cannot start another one"),
            ("STORE", 15, "the file could not be read"),
            ("SURVIVAL", 40, "the payload went to sleep"),
        ],
    },
]

EVENTS = [
    {
        "name": "VALID",
        "id": 1,
        "severity": "ACTIVITY_HI",
        "format": "Sequence {file} is good: {records} commands",
        "args": [("file", "Name"), ("records", "U32")],
    },
    {
        "name": "INVALID",
        "id": 2,
        "severity": "WARNING_HI",
        "format": "Sequence {file} is refused: {reason}, at command {record} (opcode {opcode})",
        "args": [("file", "Name"), ("reason", "SequenceReason"), ("record", "U32"), ("opcode", "U32")],
        "cause": "The reason says it; commands are counted from 1, 0 means the file as a whole.",
        "action": "Nothing was carried out. Correct the sequence, compile and upload it again.",
    },
    {
        "name": "STARTED",
        "id": 3,
        "severity": "ACTIVITY_HI",
        "format": "Sequence {file} started",
        "args": [("file", "Name")],
    },
    {
        "name": "STEP",
        "id": 4,
        "severity": "ACTIVITY_HI",
        "format": "Sequence {file}: command {record}, {opcode}",
        "args": [("file", "Name"), ("record", "U32"), ("opcode", "U32")],
    },
    {
        "name": "ENDED",
        "id": 5,
        "severity": "ACTIVITY_HI",
        "format": "Sequence {file} has come to its end: {records} commands",
        "args": [("file", "Name"), ("records", "U32")],
    },
    {
        "name": "STOPPED",
        "id": 6,
        "severity": "WARNING_HI",
        "format": "Sequence {file} stopped at command {record} (opcode {opcode}): {reason}",
        "args": [("file", "Name"), ("record", "U32"), ("opcode", "U32"), ("reason", "SequenceReason")],
        "cause": "The first command that fails ends a sequence; the commands after it were not begun.",
        "action": "Read the events of that command; run what is left as another sequence.",
    },
    {
        "name": "BY_HAND",
        "id": 7,
        "severity": "ACTIVITY_HI",
        "format": "Sequences wait for STEP before each command: {on}",
        "args": [("on", "U32")],
    },
]

CHANNELS = [
    {
        "name": "STATE",
        "id": 1,
        "type": "SequenceState",
        "unit": "",
        "show": "{}",
        "doc": "what the sequencer does",
    },
    {
        "name": "RECORD",
        "id": 2,
        "type": "U32",
        "unit": "",
        "show": "{}",
        "doc": "command of the sequence, from 1",
    },
]

PARAMETERS = [
    {
        "name": "COMMAND_LIMIT_S",
        "id": 1,
        "unit": "s",
        "default": 14400,
        "min": 1,
        "max": 1000000,
        "doc": "deadline of one command of a sequence; its activity is aborted then and the sequence ends",
    },
    {
        "name": "LATE_S",
        "id": 2,
        "unit": "s",
        "default": 10,
        "min": 0,
        "max": 100000,
        "doc": "an absolute time may have passed by this much",
    },
]

COMMANDS = [
    {
        "name": "VALIDATE",
        "id": 1,
        "args": [{"name": "file", "type": "Name", "doc": "which sequence"}],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Checks a sequence as RUN does, and runs nothing.",
    },
    {
        "name": "RUN",
        "id": 2,
        "args": [{"name": "file", "type": "Name", "doc": "which sequence"}],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Checks a sequence, then carries it out; answered when it has ended.",
    },
    {
        "name": "CANCEL",
        "id": 3,
        "args": [],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Begins no further command of the sequence. The present one goes on; ABORT ends that.",
    },
    {
        "name": "BY_HAND",
        "id": 4,
        "args": [{"name": "on", "type": "U32", "min": 0, "max": 1, "unit": "", "doc": "1: wait for STEP"}],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Whether a sequence waits for STEP before each command.",
    },
    {
        "name": "STEP",
        "id": 5,
        "args": [],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Lets the sequence carry out its next command now, by hand.",
    },
]
