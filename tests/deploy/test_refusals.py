"""What a deployment refuses, by what the board says of itself: in words, and with nothing sent."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.deploy import busy, deploy, files
from host_tools.deploy.errors import DeployError

PICO: dict[str, Any] = {
    "version": [1, 25, 0],
    "machine": "Raspberry Pi Pico with RP2040",
    "mpy": 0x1306,
    "image": "0123456789abcdef",
    "slot": "",
    "free": 300 * 4096,
    "block": 4096,
    "heap": 200_000,
    "a": "",
    "b": "",
}


class Board:
    """A raw prompt that says of itself what a test wants, and notes what is done to it."""

    def __init__(self, says: dict[str, Any]) -> None:
        self.says = says
        self.sent: list[str] = []
        self.done: list[str] = []

    def enter(self) -> None:
        self.done.append("enter")

    def close(self) -> None:
        self.done.append("close")

    def tools(self) -> None:
        self.done.append("tools")

    def survey(self) -> dict[str, Any]:
        return dict(self.says)

    def do(self, code: str, when: str) -> None:
        self.done.append(code)

    def call(self, expression: str, when: str) -> Any:
        assert expression.startswith("_ls("), expression
        return []

    def hashes(self, paths: Any, when: str = "") -> list[str]:
        assert list(paths) == []
        return []

    def send(self, path: str, data: bytes, sent: Any) -> None:
        self.sent.append(path)


@pytest.mark.parametrize(
    ("says", "asked", "words"),
    [
        ({"free": 9 * 4096}, {}, r"no space: \d+ KB are needed and 36 KB are free .* What was there is as"),
        ({"machine": "ESP32-S3 module"}, {}, "that is a ESP32-S3 module: the firmware runs on RP2040"),
        ({"version": [1, 24, 1]}, {}, "MicroPython 1.24.1 is on the board; 1.25 or later"),
        ({"mpy": 0x1305}, {}, r"with .mpy version 6\) is needed"),
        ({}, {"board": "pico2"}, "the board 'pico2' has a RP2350, and this is a RP2040"),
        ({}, {"board": "stimulus"}, "takes no payload: rochette stimulus put"),
        ({"image": "stock"}, {}, "a stock MicroPython image is on the board.*rochette flash --frozen"),
    ],
)
def test_a_board_that_can_not_take_it(
    says: dict[str, Any], asked: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_has = "\n".join(f"{name} {digest}" for name, digest in files.own_modules().items())
    board = Board({**PICO, "modules": image_has, **says})
    monkeypatch.setattr(deploy, "Raw", lambda port: board)
    monkeypatch.setattr(busy, "look", lambda *_: busy.Look(prompt=True))
    with pytest.raises(DeployError, match=words) as caught:
        deploy.deploy(deploy.Asked("a port", **asked), lambda _: None, lambda *_: None)
    assert board.done[-1] == "close", "the port is let go"
    assert board.sent == [] and not [code for code in board.done if "rename" in code]
    said = str(caught.value)
    assert "Nothing was changed" in said or "What was there is as it was" in said


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (busy.Look(payload=True, activity="ACQUIRE"), r"at work \(ACQUIRE\).*rochette abort"),
        (busy.Look(), "answers neither as a prompt nor as a payload.*--stop"),
    ],
)
def test_a_board_that_may_be_drilling(seen: busy.Look, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(deploy, "Raw", opened.append)
    monkeypatch.setattr(busy, "look", lambda *_: seen)
    with pytest.raises(DeployError, match=words):
        deploy.deploy(deploy.Asked("a port"), lambda _: None, lambda *_: None)
    assert opened == [], "it was not even stopped"
