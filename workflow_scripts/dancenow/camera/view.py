"""The footage of a target as a still camera would have filmed it: which frames, and where they lie.

A hand-held clip is warped into one view, the canvas, large enough for everything the camera saw, within a
limit. The framing on it is what the camera showed most of the time, and what a result shows.
With a still camera both are the frame, and every map is the identity.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dancenow.arrays import read_npz, write_npz
from dancenow.camera.path import moved_keypoints
from dancenow.errors import InputError
from dancenow.keypoints import People, Pose
from dancenow.pictures import Frames

VIEW_LAYOUT = {  # of a file
    **{"used": "int T", "count": "int", "maps": "finite float64 T 3 3", "gains": "finite float32 T 3"},
    **{"offsets": "finite float32 T 3", "width": "int", "height": "int", "framing": "int 4"},
    "drawn": "bool * *",
}
MIXED_BORDER = 2  # px at the border of a frame that interpolation mixes with the outside


@dataclass(frozen=True)
class SteadyView:
    """How the frames of a target map to its canvas, and to a common exposure.

    used: (T,) int64 ascending, the frames of the clip that show the scene, of `count` in all; maps: (T, 3, 3)
    float64, from px of each to px of the canvas; gains, offsets: (T, 3) float32, by what its channels are
    multiplied and what is added then, in levels of 255; width, height: px of the canvas; framing: (4,) int64,
    x, y, w, h px of the framing on it, w and h those of the clip's frames; drawn: (h, w) bool, where they
    show something that is drawn over or around the scene, (0, 0) where nothing is.
    """

    used: np.ndarray
    count: int
    maps: np.ndarray
    gains: np.ndarray
    offsets: np.ndarray
    width: int
    height: int
    framing: np.ndarray
    drawn: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))

    @property
    def still(self) -> bool:
        """Whether nothing has to be done: all frames of the clip are used unchanged."""
        return len(self.used) == self.count and self.unmoved and self.even

    @property
    def unmoved(self) -> bool:
        """Whether every frame lies on the canvas unmoved."""
        whole = [0, 0, self.width, self.height]
        return bool((self.maps == np.eye(3)).all()) and self.framing.tolist() == whole

    @property
    def even(self) -> bool:
        """Whether the exposure is left unchanged."""
        return bool((self.gains == 1).all() and (self.offsets == 0).all())

    @property
    def frame_size(self) -> tuple[int, int]:
        """(width, height) px of the clip's frames, and of the framing."""
        return int(self.framing[2]), int(self.framing[3])

    def framed(self) -> "SteadyView":
        """The same with the framing as its canvas."""
        x, y, w, h = self.framing.tolist()
        if (w, h) == (self.width, self.height):
            return self
        there = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]], float)
        return replace(self, maps=there @ self.maps, width=w, height=h, framing=np.array([0, 0, w, h]))

    def halved(self) -> "SteadyView":
        """The same of pictures at half the size, as training.halving makes them: every second pixel."""
        half = np.diag([0.5, 0.5, 1])
        maps = half @ self.maps @ np.linalg.inv(half)
        return replace(
            self, maps=maps, width=self.width // 2, height=self.height // 2, framing=self.framing // 2,
            drawn=self.drawn[::2, ::2],
        )  # fmt: skip

    def cuts(self, cuts: Sequence[int]) -> list[int]:
        """The cuts of the used frames, counted among them. cuts: those of the clip, as in video.cuts."""
        breaks = np.diff(self.used, prepend=self.used[0]) > 1
        inside = np.isin(np.arange(self.count), list(cuts)).cumsum()[self.used]
        return np.flatnonzero(breaks | (np.diff(inside, prepend=inside[0]) > 0)).tolist()

    def steady_pose(self, pose: Pose) -> Pose:
        """A Pose of the clip's frames in the canvas: (T, 133, 3), the used frames only.

        Keypoints outside the canvas are kept.
        """
        if self.still:
            return pose
        keypoints = moved_keypoints(self.maps, pose.keypoints[self.used])
        return pose.replace(
            keypoints=keypoints, origin=pose.origin[self.used], width=self.width, height=self.height
        )

    def steady_people(self, people: People) -> People:
        """People of the clip's frames on the canvas, in the used frames only, which are counted anew."""
        if self.still:
            return people
        known = np.isin(people.frame, self.used)
        frame = np.searchsorted(self.used, people.frame[known])
        keypoints = moved_keypoints(self.maps[frame], people.keypoints[known])
        looks = None if people.looks is None else people.looks[known]
        return replace(
            people, keypoints=keypoints, frame=frame.astype(people.frame.dtype), count=len(self.used),
            width=self.width, height=self.height, looks=looks,
        )  # fmt: skip

    def on_canvas(self, pose: Pose) -> Pose:
        """A Pose in px of the framing, in px of the canvas; InputError for one of another size."""
        x, y, w, h = self.framing.tolist()
        if (pose.width, pose.height) != (w, h):
            raise InputError(
                f"the pose lies in {pose.width}x{pose.height} px, the target's steady view shows {w}x{h} px; "
                "they are not of one run: delete both in results/poses and results/steady to make them again"
            )
        if (w, h) == (self.width, self.height):
            return pose
        places = pose.keypoints[..., :2] + np.array([x, y], np.float32)
        return pose.placed(places, self.width, self.height)

    def cut_framing(self, picture: np.ndarray) -> np.ndarray:
        """The framing out of a (height, width, ...) picture of the canvas, as a view."""
        x, y, w, h = self.framing.tolist()
        return picture[y : y + h, x : x + w]

    def warp(self, picture: np.ndarray, index: int) -> np.ndarray:
        """A frame on the canvas, at the exposure of all: (height, width, 3) uint8, black beyond the frame.

        picture: (h, w, 3) uint8, frame `used[index]`.
        """
        if not self.even:
            levels = np.arange(256)[:, None] * self.gains[index] + self.offsets[index]
            table = np.rint(levels.clip(0, 255)).astype(np.uint8)
            picture = cv2.LUT(picture, table[:, None])
        return picture if self.unmoved else self._moved(picture, index, cv2.INTER_CUBIC)

    def warp_mask(self, mask: np.ndarray, index: int) -> np.ndarray:
        """A (h, w) uint8 mask of frame `used[index]` on the canvas, 0 where the frame does not reach."""
        return mask if self.unmoved else self._moved(mask, index, cv2.INTER_LINEAR)

    def steady_masks(self, masks: Frames) -> Frames:
        """The masks of a clip's frames on the canvas, warped when they are read: as Masks, a sequence."""
        return masks if self.still else _SteadyMasks(self, masks)

    def valid(self, index: int) -> np.ndarray | None:
        """(height, width) bool: which px of the scene frame `used[index]` shows; None where it shows all."""
        if self.unmoved:
            return None
        inside = np.zeros(self.frame_size[::-1], np.uint8)
        inside[MIXED_BORDER:-MIXED_BORDER, MIXED_BORDER:-MIXED_BORDER] = 1
        if self.drawn.size:
            inside[self.drawn] = 0
        seen = self._moved(inside, index, cv2.INTER_NEAREST) > 0
        return None if seen.all() else seen

    def _moved(self, picture: np.ndarray, index: int, interpolation: int) -> np.ndarray:
        return warped(picture, self.maps[index], self.width, self.height, interpolation)


