"""The wiring of a board as a picture: the module's header with what hangs on each pin, and the bus beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from host_tools.boards import find, wiring
from host_tools.boards.chips import CHIPS, HEADER

_PITCH = 30
_TOP = 96
_BOARD_X, _BOARD_W = 470, 170
_REACH = 60
_BOX_W = 340
_WIDTH = 1500
_BUS_X = 1090
_COLOURS = {"out": "#b45309", "in": "#1d4ed8", "I2C": "#047857", "UART": "#7c3aed", "analogue": "#be185d"}
_SUPPLY = {"GND": "#4b5563", "AGND": "#4b5563", "3V3": "#b91c1c", "VSYS": "#b91c1c", "VBUS": "#b91c1c"}
_USE = {"3V3": "supply of the sensors", "VSYS": "5 V from the regulator", "GND": "", "AGND": ""}


def draw(board: Mapping[str, Any]) -> str:
    """The picture as SVG: the same board gives the same text."""
    by_gp = {row.gp: row for row in wiring.rows(board)}
    if board["module"] == "bare":
        used = sorted(by_gp)
        half = (len(used) + 1) // 2
        left: list[tuple[str, str, wiring.Row | None]] = [(f"GP{gp}", "", by_gp[gp]) for gp in used[:half]]
        right: list[tuple[str, str, wiring.Row | None]] = [(f"GP{gp}", "", by_gp[gp]) for gp in used[half:]]
    else:
        places = [
            (label, str(number), by_gp.get(int(label[2:])) if label.startswith("GP") else None)
            for number, label in HEADER.items()
        ]
        left, right = places[:20], places[:19:-1]
    side: tuple[list[str], int] = ([], 0) if find.is_stimulus(board) else _bus_side(board)
    count = max(len(left), len(right))
    height = max(_TOP + count * _PITCH + 60, side[1] + 40)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="DejaVu Sans, Arial, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(30, 40, f"Wiring of the board '{board['name']}'", "#111827", size=22, weight="bold"),
        _text(30, 64, _legend(board), "#4b5563"),
        _module(board, count),
    ]
    for n, (label, number, row) in enumerate(left):
        out += _pin(n, label, number, row, -1)
    for n, (label, number, row) in enumerate(right):
        out += _pin(n, label, number, row, 1)
    out += side[0]
    out.append("</svg>")
    return "\n".join(out) + "\n"


def _legend(board: Mapping[str, Any]) -> str:
    chip = CHIPS[board["mcu"]].name
    kind = (
        "the chip itself"
        if board["module"] == "bare"
        else f"Raspberry Pi {board['module'].title()}, seen from above"
    )
    if find.is_stimulus(board):
        return (
            f"{chip}, {kind}. Orange: what it plays. Blue: what it measures. "
            f"Its GND goes to the payload's GND, its supply nowhere: it has its own USB."
        )
    return f"{chip}, {kind}. Orange: outputs. Blue: inputs. Green: I2C. Every part's ground goes to GND."


def _text(
    x: float, y: float, text: str, colour: str, *, anchor: str = "start", size: int = 13, weight: str = ""
) -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}" font-size="{size}"{bold}>'
        f"{escape(text)}</text>"
    )


def _module(board: Mapping[str, Any], count: int) -> str:
    height = count * _PITCH + 20
    name = CHIPS[board["mcu"]].name if board["module"] == "bare" else board["module"]
    usb = ""
    if board["module"] != "bare":
        usb = (
            f'<rect x="{_BOARD_X + 60}" y="{_TOP - 26}" width="50" height="22" rx="3" fill="#9ca3af"/>'
            + _text(_BOARD_X + 85, _TOP - 10, "USB", "#111827", anchor="middle", size=12)
        )
    return (
        f'<rect x="{_BOARD_X}" y="{_TOP - 16}" width="{_BOARD_W}" height="{height}" rx="8" '
        f'fill="#ecfdf5" stroke="#065f46" stroke-width="2"/>{usb}'
        + _text(_BOARD_X + _BOARD_W / 2, _TOP + height / 2 - 16, name, "#065f46", anchor="middle", size=18)
    )


def _pin(n: int, label: str, number: str, row: wiring.Row | None, side: int) -> list[str]:
    y = _TOP + n * _PITCH
    edge = _BOARD_X if side < 0 else _BOARD_X + _BOARD_W
    inward, anchor = (8, "start") if side < 0 else (-8, "end")
    colour = _COLOURS[row.way] if row else _SUPPLY.get(label, "#9ca3af")
    out = [
        f'<circle cx="{edge}" cy="{y}" r="6" fill="#fde68a" stroke="#92400e"/>',
        _text(edge + inward, y + 4, label, "#111827", anchor=anchor, size=12),
    ]
    if number:
        out.append(
            _text(edge + side * 12, y - 5, number, "#6b7280", anchor="end" if side < 0 else "start", size=10)
        )
    if row is None:
        use = _USE.get(label, "")
        if use or label in _SUPPLY:
            out.append(
                f'<line x1="{edge + side * 6}" y1="{y}" x2="{edge + side * 34}" y2="{y}" stroke="{colour}" '
                'stroke-width="2"/>'
            )
        if use:
            out.append(
                _text(edge + side * 40, y + 4, use, colour, anchor="end" if side < 0 else "start", size=11)
            )
        return out
    box = edge + side * _REACH - (_BOX_W if side < 0 else 0)
    near = edge + side * _REACH
    out += [
        f'<line x1="{edge + side * 6}" y1="{y}" x2="{near}" y2="{y}" stroke="{colour}" stroke-width="2"/>',
        f'<rect x="{box}" y="{y - 13}" width="{_BOX_W}" height="26" rx="4" fill="#f9fafb" '
        f'stroke="{colour}"/>',
        _text(box + 8, y - 1, row.name, colour, size=11, weight="bold"),
        _text(box + 8, y + 10, _short(row.to), "#374151", size=10),
    ]
    return out


def _short(text: str) -> str:
    return text if len(text) <= 62 else text[:59].rstrip() + "..."


def _bus_side(board: Mapping[str, Any]) -> tuple[list[str], int]:
    """The bus, the expander and the converter, at the right; and where they end."""
    y = _TOP
    out: list[str] = []
    width = _WIDTH - _BUS_X - 30
    for title, colour, entries in (
        (
            "On the I2C bus: 3V3, GND, SDA, SCL",
            "#047857",
            [(f"{address:#04x}", name, model) for _bus, address, name, model in wiring.on_buses(board)],
        ),
        ("MCP23017: switches to GND", "#1d4ed8", wiring.expander_lines(board)),
        ("ADS1115: sensors", "#be185d", wiring.analogue_lines(board)),
    ):
        height = 30 + len(entries) * 22
        out.append(
            f'<rect x="{_BUS_X}" y="{y - 16}" width="{width}" height="{height}" rx="6" fill="#f9fafb" '
            f'stroke="{colour}"/>'
        )
        out.append(_text(_BUS_X + 10, y + 3, title, colour, weight="bold"))
        for n, (pin, name, what) in enumerate(entries):
            line = y + 26 + n * 22
            out.append(_text(_BUS_X + 10, line, pin, "#111827", size=11, weight="bold"))
            out.append(_text(_BUS_X + 62, line, name, "#111827", size=11))
            out.append(_text(_BUS_X + width - 10, line, what, "#4b5563", anchor="end", size=10))
        y += height + 22
    return out, y
