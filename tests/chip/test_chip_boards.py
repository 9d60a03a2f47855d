"""Every board that ships and has an RP2040, as deployed on the chip: its parts answer."""

from __future__ import annotations

import pytest

from host_tools.bench.served import served_chip
from host_tools.boards import find
from host_tools.chip import uf2
from host_tools.deploy.deploy import START_S
from host_tools.ground.client import Payload


@pytest.mark.chip
@pytest.mark.parametrize("name", [one for one in find.names() if find.data(one)["mcu"] == "rp2040"])
def test_a_shipped_board_boots_and_its_parts_answer(frozen: uf2.Image, name: str) -> None:
    uart = find.data(name)["link"]["port"] == "uart"
    line = ("--link-tcp", "0") if uart else ()
    with served_chip("--firmware", "--board", name, *line) as chip:
        told: list[str] = []
        with Payload.connect(chip.link if uart else chip.port, timeout_s=START_S) as payload:
            payload.on_told(lambda one: told.append(one.name))
            payload.send("system.SELF_TEST", own_s=30)
            payload.hear_out()
    assert "system.SELF_TEST_PASSED" in told
    assert not [one for one in told if one.startswith("system.PART_")]
