"""Pictures of the training: the same held-out frames at every tenth of the way, and a strip of them all."""

import numpy as np

from dancenow.dataset import cut, draw_window
from dancenow.pictures import read_png, write_png
from dancenow.synthesis import Painter
from dancenow.windows import place_windows, whole_frame

# the recurrence is warmed up over this many frames before the shown one
WARM_UP = 3
MOMENTS = 4


class Previews:
    """Writes `step-<n>.png` into a folder: one column per held-out moment; skeleton, result, real.

    frames, pose, plate, sizes: as ClipSampler takes them; first: the first held-out frame (when nothing
    is held out, pass 0 and the moments come from the training footage).
    """

    def __init__(self, frames, pose, plate, sizes, first, folder):
        self.frames, self.pose, self.plate, self.folder = frames, pose, plate, folder
        lowest = min(first + WARM_UP, len(frames) - 1)
        self.moments = np.linspace(lowest, len(frames) - 1, MOMENTS + 2).astype(int)[1:-1].tolist()
        self.windows = whole_frame(pose)
        if plate is not None:  # one size for all, so that the pictures line up
            self.windows = place_windows(pose.keypoints, sizes[-1:], pose.width, pose.height)
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, trainer):
        painter = Painter(trainer.average, self.plate, trainer.device, trainer.autocast)
        columns = []
        for moment in self.moments:
            painter.reset()
            for index in range(max(0, moment - WARM_UP), moment + 1):
                picture = painter.paint(self.pose, index, self.windows[index])
            window = self.windows[moment]
            rows = (
                draw_window(self.pose, moment, window),
                cut(picture, window),
                cut(self.frames[moment], window),
            )
            columns.append(np.concatenate(rows, axis=0))
        write_png(self._file(trainer.step), np.concatenate(columns, axis=1))

    def _file(self, step):
        return self.folder / f"step-{step:06d}.png"

    def write_strip(self, path, steps):
        """The results of the previews made after `steps`, oldest on top, with the real frames below.

        The folder may hold pictures of an earlier training of other sizes; they are not looked at.
        """
        pictures = [read_png(self._file(step)) for step in steps]
        height = len(pictures[0]) // 3
        rows = [picture[height : 2 * height] for picture in pictures] + [pictures[-1][2 * height :]]
        write_png(path, np.concatenate(rows, axis=0))
