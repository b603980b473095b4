"""Write poses as a folder of JSON files, as OpenPose would."""

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

    facts_path: the facts of the frame store that the pose belongs to; coordinates are written in pixels of
    its clip as displayed. A frame without the performer has no people. The folder is whole or absent.
    """
    pose, facts = load_pose(pose_path), read_json(facts_path)
    folder = Path(folder)
    # always the same name, so that leftovers of a killed process are replaced
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
    """A (133, 3) float32 person in px of the frame store, as float64 in px of the displayed clip."""
    # the map keeps midpoints, so to_openpose may compute neck and mid-hip after it
    result = np.zeros(person.shape)
    seen = person[:, 2] > 0
    result[seen, :2] = to_clip(person[seen, :2], facts)
    confidence = person[seen, 2]
    result[seen, 2] = shortest(
        confidence.astype(np.float64), confidence, lambda values: values.astype(np.float32)
    )
    return result
