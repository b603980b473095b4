"""How to display the picture of a clip: size, shape and colours, from its header and its first frame."""

import logging
import math
import re
from fractions import Fraction
from pathlib import Path

from dancenow.errors import InputError

log = logging.getLogger(__name__)

MATRICES = {
    "bt709": "bt709",
    "smpte170m": "bt601",
    "bt470bg": "bt601",
    "fcc": "fcc",
    "smpte240m": "smpte240m",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
}
RGB_FORMAT = re.compile("gbr|rgb|bgr|0rgb|0bgr|argb|abgr|x2rgb|x2bgr|pal8")
UNFLAGGED = {"unknown", "unspecified", "reserved"}
HDR_TRANSFERS = {"arib-std-b67", "smpte2084"}
# the profile of Dolby Vision whose picture is of a kind of its own; the others add something to HLG or PQ
OWN_PROFILE = 5
# how 3D footage packs two pictures into one, and how many stand across and down; 0 for those that are mixed
STEREO = "Stereo 3D"
TWO_IN_ONE = {"side by side": (2, 1), "top and bottom": (1, 2)} | dict.fromkeys(
    ("frame alternate", "checkerboard", "interleaved lines", "interleaved columns"), (0, 0)
)


def geometry(path: str | Path, video: dict, size: tuple[int, int]) -> dict:
    """Facts about size and shape, as probing.probe lists them.

    video: what ffprobe says of the track; size: (width, height) of its first frame as ffmpeg decodes it,
    before it is turned. Raises InputError if the rotation is not a multiple of 90 degrees.
    """
    sides = {key: value for side in video.get("side_data_list", []) for key, value in side.items()}
    rotation, mirrored = _turn(path, sides.get("displaymatrix", ""))
    aspect = Fraction(1)
    numerator, _, denominator = video.get("sample_aspect_ratio", "1:1").partition(":")
    if numerator.isdigit() and denominator.isdigit() and int(numerator) * int(denominator):
        aspect = Fraction(int(numerator), int(denominator))
    width, height = round(size[0] * aspect), size[1]
    return {
        "coded_width": size[0],
        "coded_height": size[1],
        "rotation": rotation,
        "mirrored": mirrored,
        "sample_aspect": f"{aspect.numerator}/{aspect.denominator}",
        "width": height if rotation % 180 else width,
        "height": width if rotation % 180 else height,
    }


def _turn(path: str | Path, matrix: str) -> tuple[int, bool]:
    """(degrees clockwise, whether the picture is mirrored left to right before) of a display matrix.

    matrix: three lines of an offset and three numbers, as ffprobe writes it: a b u, c d v, x y w, by which
    (x, y) goes to (a x + c y, b x + d y); or "".
    """
    rows = [[int(word) for word in line.split()[1:]] for line in matrix.split("\n") if ":" in line]
    (a, b), (c, d) = [row[:2] for row in rows[:2]] or ((1, 0), (0, 1))
    facing = a * d - b * c
    if not facing:  # a matrix of zeros, as some cameras write, says nothing
        return 0, False
    if facing < 0:
        a, b = -a, -b
    rotation = round(math.degrees(math.atan2(b, a))) % 360
    if rotation % 90:
        raise InputError(f"{path}: rotated by {rotation} degrees; re-encode the clip upright")
    return rotation, facing < 0


def refuse_two_in_one(path: str | Path, video: dict, facts: dict, cropped: bool) -> None:
    """Raise InputError for 3D footage whose every picture holds two, of which both show the dancer.

    video: what ffprobe says of the track; facts: from `geometry`; cropped: whether the user names a part.
    """
    told = {side.get("type") for side in video["side_data_list"] if side.get("side_data_type") == STEREO}
    for kind in sorted(told & TWO_IN_ONE.keys()):
        across, down = TWO_IN_ONE[kind]
        if not (across and cropped):
            half = f"crop: [0, 0, {facts['width'] // across}, {facts['height'] // down}]" if across else ""
            remedy = f"take one of them with {half}" if half else "export it in 2D"
            raise InputError(f"{path}: 3D, each picture holds two ({kind}); {remedy}")


def colour(path: str | Path, video: dict, height: int) -> dict:
    """Facts about colours, as probing.probe lists them; height: lines of the picture as displayed.

    Raises InputError for colours that ffmpeg's filters do not convert.
    """
    if any(side.get("dv_profile") == OWN_PROFILE for side in video.get("side_data_list", [])):
        raise InputError(
            f"{path}: Dolby Vision without a common picture (profile 5); export it as HDR10 or SDR"
        )
    flags = {f"color_{key}": video.get(f"color_{key}", "unknown") for key in ("range", "space", "transfer")}
    if flags["color_transfer"] in HDR_TRANSFERS:
        log.info("%s: HDR footage (%s) is tone-mapped to BT.709", path, flags["color_transfer"])
    pixel_format = video.get("pix_fmt", "unknown")
    full = flags["color_range"] == "pc" or pixel_format.startswith("yuvj")
    facts = {"pixel_format": pixel_format, **flags, "full_range": full}
    return facts | {"color_matrix": _matrix(path, facts, height)}


def usual_matrix(height: int) -> str:
    """The matrix of a video of so many lines in which no flag tells another: "bt709" or "bt601"."""
    return "bt709" if height >= 720 else "bt601"


def _matrix(path: str | Path, facts: dict, height: int) -> str:
    if facts["color_space"] == "gbr" or RGB_FORMAT.match(facts["pixel_format"]):
        return "rgb"
    if facts["color_space"] in MATRICES:
        return MATRICES[facts["color_space"]]
    if facts["color_space"] not in UNFLAGGED:
        raise InputError(
            f"{path}: its colours are stored as {facts['color_space']}, which is not supported; "
            "export it anew as BT.709"
        )
    matrix = usual_matrix(height)
    matrix = "bt2020" if facts["color_transfer"] in HDR_TRANSFERS else matrix
    log.info("%s: its colour matrix is not flagged; assuming %s for %d lines", path, matrix, height)
    return matrix
