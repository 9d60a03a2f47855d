"""Who is on the port, asked without disturbing it: a prompt, a payload at rest, or one at work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from host_tools.ground.client import SILENT_S, Payload
from host_tools.ground.errors import GroundError, LinkError, PortError, TransferFailed
from host_tools.ground.port import open_port
from host_tools.ground.wire import Status

_PROMPT_S = 0.3
_SECOND_PROMPT_S = 5.0
_FAR_PROMPT_S = 60.0
"""The last question to who answered nothing, at a socket: an emulated chip on a busy machine may need as long
for a second of its own, and a prompt gives no sign of life before it is there."""
_LINK_S = 8.0
_LEAVE_PASTE = b"\x04"
"""Ctrl-D ends what was being pasted when a cable was pulled: until then the board waits for the rest of it,
whatever else is typed. Only for who is neither a prompt, which it would restart, nor a payload."""
_STATUS_S = 30.0
"""A payload tells once a second how it is, and more often other things. An emulated chip's second may be many
of ours: as long as it tells anything, its status is waited for, up to SILENT_S."""
_RAIL_ON = 2
DEPLOYMENT = "deployment.txt"


class Deployed(NamedTuple):
    """What the payload says of itself: its copy, the digest of that, its board, and the image's mark."""

    slot: str
    digest: str
    board: str
    image: str


NOTHING = Deployed("-", "-", "-", "-")


@dataclass(frozen=True)
class Look:
    """What is there: `prompt`, MicroPython's; `payload`, ours, with what it does (`activity`, "" at rest) and
    what was deployed (slot, digest, board, image); neither: something else runs.
    """

    prompt: bool = False
    payload: bool = False
    activity: str = ""
    deployed: Deployed = NOTHING
    dictionary: str = ""


def look(port: str, key: str | None = None, enough: Callable[[Deployed], bool] = lambda _: False) -> Look:
    """Look at a port. Where `enough` is told of what was deployed and is content, what the payload does is
    not asked. Raises PortError when it can't be opened, or goes away at once.
    """
    if _has_prompt(port, _PROMPT_S):
        return Look(prompt=True)
    try:
        payload = Payload.connect(port, key, _LINK_S, check=False)
    except PortError:
        raise
    except LinkError:
        last_s = _FAR_PROMPT_S if "://" in port else _SECOND_PROMPT_S
        return Look(prompt=_has_prompt(port, last_s, _LEAVE_PASTE))
    with payload:
        return _ask(payload, enough)


def _has_prompt(port: str, wait_s: float, before: bytes = b"") -> bool:
    line = open_port(port)
    try:
        if before:
            line.write(before)
            line.read(_PROMPT_S)
        # Ctrl-B leaves a raw prompt that somebody left behind; a payload takes neither byte for anything.
        line.write(b"\x02\r")
        heard = b""
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            heard += line.read(0.05)
            if heard.endswith(b">>> "):
                return True
    except PortError as error:
        raise PortError(
            f"{port}: it closed again at once. Another program holds it, or the board was unplugged. "
            "Nothing was changed."
        ) from error
    finally:
        line.close()
    return False


def _status(payload: Payload) -> Status | None:
    connection = payload.connection
    assert connection is not None
    counts = connection.link.counts
    end = time.monotonic() + SILENT_S
    heard = -1
    while payload.status is None and counts.heard != heard and time.monotonic() < end:
        heard = counts.heard

        def told(before: int = heard) -> bool | None:
            return True if payload.status is not None or counts.heard != before else None

        connection.wait(told, _STATUS_S)
    return payload.status


def _ask(payload: Payload, enough: Callable[[Deployed], bool]) -> Look:
    assert payload.connection is not None
    welcome = payload.connection.link.welcome
    dictionary = "" if welcome is None else welcome.digest.hex()
    words = NOTHING
    if dictionary == payload.names.digest.hex():
        payload.dictionary_checked = True
        try:
            slot, digest, board, image, _ = payload.downlink(DEPLOYMENT).decode().split()
            words = Deployed(slot, digest, board, image)
        except (TransferFailed, GroundError, ValueError):
            words = NOTHING
    if enough(words):
        return Look(payload=True, deployed=words, dictionary=dictionary)
    status = _status(payload)
    activity = ""
    if status is None:
        activity = "something that it does not tell"
    elif status.activity or status.flags & _RAIL_ON:
        enum = payload.names.words.enums.get("ActivityName")
        activity = enum.label(status.activity) if enum and status.activity else "actuators on"
    return Look(payload=True, activity=activity, deployed=words, dictionary=dictionary)
