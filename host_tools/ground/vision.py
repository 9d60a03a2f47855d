"""Looking at pictures, as the people on the ground do: draw what the emulated camera saw, judge it, answer.

A real payload's pictures come from its camera by another way; an emulated one's from its bench, as scenes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Vision:
    """Draws, judges and keeps pictures. `folder` None: nothing is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def look(self, scene: Mapping[str, Any]) -> dict[str, Any]:
        """What a scene shows: no, verdict, confidence_permille, image (Pillow's); file when it was kept."""
        from host_tools.pictures import look

        image, seen = look(scene)
        seen["no"] = int(scene.get("no", 0))
        seen["image"] = image
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{seen['no']:03d}-{str(scene.get('subject', 'picture')).lower()}.png"
            image.save(path)
            seen["file"] = str(path)
        return seen
