"""Camera: every enum, event, channel, parameter and command of camera, ring light and light gate."""

COMPONENT = "camera"
BASE = 0x700

ENUMS = [
    {
        "name": "CameraState",
        "doc": "What the camera is doing now.",
        "values": [
            ("IDLE", 0, "idle"),
            ("LIGHT", 1, "reading the ambient light before the ring light is on"),
            ("FOCUS", 2, "ring light on, focusing"),
            ("EXPOSE", 3, "shutter open"),
            ("SYNC", 4, "shutter closed, waiting for the frame sync"),
        ],
    },
    {
        "name": "CameraResult",
        "doc": "How the last action of the camera ended.",
        "values": [
            ("OK", 0, "picture taken, frame sync seen"),
            ("HALTED", 1, "halted by command"),
            ("PENDING", 2, "no action has ended yet"),
            ("NO_SYNC", 3, "no frame sync before the deadline: there is no picture"),
            ("STUCK_SYNC", 4, "the frame sync was on before the shutter: line stuck"),
            ("NO_LIGHT_SENSOR", 5, "the light sensor does not answer: the light cannot be judged"),
        ],
    },
    {
        "name": "AssessResult",
        "doc": "What became of an assessment of a picture.",
        "values": [
            ("ACCEPTED", 0, "accepted"),
            ("STALE", 1, "refused: that picture is too old"),
            ("UNKNOWN_PICTURE", 2, "refused: no picture has that number"),
            ("BAD_VALUE", 3, "refused: verdict or confidence out of range"),
            ("LIGHT_DOWNGRADE", 4, "accepted as inconclusive: the picture had too little light"),
        ],
    },
]

EVENTS = [
    {
        "name": "PICTURE_TAKEN", "id": 1, "severity": "ACTIVITY_HI",
        "format": (
            "Picture {picture} taken: ambient light {lux} lux, exposure {exposure_us} us, light score {score}"
        ),
        "args": [("picture", "U32"), ("lux", "I32"), ("exposure_us", "I32"), ("score", "I32")],
        "cause": "The frame sync was seen after the exposure.",
        "action": "None.",
    },
    {
        "name": "TOO_DARK", "id": 2, "severity": "WARNING_LO",
        "format": "Picture {picture} counts as inconclusive: light score {score}, least {least}",
        "args": [("picture", "U32"), ("score", "I32"), ("least", "I32")],
        "cause": "Sun too low or dust in the air, ring light too weak, or exposure too short.",
        "action": (
            "Hold, and take the picture again in better light, with a longer exposure or more ring light."
        ),
    },
    {
        "name": "NO_SYNC", "id": 3, "severity": "WARNING_HI",
        "format": "No frame sync within {waited_ms} ms after an exposure of {exposure_us} us: no picture",
        "args": [("waited_ms", "I32"), ("exposure_us", "I32")],
        "cause": "The camera is off, has no card or is not focused, or the sync line is broken.",
        "action": "Shutter and ring light are off. Check the camera, then take the picture again.",
    },
    {
        "name": "STUCK_SYNC", "id": 4, "severity": "WARNING_HI",
        "format": "Frame sync is on before the shutter was opened: line stuck, no picture",
        "args": [],
        "cause": "The sync line is shorted or its polarity is wrong, or the camera hangs.",
        "action": "Shutter and ring light are off. Check the sync line.",
    },
    {
        "name": "NO_LIGHT_SENSOR", "id": 5, "severity": "WARNING_HI",
        "format": "Light sensor gives no reading: no picture was taken",
        "args": [],
        "cause": "The ambient light sensor is absent or its bus fails.",
        "action": (
            "A verdict from a picture needs the light known. Check the sensor; bring-up names it when absent."
        ),
    },
    {
        "name": "ASSESSED", "id": 6, "severity": "ACTIVITY_HI",
        "format": (
            "Picture {picture} assessed: {verdict}, confidence {confidence_permille} permille ({result})"
        ),
        "args": [
            ("picture", "U32"),
            ("verdict", "Verdict"),
            ("confidence_permille", "I32"),
            ("result", "AssessResult"),
        ],
        "cause": "The ground, or its stand-in, looked at a picture.",
        "action": "None.",
    },
    {
        "name": "ASSESSMENT_REFUSED", "id": 7, "severity": "WARNING_LO",
        "format": "Assessment of picture {picture} refused ({result}); newest picture is {newest}",
        "args": [("picture", "U32"), ("result", "AssessResult"), ("newest", "U32")],
        "cause": "The number is not among the last pictures, or a value is out of range.",
        "action": "Nothing changed. Assess the newest picture of the subject.",
    },
    {
        "name": "HALTED", "id": 8, "severity": "ACTIVITY_HI",
        "format": "Camera halted (state {state}); shutter, focus and ring light are off",
        "args": [("state", "CameraState")],
        "cause": "A halt was ordered: stop, abort, or a fault response.",
        "action": "Take the picture again when it is needed.",
    },
]

