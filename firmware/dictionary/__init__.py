"""What this folder declares: every event, channel, parameter, command and enum, once, as data.

One file a component. A file imports nothing and holds these names (a private helper function that spells out
entries is the most it may add):

    COMPONENT = "feed"          lower snake; goes into names: EV_FEED_..., P_FEED_..., feed.CONTACT_FOUND
    BASE = 0x280                global id = BASE + id; a component has the ids up to the next BASE
    ENUMS = [{"name": "FeedResult", "doc": "", "values": [("OK", 0, "words"), ...]}]
    EVENTS = [{"name": "CONTACT_FOUND", "id": 1, "severity": "ACTIVITY_HI",
               "format": "Contact at {position_um} um, weight {weight_mn} mN",
               "args": [("position_um", "I32"), ("weight_mn", "I32")],      at most 4; I32, U32 or an enum
               "cause": "", "action": ""}]                  cause and action are required from WARNING_LO up
    CHANNELS = [{"name": "WEIGHT_ON_BIT", "id": 1, "type": "I32", "unit": "mN",
                 "show": "{:.1f} N", "divide": 1000,        how a person sees it: show.format(value / divide)
                 "yellow": (lo, hi) or None, "red": (lo, hi) or None, "doc": ""}]
    PARAMETERS = [{"name": "WEIGHT_MIN_MN", "id": 1, "unit": "mN", "default": 40000,
                   "min": 0, "max": 150000, "doc": ""}]     optional "type": an enum, with its bounds
    COMMANDS = [{"name": "ACQUIRE", "id": 1, "doc": "", "hazardous": False,
                 "states": ["IDLE"],          names of the enum Mode; ["ANY"] or [] means any
                 "args": [{"name": "tube", "type": "U32", "min": 1, "max": 43, "unit": "", "doc": ""}]}]
    PACKETS = [{"name": "CORING", "id": 1, "period_ms": 200, "doc": "",     channels that travel together
                "channels": ["CORER_DEPTH", ...]}]           at most 16, each in one packet; the rest
                                                             travels once a second in packets made for it

An argument of a command or an event may also be of type "Name": a file's name (services/names.py).

Rules the reader holds: names are UPPER_SNAKE (enums CamelCase), a format names each argument once and in the
declared order (F Prime's formats are positional), ids are unique over all components in their kind, a default
lies within its bounds. U32 values stay below 2**31, because the board keeps them in arrays of signed words.

Ids are for ever once they are settled (`python -m host_tools.dictionary --settle`, with each release):
`ids.json` then remembers them, and is extended only by adding. A name that is gone keeps its id there, so no
recording on the ground ever changes its meaning.

`make dictionary` (python -m host_tools.dictionary) writes firmware/rochette/tables.py,
docs/dictionary.md, and dictionary.json for F Prime's ground systems.
"""
