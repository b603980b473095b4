"""From what is known of a clip or a pair to one HTML page, complete in itself, and its JSON."""

import base64
from collections.abc import Callable, Iterable

import cv2
import numpy as np

from dancenow.pages.report.footage import Footage

THUMBNAIL = 280  # px, the taller side
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 80]


def section(
    heading: str, pictures: Iterable[tuple[str, str]], text: str = "", thumbnails: bool = False
) -> dict:
    """A section of the page; pictures: [(data URI, caption)]."""
    shown = [{"uri": uri, "caption": caption} for uri, caption in pictures]
    return {"heading": heading, "text": text, "thumbnails": thumbnails, "pictures": shown}


def thumbnail(pictures: Iterable[np.ndarray]) -> str:
    """Some (H, W, 3) uint8 RGB pictures side by side, made equally tall, as a data URI of a JPEG."""
    scaled = [
        cv2.resize(picture, (max(1, round(picture.shape[1] * THUMBNAIL / picture.shape[0])), THUMBNAIL),
                   interpolation=cv2.INTER_AREA)
        for picture in pictures
    ]  # fmt: skip
    done, data = cv2.imencode(".jpg", np.hstack(scaled)[..., ::-1], JPEG)
    if not done:
        raise RuntimeError("a thumbnail cannot be made a JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def clip_facts(footage: Footage) -> list[tuple[str, str]]:
    """[(name, value)]: the clips and their working copy, in words; what is not known is left out."""
    clips = footage.store.facts["clips"]
    flags = [("variable frame rate", "variable_rate"), ("interlaced", "interlaced")]
    special = [name for name, key in flags if any(clip.get(key) for clip in clips)]
    rows = [
        ("subject", footage.name),
        ("file", _each(clips, lambda clip: clip.get("file"))),
        ("size", _each(clips, _size)),
        ("worked on at", f"{footage.store.width} x {footage.store.height} px"),
        ("frame rate", f"{float(footage.store.fps):.4g} per second"),
        ("frames", f"{len(footage.store)}, {len(footage.store) / float(footage.store.fps):.1f} s"),
        ("codec", _each(clips, lambda clip: _joined(clip, "codec", "pixel_format"))),
        ("colours", _each(clips, lambda clip: _joined(clip, "color_matrix", "color_transfer"))),
        ("sound", _each(clips, lambda clip: "yes" if clip.get("audio") else "none")),
        ("special", ", ".join(special)),
        ("estimator", footage.people.estimator),
    ]
    return [(name, value) for name, value in rows if value]


def _each(clips: Iterable[dict], tell: Callable[[dict], str | None]) -> str:
    """What `tell` says of each clip, the same only once."""
    return ", ".join(dict.fromkeys(filter(None, map(tell, clips))))


def _joined(clip: dict, *keys: str) -> str:
    return " ".join(str(clip[key]) for key in keys if clip.get(key))


def _size(clip: dict) -> str:
    size = f"{clip['width']} x {clip['height']} px" + (", mirrored" if clip.get("mirrored") else "")
    return f"{size}, rotated by {clip['rotation']} degrees" if clip.get("rotation") else size
