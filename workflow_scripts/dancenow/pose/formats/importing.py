"""Import the user's own keypoints instead of detection."""

import logging
from fractions import Fraction
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.files import read_json
from dancenow.keypoints import FEET, IMPORTED, MIN_CONFIDENCE, SKELETON_PARTS, People, save_people
from dancenow.pose.formats.clip_pixels import to_working
from dancenow.pose.formats.openpose import read_folder
from dancenow.pose.formats.skeletons import Found
from dancenow.pose.formats.wholebody import read_results

log = logging.getLogger(__name__)

# keypoints of a larger copy of the clip often lie outside this one, those of this clip hardly ever
OUTSIDE = 0.25
BOUNDS = (np.max, -np.inf), (np.min, np.inf)


def import_poses(path: str | Path, facts_path: str | Path, people_path: str | Path) -> None:
    """The keypoints at `path` as a People file for the frame store with the facts at `facts_path`.

    path: a folder of OpenPose JSON or YAML, or a COCO-WholeBody results file, in pixels of the clip as it is
    displayed (upright, square pixels), one frame for each of the frame store's. The People are in pixels of
    the frame store; their estimator is the format's name, their checkpoint IMPORTED. InputError as from
    read_folder and read_results, for keypoints that are not in px of this clip, and for a clip whose rate
    varies, because the frame store has a constant rate and therefore other frames.
    """
    facts = read_json(facts_path)
    count = facts["frames"]
    (clip,) = facts["clips"]
    if clip["variable_rate"]:
        raise InputError(
            f"{path}: {clip['file']} has a varying frame rate, so keypoints cannot be matched to its frames; "
            "re-encode it at a constant rate, run the estimator on that file and name it as `video`"
        )
    folder = Path(path).is_dir()
    found = read_folder(path, count, (clip["width"], clip["height"])) if folder else read_results(path, count)
    _check_places(found, clip, path)
    keypoints = found.keypoints.astype(np.float32)
    seen = keypoints[..., 2:] > 0
    keypoints[..., :2] = np.where(seen, to_working(found.keypoints[..., :2], facts), 0)
    size = facts["width"], facts["height"]
    people = People(keypoints, found.frame, count, Fraction(facts["fps"]), *size, found.origin, IMPORTED)
    log.info(
        "%s: %s, people in %d of %d frames; coordinates are read as px of the clip as displayed, %d x %d",
        path,
        found.origin,
        len(np.unique(found.frame)),
        count,
        clip["width"],
        clip["height"],
    )
    save_people(people_path, people)


def _check_places(found: Found, clip: dict, path: str | Path) -> None:
    """InputError unless the bodies lie inside a frame of the clip's size."""
    body = found.keypoints[:, : FEET.stop]
    places = body[body[..., 2] >= MIN_CONFIDENCE][:, :2]
    size = np.array([clip["width"], clip["height"]])
    assumed = f"{size[0]} x {size[1]} px, the size of {clip['file']} as displayed (upright, square pixels)"
    if not len(places):
        raise InputError(
            f"{path}: no body keypoint with a confidence of {MIN_CONFIDENCE} or more in any frame; "
            "give keypoints of a clip with a person"
        )
    _refuse_scaled(found, assumed, path)
    beyond = np.maximum(-0.5 - places, places - (size - 0.5)).max(axis=1)
    share = (beyond > 0).mean()
    if share > OUTSIDE:
        x, y = places[beyond.argmax()]
        raise InputError(
            f"{path}: {100 * share:.0f} % of the body keypoints lie outside {assumed}, as far as "
            f"({x:.0f}, {y:.0f}); run the estimator on this very clip"
        )


def _refuse_scaled(found: Found, assumed: str, path: str | Path) -> None:
    """InputError if a part of somebody is scaled to -1..1, be it of some frames or the hands alone.

    assumed: what coordinates should be in, in words.
    """
    for name, part in SKELETON_PARTS.items():
        points = found.keypoints[:, part]
        seen = points[..., 2:] >= MIN_CONFIDENCE
        high, low = (edge(points[..., :2], axis=1, where=seen, initial=of) for edge, of in BOUNDS)
        scaled = (np.maximum(high, -low) <= 1).all(axis=1) & (high > low).all(axis=1)
        if scaled.any():
            whose = f"a {name.replace('_', ' ')} in frame {found.frame[scaled.argmax()]}"
            raise InputError(
                f"{path}: all coordinates of {whose} lie between -1 and 1, not in {assumed}; "
                "run OpenPose with --keypoint_scale 0"
            )
