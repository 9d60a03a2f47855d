"""Deployments onto the emulated chip, over its port, by the command's own code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from host_tools.bench.served import Served, served_chip
from host_tools.chip import image_build
from host_tools.deploy import deploy, files
from host_tools.deploy.deploy import Asked
from host_tools.deploy.errors import DeployError
from host_tools.ground.client import Payload
from tests.deploy.cable import Cable

pytestmark = pytest.mark.chip


@pytest.fixture(scope="module")
def chip(chip_target: None) -> Iterator[Served]:
    with served_chip() as served:
        yield served


def run(port: str, **more: Any) -> deploy.Done:
    return deploy.deploy(Asked(port, **more), lambda text: None, lambda gone, total: None)


def test_a_payload_is_deployed_left_alone_changed_and_repaired(
    chip: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(chip.port)
    assert (first.slot, first.board, first.form, len(first.sent)) == ("a", "pico", "frozen", 3)
    again = run(chip.port)
    assert again.nothing and again.sent == [] and again.slot == "a"

    plain = files.make("pico", "frozen", first.image, files.own_modules()).digest
    # One module changed: it goes beside the image, with what has to be imported before it.
    texts = dict(files.inlined())
    texts["rochette/mechanisms/gate.py"] += "\nCHANGED = 1\n"
    monkeypatch.setattr(files, "inlined", lambda: texts)
    monkeypatch.setattr(image_build, "sources_hash", lambda: "of the changed sources")
    cable = Cable(chip.port, b"mechanisms/gate.mpy")
    with pytest.raises(DeployError, match="slot a starts") as caught:
        run(cable.port)
    cable.close()
    assert cable.pulled.is_set() and "deploy again" in str(caught.value)
    repaired = run(chip.port)
    assert repaired.slot == "b"
    assert "board.mpy" not in repaired.sent, "it was on the board already, in the other copy"
    with Payload.connect(chip.port, timeout_s=20) as payload:
        slot, digest, _, image, _ = payload.downlink("deployment.txt").decode().split()
    assert (slot, image) == ("b", first.image)
    assert len(digest) == 16 and digest != plain


def test_what_must_not_be_deployed_is_refused_in_words(chip: Served) -> None:
    with pytest.raises(DeployError, match="has a RP2350, and this is a RP2040. Nothing was changed"):
        run(chip.port, board="pico2")
    run(chip.port)
    with pytest.raises(DeployError, match="has not the RAM"):
        run(chip.port, form="mpy")
    run(chip.port)
    with Payload.connect(chip.port, timeout_s=20) as payload:
        payload.send("sample.COMMISSION", own_s=30)
        payload.submit("sample.BRING_UP")
        _wait_busy(payload)
    with pytest.raises(DeployError, match="the payload is at work .BRING_UP.. Nothing was stopped"):
        run(chip.port, board="bench12")


def _wait_busy(payload: Payload) -> None:
    busy = payload.wait_own(
        lambda: True if payload.status is not None and payload.status.activity else None, 30
    )
    assert busy, "bring-up did not begin"


def test_a_stock_image_is_told_from_ours(chip: Served) -> None:
    with served_chip("--image", "stock") as served:
        with pytest.raises(DeployError, match="a stock MicroPython image is on the board") as caught:
            run(served.port)
        assert "rochette flash --frozen" in str(caught.value) and "Nothing was changed" in str(caught.value)
        with pytest.raises(DeployError, match="--frozen: a stock"):
            run(served.port, form="frozen")