class _SteadyMasks:
    def __init__(self, view: SteadyView, masks: Frames) -> None:
        self.view, self.masks = view, masks

    def __len__(self) -> int:
        return len(self.view.used)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.view.warp_mask(self.masks[int(self.view.used[index])], index)


def warped(
    picture: np.ndarray,
    there: np.ndarray,
    width: int,
    height: int,
    interpolation: int = cv2.INTER_CUBIC,
    border: int = cv2.BORDER_CONSTANT,
) -> np.ndarray:
    """A picture moved by a (3, 3) map onto (height, width) px; border: what OpenCV does outside it."""
    if (there[2] == (0, 0, 1)).all():
        return cv2.warpAffine(picture, there[:2], (width, height), flags=interpolation, borderMode=border)
    return cv2.warpPerspective(picture, there, (width, height), flags=interpolation, borderMode=border)


def save_view(path: str | Path, view: SteadyView) -> None:
    """Write a SteadyView as .npz, whole or not at all."""
    write_npz(path, vars(view))


def load_view(path: str | Path) -> SteadyView:
    """Read a SteadyView; InputError names a file that is not one."""

    def make(stored: dict[str, np.ndarray]) -> SteadyView:
        given: dict[str, Any] = {each.name: stored[each.name] for each in fields(SteadyView)}
        used, (x, y, width, height) = given["used"].tolist(), given["framing"].tolist()
        if used != sorted(set(used)) or not used or used[0] < 0 or used[-1] >= given["count"]:
            raise ValueError(f"used must ascend, below {given['count']}")
        fits = x + width <= given["width"] and y + height <= given["height"]
        if not fits or min(x, y) < 0 or min(width, height) < 1:
            raise ValueError(f"framing is {given['framing']}")
        if (np.linalg.det(given["maps"]) <= 0).any() or (given["gains"] <= 0).any():
            raise ValueError("maps or gains leave nothing of a frame")
        return SteadyView(**given | {name: int(given[name]) for name in ("count", "width", "height")})

    return read_npz(path, "a steady view file", VIEW_LAYOUT, make)
