"""Paints what the emulated camera saw, with Pillow, from a scene of integers and words.

Everything is painted twice as large and shrunk. Two lights fall on it: the sun, warm and from one side, with
a shadow in the bore that grows as the sun sinks; and the LED ring around the lens, cool and even. Then comes
the camera: automatic gain that gives out in the dark, where noise takes over; blur without focus. Same
scene, same picture: all randomness comes from the scene's noise_seed.
"""

import functools
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from host_tools.pictures.frame import BIT_R, BORE_R, CAMERA_MM, CENTRE_X, CENTRE_Y, HEIGHT, RIM_R, WIDTH

Colour = tuple[int, int, int]

UP = 2  # painted this much larger
GOOD_LUX_MS = 2_000  # light x exposure under which the camera's gain gives out
MUCH_LUX_MS = 400_000  # above this the picture burns out
WARM = (255, 226, 190)
COOL = (226, 238, 255)
_SECTORS = 180  # of a turned ring


def draw(scene: dict) -> Image.Image:
    """A 480 x 360 RGB picture of a scene.

    Scene keys: subject (BIT, TUBE, SEAL, GROUND), tube (0: none), fill_um, bore_um, core (NONE,
    SOLID, PIECES, POWDER, LOOSE), colour, grain, settled, lux, led_permille, led_full_lux, exposure_us,
    sun_mdeg, sun_permille, focused, wear_permille, noise_seed. Raises KeyError when one is missing.
    """
    rnd = random.Random(scene["noise_seed"])
    sun_angle = math.radians(rnd.uniform(205, 235))  # the bay opens to one side only
    sun_lux = scene["lux"]
    led_lux = scene["led_permille"] * scene["led_full_lux"] // 1000
    total = max(1, sun_lux + led_lux)
    sun_share = sun_lux / total
    w, h = WIDTH * UP, HEIGHT * UP

    if scene["subject"] == "GROUND":
        albedo = _floor(scene, rnd, w, h)
        lit = _light(albedo, sun_angle, sun_share, led_lux / total)
        lit = lit.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        return _expose(lit, scene, total, rnd)
    albedo = _ground(scene, rnd, w, h)
    if scene["subject"] == "BIT":
        _bit(albedo, scene, rnd, sun_angle, sun_share)
    else:
        _seat(albedo, scene, rnd, sun_angle, sun_share)
    if scene["subject"] == "SEAL" and scene["sealed"]:
        _seal(albedo, scene, rnd, sun_angle)
    elif scene["tube"]:
        _tube(albedo, scene, rnd, sun_angle, sun_share)
    else:
        _open_hole(albedo)
    lit = _light(albedo, sun_angle, sun_share, led_lux / total)
    lit = lit.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    return _expose(lit, scene, total, rnd)


# -- helpers --


def _circle(r: float) -> tuple[float, float, float, float]:
    cx, cy = CENTRE_X * UP, CENTRE_Y * UP
    return (cx - r * UP, cy - r * UP, cx + r * UP, cy + r * UP)


def _disc_mask(size: tuple[int, int], r: float, dx: float = 0, dy: float = 0, soft: float = 0) -> Image.Image:
    mask = Image.new("L", size, 0)
    x0, y0, x1, y1 = _circle(r)
    box = (x0 + dx * UP, y0 + dy * UP, x1 + dx * UP, y1 + dy * UP)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return _blurred(mask, box, soft * UP) if soft else mask


def _blurred(mask: Image.Image, box: tuple[float, float, float, float], radius: float) -> Image.Image:
    """`mask`, which is 0 outside `box`, blurred: only there and as far around as a blur reaches."""
    # Pillow blurs by three boxes, which reach 1.8 radii each.
    reach = int(6 * radius) + 4
    inner = (
        max(0, int(box[0]) - reach),
        max(0, int(box[1]) - reach),
        min(mask.size[0], int(box[2]) + reach),
        min(mask.size[1], int(box[3]) + reach),
    )
    if inner[0] >= inner[2] or inner[1] >= inner[3]:
        return mask
    mask.paste(mask.crop(inner).filter(ImageFilter.GaussianBlur(radius)), inner)
    return mask