CHANNELS = [
    {
        "name": "STATE", "id": 1, "type": "CameraState", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "What the camera is doing.",
    },
    {
        "name": "RESULT", "id": 2, "type": "CameraResult", "unit": "", "show": "{}", "divide": 1,
        "yellow": None, "red": None,
        "doc": "How its last action ended.",
    },
    {
        "name": "PICTURE", "id": 3, "type": "U32", "unit": "", "show": "{}", "divide": 1, "yellow": None,
        "red": None,
        "doc": "Number of the newest picture.",
    },
    {
        "name": "LUX_BEFORE", "id": 4, "type": "I32", "unit": "lux", "show": "{} lux", "divide": 1,
        "yellow": None, "red": None,
        "doc": "Ambient light before the last picture.",
    },
    {
        "name": "LIGHT_SCORE", "id": 5, "type": "I32", "unit": "lux ms", "show": "{} lux ms", "divide": 1,
        "yellow": None, "red": None,
        "doc": "Light on the subject times exposure of the last picture.",
    },
]

PARAMETERS = [
    {
        "name": "LIGHT_READ_MS", "id": 1, "unit": "ms", "default": 250, "min": 10, "max": 5000,
        "doc": "Wait for a fresh ambient light reading; the sensor is polled at least five times a second.",
    },
    {
        "name": "FOCUS_MS", "id": 2, "unit": "ms", "default": 500, "min": 20, "max": 10000,
        "doc": "Focus held before the shutter opens.",
    },
    {
        "name": "SYNC_MS", "id": 3, "unit": "ms", "default": 1500, "min": 20, "max": 20000,
        "doc": "Deadline for the frame sync after the shutter has closed.",
    },
    {
        "name": "LED_FULL_LUX", "id": 4, "unit": "lux", "default": 400, "min": 0, "max": 100000,
        "doc": "Most light of the ring light on the subject at 1000 permille.",
    },
    {
        "name": "LIGHT_MIN_LUX_MS", "id": 5, "unit": "lux ms", "default": 2500, "min": 0, "max": 10000000,
        "doc": "Light times exposure below which a picture is inconclusive, whatever it shows.",
    },
    {
        "name": "LIGHT_MIN_LUX", "id": 8, "unit": "lux", "default": 80, "min": 0, "max": 120000,
        "doc": "Ambient light from which a retake of a picture that was too dark is worth its energy.",
    },
    {
        "name": "EXPOSURE_MIN_US", "id": 6, "unit": "us", "default": 5000, "min": 1000, "max": 1000000,
        "doc": "Shortest exposure.",
    },
    {
        "name": "EXPOSURE_MAX_US", "id": 7, "unit": "us", "default": 2000000, "min": 10000, "max": 10000000,
        "doc": "Longest exposure.",
    },
    {
        "name": "SUN_ZERO_S", "id": 10, "unit": "s", "default": 52617600, "min": 0, "max": 1073741823,
        "doc": "Sun table: the mission second of a local midnight, any one.",
    },
    {
        "name": "SUN_DAY_S", "id": 11, "unit": "s", "default": 88775, "min": 3600, "max": 1000000,
        "doc": "Sun table: length of a day; 88775 on Mars, 86400 on a bench.",
    },
    {
        "name": "SUN_NOON_LUX", "id": 12, "unit": "lux", "default": 200, "min": 0, "max": 120000,
        "doc": "Sun table: ambient light at noon; half of a clear sky, since nobody measures dust.",
    },
    {
        "name": "LED_SEEN_PERMILLE", "id": 9, "unit": "permille", "default": 100, "min": 1, "max": 1000,
        "doc": "Share of the ring light that reaches the light sensor: so a dead ring light is noticed.",
    },
]

COMMANDS = [
    {
        "name": "SHOOT", "id": 1,
        "args": [
            {
                "name": "exposure_us", "type": "U32", "min": 5000, "max": 2000000, "unit": "us",
                "doc": "time that the shutter is open",
            },
            {
                "name": "led_permille", "type": "U32", "min": 0, "max": 1000, "unit": "permille",
                "doc": "ring light",
            },
        ],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": False,
        "doc": "Take one picture of what stands before the camera.",
    },
    {
        "name": "ASSESS", "id": 2,
        "args": [
            {
                "name": "picture", "type": "U32", "min": 1, "max": 1000000, "unit": "",
                "doc": "number of the picture",
            },
            {
                "name": "verdict", "type": "Verdict", "min": 1, "max": 3, "unit": "",
                "doc": "what it shows",
            },
            {
                "name": "confidence_permille", "type": "U32", "min": 0, "max": 1000, "unit": "permille",
                "doc": "how sure the assessment is",
            },
        ],
        "states": [], "hazardous": False,
        "doc": "Say what a picture shows. Only the last four pictures are open.",
    },
    {
        "name": "HALT", "id": 3,
        "args": [],
        "states": [], "hazardous": False,
        "doc": "Stop taking a picture; shutter, focus and ring light off.",
    },
    {
        "name": "SELF_TEST", "id": 40,
        "args": [],
        "states": ["IDLE", "DEGRADED", "STOPPED"], "hazardous": False,
        "doc": "Ask each part that the camera needs who it is; nothing moves.",
    },
]
