"""Judges a picture of a tube's mouth PRESENT, ABSENT or INCONCLUSIVE from its pixels alone.

First the gate: a picture that is too dark, burnt out, or unsharp is INCONCLUSIVE, whatever might be guessed
from it. Then the inside of the bore is compared with the rim, which is the same metal in every picture: a
rock's face is bright against it and grainy; an empty bore is dark and smooth. Where the two signs disagree
or are weak, the answer is INCONCLUSIVE as well. A closed mouth, bright and smooth with the seal's edges, is
reported as PRESENT too, with "sees": "SEAL". Only Pillow's integer statistics are used, so that the same
pixels give the same verdict everywhere.
"""

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from host_tools.pictures.frame import BIT_R, BORE_R, CENTRE_X, CENTRE_Y, HEIGHT, RIM_R, WIDTH

PRESENT = "PRESENT"
ABSENT = "ABSENT"
INCONCLUSIVE = "INCONCLUSIVE"

RIM_MIN = 240  # rim brightness, thousandths of full scale, under which it is too dark to say
RIM_MAX = 970  # above which it is burnt out
GAP_MAX = 260  # the dark gap around the rim against the rim: a sharp picture stays under this
SEAL_INSIDE = 850  # a seal is as bright as the rim ...
SEAL_GRAIN = 450  # ... with the edges of its star ...
SEAL_GAP = 300  # ... and covers the gap
DARK = 100  # an empty bore's end against the rim, thousandths: 80 mm down at most this comes back
LIT = 140
MEAN_LIT = 180
# Grain of a rock's face, hundredths of a grey level; an end that is only dark and noisy stays under this.
GRAINY = 180
# Of the bit's face, thousandths darker than a quarter of the rim: shadows of the teeth stay under this.
CHIPS = 30
INSIDE_R = 34  # the part of the bore that an end 80 mm down still fills


def _ring(r_in: int, r_out: int) -> Image.Image:
    mask = Image.new("L", (WIDTH, HEIGHT), 0)
    d = ImageDraw.Draw(mask)
    d.ellipse((CENTRE_X - r_out, CENTRE_Y - r_out, CENTRE_X + r_out, CENTRE_Y + r_out), fill=255)
    if r_in:
        d.ellipse((CENTRE_X - r_in, CENTRE_Y - r_in, CENTRE_X + r_in, CENTRE_Y + r_in), fill=0)
    return mask


RIM = _ring(BORE_R + 4, RIM_R - 2)
INSIDE = _ring(0, INSIDE_R)
GAP = _ring(RIM_R + 2, RIM_R + 5)
FACE = _ring(RIM_R + 9, BIT_R - 6)


