"""The serial port: bytes come and go at the line's speed, nothing waits, what is not read is lost."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Any

import pytest

from host_tools.emulator import loader

loader.install("emulated")

import machine  # noqa: E402

from host_tools.emulator.errors import EmulationError  # noqa: E402
from rochette.hal.serial_port import UsbPort, open_port  # noqa: E402
from tests.unit.driver_rig import bench  # noqa: E402


def opened(b: Any, **changes: Any) -> Any:
    return open_port({**b.board["link"], **changes}, b.board["pins"])


def test_bytes_come_at_the_speed_of_the_line() -> None:
    with bench() as b:
        port, line = opened(b, baud=100_000), b.world.serial
        buffer = bytearray(8)
        assert port.read_into(buffer) == 0
        line.host_write(b"hello")
        assert port.read_into(buffer) == 0, "the first byte takes ten bits"
        b.wait(250)
        assert port.read_into(buffer) == 2
        b.wait(1000)
        assert port.read_into(buffer) == 3
        assert bytes(buffer[:3]) == b"llo"


def test_bytes_leave_at_the_speed_of_the_line() -> None:
    with bench() as b:
        port, line = opened(b, baud=100_000), b.world.serial
        assert port.write(bytearray(b"--payload--"), 2, 7) == 7
        assert line.host_read() == b""
        b.wait(500)
        assert line.host_read() == b"paylo"
        b.wait(500)
        assert line.host_read() == b"ad"
        assert line.sending() == 0


def test_a_full_transmit_buffer_takes_what_fits() -> None:
    with bench() as b:
        port = opened(b, tx_bytes=32)
        assert port.write(bytearray(40), 0, 40) == 32
        assert port.write(bytearray(40), 0, 40) == 0
        b.wait(10_000)
        assert port.write(bytearray(40), 0, 40) == 32


def test_what_is_not_read_in_time_is_lost_and_counted() -> None:
    with bench() as b:
        port, line = opened(b, rx_bytes=32), b.world.serial
        line.host_write(bytes(range(50)))
        b.wait(10_000)
        buffer = bytearray(64)
        assert port.read_into(buffer) == 32
        assert bytes(buffer[:32]) == bytes(range(32))
        assert line.overruns == 18


def test_a_plug_that_is_pulled_loses_what_is_under_way() -> None:
    with bench() as b:
        port, line = opened(b), b.world.serial
        line.host_write(b"lost")
        port.write(bytearray(b"lost too"), 0, 8)
        line.unplug()
        line.host_write(b"never sent")
        b.wait(10_000)
        assert port.read_into(bytearray(16)) == 0
        assert line.host_read() == b""
        line.plug()
        line.host_write(b"back")
        b.wait(10_000)
        assert port.read_into(bytearray(16)) == 4


def test_a_chip_reset_empties_the_buffers_and_closes_the_line() -> None:
    with bench() as b:
        port, line = opened(b), b.world.serial
        line.host_write(b"old")
        b.wait(1000)
        b.world.reset_chip(3)
        line.host_write(b"nobody listens")
        b.wait(1000)
        port = opened(b)
        assert port.read_into(bytearray(16)) == 0


def test_wrong_wiring_is_refused() -> None:
    with bench() as b:
        with pytest.raises(EmulationError, match="UART.0. is not wired"):
            opened(b, uart=0)
        with pytest.raises(EmulationError, match="wired to tx GP24 and rx GP25"):
            opened(b, tx="link_rx", rx="link_tx")
        with pytest.raises(EmulationError, match="let the tick wait"):
            machine.UART(1, 9600, tx=machine.Pin(24), rx=machine.Pin(25), timeout=5)
        with pytest.raises(ValueError, match="'usb' and 'uart' are possible"):
            opened(b, port="radio")


REAL_POLL = select.poll


class Poll:
    """select.poll as MicroPython has it, on one end of a pipe."""

    def __init__(self) -> None:
        self.poll = REAL_POLL()

    def register(self, stream: Any, kind: int) -> None:
        self.poll.register(stream, kind)

    def ipoll(self, timeout: int) -> list[tuple[int, int]]:
        return self.poll.poll(timeout)


class Stream:
    """A raw stream with MicroPython's write(buffer, start, count)."""

    def __init__(self, fd: int, mode: str) -> None:
        self.raw = io.FileIO(fd, mode)
        self.buffer = self

    def fileno(self) -> int:
        return self.raw.fileno()

    def readinto(self, one: bytearray) -> int | None:
        return self.raw.readinto(one)

    def write(self, data: bytearray, start: int, count: int) -> int | None:
        return self.raw.write(data[start : start + count])


def test_the_usb_port_reads_what_is_there_and_writes_in_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    from rochette.hal import serial_port

    down, up = os.pipe(), os.pipe()
    streams = [Stream(down[0], "r"), Stream(up[1], "w")]
    monkeypatch.setattr(serial_port.select, "poll", Poll)
    monkeypatch.setattr(sys, "stdin", streams[0])
    monkeypatch.setattr(sys, "stdout", streams[1])
    port = open_port({"port": "usb"}, {})
    assert isinstance(port, UsbPort)
    monkeypatch.undo()
    buffer = bytearray(300)
    try:
        assert port.read_into(buffer) == 0
        os.write(down[1], bytes(200))
        assert port.read_into(buffer) == 128, "bounded, however much has come"
        assert port.read_into(bytearray(16)) == 16
        assert port.read_into(buffer) == 56
        assert port.write(bytearray(b"ab" * 100), 1, 150) == 150
        assert os.read(up[0], 1000) == b"ba" * 75
    finally:
        for stream in streams:
            stream.raw.close()
        os.close(down[1])
        os.close(up[0])
