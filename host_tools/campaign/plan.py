"""What a campaign is made of: units of work that can be done anywhere, and one record for each run in them.

A unit is plain data, so that it goes to another process or another machine as JSON. Its records depend on the
unit alone (and, where it names a unit before it, on that one's state): who does it, when and beside what
makes no difference. `wall_s`, the time it took, is the only key of a record that may differ.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
"""One judged run: id, ok, why (list of texts, empty when ok), wall_s, and what its kind adds."""

# kind of unit -> module with `run(unit) -> Iterator[Record]`
_KINDS = {
    "faults": "host_tools.campaign.fault_runs",
    "cuts": "host_tools.campaign.power_cuts",
    "runs": "host_tools.campaign.random_runs",
}
NOT_COMPARED = ("wall_s",)


@dataclass
class Unit:
    """A piece of work. `ids` are those of its records, `after` the id of the record whose `state` it goes on
    from."""

    kind: str
    ids: list[str]
    data: dict[str, Any] = field(default_factory=dict)
    after: str = ""

    def as_json(self) -> str:
        """For another process."""
        return json.dumps({"kind": self.kind, "ids": self.ids, "data": self.data, "after": self.after})

    @classmethod
    def from_json(cls, text: str) -> Unit:
        """What as_json() wrote."""
        return cls(**json.loads(text))


def run_unit(unit: Unit) -> list[Record]:
    """Do a unit here. An error of the tools themselves becomes a failed record for every run that has none,
    so that one bad run never ends a campaign."""
    run: Callable[[Unit], Iterator[Record]] = importlib.import_module(_KINDS[unit.kind]).run
    records: list[Record] = []
    try:
        for record in run(unit):
            records.append(record)
    except Exception as error:
        done = {record["id"] for record in records}
        why = f"the campaign's tools failed, not the payload: {type(error).__name__}: {error}"
        records += [{"id": name, "ok": False, "why": [why]} for name in unit.ids if name not in done]
    return records


def run_json(text: str) -> str:
    """run_unit() for a pool: JSON in, JSON out."""
    return json.dumps(run_unit(Unit.from_json(text)))


def digest(records: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over what the records say, in the order of their ids: the same wherever they were made."""
    plain = [{k: v for k, v in one.items() if k not in NOT_COMPARED} for one in records]
    plain.sort(key=lambda one: str(one["id"]))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