def measure(image: Image.Image) -> dict[str, int]:
    """What the verdict rests on: the rim's brightness in thousandths of full scale; mean and darker quarter
    of the bore's inside and the gap around the rim in thousandths of the rim; grain and sensor noise in
    hundredths of a grey level.
    """
    if image.size != (WIDTH, HEIGHT):
        raise ValueError(
            f"a picture of {image.size[0]} x {image.size[1]} pixels; "
            f"the bolted-down camera gives {WIDTH} x {HEIGHT}"
        )
    grey = image.convert("L")
    smooth = grey.filter(ImageFilter.GaussianBlur(4))
    # Grain from 2 to 6 pixels: what a small blur leaves and a larger one takes away.
    detail = ImageChops.subtract(grey.filter(ImageFilter.GaussianBlur(1)), smooth, offset=128)
    noise = 255.0
    for x, y in ((30, 20), (60, 320), (400, 20), (420, 320), (240, 16)):
        noise = min(noise, ImageStat.Stat(detail.crop((x, y, x + 28, y + 24))).stddev[0])

    inside = ImageStat.Stat(smooth, INSIDE)
    rim = int(ImageStat.Stat(grey, RIM).mean[0] * 1000 / 255)
    # The darker quarter of what lies inside: a rock fills the bore from wall to wall, a dusting leaves dark
    # metal between its patches.
    counts = smooth.histogram(INSIDE)
    quarter = sum(counts) // 4
    level = 0
    while quarter > counts[level]:
        quarter -= counts[level]
        level += 1
    return {
        "rim": rim,
        "inside": int(inside.mean[0] * 1_000_000 / 255) // max(1, rim),
        "quarter": (level * 1_000_000 // 255) // max(1, rim),
        "gap": int(ImageStat.Stat(grey, GAP).mean[0] * 1_000_000 / 255) // max(1, rim),
        "grain": int(ImageStat.Stat(detail, INSIDE).stddev[0] * 100),
        "noise": int(noise * 100),
    }


def chips(image: Image.Image) -> int:
    """How much of the bit's face lies under something dark, in thousandths: of a picture of the bit only."""
    grey = image.convert("L")
    rim = ImageStat.Stat(grey, RIM).mean[0]
    counts = grey.filter(ImageFilter.GaussianBlur(2)).histogram(FACE)
    return sum(counts[: max(1, int(rim / 4))]) * 1000 // max(1, sum(counts))


def assess_ground(image: Image.Image) -> dict:
    """How a dropped tube lies, from the shape of the one bright thing in the picture: {"verdict":
    INCONCLUSIVE, "confidence_permille", "sees": UPRIGHT | LYING | "", "why"}."""
    grey = image.convert("L").filter(ImageFilter.GaussianBlur(2))
    counts = grey.histogram()
    # The tube is the brightest thing, and even end on it takes a hundredth of the picture.
    high, left = 255, WIDTH * HEIGHT // 200
    while left > counts[high] and high:
        left -= counts[high]
        high -= 1
    if high < 60:
        return _unsure("too dark to see how the tube lies")
    level = (int(ImageStat.Stat(grey).median[0]) + high) // 2
    # Single bright stones go with the edge of everything.
    bright = grey.point([255 if v > level else 0 for v in range(256)]).filter(ImageFilter.MinFilter(9))
    box = bright.getbbox()
    if box is None:
        return _unsure("nothing bright lies there")
    area = bright.histogram()[255]
    longest = max(box[2] - box[0], box[3] - box[1])
    # A disc fills three quarters of a square on its diameter; a rod fills little of one on its length.
    fill = area * 1000 // (longest * longest)
    if 600 <= fill <= 950:
        return {
            "verdict": INCONCLUSIVE,
            "confidence_permille": 900,
            "sees": "UPRIGHT",
            "why": f"a disc: it fills {fill} of 1000 of its square; the tube stands",
        }
    if fill <= 420:
        return {
            "verdict": INCONCLUSIVE,
            "confidence_permille": 900,
            "sees": "LYING",
            "why": f"a rod: it fills {fill} of 1000 of its square; the tube lies",
        }
    return _unsure(f"neither a rod nor a disc: {fill} of 1000")


def assess(image: Image.Image) -> dict:
    """{"verdict": PRESENT | ABSENT | INCONCLUSIVE, "confidence_permille": 0..1000, "sees": ROCK | SEAL |
    EMPTY | "", "why": words}.

    Raises ValueError when the picture is not of the bolted-down camera's size.
    """
    m = measure(image)
    if m["rim"] < RIM_MIN:
        return _unsure(f"too dark: the rim shows {m['rim']} of 1000, {RIM_MIN} are needed")
    if m["rim"] > RIM_MAX:
        return _unsure(f"burnt out: the rim shows {m['rim']} of 1000, {RIM_MAX} are too many")
    if m["gap"] > SEAL_GAP and m["inside"] > SEAL_INSIDE and m["grain"] > SEAL_GRAIN:
        sure = min(990, 600 + (m["inside"] - SEAL_INSIDE) + (m["grain"] - SEAL_GRAIN) // 4)
        return {
            "verdict": PRESENT,
            "confidence_permille": sure,
            "sees": "SEAL",
            "why": "a bright cap with a seal's edges closes the mouth",
        }
    if m["gap"] > GAP_MAX:
        return _unsure(
            f"unsharp: the gap around the rim shows {m['gap']} of the rim's 1000, "
            f"a sharp picture under {GAP_MAX}"
        )
    if m["quarter"] < DARK:
        sure = min(990, 550 + (DARK - m["quarter"]) * 5)
        return {
            "verdict": ABSENT,
            "confidence_permille": sure,
            "sees": "EMPTY",
            "why": f"the bore is dark: its darker quarter shows {m['quarter']} of the rim's 1000",
        }
    if m["quarter"] >= LIT and m["inside"] >= MEAN_LIT and m["grain"] >= max(GRAINY, m["noise"] * 3 // 2):
        sure = min(990, 550 + (m["quarter"] - LIT) + (m["grain"] - GRAINY) // 5)
        return {
            "verdict": PRESENT,
            "confidence_permille": sure,
            "sees": "ROCK",
            "why": f"a grainy face fills the bore: {m['inside']} of the rim's 1000, grain {m['grain']}",
        }
    return _unsure(
        f"the signs disagree: darker quarter {m['quarter']}, mean {m['inside']}, "
        f"grain {m['grain']}, noise {m['noise']}"
    )


def _unsure(why: str) -> dict:
    return {"verdict": INCONCLUSIVE, "confidence_permille": 500, "sees": "", "why": why}
