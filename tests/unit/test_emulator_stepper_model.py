"""The stepper's model against the PIO's own instructions: every rising edge, to the cycle."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import emulator_selfcheck as check
from pio_machine import PioMachine

PER_US = 2


@pytest.mark.parametrize("seed", range(20))
def test_counts_equal_the_instructions(seed: int) -> None:
    rng = random.Random(seed)
    world, _ = check.fresh()
    sm = check.stepper_machine()
    axis = world.parts["feed"]
    program = check.programs().stepper
    real = PioMachine(program.words, program.wrap_target, program.wrap, lambda cycle: 0)
    compared = 0
    for _ in range(12):
        for _ in range(rng.randint(0, 2)):
            if sm.model.tx_level() > 2:
                break
            steps, half = rng.randint(1, 12), rng.randint(1, 60)
            for value in (steps - 1, half - 1):
                sm.put(value)
                real.tx.append(value)
                # The second word may come late: the program then waits for it.
                pause = rng.choice((0, 0, 3))
                world.clock.advance(pause)
                real.run(pause * PER_US)
        for _ in range(rng.randint(1, 6)):
            pause = rng.randint(1, 400)
            world.clock.advance(pause)
            real.run(pause * PER_US)
            now = world.clock.now_us
            axis.run_to(now)
            real_count = sum(1 for _, level in real.edges if level == 1)
            # The machine has yet to execute the cycle that begins now; the model counts its edge already.
            edge_now = real.delay == 0 and real.words[real.pc] == 0xE001
            assert axis.total == real_count + edge_now
            assert sm.model.tx_level() - len(real.tx) in (0, -1)
            compared += axis.total
    assert compared > 0


def test_freeze_makes_no_step() -> None:
    world, _ = check.fresh()
    sm = check.stepper_machine()
    axis = world.parts["feed"]
    sm.put(99)
    sm.put(99)
    total = 0
    for i in range(40):
        sm.active(i & 1)
        before = axis.total
        world.clock.advance(333)
        axis.run_to(world.clock.now_us)
        assert (axis.total == before) == (i & 1 == 0)
        total = axis.total
    # Twenty pieces of 333 us at 102.5 us a step, the first after 1.5 us.
    assert total == 1 + (20 * 333 * 2 - 3) // 205
