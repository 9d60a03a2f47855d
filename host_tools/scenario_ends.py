"""How a scenario ended: what the custody record says of a tube, and how long it took to be safe.

Both are read from what the run left behind. The custody record is taken from the bytes in the payload's
memory, by the host's own rules (`host_tools/ledger/`), not from what the firmware says of it. The time counts
from the event that found the fault to the one after which nothing moves; where the cause has a time of its
own, how long it stayed unseen is told too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host_tools.ledger.rules import BIT, GONE, SEATS_MAX, Tube, in_seat
from host_tools.ledger.verify import verify

TUBE_KEYS = ("number", "place", "state", "doing", "certain", "reused", "seal_tries", "debris")
SAFE_KEYS = ("cause", "detected", "by", "ms", "found_ms")

PLACES = (BIT, GONE, *(in_seat(n) for n in range(1, SEATS_MAX + 1)))
STATES = (
    *("clean", "about to be taken", "damaged", "witness", "open", "seal half pressed, perhaps"),
    *("open, stored", "sealed", "sealed, stored", "gone"),
)
DOINGS = (
    *("", "taking", "hanging", "coring", "breaking", "in the hole", "carried", "docking", "in its seat"),
)
_INTENTS = ("taking", "coring", "breaking", "docking")


def certain(tube: Tube) -> bool:
    """Whether the record knows how the last thing that was begun with this tube ended."""
    if tube.doing == "coring" and tube.core.cored:
        return True  # the hole is drilled; what comes next was not begun
    return tube.doing not in _INTENTS and not tube.sealing


def told(tube: Tube, debris_on_bit: bool = False) -> dict[str, Any]:
    """What the record says of one tube, by the keys that a scenario may demand."""
    return {
        "number": tube.number,
        "place": tube.place,
        "state": tube.state,
        "doing": tube.doing,
        "certain": certain(tube),
        "reused": tube.reused,
        "seal_tries": tube.seal_tries,
        "debris": _debris(tube, debris_on_bit),
    }


def custody_complaints(wanted: Sequence[Mapping[str, Any]], ledger: bytes | None) -> list[str]:
    """What the record in the payload's memory says that it should not, in words. A record that is not whole
    falls short even where nothing is demanded of it."""
    if ledger is None:
        return ["the payload's memory was not read at the end"] if wanted else []
    found = verify(ledger)
    complaints = [f"custody record: {fault}" for fault in found.faults]
    for one in wanted:
        tube = found.tubes.get(one["number"])
        if tube is None:
            complaints.append(f"the custody record knows no tube {one['number']}")
            continue
        says = told(tube, found.debris_on_bit)
        complaints.extend(
            f"by the custody record tube {tube.number} has {key} = {says[key]!r}, expected {value!r}"
            for key, value in one.items()
            if says[key] != value
        )
    return complaints


def _debris(tube: Tube, on_bit: bool) -> bool:
    return tube.debris or (on_bit and tube.place == BIT)


def tube_words(tube: Tube, debris_on_bit: bool = False) -> str:
    """One tube in words, for a table."""
    words = f"{tube.place}, {tube.state}"
    if tube.reused:
        words += ", reused"
    if _debris(tube, debris_on_bit):
        words += ", debris seen"
    if not certain(tube):
        words += f", {'sealing' if tube.sealing else tube.doing} not known to have ended"
    return words


@dataclass(frozen=True)
class Safe:
    """When a fault began (None: from power-on, or not by a clock), was found, and was answered; in emulated
    milliseconds of the run."""

    began_ms: int | None
    found_ms: int
    safe_ms: int

    @property
    def unseen_ms(self) -> int | None:
        """From the cause until it was found."""
        return None if self.began_ms is None else self.found_ms - self.began_ms

    @property
    def took_ms(self) -> int:
        """From being found until safe."""
        return self.safe_ms - self.found_ms


def began_ms(fault: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> int | None:
    """When a fault of a scenario set in; None when it was there from power-on or its event never came."""
    if "after_event" not in fault:
        return int(fault.get("at_ms", 0)) or None
    for event in events:
        if event["name"] == fault["after_event"]:
            return int(event["ms"]) + int(fault.get("delay_ms", 0))
    return None


def measure(
    demand: Mapping[str, Any], faults: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
) -> Safe | None:
    """The times of a run; None when it was not found, or nothing followed. An event that came before the
    cause found something else."""
    cause = int(demand.get("cause", 1))
    began = began_ms(faults[cause - 1], events) if len(faults) >= cause else None
    found = None
    for event in events:
        if found is None and event["name"] == demand["detected"] and int(event["ms"]) >= (began or 0):
            found = int(event["ms"])
        if found is not None and event["name"] == demand["by"]:
            return Safe(began, found, int(event["ms"]))
    return None


def safe_complaints(
    demand: Mapping[str, Any], faults: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What was too late, in words."""
    if not demand:
        return []
    safe = measure(demand, faults, events)
    if safe is None:
        return [f"{demand['by']} did not follow {demand['detected']}: never safe"]
    late = []
    if safe.took_ms > demand["ms"]:
        late.append(f"safe {safe.took_ms} ms after {demand['detected']}, allowed are {demand['ms']}")
    allowed = demand.get("found_ms")
    if allowed is not None and (safe.unseen_ms is None or safe.unseen_ms > allowed):
        late.append(f"{demand['detected']} came {safe.unseen_ms} ms after the cause, allowed are {allowed}")
    return late
