"""The PIO programs, run instruction by instruction, do what their docstrings say, to the cycle."""

import random

import pytest

from rochette.hal import pio_programs
from tests.unit.pio_machine import PioMachine

# A leads B: B * 2 + A.
FORWARD = (0, 1, 3, 2)


def machine(program, pins_in=lambda cycle: 0) -> PioMachine:
    return PioMachine(
        program.words,
        program.wrap_target,
        program.wrap,
        pins_in,
        shift_right_out=program.out_shiftdir == 1,
        push_at=program.push_thresh if program.autopush else 0,
    )


def signed(word: int) -> int:
    return word - (1 << 32) if word & 0x80000000 else word


def test_programs_fit_their_blocks():
    assert len(pio_programs.stepper.words) + len(pio_programs.hx711.words) <= 32
    # Exactly 32, so that the loader can only put the jump table at address 0.
    assert len(pio_programs.quadrature.words) == 32


@pytest.mark.parametrize(("steps", "half"), [(1, 1), (1, 9947), (7, 3), (200, 47)])
def test_stepper_makes_the_steps_in_the_cycles_it_promises(steps, half):
    sm = machine(pio_programs.stepper)
    sm.tx.extend((steps - 1, half - 1))
    segment = 3 + steps * (2 * half + 5)
    sm.run(segment + 50)
    rises = [at for at, level in sm.edges if level == 1]
    falls = [at for at, level in sm.edges if level == 0]
    assert rises == [3 + n * (2 * half + 5) for n in range(steps)]
    assert [fall - rise for rise, fall in zip(rises, falls, strict=True)] == [half + 2] * steps
    # Stalled at the first pull with the pin low.
    assert sm.pc == 0 and sm.level == 0


def test_stepper_segments_follow_each_other_without_a_gap():
    sm = machine(pio_programs.stepper)
    sm.tx.extend((1, 9, 2, 4))
    sm.run(3 + 2 * 25 + 3 + 3 * 15)
    rises = [at for at, level in sm.edges if level == 1]
    second = 3 + 2 * 25
    assert rises == [3, 28, second + 3, second + 18, second + 33]


def test_quadrature_counts_each_edge_once_in_both_directions():
    rng = random.Random(7)
    # Edges as close as the docstring allows.
    position = 0
    schedule = []
    at = 40
    for _ in range(600):
        position += 1 if rng.random() < 0.6 else -1
        schedule.append((at, position))
        at += rng.randrange(16, 60)

    def pins(cycle: int) -> int:
        now = 0
        for when, value in schedule[state[0] :]:
            if when > cycle:
                break
            state[0] += 1
            state[1] = value
        now = state[1]
        return FORWARD[now % 4]

    state = [0, 0]
    sm = machine(pio_programs.quadrature, pins)
    asked = 0
    last = 0
    while sm.cycle < at + 100:
        sm.tx.append((last ^ 1 << 29) & 0xFFFFFFFF)
        start = sm.cycle
        while not sm.rx:
            sm.step()
            assert sm.cycle - start <= 16, "an answer takes at most 16 cycles"
        last = signed(sm.rx.popleft())
        asked += 1
        sm.run(rng.randrange(0, 40))
    sm.run(40)
    assert signed(sm.x) == position
    assert asked > 100


def test_quadrature_does_not_count_what_jumps_over_a_state():
    sm = machine(pio_programs.quadrature, lambda cycle: 0 if cycle < 50 else 3)
    sm.run(200)
    assert sm.x == 0


def test_quadrature_crosses_zero_downwards():
    sm = machine(pio_programs.quadrature, lambda cycle: FORWARD[-(cycle // 20) % 4])
    sm.run(200)
    assert signed(sm.x) == -9


def test_quadrature_is_silent_when_not_asked_and_when_the_request_equals_the_count():
    sm = machine(pio_programs.quadrature)
    sm.run(100)
    assert not sm.rx
    sm.tx.append(0)
    sm.run(100)
    assert not sm.rx and not sm.tx


def test_hx711_reads_24_bits_and_gives_25_pulses():
    value = 0xA5F00D
    sm = machine(pio_programs.hx711)

    def dout(cycle: int) -> int:
        pulses = sum(1 for _, level in sm.edges if level == 1)
        if cycle < 10:
            return 1
        if pulses == 0:
            return 0
        if pulses <= 24:
            return value >> (24 - pulses) & 1
        return 1

    sm.pins_in = dout
    sm.run(10 + 129 + 200)
    assert list(sm.rx) == [value]
    rises = [at for at, level in sm.edges if level == 1]
    falls = [at for at, level in sm.edges if level == 0]
    assert len(rises) == 25
    assert rises[0] == 12
    assert [fall - rise for rise, fall in zip(rises, falls, strict=True)] == [2] * 25
    assert sm.pushed_at == [10 + 120]


def test_hx711_stalls_with_the_clock_low_when_nobody_reads():
    sm = machine(pio_programs.hx711, lambda cycle: 0)
    sm.run(129 * 4 + 400)
    assert len(sm.rx) == 4
    assert sm.level == 0
    stalled = sm.pc
    sm.run(1000)
    assert sm.pc == stalled and sm.level == 0
    sm.rx.popleft()
    sm.run(5)
    assert len(sm.rx) == 4
