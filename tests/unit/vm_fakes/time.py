"""A `time` for the heap test: a millisecond passes with every look."""

now = 0


def ticks_us():
    global now
    now = (now + 1000) & 0x3FFFFFFF
    return now


def ticks_ms():
    return now // 1000


def ticks_diff(later, earlier):
    return ((later - earlier + 0x20000000) & 0x3FFFFFFF) - 0x20000000


def ticks_add(ticks, delta):
    return (ticks + delta) & 0x3FFFFFFF


def sleep_us(us):
    global now
    now = (now + us) & 0x3FFFFFFF
