"""How to display the picture of a clip: size, shape and colours, from its header and its first frame."""

import logging
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
HDR_TRANSFERS = {"arib-std-b67", "smpte2084"}


def geometry(path: str | Path, video: dict, size: tuple[int, int]) -> dict:
    """Facts about size and shape, as probing.probe lists them.

    video: what ffprobe says of the track; size: (width, height) of its first frame, upright, as ffmpeg
    decodes it. Raises InputError if the rotation is not a multiple of 90 degrees.
    """
    sides = {key: value for side in video.get("side_data_list", []) for key, value in side.items()}
    rotation = -round(sides.get("rotation", 0)) % 360  # ffprobe counts counterclockwise
    if rotation % 90:
        raise InputError(f"{path}: rotated by {rotation} degrees; re-encode the clip upright")
    aspect = Fraction(1)
    numerator, _, denominator = video.get("sample_aspect_ratio", "1:1").partition(":")
    if numerator.isdigit() and denominator.isdigit() and int(numerator) * int(denominator):
        aspect = Fraction(int(numerator), int(denominator))
    (x, y), (w, h) = (0, 0), size
    left, top, right, bottom = (sides.get(f"crop_{edge}", 0) for edge in ("left", "top", "right", "bottom"))
    whole = video.get("width"), video.get("height")
    if any((left, top, right, bottom)) and size == (whole[::-1] if rotation % 180 else whole):
        # ffmpeg before 7.1 does not apply the container's crop. Cropped to even px, as newer versions do.
        right, bottom = right + (whole[0] - left - right) % 2, bottom + (whole[1] - top - bottom) % 2
        margins = [left - left % 2, top - top % 2, right + left % 2, bottom + top % 2]
        # They rotate with the picture.
        x, y, right, bottom = margins[-(rotation // 90) :] + margins[: -(rotation // 90)]
        w, h = w - x - right, h - y - bottom
    across, down = (h, w) if rotation % 180 else (w, h)
    width, height = round(across * aspect), down
    return {
        "decoded": list(size),
        "shown": [x, y, w, h],
        "coded_width": across,
        "coded_height": down,
        "rotation": rotation,
        "sample_aspect": f"{aspect.numerator}/{aspect.denominator}",
        "width": height if rotation % 180 else width,
        "height": width if rotation % 180 else height,
    }


def colour(path: str | Path, video: dict, height: int) -> dict:
    """Facts about colours, as probing.probe lists them; height: lines of the picture as displayed."""
    flags = {f"color_{key}": video.get(f"color_{key}", "unknown") for key in ("range", "space", "transfer")}
    if flags["color_transfer"] in HDR_TRANSFERS:
        log.info("%s: HDR footage (%s) is tone-mapped to BT.709", path, flags["color_transfer"])
    pixel_format = video.get("pix_fmt", "unknown")
    full = flags["color_range"] == "pc" or pixel_format.startswith("yuvj")
    facts = {"pixel_format": pixel_format, **flags, "full_range": full}
    return facts | {"color_matrix": _matrix(path, facts, height)}


def _matrix(path: str | Path, facts: dict, height: int) -> str:
    if facts["color_space"] == "gbr" or RGB_FORMAT.match(facts["pixel_format"]):
        return "rgb"
    if facts["color_space"] in MATRICES:
        return MATRICES[facts["color_space"]]
    matrix = "bt709" if height >= 720 else "bt601"
    log.info("%s: its colour matrix is not flagged; assuming %s for %d lines", path, matrix, height)
    return matrix
