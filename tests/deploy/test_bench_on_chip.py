"""The whole bench suite on the emulated chip, over its USB port, by the commands that a person gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host_tools.bench.__main__ import main

pytestmark = pytest.mark.chip


def test_deploy_and_bench(chip_target: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--out", str(tmp_path)]) == 0
    (page,) = tmp_path.glob("*-bench-pico/bench.json")
    found = json.loads(page.read_text())
    assert {step["outcome"] for step in found["steps"]} == {"passed"}, "everything is wired there"
    assert len(found["steps"]) > 30
    assert [trace["name"] for trace in found["traces"]] == ["stop_while_homing", "bring_up"]
    stopped, whole = found["traces"]
    assert whole["here"]["series"].keys() == whole["emulated"]["series"].keys()
    for heard in (stopped["here"], stopped["emulated"]):
        # Stopped at once: nothing that is sampled may have come yet.
        assert heard["events"].count("power.ACTUATORS_ON") == 1, "the next scenario was heard too"
    assert "sample.READY" in whole["here"]["events"]
    heard_by_it = found["stimulus"]["heard"]
    assert heard_by_it["hello"] == "stimulus 1" and "count carousel" in heard_by_it
    assert (tmp_path / "runs" / "calibration" / "pico.json").is_file()
