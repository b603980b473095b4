"""Preview pictures: the same held-out frames every few minutes, and a strip of ten of them."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from dancenow.camera.steady_frames import valid_of
from dancenow.model.windows import cut, place_windows, whole_frame
from dancenow.pictures import read_png, write_png
from dancenow.pose.draw import draw_pose
from dancenow.references.bank import ChosenReferences
from dancenow.synthesis.synthesizer import Synthesizer
from dancenow.training.dataset import TrainingFootage
from dancenow.training.trainer import Trainer
from dancenow.video.media import encode

# frames before the shown one over which the recurrence warms up
WARM_UP = 3
MOMENTS = 4
VIDEO_FPS = 2
STRIP_ROW = 192  # px, at most: a strip is viewed as a whole, and a report contains one per training


class Previews:
    """Writes `latest.png` and `step-<n>.png`: one column per held-out moment; skeleton, result, real.

    first: the first held-out frame (when nothing is held out, pass 0 and the moments come from the training
    footage). A generator that is shown references is shown those of the footage's pixels.
    """

    def __init__(self, footage: TrainingFootage, first: int, folder: Path) -> None:
        frames, pose, background = footage.frames, footage.pose, footage.background
        self.frames, self.pose, self.background, self.folder = frames, pose, background, folder
        lowest = min(first + WARM_UP, len(frames) - 1)
        self.moments = np.linspace(lowest, len(frames) - 1, MOMENTS + 2).astype(int)[1:-1].tolist()
        self.windows = whole_frame(pose)
        if background is not None:  # one size for all, so that the pictures line up
            self.windows = place_windows(pose.keypoints, footage.sizes[-1:], pose.width, pose.height)
        self.shown = self.windows
        self.references = None
        if footage.pixels is not None:
            bank = footage.pixels.bank
            chosen = bank.choose(pose.keypoints, fps=pose.fps)
            self.references = ChosenReferences(bank, pose.keypoints, chosen)

    def synthesizer(self, trainer: Trainer) -> Synthesizer:
        """The Synthesizer with the generator's current state."""
        return Synthesizer(
            trainer.average, self.background, trainer.device, trainer.autocast, references=self.references
        )

    def __call__(self, trainer: Trainer) -> float:
        """Write both files; returns the mean absolute difference from the real windows, 0 to 255."""
        picture, error = self._synthesize(trainer)
        write_png(self.file(trainer.step), picture)
        write_png(self.latest, picture)
        return error

    def look(self, trainer: Trainer) -> float:
        """Write `latest.png` only; returns the difference as above."""
        picture, error = self._synthesize(trainer)
        write_png(self.latest, picture)
        return error

    def _synthesize(self, trainer: Trainer) -> tuple[np.ndarray, float]:
        synthesizer = self.synthesizer(trainer)
        # with single frames nothing is learned of a past, and the frames before change nothing
        warm_up = WARM_UP if synthesizer.generator.looks_back() else 0
        columns, errors = [], []
        for moment in self.moments:
            synthesizer.reset()
            for index in range(max(0, moment - warm_up), moment + 1):
                picture = synthesizer.synthesize(self.pose, index, self.windows[index])
            window = self.shown[moment]
            rows = (
                draw_pose(self.pose, moment, window),
                cut(picture, window),
                cut(self.frames[moment], window),
            )
            columns.append(np.concatenate(rows, axis=0))
            apart, seen = np.abs(rows[1].astype(int) - rows[2]), valid_of(self.frames, moment)
            errors.append((apart if seen is None else apart[cut(seen, window)]).mean())
        return np.concatenate(columns, axis=1), float(np.mean(errors))

    @property
    def latest(self) -> Path:
        """Path of the newest preview."""
        return self.folder / "latest.png"

    def file(self, step: int) -> Path:
        """Path of the preview made after `step`, one of the tenths."""
        return self.folder / f"step-{step:06d}.png"

    def write_strip(self, path: Path, steps: Iterable[int]) -> None:
        """The results of the previews made after `steps`, oldest on top, with the real frames below, smaller.

        The folder may contain pictures of an earlier training of other sizes; they are ignored.
        """
        pictures = [read_png(self.file(step)) for step in steps]
        height = len(pictures[0]) // 3
        rows = [picture[height : 2 * height] for picture in pictures] + [pictures[-1][2 * height :]]
        scale = min(1, STRIP_ROW / height)
        size = round(scale * pictures[0].shape[1]), round(scale * height)
        rows = [cv2.resize(row, size, interpolation=cv2.INTER_AREA) for row in rows] if scale < 1 else rows
        write_png(path, np.concatenate(rows, axis=0))

    def write_video(self, path: Path, steps: Iterable[int]) -> None:
        """The same previews one after another, whole (skeleton, result, real), as an H.264 mp4."""
        pictures = [read_png(self.file(step)) for step in steps]
        pictures += [pictures[-1]] * VIDEO_FPS  # hold the last picture
        height, width = pictures[0].shape[:2]
        encode(path, pictures, VIDEO_FPS, width, height)
