"""The custody record: kinds of record, what a seat holds, what the ledger says when it is read or refuses."""

COMPONENT = "ledger"
BASE = 0xA00

ENUMS = [
    {
        "name": "RecordKind",
        "doc": "One custody step. What the four numbers a, b, c, d of a record hold stands with each kind.",
        "values": [
            ("INITIALISED", 1, "ledger begins: a = seats, seat n holds clean tube n; b = payload"),
            ("TAKE_INTENT", 2, "a tube is about to be taken: a = sample, b = depth asked um"),
            ("TAKEN", 3, "tube latched into the bit: a = sample, b = hanging mN, -10^9 not weighed"),
            ("CORED", 4, "a hole was drilled: a = sample, b = depth um, c = level, d = result"),
            ("VERDICT", 5, "a = sample, b = verdict, c = core mN, -10^9 not weighed, d = picture"),
            ("RELEASED", 6, "the ground released sample and tube: a = sample, b = verdict it stands on"),
            ("DOCKED", 7, "tube given back: a = sample, b = seat, c = contact um"),
            ("FILL", 8, "fill measured: a = sample, b = fill, c = fill um, d = uncertainty um"),
            ("SEAL_INTENT", 9, "about to set a seal: a = sample, b = attempt, c = 1 the one on the rod"),
            ("SEAL_RESULT", 10, "a = sample, b = 1 activated or 0 failed, c = peak mN, d = travel um"),
            ("STORED", 11, "tube stored: a = sample, b = seat, c = seal"),
            ("MARKED", 12, "a remark about a tube, 0 the bit itself: a = sample, b = mark, c = picture"),
            ("LOADED", 13, "what tube it is: b = serial number, c = kind of tube"),
            ("SEALS", 14, "tube = dispenser 1 to 7: b = seals in it"),
            ("BIT", 15, "tube = bit 1 to 9 is on the spindle"),
            ("CORE_INTENT", 16, "the bit is about to go down to the rock: a = sample, b = depth asked um"),
            ("BROKEN_OFF", 17, "break-off confirmed: a = sample, b = vote of the snap, c = peak mA"),
            ("RETRACTED", 18, "the bit is out of the hole: a = sample, b = feed position um"),
            ("DOCK_INTENT", 19, "the tube is about to be given back: a = sample, b = seat"),
            (
                "MOVED",
                20,
                "by hand, or found: a = sample, b = seat where it stands, 0 the bit, c = 1 by hand",
            ),
            ("DROPPED", 21, "left the payload: a = sample, b = 0 lost, 1 depot"),
            ("RECOVERED", 22, "after a reset: a = sample, b = step it was in, c = continuation commanded"),
            ("BREAK_INTENT", 23, "the tube is about to be moved off the axis: a = sample"),
        ],
    },
    {
        "name": "SeatState",
        "doc": "What a carousel seat holds, as the ledger tells it.",
        "values": [
            ("NO_TUBE", 0, "the seat is empty and belongs to no tube"),
            ("EMPTY_TUBE", 1, "a clean, unused tube"),
            ("IN_BIT", 2, "empty: its tube is in the bit"),
            ("HELD_OPEN", 3, "a used tube, not sealed, not yet stored"),
            ("SEALED", 4, "a tube with an activated seal"),
            ("UNSEALED", 5, "a used tube that was stored without a seal"),
        ],
    },
    {
        "name": "CustodyRule",
        "doc": "The rule that an impossible custody step would have broken.",
        "values": [
            ("NONE", 0, "no rule broken"),
            ("NOT_INITIALISED", 1, "the ledger has no first record"),
            ("ALREADY_INITIALISED", 2, "the ledger has a first record already"),
            ("UNKNOWN_KIND", 3, "no such kind of record"),
            ("NO_SUCH_TUBE", 4, "no such tube"),
            ("NO_SUCH_SEAT", 5, "no such seat"),
            ("TUBE_NOT_IN_SEAT", 6, "the tube is not in that seat"),
            ("BIT_OCCUPIED", 7, "a tube is in the bit already"),
            ("TUBE_USED", 8, "the tube was used already"),
            ("TUBE_NOT_IN_BIT", 9, "the tube is not in the bit"),
            ("SEAT_OCCUPIED", 10, "the seat holds a tube already"),
            ("NOT_CORED", 11, "nothing was cored into the tube"),
            ("NOT_PRESENT", 12, "no PRESENT verdict stands for the tube"),
            ("NOT_RELEASED", 13, "no release from the ground names the tube"),
            ("RELEASE_MISMATCH", 14, "the record names another sample than the one in the tube"),
            ("NO_FILL", 15, "the fill was not measured"),
            ("NO_SEAL_INTENT", 16, "no seal was announced"),
            ("ALREADY_SEALED", 17, "the tube is sealed already"),
            ("ALREADY_STORED", 18, "the tube is stored already"),
            ("OVERFULL", 20, "the core stands too high to be sealed"),
            ("DEBRIS", 21, "debris was seen on the bit and not cleared"),
            ("SERIAL_TWICE", 22, "another tube has that serial number"),
            ("NO_SEALS", 23, "the dispenser holds no seal, or fewer than none would be left"),
            ("DAMAGED", 24, "the tube is marked as damaged"),
            ("NO_SUCH_MARK", 25, "no such mark, or it does not fit what is known of the tube"),
            ("SEATS_DIFFER", 26, "the record was begun for another number of seats than the board has"),
            ("TUBE_GONE", 27, "the tube has left the payload"),
            ("SEAL_DISAGREES", 19, "the record says sealed and the ledger does not, or the other way round"),
        ],
    },
    {
        "name": "TubeMark",
        "doc": "Remarks that can be made about a tube.",
        "values": [
            ("DEBRIS_SEEN", 1, "debris seen on the bit; blocks a release until cleared"),
            ("DEBRIS_CLEARED", 2, "looked at and cleared by the ground"),
            ("OVERFULL", 3, "the core stands too high"),
            ("ABANDONED", 4, "the activity ended with the tube open"),
            ("REUSED", 5, "emptied by decision: clean enough to be used again, and marked for ever"),
            ("DAMAGED", 6, "must not be used any more"),
            ("TRIED_AGAIN", 7, "was in the bit while its way was cleared: marked as reused for ever"),
        ],
    },
]

