"""Runs firmware/slots.py on a folder that stands for a board's flash. Usage: slots_case.py ROOT FIRMWARE
IMAGE.

IMAGE is a folder that stands for what an image has; prints the letter that started and what its modules say.
"""

import sys

ROOT, FIRMWARE, IMAGE = sys.argv[1:4]
sys.path.insert(0, FIRMWARE)
import slots  # noqa: E402

sys.path[0] = IMAGE
letter = slots.start(ROOT)
import boot  # noqa: E402

said = [letter, boot.WHO]
try:
    import pack.user

    said.append(pack.user.SAYS)
except ImportError:
    said.append("no pack")
print(" ".join(said))
