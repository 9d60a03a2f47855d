"""Pictures: the same scene gives the same picture, and the assessment is right where there is light and
says so where there is none.
"""

import random

import pytest
from PIL import Image

from host_tools.pictures import assess, draw
from tests.unit.picture_scenes import random_scene, scene


@pytest.fixture(scope="module")
def judged() -> list[tuple[str, dict, dict]]:
    rnd = random.Random(2021)
    out = []
    for _ in range(60):
        truth, s = random_scene(rnd)
        out.append((truth, s, assess(draw(s))))
    return out


def test_cores_are_seen(judged: list[tuple[str, dict, dict]]) -> None:
    cores = [v["verdict"] for truth, _, v in judged if truth == "CORE"]
    assert len(cores) >= 15
    assert "ABSENT" not in cores
    assert cores.count("PRESENT") >= 0.95 * len(cores)


def test_nothing_is_never_seen_as_a_core(judged: list[tuple[str, dict, dict]]) -> None:
    empty = [v["verdict"] for truth, _, v in judged if truth in ("EMPTY", "DUST")]
    assert len(empty) >= 15
    assert "PRESENT" not in empty
    assert empty.count("ABSENT") >= 0.95 * len(empty)


def test_seals_are_seen_as_seals(judged: list[tuple[str, dict, dict]]) -> None:
    assert all((v["verdict"], v["sees"]) == ("PRESENT", "SEAL") for truth, _, v in judged if truth == "SEAL")
    assert not any(v["sees"] == "SEAL" for truth, _, v in judged if truth != "SEAL")


@pytest.mark.parametrize("kind", ["SOLID", "NONE"])
def test_darkness_is_inconclusive(kind: str) -> None:
    s = scene(
        core=kind,
        fill_um=62_000 if kind == "SOLID" else 0,
        lux=3,
        led_permille=0,
        exposure_us=50_000,
        sun_mdeg=-3_000,
    )
    verdict = assess(draw(s))
    assert verdict["verdict"] == "INCONCLUSIVE"
    assert "too dark" in verdict["why"]


@pytest.mark.parametrize("kind", ["SOLID", "NONE"])
def test_unsharp_is_inconclusive(kind: str) -> None:
    verdict = assess(draw(scene(core=kind, fill_um=62_000 if kind == "SOLID" else 0, focused=0)))
    assert verdict["verdict"] == "INCONCLUSIVE"
    assert "unsharp" in verdict["why"]


def test_burnt_out_is_inconclusive() -> None:
    verdict = assess(draw(scene(lux=900, led_permille=1000, exposure_us=2_000_000)))
    assert verdict["verdict"] == "INCONCLUSIVE"
    assert "burnt out" in verdict["why"]


def test_an_open_hole_without_a_tube_is_absent() -> None:
    assert assess(draw(scene(tube=0, core="NONE", fill_um=0)))["verdict"] != "PRESENT"


def test_same_scene_same_picture_and_another_seed_another() -> None:
    one = draw(scene())
    assert one.size == (480, 360)
    assert one.mode == "RGB"
    assert one.tobytes() == draw(scene()).tobytes()
    assert one.tobytes() != draw(scene(noise_seed=8)).tobytes()


def test_assessment_refuses_a_picture_of_another_camera() -> None:
    with pytest.raises(ValueError, match="640 x 480"):
        assess(Image.new("RGB", (640, 480)))
