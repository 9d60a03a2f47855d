"""The stimulus board's PIO programs, instruction by instruction, against the payload's own at the other end
of the wire.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from rochette.hal import pio_programs as payload
from stimulus.hal import pio_programs as programs
from tests.unit.pio_machine import MASK, PioMachine


def machine(program: Any, pins_in: Any = lambda cycle: 0, jmp_pin: Any = lambda cycle: 0) -> PioMachine:
    return PioMachine(
        program.words,
        program.wrap_target,
        program.wrap,
        pins_in,
        shift_right_out=program.out_shiftdir == 1,
        push_at=program.push_thresh if program.autopush else 0,
        jmp_pin=jmp_pin,
        pull_at=program.pull_thresh,
    )


def together(*machines: PioMachine, cycles: int) -> None:
    for _ in range(cycles):
        for one in machines:
            one.step()


def test_the_programs_fit_their_blocks() -> None:
    assert len(programs.count_steps.words) + len(programs.shortest_high.words) <= 32
    second = (programs.play_states, programs.play_hx711, programs.measure_duty)
    assert sum(len(one.words) for one in second) <= 32


def test_steps_are_counted_by_direction() -> None:
    stepper = machine(payload.stepper)
    way = [1]
    counter = machine(programs.count_steps, lambda _: stepper.level, lambda _: way[0])
    for level, steps, half in ((1, 7, 3), (0, 200, 1), (1, 30, 11)):
        way[0] = level
        stepper.tx.extend((steps - 1, half - 1))
        together(stepper, counter, cycles=20 + steps * (2 * half + 5))
    assert (-counter.x & MASK, -counter.y & MASK) == (37, 200)


@pytest.mark.parametrize("cycles", range(3, 40))
def test_the_shortest_high_time_is_kept(cycles: int) -> None:
    rng = random.Random(cycles)
    highs = [rng.randrange(cycles, 60) for _ in range(20)]
    highs[rng.randrange(20)] = cycles
    level: list[int] = [0] * 7
    for high in highs:
        level += [1] * high + [0] * rng.randrange(7, 20)
    keeper = machine(programs.shortest_high, level.__getitem__, level.__getitem__)
    keeper.osr = MASK
    keeper.run(len(level) - 1)
    assert keeper.osr == -(-cycles // 3)


@pytest.mark.parametrize("way", [1, -1])
def test_an_encoder_that_is_played_is_counted(way: int) -> None:
    gray = (0, 1, 3, 2)
    player = machine(programs.play_states)
    counter = machine(payload.quadrature, lambda _: player.pins)
    state = 0
    player.tx.append(12)  # 16 cycles a state: as fast as the counter takes edges
    for _ in range(8):
        word = 0
        for place in range(12):
            state = state + way & 3
            word |= gray[state] << 2 * place
        player.tx.append(word)
    together(player, counter, cycles=8 * (12 * 16 + 1) + 60)
    counter.tx.append(1 << 29)
    counter.run(40)
    assert counter.rx.pop() == way * 96 & MASK
    assert player.pins == gray[state], "it stays at the last state"


@pytest.mark.parametrize("raw", [0, 84_000, 0x7FFFFF, 0x800000, 0xFFFFFF, 0xA5A5A5])
def test_a_load_cell_that_is_played_is_read(raw: int) -> None:
    player = machine(programs.play_hx711, lambda _: reader.level)
    player.pins = 1
    reader = machine(payload.hx711, lambda _: player.pins & 1)
    together(player, reader, cycles=50)
    assert not reader.rx and reader.level == 0, "nothing is ready yet"
    for word in (raw, raw ^ 0xFFFFFF):
        player.tx.append(word << 8)
        # At the payload's 1 MHz there are 125 cycles of the player to one of the reader; at one to one it is
        # hardest.
        together(player, reader, cycles=140)
        assert reader.rx.popleft() == word
        assert player.pins & 1 == 1, "DOUT is high until the next conversion"


@pytest.mark.parametrize(("high", "low"), [(100, 900), (500, 500), (313, 5937), (900, 100)])
def test_duty_is_measured(high: int, low: int) -> None:
    def level(cycle: int) -> int:
        return 1 if (cycle + 37) % (high + low) < high else 0

    meter = machine(programs.measure_duty, level, level)
    meter.run(3 * (high + low))
    first, second = meter.rx.popleft(), meter.rx.popleft()
    assert abs(2 * first - high) <= 3
    assert abs(2 * (second + 2) - low) <= 3
