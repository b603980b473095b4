"""All facts about one clip for the report: people, appearance, and whether it is suitable."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from dancenow.camera.path import CameraPath, load_path
from dancenow.camera.scene import place_view
from dancenow.camera.steady_frames import open_steady, valid_of
from dancenow.camera.view import SteadyView
from dancenow.errors import InputError
from dancenow.evenly import evenly
from dancenow.keypoints import (
    BODY,
    FACE,
    INDEX,
    LEFT_HAND,
    REPAIRED,
    RIGHT_HAND,
    SIDES,
    People,
    Pose,
    box_diagonals,
    load_people,
)
from dancenow.model.background import ever_seen, sampled_masks
from dancenow.pages.report.appearance import measure_appearance
from dancenow.pages.report.camera import camera_motion, shots
from dancenow.pages.report.coverage import MOST_FRAMES, body_heights, body_shape, distinct_poses
from dancenow.pictures import Frames
from dancenow.pose.grounding import inside, measure_figure
from dancenow.pose.mending import SWAP_RATIO
from dancenow.pose.performer import track_performer
from dancenow.pose.shot_statistics import measure_shots
from dancenow.stretches import stretches_of
from dancenow.training.holdout import training_frame_count
from dancenow.video.frames import FrameStore

Known = TypeVar("Known")

WHOLE = 15  # of the 17 body keypoints make a whole body: ears are hidden from the side
# left and right have changed places between two frames when, by doing so, the joints' way would be less than
# SWAP_RATIO of what it is, and it is longer than SWAP_WAY of the box's diagonal
SWAP_WAY = 0.05
SWAP_PARTS = ("shoulder", "hip"), ("elbow", "wrist"), ("knee", "ankle")


@dataclass(frozen=True)
class Footage:
    """A clip as the report sees it.

    name: the subject's; store: FrameStore; people: everyone found; path: CameraPath; max_gap: seconds for
    which a body that is gone is held; pose: the performer in px of the frames, or None; statistics: from
    measure_shots, or None; view: the framing of the SteadyView that the clip has as a target, or None without
    a pose; refused: the message of the stage that will refuse the clip, or "".
    """

    name: str
    store: FrameStore
    people: People
    path: CameraPath
    max_gap: float
    pose: Pose | None
    statistics: dict | None
    view: SteadyView | None
    refused: str

    @property
    def known_pose(self) -> Pose:
        """The pose of a clip that has one; ValueError otherwise, as of the next two."""
        return self._known(self.pose, "pose")

    @property
    def known_view(self) -> SteadyView:
        """The view; a clip with a pose has one."""
        return self._known(self.view, "view")

    @property
    def known_statistics(self) -> dict:
        """The normalization statistics."""
        return self._known(self.statistics, "normalization statistics")

    def _known(self, value: Known | None, what: str) -> Known:
        if value is None:
            raise ValueError(f"{self.name}: no {what}; {self.refused}")
        return value

    def steady_pose(self) -> Pose:
        """The Pose that the clip has as a target: of the frames used, in the framing."""
        return self.known_view.steady_pose(self.known_pose)

    def frame(self, index: int) -> int:
        """Frame number `index` of those used, as a number of the clip's."""
        return int(self.known_view.used[index])

    def shape(self) -> np.ndarray:
        """(T, 17, 2) body shapes of the steady pose; only where there are normalization statistics."""
        pose = self.steady_pose()
        return body_shape(pose, body_heights(pose, self.known_statistics))


@dataclass(frozen=True)
class ClipFiles:
    """A subject's name, the paths of its FrameStore, People and CameraPath, and the settings of
    track_performer: max_gap, smoothing, window, performer.
    """

    name: str
    frames: str | Path
    people: str | Path
    camera: str | Path
    tracking: dict


def load_footage(clip: ClipFiles) -> Footage:
    """The Footage of a clip.

    The performer is tracked and measured here once more, as the rules do it, because a clip that they refuse
    still needs a report that says why.
    """
    name, tracking = clip.name, clip.tracking
    store, people, path = FrameStore(clip.frames), load_people(clip.people), load_path(clip.camera)
    pose, statistics, view, refused = None, None, None, ""
    try:
        pose = track_performer(people, cuts=store.cuts, camera=path, **tracking)
        view = place_view(path, pose).framed()
        statistics = measure_shots(pose, path, name)
    except InputError as error:
        refused = str(error)
    return Footage(name, store, people, path, tracking["max_gap"], pose, statistics, view, refused)


