"""A target's frames in its steady view, warped when read: no second film, no second loss of quality."""

from pathlib import Path

import numpy as np

from dancenow.camera.view import SteadyView, load_view
from dancenow.errors import frames_of, refuse_mixed
from dancenow.keypoints import Pose, load_pose
from dancenow.pictures import Frames
from dancenow.video.frames import FrameStore


class SteadyFrames:
    """A FrameStore in a SteadyView: frames[i] is (height, width, 3) uint8 RGB of the canvas.

    It has width, height, fps, cuts and facts like a FrameStore, those of the canvas. Threads and
    processes may share it, like the store.
    """

    def __init__(self, store: FrameStore, view: SteadyView) -> None:
        self.store, self.view = store, view
        self.width, self.height, self.fps = view.width, view.height, store.fps
        self.cuts = view.cuts(store.cuts)
        self.facts = store.facts | {
            "width": self.width, "height": self.height, "frames": len(self), "cuts": self.cuts,
        }  # fmt: skip

    def __len__(self) -> int:
        return len(self.view.used)

    def __getitem__(self, index: int) -> np.ndarray:
        """Frame `index` of those used. IndexError out of range, InputError when damaged."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.store.path}: frame {index} of the {len(self)} used")
        index %= len(self)
        return self.view.warp(self.store[int(self.view.used[index])], index)

    def valid(self, index: int) -> np.ndarray | None:
        """(height, width) bool, which px frame `index` shows; None where it shows all."""
        return self.view.valid(index)


class HalvedFrames(SteadyFrames):
    """A FrameStore that was written from a SteadyView's framing at half the size: `valid` is the view's."""

    def __init__(self, store: FrameStore, view: SteadyView) -> None:
        super().__init__(store, view.framed().halved())
        self.cuts = store.cuts

    def __getitem__(self, index: int) -> np.ndarray:
        return self.store[index]


def open_steady(
    frames_path: str | Path, view: SteadyView, view_path: str | Path
) -> FrameStore | SteadyFrames:
    """A target's frames in a SteadyView, (H, W, 3) uint8 RGB each; for a still view the FrameStore itself.

    view_path: of the view, or what it was made from, for messages. InputError if the view is of other frames.
    """
    store = FrameStore(frames_path)
    refuse_mixed(
        {
            frames_path: frames_of(len(store), store.width, store.height),
            view_path: frames_of(view.count, *view.frame_size),
        }
    )
    return store if view.still else SteadyFrames(store, view)


def open_steady_files(
    frames_path: str | Path, view_path: str | Path | None, framed: bool = False
) -> FrameStore | SteadyFrames:
    """The same from the view's file, None for a still one; framed: only the framing of each frame."""
    if view_path is None:
        return FrameStore(frames_path)
    view = load_view(view_path)
    return open_steady(frames_path, view.framed() if framed else view, view_path)


def open_target(
    frames_path: str | Path, view_path: str | Path, pose_path: str | Path
) -> tuple[FrameStore | SteadyFrames, Pose, SteadyView]:
    """A target's frames, its Pose, both on the canvas, and the view.

    pose_path: the pose in the framing, of the frames that the view uses.
    InputError unless they are of one run.
    """
    view, pose = load_view(view_path), load_pose(pose_path)
    frames = open_steady(frames_path, view, view_path)
    refuse_mixed(
        {
            pose_path: frames_of(len(pose.keypoints), pose.width, pose.height),
            view_path: frames_of(len(view.used), *view.frame_size),
        }
    )
    return frames, view.on_canvas(pose), view


def valid_of(frames: Frames, index: int) -> np.ndarray | None:
    """(H, W) bool: what frame `index` shows, as SteadyFrames.valid; None of a store or an array."""
    return frames.valid(index) if isinstance(frames, SteadyFrames) else None