def _noise(rnd: random.Random, size: tuple[int, int], cell: int) -> Image.Image:
    """Smooth grey noise with features of about `cell` pixels."""
    small = (max(2, size[0] // cell + 2), max(2, size[1] // cell + 2))
    img = Image.frombytes("L", small, rnd.randbytes(small[0] * small[1]))
    return img.resize(size, Image.Resampling.BICUBIC)


def _tint(grey: Image.Image, colour: Colour, spread: float) -> Image.Image:
    """A grey picture around 128 as a colour that it brightens and darkens by up to `spread`."""
    bands = [
        grey.point([max(0, min(255, int(c * (1 + spread * (v - 128) / 128)))) for v in range(256)])
        for c in colour
    ]
    return Image.merge("RGB", bands)


def _scale(img: Image.Image, k: float) -> Image.Image:
    return img.point([min(255, int(v * k)) for v in range(256)] * 3)


def _metal_ring(
    img: Image.Image,
    r_in: float,
    r_out: float,
    base: Colour,
    sun_angle: float,
    shine: float,
    phase: float = 0,
) -> None:
    """A turned metal ring: brightness goes round with the angle to the light, in the way of anisotropic
    highlights.
    """
    shades = []
    for k in range(_SECTORS):
        a = 2 * math.pi * k / _SECTORS
        s = math.cos(a - sun_angle)
        v = (
            0.72
            + shine * (0.22 * s + 0.30 * max(0.0, s) ** 12 + 0.16 * max(0.0, -s) ** 10)
            + 0.03 * math.sin(5 * a + phase)
        )
        shades.append([max(0, min(255, int(x * v))) for x in base])
    box, sectors, mask = _sectors(img.size, r_out)
    unused = [0] * (256 - _SECTORS)
    bands = [sectors.point([shade[band] for shade in shades] + unused) for band in range(3)]
    img.paste(Image.merge("RGB", bands), box, mask)
    if r_in > 0:
        ImageDraw.Draw(img).ellipse(_circle(r_in), fill=(10, 9, 9))


@functools.cache
def _sectors(
    size: tuple[int, int], r_out: float
) -> tuple[tuple[int, int, int, int], Image.Image, Image.Image]:
    """A disc in sectors around the picture's centre: its box, each pixel's sector, and which pixels belong to
    it. Only their shades differ from ring to ring, and a ring's radius is one of ten."""
    sectors, mask = Image.new("L", size, 0), Image.new("L", size, 0)
    pen, cut = ImageDraw.Draw(sectors), ImageDraw.Draw(mask)
    for k in range(_SECTORS):
        a = math.degrees(2 * math.pi * k / _SECTORS)
        start, end = a - 0.3, a + 360 / _SECTORS + 0.7
        pen.pieslice(_circle(r_out), start, end, fill=k)
        cut.pieslice(_circle(r_out), start, end, fill=255)
    box = mask.getbbox()
    assert box is not None
    return box, sectors.crop(box), mask.crop(box)


def _rock(
    scene: dict, rnd: random.Random, size: tuple[int, int], sun_angle: float, sun_share: float
) -> Image.Image:
    """The broken face of a core, or what lies there of it, filling the picture."""
    colour = tuple(scene["colour"])
    grain = scene["grain"]
    coarse = _noise(rnd, size, 84)
    middle = _noise(rnd, size, 19)
    fine = _noise(rnd, size, 3 + grain // 180)
    dust = _noise(rnd, size, 2)
    relief = Image.blend(Image.blend(coarse, middle, 0.45), Image.blend(fine, dust, 0.4), 0.16 + grain / 2600)
    # Relief lit from the side: the difference to itself, shifted away from the sun.
    dx, dy = int(round(4 * math.cos(sun_angle))), int(round(4 * math.sin(sun_angle)))
    bump = ImageChops.subtract(
        relief, ImageChops.offset(relief, dx, dy), scale=1.0 / (0.7 + 0.5 * sun_share), offset=128
    )
    face = _tint(Image.blend(relief, dust, 0.25), colour, 0.42 + grain / 3500)
    face = ImageChops.multiply(
        face, Image.merge("RGB", [bump.point([min(255, int(v * 1.75)) for v in range(256)])] * 3)
    )
    face = _scale(face, 1.36)
    d = ImageDraw.Draw(face)
    cx, cy = size[0] / 2, size[1] / 2
    r = BORE_R * UP
    for _ in range(20 + grain // 3):
        a, q = rnd.uniform(0, 2 * math.pi), r * math.sqrt(rnd.random())
        x, y = cx + q * math.cos(a), cy + q * math.sin(a)
        g = rnd.uniform(0.8, 1.6 + grain / 350) * UP / 2
        k = rnd.choice((0.62, 0.75, 1.25, 1.4))
        c = tuple(min(255, int(v * k)) for v in colour)
        d.ellipse((x - g, y - g * rnd.uniform(0.6, 1), x + g, y + g), fill=c)
    if scene["core"] == "PIECES":
        for _ in range(4):
            a = rnd.uniform(0, 2 * math.pi)
            x, y = cx + r * math.cos(a), cy + r * math.sin(a)
            points = [(x, y)]
            for _ in range(7):
                a2 = a + math.pi + rnd.uniform(-0.7, 0.7)
                x, y = x + r * 0.32 * math.cos(a2), y + r * 0.32 * math.sin(a2)
                points.append((x, y))
            d.line(points, fill=(22, 16, 13), width=rnd.choice((4, 6, 8)), joint="curve")
            d.line(
                [(px + 3, py + 3) for px, py in points],
                fill=tuple(min(255, int(v * 1.25)) for v in colour),
                width=2,
            )
    return face


# -- what is there --


def _ground(scene: dict, rnd: random.Random, w: int, h: int) -> Image.Image:
    if scene["subject"] == "BIT":
        # Out of focus: the bay, and the ground far below. So far that a quarter of the size shows the same.
        w4, h4 = w // 4, h // 4
        base = _tint(_noise(rnd, (w4, h4), 40), (64, 50, 42), 0.6).filter(ImageFilter.GaussianBlur(6))
        d = ImageDraw.Draw(base)
        d.rectangle((0, 0, w4, 15), fill=(26, 25, 27))
        for k in range(5):
            d.rectangle((20 + 190 * k // 4, 4, 27 + 190 * k // 4, 11), fill=(52, 50, 52))
        return base.filter(ImageFilter.GaussianBlur(3.5)).resize((w, h), Image.Resampling.BICUBIC)
    # The ring's plate: brushed metal.
    streaks = _noise(rnd, (w, h), 3).resize((w, h // 24)).resize((w, h), Image.Resampling.BICUBIC)
    return _tint(streaks.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (118, 116, 114), 0.10)


def _bit(img: Image.Image, scene: dict, rnd: random.Random, sun_angle: float, sun_share: float) -> None:
    shadow = _disc_mask(img.size, BIT_R + 6, -9 * math.cos(sun_angle), -9 * math.sin(sun_angle), 9)
    img.paste(
        Image.new("RGB", img.size, (12, 10, 10)), (0, 0), shadow.point([v * 3 // 4 for v in range(256)])
    )
    d = ImageDraw.Draw(img)
    cx, cy = CENTRE_X * UP, CENTRE_Y * UP
    _metal_ring(img, 0, BIT_R, (126, 122, 120), sun_angle, 0.8)
    # Ports that let the cuttings out.
    ports = []
    for k in range(4):
        a = math.radians(34 + 90 * k)
        x, y = cx + (BIT_R - 19) * UP * math.cos(a), cy + (BIT_R - 19) * UP * math.sin(a)
        ports.append((x - 17, y - 17, x + 17, y + 17))
    _metal_ring(img, 0, BIT_R - 15, (150, 146, 142), sun_angle, 0.7, 1)
    d = ImageDraw.Draw(img)
    d.ellipse(_circle(BIT_R - 15), outline=(70, 67, 66), width=2)
    for x0, y0, x1, y1 in ports:
        d.ellipse((x0 - 3, y0 - 3, x1 + 3, y1 + 3), fill=(176, 172, 166))
        d.ellipse((x0, y0, x1, y1), fill=(26, 23, 22))
    # Eight carbide teeth, each a block with a lit side and a shadow.
    wear = scene["wear_permille"] / 1000
    for k in range(8):
        a = 2 * math.pi * (k + 0.25) / 8
        r0, r1 = (RIM_R + 9) * UP, (BIT_R - 5 - 12 * wear) * UP
        half0, half1 = 0.17, 0.145

        def at(r: float, b: float, off: float = 0.0) -> tuple[float, float]:
            return (
                cx + r * math.cos(b) - off * math.cos(sun_angle),
                cy + r * math.sin(b) - off * math.sin(sun_angle),
            )

        quad = [at(r0, a - half0), at(r1, a - half1), at(r1, a + half1), at(r0, a + half0)]
        d.polygon(
            [at(r0, a - half0, 12), at(r1, a - half1, 12), at(r1, a + half1, 12), at(r0, a + half0, 12)],
            fill=(40, 37, 36),
        )
        lit = 0.8 + 0.3 * math.cos(a - sun_angle)
        body = tuple(min(255, int(v * lit)) for v in (188, 184, 176))
        d.polygon(quad, fill=body)
        mid = [
            at(r0 + 8, a - half0 * 0.25),
            at(r1 - 8, a - half1 * 0.2),
            at(r1 - 8, a + half1),
            at(r0 + 8, a + half0),
        ]
        d.polygon(mid, fill=tuple(int(v * 0.72) for v in body))
        d.line([quad[0], quad[1]], fill=(238, 234, 226), width=3)
    # Rock dust clings to steel.
    if scene["core"] != "NONE" or scene["wear_permille"] > 25:
        cover = ImageChops.multiply(_noise(rnd, img.size, 70), _noise(rnd, img.size, 5))
        dust = cover.point([max(0, min(105, (v - 40) * 2)) for v in range(256)])
        ring = ImageChops.subtract(
            _disc_mask(img.size, BIT_R, soft=1), _disc_mask(img.size, RIM_R + 2, soft=1)
        )
        img.paste(
            Image.new("RGB", img.size, tuple(int(v * 0.9) for v in scene["colour"])),
            (0, 0),
            ImageChops.multiply(dust, ring),
        )
    for _ in range(scene.get("debris", 0)):
        _chip(img, rnd)
    ImageDraw.Draw(img).ellipse(_circle(RIM_R + 5), fill=(18, 16, 16))


def _chip(img: Image.Image, rnd: random.Random) -> None:
    """A dark chip of rock that lies across the bit's face."""
    a = rnd.uniform(0, 2 * math.pi)
    r = (RIM_R + BIT_R) / 2 * UP
    x, y = CENTRE_X * UP + r * math.cos(a), CENTRE_Y * UP + r * math.sin(a)
    corners = [
        (
            x + rnd.uniform(0.7, 1.0) * 27 * UP * math.cos(a + k * math.pi / 4),
            y + rnd.uniform(0.7, 1.0) * 27 * UP * math.sin(a + k * math.pi / 4),
        )
        for k in range(8)
    ]
    d = ImageDraw.Draw(img)
    d.polygon(corners, fill=(24, 20, 19))
    d.line([corners[5], corners[6], corners[7]], fill=(58, 50, 46), width=3)


def _floor(scene: dict, rnd: random.Random, w: int, h: int) -> Image.Image:
    """The ground below the hole with the tube that was dropped: on its side, or standing and seen from
    above."""
    img = _tint(_noise(rnd, (w, h), 24), (84, 64, 52), 0.5)
    d = ImageDraw.Draw(img)
    cx, cy = w // 2 + rnd.randint(-40, 40), h // 2 + rnd.randint(-30, 30)
    if scene["upright"]:
        d.ellipse((cx - 22, cy - 34, cx + 74, cy + 50), fill=(30, 23, 20))
        d.ellipse((cx - 46, cy - 46, cx + 46, cy + 46), fill=(226, 224, 220))
        d.ellipse((cx - 30, cy - 30, cx + 30, cy + 30), fill=(206, 204, 200))
        return img
    tube = Image.new("L", (w, h), 0)
    ImageDraw.Draw(tube).rounded_rectangle((cx - 250, cy - 40, cx + 250, cy + 40), radius=18, fill=255)
    angle = rnd.uniform(-35, 35)
    tube = tube.rotate(angle, center=(cx, cy))
    shadow = ImageChops.offset(tube, 10, 16)
    img.paste(Image.new("RGB", (w, h), (30, 23, 20)), (0, 0), shadow)
    img.paste(Image.new("RGB", (w, h), (224, 222, 218)), (0, 0), tube)
    return img


def _seat(img: Image.Image, scene: dict, rnd: random.Random, sun_angle: float, sun_share: float) -> None:
    d = ImageDraw.Draw(img)
    cx, cy = CENTRE_X * UP, CENTRE_Y * UP
    for dx in (-1, 1):
        # The neighbours' collars at the picture's edges.
        x = cx + dx * 246 * UP
        for r, c in (
            (92, (70, 69, 70)),
            (86, (140, 138, 136)),
            (74, (34, 32, 32)),
            (68, (150, 150, 152)),
            (60, (14, 13, 13)),
        ):
            d.ellipse((x - r * UP, cy - r * UP, x + r * UP, cy + r * UP), fill=c)
    soft = _disc_mask(img.size, 122, -7 * math.cos(sun_angle), -7 * math.sin(sun_angle), 6)
    img.paste(Image.new("RGB", img.size, (34, 32, 32)), (0, 0), soft.point([v * 3 // 5 for v in range(256)]))
    _metal_ring(img, 0, 120, (128, 126, 124), sun_angle, 0.6)
    _metal_ring(img, 0, 106, (96, 95, 96), sun_angle, 0.9, 2)
    d = ImageDraw.Draw(img)
    d.ellipse(_circle(120), outline=(182, 180, 176), width=2)
    d.ellipse(_circle(106), outline=(48, 47, 47), width=3)
    for k in range(6):
        a = math.radians(30 + 60 * k)
        sx, sy = cx + 113 * UP * math.cos(a), cy + 113 * UP * math.sin(a)
        d.ellipse((sx - 9, sy - 9, sx + 9, sy + 9), fill=(58, 57, 57), outline=(164, 162, 158), width=2)
        d.line((sx - 5, sy, sx + 5, sy), fill=(20, 20, 20), width=3)
    if scene["tube"]:
        _engrave(d, f"{scene['tube']:02d}", cx - 24, cy + 127 * UP)
    d.ellipse(_circle(RIM_R + 8), fill=(24, 23, 23))


SEGMENTS = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
}
STROKES = {
    "a": (0, 0, 1, 0),
    "b": (1, 0, 1, 1),
    "c": (1, 1, 1, 2),
    "d": (0, 2, 1, 2),
    "e": (0, 1, 0, 2),
    "f": (0, 0, 0, 1),
    "g": (0, 1, 1, 1),
}


def _engrave(d: ImageDraw.ImageDraw, text: str, x: float, y: float) -> None:
    """Seat numbers as a mill engraves them."""
    for ch in text:
        for shift, c in ((2, (176, 174, 170)), (0, (40, 39, 39))):
            for s in SEGMENTS[ch]:
                x0, y0, x1, y1 = STROKES[s]
                d.line(
                    (x + x0 * 16 + shift, y + y0 * 16 + shift, x + x1 * 16 + shift, y + y1 * 16 + shift),
                    fill=c,
                    width=4,
                )
        x += 30


def _tube(img: Image.Image, scene: dict, rnd: random.Random, sun_angle: float, sun_share: float) -> None:
    """Rim, bore wall and what is at the end of it."""
    size = img.size
    _metal_ring(img, 0, RIM_R, (206, 204, 204), sun_angle, 1.0, 3)
    d = ImageDraw.Draw(img)
    d.ellipse(_circle(RIM_R), outline=(236, 234, 232), width=2)
    d.ellipse(_circle(BORE_R + 3), outline=(120, 118, 118), width=3)
    fill = scene["fill_um"] if scene["core"] != "NONE" else 0
    recess_mm = max(0.0, (scene["bore_um"] - fill) / 1000)
    if scene["subject"] == "BIT" and fill and scene["core"] in ("SOLID", "PIECES"):
        # In the bit the tube hangs mouth down: a core rests on the offset rim, a little deeper once settled.
        recess_mm = min(recess_mm, 6.0 if scene["settled"] else 3.0)
    # The wall: rings towards the end, each darker, as light that reaches them gets less.
    steps = 40
    for k in range(steps + 1):
        depth = recess_mm * k / steps
        r = BORE_R * CAMERA_MM / (CAMERA_MM + depth)
        fall = _reach(depth, sun_share)
        shade = tuple(int(v * fall * 0.62) for v in (150, 146, 142))
        d.ellipse(_circle(r), fill=shade)
    r_end = BORE_R * CAMERA_MM / (CAMERA_MM + recess_mm)
    reach = _reach(recess_mm, sun_share)
    end = _disc_mask(size, r_end - 0.5, soft=0.6)
    if fill > 0:
        face = _rock(scene, rnd, size, sun_angle, sun_share)
        if fill < 4_000:
            # A dusting on the bottom: patches.
            patches = _noise(rnd, size, 40).point(
                [255 if v > 150 else max(0, (v - 130) * 12) for v in range(256)]
            )
            end_floor = Image.new("RGB", size, tuple(int(v * reach * 0.35) for v in (120, 118, 116)))
            img.paste(end_floor, (0, 0), end)
            end = ImageChops.multiply(end, patches)
        face = _scale(face, max(0.05, reach))
        if sun_share > 0.05 and recess_mm > 0.5:
            # The rim's shadow: the sun comes in over one side.
            el = max(6.0, scene["sun_mdeg"] / 1000)
            shift = min(2.0 * BORE_R, recess_mm / math.tan(math.radians(min(88.0, el))) * BORE_R / 6.5 * 0.55)
            in_sun = _disc_mask(size, r_end, -shift * math.cos(sun_angle), -shift * math.sin(sun_angle), 2.5)
            dark = _scale(face, 1 - 0.55 * sun_share)
            face = Image.composite(face, dark, in_sun)
        img.paste(face, (0, 0), end)
        edge = ImageChops.subtract(_disc_mask(size, r_end, soft=0.6), _disc_mask(size, r_end - 4, soft=2.5))
        img.paste(Image.new("RGB", size, (8, 6, 5)), (0, 0), edge.point([v * 3 // 4 for v in range(256)]))
    else:
        floor = tuple(int(v * reach * 0.35) for v in (120, 118, 116))
        img.paste(Image.new("RGB", size, floor), (0, 0), end)
        d = ImageDraw.Draw(img)
        d.ellipse(_circle(r_end), outline=tuple(int(v * 1.6) + 3 for v in floor), width=2)
    # The LED ring mirrors itself in the wall as a thin circle.
    led = scene["led_permille"] / 1000
    if led > 0.05 and recess_mm > 6:
        glow = Image.new("L", size, 0)
        gd = ImageDraw.Draw(glow)
        q = BORE_R * CAMERA_MM / (CAMERA_MM + min(recess_mm, 26) * 0.6)
        for k in range(24):
            a = math.radians(15 * k)
            x, y = CENTRE_X * UP + q * UP * math.cos(a), CENTRE_Y * UP + q * UP * math.sin(a)
            gd.ellipse((x - 4, y - 4, x + 4, y + 4), fill=int(110 * led))
        img.paste(Image.new("RGB", size, COOL), (0, 0), _blurred(glow, _circle(q + 3), 3))


def _reach(depth_mm: float, sun_share: float) -> float:
    """How much light gets to a depth in the bore: the LED ring's along the axis, of the sun's only what
    the walls pass on.
    """
    led = 1 / (1 + (depth_mm / 55) ** 2)
    sun = 1 / (1 + (depth_mm / 36) ** 2)
    return sun_share * sun + (1 - sun_share) * led


def _open_hole(img: Image.Image) -> None:
    d = ImageDraw.Draw(img)
    for k in range(30):
        v = 26 - k * 26 // 30
        d.ellipse(_circle(RIM_R + 4 - k), fill=(v, v, v))


def _seal(img: Image.Image, scene: dict, rnd: random.Random, sun_angle: float) -> None:
    """A seal on the mouth: a turned metal cup with a pressed star in the middle."""
    _metal_ring(img, 0, RIM_R + 3, (198, 192, 180), sun_angle, 0.9, 4)
    _metal_ring(img, 0, RIM_R - 8, (176, 170, 158), sun_angle + math.pi, 0.9, 1)
    _metal_ring(img, 0, RIM_R - 13, (206, 200, 188), sun_angle, 0.8, 2)
    _metal_ring(img, 0, 40, (170, 164, 152), sun_angle + math.pi, 0.8, 5)
    _metal_ring(img, 0, 36, (208, 202, 190), sun_angle, 0.7, 0)
    d = ImageDraw.Draw(img)
    cx, cy = CENTRE_X * UP, CENTRE_Y * UP
    turn = rnd.uniform(0, 2 * math.pi)
    for k in range(6):
        a = turn + math.pi * k / 3
        d.line(
            (cx + 12 * math.cos(a), cy + 12 * math.sin(a), cx + 58 * math.cos(a), cy + 58 * math.sin(a)),
            fill=(118, 112, 102),
            width=5,
        )
        d.line(
            (
                cx + 12 * math.cos(a) + 3,
                cy + 12 * math.sin(a) + 3,
                cx + 58 * math.cos(a) + 3,
                cy + 58 * math.sin(a) + 3,
            ),
            fill=(236, 230, 218),
            width=2,
        )
    d.ellipse(_circle(5), fill=(92, 87, 79))


# -- light and camera --


def _light(img: Image.Image, sun_angle: float, sun_share: float, led_share: float) -> Image.Image:
    """Colour and fall-off of the two lights, and the bay's vignette."""
    w, h = img.size
    mixed = tuple(int(a * sun_share + b * led_share) for a, b in zip(WARM, COOL, strict=True))
    wide = Image.linear_gradient("L").rotate(math.degrees(-sun_angle) + 270, Image.Resampling.BILINEAR)
    slope = wide.crop((56, 74, 200, 182)).resize((w, h), Image.Resampling.BICUBIC)
    even = _even_light(w, h)
    side = slope.point([150 + (255 - v) * 105 // 255 for v in range(256)])
    field = Image.blend(side, even, max(0.25, led_share))
    field = Image.merge("RGB", [field.point([v * c // 255 for v in range(256)]) for c in mixed])
    return ImageChops.multiply(img, field)


@functools.cache
def _even_light(w: int, h: int) -> Image.Image:
    """The bay's vignette under the LED ring: the same in every picture, not to be painted on."""
    radial = (
        Image.radial_gradient("L")
        .resize((w + w // 3, w + w // 3))
        .crop((w // 6, (w + w // 3 - h) // 2, w // 6 + w, (w + w // 3 - h) // 2 + h))
    )
    return radial.point([max(70, 255 - v * 3 // 5) for v in range(256)])


def _expose(img: Image.Image, scene: dict, lux: int, rnd: random.Random) -> Image.Image:
    """Gain, noise, blur: what the sensor makes of it."""
    if not scene["focused"]:
        img = img.filter(ImageFilter.GaussianBlur(5))
    score = lux * scene["exposure_us"] / 1000
    gain = 1.3 * min(1.0, score / GOOD_LUX_MS)
    if score > MUCH_LUX_MS:
        gain *= min(6.0, score / MUCH_LUX_MS)
    out = _scale(img, gain)
    sigma = (
        1.6 + 16 * min(1.0, (GOOD_LUX_MS / max(1.0, score)) ** 0.5 * 0.35) if score < GOOD_LUX_MS * 8 else 2.0
    )
    n = WIDTH * HEIGHT
    bands = []
    for band in out.split():
        a = Image.frombytes("L", (WIDTH, HEIGHT), rnd.randbytes(n))
        b = Image.frombytes("L", (WIDTH, HEIGHT), rnd.randbytes(n))
        bell = ImageChops.add(a, b, scale=2.0)  # triangular around 127, deviation 52
        bell = bell.point([max(0, min(255, int(128 + (v - 127) * sigma / 52))) for v in range(256)])
        bands.append(ImageChops.add(band, bell, 1.0, -128))
    return Image.merge("RGB", bands)
