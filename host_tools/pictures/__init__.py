"""Pictures of the bit and the tubes: `draw(scene)` paints what the emulated camera saw, `assess(image)`
judges a picture from its pixels alone; `look(scene)` does both, once a scene.
"""

from host_tools.pictures.assess import assess, assess_ground, chips
from host_tools.pictures.draw import HEIGHT, WIDTH, draw
from host_tools.pictures.look import look

__all__ = ["HEIGHT", "WIDTH", "assess", "assess_ground", "chips", "draw", "look"]
