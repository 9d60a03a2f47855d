"""The corer's step: spindle, percussion, feed, spring and rock together, with locals, because most of a run
is spent here.

One step is one point of the 5 ms grid. Equations and sources stand in spindle.py, feed.py and rock.py.
Positions in nanometres.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.plant.spindle import COULOMB_MNM, STICK_MRPM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.plant.plant import Plant

QUIET_STEPS = 10  # a stepper counts as energised for 50 ms after its last step
STALL_STEPS = 20  # the driver's stall output stays on for 100 ms
COUPLING_MN = 20_000
STEEL_PERMILLE = 350  # steel on dry steel: what a turning bit rubs on where there is no rock


@micropython.native
def run(p: "Plant", count: int, ahead: int) -> None:
    """Moves the corer on by `count` grid steps under the plant's present inputs, with `ahead` more to
    follow under the same: feed steps are spread over all.
    """
    n = p.n
    on = p.powered
    w = p.w_mrpm
    i = p.motor_ma
    turn = p.turn
    motor = p.motor_nm
    car = p.carriage_nm
    bit = p.bit_nm
    over_rock = p.over_rock
    bottom = p.hole_nm if over_rock else p.floor_nm
    stiff = p.nm_per_mn
    steps = p.feed_steps - p.feed_seen
    if steps:
        if ahead:
            steps = steps * count // (count + ahead)
        p.feed_seen += steps
        p.feed_quiet = QUIET_STEPS + count
        if not on or p.feed_brake:
            steps = 0
    if p.feed_quiet:
        p.feed_quiet = p.feed_quiet - count if p.feed_quiet > count else 0
    if p.stall_steps:
        p.stall_steps = p.stall_steps - count if p.stall_steps > count else 0
    drive = p.spindle_permille if on else 0
    volts = drive * p.rail_mv // 1000
    reverse = w < 0 or (w == 0 and volts < 0)
    if reverse:
        volts = -volts
        w = -w
        i = -i
    fracture = p.hole_frac
    fth = mu = rotary = blows = layer_end = 0
    choke = 1
    noise = p.noise_torque
    if over_rock:
        fth = p.l_threshold
        mu = p.l_friction
        rotary = p.l_rotary
        blows = p.rop_blows if on else 0
        choke = p.l_choke_nm
        layer_end = p.l_end_nm
    f = p.force_mn
    left = count
    while left:
        n += 1
        if steps:
            d = steps // left
            steps -= d
            motor += d * p.step_nm
            if motor > car:
                car = motor
            elif motor < car - p.backlash_nm:
                car = motor + p.backlash_nm
        left -= 1
        torque = COULOMB_MNM + w // 20_000
        if car > bottom:
            f = (car - bottom) // stiff
            if f > p.pullout_mn:
                # The stepper slips: the screw turns no further.
                motor -= car - bottom - p.pullout_mn * stiff
                car = bottom + p.pullout_mn * stiff
                f = p.pullout_mn
                p.stall_steps = STALL_STEPS
            bit = bottom
            if not over_rock:
                torque += STEEL_PERMILLE * f // 100_000 * (w + STICK_MRPM + STICK_MRPM) // (w + STICK_MRPM)
            else:
                x = (bottom - p.clear_nm) * 1000 // choke
                x = x * x // 1000
                extra = x * x * 3 // 10_000 + 1000
                torque += (
                    mu
                    * f
                    // 100_000
                    * extra
                    // 1000
                    * (w + STICK_MRPM + STICK_MRPM)
                    // (w + STICK_MRPM)
                    * (1000 + noise[(n * 7) % 1021])
                    // 1000
                )
                if w > 20_000 or blows:
                    rop = blows * f // (f + COUPLING_MN)
                    if w < 20_000:
                        rop = rop // 4
                    if f > fth:
                        rop += ((f - fth) * w * rotary) >> 32
                    if rop > 20_000_000:
                        rop = 20_000_000
                    rop = rop * p.sharp_permille // extra
                    p.rop_nm_s = rop
                    fracture += rop * 5
                    bottom += fracture // 1000
                    fracture %= 1000
                    if bottom > car:
                        bottom = car
                    bit = bottom
                    if bottom >= layer_end:
                        p.hole_nm = bottom
                        p.next_layer()
                        fth = p.l_threshold
                        mu = p.l_friction
                        rotary = p.l_rotary
                        blows = p.rop_blows if on else 0
                        layer_end = p.l_end_nm
        else:
            if car >= bit:
                bit = car
                f = 0
            elif over_rock and bit > p.surface_nm:
                pull = (bit - car) // stiff
                if pull > p.grip_mn:
                    pull = p.grip_mn
                    bit = car + pull * stiff
                if pull > p.pullout_mn:
                    motor += bit - car - p.pullout_mn * stiff
                    car = bit - p.pullout_mn * stiff
                    pull = p.pullout_mn
                    p.stall_steps = STALL_STEPS
                f = -pull
                torque += pull // 200
            else:
                bit = car
                f = 0
            if over_rock and w > 20_000:
                # Lifted and turning, the flutes carry cuttings out: all of them once the bit is
                # `clear_up_nm` off the bottom.
                gap = bottom - bit
                load = bottom - p.clear_nm
                if load > 0:
                    up = p.clear_up_nm
                    if gap >= up:
                        p.clear_nm = bottom
                        p.peak_load_nm = 0
                    else:
                        if load > p.peak_load_nm:
                            p.peak_load_nm = load
                        most = p.peak_load_nm * (up - gap) // up
                        if load > most:
                            p.clear_nm = bottom - most
        if p.jam:
            torque = 100_000
        if drive:
            i += ((volts - w * 56 // 1000) * 5 // 12 - i) * 5 // 7
            push = i * 2 // 5
        else:
            i = 0
            push = 0
        if w:
            w += 9 * (push - torque)
            if w < 0:
                w = 0
        elif push > torque:
            w = 9 * (push - torque)
        if reverse:
            turn -= w
        else:
            turn += w
    if reverse:
        w = -w
        i = -i
    if car > p.end_low_nm:
        motor -= car - p.end_low_nm
        car = p.end_low_nm
        p.stall_steps = STALL_STEPS
    elif car < p.end_high_nm:
        motor += p.end_high_nm - car
        car = p.end_high_nm
        p.stall_steps = STALL_STEPS
    if over_rock:
        p.hole_nm = bottom
        p.hole_frac = fracture
    p.n = n
    p.w_mrpm = w
    p.motor_ma = i
    p.turn = turn
    p.motor_nm = motor
    p.carriage_nm = car
    p.bit_nm = bit
    p.force_mn = f
    p.loss_i2 += i * i * count
    noisy = p.noise_cell[n % 1021] + p.noise_cell[n & 511]
    if p.hammering:
        noisy *= 6
        p.blow_phase += p.percussion_mhz * 5 * count
    p.load_cell_mn = f - p.hang_mn + noisy + p.cell_offset_mn
    if not p.encoder_dead:
        p.encoder_count = turn * p.counts_per_turn // 12_000_000
    if drive:
        p.spindle_ma = (i if drive > 0 else -i) + (noisy >> 2) + p.short_ma
    else:
        p.spindle_ma = p.short_ma if on else 0
