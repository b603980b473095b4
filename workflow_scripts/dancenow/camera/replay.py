"""The part of the canvas that a result shows: the framing, or the view along the target's camera path."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from dancenow.camera.view import SteadyView, load_view, warped
from dancenow.files import read_json

STEADY, TARGET = "steady", "target"


class Replay:
    """Frames of a result out of pictures of the canvas: replay(picture, index) is (h, w, 3) uint8 RGB.

    view: SteadyView; camera: STEADY shows only the framing; TARGET follows the path of the target's
    camera, at its speed, forwards and backwards, so that nothing jumps in a dance of any length. fps,
    target_fps: frames per second of the result and of the target's clip.
    """

    def __init__(
        self,
        view: SteadyView,
        camera: str = STEADY,
        fps: Fraction | float = 1,
        target_fps: Fraction | float = 1,
    ) -> None:
        self.view, self.camera, self.rates = view, camera, (fps, target_fps)
        self.moves = camera == TARGET and not view.unmoved

    def __call__(self, picture: np.ndarray, index: int) -> np.ndarray:
        if not self.moves:
            return self.view.cut_framing(picture)
        there = np.linalg.inv(self.map_at(index))
        width, height = self.view.frame_size
        return warped(picture, there / there[2, 2], width, height, border=cv2.BORDER_REPLICATE)

    def framed(self) -> "Replay":
        """The same over pictures of the framing only; areas beyond its edges are extrapolated."""
        return Replay(self.view.framed(), self.camera, *self.rates)

    @classmethod
    def of(
        cls,
        view_path: str | Path,
        camera: str = STEADY,
        fps: Fraction | float = 1,
        facts_path: str | Path | None = None,
    ) -> "Replay":
        """From the view's file; fps: of the result; facts_path: the facts of the target's frames."""
        target_fps = Fraction(read_json(facts_path)["fps"]) if facts_path else fps
        return cls(load_view(view_path), camera, fps, target_fps)

    def map_at(self, index: int) -> np.ndarray:
        """(3, 3): from px of the result's frame `index` to px of the canvas."""
        maps = self.view.maps
        last = len(maps) - 1
        if not last:
            return maps[0]
        fps, target_fps = self.rates
        place = index * float(target_fps) / float(fps) % (2 * last)
        place = min(place, 2 * last - place)
        before = min(int(place), last - 1)
        share = place - before
        return (1 - share) * maps[before] + share * maps[before + 1]
