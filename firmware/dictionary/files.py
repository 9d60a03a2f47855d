"""Files to and from the ground, each with its CRC-32."""

COMPONENT = "files"
BASE = 0xC00

ENUMS = [
    {
        "name": "FileReason",
        "doc": "Why a file was not taken, sent, listed or removed.",
        "values": [
            ("NONE", 0, "no reason"),
            ("NAME", 1, "not a name: 1 to 24 letters, digits, dots, dashes, no leading dot, no path"),
            ("EXISTS", 2, "a file of that name is there already"),
            ("MISSING", 3, "there is no file of that name"),
            ("SPACE", 4, "it does not fit: longer than a transfer may be, or the store is full"),
            ("GAP", 5, "a piece is missing or came twice"),
            ("SIZE", 6, "its length is not what was announced"),
            ("SUM", 7, "its checksum is not what was announced"),
            ("BUSY", 8, "another transfer of that direction is under way"),
            ("CANCELLED", 9, "the other side gave it up"),
            ("STORE", 10, "the store failed while it was written or read"),
            ("READ_ONLY", 11, "it is made by the payload and can be read only"),
            ("NOT_STARTED", 12, "a piece came before any announcement"),
            ("LINK", 13, "the session ended before the transfer did"),
        ],
    },
]

EVENTS = [
    {
        "name": "RECEIVED",
        "id": 1,
        "severity": "ACTIVITY_HI",
        "format": "File {file} received and stored",
        "args": [("file", "Name")],
        "ground_name": "files.FileReceived",
    },
    {
        "name": "STORED",
        "id": 2,
        "severity": "ACTIVITY_HI",
        "format": "{file}: {octets} bytes from the ground, CRC-32 {crc_high} {crc_low} (16 bits each)",
        "args": [("file", "Name"), ("octets", "U32"), ("crc_high", "U32"), ("crc_low", "U32")],
    },
    {
        "name": "SENT",
        "id": 3,
        "severity": "ACTIVITY_HI",
        "format": "{file}: {octets} bytes to the ground, CRC-32 {crc_high} {crc_low} (16 bits each)",
        "args": [("file", "Name"), ("octets", "U32"), ("crc_high", "U32"), ("crc_low", "U32")],
    },
    {
        "name": "LISTED",
        "id": 4,
        "severity": "ACTIVITY_HI",
        "format": "{file}: {octets} bytes, CRC-32 {crc_high} {crc_low} (16 bits each)",
        "args": [("file", "Name"), ("octets", "U32"), ("crc_high", "U32"), ("crc_low", "U32")],
    },
    {
        "name": "LIST_END",
        "id": 5,
        "severity": "ACTIVITY_HI",
        "format": "{files} files; {free} bytes are free",
        "args": [("files", "U32"), ("free", "U32")],
    },
    {
        "name": "REMOVED",
        "id": 6,
        "severity": "ACTIVITY_HI",
        "format": "{file} removed",
        "args": [("file", "Name")],
    },
    {
        "name": "NOT_RECEIVED",
        "id": 7,
        "severity": "WARNING_HI",
        "format": "{file} was not taken: {reason} (at byte {at})",
        "args": [("file", "Name"), ("reason", "FileReason"), ("at", "U32")],
        "cause": "The reason says it; nothing of the file was kept.",
        "action": "Correct what the reason names and send the whole file again.",
    },
    {
        "name": "NOT_SENT",
        "id": 8,
        "severity": "WARNING_HI",
        "format": "{file} was not sent: {reason} (at byte {at})",
        "args": [("file", "Name"), ("reason", "FileReason"), ("at", "U32")],
        "cause": "The reason says it.",
        "action": "Ask again; the file itself is as it was.",
    },
    {
        "name": "REFUSED",
        "id": 9,
        "severity": "WARNING_LO",
        "format": "{file}: {reason}",
        "args": [("file", "Name"), ("reason", "FileReason")],
        "cause": "A command named a file that it can't do this with.",
        "action": "List the files; correct the name.",
    },
]

CHANNELS = [
    {
        "name": "DONE",
        "id": 1,
        "type": "U32",
        "unit": "B",
        "show": "{} B",
        "doc": "bytes of the present transfer, either direction",
    },
]

COMMANDS = [
    {
        "name": "SEND",
        "id": 1,
        "args": [{"name": "file", "type": "Name", "doc": "which file"}],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Sends a file to the ground; answered when all of it is acknowledged.",
    },
    {
        "name": "LIST",
        "id": 2,
        "args": [],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Names every file, with its size and CRC-32, in an event each.",
    },
    {
        "name": "REMOVE",
        "id": 3,
        "args": [{"name": "file", "type": "Name", "doc": "which file"}],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Removes a file. Waits with that until nothing moves, where the store is flash.",
    },
    {
        "name": "CANCEL",
        "id": 4,
        "args": [],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "Gives up the transfers under way.",
    },
]
