"""COCO-WholeBody results: one JSON list of people over all frames.

Each entry has image_id, the frame counted from 0, and either all 133 keypoints in `keypoints` or the 17 of
the body there and the rest in foot_kpts, face_kpts, lefthand_kpts and righthand_kpts (Jin et al., ECCV 2020;
data_format.md of COCO-WholeBody), flat lists of x, y, score.
"""

from pathlib import Path
from typing import Any

import numpy as np

from dancenow.errors import InputError
from dancenow.keypoints import BODY, COUNT, FACE, FEET, LEFT_HAND, RIGHT_HAND
from dancenow.pose.formats.parsing import load_json, triples
from dancenow.pose.formats.skeletons import Found, drop_missing

ORIGIN = "coco-wholebody"
PART_KEYS = {"foot_kpts": FEET, "face_kpts": FACE, "lefthand_kpts": LEFT_HAND, "righthand_kpts": RIGHT_HAND}


def read_results(path: str | Path, count: int) -> Found:
    """Everyone in a results file of a clip of `count` frames, as Found; a frame without entry is empty.

    InputError: not such a file, a malformed entry, an image_id that is not a frame of the clip.
    """
    entries = load_json(path)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(
            f"{path}: not a list of people; give COCO-WholeBody results, or a folder of OpenPose files"
        )
    if not entries:
        raise InputError(f"{path}: an empty list; give keypoints of a clip with a person")
    if "people" in entries[0]:
        raise InputError(
            f"{path}: a list of frames as of OpenPose, whose files hold one frame each; write each frame "
            "into a file of its own, {clip}_000000000000_keypoints.json and so on, and name their folder"
        )
    frames = [[] for _ in range(count)]
    for index, entry in enumerate(entries):
        frame = entry.get("image_id")
        if not isinstance(frame, int) or isinstance(frame, bool) or not 0 <= frame < count:
            raise InputError(
                f"{path}: [{index}].image_id is {frame!r}, but the clip has frames 0 to {count - 1}; "
                "number the entries by frame from 0"
            )
        frames[frame].append(_person(entry, path, index))
    return Found.gather([np.array(people).reshape(-1, COUNT, 3) for people in frames], ORIGIN)


def _person(entry: Any, path: str | Path, index: int) -> np.ndarray:
    body = triples(entry.get("keypoints"), [BODY.stop, COUNT], path, f"[{index}].keypoints")
    if len(body) == COUNT:
        return drop_missing(body)
    person = np.zeros((COUNT, 3))
    person[BODY] = body
    for key, part in PART_KEYS.items():
        if entry.get(key):
            person[part] = triples(entry[key], [part.stop - part.start], path, f"[{index}].{key}")
    return drop_missing(person)
