"""Draw a scene and judge the picture, as the people on the ground would.

Painting takes a quarter of a second. The same scene is the same picture, and whoever takes one run to two
targets asks for each of them twice: the last ones are kept.
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image

from host_tools.pictures.assess import CHIPS, assess, assess_ground, chips
from host_tools.pictures.draw import draw

KEPT = 16


def look(scene: Mapping[str, Any]) -> tuple[Image.Image, dict[str, Any]]:
    """The picture of `scene` (see draw()), shared, not to be painted on; and what is seen in it.

    The assessment has "verdict", "confidence_permille" and what else assess() or assess_ground() say; of a
    bit that can be seen also "debris_permille" and "debris". Raises KeyError for a scene that lacks a key.
    """
    image, assessment = _look(json.dumps(scene, sort_keys=True))
    return image, dict(assessment)


@functools.lru_cache(maxsize=KEPT)
def _look(text: str) -> tuple[Image.Image, dict[str, Any]]:
    scene = json.loads(text)
    image = draw(scene)
    if scene["subject"] == "GROUND":
        return image, dict(assess_ground(image))
    assessment = dict(assess(image))
    if scene["subject"] == "BIT" and assessment["verdict"] != "INCONCLUSIVE":
        assessment["debris_permille"] = chips(image)
        assessment["debris"] = assessment["debris_permille"] > CHIPS
    return image, assessment
