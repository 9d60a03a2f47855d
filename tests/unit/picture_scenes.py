"""Random scenes for the pictures' tests, drawn as a plant would give them."""

import random

from host_tools import rocks

SOUND = ("basalt", "sandstone", "mudstone", "layered", "fractured", "pebble-laden")


def scene(rock: str = "sandstone", **given: object) -> dict:
    """A scene with a settled sandstone core by morning light and half the LED ring; anything may be given
    otherwise.
    """
    data = rocks.load(rock)
    out: dict = {
        "no": 1,
        "subject": "TUBE",
        "t_us": 0,
        "tube": 5,
        "fill_um": 62_000,
        "bore_um": 80_000,
        "core": data["core"],
        "settled": 1,
        "sealed": 0,
        "rock": rock,
        "colour": data["colour"],
        "grain": data["grain"],
        "lux": 300,
        "led_permille": 500,
        "led_full_lux": 400,
        "exposure_us": 100_000,
        "sun_mdeg": 50_000,
        "sun_permille": 600,
        "dust_permille": 500,
        "focused": 1,
        "wear_permille": 30,
        "noise_seed": 7,
    }
    out.update(given)
    return out


def random_scene(rnd: random.Random) -> tuple[str, dict]:
    """What is truly there (CORE, EMPTY, DUST or SEAL) and a scene with it, in light that a firmware's
    gate would let pass.
    """
    truth = rnd.choice(("CORE", "CORE", "EMPTY", "DUST", "SEAL"))
    rock = rnd.choice(SOUND) if truth != "DUST" else rnd.choice(("powdery", "regolith"))
    s = scene(
        rock,
        noise_seed=rnd.randrange(1 << 30),
        subject=rnd.choice(("BIT", "TUBE")),
        led_permille=rnd.choice((0, 300, 500, 1000)),
        lux=rnd.randrange(20, 500),
        sun_mdeg=rnd.randrange(8_000, 85_000),
        exposure_us=rnd.choice((100_000, 200_000, 400_000)),
        wear_permille=rnd.randrange(0, 200),
    )
    if truth == "CORE":
        low, high = (30_000, 52_000) if rock == "fractured" else (54_000, 70_000)
        s.update(fill_um=rnd.randrange(low, high), settled=rnd.randrange(2))
    elif truth == "EMPTY":
        s.update(fill_um=0, core="NONE")
    elif truth == "DUST":
        s.update(fill_um=rnd.randrange(100, 2_000), settled=rnd.randrange(2))
    else:
        s.update(subject="SEAL", sealed=1)
    return truth, s