ENUMS.append(
    {
        "name": "TubeKind",
        "doc": "What a tube is for.",
        "values": [("SAMPLE", 0, "takes a core"), ("WITNESS", 1, "stays empty and shows what gets in")],
    }
)
ENUMS.append(
    {
        "name": "Step",
        "doc": "In the middle of what a tube was when the payload was reset, by the record.",
        "values": [
            ("NOTHING", 0, "nothing was in hand"),
            ("TAKING", 1, "being taken: in its seat or in the bit"),
            ("HANGING", 2, "unused in the bit, above everything"),
            ("CORING", 3, "in the bit, the bit at the rock or in it; core not broken off"),
            ("BREAKING", 4, "in the bit and in the hole; core broken off or not"),
            ("IN_HOLE", 5, "in the bit and in the hole; core broken off and held"),
            ("CARRIED", 6, "in the bit, out of the hole, with what is in it"),
            ("DOCKING", 7, "being given back: in the bit or in its seat"),
            ("OPEN_IN_SEAT", 8, "in its seat, open"),
            ("SEALING", 9, "in its seat; a seal is half set, or not"),
            ("SEALED_IN_SEAT", 10, "in its seat, seal activated; not written down as stored"),
        ],
    }
)

ENUMS.append(
    {
        "name": "RestoreReason",
        "doc": "Why a mirror of the custody ledger was not taken.",
        "values": [
            ("FILE", 1, "there is no file restore.ledger, it is cut off, or it cannot be read"),
            ("RECORD", 2, "the record is damaged, or not the next one"),
            ("DIFFERS", 3, "another record stands here at that place"),
            ("NOT_KEPT", 4, "the memory here takes no record, or did not keep one"),
            ("CHAIN", 5, "the record does not go on from the one before it: the chain is broken"),
            ("PAYLOAD", 6, "the ledger is another payload's"),
            ("SEATS", 7, "the ledger has another number of seats than this payload"),
            ("RULE", 8, "a custody rule forbids the record"),
        ],
    }
)

