"""Every test sees the firmware and the emulated `machine`, `rp2` and `micropython`; the host's `time` stays
real.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from host_tools.emulator.loader import install

install()
