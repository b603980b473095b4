"""Poses as the JSON folder that OpenPose would have written."""

import logging
import shutil
from pathlib import Path

import numpy as np

from dancenow.files import read_json
from dancenow.keypoints import load_pose
from dancenow.pose.formats.clip_pixels import shortest, to_clip
from dancenow.pose.formats.openpose import JSON_SUFFIX, write_frame

log = logging.getLogger(__name__)


def export_openpose(pose_path: str | Path, facts_path: str | Path, folder: str | Path) -> None:
    """Write the Pose at `pose_path` as a folder `{folder}/{folder's name}_000000000000_keypoints.json` ...

    facts_path: the facts of the frame store in whose frames the pose lies; places are written in pixels of
    its clip as displayed. A frame without the performer has no people. The folder is whole or absent.
    """
    pose, facts = load_pose(pose_path), read_json(facts_path)
    folder = Path(folder)
    # of one name, so that what a killed process has left is replaced
    partial = folder.parent / f".partial-{folder.name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for frame, person in enumerate(pose.keypoints):
            people = [in_clip_pixels(person, facts)] if person[:, 2].any() else []
            write_frame(partial / f"{folder.name}_{frame:012d}{JSON_SUFFIX}", people)
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    log.info("%d frames, in pixels of %s as displayed", len(pose.keypoints), facts["clips"][0]["file"])


def in_clip_pixels(person: np.ndarray, facts: dict) -> np.ndarray:
    """A (133, 3) float32 person of the frame store as float64 in the displayed clip's pixels."""
    # neck and mid-hip are half-way on either side of the map, so to_openpose may come after it
    result = np.zeros(person.shape)
    seen = person[:, 2] > 0
    result[seen, :2] = to_clip(person[seen, :2], facts)
    confidence = person[seen, 2]
    result[seen, 2] = shortest(
        confidence.astype(np.float64), confidence, lambda values: values.astype(np.float32)
    )
    return result
