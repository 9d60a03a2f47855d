"""The physics that the emulated payload acts on: integers only, no devices, no clock of its own.
README.md lists inputs, outputs and faults.
"""

from host_tools.emulator.plant.geometry import GEOMETRY
from host_tools.emulator.plant.plant import FAULTS, INPUTS, OUTPUTS, Plant

__all__ = ["FAULTS", "GEOMETRY", "INPUTS", "OUTPUTS", "Plant"]
