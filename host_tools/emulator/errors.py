"""What the emulator raises. It never answers zero where it does not know."""


class EmulationError(Exception):
    """The firmware did what the real part would not stand for, or what the emulator does not model."""


class FaultError(EmulationError):
    """A fault in a scenario names a target, kind or value that there is none of."""


class WatchdogReset(BaseException):
    """The watchdog was not fed in time. Like a real reset, no `except Exception` of the firmware can stop
    it.
    """


class MachineReset(BaseException):
    """The firmware asked for a reset (`machine.reset()`)."""


class SoftReset(MachineReset):
    """The interpreter was started again (`machine.soft_reset()`, or fault `chip.reset`, kind `soft`)."""


class PinReset(BaseException):
    """The RUN pin was pulled low (fault `chip.reset`, kind `run`)."""


class PowerLoss(BaseException):
    """The logic supply went away (fault `supply.logic`)."""


RESETS = (WatchdogReset, MachineReset, PinReset, PowerLoss)
"""What ends the firmware and starts it again."""
