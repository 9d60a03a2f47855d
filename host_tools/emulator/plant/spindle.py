"""The spindle's motor in numbers, and the bit that it turns.

A 12 V brushed gearmotor with 200 rpm free and 5 A / 2 Nm stalled, seen at the bit: R = 12 V / 5 A = 2.4 ohm;
Kt = 2 Nm / 5 A = 0.4 Nm/A (gear losses in); Ke = 56 mV/rpm (12 V - 0.3 A x R at 201 rpm); L = 4.8 mH (L/R =
2 ms); J = 0.0053 kg m2 (mechanical time constant J R / (Kt Ke) = 60 ms); friction 0.12 Nm Coulomb plus 0.05
mNm/rpm viscous. Equations: L di/dt = V - R i - Ke w and J dw/dt = Kt i - T.

On the 5 ms grid: i += (V - Ke w - R i) / R x 5/7 (backward Euler with L/R = 2 ms) and w[mrpm] += 9 x T[mNm]
(5 ms / J in those units). Driven with 0 the bridge floats: no current, the spindle coasts. The current
sensor sits in the bridge's return, so it reads the winding's current, positive while the drive pushes.
"""

OHM_TENTHS = 24
KE_UV_PER_MRPM = 56  # mV/rpm
KT_MNM_NUM = 2  # torque[mNm] = i[mA] x 2 / 5
KT_MNM_DEN = 5
INERTIA = 9  # mrpm in one grid step for each mNm
COULOMB_MNM = 120
STICK_MRPM = 20_000  # Stribeck: friction doubles towards standstill, halved in excess at 20 rpm


def blow_uj(pulse_us: int) -> int:
    """Energy of one hammer blow in microjoules for a pulse width in microseconds.

    Nothing below 2 ms (the plunger does not reach the anvil), then 0.4 J x (t - 2 ms) / (t + 6 ms): 44 mJ at
    3 ms, 222 mJ at 12 ms, as a solenoid's stroke saturates with its magnetic circuit.
    """
    if pulse_us <= 2_000:
        return 0
    return 400_000 * (pulse_us - 2_000) // (pulse_us + 6_000)


def hammer_ma(mhz: int, pulse_us: int) -> int:
    """Mean supply current of the hammer: 4 A while a pulse lasts."""
    return 4_000 * (mhz * pulse_us // 1_000_000) // 1_000
