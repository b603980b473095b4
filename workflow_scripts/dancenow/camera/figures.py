"""How much larger somebody gets at once, which tells a change of framing where the scene is plain.

Before a curtain nothing can be tracked, and a fade to a nearer view looks like its own frames. But it makes
all bones of a body longer by one factor, which no movement does in a fraction of a second.
"""

import numpy as np

from dancenow.keypoints import INDEX, MIN_CONFIDENCE, SIDES, People, sides_of

SIDED = ("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle")
BODY_BONES = [(INDEX[f"{side}_{a}"], INDEX[f"{side}_{b}"]) for side in SIDES for a, b in SIDED]
BODY_BONES += [(left, right) for left, right in map(sides_of, ("shoulder", "hip", "ear"))]
LEAST_BONES = 5  # that are seen before and after
LEAST_ZOOM = 1.15  # less is the estimator's noise, and a body's movement
ALIKE_BONES = 0.25  # of the zoom's logarithm, by which the bones' own differ from it
WINDOW_SECONDS = 0.15  # before and after, of which each bone's longest counts
GONE_SECONDS = 1.0  # longest absence, as in a fade to black


class Figures:
    """The bones of who is alone in a clip's frames: zoom(before, after) and jumps. people: People."""

    def __init__(self, people: People) -> None:
        alone = np.bincount(people.frame, minlength=people.count)[people.frame] == 1
        frames, keypoints = people.frame[alone], people.keypoints[alone]
        starts, ends = (keypoints[:, [bone[end] for bone in BODY_BONES]] for end in (0, 1))
        there = np.minimum(starts[..., 2], ends[..., 2]) >= MIN_CONFIDENCE
        self.lengths = np.full((people.count, len(BODY_BONES)), np.nan)
        length = np.linalg.norm(starts[..., :2] - ends[..., :2], axis=2)
        self.lengths[frames] = np.where(there & (length > 0), length, np.nan)
        self.seen = np.flatnonzero(np.isfinite(self.lengths).sum(axis=1) >= LEAST_BONES)
        self.window = max(2, round(WINDOW_SECONDS * float(people.fps)))
        self.longest_gap = round(GONE_SECONDS * float(people.fps))

    def zoom(self, before: int, after: int, scale: float = 1.0) -> float:
        """The factor by which a body is larger just from frame `after` on than just until `before`; 1 where
        that cannot be told, or no more than a movement does.

        scale: by which lengths of the frames after are multiplied, to be in px of those before.
        """
        until = self.seen[(self.seen <= before) & (self.seen > before - self.longest_gap)][-self.window :]
        since = self.seen[(self.seen >= after) & (self.seen < after + self.longest_gap)][: self.window]
        if not len(until) or not len(since):
            return 1.0
        sides = self.lengths[until], self.lengths[since]
        known = np.all([np.isfinite(side).any(axis=0) for side in sides], axis=0)
        if known.sum() < LEAST_BONES:
            return 1.0
        longest = [np.nanmax(side[:, known], axis=0) for side in sides]
        ratios = np.log(longest[1] * scale / longest[0])
        middle = np.median(ratios)
        alike = np.median(np.abs(ratios - middle)) < ALIKE_BONES * abs(middle)
        return float(np.exp(middle)) if alike and abs(middle) > np.log(LEAST_ZOOM) else 1.0

    def jumps(self, first: int, maps: np.ndarray) -> list[int]:
        """The frames, among those from `first` on, where another framing begins that the camera's maps miss.

        maps: (n, 3, 3) of these frames, into the px of one of them; NaN where unknown.
        """
        known = np.isfinite(maps).all(axis=(1, 2))
        scales = np.ones(len(maps))
        scales[known] = np.sqrt(np.abs(np.linalg.det(maps[known, :2, :2])))
        seen = self.seen[(self.seen >= first) & (self.seen < first + len(maps))] - first
        found: list[int] = []
        for before, after in zip(seen[:-1].tolist(), seen[1:].tolist(), strict=True):
            if after - before > self.longest_gap:
                continue
            scale = scales[after] / scales[before]
            step = np.log(self.lengths[first + after] * scale / self.lengths[first + before])
            both = np.isfinite(step)
            # most frames go on, which one look at them tells
            changed = both.any() and abs(np.median(step[both])) > np.log(LEAST_ZOOM)
            if changed and self.zoom(first + before, first + after, scale) != 1:
                found.append(first + (before + after + 1) // 2)
        return found