EVENTS = [
    {
        "name": "OPENED",
        "id": 1,
        "severity": "ACTIVITY_HI",
        "format": "Custody ledger read: {records} records, chain unbroken",
        "args": [("records", "U32")],
    },
    {
        "name": "INITIALISED",
        "id": 2,
        "severity": "ACTIVITY_HI",
        "format": "Custody ledger begun for {seats} seats",
        "args": [("seats", "U32")],
    },
    {
        "name": "UNREADABLE",
        "id": 3,
        "severity": "WARNING_HI",
        "format": "Custody ledger cannot be trusted after record {sequence}; kept as it is, not written",
        "args": [("sequence", "U32")],
        "cause": "A record is damaged in the middle of the chain, or the memory holds something else.",
        "action": "Read the memory out and keep it; only then begin a new ledger by command.",
    },
    {
        "name": "TORN_RECORD_DROPPED",
        "id": 4,
        "severity": "WARNING_LO",
        "format": "The write of record {sequence} was cut off and never counted; it is written anew",
        "args": [("sequence", "U32")],
        "cause": "Power was lost while the record was written.",
        "action": "Compare the last custody step with what stands in the hardware.",
    },
    {
        "name": "WRITE_FAILED",
        "id": 5,
        "severity": "WARNING_HI",
        "format": "Record {sequence} read back different from what was written",
        "args": [("sequence", "U32")],
        "cause": "The memory is worn, write protected or its bus is disturbed.",
        "action": "Stop the work; no custody step is recorded until the memory answers correctly.",
    },
    {
        "name": "CUSTODY_REFUSED",
        "id": 6,
        "severity": "WARNING_HI",
        "format": "{kind} refused for tube {tube}: {rule}",
        "args": [("kind", "RecordKind"), ("tube", "U32"), ("rule", "CustodyRule")],
        "cause": "The step would put a tube in two places, or pass one that was not verified and released.",
        "action": "Compare the commanded, sensed and recorded place of the tube before going on.",
    },
    {
        "name": "FULL",
        "id": 7,
        "severity": "WARNING_HI",
        "format": "Custody ledger is full at {records} records",
        "args": [("records", "U32")],
        "cause": "The memory has no room for another record.",
        "action": "Read the ledger out, keep it, and begin a new one by command.",
    },
]

EVENTS.append(
    {
        "name": "FOREIGN",
        "id": 8,
        "severity": "WARNING_HI",
        "format": "Custody ledger is of payload {theirs}, this is {own}; its seats {seats}; not written",
        "args": [("theirs", "U32"), ("own", "U32"), ("seats", "U32")],
        "cause": "The memory comes from another payload, or the board's data name other seats than it was"
        " begun for.",
        "action": "Put its own memory back, or correct the board's data; nothing was changed.",
    }
)
EVENTS.append(
    {
        "name": "RESTORED",
        "id": 9,
        "severity": "ACTIVITY_HI",
        "format": "Custody ledger: {taken} records taken from file, {had} were here, {count} now",
        "args": [("taken", "U32"), ("had", "U32"), ("count", "U32")],
    }
)
EVENTS.append(
    {
        "name": "RESTORE_REFUSED",
        "id": 10,
        "severity": "WARNING_HI",
        "format": "Restore refused at record {sequence}: {reason}; what was here is unchanged",
        "args": [("sequence", "U32"), ("reason", "RestoreReason")],
        "cause": "The reason says it.",
        "action": "Verify the mirror on the host; send the pieces in order.",
    }
)

EVENTS.append(
    {
        "name": "MIRROR_OPENED",
        "id": 11,
        "severity": "ACTIVITY_HI",
        "format": "Custody mirror in flash: {mirrored} records, {kept} in the ledger",
        "args": [("mirrored", "U32"), ("kept", "U32")],
    }
)
EVENTS.append(
    {
        "name": "MIRROR_DIFFERS",
        "id": 12,
        "severity": "WARNING_HI",
        "format": "Custody mirror in flash with {mirrored} records does not fit the ledger's {kept}",
        "args": [("mirrored", "U32"), ("kept", "U32")],
        "cause": "Its files are damaged, or one of the two memories comes from elsewhere.",
        "action": "Fetch both, compare them with the ground's mirror; neither is written.",
    }
)
EVENTS.append(
    {
        "name": "MIRROR_FAILED",
        "id": 13,
        "severity": "WARNING_HI",
        "format": "Custody mirror in flash failed after {mirrored} records; the FRAM alone keeps the record",
        "args": [("mirrored", "U32")],
        "cause": "The flash is full, read-only, or does not keep what is written.",
        "action": "Pull the ledger to the ground; make room or exchange the board.",
    }
)
EVENTS.append(
    {
        "name": "MIRROR_TAKEN",
        "id": 14,
        "severity": "ACTIVITY_HI",
        "format": "Custody ledger took the mirror's records: {kept} now",
        "args": [("kept", "U32")],
    }
)

