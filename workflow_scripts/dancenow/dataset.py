"""Training pairs: two consecutive frames of the target, with skeletons drawn on the fly."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from dancenow.draw import LINE, draw_skeleton
from dancenow.errors import InputError
from dancenow.windows import place_windows

# the window is shifted at random by up to this many px, so that the network does not learn its place
SHIFT = 16


def training_frame_count(count, holdout):
    """Frames from the start that training may see; the last share `holdout` of `count` is kept for tests."""
    return count - round(count * holdout)


def heldout(pose, holdout):
    """The part of a Pose that training never saw; InputError when nothing was held out."""
    first = training_frame_count(len(pose.keypoints), holdout)
    if first == len(pose.keypoints):
        raise InputError("train.holdout keeps no frame back; set it to 0.2 or so to score unseen footage")
    return pose.replace(keypoints=pose.keypoints[first:])


def draw_window(pose, index, window, corner):
    """The skeleton of frame `index` in a window: (window height, window width, 3) uint8 RGB."""
    return draw_skeleton(pose.keypoints[index], *window, origin=corner, line=pose.height * LINE)


def cut(picture, window, corner):
    """A window out of (H, W, ...); window: width, height; corner: x, y of its top left, all px."""
    x, y = corner
    return picture[y : y + window[1], x : x + window[0]]


class PairSampler:
    """Batch number -> tensors, the same for the same seed whatever was drawn before.

    frames: sequence of (H, W, 3) uint8 RGB; pose: the performer in them; plate: (H, W, 3) uint8 or None;
    window: width, height px; count: frames that may be used, from the start; batch: pairs per batch.
    Raises InputError when the footage has no usable pair.
    """

    def __init__(self, frames, pose, plate, window, count, batch, seed):
        self.frames, self.pose, self.plate = frames, pose, plate
        self.window, self.batch, self.seed = window, batch, seed
        # three keypoints are the least that says where somebody is
        shown = pose.present()[:count].sum(axis=1) >= 3
        self.pairs = np.flatnonzero(shown[:-1] & shown[1:])
        if not len(self.pairs):
            raise InputError("no two consecutive training frames show a person; film the whole body, longer")
        self.corners = place_windows(pose.keypoints, window, pose.width, pose.height)

    def __call__(self, number):
        """Batch `number` (from 0): dict of skeleton, image and plate, each (N, 2, 3, h, w) uint8."""
        rows = [self._row(place) for place in range(number * self.batch, (number + 1) * self.batch)]
        return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}

    def _row(self, place):
        epoch, offset = divmod(place, len(self.pairs))
        order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.pairs))
        first = int(self.pairs[order[offset]])
        shift = np.random.default_rng([self.seed, 1, place]).integers(-SHIFT, SHIFT + 1, 2)
        limits = (self.pose.width - self.window[0], self.pose.height - self.window[1])
        return self.pair(first, np.clip(self.corners[first] + shift, 0, limits))

    def pair(self, first, corner):
        """Frames `first` and `first` + 1 in the window at `corner`: dict of (2, 3, h, w) uint8."""
        both = (first, first + 1)
        sample = {
            "skeleton": [draw_window(self.pose, index, self.window, corner) for index in both],
            "image": [cut(self.frames[index], self.window, corner) for index in both],
        }
        if self.plate is not None:
            sample["plate"] = [cut(self.plate, self.window, corner)] * 2
        return {name: to_tensor(np.stack(pictures)) for name, pictures in sample.items()}


def to_tensor(pictures):
    """(..., H, W, 3) uint8 -> (..., 3, H, W) uint8 tensor, contiguous."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pictures, -1, -3)))


def prefetch(sampler, start, stop):
    """Yield sampler(start) ... sampler(stop - 1), the next one being made while this one is used."""
    with ThreadPoolExecutor(1) as pool:
        upcoming = pool.submit(sampler, start)
        for number in range(start, stop):
            batch = upcoming.result()
            if number + 1 < stop:
                upcoming = pool.submit(sampler, number + 1)
            yield batch
