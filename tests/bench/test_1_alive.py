"""Is the board alive, with the firmware on it? Needs nothing but its USB."""

from __future__ import annotations

from typing import Any

import pytest

HEAP_BYTES = 100_000


@pytest.mark.limit_s(600)
def test_payload_answers_and_its_copy_lasts(rig: Any, measured: Any) -> None:
    """The payload answers on the link, with this host's dictionary, and its copy is no longer on trial."""
    payload = rig.payload()
    slot = rig.wait_kept()
    welcome = payload.connection.link.welcome
    measured(slot=slot, dictionary=welcome.digest.hex())
    assert welcome.digest == payload.names.digest


def test_payload_does_nothing(rig: Any, measured: Any) -> None:
    """No-op: a command goes there, is carried out, and is answered."""
    sent = rig.payload().send("system.NO_OP", timeout_s=30)
    measured(result=sent.result)
    assert sent.result == 0


def test_led_blinks(rig: Any) -> None:
    """The board's own LED blinks three times, and its pin follows."""
    levels = rig.run(
        """
import machine
p=machine.Pin('LED',machine.Pin.OUT)
r=[]
for i in range(6):
 p.value(i&1)
 time.sleep_ms(80)
 r.append(p.value())
p.value(0)
return r
"""
    )
    assert levels == [0, 1, 0, 1, 0, 1]


def test_every_output_is_at_its_safe_level(rig: Any) -> None:
    """After a start, before anything is asked for, every output stands where it does no harm."""
    rig.run("return 1")
    assert rig.unsafe == []


def test_memory_is_left(rig: Any, measured: Any) -> None:
    """With all drivers built there is heap enough for the payload."""
    free = rig.run("gc.collect()\nreturn gc.mem_free()")
    measured(heap_bytes=free)
    assert free > HEAP_BYTES
