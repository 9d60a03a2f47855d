"""Pictures of the bit and the tubes: `draw(scene)` paints what the emulated camera saw, `assess(image)`
judges a picture from its pixels alone.
"""

from host_tools.pictures.assess import assess, assess_ground, chips
from host_tools.pictures.draw import HEIGHT, WIDTH, draw

__all__ = ["HEIGHT", "WIDTH", "assess", "assess_ground", "chips", "draw"]