def measure_footage(footage: Footage, holdout: float) -> dict:
    """All measures of a Footage. holdout: share of the footage that training does not see.

    Returns {"appearance": from measure_appearance, of the steadied frames, with the clip's frame numbers,
    "camera": from camera_motion, "shots": from camera.shots, "found": from found_parts, "others": (T,) bool,
    frames with somebody else, "training_frames": how many the training will see, "poses": distinct_poses of
    these, or None without normalization statistics, "hidden": share of the picture (0..1) that the person
    covers in them on average, "unseen": share of it that is never seen behind the person}.
    """
    frames: Frames = footage.store
    pose, used, whole = None, np.arange(footage.people.count), None
    if footage.pose is not None:
        view = footage.known_view
        frames, pose, used = (
            open_steady(footage.store.path, view, "the camera's path"),
            footage.steady_pose(),
            view.used,
        )
        whole = measure_figure(footage.pose).whole
    count = training_frame_count(len(used), holdout)
    poses, hidden, unseen = None, 0.0, 0.0
    if footage.statistics is not None:
        poses = distinct_poses(footage.shape()[evenly(count, MOST_FRAMES)])
        hidden, unseen = _background(frames, footage.steady_pose(), count)
    appearance, found = measure_appearance(frames, pose), found_parts(footage)
    return {
        "appearance": appearance | {"frame": used[appearance["frame"]]},
        "camera": camera_motion(footage.path),
        "shots": shots(footage.path, found["person"], found["person"] if whole is None else whole),
        "found": found,
        "others": np.bincount(footage.people.frame, minlength=footage.people.count) > 1,
        "training_frames": count,
        "poses": poses,
        "hidden": hidden,
        "unseen": unseen,
    }


def _background(frames: Frames, pose: Pose, count: int) -> tuple[float, float]:
    """Shares of the picture that the person covers on average, and that are never seen in `count` frames."""
    chosen, masks = sampled_masks(pose, count)
    outside = np.zeros(masks.shape[1:], int)
    for place, index in enumerate(chosen.tolist()):
        if (valid := valid_of(frames, index)) is not None:
            outside += ~valid
            masks[place] |= ~valid
    share = masks.sum() - outside.sum()
    return float(share / masks.size), float((~ever_seen(masks, outside)).mean())


def found_parts(footage: Footage) -> dict[str, np.ndarray]:
    """{"person", "whole body", "face", "left hand", "right hand", "mended", "swapped"}: (T,) bool.

    Imputed keypoints are not found ones. mended: a body keypoint was repaired or imputed; swapped: see
    swaps.
    """
    count = footage.people.count
    if footage.pose is None:
        names = "person", "whole body", "face", "left hand", "right hand", "mended", "swapped"
        return {name: np.zeros(count, bool) for name in names}
    pose = footage.pose
    seen = pose.found()
    return {
        "person": seen[:, BODY].any(axis=1),
        "whole body": (seen & inside(pose))[:, BODY].sum(axis=1) >= WHOLE,
        "face": seen[:, FACE].any(axis=1),
        "left hand": seen[:, LEFT_HAND].any(axis=1),
        "right hand": seen[:, RIGHT_HAND].any(axis=1),
        "mended": (pose.origin[:, BODY] >= REPAIRED).any(axis=1),
        "swapped": swaps(pose),
    }


def swaps(pose: Pose) -> np.ndarray:
    """(T,) bool: frames in which shoulders and hips, elbows and wrists, or knees and ankles change sides.

    Only a change from one frame to the next is seen: a whole clip of a back taken for a front is not.
    """
    size = box_diagonals(pose.keypoints)
    places, seen = pose.keypoints[..., :2], pose.present()
    swapped = np.zeros(len(places), bool)
    for joints in SWAP_PARTS:
        left, right = ([INDEX[f"{side}_{joint}"] for joint in joints] for side in SIDES)
        here, there = places[1:, left + right], places[:-1, left + right]
        straight = np.linalg.norm(here - there, axis=-1).mean(axis=1)
        crossed = np.linalg.norm(places[1:, right + left] - there, axis=-1).mean(axis=1)
        known = seen[:, left + right].all(axis=1)
        far = straight > SWAP_WAY * size[1:]
        swapped[1:] |= known[1:] & known[:-1] & far & (crossed < SWAP_RATIO * straight)
    return swapped


def longest_run(values: np.ndarray) -> tuple[int, int]:
    """(first, length) of the longest stretch of True in (T,) bool; (0, 0) if there is none."""
    lengths = [(first, stop - first) for first, stop in stretches_of(values)]
    return max(lengths, key=lambda stretch: stretch[1], default=(0, 0))
