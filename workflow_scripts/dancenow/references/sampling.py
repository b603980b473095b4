"""Draw references for training: one of the nearest few at random, none from about the same moment."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from dancenow.references.bank import Bank
from dancenow.references.body_parts import PARTS, visible_parts
from dancenow.references.likeness import acceptable, moments_apart

NEAREST = 4
# so that the generator also learns to synthesize: share of samples without any reference, and of parts
# left out
BARE_SHARE, WITHOUT = 0.1, 0.06
CHANGED_SHARE = 0.15  # share of parts whose reference changes between two frames, as in a video


class RealPixels:
    """A target's references and masks for its own training.

    bank: references.bank.Bank; masks: sequence of (H, W) uint8, or None if training does not use them; fps:
    of the footage; count: frames in training.
    """

    def __init__(self, bank: Bank, masks: Any, fps: Fraction | float, count: int) -> None:
        self.bank, self.masks = bank, masks
        self.alone = moments_apart(fps, count)

    def draw(
        self,
        keypoints: np.ndarray,
        first: int,
        window: Sequence[int],
        random: np.random.Generator,
        last_only: bool = False,
    ) -> list[np.ndarray]:
        """Pictures as from Bank.picture for consecutive frames, each (h, w, 4) uint8.

        keypoints: (n, 133, 3), of the frames from `first` on; window: x, y, w, h px; random: a numpy
        Generator; last_only: only the last picture, the same as if all were drawn.
        """
        shown = len(keypoints) - 1 if last_only else 0  # the first frame whose picture is returned
        if random.random() < BARE_SHARE:
            return [np.zeros((window[3], window[2], 4), np.uint8)] * (len(keypoints) - shown)
        chosen = self._pick(keypoints[0], first, random)
        pictures = [] if shown else [self.bank.picture(keypoints[0], chosen, window)]
        for number, points in enumerate(keypoints[1:], first + 1):
            change = random.random(len(PARTS)) < CHANGED_SHARE
            chosen = np.where(change, self._pick(points, number, random), chosen)
            if number - first >= shown:
                pictures.append(self.bank.picture(points, chosen, window))
        return pictures

    def behind(
        self, background: np.ndarray, keypoints: np.ndarray, number: int, window: Sequence[int]
    ) -> np.ndarray:
        """(h, w, 3) uint8: a window of the background, with the shadow as other moments show it in this pose.

        background: (H, W, 3) uint8; keypoints: (133, 3), of frame `number`; window: x, y, w, h px.
        """
        return self.bank.shadows.on(background, keypoints, window, number)

    def _pick(self, points: np.ndarray, number: int, random: np.random.Generator) -> np.ndarray:
        """(parts,) int: for each part one of the nearest references, -1 for none."""
        chosen = np.full(len(PARTS), -1)
        ranks, dropped = random.integers(0, NEAREST, len(PARTS)), random.random(len(PARTS)) < WITHOUT
        seen = visible_parts(points[None])[0] & ~dropped
        for part, cost in enumerate(self.bank.costs(points[None])):
            far = np.abs(self.bank.frames[self.bank.rows[part]] - number) > self.alone
            shown = cost[0, : len(far)]  # no mirrored one: in a training frame its side was seen
            nearest = np.argsort(np.where(far, shown, np.inf), kind="stable")[:NEAREST]
            nearest = nearest[far[nearest] & acceptable(PARTS[part], shown[nearest])]
            if seen[part] and len(nearest):
                chosen[part] = nearest[ranks[part] % len(nearest)]
        return chosen