CHANNELS = [
    {
        "name": "RECORDS",
        "id": 1,
        "type": "U32",
        "unit": "",
        "show": "{}",
        "divide": 1,
        "yellow": None,
        "red": None,
        "doc": "custody records kept",
    },
]

PARAMETERS = []

COMMANDS = [
    {
        "name": "MARK",
        "id": 1,
        "args": [
            {"name": "tube", "type": "U32", "min": 1, "max": 64, "unit": "", "doc": "which tube"},
            {
                "name": "mark",
                "type": "TubeMark",
                "min": 1,
                "max": 6,
                "unit": "",
                "doc": "what it is marked as",
            },
        ],
        "states": ["IDLE", "STOPPED", "SAFE", "DEGRADED"],
        "hazardous": True,
        "doc": "Marks a tube: debris seen or cleared, reused (emptied by decision), damaged.",
    },
    {
        "name": "MOVE",
        "id": 2,
        "args": [
            {"name": "tube", "type": "U32", "min": 1, "max": 64, "unit": "", "doc": "which tube"},
            {"name": "seat", "type": "U32", "min": 1, "max": 64, "unit": "", "doc": "where it stands"},
        ],
        "states": ["IDLE", "STOPPED", "SAFE", "DEGRADED"],
        "hazardous": True,
        "doc": "Corrects the record after hands moved a tube: it stands in that seat now.",
    },
    {
        "name": "DROP",
        "id": 3,
        "args": [
            {"name": "tube", "type": "U32", "min": 1, "max": 64, "unit": "", "doc": "which tube"},
            {"name": "where", "type": "U32", "min": 0, "max": 1, "unit": "", "doc": "0 lost, 1 depot"},
        ],
        "states": ["IDLE", "STOPPED", "SAFE", "DEGRADED"],
        "hazardous": True,
        "doc": "Writes down that a tube has left the payload.",
    },
    {
        "name": "LOAD",
        "id": 4,
        "args": [
            {"name": "tube", "type": "U32", "min": 1, "max": 64, "unit": "", "doc": "which tube"},
            {
                "name": "serial",
                "type": "U32",
                "min": 1,
                "max": 1073741823,
                "unit": "",
                "doc": "its serial number",
            },
            {"name": "kind", "type": "TubeKind", "min": 0, "max": 1, "unit": "", "doc": "sample or witness"},
        ],
        "states": ["IDLE", "STOPPED", "SAFE", "DEGRADED"],
        "hazardous": True,
        "doc": "Writes down which tube stands in a seat. Refused for a serial number that another tube has.",
    },
    {
        "name": "SEALS",
        "id": 5,
        "args": [
            {"name": "dispenser", "type": "U32", "min": 1, "max": 7, "unit": "", "doc": "which dispenser"},
            {"name": "count", "type": "U32", "min": 0, "max": 254, "unit": "", "doc": "seals in it"},
        ],
        "states": ["IDLE", "STOPPED", "SAFE", "DEGRADED"],
        "hazardous": True,
        "doc": "Writes down how many seals a dispenser holds.",
    },
    {
        "name": "BIT",
        "id": 6,
        "args": [
            {"name": "bit", "type": "U32", "min": 1, "max": 9, "unit": "", "doc": "which bit"},
        ],
        "states": ["IDLE", "STOPPED", "SAFE", "DEGRADED"],
        "hazardous": True,
        "doc": "Writes down which bit is on the spindle.",
    },
    {
        "name": "MIRRORED",
        "id": 7,
        "args": [
            {"name": "sequence", "type": "U32", "min": 1, "max": 16777215, "unit": "", "doc": "last record"},
            {
                "name": "chain",
                "type": "U32",
                "min": 0,
                "max": 1073741823,
                "unit": "",
                "doc": "upper 30 bits of its chain's first four bytes",
            },
        ],
        "states": ["ANY"],
        "hazardous": False,
        "doc": "The ground has verified and keeps all records up to this one: they may be written over.",
    },
    {
        "name": "RESTORE",
        "id": 8,
        "args": [],
        "states": ["IDLE", "STOPPED", "SAFE", "DEGRADED"],
        "hazardous": True,
        "doc": "Takes the records of the file restore.ledger that go on from those here; changes none.",
    },
]
