"""Training clips: consecutive frames of the target, with skeletons drawn on the fly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dancenow.camera.steady_frames import SteadyFrames, valid_of
from dancenow.errors import InputError
from dancenow.keypoints import Pose
from dancenow.model.windows import cut, fit_window, person_boxes, to_tensor
from dancenow.pictures import Frames
from dancenow.pose.draw import draw_pose
from dancenow.references.sampling import RealPixels
from dancenow.video.cuts import segment_starts

Batch = dict[str, torch.Tensor]  # as ClipSampler makes them: samples first, by the name of what they show

Row = dict[str, Sequence[np.ndarray]]  # one sample: of each frame a picture, by the same names

# the window is shifted at random by up to this many px, so that the network does not learn its place
MOST_SHIFT = 16


@dataclass(frozen=True)
class TrainingFootage:
    """What a stage learns from, and shows in its previews.

    frames: (H, W, 3) uint8 RGB; pose: the performer in them; background: (H, W, 3) uint8, or None to take
    whole frames; sizes: as from windows.choose_sizes; count: frames that may be used, from the start; cuts:
    as in dancenow.video.cuts; pixels: for a generator that is shown some, or None.
    """

    frames: Frames
    pose: Pose
    background: np.ndarray | None
    sizes: Sequence[tuple[int, int]]
    count: int
    cuts: Sequence[int] = ()
    pixels: RealPixels | None = None


class ClipSampler:
    """Batch number -> tensors, the same for the same seed whatever was drawn before.

    A sample is a pair of consecutive frames (with clip_length 1, a single one) in one window around the
    person, with no cut in between. batch: clips per batch; share: (rank, processes), for a batch of which
    each of several processes takes an equal part; clip_length: 2 or 1. Attribute clip_starts: (S,) int, the
    first frame of each pair, or each single frame. Raises InputError when the footage has no usable one.
    """

    def __init__(
        self,
        footage: TrainingFootage,
        batch: int,
        seed: int,
        share: tuple[int, int] = (0, 1),
        clip_length: int = 2,
    ) -> None:
        self.frames, self.pose, self.background = footage.frames, footage.pose, footage.background
        self.sizes, self.pixels = footage.sizes, footage.pixels
        self.batch, self.seed, self.share, self.clip_length = batch, seed, share, clip_length
        pose = footage.pose
        # three keypoints are the least that locates a person
        shown = pose.present()[: footage.count].sum(axis=1) >= 3
        if clip_length == 2:
            starts = segment_starts(len(pose.keypoints), footage.cuts)
            shown = shown[:-1] & shown[1:] & (np.diff(starts[: len(shown)]) == 0)
        self.clip_starts = np.flatnonzero(shown)
        if not len(self.clip_starts):
            few = "no two consecutive training frames show" if clip_length == 2 else "no training frame shows"
            raise InputError(f"{few} a person; use a longer clip of the whole body")
        self.boxes = person_boxes(pose.keypoints)

    def __call__(self, number: int, last_only: bool = False) -> Batch:
        """Batch `number`, from 0: skeleton, image and background, each (N, T, 3, h, w) uint8. T: clip_length.

        last_only: only the last frame of each clip, the same as in the whole batch; T is 1.

        With pixels also reference (N, T, 4, h, w) and, where they have masks, mask (N, T, 1, h, w). Of
        SteadyFrames also valid (N, T, 1, h, w), 255 where a frame shows the scene, 0 where the image is the
        background's or black.
        The window's size is the same in the whole batch, even if only a share of it is returned.
        """
        places = range(number * self.batch, (number + 1) * self.batch)
        clips = [range(first, first + self.clip_length) for first in map(self._start, places)]
        windows = self._windows(clips, places)
        part = self.batch // self.share[1]
        chosen = slice(self.share[0] * part, (self.share[0] + 1) * part)
        samples = zip(clips[chosen], windows[chosen], places[chosen], strict=True)
        rows = [self._row(*sample, last_only) for sample in samples]
        return {name: _stacked([row[name] for row in rows]) for name in rows[0]}

    def _start(self, place: int) -> int:
        epoch, offset = divmod(place, len(self.clip_starts))
        order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.clip_starts))
        return int(self.clip_starts[order[offset]])

    def _windows(self, clips: Sequence[range], places: range) -> list[tuple[int, ...]]:
        frame = self.pose.width, self.pose.height
        if self.background is None:
            return [(0, 0, *frame)] * len(clips)
        boxes = [np.r_[self.boxes[clip, :2].min(axis=0), self.boxes[clip, 2:].max(axis=0)] for clip in clips]
        sizes = [fit_window(box, self.sizes, *frame)[2:] for box in boxes]
        largest = tuple(np.max(sizes, axis=0).tolist())
        windows = []
        for box, place in zip(boxes, places, strict=True):
            x, y, *size = fit_window(box, [largest], *frame)
            shift = np.random.default_rng([self.seed, 2, place]).integers(-MOST_SHIFT, MOST_SHIFT + 1, 2)
            corner = np.clip(shift + (x, y), 0, np.array(frame) - size)
            windows.append((*corner.tolist(), *size))
        return windows

    def _row(self, clip: range, window: Sequence[int], place: int, last_only: bool) -> Row:
        shown = clip[-1:] if last_only else clip
        sample: Row = {
            "skeleton": [draw_pose(self.pose, index, window) for index in shown],
            "image": [cut(self.frames[index], window) for index in shown],
        }
        if self.background is not None:
            sample["background"] = [self._behind(self.background, index, window) for index in shown]
        if self.pixels is not None:
            random = np.random.default_rng([self.seed, 5, place])
            sample["reference"] = self.pixels.draw(
                self.pose.keypoints[list(clip)], clip[0], window, random, last_only
            )
        if self.pixels is not None and self.pixels.masks is not None:
            sample["mask"] = [cut(self.pixels.masks[index], window)[..., None] for index in shown]
        if isinstance(self.frames, SteadyFrames):
            sample["valid"] = [self._valid(index, window) for index in shown]
            behind = sample.get("background", [np.zeros(1, np.uint8)] * len(shown))
            parts = zip(sample["valid"], sample["image"], behind, strict=True)
            sample["image"] = [np.where(seen, picture, rest) for seen, picture, rest in parts]
        return sample

    def _behind(self, background: np.ndarray, index: int, window: Sequence[int]) -> np.ndarray:
        """(h, w, 3) uint8 of the background in a window: for real pixels, with the person's shadow."""
        if self.pixels is None:
            return cut(background, window)
        return self.pixels.behind(background, self.pose.keypoints[index], index, window)

    def _valid(self, index: int, window: Sequence[int]) -> np.ndarray:
        """(h, w, 1) uint8, 255 in the part of a window that the frame shows."""
        seen = valid_of(self.frames, index)
        if seen is None:
            return np.full((window[3], window[2], 1), 255, np.uint8)
        return cut(seen, window)[..., None] * np.uint8(255)


def _stacked(samples: Sequence[Sequence[np.ndarray]]) -> torch.Tensor:
    """(N, T, ...) of N samples of T arrays each; of pictures (h, w, C) it is (N, T, C, h, w). Copied once."""
    together = np.stack([each for sample in samples for each in sample])
    tensor = to_tensor(together) if together.ndim > 3 else torch.from_numpy(together)
    return tensor.unflatten(0, (len(samples), -1))
